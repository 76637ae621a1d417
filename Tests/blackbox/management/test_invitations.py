"""Inviting people: through the SDK, by mail, and on the page where the link leads."""

from __future__ import annotations

import re
from typing import Any

import issued
import pytest
from cloudflare import Cloudflare
from latchkey_server import Browser, LatchkeyServer, Page, User, at_once
from sdk import ACCOUNT, client, policy, refused, value_of

PASSWORD = "a long enough passphrase"


@pytest.fixture(scope="module")
def account(server: LatchkeyServer) -> str:
    return server.accounts[0]


@pytest.fixture(scope="module")
def administrator(server: LatchkeyServer) -> Cloudflare:
    return client(server, server.api_token(server.administrator))


@pytest.fixture(scope="module")
def roles(administrator: Cloudflare, account: str) -> dict[str, str]:
    return {role.name: role.id for role in administrator.accounts.roles.list(account_id=account)}


def link_to(server: LatchkeyServer, email: str) -> str:
    """The link of the newest mail to this address, from the demo's outbox."""
    page = server.caller.get(server.issuer + "/outbox").text
    mail = next(part for part in page.split("<article")[1:] if f"To {email}" in part)
    found = re.search(r'href="([^"]+/invitations/[^"]+)"', mail)
    assert found, mail
    issued.record("invitation", found.group(1).rsplit("/", 1)[1])
    return found.group(1)


def join(browser: Browser, link: str, **fields: str) -> Page:
    page = browser.page(link)
    answer = browser.submit(page, next(form for form in page.html.forms if "/invitations/" in form.action), fields)
    assert isinstance(answer, Page)
    return answer


def test_somebody_new_joins(server: LatchkeyServer, administrator: Cloudflare, account: str, roles: dict[str, str]) -> None:
    email = "new-person@example.org"
    invited = administrator.accounts.members.create(account_id=account, email="New-Person@Example.org", roles=[roles["Member"]])
    assert invited.status == "pending" and invited.email == email and [each.name for each in invited.roles] == ["Member"]
    assert invited.user.email == email and invited.user.id is None
    assert administrator.accounts.members.get(invited.id, account_id=account).status == "pending"
    assert email in {each.user.email for each in administrator.accounts.members.list(account_id=account, status="pending")}
    browser = server.browser()
    link = link_to(server, email)
    page = browser.page(link)
    assert server.line["accounts"][0]["name"] in page.text and email in page.text and "Member" in page.text
    weak = join(browser, link, name="New Person", password="short")
    assert weak.status == 400 and "at least 10" in weak.text
    assert join(browser, link, name=" ", password=PASSWORD).status == 400
    issued.record("password", PASSWORD)
    done = join(browser, link, name="New Person", password=PASSWORD)
    assert done.status == 200 and "You are a member" in done.text
    member = administrator.accounts.members.get(invited.id, account_id=account)
    assert member.status == "accepted" and member.user.first_name == "New" and member.id == invited.id
    server.browser().signed_in_as(User(email, PASSWORD))
    assert server.browser().page(link).status == 404, "a link works once"


def test_a_user_joins_when_signed_in(server: LatchkeyServer, administrator: Cloudflare, account: str, roles: dict[str, str]) -> None:
    """A link alone is nobody's password."""
    person = server.new_user("Member", account=1)
    invited = administrator.accounts.members.create(account_id=account, email=person.email, roles=[roles["Viewer"]])
    assert invited.status == "pending" and invited.user.id is None, "the answer does not tell whether there is such a user"
    link = link_to(server, person.email)
    stranger = server.browser().page(link)
    assert "Sign in as" in stranger.text and not stranger.html.has_form_with("password")
    other = server.browser(server.limited).page(link)
    assert "You are signed in as" in other.text and not any("/invitations/" in form.action for form in other.html.forms)
    mine = server.browser().signed_in_as(person)
    assert "You are a member" in join(mine, link).text
    assert administrator.accounts.members.get(invited.id, account_id=account).status == "accepted"
    assert account in {each.id for each in client(server, _token(server, person)).accounts.list()}


def _token(server: LatchkeyServer, person: User) -> str:
    made = server.operate("user", "token", person.email)
    issued.record("API token", made["value"])
    return made["value"]


def test_an_invitation_can_be_changed_sent_again_and_withdrawn(
    server: LatchkeyServer, administrator: Cloudflare, account: str, roles: dict[str, str]
) -> None:
    email = "undecided@example.org"
    members = administrator.accounts.members
    invited = members.create(account_id=account, email=email, roles=[roles["Viewer"]])
    first = link_to(server, email)
    changed = members.update(invited.id, account_id=account, roles=[{"id": roles["Member"]}])
    assert changed.status == "pending" and [each.name for each in changed.roles] == ["Member"]
    again = members.create(account_id=account, email=email, roles=[roles["Viewer"]])
    assert again.id == invited.id
    second = link_to(server, email)
    assert second != first and server.browser().page(first).status == 404 and server.browser().page(second).status == 200
    assert members.delete(invited.id, account_id=account).id == invited.id
    assert server.browser().page(second).status == 404
    refused(lambda: members.get(invited.id, account_id=account), 404)


def test_a_member_is_not_invited_again(server: LatchkeyServer, administrator: Cloudflare, account: str, roles: dict[str, str]) -> None:
    """409, and the SDK does not try again on its own (`x-should-retry: false`)."""
    patient = client(server, server.api_token(server.administrator), max_retries=2)
    message = refused(
        lambda: patient.accounts.members.create(account_id=account, email=server.limited.email, roles=[roles["Viewer"]]), 409)
    assert "already" in message
    answer = server.manage("POST", f"/accounts/{account}/members", server.api_token(server.administrator),
        json={"email": server.limited.email, "roles": [roles["Viewer"]]})
    assert answer.status_code == 409 and answer.headers["x-should-retry"] == "false"


@pytest.mark.parametrize(("change", "pointer"), [
    ({"email": ""}, "/email"), ({"email": None}, "/email"), ({"email": "nobody"}, "/email"), ({"email": "a@b@c"}, "/email"),
    ({"email": "a@b.example\r\nBcc: c@d.example"}, "/email"), ({"email": "a,b@c.example"}, "/email"), ({"email": "<a@b.example>"}, "/email"),
    ({"email": "x" * 250 + "@b.example"}, "/email"), ({"roles": []}, "/roles"), ({"roles": ["x"]}, "/roles/0"),
    ({"status": "accepted"}, "/status")])
def test_what_is_no_invitation(
    server: LatchkeyServer, account: str, roles: dict[str, str], change: dict[str, Any], pointer: str
) -> None:
    body = {"email": "somebody@example.org", "roles": [roles["Viewer"]], **change}
    answer = server.manage("POST", f"/accounts/{account}/members", server.api_token(server.administrator), json=body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["errors"][0]["source"]["pointer"] == pointer


def test_who_may_invite_whom(server: LatchkeyServer, administrator: Cloudflare, account: str, roles: dict[str, str]) -> None:
    member = client(server, server.api_token(server.member_of_both))
    refused(lambda: member.accounts.members.create(account_id=account, email="x@example.org", roles=[roles["Viewer"]]), 403)
    refused(lambda: administrator.accounts.members.create(
        account_id=server.accounts[1], email="x@example.org", roles=[roles["Viewer"]]), 404)
    token = administrator.user.tokens.create(name="People", policies=[
        policy(administrator, ["latchkey.members.manage"], {f"{ACCOUNT}.{account}": "*"})])
    people = client(server, value_of(token))
    refused(lambda: people.accounts.members.create(
        account_id=account, email="x@example.org", roles=[roles["Administrator"]]), 403, "/roles/0")
    invited = administrator.accounts.members.create(account_id=account, email="boss@example.org", roles=[roles["Administrator"]])
    refused(lambda: people.accounts.members.delete(invited.id, account_id=account), 403)
    refused(lambda: people.accounts.members.update(invited.id, account_id=account, roles=[{"id": roles["Viewer"]}]), 403)


def test_a_forged_form_joins_nobody(server: LatchkeyServer, administrator: Cloudflare, account: str, roles: dict[str, str]) -> None:
    """Design §9: no form without a CSRF token."""
    email = "forged@example.org"
    invited = administrator.accounts.members.create(account_id=account, email=email, roles=[roles["Viewer"]])
    link = link_to(server, email)
    browser = server.browser()
    browser.page(link)
    for csrf in ({}, {"csrf": "x"}):
        answer = browser.post(link, {"name": "x", "password": PASSWORD, **csrf})
        assert isinstance(answer, Page) and answer.status == 403
    assert administrator.accounts.members.get(invited.id, account_id=account).status == "pending"


def test_of_many_answers_at_once_one_counts(
    server: LatchkeyServer, administrator: Cloudflare, account: str, roles: dict[str, str]
) -> None:
    email = "hasty@example.org"
    administrator.accounts.members.create(account_id=account, email=email, roles=[roles["Viewer"]])
    link = link_to(server, email)
    browser = server.browser()
    page = browser.page(link)
    csrf = dict(page.html.form_with("password").fields())["csrf"]
    answers = at_once(4, lambda _: browser.session.post(link, data={"csrf": csrf, "name": "Hasty", "password": PASSWORD}))
    assert sorted(answer.status_code for answer in answers)[0] == 200
    assert [answer.status_code for answer in answers].count(200) == 1
    members = [each for each in administrator.accounts.members.list(account_id=account) if each.user.email == email]
    assert len(members) == 1 and members[0].status == "accepted"


def test_inviting_again_takes_what_changing_takes(
    server: LatchkeyServer, administrator: Cloudflare, account: str, roles: dict[str, str]
) -> None:
    """A pending administrator is not made a viewer by somebody who may not change administrators."""
    members = administrator.accounts.members
    invited = members.create(account_id=account, email="future-boss@example.org", roles=[roles["Administrator"]])
    link = link_to(server, "future-boss@example.org")
    viewing = [scope.id for scope in administrator.iam.oauth_scopes.list() if scope.id.endswith(".read")] + ["latchkey.clients.view"]
    token = administrator.user.tokens.create(name="People", policies=[
        policy(administrator, ["latchkey.members.manage", *viewing], {f"{ACCOUNT}.{account}": "*"})])
    people = client(server, value_of(token))
    refused(lambda: people.accounts.members.create(account_id=account, email="future-boss@example.org", roles=[roles["Viewer"]]), 403)
    assert [each.name for each in members.get(invited.id, account_id=account).roles] == ["Administrator"]
    assert server.browser().page(link).status == 200, "the link still leads there"
    assert people.accounts.members.create(account_id=account, email="future-viewer@example.org", roles=[roles["Viewer"]])


def test_one_address_gets_five_mails_a_day(server: LatchkeyServer, administrator: Cloudflare, account: str, roles: dict[str, str]) -> None:
    email = "flooded@example.org"
    other = administrator.accounts.create(name="Elsewhere")
    for number in range(5):
        administrator.accounts.members.create(
            account_id=[account, other.id][number % 2], email=email, roles=[roles["Viewer"]])
    link = link_to(server, email)
    patient = client(server, server.api_token(server.administrator), max_retries=2)
    message = refused(lambda: patient.accounts.members.create(account_id=account, email=email, roles=[roles["Viewer"]]), 429)
    assert "5 a day" in message
    answer = server.manage("POST", f"/accounts/{account}/members", server.api_token(server.administrator),
        json={"email": email, "roles": [roles["Viewer"]]})
    assert answer.headers["x-should-retry"] == "false" and 0 < int(answer.headers["Retry-After"]) <= 86_400
    assert link_to(server, email) == link and server.browser().page(link).status == 200, "what was sent stays good"


def test_fifty_invitations_wait_at_most(server: LatchkeyServer, roles: dict[str, str]) -> None:
    sdk = client(server, _token(server, server.new_user("Viewer")))
    crowd = sdk.accounts.create(name="Crowd").id
    made = [sdk.accounts.members.create(account_id=crowd, email=f"waiting{n}@example.org", roles=[roles["Viewer"]]) for n in range(50)]
    assert "50 invitations" in refused(
        lambda: sdk.accounts.members.create(account_id=crowd, email="waiting50@example.org", roles=[roles["Viewer"]]), 400)
    sdk.accounts.members.delete(made[0].id, account_id=crowd)
    assert sdk.accounts.members.create(account_id=crowd, email="waiting50@example.org", roles=[roles["Viewer"]]).status == "pending"


@pytest.mark.parametrize("path", ["/invitations/x", "/invitations/" + "A" * 43, "/invitations/%00", "/invitations/" + "x" * 500])
def test_unknown_invitations_are_a_page(server: LatchkeyServer, path: str) -> None:
    answer = server.caller.get(server.issuer + path)
    assert answer.status_code == 404 and "no longer there" in answer.text
