"""Redirect URIs: what other servers let through."""

from __future__ import annotations

import pytest
from latchkey_server import Browser, Client, LatchkeyServer, Page, User, error_of

TRICKS = [
    "https://evil.example/callback",
    "//evil.example/callback",
    "/callback",
    "callback",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "\tjavascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "DATA:text/html,x",
    "vbscript:x",
    "file:///etc/passwd",
    "{}/",
    "{}?x=1",
    "{}#",
    "{}#fragment",
    "{}/../evil",
    "{}/..;/evil",
    "{}/%2e%2e/evil",
    "{}/%252e%252e%252fevil",
    "{}%00",
    "{}%0d%0aX: y",
    "{} ",
    " {}",
    "{}\n",
    "{}x",
    "{}.evil.example",
    "{}@evil.example",
    "{}/callback",
    "{}\\evil",
]


def shows_a_page(server: LatchkeyServer, client: Client, uri: str | None, **changes: str | None) -> None:
    request = client.request(redirect_uri=uri, **changes)
    for browser in (server.browser(server.administrator), Browser(server)):
        for answer in (browser.ask(request), browser.post("/oauth2/auth", request.parameters)):
            assert isinstance(answer, Page), f"{uri!r} left for {answer.location}"
            assert answer.status == 400, (uri, answer.status)
            assert "Location" not in answer.response.headers and not answer.html.has_form_with("decision")
            assert not any(link.href == uri for link in answer.html.links), "a link to what was not verified"
            refresh = [values for tag, values in answer.html.tags if tag == "meta" and (values.get("http-equiv") or "").lower() == "refresh"]
            assert not refresh and "Refresh" not in answer.response.headers


@pytest.mark.parametrize("trick", TRICKS)
def test_an_unregistered_redirect_uri_never_redirects(server: LatchkeyServer, trick: str) -> None:
    """CVE-2025-4143 (workers-oauth-provider), CVE-2024-25715 (Glewlwyd), CVE-2019-3778 (Spring OAuth), GHSA-86j7-9j95-vpqj
    (better-auth), CVE-2026-3872, CVE-2024-1132, CVE-2022-3782 (Keycloak): checked at the authorization endpoint, by equality."""
    shows_a_page(server, server.first, trick.replace("{}", server.first.redirect_uri))


@pytest.mark.parametrize("changes", [
    {"response_type": "token"}, {"response_type": None}, {"scope": "no.such"}, {"code_challenge": None}, {"prompt": "none"},
    {"request": "x"}, {"response_mode": "form_post"}, {"response_mode": "fragment"}, {"response_mode": "form_post.jwt"},
    {"response_mode": "query.jwt"}, {"max_age": "x"}])
def test_no_error_redirects_to_an_unregistered_uri(server: LatchkeyServer, changes: dict[str, str | None]) -> None:
    """CVE-2025-4143: for every error path; CVE-2023-6291, CVE-2023-6927, CVE-2023-6134 (Keycloak): for every response mode."""
    shows_a_page(server, server.first, "https://evil.example/", **changes)


def test_a_missing_redirect_uri_is_a_page(server: LatchkeyServer) -> None:
    """Protocol, Authorization request: until both hold, an error is a page; OAuth 2.1 §4.1.1: nothing is guessed where many may be."""
    answer = server.browser(server.administrator).ask(server.first.request(redirect_uri=None))
    assert isinstance(answer, Page) or answer.location.startswith(server.first.redirect_uri + "?")


@pytest.mark.parametrize("client_id", [None, "", "x", "0" * 32, "0" * 31, "G" * 32, "' or 1=1 --", "<script>", "\x00", "é"])
def test_an_unknown_client_never_redirects(server: LatchkeyServer, client_id: str | None) -> None:
    """Protocol: client and redirect URI are checked before anything else."""
    answer = server.browser(server.administrator).ask(server.first.request(client_id=client_id))
    assert isinstance(answer, Page) and answer.status == 400


@pytest.mark.parametrize("prefix", [
    "https://user@{}", "https://user:pw@{}", "https://a@b@{}", "https://@{}", "https://evil.example@{}", "https://evil.example%40{}",
    "https://evil.example\\@{}", "https://{}@evil.example"])
def test_user_information_is_always_refused(server: LatchkeyServer, prefix: str) -> None:
    """CVE-2026-7504 (Keycloak): several `@` in userinfo defeated the parser."""
    uri = server.rs256.redirect_uri.removeprefix("https://")
    host, path = uri.split("/", 1)
    shows_a_page(server, server.rs256, prefix.format(host) + "/" + path)


@pytest.mark.parametrize("change", [
    lambda uri: uri.replace("https://", "http://"),
    lambda uri: uri.replace("https://", "HTTPS://"),
    lambda uri: uri.upper(),
    lambda uri: uri.replace(".", "a", 1),
    lambda uri: uri.replace("example", "example."),
    lambda uri: uri.replace(".example", ".example:443"),
    lambda uri: uri.replace("example", "%65xample"),
    lambda uri: uri.replace("/oauth", "/%6fauth"),
    lambda uri: uri.replace("/oauth", "//oauth"),
    lambda uri: uri.replace("/oauth", "/./oauth"),
    lambda uri: uri.replace("https://", "https://evil."),
    lambda uri: uri.replace(".example", ".example.evil.test"),
    lambda uri: uri.replace("https://", "https:/"),
    lambda uri: uri.replace("https://", "https:"),
])
def test_equality_is_of_the_original_string(server: LatchkeyServer, change: object) -> None:
    """CVE-2024-52289 (authentik): a registered value is a literal, no pattern; CVE-2026-18211 (Keycloak): no prefix check;
    RFC 3986 §6.2.1, RFC 9700 §4.1.3."""
    shows_a_page(server, server.rs256, change(server.rs256.redirect_uri))  # type: ignore[operator]


@pytest.mark.parametrize("uri", [
    "http://127.0.0.1:1/callback?x=1", "http://127.0.0.1:1/other", "http://127.0.0.1:1/callback/", "http://localhost:1/callback",
    "http://localhost/callback", "http://[::1]/callback", "http://127.0.0.2/callback", "http://127.1/callback",
    "http://2130706433/callback", "http://0x7f.0.0.1/callback", "http://127.0.0.1.evil.test/callback", "http://127.0.0.1:1@evil.test/callback",
    "http://user@127.0.0.1/callback", "https://127.0.0.1/callback", "http://127.0.0.1:/callback", "http://127.0.0.1:99999/callback",
    "http://127.0.0.1:0x50/callback", "http://127.0.0.1:-1/callback", "http://127.0.0.1: 80/callback", "http://127.0.0.1:80/callback#f",
    "http://localhost.evil.test/callback", "HTTP://127.0.0.1/CALLBACK", "http://127.0.0.1:80/callback/../x", "http://127.0.0.1:80\\callback",
    "http://127.0.0.1:80/%63allback", "http://127.0.0.1:+80/callback"])
def test_the_loopback_exception_is_for_the_port_alone(server: LatchkeyServer, uri: str) -> None:
    """CVE-2020-15233 (fosite): the loopback match ignored host and query; CVE-2026-18211 (Keycloak); RFC 8252 §7.3."""
    shows_a_page(server, server.native, uri)


def test_the_loopback_exception_is_for_loopback_registrations_alone(server: LatchkeyServer) -> None:
    """RFC 8252 §7.3: a port may differ only where the registered host is the loopback interface."""
    for uri in ("https://boards.example:444/oauth/callback", "http://boards.example:80/oauth/callback"):
        shows_a_page(server, server.rs256, server.rs256.redirect_uri.replace("https://" + server.rs256.redirect_uri.split("/")[2],
                                                                            uri.rsplit("/oauth", 1)[0]))


@pytest.mark.parametrize("uri", [
    "javascript:alert(1)", "JAVASCRIPT:alert(1)", "data:text/html,x", "file:///x", "vbscript:x", "https://user@host.example/cb",
    "https://host.example/cb#f", "https://*.example/cb", "http://host.example/cb", "myapp:/cb", "https://host.example/\ncb", "//host/cb", "/cb"])
def test_registration_refuses_dangerous_redirect_uris(server: LatchkeyServer, uri: str) -> None:
    """GHSA-86j7-9j95-vpqj (better-auth); protocol, Redirect URI: never userinfo, fragment, wildcard, control characters, script schemes."""
    result = server.command(
        "client", "add", "Dangerous", "--account", server.accounts[0], "--redirect-uri", uri, "--scope", server.first.scopes[0])
    assert result.returncode in (1, 2), result.stdout


def test_the_uri_at_the_exchange_is_the_one_of_the_request(server: LatchkeyServer, person: User) -> None:
    """RFC 6749 §4.1.3: identical values; another registered or loopback port will not do."""
    client = server.native
    response = server.browser(person).authorize(client.request(redirect_uri="http://127.0.0.1:4000/callback"), person)
    for uri in ("http://127.0.0.1:4001/callback", "http://127.0.0.1/callback", "http://127.0.0.1:4000/callback/"):
        assert error_of(client.exchange(response, redirect_uri=uri)) == "invalid_grant"
    assert client.exchange(response).status_code == 200


def test_a_successful_answer_has_the_verified_uri_and_nothing_more(server: LatchkeyServer) -> None:
    """RFC 9700 §4.12: 303, so that no credentials are posted on; RFC 9700 §4.2.4: the page's policy lets no referrer out."""
    response = server.browser(server.administrator)
    page = response.ask(server.first.request(prompt="consent"))
    assert isinstance(page, Page)
    left = response.decide(page)
    assert not isinstance(left, Page)
    assert left.response.status_code == 303
    assert page.response.headers["Referrer-Policy"] in ("no-referrer", "same-origin")
    assert "no-store" in left.response.headers["Cache-Control"]


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/%09/evil.example"])
@pytest.mark.parametrize("name", ["next", "return_to", "redirect", "continue", "url", "request", "returnTo", "r"])
def test_signing_in_is_no_open_redirect(server: LatchkeyServer, name: str, target: str) -> None:
    """OWASP open redirect: where one lands after signing in is the server's own choice."""
    browser = server.browser(server.administrator)
    answer = browser.get("/login", params={name: target})
    assert isinstance(answer, Page) and "evil.example" not in str(answer.response.headers)
    assert not any(form.action.startswith(("//", "javascript:", "https://evil", "/\\")) for form in answer.html.forms)
