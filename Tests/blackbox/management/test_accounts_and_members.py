"""Accounts, memberships, members, roles and the user, through the unmodified SDK (management-api.md)."""

from __future__ import annotations

from typing import Any

import issued
import pytest
from cloudflare import Cloudflare
from latchkey_server import LatchkeyServer, User, at_once
from sdk import ACCOUNT, client, policy, refused, value_of

ROLES = ("Super Administrator", "Administrator", "OAuth Client Write", "Member", "Viewer")


def all_powerful(server: LatchkeyServer, person: User) -> Cloudflare:
    made = server.operate("user", "token", person.email)
    issued.record("API token", made["value"])
    return client(server, made["value"])


@pytest.fixture(scope="module")
def by_role(server: LatchkeyServer) -> dict[str, Cloudflare]:
    return {role: all_powerful(server, server.new_user(role)) for role in ROLES}


@pytest.fixture(scope="module")
def administrator(by_role: dict[str, Cloudflare]) -> Cloudflare:
    return by_role["Administrator"]


@pytest.fixture(scope="module")
def account(server: LatchkeyServer) -> str:
    return server.accounts[0]


@pytest.fixture(scope="module")
def roles(administrator: Cloudflare, account: str) -> dict[str, str]:
    return {role.name: role.id for role in administrator.accounts.roles.list(account_id=account)}


def member_of(sdk: Cloudflare, account: str, person: User) -> Any:
    return next(each for each in sdk.accounts.members.list(account_id=account) if each.user.email == person.email)


# MARK: The user and their places


def test_the_user_is_told_who_they_are(server: LatchkeyServer) -> None:
    user = client(server, server.api_token(server.administrator)).user.get()
    assert user.email == server.administrator.email and len(user.id) == 32
    assert user.first_name and user.last_name and user.suspended is False and user.two_factor_authentication_enabled is False


def test_accounts_and_memberships_are_ones_own(server: LatchkeyServer) -> None:
    """management-api.md, What breaks a naive server 1: both lists end."""
    both = client(server, server.api_token(server.member_of_both))
    accounts = list(both.accounts.list(per_page=1))
    assert {each.id for each in accounts} == set(server.accounts) and len(accounts) == 2
    assert all(each.name and each.type == "standard" and each.created_on for each in accounts)
    assert [each.id for each in both.accounts.list(direction="desc")] == [each.id for each in reversed(accounts)]
    assert [each.id for each in both.accounts.list(name=accounts[0].name)] == [accounts[0].id]
    memberships = list(both.memberships.list(per_page=1))
    assert {each.account.id for each in memberships} == set(server.accounts)
    assert all(each.status == "accepted" and each.roles == ["Member"] for each in memberships)
    assert len({each.id for each in memberships}) == 2
    assert both.accounts.get(account_id=accounts[1].id).name == accounts[1].name
    limited = client(server, server.api_token(server.limited))
    assert [each.id for each in limited.accounts.list()] == [server.accounts[0]]
    refused(lambda: limited.accounts.get(account_id=server.accounts[1]), 404)
    refused(lambda: limited.accounts.get(account_id="nothing"), 404)


def test_a_narrow_token_sees_its_account_alone(server: LatchkeyServer) -> None:
    both = client(server, server.api_token(server.member_of_both))
    token = both.user.tokens.create(name="Narrow", policies=[policy(both, ["zone.read"], {f"{ACCOUNT}.{server.accounts[1]}": "*"})])
    narrow = client(server, value_of(token))
    assert [each.id for each in narrow.accounts.list()] == [server.accounts[1]]
    refused(lambda: narrow.accounts.get(account_id=server.accounts[0]), 404)
    refused(narrow.user.get, 403)
    refused(narrow.memberships.list, 403)
    refused(lambda: narrow.accounts.create(name="x"), 403)


def test_an_app_sees_the_accounts_that_it_was_given(server: LatchkeyServer, person: User) -> None:
    app = client(server, server.grant(person, server.first)["access_token"])
    assert [each.id for each in app.accounts.list()] == [server.accounts[0]]
    refused(app.user.get, 403)
    refused(lambda: app.accounts.create(name="x"), 403)
    refused(lambda: app.accounts.members.list(account_id=server.accounts[0]), 403)


def test_what_an_app_learns_of_accounts_without_a_scope(server: LatchkeyServer) -> None:
    """docs/accounts.md: the names of those that it was given, which its user chose and `/authorizations/self` says too."""
    person = server.member_of_both
    token = server.grant(person, server.new_client("Curious", account=1), accounts=server.accounts[:1])["access_token"]
    app = client(server, token)
    (seen,) = app.accounts.list()
    told = server.manage("GET", "/authorizations/self", token).json()["result"]["accounts"]
    assert told == [{"id": seen.id, "name": seen.name}] and seen.id == server.accounts[0]
    assert app.accounts.get(account_id=seen.id) == seen
    refused(lambda: app.accounts.get(account_id=server.accounts[1]), 404)
    for call in (
        lambda: app.accounts.roles.list(account_id=seen.id), lambda: app.accounts.tokens.list(account_id=seen.id),
        lambda: app.iam.oauth_clients.list(account_id=seen.id), lambda: app.audit_logs.list(account_id=seen.id),
        lambda: app.accounts.update(account_id=seen.id, id=seen.id, name="Taken", type="standard"),
    ):
        refused(call, 403)


# MARK: Making accounts


def test_whoever_makes_an_account_may_do_everything_in_it(server: LatchkeyServer) -> None:
    limited = server.new_user("Viewer")
    sdk = all_powerful(server, limited)
    made = sdk.accounts.create(name="  New Venture ")
    assert made.name == "New Venture" and len(made.id) == 32
    assert sdk.accounts.get(account_id=made.id).name == "New Venture"
    assert [each.roles for each in sdk.memberships.list() if each.account.id == made.id] == [["Super Administrator"]]
    members = list(sdk.accounts.members.list(account_id=made.id))
    assert [each.user.email for each in members] == [limited.email]
    renamed = sdk.accounts.update(account_id=made.id, id=made.id, name="Older Venture", type="standard")
    assert renamed.name == "Older Venture" == sdk.accounts.get(account_id=made.id).name
    refused(lambda: sdk.accounts.members.delete(members[0].id, account_id=made.id), 400)
    role = next(each.id for each in sdk.accounts.roles.list(account_id=made.id) if each.name == "Viewer")
    refused(lambda: sdk.accounts.members.update(members[0].id, account_id=made.id, roles=[{"id": role}]), 400)
    stranger = client(server, server.api_token(server.administrator))
    refused(lambda: stranger.accounts.get(account_id=made.id), 404)


@pytest.mark.parametrize("name", ["", " ", "a\u202eb", "x" * 101, 5, None])
def test_an_accounts_name_can_be_shown(server: LatchkeyServer, administrator: Cloudflare, account: str, name: Any) -> None:
    refused(lambda: administrator.accounts.create(name=name), 400, "/name")
    refused(lambda: administrator.accounts.update(account_id=account, id=account, name=name, type="standard"), 400, "/name")


def test_where_the_operator_makes_accounts_nobody_else_does() -> None:
    server = LatchkeyServer("--account-creation", "operator").start()
    try:
        sdk = client(server, server.api_token(server.administrator))
        assert "operator" in refused(lambda: sdk.accounts.create(name="Mine"), 403)
    finally:
        server.dispose()


# MARK: Members and roles


def test_roles_are_listed_and_read(administrator: Cloudflare, account: str) -> None:
    listed = list(administrator.accounts.roles.list(account_id=account, per_page=2))
    assert [each.name for each in listed] == sorted(ROLES)
    role = administrator.accounts.roles.get(listed[0].id, account_id=account)
    assert role.name == listed[0].name and role.description and role.permissions is not None
    refused(lambda: administrator.accounts.roles.get("0" * 32, account_id=account), 404)
    refused(lambda: administrator.accounts.roles.get("x", account_id=account), 404)


def test_members_are_listed_page_by_page(server: LatchkeyServer, administrator: Cloudflare, account: str) -> None:
    listed = list(administrator.accounts.members.list(account_id=account, per_page=2))
    assert len({each.id for each in listed}) == len(listed) >= 3
    assert server.administrator.email in {each.user.email for each in listed}
    one = next(each for each in listed if each.user.email == server.limited.email)
    assert one.status == "accepted" and [each.name for each in one.roles] == ["Viewer"] and one.email == server.limited.email
    assert administrator.accounts.members.get(one.id, account_id=account) == one
    assert [each.id for each in administrator.accounts.members.list(account_id=account, direction="desc")] == \
        [each.id for each in reversed(listed)]
    refused(lambda: administrator.accounts.members.get("0" * 32, account_id=account), 404)
    refused(lambda: administrator.accounts.members.get("x", account_id=account), 404)


def test_new_roles_act_at_once(server: LatchkeyServer, administrator: Cloudflare, account: str, roles: dict[str, str]) -> None:
    """Design §5: leaving an account, or losing a role, ends what it allowed."""
    person = server.new_user("Member")
    tokens = server.grant(person, server.first)
    member = member_of(administrator, account, person)
    target = f"/accounts/{account}/zones"
    assert "dns.write" in server.inspect(tokens["access_token"])["scope"].split()
    changed = administrator.accounts.members.update(member.id, account_id=account, roles=[{"id": roles["Viewer"]}])
    assert [each.name for each in changed.roles] == ["Viewer"] and changed.id == member.id
    assert "dns.write" not in server.inspect(tokens["access_token"])["scope"].split()
    assert server.verify("GET", target, tokens["access_token"]).status_code == 200
    two = administrator.accounts.members.update(
        member.id, account_id=account, roles=[roles["Viewer"], roles["Member"]])  # type: ignore[list-item]
    assert {each.name for each in two.roles} == {"Viewer", "Member"}
    assert administrator.accounts.members.delete(member.id, account_id=account).id == member.id
    assert server.verify("GET", target, tokens["access_token"]).status_code != 200
    refused(lambda: administrator.accounts.members.get(member.id, account_id=account), 404)
    refused(lambda: administrator.accounts.members.delete(member.id, account_id=account), 404)


@pytest.mark.parametrize(("sent", "pointer"), [
    ({}, "/roles"), ({"roles": []}, "/roles"), ({"roles": "x"}, "/roles"), ({"roles": ["x"]}, "/roles/0"),
    ({"roles": [{"id": "0" * 32}]}, "/roles/0"), ({"roles": [5]}, "/roles/0")])
def test_roles_that_are_none(server: LatchkeyServer, administrator: Cloudflare, account: str, sent: Any, pointer: str) -> None:
    person = server.new_user("Member")
    member = member_of(administrator, account, person)
    answer = server.manage("PUT", f"/accounts/{account}/members/{member.id}", server.api_token(server.administrator), json=sent)
    assert answer.status_code == 400 and answer.json()["errors"][0]["source"]["pointer"] == pointer, answer.text
    assert [each.name for each in administrator.accounts.members.get(member.id, account_id=account).roles] == ["Member"]


def test_a_limited_token_gives_no_role_beyond_itself(
    server: LatchkeyServer, administrator: Cloudflare, account: str, roles: dict[str, str]
) -> None:
    """Nobody gives away more than they have: what a token may not do itself, no role that it gives may do."""
    person = server.new_user("Member")
    viewing = [scope.id for scope in administrator.iam.oauth_scopes.list() if scope.id.endswith(".read")] + ["latchkey.clients.view"]
    token = administrator.user.tokens.create(name="People", policies=[
        policy(administrator, ["latchkey.members.view", "latchkey.members.manage", *viewing], {f"{ACCOUNT}.{account}": "*"})])
    people = client(server, value_of(token))
    member = member_of(people, account, person)
    assert people.accounts.members.update(member.id, account_id=account, roles=[{"id": roles["Viewer"]}]).id == member.id
    refused(lambda: people.accounts.members.update(
        member.id, account_id=account, roles=[{"id": roles["Viewer"]}, {"id": roles["Administrator"]}]), 403, "/roles/1")
    for wider in ["Member", "OAuth Client Write"]:
        refused(lambda: people.accounts.members.update(member.id, account_id=account, roles=[{"id": roles[wider]}]), 403, "/roles/0")
        refused(lambda: people.accounts.members.create(
            account_id=account, email="somebody@example.org", roles=[roles[wider]]), 403, "/roles/0")
    boss = member_of(people, account, server.administrator)
    refused(lambda: people.accounts.members.delete(boss.id, account_id=account), 403)
    refused(lambda: people.accounts.members.update(boss.id, account_id=account, roles=[{"id": roles["Viewer"]}]), 403)


def test_of_two_administrators_who_leave_at_once_one_stays(server: LatchkeyServer) -> None:
    """Design §9: no check-then-act; an account is never without somebody who may do everything."""
    first, second = server.new_user("Viewer"), server.new_user("Viewer")
    sdk = all_powerful(server, first)
    made = sdk.accounts.create(name="Pair")
    server.operate("user", "add", second.email, "--account", made.id, "--role", "Administrator")
    members = [member_of(sdk, made.id, person).id for person in (first, second)]
    themselves = [sdk, all_powerful(server, second)]

    def leave(index: int) -> int:
        members_of = themselves[index].accounts.members.with_raw_response
        try:
            return members_of.delete(members[index], account_id=made.id).status_code
        except Exception as error:  # noqa: BLE001 - the status is what is looked at
            return int(getattr(error, "status_code", 0))

    assert sorted(at_once(2, leave)) == [200, 400]


OPERATIONS = [
    ("members.list", "view", lambda sdk, a, r: sdk.accounts.members.list(account_id=a)),
    ("members.get", "view", lambda sdk, a, r: sdk.accounts.members.get("0" * 32, account_id=a)),
    ("roles.list", "view", lambda sdk, a, r: sdk.accounts.roles.list(account_id=a)),
    ("roles.get", "view", lambda sdk, a, r: sdk.accounts.roles.get("0" * 32, account_id=a)),
    ("members.update", "manage", lambda sdk, a, r: sdk.accounts.members.update("0" * 32, account_id=a, roles=[{"id": r}])),
    ("members.delete", "manage", lambda sdk, a, r: sdk.accounts.members.delete("0" * 32, account_id=a)),
    ("accounts.update", "rename", lambda sdk, a, r: sdk.accounts.update(account_id=a, id=a, name="", type="standard")),
]


@pytest.mark.parametrize(("name", "kind", "call"), OPERATIONS, ids=[each[0] for each in OPERATIONS])
@pytest.mark.parametrize("role", ROLES)
def test_roles_and_operations(
    server: LatchkeyServer, by_role: dict[str, Cloudflare], account: str, roles: dict[str, str], role: str, name: str, kind: str, call: Any
) -> None:
    """One table: administrators may, the others are refused with what it takes, strangers find nothing."""
    permission = {"view": "latchkey.members.view", "manage": "latchkey.members.manage", "rename": "latchkey.account.manage"}[kind]
    if "Administrator" in role:
        try:
            call(by_role[role], account, roles["Viewer"])
        except Exception as error:  # noqa: BLE001 - what matters is that it is not the role that is refused
            assert getattr(error, "status_code", None) in (400, 404), error
    else:
        assert permission in refused(lambda: call(by_role[role], account, roles["Viewer"]), 403)
    refused(lambda: call(by_role[role], server.accounts[1], roles["Viewer"]), 404)


@pytest.mark.parametrize(("method", "path"), [
    ("GET", "/user"), ("GET", "/memberships"), ("GET", "/accounts"), ("POST", "/accounts"), ("GET", "/accounts/" + "0" * 32),
    ("PUT", "/accounts/" + "0" * 32), ("GET", "/accounts/x/members"), ("POST", "/accounts/x/members"), ("GET", "/accounts/x/roles"),
    ("PUT", "/accounts/x/members/y"), ("DELETE", "/accounts/x/members/y"), ("GET", "/accounts/x/roles/y")])
def test_without_a_token_it_is_401(server: LatchkeyServer, method: str, path: str) -> None:
    answer = server.manage(method, path, None)
    assert answer.status_code == 401 and answer.json()["success"] is False, answer.text
