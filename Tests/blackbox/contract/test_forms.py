"""Sign-in, consent, Connected apps and sessions as plain forms (contract, Forms)."""

from __future__ import annotations

import pytest
from latchkey_server import Browser, Client, Departure, LatchkeyServer, Page, User

LIFETIMES = {"0", "2592000", "604800", "86400", "3600"}


def scopes_of(tokens: dict[str, object]) -> set[str]:
    """The scopes of the API in a token response, without the protocol's own."""
    return set(str(tokens["scope"]).split()) - {"openid", "offline_access", "profile", "email"}


# MARK: Signing in


def test_the_root_leads_to_connected_apps_or_to_signing_in(server: LatchkeyServer) -> None:
    """Contract, Forms: `GET /` leads to Connected apps or to signing in."""
    assert Browser(server).page("/").html.has_form_with("password")
    page = server.browser(server.administrator).page("/")
    assert page.url.rstrip("/") == server.line["pages"]["connected_apps"].rstrip("/")


def test_after_signing_in_one_is_where_one_wanted_to_be(server: LatchkeyServer) -> None:
    """Contract, Start, pages: each is reached through signing in."""
    for name in ("connected_apps", "sessions"):
        browser = Browser(server)
        asked = browser.page(server.line["pages"][name])
        assert asked.html.has_form_with("password")
        answer = browser.sign_in(server.administrator.email, server.administrator.password, asked)
        assert isinstance(answer, Page) and answer.status == 200 and not answer.html.has_form_with("password")


def test_a_wrong_password_and_an_unknown_user_look_the_same(server: LatchkeyServer) -> None:
    """Contract, Forms: the same bytes but for the token; design §9: no answer tells whether a user exists."""
    def refused(email: str) -> tuple[int, str]:
        browser = Browser(server, address="127.0.0.9")
        page = browser.page("/login")
        token = page.html.form_with("password").value("csrf") or "-"
        answer = browser.sign_in(email, "not the password at all", page)
        assert isinstance(answer, Page)
        new_token = answer.html.form_with("password").value("csrf") or "-"
        return answer.status, answer.response.text.replace(token, "TOKEN").replace(new_token, "TOKEN").replace(email, "EMAIL")

    known, unknown = server.new_user().email, "person9@example.com"
    assert refused(known) == refused(unknown)


def test_the_address_is_matched_in_any_case_and_the_password_exactly(server: LatchkeyServer) -> None:
    """Users type their address as they like; a password is itself alone."""
    user = server.limited
    assert Browser(server).signed_in_as(User(user.email.upper(), user.password))
    answer = Browser(server, address="127.0.0.8").sign_in(user.email, user.password.swapcase())
    assert isinstance(answer, Page) and answer.html.has_form_with("password")


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(server: LatchkeyServer) -> None:
    """Contract, Forms: plain cookies on an http loopback issuer; HttpOnly and SameSite all the same (RFC 6265 §4.1.2)."""
    browser = Browser(server)
    page = browser.page("/login")
    form = page.html.form_with("password")
    fields = {**dict(form.fields()), "email": server.limited.email, "password": server.limited.password}
    response = browser.session.post(server.issuer + "/login", data=fields, headers={"Origin": server.issuer})
    cookies = [cookie.lower() for cookie in response.raw.headers.getlist("Set-Cookie")]
    assert cookies
    for cookie in cookies:
        assert "httponly" in cookie and "samesite=" in cookie and "path=/" in cookie, cookie
        assert "; secure" not in cookie and not cookie.startswith("__host-"), cookie


# MARK: Consent


def test_posting_consent_as_rendered_grants_all_that_was_asked(server: LatchkeyServer, person: User) -> None:
    """Contract, Forms: one account is selected; posting the page as rendered grants everything asked that may be granted."""
    client = server.first
    page = server.browser(person).consent_page(client.request(client.scopes))
    form = page.html.form_with("decision")
    assert form.chosen("account") == [server.accounts[0]]
    answer = server.browser(person).submit(page, form, button=("decision", "allow"))
    assert isinstance(answer, Departure) and answer.target == client.redirect_uri, answer
    assert {"code", "state", "iss"} <= set(answer.parameters)


def test_of_several_accounts_none_is_chosen_for_the_user(server: LatchkeyServer) -> None:
    """Contract, Forms: of several accounts none is selected, and at least one must be."""
    user, client = server.member_of_both, server.first
    browser = server.browser(user)
    page = browser.consent_page(client.request(prompt="consent"), user)
    form = page.html.form_with("decision")
    assert set(form.choices("account")) == set(server.accounts[:2])
    assert form.chosen("account") == []
    answer = browser.submit(page, form, button=("decision", "allow"))
    assert isinstance(answer, Page) and answer.status == 400
    assert answer.html.has_form_with("decision")


def test_leaving_out_a_required_scope_grants_nothing_and_keeps_the_choices(server: LatchkeyServer, person: User) -> None:
    """Contract, Forms: leaving a required scope out with `decision=allow` is a 400 that grants nothing and keeps the choices."""
    client = server.first
    browser = server.browser(person)
    page = browser.consent_page(client.request(client.scopes))
    keep = client.optional_scopes[:1]
    answer = browser.decide(page, scopes=keep, lifetime="86400")
    assert isinstance(answer, Page) and answer.status == 400
    form = answer.html.form_with("decision")
    assert form.chosen("lifetime") == ["86400"]
    assert form.chosen("account") == [server.accounts[0]]
    assert set(form.chosen("scope")) & set(client.optional_scopes) == set(keep)
    assert browser.page("/connected-apps").text.count(client.name) == 0
    again = browser.submit(answer, form, button=("decision", "allow"))
    assert isinstance(again, Departure), "required ones are submitted with the form as rendered"


@pytest.mark.parametrize("lifetime", ["", "1", "3601", "-1", "0x0", "forever", "99999999999999999999", "3600 "])
def test_a_lifetime_that_is_not_offered_is_refused(server: LatchkeyServer, lifetime: str) -> None:
    """Contract, Forms: `lifetime` is 0, 2592000, 604800, 86400 or 3600; anything else is 400."""
    user = server.limited
    browser = server.browser(user)
    page = browser.consent_page(server.rs256.request(prompt="consent"))
    answer = browser.decide(page, lifetime=lifetime)
    assert isinstance(answer, Page) and answer.status == 400, answer


def test_the_five_lifetimes_are_offered_and_kept(server: LatchkeyServer, person: User) -> None:
    """Contract, Forms and Tokens: the end chosen when the family began; `expires_in` never exceeds what is left."""
    page = server.browser(person).consent_page(server.first.request())
    assert set(page.html.form_with("decision").choices("lifetime")) == LIFETIMES
    tokens = server.grant(person, server.first, lifetime="3600")
    listed = server.manage("GET", "/authorizations/self", tokens["access_token"]).json()["result"]
    assert listed["installations"][0]["expires_on"] is not None
    assert tokens["expires_in"] <= 3600


@pytest.mark.parametrize("decision", ["", "yes", "ALLOW", "maybe"])
def test_a_decision_that_is_none_grants_nothing(server: LatchkeyServer, decision: str) -> None:
    """Contract, Forms: `decision` is `allow` or `deny`."""
    browser = server.browser(server.limited)
    page = browser.consent_page(server.rs256.request(prompt="consent"))
    answer = browser.decide(page, decision)
    assert isinstance(answer, Page) and answer.status in (200, 400)


def test_the_enter_key_never_approves(server: LatchkeyServer, person: User) -> None:
    """Contract, Forms: implicit submission takes the form's first button (HTML §4.10.22.2), which must not approve."""
    client = server.first
    browser = server.browser(person)
    page = browser.consent_page(client.request())
    form = page.html.form_with("decision")
    first = next(button for button in form.buttons() if not button.is_disabled)
    assert (first.name, first.value) != ("decision", "allow")
    answer = browser.submit(page, form, button=(first.name, first.value))
    assert isinstance(answer, Page) or "code" not in answer.parameters
    again = browser.consent_page(client.request())
    assert isinstance(browser.submit(again, again.html.form_with("decision")), Page), "without any button"


def test_declining_is_access_denied(server: LatchkeyServer, person: User) -> None:
    """RFC 6749 §4.1.2.1, RFC 9207: `access_denied` with state and iss."""
    request = server.first.request()
    browser = server.browser(person)
    answer = browser.decide(browser.consent_page(request), "deny")
    assert isinstance(answer, Departure)
    assert answer.parameters["error"] == "access_denied"
    assert answer.parameters["state"] == request.parameters["state"]
    assert answer.parameters["iss"] == server.issuer
    assert server.first.name not in browser.page("/connected-apps").text


def test_declined_optional_scopes_are_not_granted(server: LatchkeyServer, person: User) -> None:
    """Protocol, Consent result: declined optional scopes; the token response carries the granted scope."""
    client = server.first
    declined = client.optional_scopes[0]
    tokens = server.grant(person, client, client.scopes, decline=[declined])
    assert scopes_of(tokens) == set(client.scopes) - {declined}
    own = server.manage("GET", "/authorizations/self", tokens["access_token"]).json()["result"]
    assert declined in own["declined_scopes"] and declined not in own["scopes"]


def test_templates_render_the_form_again_and_keep_every_choice(server: LatchkeyServer) -> None:
    """Contract, Forms: `template` buttons render the form again; every re-rendering keeps the choices."""
    user, client = server.member_of_both, server.first
    browser = server.browser(user)
    page = browser.consent_page(client.request(client.scopes, prompt="consent"), user)
    form = page.html.form_with("decision")
    templates = [button for button in form.buttons() if button.name == "template"]
    assert len(templates) >= 2
    chosen: list[set[str]] = []
    for template in templates:
        answer = browser.submit(
            page, form, {"account": [server.accounts[1]], "lifetime": "604800"}, ("template", template.value))
        assert isinstance(answer, Page) and answer.status == 200
        again = answer.html.form_with("decision")
        assert again.chosen("account") == [server.accounts[1]]
        assert again.chosen("lifetime") == ["604800"]
        chosen.append(set(again.chosen("scope")))
    assert set(client.required_scopes) <= chosen[0] and chosen[0] != chosen[1]
    assert max(chosen, key=len) >= set(client.scopes)


def test_an_unknown_template_or_search_changes_nothing(server: LatchkeyServer) -> None:
    """Contract, Forms: every re-rendering keeps the choices."""
    client = server.rs256
    browser = server.browser(server.limited)
    page = browser.consent_page(client.request(client.scopes, prompt="consent"))
    form = page.html.form_with("decision")
    keep = [label for label in form.chosen("scope") if label != client.optional_scopes[0]]
    answer = browser.submit(page, form, {"scope": keep, "lifetime": "3600"}, ("template", "no-such-template"))
    assert isinstance(answer, Page) and answer.status in (200, 400)
    again = answer.html.form_with("decision")
    assert set(again.chosen("scope")) == set(keep) and again.chosen("lifetime") == ["3600"]


def test_what_the_role_does_not_allow_is_shown_disabled_and_never_granted(server: LatchkeyServer) -> None:
    """Contract, Forms: an optional scope that no role of the user allows is shown, disabled, and never granted."""
    user, client = server.limited, server.first
    browser = server.browser(user)
    page = browser.consent_page(client.request(client.scopes, prompt="consent"), user)
    form = page.html.form_with("decision")
    disabled = [control.value for control in form.all("scope") if control.is_disabled]
    assert disabled and set(disabled) <= set(client.optional_scopes)
    answer = browser.decide(page, scopes=client.scopes)
    assert isinstance(answer, Departure), answer.text
    request = client.request(client.scopes)
    tokens = client.tokens(browser.authorize(request, user, scopes=client.scopes))
    assert not scopes_of(tokens) & set(disabled)


def test_where_the_role_allows_a_required_scope_nowhere_one_can_only_decline(server: LatchkeyServer) -> None:
    """Contract, Forms: the page says so and offers only to decline."""
    write = next(scope for scope in server.first.scopes if scope.endswith("write"))
    client = _client_requiring(server, write)
    browser = server.browser(server.limited)
    page = browser.consent_page(client.request(client.scopes))
    form = page.html.form_with("decision")
    assert [button.value for button in form.buttons() if button.name == "decision"] == ["deny"]
    forced = browser.submit(page, form, {"account": [server.accounts[0]], "scope": client.scopes}, ("decision", "allow"))
    assert isinstance(forced, Page) and forced.status in (400, 403)


def _client_requiring(server: LatchkeyServer, scope: str) -> Client:
    entry = server.operate(
        "client", "add", "Needs " + scope, "--account", server.accounts[0], "--redirect-uri", "https://needs.example.net/cb", "--scope",
        scope, "--public")
    return Client(
        server=server, client_id=entry["client_id"], client_secret=entry["client_secret"], name="Needs " + scope,
        method=entry["token_endpoint_auth_method"], redirect_uri="https://needs.example.net/cb", scopes=[scope], optional_scopes=[],
        post_logout_redirect_uris=[], visibility="public", account_id=server.accounts[0])


def test_labels_that_were_not_asked_for_are_ignored(server: LatchkeyServer, person: User) -> None:
    """Contract, Forms: labels not asked for are ignored."""
    client = server.first
    asked, extra = client.required_scopes, client.optional_scopes
    tokens = server.grant(person, client, asked, scopes=[*asked, *extra, "no.such.scope"])
    assert scopes_of(tokens) == set(asked)


def test_accounts_that_are_not_the_users_are_not_granted(server: LatchkeyServer, person: User) -> None:
    """Contract, Forms: only accounts that may be chosen; a foreign or unknown id never enters the grant."""
    client = server.first
    browser = server.browser(person)
    page = browser.consent_page(client.request())
    for foreign in (server.accounts[1], "0" * 32, "", "*"):
        answer = browser.decide(page, accounts=[foreign])
        assert isinstance(answer, Page) and answer.status == 400, foreign
        page = answer
    tokens = server.grant(person, client, accounts=[server.accounts[0]])
    assert [each["identifier"] for each in server.inspect(tokens["access_token"])["authorization_details"]] == [server.accounts[0]]


def test_the_account_parameter_preselects(server: LatchkeyServer) -> None:
    """Contract, Refusals: the authorize URL's `account` preselects."""
    user = server.member_of_both
    page = server.browser(user).consent_page(server.first.request(account=server.accounts[1], prompt="consent"), user)
    assert page.html.form_with("decision").chosen("account") == [server.accounts[1]]


def test_consent_names_the_client_its_host_and_its_operations(server: LatchkeyServer, person: User) -> None:
    """Issue, Consent: app name, redirect host in plain sight, and the operations that each scope opens."""
    client = server.rs256
    page = server.browser(person).consent_page(client.request(client.scopes))
    assert client.name in page.text and client.redirect_uri.split("/")[2] in page.text
    assert "/accounts/{account_id}/zones" in page.text
    assert person.email in page.text


def test_a_request_inside_the_grant_needs_no_second_consent(server: LatchkeyServer, person: User) -> None:
    """Protocol, Consent: asked whenever the request is not inside what is granted; a confidential client's is not asked again."""
    client = server.first
    server.grant(person, client, client.required_scopes)
    assert isinstance(server.browser(person).ask(client.request(client.required_scopes)), Departure)
    page = server.browser(person).consent_page(client.request(client.scopes))
    assert set(client.optional_scopes) <= set(page.html.form_with("decision").choices("scope"))


def test_a_user_who_may_not_authorize_a_private_client_gets_a_page(server: LatchkeyServer, person: User) -> None:
    """Contract, Tokens: a page that explains without naming anybody, one link on it to the client with `access_denied`."""
    client = server.private
    request = client.request()
    answer = server.browser(person).ask(request)
    assert isinstance(answer, Page) and not answer.html.has_form_with("decision")
    links = [link.href for link in answer.html.links if link.href.startswith(client.redirect_uri)]
    assert len(links) == 1 and "error=access_denied" in links[0] and f"state={request.parameters['state']}" in links[0]
    names = {account["name"] for account in server.line["accounts"]} | {user["email"] for user in server.line["users"]}
    assert not [name for name in names if name in answer.text]
    silent = server.browser(person).ask(client.request(prompt="none"))
    assert isinstance(silent, Departure) and silent.parameters["error"] == "access_denied"


# MARK: Connected apps


def _installations(server: LatchkeyServer, user: User, client: Client) -> Page:
    browser = server.browser(user)
    apps = browser.page(server.line["pages"]["connected_apps"])
    return browser.page(apps.html.link_with(client.name))


def test_connected_apps_shows_what_an_app_may_do_and_when_it_last_did(server: LatchkeyServer, person: User) -> None:
    """Issue, Connected apps: app, owner, accounts, scopes, granted when, ends when, last used and from where."""
    tokens = server.grant(person, server.first)
    assert server.verify("GET", "/accounts", tokens["access_token"]).status_code == 200
    page = _installations(server, person, server.first)
    form = page.html.form_with("action", "narrow")
    assert set(server.first.scopes) <= set(form.choices("scope"))
    assert form.chosen("account") == [server.accounts[0]]
    assert page.html.has_form_with("action", "end_installation") and page.html.has_form_with("action", "revoke")


def test_revoking_ends_everything_at_once(server: LatchkeyServer, person: User) -> None:
    """Issue, Connected apps: effective for introspection, /verify, refresh and userinfo at once: the very next request."""
    client = server.first
    tokens = server.grant(person, client, [*client.scopes, "openid"])
    page = _installations(server, person, client)
    answer = server.browser(person).submit(page, page.html.form_with("action", "revoke"))
    assert isinstance(answer, Page) and answer.status == 200
    assert not server.is_active(tokens["access_token"])
    assert server.verify("GET", "/accounts", tokens["access_token"]).status_code == 401
    assert server.userinfo(tokens["access_token"]).status_code == 401
    assert client.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert client.name not in server.browser(person).page("/connected-apps").text


def test_after_revoking_consent_is_asked_anew(server: LatchkeyServer, person: User) -> None:
    """Protocol, Consent: asked whenever the request is not inside what is already granted."""
    server.grant(person, server.first)
    page = _installations(server, person, server.first)
    server.browser(person).submit(page, page.html.form_with("action", "revoke"))
    assert server.browser(person).consent_page(server.first.request())


def test_narrowing_takes_away_now_and_leaves_the_rest_working(server: LatchkeyServer, person: User) -> None:
    """Issue, Connected apps: drop an optional scope without breaking the rest; it reaches every family (contract, Tokens)."""
    client = server.first
    first, second = server.grant(person, client), server.grant(person, client)
    gone = client.optional_scopes[0]
    page = _installations(server, person, client)
    form = page.html.form_with("action", "narrow")
    answer = server.browser(person).submit(page, form, {"scope": [label for label in form.chosen("scope") if label != gone]})
    assert isinstance(answer, Page) and answer.status == 200
    for tokens in (first, second):
        assert gone not in server.inspect(tokens["access_token"])["scope"].split()
        renewed = client.refreshed(tokens["refresh_token"])
        assert scopes_of(renewed) == set(client.scopes) - {gone}


def test_what_was_taken_away_comes_back_only_by_that_installations_own_consent(server: LatchkeyServer, person: User) -> None:
    """Contract, Forms: narrowing narrows the families too; a new consent of one installation gives it back to that one alone."""
    client = server.first
    gone = client.optional_scopes[0]
    old = server.grant(person, client)
    page = _installations(server, person, client)
    form = page.html.form_with("action", "narrow")
    server.browser(person).submit(page, form, {"scope": [label for label in form.chosen("scope") if label != gone]})
    new = server.grant(person, client, client.scopes)
    assert gone in scopes_of(new)
    assert gone not in scopes_of(client.refreshed(old["refresh_token"]))
    assert gone not in server.inspect(old["access_token"])["scope"].split()


def test_dropping_an_account_narrows_it_for_every_check(server: LatchkeyServer) -> None:
    """Issue, Connected apps: drop an account from the authorization without breaking the rest."""
    user, client = server.member_of_both, server.new_client("Two Accounts")
    first, second = server.accounts[:2]
    tokens = server.grant(user, client, accounts=[first, second])
    page = _installations(server, user, client)
    server.browser(user).submit(page, page.html.form_with("action", "narrow"), {"account": [second]})
    assert server.verify("GET", f"/accounts/{first}", tokens["access_token"]).status_code == 403
    assert server.verify("GET", f"/accounts/{second}", tokens["access_token"]).status_code == 200


def test_narrowing_never_adds(server: LatchkeyServer, person: User) -> None:
    """Contract, Tokens: only consent adds; a tampered form cannot."""
    client = server.first
    kept = client.required_scopes
    tokens = server.grant(person, client, kept)
    page = _installations(server, person, client)
    server.browser(person).submit(
        page, page.html.form_with("action", "narrow"), {"scope": client.scopes, "account": server.accounts[:2]})
    assert scopes_of(server.inspect(tokens["access_token"])) == set(kept)
    assert [each["identifier"] for each in server.inspect(tokens["access_token"])["authorization_details"]] == server.accounts[:1]


def test_ending_one_installation_leaves_the_other(server: LatchkeyServer, person: User) -> None:
    """Issue, Connected apps: end one installation; protocol: one token family each."""
    client = server.first
    first, second = server.grant(person, client), server.grant(person, client)
    installation = server.inspect(first["access_token"])["installation"]
    assert installation != server.inspect(second["access_token"])["installation"]
    page = _installations(server, person, client)
    form = page.html.form_with("installation", installation)
    assert form.value("action") == "end_installation"
    server.browser(person).submit(page, form)
    assert not server.is_active(first["access_token"])
    assert client.refresh(first["refresh_token"]).json()["error"] == "invalid_grant"
    assert server.is_active(second["access_token"])
    assert client.refresh(second["refresh_token"]).status_code == 200


def test_another_users_authorization_is_not_found(server: LatchkeyServer, person: User) -> None:
    """Design §9: nobody sees or changes what somebody else granted."""
    tokens = server.grant(person, server.first)
    page = _installations(server, person, server.first)
    form = page.html.form_with("action", "revoke")
    stranger = server.browser(server.limited)
    answer = stranger.get(page.url)
    assert isinstance(answer, Page) and answer.status == 404 and person.email not in answer.text
    own = stranger.page("/sign-out").html.form_with("csrf").value("csrf")
    forced = stranger.post(page.url, [(name, value if name != "csrf" else own) for name, value in form.fields()])
    assert isinstance(forced, Page) and forced.status in (403, 404)
    assert server.is_active(tokens["access_token"])


# MARK: Sessions


def test_sessions_are_listed_and_can_be_ended(server: LatchkeyServer, person: User) -> None:
    """Issue, People: sessions are listed and endable by the user."""
    here, there = Browser(server).signed_in_as(person), Browser(server, user_agent="Elsewhere/1.0").signed_in_as(person)
    page = here.page(server.line["pages"]["sessions"])
    ends = [form for form in page.html.forms if form.has("session")]
    assert len(ends) == 2
    for form in ends:
        if "sign out here" not in " ".join(form.text.split()).lower():
            here.submit(page, form)
    assert there.page("/connected-apps").html.has_form_with("password")
    assert not here.page("/connected-apps").html.has_form_with("password")


def test_signing_out_ends_the_session_on_the_server(server: LatchkeyServer, person: User) -> None:
    """OWASP session management: the cookie kept by a thief is worth nothing after signing out."""
    browser = Browser(server).signed_in_as(person)
    kept = dict(browser.session.cookies)
    page = browser.page(server.line["pages"]["sign_out"])
    browser.submit(page, page.html.form_with("csrf"))
    assert browser.page("/connected-apps").html.has_form_with("password")
    thief = Browser(server)
    thief.session.cookies.update(kept)
    assert thief.page("/connected-apps").html.has_form_with("password")


def test_looking_at_the_sign_out_page_signs_nobody_out(server: LatchkeyServer, person: User) -> None:
    """A GET changes nothing (RFC 9110 §9.2.1): an image on another site must not sign the user out."""
    browser = Browser(server).signed_in_as(person)
    browser.page(server.line["pages"]["sign_out"])
    assert not browser.page("/connected-apps").html.has_form_with("password")
