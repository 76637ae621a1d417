"""Guessing passwords: throttled per user and address, without locking the owner out (contract, Forms; issue, People)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from latchkey_server import Browser, LatchkeyServer, Page, User, at_once

LIMIT_FOR_USER = 10
LIMIT_FOR_ADDRESS = 100


@pytest.fixture(scope="module")
def guarded() -> Iterator[LatchkeyServer]:
    """A server of its own: failures count for an address for fifteen minutes."""
    server = LatchkeyServer("--log-level", "debug").start()
    yield server
    server.dispose()


def attempt(server: LatchkeyServer, email: str, password: str, address: str) -> Page:
    answer = Browser(server, address=address).sign_in(email, password)
    assert isinstance(answer, Page)
    return answer


def is_in(page: Page) -> bool:
    return page.status == 200 and not page.html.has_form_with("password")


def test_after_ten_failures_the_right_password_waits_too_but_not_elsewhere(guarded: LatchkeyServer) -> None:
    """Contract, Forms: after 10 in 15 minutes for a user and address: 429 with `Retry-After`, even for the right password from
    that address; elsewhere the right password works."""
    user = guarded.new_user()
    for _ in range(LIMIT_FOR_USER):
        page = attempt(guarded, user.email, "a wrong password", "127.0.0.21")
        assert page.status != 429 and page.html.has_form_with("password")
    for password in ("a wrong password", user.password):
        page = attempt(guarded, user.email, password, "127.0.0.21")
        assert page.status == 429
        assert 0 < int(page.response.headers["Retry-After"]) <= 15 * 60
    assert attempt(guarded, user.email.upper(), user.password, "127.0.0.21").status == 429, "another case is the same user"
    assert is_in(attempt(guarded, user.email, user.password, "127.0.0.22")), "the owner is locked out"
    other = guarded.new_user()
    assert is_in(attempt(guarded, other.email, other.password, "127.0.0.21")), "other users of the address are locked out"


def test_successes_and_empty_forms_do_not_count(guarded: LatchkeyServer) -> None:
    """Contract, Forms: only failures of a checked password count."""
    user = guarded.new_user()
    for _ in range(3):
        assert is_in(attempt(guarded, user.email, user.password, "127.0.0.23"))
    for _ in range(LIMIT_FOR_USER + 2):
        assert attempt(guarded, user.email, "", "127.0.0.23").status != 429
    assert is_in(attempt(guarded, user.email, user.password, "127.0.0.23"))


def test_fifty_guesses_at_once_are_at_most_ten_checks(guarded: LatchkeyServer) -> None:
    """Contract, Forms: 50 guesses at once: no more than 10 are checked."""
    user = guarded.new_user()
    browsers = [Browser(guarded, address="127.0.0.24") for _ in range(50)]
    pages = [browser.page("/login") for browser in browsers]

    def guess(index: int) -> int:
        answer = browsers[index].sign_in(user.email, f"guess number {index}", pages[index])
        assert isinstance(answer, Page)
        return answer.status

    statuses = at_once(50, guess)
    assert statuses.count(429) >= 40
    assert set(statuses) - {429}, "none was checked"
    assert all(status < 500 for status in statuses)


def test_the_right_password_among_fifty_guesses_is_no_oracle(guarded: LatchkeyServer) -> None:
    """Contract, Forms: after the limit, even the right password is a 429 with the same bytes as a wrong one."""
    user = guarded.new_user()
    for _ in range(LIMIT_FOR_USER):
        attempt(guarded, user.email, "a wrong password", "127.0.0.25")

    def bytes_of(password: str) -> str:
        browser = Browser(guarded, address="127.0.0.25")
        page = browser.page("/login")
        answer = browser.sign_in(user.email, password, page)
        assert isinstance(answer, Page) and answer.status == 429
        text = answer.response.text
        for form in answer.html.forms:
            text = text.replace(form.value("csrf") or "-", "TOKEN")
        return text

    assert bytes_of("a wrong password") == bytes_of(user.password)


def test_an_unknown_user_is_throttled_like_a_known_one(guarded: LatchkeyServer) -> None:
    """Design §9: no answer tells whether a user exists, the throttle's neither."""
    statuses = [attempt(guarded, "nobody@example.org", "a wrong password", "127.0.0.26").status for _ in range(LIMIT_FOR_USER + 2)]
    assert statuses[-1] == 429 and 429 not in statuses[:LIMIT_FOR_USER]


def test_a_hundred_failures_stop_an_address(guarded: LatchkeyServer) -> None:
    """Contract, Forms: or 100 for an address; elsewhere the right password works."""
    user = guarded.new_user()
    address = "127.0.0.27"

    def spray(worker: int) -> list[int]:
        return [attempt(guarded, f"sprayed{worker}x{number}@example.org", "Password123!", address).status for number in range(25)]

    statuses = [status for statuses in at_once(4, spray) for status in statuses]
    assert len(statuses) == LIMIT_FOR_ADDRESS and 429 not in statuses
    page = attempt(guarded, user.email, user.password, address)
    assert page.status == 429 and int(page.response.headers["Retry-After"]) > 0
    assert is_in(attempt(guarded, user.email, user.password, "127.0.0.28"))


def test_a_forwarded_address_is_not_believed(guarded: LatchkeyServer) -> None:
    """The throttle's key is the connection's address: a header that the guesser writes must not make a new one."""
    user: User = guarded.new_user()
    for number in range(LIMIT_FOR_USER + 1):
        browser = Browser(guarded, address="127.0.0.29")
        browser.session.headers.update({"X-Forwarded-For": f"10.0.0.{number}", "Forwarded": f"for=10.0.0.{number}",
                                        "X-Real-IP": f"10.0.0.{number}", "CF-Connecting-IP": f"10.0.0.{number}"})
        answer = browser.sign_in(user.email, "a wrong password")
    assert isinstance(answer, Page) and answer.status == 429
