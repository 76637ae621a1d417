"""Over-long input, wrong media types, and what browsers of other origins may read (contract, Tokens)."""

from __future__ import annotations

import socket

import jose
import pytest
from latchkey_server import Departure, LatchkeyServer, Page

TOKEN_SIDE = ["/oauth2/token", "/oauth2/revoke", "/oauth2/introspect", "/oauth2/userinfo"]
DOCUMENTS = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration", "/.well-known/jwks.json"]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize("path", ["/oauth2/token", "/oauth2/revoke", "/oauth2/introspect"])
def test_a_body_that_is_too_large_is_413_in_the_endpoints_shape(server: LatchkeyServer, path: str) -> None:
    """Contract, Tokens: over-long input: 413 in the endpoint's own error shape."""
    answer = server.caller.post(server.issuer + path, data=b"token=" + b"x" * 300_000, headers=FORM)
    assert answer.status_code == 413
    assert not answer.content or isinstance(answer.json()["error"], str)


def test_a_page_s_form_that_is_too_large_is_413(server: LatchkeyServer) -> None:
    """Contract, Tokens: 413, on pages too."""
    answer = server.caller.post(server.issuer + "/login", data=b"email=" + b"x" * 300_000, headers=FORM)
    assert answer.status_code == 413


def test_a_management_body_that_is_too_large_is_413_in_the_envelope(server: LatchkeyServer) -> None:
    """Contract, Tokens: 413 in the endpoint's own error shape."""
    answer = server.manage(
        "PATCH", "/user/authorizations/" + "0" * 32, server.api_token(server.administrator), data=b"{" + b" " * 300_000)
    assert answer.status_code == 413
    assert not answer.content or answer.json()["success"] is False


def test_a_url_that_is_too_long_is_414(server: LatchkeyServer) -> None:
    """Contract, Tokens: 414; `/oauth2/auth` takes 32 KiB of query."""
    answer = server.caller.get(server.issuer + "/oauth2/auth?x=" + "a" * 80_000)
    assert answer.status_code == 414
    answer = server.caller.get(server.issuer + "/oauth2/userinfo?x=" + "a" * 80_000)
    assert answer.status_code == 414


def test_headers_that_are_too_large_are_431(server: LatchkeyServer) -> None:
    """Contract, Tokens: 431 (RFC 6585 §5)."""
    answer = server.caller.get(server.issuer + "/oauth2/userinfo", headers={"X-Large": "a" * 100_000})
    assert answer.status_code == 431
    assert not answer.content or isinstance(answer.json()["error"], str)


def test_the_authorization_endpoint_takes_32_kib_of_query(server: LatchkeyServer) -> None:
    """Contract, Tokens: `/oauth2/auth` takes 32 KiB of query."""
    request = server.first.request()
    room = 32 * 1024 - len(request.url.split("?", 1)[1]) - len("&padding=")
    answer = server.browser(server.administrator).get(request.url + "&padding=" + "p" * room)
    assert isinstance(answer, Departure) or answer.status == 200


@pytest.mark.parametrize("name", ["state", "nonce"])
def test_a_long_state_and_nonce_survive_whole(server: LatchkeyServer, name: str) -> None:
    """Protocol, Authorization request: a 384-character nonce or state survives whole."""
    value = "Aa0-_.~" * 54 + "zzzzzz"
    assert len(value) == 384
    request = server.first.request("openid " + " ".join(server.first.scopes), **{name: value})
    response = server.browser(server.administrator).authorize(request)
    tokens = server.first.tokens(response)
    if name == "state":
        assert response.parameters["state"] == value
    else:
        assert jose.parts(tokens["id_token"])[1]["nonce"] == value


@pytest.mark.parametrize("parameter", [
    "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge", "login_hint", "ui_locales", "id_token_hint", "response_type",
    "prompt", "max_age", "account"])
def test_a_parameter_of_twenty_kilobytes_is_no_accident(server: LatchkeyServer, parameter: str) -> None:
    """Protocol: limits on every length; design §9: never a 500."""
    answer = server.browser(server.administrator).get(server.first.request(**{parameter: "x" * 20_000}).url)
    if isinstance(answer, Page):
        assert answer.status in (200, 400), answer.status
    else:
        assert answer.location.startswith(server.first.redirect_uri)


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x", ""])
@pytest.mark.parametrize("path", ["/oauth2/token", "/oauth2/revoke", "/oauth2/introspect"])
def test_a_body_of_another_type_is_an_oauth_error(server: LatchkeyServer, path: str, content_type: str) -> None:
    """RFC 6749 §3.2: form parameters; anything else is an error in the endpoint's own shape, never a 500."""
    answer = server.caller.post(server.issuer + path, data=b'{"grant_type":"refresh_token"}', headers={"Content-Type": content_type})
    assert answer.status_code in (400, 401, 415)
    assert isinstance(answer.json()["error"], str)


@pytest.mark.parametrize("body", [
    b"grant_type", b"&&&", b"=", b"%", b"%zz=1", b"grant_type=%ff", b"a=1;b=2", b"\xff\xfe", b"grant_type=refresh_token&refresh_token=%00",
    b"grant_type=authorization_code&code=\xc3\x28", b"+=+", b"grant_type[]=refresh_token", b"&".join(b"a%d=1" % n for n in range(3000))])
def test_a_strange_form_is_an_oauth_error(server: LatchkeyServer, body: bytes) -> None:
    """Design §9: a 500 for bad input must never happen; style, traps: the form decoder."""
    for path in ("/oauth2/token", "/oauth2/revoke", "/oauth2/introspect"):
        answer = server.caller.post(server.issuer + path, data=body, headers=FORM)
        assert answer.status_code in (400, 401, 413), (path, answer.status_code)
        assert isinstance(answer.json()["error"], str)


@pytest.mark.parametrize("path", TOKEN_SIDE + DOCUMENTS)
def test_browsers_of_any_origin_may_read_it_without_credentials(server: LatchkeyServer, path: str) -> None:
    """Contract, Tokens: CORS `*` on all token-side endpoints, no credentials."""
    origin = {"Origin": "https://spa.example"}
    if path in TOKEN_SIDE[:3]:
        answer = server.caller.post(server.issuer + path, data={"token": "x"}, headers=origin)
    else:
        answer = server.caller.get(server.issuer + path, headers=origin)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    exposed = answer.headers["Access-Control-Expose-Headers"].lower()
    assert "www-authenticate" in exposed and "retry-after" in exposed


@pytest.mark.parametrize("path", TOKEN_SIDE + DOCUMENTS)
def test_a_preflight_is_204(server: LatchkeyServer, path: str) -> None:
    """Contract, Tokens: preflight 204 with `Authorization, Content-Type, DPoP`."""
    answer = server.caller.options(server.issuer + path, headers={
        "Origin": "https://spa.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"})
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    allowed = {each.strip().lower() for each in answer.headers["Access-Control-Allow-Headers"].split(",")}
    assert {"authorization", "content-type", "dpop"} <= allowed
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("path", ["/oauth2/auth", "/login", "/connected-apps", "/sessions", "/sign-out", "/consent/" + "0" * 32])
def test_pages_are_not_for_other_origins(server: LatchkeyServer, path: str) -> None:
    """RFC 9700 §2.6: the authorization endpoint must not allow CORS; nor may any page."""
    for method in ("GET", "OPTIONS"):
        answer = server.caller.request(method, server.issuer + path, headers={
            "Origin": "https://spa.example", "Access-Control-Request-Method": "GET"})
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("carry", ["query", "body"])
def test_a_token_in_body_or_query_is_not_accepted(server: LatchkeyServer, carry: str) -> None:
    """Contract, Tokens: the token in body or query is not accepted (RFC 6750 §2.3, RFC 9700 §4.3.2)."""
    client = server.first
    token = server.grant(server.administrator, client, [*client.scopes, "openid"])["access_token"]
    url = server.issuer + "/oauth2/userinfo"
    options = {"params": {"access_token": token}} if carry == "query" else {"data": {"access_token": token}}
    answer = server.caller.post(url, **options)
    assert answer.status_code in (400, 401)


@pytest.mark.parametrize("path", [
    "/.well-known/nothing", "/.well-known/webfinger", "/.well-known/openid-configuration/x", "/.well-known/security.txt", "/oauth2/nothing"])
def test_well_known_probes_get_json_or_404(server: LatchkeyServer, path: str) -> None:
    """Protocol, What real clients do: JSON or 404, never an HTML 200."""
    answer = server.caller.get(server.issuer + path)
    assert answer.status_code == 404 or answer.headers["Content-Type"].startswith("application/json")


@pytest.mark.parametrize("path", ["/health/alive", "/health/ready"])
def test_health_is_answered_on_both_listeners(server: LatchkeyServer, path: str) -> None:
    """Issue, Operator: `/health/alive`, `/health/ready`."""
    for origin in (server.issuer, server.internal):
        assert server.caller.get(origin + path).status_code == 200


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/health/alive", "/login", "/oauth2/userinfo", "/nothing"])
def test_head_has_the_fields_of_get_and_no_content(server: LatchkeyServer, path: str) -> None:
    """RFC 9110 §9.3.2. A second request on the same connection would read stray content as its own answer."""
    got = server.caller.get(server.issuer + path)
    host, port = server.issuer.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        for _ in range(2):
            connection.sendall(f"HEAD {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            received = b""
            while b"\r\n\r\n" not in received:
                received += connection.recv(65536)
            head, rest = received.split(b"\r\n\r\n", 1)
            assert rest == b"" and int(head.split()[1]) == got.status_code


@pytest.mark.parametrize("path", TOKEN_SIDE[:3])
def test_a_wrong_method_is_405_that_scripts_can_read(server: LatchkeyServer, path: str) -> None:
    """Contract, Tokens: CORS `*` on all token-side endpoints."""
    answer = server.caller.get(server.issuer + path)
    assert answer.status_code == 405 and "POST" in answer.headers["Allow"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
