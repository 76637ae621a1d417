"""The gateway check on the internal listener (contract, /verify and Catalogue)."""

from __future__ import annotations

import http.client
import json
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from latchkey_server import LatchkeyServer, User

IDENTITY = ("X-Latchkey-User", "X-Latchkey-Client", "X-Latchkey-Account", "X-Latchkey-Scope", "X-Latchkey-Resources")
FORMS = ["nginx", "forward-auth", "envoy"]


@pytest.fixture(scope="module")
def token(server: LatchkeyServer) -> str:
    """May do all that the first client may ask for, in account 1."""
    return server.grant(server.administrator, server.first)["access_token"]


@pytest.fixture(scope="module")
def reader(server: LatchkeyServer) -> str:
    """Holds the required scopes of the first client alone."""
    return server.grant(server.administrator, server.first, server.first.required_scopes)["access_token"]


class Answer:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status_code = response.status
        self.headers = requests.structures.CaseInsensitiveDict(response.getheaders())
        self.text = response.read().decode()

    def json(self) -> dict[str, object]:
        return json.loads(self.text)


def ask(server: LatchkeyServer, form: str, method: str, target: str, headers: list[tuple[str, str]]) -> Answer:
    """Asks in one of the three forms, sending header lines exactly as given."""
    if form == "nginx":
        return raw(server, "GET", "/verify/nginx", [("X-Original-Method", method), ("X-Original-URI", target), *headers])
    if form == "forward-auth":
        return raw(server, "GET", "/verify/forward-auth", [("X-Forwarded-Method", method), ("X-Forwarded-Uri", target), *headers])
    return raw(server, method, "/verify/envoy" + target, headers)


def raw(server: LatchkeyServer, method: str, path: str, headers: list[tuple[str, str]]) -> Answer:
    """One request whose target and header lines no library touches."""
    url = urlsplit(server.internal)
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=10)
    connection._http_vsn_str = "HTTP/1.1"  # noqa: SLF001
    connection.putrequest(method, "/", skip_accept_encoding=True)
    connection._buffer[0] = f"{method} {path} HTTP/1.1".encode("latin-1")  # noqa: SLF001
    for name, value in headers:
        connection.putheader(name, value.encode("latin-1"))
    connection.endheaders()
    answer = Answer(connection.getresponse())
    connection.close()
    return answer


def bearer(token: str) -> tuple[str, str]:
    return ("Authorization", f"Bearer {token}")


# MARK: The three forms


@pytest.mark.parametrize("form", FORMS)
def test_a_granted_request_is_200_with_the_identity(server: LatchkeyServer, token: str, form: str) -> None:
    """Contract, /verify: 200 with user, client, account and scope headers."""
    answer = ask(server, form, "GET", f"/accounts/{server.accounts[0]}/zones?page=2", [bearer(token)])
    assert answer.status_code == 200
    claims = server.inspect(token)
    assert answer.headers["X-Latchkey-User"] == claims["sub"]
    assert answer.headers["X-Latchkey-Client"] == server.first.client_id
    assert answer.headers["X-Latchkey-Account"] == server.accounts[0]
    assert set(server.first.scopes) <= set(answer.headers["X-Latchkey-Scope"].split())


@pytest.mark.parametrize("form", FORMS)
def test_without_a_token_it_is_a_challenge_without_error(server: LatchkeyServer, form: str) -> None:
    """RFC 6750 §3.1; protocol: the first request without a token gets a 401 challenge without `error`."""
    answer = ask(server, form, "GET", f"/accounts/{server.accounts[0]}/zones", [])
    assert answer.status_code == 401
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge.startswith("Bearer") and "error=" not in challenge
    assert all(answer.headers[name] == "" for name in IDENTITY)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("credential", [
    "Bearer lka_unknown", "Bearer ", "Bearer", "bearer  x", "Basic YTpi", "Token x", "Bearer a b", "Bearer \xe9"])
def test_what_is_no_token_of_ours_is_401(server: LatchkeyServer, form: str, credential: str) -> None:
    """Contract, /verify: answers are 200, 401, 403 and 503; never 400 or 404 (RFC 6750 §3.1)."""
    answer = ask(server, form, "GET", f"/accounts/{server.accounts[0]}/zones", [("Authorization", credential)])
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert all(answer.headers[name] == "" for name in IDENTITY)


@pytest.mark.parametrize("form", FORMS)
def test_the_scheme_is_case_insensitive(server: LatchkeyServer, token: str, form: str) -> None:
    """RFC 9110 §11.1: the scheme is case-insensitive."""
    answer = ask(server, form, "GET", "/accounts", [("Authorization", f"bEARER {token}")])
    assert answer.status_code == 200


@pytest.mark.parametrize("form", FORMS)
def test_two_authorization_headers_are_401(server: LatchkeyServer, token: str, form: str) -> None:
    """Contract, /verify: two of them: 401; which one the API would read is unknown."""
    for headers in ([bearer(token), bearer(token)], [bearer(token), ("Authorization", "Basic YTpi")], [bearer("x"), bearer(token)]):
        assert ask(server, form, "GET", "/accounts", headers).status_code == 401


def test_a_forms_own_header_given_twice_is_403(server: LatchkeyServer, token: str) -> None:
    """Contract, /verify: a form's own header given twice: 403."""
    good = {
        "nginx": [("X-Original-Method", "GET"), ("X-Original-URI", "/accounts")],
        "forward-auth": [("X-Forwarded-Method", "GET"), ("X-Forwarded-Uri", "/accounts")],
    }
    for form, headers in good.items():
        assert raw(server, "GET", f"/verify/{form}", [*headers, bearer(token)]).status_code == 200
        for name, value in headers:
            for second in (value, "/status" if value.startswith("/") else "HEAD"):
                answer = raw(server, "GET", f"/verify/{form}", [*headers, (name, second), bearer(token)])
                assert answer.status_code == 403, (form, name, second)


def test_a_forms_own_header_left_out_or_empty_is_403(server: LatchkeyServer, token: str) -> None:
    """Contract, /verify: a request nobody can name is no described operation; never 400, never 200."""
    for form, names in (("nginx", ("X-Original-Method", "X-Original-URI")), ("forward-auth", ("X-Forwarded-Method", "X-Forwarded-Uri"))):
        for headers in ([], [(names[0], "GET")], [(names[1], "/accounts")], [(names[0], ""), (names[1], "/accounts")],
                        [(names[0], "GET"), (names[1], "")]):
            assert raw(server, "GET", f"/verify/{form}", [*headers, bearer(token)]).status_code == 403, (form, headers)


def test_headers_of_another_form_are_ignored(server: LatchkeyServer, reader: str) -> None:
    """Contract, /verify: headers of another form are ignored: a caller behind nginx cannot smuggle Traefik's."""
    account = server.accounts[0]
    forbidden = f"/accounts/{account}/workers/w"
    smuggled = [("X-Forwarded-Method", "GET"), ("X-Forwarded-Uri", "/accounts")]
    answer = raw(server, "GET", "/verify/nginx", [
        ("X-Original-Method", "PUT"), ("X-Original-URI", forbidden), *smuggled, bearer(reader)])
    assert answer.status_code == 403
    answer = raw(server, "GET", "/verify/forward-auth", [
        ("X-Forwarded-Method", "PUT"), ("X-Forwarded-Uri", forbidden), ("X-Original-Method", "GET"), ("X-Original-URI", "/accounts"),
        bearer(reader)])
    assert answer.status_code == 403
    answer = raw(server, "PUT", "/verify/envoy" + forbidden, [
        *smuggled, ("X-Original-Method", "GET"), ("X-HTTP-Method-Override", "GET"), bearer(reader)])
    assert answer.status_code == 403


def test_only_the_authorization_header_counts(server: LatchkeyServer, token: str) -> None:
    """Contract, /verify: only the `Authorization` header counts as credential."""
    for headers in ([("Cookie", f"access_token={token}")], [("X-Forwarded-Authorization", f"Bearer {token}")],
                    [("X-Api-Key", token)], [("Proxy-Authorization", f"Bearer {token}")]):
        assert ask(server, "forward-auth", "GET", "/accounts", headers).status_code == 401
    assert ask(server, "forward-auth", "GET", f"/accounts?access_token={token}", []).status_code == 401


def test_what_the_caller_sent_as_identity_is_overwritten(server: LatchkeyServer, token: str) -> None:
    """Contract, /verify: set on every answer, so that a gateway which copies them overwrites what a caller sent."""
    forged = [(name, "forged") for name in IDENTITY]
    for target, headers, status in (("/accounts", [bearer(token)], 200), ("/accounts", [], 401), ("/nowhere", [bearer(token)], 403),
                                    ("/status", [], 200)):
        answer = ask(server, "nginx", "GET", target, [*forged, *headers])
        assert answer.status_code == status, target
        for name in IDENTITY:
            assert name in answer.headers and "forged" not in answer.headers[name], (target, name)


# MARK: Refusals


def _refusal(answer: Answer | requests.Response) -> dict[str, object]:
    body = answer.json()
    line = answer.headers["X-Latchkey-Refusal"]
    assert json.loads(line) == body, "the same JSON on one line"
    assert line.isascii() and "\n" not in line and len(line) <= 4096
    assert set(body) <= {"error", "error_description", "missing", "authorize_url"} and {"error", "error_description"} <= set(body)
    return body


@pytest.mark.parametrize("form", FORMS)
def test_a_missing_scope_is_named(server: LatchkeyServer, reader: str, form: str) -> None:
    """Protocol, Helpful refusals: 403 insufficient_scope with what is missing and a URL for a consent to just that."""
    scope = next(scope for scope in server.first.optional_scopes if scope == "worker.write")
    answer = ask(server, form, "PUT", f"/accounts/{server.accounts[0]}/workers/edge", [bearer(reader)])
    assert answer.status_code == 403
    challenge = answer.headers["WWW-Authenticate"]
    assert 'error="insufficient_scope"' in challenge and f'scope="{scope}"' in challenge and "resource_metadata=" in challenge
    body = _refusal(answer)
    assert body["error"] == "insufficient_scope" and body["missing"] == {"scope": [scope]}
    url = urlsplit(str(body["authorize_url"]))
    query = parse_qs(url.query)
    assert f"{url.scheme}://{url.netloc}{url.path}" == server.metadata()["authorization_endpoint"]
    assert query["client_id"] == [server.first.client_id] and scope in query["scope"][0].split()
    assert query["account"] == [server.accounts[0]]


def test_the_refusals_url_leads_to_a_consent_for_just_that(server: LatchkeyServer, person: User) -> None:
    """Contract, Refusals: the app adds redirect URI, state and challenge; after it the request passes."""
    client = server.first
    narrow = server.grant(person, client, client.required_scopes)["access_token"]
    target = f"/accounts/{server.accounts[0]}/workers/edge"
    body = server.verify("PUT", target, narrow).json()
    asked = {name: values[0] for name, values in parse_qs(urlsplit(body["authorize_url"]).query).items()}
    request = client.request(**asked)
    tokens = client.tokens(server.browser(person).authorize(request, person))
    assert server.verify("PUT", target, tokens["access_token"]).status_code == 200


def test_a_missing_account_is_named(server: LatchkeyServer, token: str) -> None:
    """Contract, Refusals: `missing.account`; an account that does not exist gets the same answer as a foreign one."""
    bodies = []
    for account in (server.accounts[1], "0" * 32, "not-an-account"):
        answer = server.verify("GET", f"/accounts/{account}/zones", token)
        assert answer.status_code == 403
        body = _refusal(answer)
        assert body["missing"]["account"] == account
        bodies.append(json.dumps(body).replace(account, "ACCOUNT"))
    assert bodies[0] == bodies[1]


def test_what_the_users_role_does_not_allow_is_named_as_such(server: LatchkeyServer) -> None:
    """Protocol, Helpful refusals: or the *user's own* role; design §5: decided by the role that the user has today."""
    answer = server.verify("GET", "/accounts", server.grant(server.limited, server.first)["access_token"])
    assert answer.status_code == 200
    granted = server.grant(server.limited, server.first)["access_token"]
    refused = server.verify("PUT", f"/accounts/{server.accounts[0]}/workers/edge", granted)
    assert refused.status_code == 403
    assert "scope" in _refusal(refused)["missing"] or "role" in _refusal(refused)["missing"]


@pytest.mark.parametrize("with_token", [True, False])
@pytest.mark.parametrize(("method", "target"), [
    ("GET", "/nowhere"), ("POST", "/accounts"), ("GET", "/"), ("GET", "/accounts/"), ("BREW", "/accounts"), ("get", "/accounts"),
    ("GET", "/Accounts"), ("GET", "accounts"), ("GET", "http://evil.example/accounts"), ("GET", "*"), ("CONNECT", "example:443")])
def test_an_unknown_operation_is_403(server: LatchkeyServer, token: str, method: str, target: str, with_token: bool) -> None:
    """Contract, /verify: an operation that is not in the catalogue: 403 with `missing.operation`, no scope in the challenge."""
    answer = raw(server, "GET", "/verify/nginx", [
        ("X-Original-Method", method), ("X-Original-URI", target), *([bearer(token)] if with_token else [])])
    assert answer.status_code == 403, answer.text
    body = _refusal(answer)
    assert isinstance(body["missing"], dict) and "operation" in body["missing"]
    assert "scope=" not in answer.headers.get("WWW-Authenticate", "")
    assert "scope" not in body["missing"]


@pytest.mark.parametrize("path", [
    "/accounts/../accounts", "/accounts/./x", "//accounts", "/accounts//zones", "/status/..", "/x/%2e%2e/accounts", "/x/%2E%2E/accounts",
    "/accounts%2fzones", "/accounts%2Fzones", "/accounts%5czones", "/accounts\\zones", "/accounts/%00", "/accounts/%ff", "/accounts/%c0%ae",
    "/accounts/%2e", "/accounts/%252e%252e/x/%", "/accounts/a%zz", "/accounts/%", "/status;/../accounts", "/accounts/..;/zones",
    "/status;x", "/status%3bx", "/accounts/;x"])
@pytest.mark.parametrize("form", ["nginx", "forward-auth", "envoy"])
def test_a_path_that_could_mean_two_things_is_refused(server: LatchkeyServer, token: str, form: str, path: str) -> None:
    """Contract, Catalogue: no normalisation: `.`/`..`, `//`, `%2f`, `%2e`, `%5c`, backslash, NUL, invalid UTF-8 are refused."""
    answer = ask(server, form, "GET", path, [bearer(token)])
    assert answer.status_code == 403, answer.text


@pytest.mark.parametrize("path", ["/accounts/{}/workers/%2e%2e", "/accounts/{}/workers/a%2fb", "/accounts/{}/workers/..", "/accounts/{}/workers/."])
def test_a_dangerous_last_segment_is_refused_too(server: LatchkeyServer, token: str, path: str) -> None:
    """Contract, Catalogue: a template's parameter is one plain segment."""
    answer = ask(server, "nginx", "GET", path.format(server.accounts[0]), [bearer(token)])
    assert answer.status_code == 403


def test_an_escaped_segment_is_the_same_as_the_plain_one_or_refused(server: LatchkeyServer, token: str) -> None:
    """RFC 3986 §6.2.2.2: the API would decode it, so a foreign account must not pass in escapes."""
    foreign = "".join(f"%{ord(character):02x}" for character in server.accounts[1])
    assert ask(server, "nginx", "GET", f"/accounts/{foreign}/zones", [bearer(token)]).status_code == 403
    for path in (f"/%61ccounts/{server.accounts[0]}/zones", "/%61ccounts"):
        assert ask(server, "nginx", "GET", path, [bearer(token)]).status_code in (200, 403)


def test_a_query_and_a_fragment_change_no_decision(server: LatchkeyServer, reader: str) -> None:
    """RFC 3986 §3.4: the query is no part of the path; nothing after `?` opens another operation."""
    account = server.accounts[0]
    assert ask(server, "nginx", "GET", f"/accounts/{account}/zones?x=/../../status&y=%00", [bearer(reader)]).status_code == 200
    assert ask(server, "nginx", "PUT", f"/accounts/{account}/workers/w?/status", [bearer(reader)]).status_code == 403
    assert ask(server, "nginx", "GET", f"/nowhere?/accounts/{account}/zones", [bearer(reader)]).status_code == 403


def test_head_falls_back_to_get(server: LatchkeyServer, reader: str) -> None:
    """Contract, Catalogue: HEAD falls back to GET."""
    assert ask(server, "nginx", "HEAD", f"/accounts/{server.accounts[0]}/zones", [bearer(reader)]).status_code == 200
    assert ask(server, "nginx", "HEAD", f"/accounts/{server.accounts[0]}/zones", []).status_code == 401


def test_an_open_operation_passes_with_or_without_a_token(server: LatchkeyServer, token: str) -> None:
    """Contract, Catalogue: `security: []`: open, 200 with or without a token, identity headers empty."""
    for headers in ([], [bearer(token)], [bearer("lka_wrong")]):
        answer = ask(server, "nginx", "GET", "/status", headers)
        assert answer.status_code == 200
        assert all(answer.headers[name] == "" for name in IDENTITY)


def test_without_an_account_in_the_path_all_granted_ones_are_listed(server: LatchkeyServer) -> None:
    """Contract, Catalogue: decided by scopes alone; the account header lists all granted accounts, comma-separated, ascending."""
    user = server.member_of_both
    tokens = server.grant(user, server.first, accounts=server.accounts[:2])
    answer = server.verify("GET", "/accounts", tokens["access_token"])
    assert answer.status_code == 200
    assert answer.headers["X-Latchkey-Account"] == ",".join(sorted(server.accounts[:2]))


def test_the_preflight_of_a_described_path_passes(server: LatchkeyServer) -> None:
    """Contract, Refusals: CORS preflight of a described path: 200 without a token."""
    target = f"/accounts/{server.accounts[0]}/zones"
    preflight = [("Origin", "https://spa.example"), ("Access-Control-Request-Method", "GET")]
    for form in FORMS:
        answer = ask(server, form, "OPTIONS", target, preflight)
        assert answer.status_code == 200, form
        assert all(answer.headers[name] == "" for name in IDENTITY)
    assert ask(server, "nginx", "OPTIONS", "/nowhere", preflight).status_code == 403


@pytest.mark.parametrize("target", ["/" + "a" * 9000, "/accounts?" + "q" * 20000, "/" + "a/" * 5000])
def test_an_over_long_request_is_403(server: LatchkeyServer, token: str, target: str) -> None:
    """Contract, Refusals: an over-long request that still reaches this listener's routes is a 403, a short refusal with it."""
    answer = ask(server, "nginx", "GET", target, [bearer(token)])
    assert answer.status_code in (200, 403) if target.startswith("/accounts?") else answer.status_code == 403
    if answer.status_code == 403:
        body = _refusal(answer)
        assert len(str(dict(body.get("missing") or {}).get("operation", ""))) <= 200  # type: ignore[call-overload]


def test_a_refusal_is_ascii_whatever_was_asked(server: LatchkeyServer, token: str) -> None:
    """Contract, Refusals: ASCII with `\\u` escapes, in the header and nowhere a line break."""
    for target in ("/%C3%A9t%C3%A9", "/caf\xc3\xa9", '/"quoted"', "/<script>", "/a\tb"):
        answer = ask(server, "nginx", "GET", target, [bearer(token)])
        assert answer.status_code == 403
        _refusal(answer)


def test_an_api_token_is_not_for_the_gateway_of_another_user(server: LatchkeyServer) -> None:
    """Design §1: whatever an API token may do at the gateway, a random one of its form may nothing."""
    assert server.verify("GET", "/accounts", "lkt_" + "a" * 43 + "000000").status_code == 401


def test_the_public_listener_has_no_gateway_check(server: LatchkeyServer, token: str) -> None:
    """Contract, /verify: on the internal listener; and the internal one has no pages or endpoints."""
    answer = server.caller.get(server.issuer + "/verify/forward-auth", headers={
        "X-Forwarded-Method": "GET", "X-Forwarded-Uri": "/accounts", "Authorization": f"Bearer {token}"})
    assert answer.status_code == 404
    for path in ("/oauth2/token", "/login", "/connected-apps", "/api/v4/user/authorizations"):
        assert server.caller.get(server.internal + path).status_code == 404


def test_a_refusal_is_never_cached(server: LatchkeyServer, reader: str) -> None:
    """RFC 6750 §5.3; nginx caches auth answers where told to: a refusal must end when the grant grows."""
    assert server.verify("PUT", f"/accounts/{server.accounts[0]}/workers/w", reader).headers["Cache-Control"] == "no-store"


def test_the_last_use_is_shown_with_its_address(server: LatchkeyServer, person: User) -> None:
    """Issue, Connected apps: last used (and from where)."""
    tokens = server.grant(person, server.first)
    server.verify("GET", "/accounts", tokens["access_token"])
    own = server.manage("GET", "/authorizations/self", tokens["access_token"]).json()["result"]
    assert own["last_used_at"] is not None and own["last_used_ip"]


@pytest.mark.parametrize("path", ["/verify", "/verify/", "/verify/nothing", "/verify/nginx/", "/verify/envoy"])
def test_an_unknown_form_of_asking_is_a_refusal_and_no_404(server: LatchkeyServer, path: str) -> None:
    """Contract, /verify: 200, 401, 403 or 503, nothing else; a gateway may take a 404 for leave to pass."""
    answer = server.caller.get(server.internal + path)
    assert answer.status_code == 403 and answer.headers["X-Latchkey-User"] == ""
    assert answer.json()["error"] == "insufficient_scope"


def test_a_link_that_could_not_be_granted_is_not_offered(server: LatchkeyServer) -> None:
    """Protocol, Refusals: `authorize_url` where asking again helps; a scope that the client is not registered for cannot be asked for."""
    user = server.new_user()
    client = server.new_client("Reader")
    token = server.grant(user, client)["access_token"]
    account = user.accounts[0]
    answer = server.verify("DELETE", f"/accounts/{account}/workers/x", token)
    assert answer.status_code == 403 and answer.json()["missing"]["scope"]
    assert "authorize_url" not in answer.json()
