"""Open redirects, PKCE downgrade, foreign credentials, consent bound to its browser."""

from __future__ import annotations

import pytest
from latchkey_server import Browser, Caller, Departure, LatchkeyServer, Page, User, error_of


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/cb", "http://127.0.0.1.evil.example/callback", "http://user@127.0.0.1/callback",
        "http://127.0.0.1/callback?x=1", "http://127.0.0.1/callback#x", "http://localhost/callback", "http://127.0.0.1/callback/..",
        "http://127.0.0.1/%63allback", "javascript:alert(1)", "http://127.0.0.1@evil.example/callback", "//evil.example",
    ],
)
def test_an_unregistered_redirect_uri_never_redirects(server: LatchkeyServer, uri: str) -> None:
    """CVE-2025-4143, CVE-2026-7504, CVE-2026-18211, CVE-2020-15233, CVE-2024-1132."""
    for extra in ({}, {"response_type": "token"}, {"scope": "no.such"}, {"prompt": "none"}, {"code_challenge_method": "plain"}):
        parameters = {**server.native.request().parameters, "redirect_uri": uri, **extra}
        for method in ("get", "post"):
            browser = server.browser()
            answer = (
                browser.session.get(server.issuer + "/oauth2/auth", params=parameters)
                if method == "get" else browser.session.post(server.issuer + "/oauth2/auth", data=parameters)
            )
            assert answer.status_code == 400 and "Location" not in answer.headers, (uri, extra, answer.status_code)


def test_a_loopback_uri_matches_any_port(server: LatchkeyServer, person: User) -> None:
    """RFC 8252 §7.3."""
    request = server.native.request(server.native.scopes, redirect_uri="http://127.0.0.1:51234/callback")
    assert server.browser(person).authorize(request).location.startswith("http://127.0.0.1:51234/callback?")


@pytest.mark.parametrize(
    "changes",
    [{"code_challenge": None, "code_challenge_method": None}, {"code_challenge_method": "plain"}, {"code_challenge_method": None}],
)
def test_pkce_cannot_be_dropped(server: LatchkeyServer, changes: dict[str, None]) -> None:
    """CVE-2023-48228, CVE-2024-23647, GHSA-9h47-pqcx-hjr4."""
    for client in (server.first, server.native):
        answer = server.browser().get(client.request(**changes).url)
        assert isinstance(answer, Departure)
        assert answer.parameters["error"] == "invalid_request" and answer.parameters["iss"] == server.issuer


def test_a_challenge_needs_its_verifier(server: LatchkeyServer, person: User) -> None:
    """CVE-2025-4144, CVE-2024-22258: a missing or a wrong verifier fails, and does not use the code up."""
    answer = server.browser(person).authorize(server.first.request(server.first.scopes))
    assert error_of(server.first.exchange(answer, code_verifier=None)) == "invalid_grant"
    assert error_of(server.first.exchange(answer, code_verifier="x" * 43)) == "invalid_grant"
    assert server.first.exchange(answer).status_code == 200


def test_a_foreign_code_changes_nothing(server: LatchkeyServer, person: User) -> None:
    """CVE-2026-16089: a code is bound to its client."""
    answer = server.browser(person).authorize(server.first.request(server.first.scopes))
    assert error_of(server.rs256.exchange(answer)) == "invalid_grant"
    for index in (5, 20, 40):
        broken = answer.code[:index] + ("A" if answer.code[index] != "A" else "B") + answer.code[index + 1 :]
        assert error_of(server.first.exchange(answer, code=broken)) == "invalid_grant"
    assert server.first.exchange(answer).status_code == 200


def test_a_confidential_client_never_passes_without_its_secret(server: LatchkeyServer, person: User) -> None:
    """GHSA-pw9m-5jxm-xr6h: refresh must authenticate confidential clients."""
    token = server.grant(person, server.first)["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": token}
    nobody = server.caller.post(server.issuer + "/oauth2/token", data={**form, "client_id": server.first.client_id})
    assert nobody.status_code == 401 and error_of(nobody) == "invalid_client" and "WWW-Authenticate" not in nobody.headers
    wrong = server.caller.post(server.issuer + "/oauth2/token", data=form, auth=(server.first.client_id, "lks_wrong"))
    assert wrong.status_code == 401 and wrong.headers["WWW-Authenticate"].startswith("Basic")


def test_another_client_cannot_refresh_or_revoke(server: LatchkeyServer, person: User) -> None:
    """RFC 6749 §6; workers-oauth-provider 0.8.0: a foreign revocation is a 200 that does nothing."""
    tokens = server.grant(person, server.first)
    assert error_of(server.rs256.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert server.rs256.revoke(tokens["refresh_token"]).status_code == 200
    assert server.is_active(tokens["access_token"]) and server.first.refresh(tokens["refresh_token"]).status_code == 200


def test_consent_belongs_to_the_browser_that_began_it(server: LatchkeyServer, person: User) -> None:
    """CVE-2022-39222: the page of one browser is nothing in another."""
    page = server.browser(person).consent_page(server.first.request(server.first.scopes, prompt="consent"))
    other = server.browser().get(page.url)
    assert isinstance(other, Page) and other.status == 400 and not other.html.has_form_with("decision")


def test_consent_without_its_token_grants_nothing(server: LatchkeyServer, person: User) -> None:
    """CVE-2022-39222, CVE-2018-15758: a forged form is refused."""
    browser = server.browser(person)
    page = browser.consent_page(server.first.request(server.first.scopes, prompt="consent"))
    answer = browser.decide(page, csrf="forged")
    assert isinstance(answer, Page) and answer.status == 403


def test_a_request_value_is_rendered_inert(server: LatchkeyServer) -> None:
    """CVE-2016-4977, CVE-2018-1260."""
    poison = "<script>alert(1)</script>{{7*7}}${7*7}"
    page = server.browser().page("/oauth2/auth?" + "client_id=" + server.first.client_id + "&redirect_uri=" + poison)
    assert "<script>alert" not in page.response.text and page.status == 400


def test_no_page_can_be_framed(server: LatchkeyServer) -> None:
    """Design §9."""
    headers = server.browser().page("/login").response.headers
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"] and headers["X-Frame-Options"] == "DENY"


def test_a_forwarded_host_changes_no_url(server: LatchkeyServer) -> None:
    """GHSA-2wmj-46rj-qm2w: our URLs come from the configuration alone."""
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
    answer = server.caller.get(server.issuer + "/.well-known/openid-configuration", headers=headers)
    assert "evil.example" not in answer.text and answer.json()["issuer"] == server.issuer


def test_a_public_client_is_always_asked_again(server: LatchkeyServer, person: User) -> None:
    """CVE-2023-34246: consent is never skipped where the client cannot prove who it is."""
    browser = server.browser(person)
    browser.authorize(server.native.request(server.native.scopes))
    again = browser.ask(server.native.request(server.native.scopes))
    assert isinstance(again, Page) and again.html.has_form_with("decision")


def test_requests_that_nobody_answers_do_not_fill_the_disk(own: LatchkeyServer) -> None:
    """RFC 6749 §10.10 leaves it to us: what waits for a person is bounded for each address, and the oldest goes."""
    padding = ("&account=" + "x" * 2_000) * 14
    first = own.browser().ask(own.first.request(state="first"))
    assert isinstance(first, Page)

    def flood(number: int) -> int:
        request = own.first.request(state=f"{number:04}")
        answer = Caller().get(request.url + padding, allow_redirects=False)
        assert "/consent/" in answer.headers["Location"], answer.headers
        return answer.status_code

    assert {flood(number) for number in range(300)} == {303}
    with own.rows() as database:
        count, size = database.execute("SELECT COUNT(*), SUM(LENGTH(request)) FROM authorization_requests").fetchone()
    assert 200 < count < 300 and size <= 8 * 1024 * 1024
    # From elsewhere there is room, and whoever comes now is served.
    away = Browser(own, address="127.0.0.92")
    assert isinstance(away.ask(own.first.request()), Page)
    assert own.grant(own.administrator, own.first)["access_token"]
