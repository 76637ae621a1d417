"""Pages: scripts in values, forged forms, frames, and consent that is not one's own."""

from __future__ import annotations

import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
from latchkey_server import Browser, Caller, Departure, LatchkeyServer, Page, User, at_once, eventually, wait_until

SCRIPT = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}${7*7}#{7*7}<%= 7*7 %>"
EVENT_HANDLER = re.compile(r"^on[a-z]+$")


def is_inert(page: Page) -> None:
    """Nothing that was sent became markup, and no policy that would let it run is missing."""
    source = page.response.text
    assert "<script>alert" not in source and "<img src=x" not in source
    for tag, values in page.html.tags:
        assert not any(EVENT_HANDLER.match(name) for name in values), (tag, values)
        assert not any((value or "").strip().lower().startswith("javascript:") for value in values.values())
        assert tag != "script" or values.get("src"), "no inline script"
    guarded(page)


def guarded(page: Page) -> None:
    """A policy that forbids inline script and frames; no sniffing; nothing kept (RFC 9700 §4.16; design §9)."""
    headers = page.response.headers
    policy = {part.split()[0]: part.split()[1:] for part in headers["Content-Security-Policy"].split(";") if part.strip()}
    assert policy["frame-ancestors"] == ["'none'"]
    script = policy.get("script-src", policy.get("default-src", ["*"]))
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "data:", "https:", "http:"} & set(script)
    assert policy.get("base-uri") in (["'none'"], ["'self'"])
    assert policy.get("object-src", policy.get("default-src")) == ["'none'"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"].upper() == "DENY"
    assert headers["Referrer-Policy"] in ("no-referrer", "same-origin")
    assert "no-store" in headers["Cache-Control"]


# MARK: Scripts in values


@pytest.mark.parametrize("name", [
    "client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "code_challenge", "code_challenge_method", "prompt", "max_age",
    "login_hint", "ui_locales", "id_token_hint", "account", "request", "request_uri", "response_mode", "resource", "display", "claims"])
def test_every_request_value_is_rendered_inert(server: LatchkeyServer, name: str) -> None:
    """CVE-2016-4977, CVE-2018-1260 (Spring OAuth): template evaluation in response_type and scope; design §9: HTML unescaped."""
    request = server.first.request(**{name: SCRIPT})
    for browser in (server.browser(server.administrator), Browser(server)):
        answer = browser.ask(request)
        if isinstance(answer, Page):
            is_inert(answer)
            assert "49" not in [word.strip('"<>') for word in answer.text.split()]
        else:
            assert "<script>" not in answer.location


def test_markup_in_a_state_survives_the_pages_inert(server: LatchkeyServer, person: User) -> None:
    """CVE-2024-21637 (authentik): script through a value that passes every page on its way."""
    request = server.first.request(state=SCRIPT)
    browser = Browser(server)
    page = browser.ask(request)
    assert isinstance(page, Page)
    is_inert(page)
    page = browser.sign_in(person.email, person.password, page)
    assert isinstance(page, Page)
    is_inert(page)
    answer = browser.decide(page)
    assert isinstance(answer, Departure) and answer.parameters["state"] == SCRIPT


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "Good\u202eeliveD", "Goo\u200bd", "<img src=x onerror=alert(2)>", "{{frame}}"])
def test_a_clients_name_is_refused_or_inert(server: LatchkeyServer, name: str) -> None:
    """CVE-2018-1000088 (Doorkeeper): stored script through a client's name; its siblings: right-to-left and zero-width characters."""
    result = server.command(
        "client", "add", name, "--account", server.accounts[0], "--redirect-uri", "https://named.example/cb", "--scope",
        server.first.scopes[0], "--public")
    if result.returncode != 0:
        assert result.returncode in (1, 2)
        return
    client = server.first
    request = client.request(client_id=json.loads(result.stdout)["client_id"], redirect_uri="https://named.example/cb", scope=client.scopes[0])
    page = server.browser(server.administrator).ask(request)
    assert isinstance(page, Page)
    is_inert(page)
    assert "\u202e" not in page.response.text and "\u200b" not in page.response.text


@pytest.mark.parametrize("path", [
    "/<script>alert(1)</script>", "/login?request=<script>alert(1)</script>", "/consent/<script>alert(1)</script>",
    "/connected-apps/<script>alert(1)</script>", "/oauth2/logout?state=<script>alert(1)</script>&client_id=<script>alert(1)</script>",
    "/sessions?x=<script>alert(1)</script>", "/oauth2/userinfo/<script>alert(1)</script>"])
def test_an_address_is_rendered_inert(server: LatchkeyServer, path: str) -> None:
    """Reflected script: error pages, too, are pages."""
    for browser in (server.browser(server.administrator), Browser(server)):
        answer = browser.get(path)
        assert isinstance(answer, Page) and "<script>alert" not in answer.response.text


def test_what_is_typed_into_forms_is_rendered_inert(server: LatchkeyServer) -> None:
    """Reflected script: a form that is shown again with what was typed."""
    browser = Browser(server, address="127.0.0.11")
    answer = browser.sign_in(SCRIPT, SCRIPT)
    assert isinstance(answer, Page)
    is_inert(answer)
    page = server.browser(server.limited).consent_page(server.rs256.request(prompt="consent"))
    form = page.html.form_with("decision")
    answer = server.browser(server.limited).submit(page, form, {
        "scope": [SCRIPT], "account": [SCRIPT], "lifetime": SCRIPT, "scope_search": SCRIPT, "account_search": SCRIPT, "template": SCRIPT})
    assert isinstance(answer, Page)
    is_inert(answer)


def test_a_user_agent_is_rendered_inert(server: LatchkeyServer, person: User) -> None:
    """Stored script through the user agent that Sessions and Connected apps show."""
    browser = Browser(server, user_agent=SCRIPT).signed_in_as(person)
    browser.authorize(server.first.request(), person)
    is_inert(browser.page("/sessions"))
    apps = browser.page("/connected-apps")
    is_inert(apps)
    is_inert(browser.page(apps.html.link_with(server.first.name)))


# MARK: Frames and policies


@pytest.mark.parametrize("path", ["/login", "/connected-apps", "/sessions", "/sign-out", "/oauth2/logout", "/consent/none", "/nowhere", "/oauth2/auth"])
def test_no_page_can_be_framed_or_run_foreign_script(server: LatchkeyServer, path: str) -> None:
    """RFC 9700 §4.16, RFC 6749 §10.13: clickjacking; design §9: a page that can be framed must never be."""
    for browser in (server.browser(server.administrator), Browser(server)):
        guarded(browser.page(path))


def test_the_consent_page_loads_nothing_from_elsewhere(server: LatchkeyServer, person: User) -> None:
    """CVE-2021-26715 (MITREid): logos are never fetched; no other origin learns of the consent."""
    page = server.browser(person).consent_page(server.first.request())
    guarded(page)
    for tag, values in page.html.tags:
        for name in ("src", "srcset", "data", "poster", "formaction", "ping"):
            assert not (values.get(name) or "").startswith(("http:", "https:", "//")), (tag, values)
        if tag == "link":
            assert not (values.get("href") or "").startswith(("http:", "https:", "//"))
    assert not [values for tag, values in page.html.tags if "style" in values], "the policy would block it"


# MARK: Forged forms


def _forgeries(token: str | None, foreign: str) -> list[str | None]:
    return [None, "", "x", foreign, (token or "x")[:-1], (token or "x").swapcase()]


def test_signing_in_needs_the_forms_own_token(server: LatchkeyServer, person: User) -> None:
    """Login CSRF (RFC 6749 §10.12): nobody is signed in by another site, as somebody else."""
    foreign = Browser(server).page("/login").html.form_with("password").value("csrf") or ""
    for forged in _forgeries("x" * 20, foreign):
        browser = Browser(server)
        browser.page("/login")
        fields = {"email": person.email, "password": person.password, **({"csrf": forged} if forged is not None else {})}
        answer = browser.post("/login", fields)
        assert isinstance(answer, Page) and answer.status in (400, 403), forged
        assert browser.page("/connected-apps").html.has_form_with("password"), f"signed in with {forged!r}"


def test_consent_needs_the_pages_own_token(server: LatchkeyServer, person: User) -> None:
    """CVE-2022-39222 / GHSA-vh7g-p26c-j2cw (Dex): consent is bound to the browser session and the request."""
    client = server.first
    browser = server.browser(person)
    page = browser.consent_page(client.request())
    form = page.html.form_with("decision")
    foreign = Browser(server).page("/login").html.form_with("password").value("csrf") or ""
    other = server.browser(server.limited).consent_page(server.rs256.request(prompt="consent")).html.form_with("decision").value("csrf")
    for forged in [*_forgeries(form.value("csrf"), foreign), other]:
        answer = browser.submit(page, form, {"csrf": forged}, ("decision", "allow"))
        assert isinstance(answer, Page) and answer.status in (400, 403), forged
    assert client.name not in browser.page("/connected-apps").text


def test_a_consent_page_is_for_the_browser_that_asked(server: LatchkeyServer, person: User) -> None:
    """CVE-2022-39222 (Dex): the victim's code was stolen by finishing an approval elsewhere: another session, even of the same
    user, or none, neither sees nor answers it."""
    client = server.first
    page = server.browser(person).consent_page(client.request())
    form = page.html.form_with("decision")
    strangers = [Browser(server), server.browser(server.limited), Browser(server).signed_in_as(person)]
    for stranger in strangers:
        seen = stranger.get(page.url)
        assert isinstance(seen, Page) and not seen.html.has_form_with("decision"), "sees it"
        answer = stranger.submit(page, form, button=("decision", "allow"))
        assert isinstance(answer, Page) and answer.status in (200, 400, 403, 404), "answers it"
    assert client.name not in server.browser(person).page("/connected-apps").text


def test_a_consent_page_can_be_answered_once(server: LatchkeyServer, person: User) -> None:
    """Protocol, Consent: bound by a one-time token: going back and allowing again gives no second code."""
    client = server.first
    browser = server.browser(person)
    page = browser.consent_page(client.request())
    form = page.html.form_with("decision")
    first = browser.submit(page, form, button=("decision", "allow"))
    assert isinstance(first, Departure) and "code" in first.parameters
    for decision in ("allow", "deny"):
        again = browser.submit(page, form, button=("decision", decision))
        assert isinstance(again, Page) and again.status in (400, 403, 404, 410)


def test_twenty_answers_at_once_give_one_code(server: LatchkeyServer, person: User) -> None:
    """Design §9: no check-then-act across an await: the one-time token is used up atomically."""
    client = server.first
    browser = server.browser(person)
    page = browser.consent_page(client.request())
    form = page.html.form_with("decision")
    cookies = dict(browser.session.cookies)

    def answer(_: int) -> str | None:
        caller = Caller()
        caller.cookies.update(cookies)
        response = caller.post(page.url, data=[*form.fields(), ("decision", "allow")], headers={"Origin": server.issuer})
        location = response.headers.get("Location", "")
        return location if "code=" in location else None

    assert len([location for location in at_once(20, answer) if location]) == 1


def test_the_request_lives_on_the_server(server: LatchkeyServer, person: User) -> None:
    """CVE-2018-15758 (Spring OAuth): the approval endpoint could modify the saved request; tampered fields are ignored."""
    client = server.first
    request = client.request(client.required_scopes)
    browser = server.browser(person)
    page = browser.consent_page(request)
    form = page.html.form_with("decision")
    visible = " ".join(value for name, value in form.fields() if name != "csrf")
    assert client.redirect_uri not in visible and request.parameters["code_challenge"] not in visible
    answer = browser.submit(page, form, {
        "client_id": server.rs256.client_id, "redirect_uri": "https://evil.example/", "state": "forged", "code_challenge": "x" * 43,
        "response_type": "token", "user": server.limited.email, "user_id": "0" * 32, "requested_scope": "worker.write",
        "scopes": "worker.write", "scope": [*client.required_scopes, *client.optional_scopes]}, ("decision", "allow"))
    assert isinstance(answer, Departure) and answer.target == client.redirect_uri
    assert answer.parameters["state"] == request.parameters["state"]
    tokens = client.post("/oauth2/token", {
        "grant_type": "authorization_code", "code": answer.parameters["code"], "redirect_uri": client.redirect_uri,
        "code_verifier": request.verifier}).json()
    assert not set(tokens["scope"].split()) & set(client.optional_scopes)


def test_the_same_in_the_query_of_the_post(server: LatchkeyServer, person: User) -> None:
    """CVE-2018-15758's sibling: parameters in the query of the form's address."""
    client = server.first
    browser = server.browser(person)
    page = browser.consent_page(client.request())
    form = page.html.form_with("decision")
    answer = browser.post(page.url + "?redirect_uri=https://evil.example/&scope=worker.write&decision=allow", [*form.fields(), ("decision", "deny")])
    assert isinstance(answer, Page) or (answer.target == client.redirect_uri and answer.parameters["error"] == "access_denied")


def test_consent_is_not_given_by_a_get(server: LatchkeyServer, person: User) -> None:
    """RFC 9110 §9.2.1: GET changes nothing."""
    client = server.first
    browser = server.browser(person)
    page = browser.consent_page(client.request())
    form = page.html.form_with("decision")
    answer = browser.get(page.url, params=[*form.fields(), ("decision", "allow")])
    assert isinstance(answer, Page)
    assert client.name not in browser.page("/connected-apps").text


def test_connected_apps_and_sessions_need_their_own_tokens(server: LatchkeyServer, person: User) -> None:
    """Design §9: no form without a CSRF token."""
    tokens = server.grant(person, server.first)
    browser = server.browser(person)
    app = browser.page(browser.page("/connected-apps").html.link_with(server.first.name))
    sessions = browser.page("/sessions")
    pages = [(app, form) for form in app.html.forms if form.has("action")] + [(sessions, form) for form in sessions.html.forms]
    pages.append((browser.page("/sign-out"), browser.page("/sign-out").html.form_with("csrf")))
    assert len(pages) >= 5
    for page, form in pages:
        assert form.method == "post" and form.value("csrf"), form.action
        for forged in (None, "", "x" * 43):
            answer = browser.submit(page, form, {"csrf": forged})
            # A form that holds nothing but its token is, without it, sent without a media type.
            assert isinstance(answer, Page) and answer.status in (400, 403, 415), (form.action, forged)
    assert server.is_active(tokens["access_token"])
    assert not browser.page("/connected-apps").html.has_form_with("password")


def test_another_origin_cannot_post_a_form(server: LatchkeyServer, person: User) -> None:
    """OWASP CSRF: a foreign `Origin` is refused even where everything else fits, or the cookies are SameSite."""
    browser = Browser(server)
    page = browser.page("/login")
    fields = {**dict(page.html.form_with("password").fields()), "email": person.email, "password": person.password}
    response = browser.session.post(server.issuer + "/login", data=fields, headers={
        "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"})
    cookies = [cookie.lower() for cookie in browser.session.get(server.issuer + "/login").raw.headers.getlist("Set-Cookie")]
    assert response.status_code in (400, 403) or all("samesite=lax" in each or "samesite=strict" in each for each in cookies)


# MARK: Sessions


def test_the_session_is_rotated_at_sign_in(server: LatchkeyServer, person: User) -> None:
    """Session fixation (issue, People: rotated at sign-in): a cookie planted before signing in is worth nothing after."""
    browser = Browser(server)
    page = browser.page("/login")
    planted = dict(browser.session.cookies)
    browser.sign_in(person.email, person.password, page)
    attacker = Browser(server)
    attacker.session.cookies.update(planted)
    assert attacker.page("/connected-apps").html.has_form_with("password")
    again = dict(browser.session.cookies)
    browser.authorize(server.first.request(prompt="login"), person)
    thief = Browser(server)
    thief.session.cookies.update(again)
    assert thief.page("/connected-apps").html.has_form_with("password"), "signing in again keeps the old session alive"


@pytest.mark.parametrize("value", ["", "x", "0" * 64, "../../etc", "\u00e9", "'", "a" * 4000])
def test_a_made_up_session_is_nobody(server: LatchkeyServer, value: str) -> None:
    """Design §9: never a 500 for bad input."""
    names = list(server.browser(server.limited).session.cookies.keys())
    for name in names:
        response = Caller().get(server.issuer + "/connected-apps", headers={"Cookie": f"{name}={value}".encode()})
        assert response.status_code in (200, 303, 400, 401)
        assert server.limited.email not in response.text


def test_a_session_is_no_token(server: LatchkeyServer, person: User) -> None:
    """Protocol: every credential carries its type."""
    browser = Browser(server).signed_in_as(person)
    for value in browser.session.cookies.values():
        assert server.userinfo(value).status_code == 401
        assert not server.is_active(value)
        assert server.verify("GET", "/accounts", value).status_code == 401
        assert server.manage("GET", "/user/authorizations", value).status_code == 401
    with_cookie = browser.session.get(server.management + "/user/authorizations")
    assert with_cookie.status_code == 401, "the API takes bearer tokens alone: a cookie would make it forgeable"


# MARK: Injection


@pytest.mark.parametrize("value", ["' or '1'='1", "'; drop table users; --", "\" or 1=1 --", "%' or '1'='1", "\\", "\x1a", "$1", "?1"])
def test_sql_in_values_is_data(server: LatchkeyServer, value: str) -> None:
    """Design §9: SQL built from a string must never be."""
    browser = Browser(server, address="127.0.0.12")
    answer = browser.sign_in(value, value)
    assert isinstance(answer, Page) and answer.status < 500 and answer.html.has_form_with("password")
    for form in ({"grant_type": "refresh_token", "refresh_token": value}, {"grant_type": "authorization_code", "code": value,
                 "redirect_uri": value, "code_verifier": "x" * 43}):
        assert server.first.post("/oauth2/token", form).status_code == 400
    assert server.first.revoke(value).status_code in (200, 400)
    if value.isprintable():
        assert server.manage("GET", "/user/authorizations", value).status_code == 401
    assert server.manage("GET", f"/user/authorizations/{quote(value, safe='')}", server.api_token(server.limited)).status_code in (400, 404)
    assert server.verify("GET", f"/accounts/{quote(value, safe='')}/zones").status_code in (401, 403)


def test_headers_cannot_be_split(server: LatchkeyServer, person: User) -> None:
    """CWE-113: a line break in a value that comes back in a header."""
    client = server.first
    server.grant(person, client)
    answer = server.browser(person).ask(client.request(state="x\r\nSet-Cookie: a=b\r\n\r\n<script>"))
    assert isinstance(answer, Departure)
    assert "a" not in answer.response.cookies and "\r" not in answer.location and "\n" not in answer.location


def test_two_consents_do_not_add_up_to_a_third(own: LatchkeyServer) -> None:
    """Protocol, Consent: asked whenever the request is not inside what is granted: nobody allowed writing in the second account."""
    user, client = own.member_of_both, own.first
    first, second = own.accounts[:2]
    reading = [label for label in client.scopes if label.endswith(".read")]
    writing = [*reading, "dns.write"]
    own.grant(user, client, reading, accounts=[first, second], lifetime="0")
    own.grant(user, client, writing, accounts=[first], lifetime="3600")
    browser = own.browser(user)
    assert isinstance(browser.ask(client.request(reading)), Departure)
    silent = client.tokens(browser.authorize(client.request(writing)))
    target = "/accounts/{}/zones/x/dns_records"
    assert own.verify("POST", target.format(first), silent["access_token"]).status_code == 200
    assert own.verify("POST", target.format(second), silent["access_token"]).status_code == 403
    assert own.inspect(silent["refresh_token"])["exp"] <= time.time() + 3600


def test_a_request_without_a_page_does_not_undo_a_revocation(server: LatchkeyServer) -> None:
    """Design §9: no check-then-act across an await: an app that asks on and on while the user revokes gets nothing back."""
    user, client = server.new_user(), server.first
    browser = server.browser(user)
    cookies = browser.session.cookies.copy()
    for _ in range(8):
        tokens = server.grant(user, client)
        own = server.manage("GET", "/authorizations/self", tokens["access_token"]).json()["result"]["id"]
        ended = threading.Event()

        def ask(_: int) -> None:
            caller = Caller()
            caller.cookies = cookies.copy()
            while not ended.is_set():
                caller.get(client.request(prompt="none").url)

        with ThreadPoolExecutor(4) as pool:
            asking = [pool.submit(ask, index) for index in range(4)]
            page = browser.page(f"/connected-apps/{own}")
            form = next(form for form in page.html.forms if form.value("action") == "revoke")
            answer = browser.submit(page, form)
            ended.set()
            for each in asking:
                each.result()
        assert isinstance(answer, Page) and answer.status == 200
        assert client.name not in browser.page("/connected-apps").text


@pytest.mark.parametrize("parameters", [{"prompt": "login"}, {"max_age": "0"}])
def test_a_request_that_another_site_posts_asks_for_the_password_all_the_same(
    server: LatchkeyServer, parameters: dict[str, str]
) -> None:
    """OpenID Connect Core §3.1.2.1. A browser leaves the session's cookie (SameSite=Lax) out of such a POST and sends it with what follows."""
    user, client = server.new_user(), server.first
    server.grant(user, client)
    browser = server.browser(user)
    wait_until(int(time.time()) + 1)
    request = client.request(**parameters)
    answer = Caller().post(server.issuer + "/oauth2/auth", data=request.parameters)
    assert answer.status_code == 303
    browser.session.cookies.update(answer.cookies)
    page = browser.get(answer.headers["Location"])
    assert isinstance(page, Page) and page.html.has_form_with("password")


def test_a_suspended_client_gets_nobody_back_after_signing_out(own: LatchkeyServer) -> None:
    """Contract: a suspended client gets a page and no redirect."""
    client = own.first
    query = f"/oauth2/logout?client_id={client.client_id}&post_logout_redirect_uri={quote(client.post_logout_redirect_uris[0], safe='')}"
    assert isinstance(own.browser().get(query), Departure)
    own.operate("client", "suspend", client.client_id)
    eventually(lambda: isinstance(own.browser().get(query), Page))
