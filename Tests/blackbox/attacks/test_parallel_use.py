"""Fifty at once: what may happen once happens once."""

from __future__ import annotations

from latchkey_server import LatchkeyServer, User, at_once

TIMES = 50


def test_fifty_redemptions_of_one_code_give_one_success(server: LatchkeyServer, person: User) -> None:
    """GHSA-7w99-5wm4-3g79: concurrent code redemption both succeed."""
    browser = server.browser(person)
    for _ in range(5):
        answer = browser.authorize(server.first.request(server.first.scopes))
        results = at_once(TIMES, lambda _, answer=answer: server.first.exchange(answer))
        assert sorted(result.status_code for result in results) == [200] + [400] * (TIMES - 1)
        (tokens,) = (result.json() for result in results if result.status_code == 200)
        assert not server.is_active(tokens["access_token"])


def test_fifty_strict_refreshes_give_one_success(strict: LatchkeyServer, strict_person: User) -> None:
    """CVE-2026-1035: refresh reuse check-then-update not atomic."""
    token = strict.grant(strict_person, strict.first)["refresh_token"]
    results = at_once(TIMES, lambda _: strict.first.refresh(token))
    assert [result.status_code for result in results].count(200) <= 1
    assert all(result.status_code in (200, 400) for result in results)


def test_fifty_refreshes_carry_the_same_successor(server: LatchkeyServer, person: User) -> None:
    """Issue, Done when: all that succeed carry the same successor."""
    token = server.grant(person, server.first)["refresh_token"]
    results = at_once(TIMES, lambda _: server.first.refresh(token))
    assert {result.status_code for result in results} == {200}
    assert len({result.json()["refresh_token"] for result in results}) == 1


def test_an_old_token_after_the_window_kills_the_family(strict: LatchkeyServer, strict_person: User) -> None:
    """GHSA-392p-2q2v-4372: refresh rotation flaw."""
    first = strict.grant(strict_person, strict.first)
    second = strict.first.refreshed(first["refresh_token"])
    assert strict.first.refresh(first["refresh_token"]).json()["error"] == "invalid_grant"
    assert strict.first.refresh(second["refresh_token"]).json()["error"] == "invalid_grant"
    assert not strict.is_active(second["access_token"])


def test_fifty_guesses_at_once_are_ten_looks(server: LatchkeyServer, person: User) -> None:
    """Contract, Forms: no more than ten are checked, and the right password is refused from there afterwards."""
    pages = [(browser, browser.page("/login")) for browser in (server.browser() for _ in range(TIMES))]
    results = at_once(TIMES, lambda index: pages[index][0].sign_in(person.email, f"wrong guess {index}", pages[index][1]))
    statuses = [result.status for result in results]
    assert statuses.count(429) == TIMES - 10, statuses
    refused = server.browser().sign_in(person.email, person.password)
    assert refused.status == 429 and int(refused.response.headers["Retry-After"]) > 0
