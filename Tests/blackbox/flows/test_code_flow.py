"""Authorization code with PKCE, refresh and revocation, as each kind of client goes through it."""

from __future__ import annotations

from urllib.parse import urljoin

import pytest
from html_forms import Document
from latchkey_server import Browser, Client, Departure, LatchkeyServer, Page, User, basic, error_of

KINDS = ["first", "native", "rs256"]


def of_kind(server: LatchkeyServer, kind: str) -> Client:
    return getattr(server, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_the_whole_story_over_http(server: LatchkeyServer, person: User, kind: str) -> None:
    """RFC 6749 §4.1, RFC 7636, RFC 9207: from a browser that is not signed in to a revoked token."""
    client, browser = of_kind(server, kind), Browser(server)
    request = client.request([*client.scopes, "openid"], nonce="n-0S6")
    response = browser.authorize(request, person)
    assert response.location.split("?")[0] == client.redirect_uri
    assert response.parameters["state"] == request.parameters["state"] and response.parameters["iss"] == server.issuer
    assert set(response.parameters) == {"code", "state", "iss"}
    tokens = client.tokens(response)
    assert server.userinfo(tokens["access_token"]).json()["sub"] == server.inspect(tokens["access_token"])["sub"]
    assert server.verify("GET", f"/accounts/{server.accounts[0]}/zones", tokens["access_token"]).status_code == 200
    renewed = client.refreshed(tokens["refresh_token"])
    assert server.verify("GET", f"/accounts/{server.accounts[0]}/zones", renewed["access_token"]).status_code == 200
    assert client.revoke(renewed["refresh_token"]).status_code == 200
    for token in (tokens["access_token"], renewed["access_token"]):
        assert server.verify("GET", f"/accounts/{server.accounts[0]}/zones", token).status_code == 401
    assert error_of(client.refresh(renewed["refresh_token"])) == "invalid_grant"


def test_the_private_client_works_for_its_own_members(server: LatchkeyServer) -> None:
    """Design §1: only members of the owner may authorize a private client."""
    user, client = server.member_of_both, server.private
    tokens = server.grant(user, client, accounts=[server.accounts[1]])
    assert server.verify("GET", f"/accounts/{server.accounts[1]}", tokens["access_token"]).status_code == 200


def test_a_native_client_may_use_any_loopback_port(server: LatchkeyServer, person: User) -> None:
    """RFC 8252 §7.3; protocol, Redirect URI: `http` with the host 127.0.0.1 matches any port, all else equal."""
    client = server.native
    for uri in ("http://127.0.0.1:49152/callback", "http://127.0.0.1:1/callback", "http://127.0.0.1/callback"):
        response = server.browser(person).authorize(client.request(redirect_uri=uri), person)
        assert response.location.startswith(uri + "?")
        assert client.exchange(response).status_code == 200


def test_a_public_client_asks_again_each_time(server: LatchkeyServer, person: User) -> None:
    """CVE-2023-34246 (Doorkeeper): a public client cannot prove who it is; consent is never skipped for it."""
    client = server.native
    server.grant(person, client)
    assert server.browser(person).consent_page(client.request())
    silent = server.browser(person).ask(client.request(prompt="none"))
    assert isinstance(silent, Departure) and silent.parameters["error"] in ("consent_required", "interaction_required")


def test_a_request_by_post_is_a_request(server: LatchkeyServer) -> None:
    """RFC 6749 §3.1: POST may be supported as well; protocol: checked by GET and POST alike."""
    request = server.first.request(prompt="consent")
    answer = server.browser(server.administrator).post("/oauth2/auth", request.parameters)
    assert isinstance(answer, Page) and answer.html.has_form_with("decision"), answer


def test_without_a_state_none_comes_back(server: LatchkeyServer) -> None:
    """RFC 6749 §4.1.2: `state` exactly if it was present."""
    response = server.browser(server.administrator).authorize(server.first.request(state=None))
    assert "state" not in response.parameters and response.parameters["iss"] == server.issuer


@pytest.mark.parametrize("state", ["a b&c=d#e?f/%", "\u00e9\u4e2d\U0001f511", "'\"<>", "+", "%2B", "="])
def test_a_state_comes_back_as_it_was(server: LatchkeyServer, state: str) -> None:
    """RFC 6749 §4.1.2: the exact value received from the client."""
    response = server.browser(server.administrator).authorize(server.first.request(state=state))
    assert response.parameters["state"] == state


@pytest.mark.parametrize(("changes", "error"), [
    ({"response_type": None}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": "id_token"}, "unsupported_response_type"),
    ({"response_type": "code id_token"}, "unsupported_response_type"),
    ({"response_mode": "fragment"}, "invalid_request"),
    ({"response_mode": "no-such-mode"}, "invalid_request"),
    ({"scope": "no.such.scope"}, "invalid_scope"),
    ({"scope": "zone.read \"quoted\""}, "invalid_scope"),
    ({"scope": "zone.read\tdns.read"}, "invalid_scope"),
    ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    ({"code_challenge_method": None}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge_method": "s256"}, "invalid_request"),
    ({"code_challenge": "short"}, "invalid_request"),
    ({"code_challenge": "x" * 42 + "="}, "invalid_request"),
    ({"code_challenge": None}, "invalid_request"),
    ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
    ({"request_uri": "https://client.example/request.jwt"}, "request_uri_not_supported"),
    ({"prompt": "none login"}, "invalid_request"),
    ({"max_age": "soon"}, "invalid_request"),
    ({"max_age": "-1"}, "invalid_request"),
])
def test_an_error_after_client_and_redirect_uri_goes_to_the_client(
    server: LatchkeyServer, changes: dict[str, str | None], error: str
) -> None:
    """Protocol, Authorization request: every error, whatever its cause, goes to the verified URI with `iss` and `state`
    (RFC 6749 §4.1.2.1, RFC 9207 §2, RFC 7636 §4.4.1, OpenID Connect Core §3.1.2.6)."""
    request = server.first.request(**changes)
    for answer in (server.browser(server.administrator).ask(request), Browser(server).ask(request)):
        assert isinstance(answer, Departure), answer.text
        assert answer.target == server.first.redirect_uri
        assert answer.parameters["error"] == error, answer.parameters
        assert answer.parameters["iss"] == server.issuer and answer.parameters["state"] == request.parameters["state"]
        assert "code" not in answer.parameters and answer.parameters.get("error_description", "").isascii()


@pytest.mark.parametrize("name", ["response_type", "scope", "state", "code_challenge", "code_challenge_method", "nonce", "prompt"])
def test_a_parameter_given_twice_is_invalid_request(server: LatchkeyServer, name: str) -> None:
    """RFC 6749 §3.1: request parameters must not be included more than once."""
    request = server.first.request(nonce="n", prompt="consent", scope=server.first.scopes[0])
    answer = server.browser(server.administrator).get(f"{request.url}&{name}={request.parameters[name]}")
    assert isinstance(answer, Departure) and answer.parameters["error"] == "invalid_request"
    assert answer.parameters["iss"] == server.issuer
    if name != "state":
        assert answer.parameters["state"] == request.parameters["state"]


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_client_or_redirect_uri_given_twice_is_a_page(server: LatchkeyServer, name: str) -> None:
    """Protocol: until both hold, an error is a page, never a redirect."""
    request = server.first.request()
    for second in (request.parameters[name], "https://evil.example/"):
        answer = server.browser(server.administrator).get(f"{request.url}&{name}={second}")
        assert isinstance(answer, Page) and answer.status == 400


def test_resource_may_repeat_and_is_bound(server: LatchkeyServer) -> None:
    """RFC 8707 §2: `resource` may repeat; protocol: whatever is done with it is no `invalid_request` for repeating."""
    api = server.line["api"]
    answer = server.browser(server.administrator).get(f"{server.first.request().url}&resource={api}&resource={api}/")
    if isinstance(answer, Departure):
        assert answer.parameters.get("error") in (None, "invalid_target")


def test_an_empty_parameter_counts_as_absent(server: LatchkeyServer) -> None:
    """RFC 6749 §3.1: parameters sent without a value are treated as omitted."""
    request = server.first.request(scope="", nonce="", prompt="", max_age="", login_hint="", unknown="x")
    response = server.browser(server.administrator).authorize(request)
    tokens = server.first.tokens(response)
    assert set(server.first.scopes) <= set(tokens["scope"].split())


@pytest.mark.parametrize("parameter", ["login_hint", "ui_locales", "display", "acr_values", "claims_locales", "audience", "utm_source"])
def test_unknown_and_harmless_parameters_do_no_harm(server: LatchkeyServer, parameter: str) -> None:
    """RFC 6749 §3.1: unrecognized parameters are ignored; protocol: hints are honoured or harmless."""
    response = server.browser(server.administrator).authorize(server.first.request(**{parameter: "fr-CA de <x>"}))
    assert response.code


@pytest.mark.parametrize(("changes", "status", "error"), [
    ({"grant_type": None}, 400, "invalid_request"),
    ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ({"grant_type": "implicit"}, 400, "unsupported_grant_type"),
    ({"grant_type": "client_credentials"}, 400, None),
    ({"code": None}, 400, "invalid_request"),
    ({"code": "lkc_unknown"}, 400, "invalid_grant"),
    ({"redirect_uri": None}, 400, None),
    ({"redirect_uri": "https://evil.example/"}, 400, "invalid_grant"),
    ({"code_verifier": None}, 400, "invalid_grant"),
    ({"code_verifier": "x" * 43}, 400, "invalid_grant"),
    ({"code_verifier": "short"}, 400, None),
    ({"code_verifier": "x" * 129}, 400, None),
])
def test_a_wrong_exchange_names_its_error_and_a_typo_uses_nothing_up(
    server: LatchkeyServer, changes: dict[str, str | None], status: int, error: str | None
) -> None:
    """RFC 6749 §5.2, RFC 7636 §4.6; protocol, Token endpoint: checks that a typo can fail come before the code is used up."""
    client = server.first
    response = server.browser(server.administrator).authorize(client.request())
    answer = client.exchange(response, **changes)
    assert answer.status_code == status
    assert answer.headers["Cache-Control"] == "no-store"
    assert error_of(answer) in ([error] if error else ["invalid_request", "invalid_grant", "unauthorized_client", "unsupported_grant_type"])
    assert client.exchange(response).status_code == 200, "the code was used up"


@pytest.mark.parametrize("name", ["grant_type", "code", "redirect_uri", "code_verifier", "client_id"])
def test_a_token_parameter_given_twice_is_invalid_request(server: LatchkeyServer, name: str) -> None:
    """RFC 6749 §3.2: request parameters must not be included more than once."""
    client = server.first
    response = server.browser(server.administrator).authorize(client.request())
    fields = [
        ("grant_type", "authorization_code"), ("code", response.code), ("redirect_uri", client.redirect_uri),
        ("code_verifier", response.request.verifier), ("client_id", client.client_id)]
    answer = server.caller.post(server.issuer + "/oauth2/token", **client.authenticated([*fields, dict_item(fields, name)]))
    assert error_of(answer) == "invalid_request"


def dict_item(fields: list[tuple[str, str]], name: str) -> tuple[str, str]:
    return next(field for field in fields if field[0] == name)


# MARK: Client authentication


def test_a_wrong_secret_is_401_with_a_challenge_where_basic_was_tried(server: LatchkeyServer) -> None:
    """RFC 6749 §5.2: 401 with `WWW-Authenticate` matching the scheme that was used."""
    url = server.issuer + "/oauth2/token"
    form = {"grant_type": "refresh_token", "refresh_token": "lkr_x"}
    tried = server.caller.post(url, data=form, headers={"Authorization": basic(server.first.client_id, "lks_wrong")})
    assert (tried.status_code, error_of(tried)) == (401, "invalid_client")
    assert tried.headers["WWW-Authenticate"].startswith("Basic")
    body = server.caller.post(url, data={**form, "client_id": server.private.client_id, "client_secret": "lks_wrong"})
    assert (body.status_code, error_of(body)) == (401, "invalid_client")
    assert "WWW-Authenticate" not in body.headers


def test_the_basic_scheme_is_case_insensitive_and_its_values_are_form_decoded(server: LatchkeyServer) -> None:
    """RFC 6749 §2.3.1, RFC 9110 §11.1; protocol, Token endpoint."""
    client = server.first
    tokens = server.grant(server.administrator, client)
    escaped = basic("".join(f"%{ord(each):02X}" for each in client.client_id), (client.client_secret or "").replace("-", "%2D").replace("_", "%5F"))
    for header in (escaped, escaped.replace("Basic", "bAsIc")):
        answer = server.caller.post(server.issuer + "/oauth2/token", headers={"Authorization": header}, data={
            "grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]})
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic YQ==", "Basic Og==", "Basic " + "QUFB" * 3000, "Bearer x", "Digest x", "Basic /w=="])
def test_a_broken_authorization_header_is_invalid_client(server: LatchkeyServer, header: str) -> None:
    """RFC 6749 §5.2; design §9: never a 500."""
    answer = server.caller.post(server.issuer + "/oauth2/token", headers={"Authorization": header}, data={
        "grant_type": "refresh_token", "refresh_token": "lkr_x"})
    assert answer.status_code in (400, 401)
    assert error_of(answer) in ("invalid_client", "invalid_request")


def test_two_methods_at_once_are_refused(server: LatchkeyServer) -> None:
    """RFC 6749 §2.3: not more than one authentication method in each request."""
    client = server.first
    tokens = server.grant(server.administrator, client)
    answer = server.caller.post(
        server.issuer + "/oauth2/token", headers={"Authorization": basic(client.client_id, client.client_secret or "")}, data={
            "grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": client.client_id,
            "client_secret": client.client_secret})
    assert error_of(answer) in ("invalid_request", "invalid_client")


def test_basic_and_body_must_name_the_same_client(server: LatchkeyServer) -> None:
    """RFC 6749 §3.2.1: one request, one client."""
    client = server.first
    response = server.browser(server.administrator).authorize(client.request())
    answer = client.exchange(response, client_id=server.rs256.client_id)
    assert error_of(answer) in ("invalid_request", "invalid_client", "invalid_grant")


def test_client_id_in_the_body_beside_basic_is_tolerated(server: LatchkeyServer) -> None:
    """RFC 6749 §4.1.3: real clients send `client_id` beside Basic."""
    client = server.first
    response = server.browser(server.administrator).authorize(client.request())
    assert client.exchange(response, client_id=client.client_id).status_code == 200


def test_offline_access_is_tolerated_unasked(server: LatchkeyServer) -> None:
    """Protocol, What real clients do: add `offline_access` unasked."""
    response = server.browser(server.administrator).authorize(server.first.request(["offline_access"]))
    tokens = server.first.tokens(response)
    assert "refresh_token" in tokens


def test_address_and_phone_are_ignored(server: LatchkeyServer) -> None:
    """Contract, Tokens: `address` and `phone` are ignored."""
    client = server.first
    tokens = server.grant(server.administrator, client, [*client.scopes, "openid", "address", "phone", "email", "profile"])
    assert not {"address", "phone"} & set(tokens["scope"].split())
    assert {"openid", "email", "profile"} <= set(tokens["scope"].split())


def test_a_page_names_both_strings_when_only_the_loopback_name_differs(server: LatchkeyServer) -> None:
    """Protocol, What real clients do: another loopback name than registered: a page that names both strings."""
    answer = server.browser(server.administrator).ask(server.native.request(redirect_uri="http://localhost/callback"))
    assert isinstance(answer, Page) and answer.status == 400
    assert "http://localhost/callback" in answer.text and "http://127.0.0.1/callback" in answer.text


def test_the_demo_app_goes_through_the_story(server: LatchkeyServer) -> None:
    """Issue, The story: the app connects, lists zones through the protected API, and is refused once it is revoked."""
    app, user = server.line["app"], server.new_user()
    browser = Browser(server)
    home = browser.session.get(app + "/")
    assert "Connect your account" in home.text
    answer = browser.session.get(urljoin(app + "/", Document(home.text).link_with("Connect your account")))
    authorization = answer.headers["Location"]
    assert authorization.startswith(server.metadata()["authorization_endpoint"])
    page = browser.get(authorization)
    assert isinstance(page, Page)
    page = browser.sign_in(user.email, user.password, page)
    assert isinstance(page, Page)
    back = browser.decide(page)
    assert isinstance(back, Departure) and back.location.startswith(app + "/callback?")
    connected = browser.session.get(back.location)
    for _ in range(3):
        if 300 <= connected.status_code < 400:
            connected = browser.session.get(urljoin(app + "/", connected.headers["Location"]))
    assert connected.status_code == 200 and server.line["accounts"][0]["name"] in connected.text
    assert "lka_" not in connected.text and "lkr_" not in connected.text
    apps = browser.page(server.line["pages"]["connected_apps"])
    own = browser.page(apps.html.link_with(server.first.name))
    browser.submit(own, own.html.form_with("action", "revoke"))
    after = browser.session.get(connected.url)
    assert server.line["accounts"][0]["name"] not in after.text or "no longer connected" in after.text


@pytest.mark.parametrize("parameter", ["scope", "state", "nonce", "code_challenge", "account", "prompt"])
def test_a_parameter_that_cannot_be_decoded_is_told_to_the_client(server: LatchkeyServer, parameter: str) -> None:
    """RFC 6749 §4.1.2.1: once client and redirect URI hold, every error goes there."""
    request = server.first.request()
    request.parameters.pop(parameter, None)
    for broken in ("%ff", "a%00b"):
        answer = server.browser(server.administrator).get(f"{request.url}&{parameter}={broken}")
        assert isinstance(answer, Departure) and answer.target == server.first.redirect_uri
        assert answer.parameters["error"] == "invalid_request"


def test_an_unknown_parameter_that_cannot_be_decoded_is_ignored(server: LatchkeyServer) -> None:
    """RFC 6749 §3.1: the server must ignore unrecognized parameters."""
    answer = server.browser(server.administrator).get(server.first.request(prompt="consent").url + "&tracking=%ff&%fe=1")
    assert isinstance(answer, Page) and answer.html.has_form_with("decision")


@pytest.mark.parametrize("parameter", ["client_id", "redirect_uri"])
def test_an_address_that_cannot_be_decoded_is_a_page(server: LatchkeyServer, parameter: str) -> None:
    """RFC 6749 §4.1.2.1: no redirect to what was not verified, nor to the registered default in its place."""
    request = server.first.request()
    request.parameters.pop(parameter)
    answer = server.browser(server.administrator).get(f"{request.url}&{parameter}=%ff")
    assert isinstance(answer, Page) and answer.status == 400 and parameter in answer.text


def test_a_narrowed_refresh_still_says_that_a_refresh_token_comes(server: LatchkeyServer) -> None:
    """Contract, Tokens: the granted scope names `offline_access` exactly when a refresh token comes. OIDC Core §5.4 for `address`."""
    client = server.first
    tokens = server.grant(server.new_user(), client)
    answer = client.refreshed(tokens["refresh_token"], scope=f"{client.scopes[0]} address phone")
    assert set(answer["scope"].split()) == {client.scopes[0], "offline_access"} and answer["refresh_token"]
