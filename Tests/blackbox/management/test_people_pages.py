"""Accounts, members and API tokens on pages, by forms without scripts (issue 3): what the management API does, and no more."""

from __future__ import annotations

import re
from typing import Any

import issued
import pytest
from cloudflare import Cloudflare
from latchkey_server import Browser, LatchkeyServer, Page, User
from sdk import ACCOUNT, client, group, ours, policy, refused, value_of

PASSWORD = "a long enough passphrase"
MISSING = "0" * 32


def by_api(server: LatchkeyServer, person: User) -> Cloudflare:
    made = server.operate("user", "token", person.email)
    issued.record("API token", made["value"])
    return client(server, made["value"])


@pytest.fixture(scope="module")
def boss(server: LatchkeyServer) -> User:
    return server.new_user("Administrator")


@pytest.fixture(scope="module")
def sdk(server: LatchkeyServer, boss: User) -> Cloudflare:
    return by_api(server, boss)


@pytest.fixture(scope="module")
def browser(server: LatchkeyServer, boss: User) -> Browser:
    return server.browser(boss)


@pytest.fixture(scope="module")
def account(server: LatchkeyServer) -> str:
    return server.accounts[0]


@pytest.fixture(scope="module")
def roles(sdk: Cloudflare, account: str) -> dict[str, str]:
    return {role.name: role.id for role in sdk.accounts.roles.list(account_id=account)}


def push(browser: Browser, page: Page, action: str, **changes: Any) -> Page:
    """Pushes the button with this action on a page."""
    answer = browser.submit(page, page.html.form_with("action", action), changes, ("action", action))
    assert isinstance(answer, Page)
    return answer


def member_of(sdk: Cloudflare, account: str, email: str) -> Any:
    return next((each for each in sdk.accounts.members.list(account_id=account) if each.email == email), None)


def new_account(browser: Browser, name: str) -> str:
    page = browser.page("/accounts")
    made = browser.submit(page, page.html.form_with("name"), {"name": name})
    assert isinstance(made, Page) and made.status == 200 and "The account is made" in made.text, made.text
    found = re.search(r"/accounts/([0-9a-f]{32})/members", made.url)
    assert found, made.url
    return found.group(1)


# MARK: Accounts


def test_an_account_is_made_renamed_and_left(server: LatchkeyServer) -> None:
    person, second = server.new_user("Viewer"), server.new_user("Viewer")
    browser, sdk = server.browser(person), by_api(server, person)
    made = new_account(browser, "  New Venture ")
    assert sdk.accounts.get(account_id=made).name == "New Venture"
    settings = browser.page(f"/accounts/{made}/settings")
    renamed = browser.submit(settings, settings.html.form_with("name"), {"name": "Older Venture"})
    assert isinstance(renamed, Page) and "is called Older Venture now" in renamed.text
    assert sdk.accounts.get(account_id=made).name == "Older Venture"
    alone = browser.page(f"/accounts/{made}/leave")
    assert "the last one" in alone.text and not any("/leave" in form.action for form in alone.html.forms)
    csrf = dict(settings.html.form_with("name").fields())["csrf"]
    forced = browser.post(f"/accounts/{made}/leave", {"csrf": csrf})
    assert isinstance(forced, Page) and forced.status == 400 and "Nobody would be left" in forced.text
    server.operate("user", "add", second.email, "--account", made, "--role", "Administrator")
    asked = browser.page(f"/accounts/{made}/leave")
    assert "No app that you connected" in asked.text
    left = browser.submit(asked, next(form for form in asked.html.forms if "/leave" in form.action))
    assert isinstance(left, Page) and "You left the account" in left.text and "Older Venture" not in left.text
    refused(lambda: sdk.accounts.get(account_id=made), 404)
    assert browser.page(f"/accounts/{made}/leave").status == 404


@pytest.mark.parametrize("name", ["", " ", "a\u202eb", "x" * 101])
def test_a_name_that_cannot_be_shown_comes_back_with_why(browser: Browser, account: str, name: str) -> None:
    for path in ("/accounts", f"/accounts/{account}/settings"):
        page = browser.page(path)
        answer = browser.submit(page, page.html.form_with("name"), {"name": name})
        assert isinstance(answer, Page) and answer.status == 400 and "name" in answer.text.lower()
        assert answer.html.form_with("name").value("name") == name, "what was typed is kept"


def test_where_the_operator_makes_accounts_the_page_has_no_form() -> None:
    server = LatchkeyServer("--account-creation", "operator").start()
    browser = server.browser(server.administrator)
    page = browser.page("/accounts")
    assert not page.html.has_form_with("name")
    csrf = dict(browser.page(f"/accounts/{server.accounts[0]}/settings").html.form_with("name").fields())["csrf"]
    forced = browser.post("/accounts", {"csrf": csrf, "name": "Mine"})
    assert isinstance(forced, Page) and forced.status == 403 and "operator" in forced.text
    server.dispose()


def test_leaving_ends_what_was_connected_there_by_page_and_by_api(server: LatchkeyServer) -> None:
    """Whoever comes back later begins anew."""
    for by_page in (True, False):
        person = server.new_user("Member")
        account, sdk = person.accounts[0], by_api(server, person)
        token = server.grant(person, server.first)["access_token"]
        assert server.verify("GET", f"/accounts/{account}", token).status_code == 200
        (membership,) = sdk.memberships.list()
        assert sdk.memberships.get(membership.id).account.id == account
        asked = server.browser(person).page(f"/accounts/{account}/leave")
        assert "1 connected app of yours" in asked.text and server.first.name in asked.text
        if by_page:
            server.browser(person).submit(asked, next(form for form in asked.html.forms if "/leave" in form.action))
        else:
            assert sdk.memberships.delete(membership.id).id == membership.id
        assert list(sdk.memberships.list()) == []
        refused(lambda: sdk.memberships.get(membership.id), 404)
        refused(lambda: sdk.memberships.delete(membership.id), 404)
        assert server.verify("GET", f"/accounts/{account}", token).status_code != 200
        server.operate("user", "add", person.email, "--account", account, "--role", "Member")
        assert server.verify("GET", f"/accounts/{account}", token).status_code != 200, "it does not come back on its own"


def test_a_membership_is_left_by_its_own_user_with_the_permission(server: LatchkeyServer, sdk: Cloudflare, boss: User) -> None:
    person = server.new_user("Member")
    (membership,) = by_api(server, person).memberships.list()
    refused(lambda: sdk.memberships.delete(membership.id), 404)
    refused(lambda: sdk.memberships.get(MISSING), 404)
    (own,) = sdk.memberships.list()
    viewing = client(server, value_of(sdk.user.tokens.create(
        name="Viewing", policies=[policy(sdk, ["latchkey.user.view", "zone.read"], {"*": "*"})])))
    assert viewing.memberships.get(own.id).id == own.id
    refused(lambda: viewing.memberships.delete(own.id), 403)
    theirs = by_api(server, person)
    leaving = client(server, value_of(theirs.user.tokens.create(
        name="Leaving", policies=[policy(theirs, ["latchkey.user.view", "latchkey.user.memberships.manage"], {"*": "*"})])))
    assert [each.id for each in leaving.memberships.list()] == [membership.id]
    app = client(server, server.grant(person, server.first)["access_token"])
    refused(lambda: app.memberships.get(membership.id), 403)
    refused(lambda: app.memberships.delete(membership.id), 403)
    assert leaving.memberships.delete(membership.id).id == membership.id


# MARK: Members


def test_a_member_is_invited_changed_and_removed(
    server: LatchkeyServer, browser: Browser, sdk: Cloudflare, account: str, roles: dict[str, str]
) -> None:
    email, list_url = "page-guest@example.org", f"/accounts/{account}/members"
    invited = push(browser, browser.page(list_url), "invite", email="Page-Guest@Example.org ", role=[roles["Viewer"]])
    assert invited.status == 200 and "The invitation is on its way" in invited.text and email in invited.text
    pending = member_of(sdk, account, email)
    assert pending.status == "pending" and [each.name for each in pending.roles] == ["Viewer"]
    one = browser.page(f"{list_url}/{pending.id}")
    saved = push(browser, one, "roles", role=[roles["Viewer"], roles["Member"]])
    assert "The roles are saved" in saved.text
    assert {each.name for each in member_of(sdk, account, email).roles} == {"Viewer", "Member"}
    sent = push(browser, saved, "resend")
    assert "A new link is on its way" in sent.text and member_of(sdk, account, email).id == pending.id
    outbox = server.caller.get(server.issuer + "/outbox").text
    mails = [part for part in outbox.split("<article")[1:] if f"To {email}" in part]
    assert len(mails) == 2
    links = [found.group(1) for mail in mails if (found := re.search(r'href="([^"]+/invitations/[^"]+)"', mail))]
    for link in links:
        issued.record("invitation", link.rsplit("/", 1)[1])
    guest = server.browser()
    assert guest.page(links[1]).status == 404, "the link before leads nowhere"
    page = guest.page(links[0])
    issued.record("password", PASSWORD)
    joined = guest.submit(page, page.html.form_with("password"), {"name": "Page Guest", "password": PASSWORD})
    assert isinstance(joined, Page) and "You are a member" in joined.text
    one = browser.page(f"{list_url}/{pending.id}")
    assert "Page Guest" in one.text and "member since" in one.text and not one.html.has_form_with("action", "resend")
    push(browser, one, "roles", role=[roles["Viewer"]])
    assert [each.name for each in member_of(sdk, account, email).roles] == ["Viewer"]
    gone = push(browser, browser.page(f"{list_url}/{pending.id}"), "remove")
    assert "The member is removed" in gone.text and member_of(sdk, account, email) is None
    assert browser.page(f"{list_url}/{pending.id}").status == 404


def test_an_invitation_is_cancelled(browser: Browser, sdk: Cloudflare, account: str, roles: dict[str, str]) -> None:
    push(browser, browser.page(f"/accounts/{account}/members"), "invite", email="nevermind@example.org", role=[roles["Viewer"]])
    pending = member_of(sdk, account, "nevermind@example.org")
    page = browser.page(f"/accounts/{account}/members/{pending.id}")
    assert not page.html.has_form_with("action", "remove")
    done = push(browser, page, "cancel")
    assert "The invitation is canceled" in done.text and member_of(sdk, account, "nevermind@example.org") is None


@pytest.mark.parametrize(("email", "role", "words"), [
    ("nobody", "Viewer", "no email address"), ("a@b@c", "Viewer", "no email address"), ("somebody@example.org", None, "at least one role"),
    ("somebody@example.org", MISSING, "no such role"), ("somebody@example.org", "x" * 3000, "no such role"),
])
def test_what_is_no_invitation_comes_back_with_why(
    browser: Browser, sdk: Cloudflare, account: str, roles: dict[str, str], email: str, role: str | None, words: str
) -> None:
    sent = [] if role is None else [roles.get(role, role)]
    answer = push(browser, browser.page(f"/accounts/{account}/members"), "invite", email=email, role=sent)
    assert answer.status == 400 and words in answer.text and answer.html.form_with("email").value("email") == email
    assert member_of(sdk, account, email) is None


def test_removing_says_how_much_ends(server: LatchkeyServer, browser: Browser, sdk: Cloudflare, account: str) -> None:
    person = server.new_user("Member")
    token = server.grant(person, server.first)["access_token"]
    member = member_of(sdk, account, person.email)
    page = browser.page(f"/accounts/{account}/members/{member.id}")
    assert "is taken away from 1 connected app of theirs" in page.text
    push(browser, page, "remove")
    assert server.verify("GET", f"/accounts/{account}", token).status_code != 200


def test_the_list_has_pages(server: LatchkeyServer) -> None:
    person = server.new_user("Viewer")
    browser = server.browser(person)
    account = new_account(browser, "Crowd")
    api = by_api(server, person)
    viewer = next(each.id for each in api.accounts.roles.list(account_id=account) if each.name == "Viewer")
    for number in range(50):
        api.accounts.members.create(account_id=account, email=f"crowd{number:02}@example.org", roles=[viewer])
    first = browser.page(f"/accounts/{account}/members")
    assert "1 to 50 of 51" in first.text and person.email not in first.text.split("Signed in as")[0]
    second = browser.page(first.html.link_with("Next"))
    assert "51 to 51 of 51" in second.text and person.email in second.text
    for number in ["0", "99", "-1", "x", "9223372036854775807", ""]:
        assert browser.page(f"/accounts/{account}/members?page={number}").status == 200
    full = push(browser, first, "invite", email="one-more@example.org", role=[viewer])
    assert full.status == 400 and "50 invitations" in full.text


# MARK: Nobody gives more than they have


def test_no_role_wider_than_ones_own_is_given_on_the_page(
    server: LatchkeyServer, sdk: Cloudflare, account: str, roles: dict[str, str]
) -> None:
    """A role of one's own that manages members and no more: the page bars the others, and a forged form is refused."""
    person = server.new_user("Member")
    _give_member_management(server, person)
    browser = server.browser(person)
    page = browser.page(f"/accounts/{account}/members")
    form = page.html.form_with("action", "invite")
    barred = {control.value for control in form.all("role") if control.is_disabled}
    assert roles["Administrator"] in barred and roles["Super Administrator"] in barred and roles["Viewer"] not in barred
    for email, role in [("up1@example.org", "Administrator"), ("up2@example.org", "OAuth Client Write")]:
        answer = push(browser, page, "invite", email=email, role=[roles[role]])
        assert answer.status == 403 and "cannot give it" in answer.text and member_of(sdk, account, email) is None
    own = member_of(sdk, account, person.email)
    answer = push(browser, browser.page(f"/accounts/{account}/members/{own.id}"), "roles", role=[roles["Administrator"]])
    assert answer.status == 403 and "Administrator" not in [each.name for each in member_of(sdk, account, person.email).roles]
    boss = member_of(sdk, account, server.administrator.email)
    looking = browser.page(f"/accounts/{account}/members/{boss.id}")
    assert not looking.html.has_form_with("action") and "Only somebody who may too" in looking.text
    csrf = dict(form.fields())["csrf"]
    for action in ("remove", "roles"):
        forced = browser.post(
            f"/accounts/{account}/members/{boss.id}", [("csrf", csrf), ("action", action), ("role", roles["Viewer"])])
        assert isinstance(forced, Page) and forced.status == 403
    sdk.accounts.members.create(account_id=account, email="high@example.org", roles=[roles["Administrator"]])
    again = push(browser, page, "invite", email="high@example.org", role=[roles["Viewer"]])
    assert again.status == 403, "inviting again would take the administrator's role from the invitation"
    high = member_of(sdk, account, "high@example.org")
    assert [each.name for each in high.roles] == ["Administrator"]
    writer = server.new_user("OAuth Client Write")
    theirs = member_of(sdk, account, writer.email)
    one = browser.page(f"/accounts/{account}/members/{theirs.id}")
    assert "You could not give it back" in one.text
    push(browser, one, "roles", role=[roles["OAuth Client Write"], roles["Viewer"]])
    kept = {each.name for each in member_of(sdk, account, writer.email).roles}
    assert kept == {"OAuth Client Write", "Viewer"}, "what somebody has may stay"
    push(browser, one, "roles", role=[roles["Viewer"]])
    back = push(browser, one, "roles", role=[roles["OAuth Client Write"], roles["Viewer"]])
    assert back.status == 403 and [each.name for each in member_of(sdk, account, writer.email).roles] == ["Viewer"]
    for action in ("cancel", "resend"):
        forced = browser.post(f"/accounts/{account}/members/{high.id}", {"csrf": csrf, "action": action})
        assert isinstance(forced, Page) and forced.status == 403


def _give_member_management(server: LatchkeyServer, person: User) -> None:
    """The demo has no role for it; the operator of this test makes one."""
    with server.rows() as database:
        role = database.execute("SELECT id FROM roles WHERE name = 'Member'").fetchone()[0]
        permissions = database.execute("SELECT permissions FROM roles WHERE id = ?", (role,)).fetchone()[0]
        database.execute(
            "INSERT INTO roles (id, account_id, name, permissions) VALUES (?, NULL, 'People', ?) ON CONFLICT DO NOTHING",
            ("f" * 32, permissions + " latchkey.members.view latchkey.members.manage latchkey.tokens.*"))
        user = database.execute("SELECT id FROM users WHERE email = ?", (person.email,)).fetchone()[0]
        database.execute(
            "INSERT INTO member_roles (account_id, user_id, role_id) VALUES (?, ?, ?)", (person.accounts[0], user, "f" * 32))


# MARK: API tokens


def create_token(browser: Browser, url: str, **changes: Any) -> Page:
    page = browser.page(url + "/new")
    return push(browser, page, "save", **{"effect_0": "allow", **changes})


def value_on(page: Page) -> str:
    assert page.status == 200 and "Copy the token now" in page.text, f"{page.status} {page.text}"
    found = re.search(r'id="value" value="(lkt_[0-9A-Za-z_-]+)"', page.response.text)
    assert found
    issued.record("API token", found.group(1))
    assert page.response.headers["Cache-Control"] == "no-store"
    return found.group(1)


def test_a_token_of_ones_own_from_its_making_to_its_end(
    server: LatchkeyServer, browser: Browser, sdk: Cloudflare, account: str
) -> None:
    value = value_on(create_token(
        browser, "/tokens", name="Zone reader", place_0=[account], permission_0=["zone.read", "latchkey.clients.view"],
        expiry="2592000", allowed="127.0.0.0/8\n::1", denied="127.0.0.66"))
    token = next(each for each in sdk.user.tokens.list() if each.name == "Zone reader")
    assert token.condition.request_ip.in_ == ["127.0.0.0/8", "::1"] and token.condition.request_ip.not_in == ["127.0.0.66"]
    assert token.expires_on and list(token.policies[0].resources) == [f"{ACCOUNT}.{account}"]
    assert {each.id for each in token.policies[0].permission_groups} == {
        group(sdk, label)["id"] for label in ("zone.read", "latchkey.clients.view")}
    reader = client(server, value)
    assert reader.iam.oauth_clients.list(account_id=account)
    refused(lambda: reader.accounts.members.list(account_id=account), 403)
    listed = browser.page("/tokens")
    assert "Zone reader" in listed.text and "from 127.0.0.1" in listed.text and value not in listed.response.text
    url = f"/tokens/{token.id}"
    page = browser.page(url)
    assert value not in page.response.text
    saved = push(browser, page, "save", name="Member reader", permission_0=["latchkey.members.view"])
    assert "Saved." in saved.text
    after = sdk.user.tokens.get(token.id)
    assert after.name == "Member reader" and after.expires_on == token.expires_on and after.condition == token.condition
    assert [each.id for each in after.policies] == [each.id for each in token.policies]
    assert list(reader.accounts.members.list(account_id=account))
    push(browser, browser.page(url), "disable")
    refused(lambda: reader.accounts.members.list(account_id=account), 401)
    push(browser, browser.page(url), "enable")
    assert list(reader.accounts.members.list(account_id=account))
    rolled = value_on(push(browser, browser.page(url), "roll"))
    refused(lambda: reader.accounts.members.list(account_id=account), 401)
    assert list(client(server, rolled).accounts.members.list(account_id=account))
    gone = push(browser, browser.page(url), "delete")
    assert "The token is deleted" in gone.text and browser.page(url).status == 404
    refused(lambda: client(server, rolled).accounts.list(), 401)


def test_policies_are_added_and_removed_without_losing_what_was_filled_in(browser: Browser, sdk: Cloudflare, account: str) -> None:
    page = browser.page("/tokens/new")
    more = push(browser, page, "add_policy", name="Two halves", place_0=["*"], permission_0=["zone.read"], expiry="never")
    assert "Policy 2" in more.text
    form = more.html.form_with("action", "save")
    assert form.value("name") == "Two halves" and form.chosen("permission_0") == ["zone.read"] and form.chosen("expiry") == ["never"]
    third = push(browser, more, "add_policy")
    fewer = browser.submit(third, third.html.form_with("action", "save"), {"place_1": [account]}, ("remove_policy", "2"))
    assert isinstance(fewer, Page) and "Policy 3" not in fewer.text
    value_on(push(browser, fewer, "save", effect_1="deny", permission_1=["zone.read"], place_1=[account]))
    made = next(each for each in sdk.user.tokens.list() if each.name == "Two halves")
    assert [each.effect for each in made.policies] == ["allow", "deny"] and made.expires_on is None


@pytest.mark.parametrize(("change", "words"), [
    ({"name": ""}, "A name is needed"), ({"place_0": []}, "choose where it holds"), ({"permission_0": []}, "at least one permission"),
    ({"permission_0": ["no.such"]}, "no such permission"), ({"place_0": ["f" * 32]}, "no such resource"),
    ({"expiry": "date"}, "Choose the day"), ({"expiry": "date", "expiry_day": "soon"}, "should be a time"),
    ({"expiry": "date", "expiry_day": "2020-01-01"}, "in the future"), ({"expiry": "7"}, "Choose when"),
    ({"allowed": "everywhere"}, "should be an address"), ({"not_before": "x"}, "should be a time"), ({"effect_0": "maybe"}, "effect"),
    ({"place_0": ["user"]}, "about accounts"), ({"permission_0": ["latchkey.user.view"]}, "about your user"),
])
def test_what_is_no_token_comes_back_with_why(
    browser: Browser, sdk: Cloudflare, account: str, change: dict[str, Any], words: str
) -> None:
    before = len(list(sdk.user.tokens.list()))
    answer = create_token(browser, "/tokens", **{
        "name": "Wrong", "place_0": [account], "permission_0": ["zone.read"], "expiry": "2592000", **change})
    assert answer.status == 400 and words in answer.text, answer.text[:800]
    assert len(list(sdk.user.tokens.list())) == before


def test_a_token_wider_than_its_maker_is_refused_on_the_page(server: LatchkeyServer, account: str) -> None:
    person = server.new_user("Viewer")
    browser, sdk = server.browser(person), by_api(server, person)
    offered = browser.page("/tokens/new").html.form_with("action", "save").choices("permission_0")
    assert "zone.read" in offered and "zone.write" not in offered and "latchkey.members.manage" not in offered
    before = len(list(sdk.user.tokens.list()))
    for permission, place in [("zone.write", account), ("latchkey.members.manage", account), ("zone.write", "*")]:
        answer = create_token(browser, "/tokens", name="Wide", place_0=[place], permission_0=[permission], expiry="2592000")
        assert answer.status == 403 and "You may not do" in answer.text, (permission, place)
    foreign = create_token(
        browser, "/tokens", name="Foreign", place_0=[server.accounts[1]], permission_0=["zone.read"], expiry="2592000")
    assert foreign.status == 400 and "no such resource" in foreign.text
    assert len(list(sdk.user.tokens.list())) == before
    strong = sdk.user.tokens.create(name="Own", policies=[policy(sdk, ["zone.read"], {f"{ACCOUNT}.{account}": "*"})])
    value_of(strong)
    widened = push(browser, browser.page(f"/tokens/{strong.id}"), "save", permission_0=["zone.read", "zone.write"])
    assert widened.status == 403 and len(sdk.user.tokens.get(strong.id).policies[0].permission_groups) == 1


def test_tokens_of_an_account(server: LatchkeyServer, browser: Browser, sdk: Cloudflare, account: str) -> None:
    url = f"/accounts/{account}/tokens"
    value = value_on(create_token(browser, url, name="Robot", permission_0=["latchkey.members.view"], expiry="7776000"))
    robot = client(server, value)
    assert list(robot.accounts.members.list(account_id=account))
    token = next(each for each in sdk.accounts.tokens.list(account_id=account) if each.name == "Robot")
    assert "latchkey.user.view" not in browser.page(url + "/new").html.form_with("action", "save").choices("permission_0")
    assert browser.page(f"/tokens/{token.id}").status == 404, "it is not the user's own"
    helper = server.new_user("Member")
    _give_member_management(server, helper)
    theirs = server.browser(helper)
    assert "Robot" in theirs.page(url).text
    assert push(theirs, theirs.page(f"{url}/{token.id}"), "disable").status == 200
    enabled = push(theirs, theirs.page(f"{url}/{token.id}"), "enable")
    assert enabled.status == 200, "it may no more than they may"
    wide = create_token(browser, url, name="Auditor", permission_0=["latchkey.audit.view"], expiry="7776000")
    value_on(wide)
    auditor = next(each for each in sdk.accounts.tokens.list(account_id=account) if each.name == "Auditor")
    rolled = push(theirs, theirs.page(f"{url}/{auditor.id}"), "roll")
    assert rolled.status == 403 and "lkt_" not in rolled.text.replace("lkt_…", ""), "rolling it would hand out what they may not do"
    assert push(browser, browser.page(f"{url}/{token.id}"), "delete").status == 200
    refused(lambda: robot.accounts.list(), 401)


def test_a_token_without_policies_is_shown_as_what_it_is(server: LatchkeyServer) -> None:
    person = server.new_user("Viewer")
    sdk, browser = by_api(server, person), server.browser(person)
    (token,) = sdk.user.tokens.list()
    page = browser.page(f"/tokens/{token.id}")
    assert "it may do everything that you may" in page.text
    saved = push(browser, page, "save", name="The operator's")
    assert "Saved." in saved.text and sdk.user.tokens.get(token.id).name == "The operator's"
    other = by_api(server, person)
    kept = ours(other, "put", f"/user/tokens/{token.id}", body={"name": "By API", "policies": [], "status": "disabled"})
    assert kept["status"] == "disabled" and kept["policies"] == []
    fresh = server.manage("POST", "/user/tokens", None)
    assert fresh.status_code == 401
    refused(lambda: other.user.tokens.create(name="Unlimited", policies=[]), 400, "/policies")


# MARK: Who may see what


PAGES = ["members", "members/" + MISSING, "settings", "tokens", "tokens/new", "tokens/" + MISSING]


@pytest.mark.parametrize("path", PAGES)
def test_strangers_find_nothing_and_members_are_told_what_it_takes(
    server: LatchkeyServer, browser: Browser, account: str, path: str
) -> None:
    assert server.browser(server.new_user("Administrator", account=1)).page(f"/accounts/{account}/{path}").status == 404
    member = server.browser(server.limited).page(f"/accounts/{account}/{path}")
    assert member.status == 403 and "latchkey." in member.text
    for wrong in (MISSING, "x", server.accounts[1]):
        assert browser.page(f"/accounts/{wrong}/{path}").status == 404
    assert browser.page(f"/accounts/{account}/{path}").status == (404 if MISSING in path else 200)
    anonymous = server.browser().page(f"/accounts/{account}/{path}")
    assert anonymous.html.has_form_with("password"), "signing in comes first"


POSTS = [
    ("accounts", {"name": "Forged"}), ("accounts/{a}/settings", {"name": "Forged"}), ("accounts/{a}/leave", {"sure": "1"}),
    ("accounts/{a}/members", {"action": "invite", "email": "forged@example.org"}), ("accounts/{a}/members/{m}", {"action": "remove"}),
    ("tokens/new", {"action": "save", "name": "Forged"}), ("tokens/{t}", {"action": "delete"}),
    ("accounts/{a}/tokens/new", {"action": "save", "name": "Forged"}), ("accounts/{a}/tokens/{t}", {"action": "roll"}),
]


@pytest.mark.parametrize(("path", "fields"), POSTS, ids=[each[0] for each in POSTS])
@pytest.mark.parametrize("csrf", [None, "", "x" * 43])
def test_a_form_without_its_token_does_nothing(
    server: LatchkeyServer, browser: Browser, sdk: Cloudflare, account: str, path: str, fields: dict[str, str], csrf: str | None
) -> None:
    member = member_of(sdk, account, server.limited.email)
    token = next(iter(sdk.user.tokens.list()))
    url = "/" + path.format(a=account, m=member.id, t=token.id)
    answer = browser.post(url, {**fields, **({} if csrf is None else {"csrf": csrf})})
    assert isinstance(answer, Page) and answer.status == 403 and "belongs to another session" in answer.text
    assert member_of(sdk, account, server.limited.email) and sdk.user.tokens.get(token.id).id == token.id
    assert "Forged" not in [each.name for each in sdk.accounts.list()]


def test_nothing_of_a_suspended_account_is_changed(server: LatchkeyServer) -> None:
    person = server.new_user("Viewer")
    browser = server.browser(person)
    account = new_account(browser, "Suspended Soon")
    before = browser.page(f"/accounts/{account}/settings")
    csrf = dict(before.html.form_with("name").fields())["csrf"]
    server.operate("account", "suspend", account)
    for path in ("settings", "members", "tokens"):
        page = browser.page(f"/accounts/{account}/{path}")
        assert page.status == 200, path
        assert not page.html.has_form_with("action", "invite") and "New token" not in page.text
    for path, fields in [("settings", {"name": "Other"}), ("members", {"action": "invite", "email": "a@example.org"})]:
        forced = browser.post(f"/accounts/{account}/{path}", {"csrf": csrf, **fields})
        assert isinstance(forced, Page) and forced.status == 403 and "suspended" in forced.text
    server.operate("account", "resume", account)
