"""OpenID Connect: ID tokens, userinfo, prompt, max_age, hints, logout, and metadata that promises nothing that fails."""

from __future__ import annotations

import base64
import hashlib
import time
from urllib.parse import urlencode

import pytest
from jose import parts, published_keys, verified
from latchkey_server import Browser, Client, Departure, LatchkeyServer, Page, User, error_of, wait_until


def openid(client: Client) -> str:
    return "openid " + " ".join(client.required_scopes)


# MARK: ID tokens


@pytest.mark.parametrize(("kind", "algorithm"), [("first", "ES256"), ("rs256", "RS256"), ("native", "ES256")])
def test_the_id_token_verifies_with_the_published_keys(server: LatchkeyServer, person: User, kind: str, algorithm: str) -> None:
    """OpenID Connect Core §2, §3.1.3.6, §3.1.3.7: signature, issuer, audience, times, nonce, at_hash."""
    client = getattr(server, kind)
    begin = int(time.time())
    response = server.browser(person).authorize(client.request(openid(client), nonce="n-0S6_WzA2Mj"), person)
    tokens = client.tokens(response)
    header, claims = verified(server, tokens["id_token"])
    assert header["alg"] == algorithm and claims["iss"] == server.issuer
    assert claims["aud"] in (client.client_id, [client.client_id])
    assert claims["nonce"] == "n-0S6_WzA2Mj"
    assert begin - 5 <= claims["iat"] <= time.time() + 5 and claims["exp"] > claims["iat"]
    assert claims["sub"] == server.inspect(tokens["access_token"])["sub"]
    digest = hashlib.sha256(tokens["access_token"].encode()).digest()
    assert claims["at_hash"] == base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()
    assert claims["auth_time"] <= claims["iat"]


def test_an_eddsa_client_gets_eddsa(server: LatchkeyServer, person: User) -> None:
    """Issue, OAuth core: ES256 default, RS256 where a client asks for it, EdDSA."""
    client = server.new_client("Ed", "--id-token-algorithm", "EdDSA")
    tokens = client.tokens(server.browser(person).authorize(client.request(openid(client)), person))
    assert verified(server, tokens["id_token"])[0]["alg"] in ("EdDSA", "Ed25519")


def test_without_openid_there_is_no_id_token(server: LatchkeyServer) -> None:
    """OpenID Connect Core §3.1.2.1: without `openid` it is plain OAuth; userinfo refuses."""
    tokens = server.grant(server.administrator, server.first)
    assert "id_token" not in tokens
    answer = server.userinfo(tokens["access_token"])
    assert answer.status_code == 403 and 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


def test_a_refreshed_id_token_keeps_who_and_when(server: LatchkeyServer, person: User) -> None:
    """OpenID Connect Core §12.2: same iss, sub, aud, auth_time; no nonce, or the same one."""
    client = server.first
    tokens = client.tokens(server.browser(person).authorize(client.request(openid(client), nonce="once"), person))
    renewed = client.refreshed(tokens["refresh_token"])
    if "id_token" in renewed:
        _, old = verified(server, tokens["id_token"])
        _, new = verified(server, renewed["id_token"])
        assert all(old[name] == new[name] for name in ("iss", "sub", "aud", "auth_time"))
        assert new.get("nonce", "once") == "once"


def test_published_keys_hold_nothing_private(server: LatchkeyServer) -> None:
    """RFC 7517 §9.2: no private member in the key set; each key says its use and algorithm."""
    keys = published_keys(server)
    assert {"ES256", "RS256"} <= {key["alg"] for key in keys}
    assert len({key["kid"] for key in keys}) == len(keys)
    for key in keys:
        assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(key)
        assert key["use"] == "sig" and key["kty"] != "oct"


# MARK: Userinfo


def test_userinfo_gives_what_its_scopes_stand_for(server: LatchkeyServer, person: User) -> None:
    """Contract, Tokens; OpenID Connect Core §5.4: `profile` is name and preferred_username, `email` email and email_verified."""
    client = server.first
    bare = server.userinfo(server.grant(person, client, openid(client))["access_token"]).json()
    assert set(bare) == {"sub"}
    full = server.userinfo(server.grant(person, client, openid(client) + " profile email")["access_token"]).json()
    assert {"sub", "name", "preferred_username", "email", "email_verified"} <= set(full)
    assert full["sub"] == bare["sub"] and full["email"] == person.email and isinstance(full["email_verified"], bool)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_userinfo_is_answered_by_get_and_post(server: LatchkeyServer, method: str) -> None:
    """OpenID Connect Core §5.3.1."""
    token = server.grant(server.administrator, server.first, openid(server.first))["access_token"]
    answer = server.caller.request(method, server.issuer + "/oauth2/userinfo", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("application/json")


def test_userinfo_without_a_token_is_401_without_error(server: LatchkeyServer) -> None:
    """Contract, Tokens: a 401 without `error` where no token was sent, on userinfo too (RFC 6750 §3.1)."""
    answer = server.userinfo(None)
    assert answer.status_code == 401 and "error=" not in answer.headers["WWW-Authenticate"]
    wrong = server.userinfo("lka_wrong")
    assert wrong.status_code == 401 and 'error="invalid_token"' in wrong.headers["WWW-Authenticate"]


# MARK: prompt, max_age, hints


def test_prompt_none_without_a_session_is_login_required(server: LatchkeyServer) -> None:
    """OpenID Connect Core §3.1.2.6."""
    answer = Browser(server).ask(server.first.request(openid(server.first), prompt="none"))
    assert isinstance(answer, Departure) and answer.parameters["error"] == "login_required"
    assert answer.parameters["iss"] == server.issuer and answer.parameters["state"]


def test_prompt_none_without_consent_is_consent_required(server: LatchkeyServer, person: User) -> None:
    """OpenID Connect Core §3.1.2.6."""
    answer = server.browser(person).ask(server.first.request(openid(server.first), prompt="none"))
    assert isinstance(answer, Departure) and answer.parameters["error"] in ("consent_required", "interaction_required")


def test_prompt_none_inside_the_grant_is_silent(server: LatchkeyServer, person: User) -> None:
    """OpenID Connect Core §3.1.2.1: prompt=none succeeds where nothing must be asked."""
    client = server.first
    server.grant(person, client, openid(client))
    answer = server.browser(person).ask(client.request(openid(client), prompt="none"))
    assert isinstance(answer, Departure) and "code" in answer.parameters


def test_prompt_login_asks_for_the_password_again(server: LatchkeyServer, person: User) -> None:
    """OpenID Connect Core §3.1.2.1: reauthentication, and auth_time says so."""
    client = server.first
    browser = Browser(server).signed_in_as(person)
    before = verified(server, client.tokens(browser.authorize(client.request(openid(client))))["id_token"])[1]["auth_time"]
    wait_until(before + 1)
    request = client.request(openid(client), prompt="login")
    page = browser.ask(request)
    assert isinstance(page, Page) and page.html.has_form_with("password")
    response = browser.authorize(request, person)
    assert verified(server, client.tokens(response)["id_token"])[1]["auth_time"] > before


def test_prompt_login_is_not_passed_by_going_back(server: LatchkeyServer, person: User) -> None:
    """CVE-2026-18963's kind: each step checks its own proof: the consent page cannot be reached around a sign-in that is asked."""
    client = server.first
    browser = Browser(server).signed_in_as(person)
    page = browser.ask(client.request(openid(client), prompt="login"))
    assert isinstance(page, Page)
    pending = page.html.form_with("password").value("request")
    if pending:
        answer = browser.get(f"/consent/{pending}")
        assert isinstance(answer, Page) and not answer.html.has_form_with("decision")


def test_max_age_asks_again_when_the_sign_in_is_too_old(server: LatchkeyServer, person: User) -> None:
    """OpenID Connect Core §3.1.2.1: max_age; zero asks always."""
    client = server.first
    browser = Browser(server).signed_in_as(person)
    assert not _asks_password(browser.ask(client.request(openid(client), max_age="1000")))
    wait_until(time.time() + 2)
    assert _asks_password(browser.ask(client.request(openid(client), max_age="1")))
    assert _asks_password(browser.ask(client.request(openid(client), max_age="0")))
    silent = browser.ask(client.request(openid(client), max_age="1", prompt="none"))
    assert isinstance(silent, Departure) and silent.parameters["error"] == "login_required"


def test_after_max_age_zero_one_sign_in_is_enough(server: LatchkeyServer, person: User) -> None:
    """OpenID Connect Core §3.1.2.1: no circle: the sign-in that was asked for is fresh."""
    client = server.first
    response = Browser(server).authorize(client.request(openid(client), max_age="0"), person)
    assert "auth_time" in parts(client.tokens(response)["id_token"])[1]


def _asks_password(answer: Page | Departure) -> bool:
    return isinstance(answer, Page) and answer.html.has_form_with("password")


def test_prompt_consent_asks_though_all_is_granted(server: LatchkeyServer, person: User) -> None:
    """OpenID Connect Core §3.1.2.1; protocol, Consent."""
    server.grant(person, server.first)
    assert server.browser(person).consent_page(server.first.request(prompt="consent"))


def test_prompt_select_account_is_honoured_or_harmless(server: LatchkeyServer, person: User) -> None:
    """Protocol: `select_account` is honoured or harmless."""
    answer = server.browser(person).ask(server.first.request(openid(server.first), prompt="select_account"))
    assert isinstance(answer, Page) and answer.status == 200


def test_a_hint_at_somebody_else_is_not_answered_with_this_user(server: LatchkeyServer, person: User) -> None:
    """OpenID Connect Core §3.1.2.1: `id_token_hint` names another user: `login_required`, never a code for this one."""
    client = server.first
    foreign = server.grant(server.administrator, client, openid(client))["id_token"]
    own = server.grant(person, client, openid(client))["id_token"]
    browser = server.browser(person)
    refused = browser.ask(client.request(openid(client), prompt="none", id_token_hint=foreign))
    assert isinstance(refused, Departure) and refused.parameters["error"] == "login_required"
    granted = browser.ask(client.request(openid(client), prompt="none", id_token_hint=own))
    assert isinstance(granted, Departure) and "code" in granted.parameters


def test_login_hint_fills_in_the_address(server: LatchkeyServer) -> None:
    """OpenID Connect Core §3.1.2.1: `login_hint` is honoured or harmless, and inert."""
    for hint in ("ada@example.com", '"><script>alert(1)</script>'):
        page = Browser(server).ask(server.first.request(login_hint=hint))
        assert isinstance(page, Page) and "<script>alert" not in page.response.text


# MARK: Logout


def test_logout_with_a_hint_redirects_and_signs_out(server: LatchkeyServer, person: User) -> None:
    """OpenID Connect RP-Initiated Logout §2, §3."""
    client = server.first
    browser = Browser(server).signed_in_as(person)
    tokens = client.tokens(browser.authorize(client.request(openid(client))))
    uri = client.post_logout_redirect_uris[0]
    answer = browser.get("/oauth2/logout?" + urlencode({
        "id_token_hint": tokens["id_token"], "post_logout_redirect_uri": uri, "state": "s&t"}))
    assert isinstance(answer, Departure) and answer.target == uri and answer.parameters["state"] == "s&t"
    assert browser.page("/connected-apps").html.has_form_with("password")


def test_logout_without_a_hint_asks_then_redirects_to_a_registered_uri(server: LatchkeyServer, person: User) -> None:
    """Contract, Tokens: logout without a valid hint asks on a page, then may redirect to a registered URI of the named client."""
    client = server.first
    uri = client.post_logout_redirect_uris[0]
    browser = Browser(server).signed_in_as(person)
    page = browser.page("/oauth2/logout?" + urlencode({"client_id": client.client_id, "post_logout_redirect_uri": uri, "state": "x"}))
    assert not browser.page("/connected-apps").html.has_form_with("password"), "signed out unasked"
    form = next(form for form in page.html.forms if form.has("csrf"))
    answer = browser.submit(page, form)
    assert browser.page("/connected-apps").html.has_form_with("password")
    if isinstance(answer, Departure):
        assert answer.target == uri and answer.parameters["state"] == "x"


@pytest.mark.parametrize("uri", ["https://evil.example/", "{}x", "{}/../x", "{}?x=1", "javascript:alert(1)", "//evil.example", ""])
def test_logout_never_redirects_to_what_is_not_registered(server: LatchkeyServer, person: User, uri: str) -> None:
    """RP-Initiated Logout §3: the value must have been registered; design §9: no redirect to a URI that was not verified."""
    client = server.first
    browser = Browser(server).signed_in_as(person)
    tokens = client.tokens(browser.authorize(client.request(openid(client))))
    place = uri.format(client.post_logout_redirect_uris[0])
    for parameters in ({"id_token_hint": tokens["id_token"]}, {"client_id": client.client_id}, {}):
        answer = browser.get("/oauth2/logout?" + urlencode({**parameters, "post_logout_redirect_uri": place}))
        assert isinstance(answer, Page), f"left for {answer.location}"


def test_a_hint_of_another_client_does_not_open_that_clients_uri(server: LatchkeyServer, person: User) -> None:
    """RP-Initiated Logout §2: `client_id` must be the audience of the hint."""
    tokens = server.grant(person, server.first, openid(server.first))
    browser = server.browser(person)
    answer = browser.get("/oauth2/logout?" + urlencode({
        "id_token_hint": tokens["id_token"], "client_id": server.rs256.client_id,
        "post_logout_redirect_uri": server.rs256.post_logout_redirect_uris[0]}))
    assert isinstance(answer, Page)


def test_a_forged_hint_asks(server: LatchkeyServer, person: User) -> None:
    """RP-Initiated Logout §6: without a hint that proves it, the user confirms."""
    client = server.first
    browser = Browser(server).signed_in_as(person)
    header, claims, signature = client.tokens(browser.authorize(client.request(openid(client))))["id_token"].split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    for hint in (f"{none}.{claims}.", f"{header}.{claims}.", f"{header}.{claims}.{signature[::-1]}", "x", "..", ""):
        browser.get("/oauth2/logout?" + urlencode({"id_token_hint": hint}))
        assert not browser.page("/connected-apps").html.has_form_with("password"), hint


def test_logout_of_nobody_is_a_page(server: LatchkeyServer) -> None:
    """RP-Initiated Logout §2: the user may be signed out already."""
    answer = Browser(server).get("/oauth2/logout")
    assert isinstance(answer, Page) and answer.status == 200


# MARK: Metadata


def test_both_documents_say_the_same(server: LatchkeyServer) -> None:
    """Protocol: metadata lists exactly what works today, in both documents (RFC 8414 §3, OpenID Connect Discovery §4)."""
    oauth = server.caller.get(server.issuer + "/.well-known/oauth-authorization-server").json()
    oidc = server.metadata()
    shared = set(oauth) & set(oidc)
    assert {"issuer", "authorization_endpoint", "token_endpoint", "jwks_uri"} <= shared
    assert all(oauth[name] == oidc[name] for name in shared)
    assert oauth["issuer"] == server.issuer


def test_required_metadata_is_there_and_nothing_unsafe(server: LatchkeyServer) -> None:
    """RFC 8414 §2, OpenID Connect Discovery §3; GHSA-9h47-pqcx-hjr4: never `none` as algorithm nor `plain`."""
    metadata = server.metadata()
    required = {
        "issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported", "subject_types_supported",
        "id_token_signing_alg_values_supported", "grant_types_supported", "code_challenge_methods_supported"}
    assert required <= set(metadata)
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert metadata["response_types_supported"] == ["code"]
    assert "none" not in metadata["id_token_signing_alg_values_supported"]
    assert metadata["authorization_response_iss_parameter_supported"] is True
    assert not {"implicit", "password"} & set(metadata["grant_types_supported"])


def test_every_listed_endpoint_answers(server: LatchkeyServer) -> None:
    """Issue, Done when: the metadata promises nothing that fails: no listed endpoint is a 404 or a 500."""
    for name, value in server.metadata().items():
        if isinstance(value, str) and (name.endswith("_endpoint") or name == "jwks_uri"):
            assert value.startswith(server.issuer + "/")
            statuses = {server.caller.request(method, value).status_code for method in ("GET", "POST")}
            assert not statuses & {404, 500, 501}, (name, statuses)
            assert statuses - {405}, name


def test_every_listed_authentication_method_works(server: LatchkeyServer, person: User) -> None:
    """Metadata lists exactly what works: each token endpoint method belongs to a client that can refresh with it."""
    listed = set(server.metadata()["token_endpoint_auth_methods_supported"])
    clients = {client.method: client for client in (server.first, server.native, server.private)}
    # What signs with a key of its own has tests of its own.
    assert listed == {*clients, "private_key_jwt"}
    for method, client in clients.items():
        user = server.member_of_both if client.visibility == "private" else person
        tokens = server.grant(user, client)
        assert client.refresh(tokens["refresh_token"]).status_code == 200, method


def test_every_listed_grant_type_is_known_and_no_other(server: LatchkeyServer) -> None:
    """Metadata lists exactly what works: a listed grant fails for its parameters, another as unsupported."""
    listed = set(server.metadata()["grant_types_supported"])
    every = listed | {
        "password", "client_credentials", "urn:ietf:params:oauth:grant-type:device_code", "implicit",
        "urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:grant-type:token-exchange"}
    for grant in every:
        error = error_of(server.first.post("/oauth2/token", {"grant_type": grant}))
        if grant in listed:
            assert error != "unsupported_grant_type", grant
        else:
            assert error in ("unsupported_grant_type", "unauthorized_client"), grant


def test_every_listed_scope_and_prompt_works(server: LatchkeyServer, person: User) -> None:
    """Metadata lists exactly what works."""
    metadata = server.metadata()
    client = server.first
    for scope in metadata["scopes_supported"]:
        answer = server.browser(person).ask(client.request([scope, *client.required_scopes]))
        assert not (isinstance(answer, Departure) and "error" in answer.parameters), scope
    for prompt in metadata.get("prompt_values_supported", []):
        answer = server.browser(person).ask(client.request(openid(client), prompt=prompt))
        if isinstance(answer, Departure):
            assert answer.parameters.get("error") in (None, "consent_required", "interaction_required"), prompt


def test_listed_claims_come(server: LatchkeyServer, person: User) -> None:
    """Metadata lists exactly what works: each claim is in the ID token or at userinfo."""
    client = server.first
    response = server.browser(person).authorize(client.request(openid(client) + " profile email", nonce="n"), person)
    tokens = client.tokens(response)
    seen = set(verified(server, tokens["id_token"])[1]) | set(server.userinfo(tokens["access_token"]).json())
    assert set(server.metadata()["claims_supported"]) <= seen


def test_the_documents_may_be_cached_and_the_host_header_changes_nothing(server: LatchkeyServer) -> None:
    """GHSA-2wmj-46rj-qm2w (ZITADEL); protocol: issuer = the configured public URL, never a request header."""
    for headers in ({"Host": "evil.example"}, {"X-Forwarded-Host": "evil.example"}, {"Forwarded": "host=evil.example;proto=https"},
                    {"X-Forwarded-Proto": "https", "X-Forwarded-Port": "444"}, {"X-Original-URL": "https://evil.example/"}):
        for path in ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"):
            answer = server.caller.get(server.issuer + path, headers=headers)
            assert "evil.example" not in answer.text and answer.json()["issuer"] == server.issuer
        page = server.caller.get(server.issuer + "/connected-apps", headers=headers)
        assert "evil.example" not in page.text + str(page.headers)


def test_protected_resource_metadata_is_where_the_challenge_says(server: LatchkeyServer) -> None:
    """RFC 9728 §5.1; protocol, Helpful refusals: `resource_metadata` in the challenge is answered."""
    challenge = server.verify("GET", "/accounts").headers["WWW-Authenticate"]
    if "resource_metadata=" in challenge:
        url = challenge.split('resource_metadata="')[1].split('"')[0]
        body = server.caller.get(url).json()
        assert server.issuer in body["authorization_servers"]
