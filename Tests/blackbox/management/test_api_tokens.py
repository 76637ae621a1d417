"""API tokens of users and of accounts, made and used through the unmodified SDK (management-api.md)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import issued
import pytest
from cloudflare import Cloudflare
from latchkey_server import Caller, LatchkeyServer, User, at_once, eventually
from sdk import ACCOUNT, USER, client, group, policy, refused, value_of

APPS = ["latchkey.user.apps.view", "latchkey.user.apps.manage"]


@pytest.fixture
def administrator(server: LatchkeyServer) -> Cloudflare:
    return client(server, server.api_token(server.administrator))


@pytest.fixture
def account(server: LatchkeyServer) -> str:
    return server.accounts[0]


@pytest.fixture
def everywhere(account: str) -> dict[str, str]:
    return {f"{ACCOUNT}.{account}": "*"}


@pytest.fixture
def made(administrator: Cloudflare, everywhere: dict[str, str]) -> Iterator[Any]:
    """A token of the administrator that may look at the account's tokens."""
    token = administrator.user.tokens.create(
        name="Deploys", policies=[policy(administrator, ["latchkey.tokens.view", "zone.read"], everywhere)])
    value_of(token)
    yield token


def moment(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


# MARK: The calls


def test_a_token_is_shown_once_and_then_described(administrator: Cloudflare, made: Any, account: str) -> None:
    """management-api.md, Paths: `value` on create only; Token's members."""
    assert made.value.startswith("lkt_") and made.status == "active" and made.name == "Deploys"
    read = administrator.user.tokens.get(made.id)
    assert read.id == made.id and getattr(read, "value", None) is None
    assert read.issued_on == made.issued_on and read.modified_on and read.last_used_on is None
    assert read.condition is None and read.expires_on is None and read.not_before is None
    assert [each.effect for each in read.policies] == ["allow"]
    assert read.policies[0].id and read.policies[0].resources == {f"{ACCOUNT}.{account}": "*"}
    names = [each.name for each in read.policies[0].permission_groups]
    assert len(names) == 2 and names[0] == "API tokens: view"


def test_every_page_of_the_list_is_read_and_the_reading_ends(administrator: Cloudflare, made: Any) -> None:
    """management-api.md, What breaks a naive server 1: the first call has no page; then `page` until the result is empty."""
    for number in range(3):
        value_of(administrator.user.tokens.create(name=f"Page {number}", policies=_policies(made)))
    pages = list(administrator.user.tokens.list(per_page=2).iter_pages())
    assert len(pages[0].result) == 2 and len(pages) >= 2
    listed = [token.id for token in administrator.user.tokens.list(per_page=2)]
    assert made.id in listed and len(listed) == len(set(listed)) >= 4
    assert listed == [token.id for token in administrator.user.tokens.list()]


def _policies(token: Any) -> list[dict[str, Any]]:
    return [{"effect": each.effect, "permission_groups": [{"id": group.id} for group in each.permission_groups],
             "resources": each.resources} for each in token.policies]


def test_an_update_replaces_what_it_names(administrator: Cloudflare, made: Any, everywhere: dict[str, str]) -> None:
    """management-api.md, Paths: PUT name, policies, condition, expires_on, not_before, status."""
    end = moment(3600)
    changed = administrator.user.tokens.update(
        made.id, name="Renamed", policies=[policy(administrator, ["zone.read"], everywhere)], expires_on=end,
        condition={"request_ip": {"in": ["127.0.0.0/8", "2001:db8::/32"], "not_in": ["127.0.0.9"]}}, status="disabled")
    assert changed.name == "Renamed" and changed.status == "disabled"
    read = administrator.user.tokens.get(made.id)
    assert read.expires_on and read.expires_on.strftime("%Y-%m-%dT%H:%M:%SZ") == end
    assert read.condition.request_ip.in_ == ["127.0.0.0/8", "2001:db8::/32"] and read.condition.request_ip.not_in == ["127.0.0.9"]
    kept = administrator.user.tokens.update(made.id, name="Again", policies=_policies(read))
    assert kept.expires_on == read.expires_on and kept.status == "disabled", "what is left out stays"
    assert kept.condition.request_ip.in_ == read.condition.request_ip.in_
    freed = administrator.user.tokens.update(
        made.id, name="Again", policies=_policies(read), status="active", extra_body={"expires_on": None, "condition": None})
    assert freed.expires_on is None and freed.condition is None and freed.status == "active"


def test_a_deleted_token_stops_at_once(server: LatchkeyServer, administrator: Cloudflare, made: Any) -> None:
    """management-api.md, What breaks a naive server 4: DELETE answers 200 with the id."""
    own = client(server, made.value)
    assert own.user.tokens.verify().status == "active"
    assert administrator.user.tokens.delete(made.id).id == made.id
    refused(own.user.tokens.verify, 401)
    refused(lambda: administrator.user.tokens.get(made.id), 404)
    refused(lambda: administrator.user.tokens.delete(made.id), 404)


def test_verify_says_what_the_token_is(server: LatchkeyServer, administrator: Cloudflare, everywhere: dict[str, str]) -> None:
    """management-api.md, Paths: {id, status, expires_on?, not_before?}."""
    end, start = moment(3600), moment(-60)
    token = administrator.user.tokens.create(
        name="Timed", policies=[policy(administrator, ["zone.read"], everywhere)], expires_on=end, not_before=start)
    seen = client(server, value_of(token)).user.tokens.verify()
    assert (seen.id, seen.status) == (token.id, "active")
    assert seen.expires_on == token.expires_on and seen.not_before == token.not_before


def test_rolling_gives_a_new_value_and_ends_the_old_one(server: LatchkeyServer, administrator: Cloudflare, made: Any) -> None:
    """management-api.md, Paths: the result is the new value, a bare string; the same token otherwise."""
    value = administrator.user.tokens.value.update(made.id)
    issued.record("API token", value)
    assert value.startswith("lkt_") and value != made.value
    refused(client(server, made.value).user.tokens.verify, 401)
    assert client(server, value).user.tokens.verify().id == made.id


def test_a_roll_needs_no_body(server: LatchkeyServer, administrator: Cloudflare, made: Any) -> None:
    """management-api.md, What breaks a naive server 5: `Content-Length: 0` with `Content-Type: application/json`."""
    answer = server.manage(
        "PUT", f"/user/tokens/{made.id}/value", server.api_token(server.administrator), data=b"",
        headers={"Content-Type": "application/json"})
    assert answer.status_code == 200 and answer.json()["result"].startswith("lkt_"), answer.text
    issued.record("API token", answer.json()["result"])


def test_permission_groups_can_be_filtered(administrator: Cloudflare, account: str, server: LatchkeyServer) -> None:
    """management-api.md, Paths: name, scope; {id, name, category, is_selectable, scopes}."""
    groups = list(administrator.user.tokens.permission_groups.list())
    assert len({each.id for each in groups}) == len(groups)
    assert all(len(each.id) == 32 and each.name and each.category and each.scopes for each in groups)
    assert set(server.first.scopes) <= {each.label for each in groups}
    assert {each.label for each in administrator.user.tokens.permission_groups.list(scope=USER)} >= set(APPS)
    one = groups[3]
    named = [each for each in administrator.user.tokens.permission_groups.list(name=one.name)]
    assert one.id in {each.id for each in named} and {each.name for each in named} == {one.name}
    of_account = list(administrator.accounts.tokens.permission_groups.list(account_id=account))
    assert of_account and all(each.scopes == [ACCOUNT] for each in of_account)
    assert [each.id for each in administrator.accounts.tokens.permission_groups.get(account_id=account)] == [each.id for each in of_account]
    assert list(administrator.user.tokens.permission_groups.list(scope="com.latchkey.api.nothing")) == []


def test_groups_that_one_may_not_give_are_not_selectable(server: LatchkeyServer) -> None:
    limited = client(server, server.api_token(server.limited))
    groups = {each.label: each.is_selectable for each in limited.user.tokens.permission_groups.list()}
    assert groups["zone.read"] and not groups["dns.write"] and not groups["latchkey.tokens.manage"]
    assert groups["latchkey.user.tokens.manage"]


# MARK: What a token may do


def test_last_use_is_remembered_with_its_address(server: LatchkeyServer, administrator: Cloudflare, made: Any) -> None:
    client(server, made.value, address="127.0.0.7").user.tokens.verify()
    read = administrator.user.tokens.get(made.id)
    assert read.last_used_on and read.last_used_ip == "127.0.0.7"
    assert abs(read.last_used_on.timestamp() - time.time()) < 60


def test_policies_bound_what_a_token_may_do(server: LatchkeyServer, administrator: Cloudflare, made: Any, account: str) -> None:
    """Role and policies both have to allow it; another account does not exist for it."""
    own = client(server, made.value)
    assert own.accounts.tokens.list(account_id=account) is not None
    message = refused(lambda: own.accounts.tokens.create(account_id=account, name="More", policies=_policies(made)), 403)
    assert "latchkey.tokens.manage" in message
    refused(lambda: own.accounts.tokens.list(account_id=server.accounts[1]), 404)
    refused(own.user.tokens.list, 403)
    assert server.manage("GET", "/user/authorizations", made.value).status_code == 403


def test_a_token_for_the_users_own_things(server: LatchkeyServer, administrator: Cloudflare, account: str) -> None:
    """User-level permissions are about the user, in no account."""
    reader = administrator.user.tokens.list(per_page=1).result
    token = administrator.user.tokens.create(name="Apps", policies=[policy(administrator, APPS[:1], {"*": "*"})])
    own = value_of(token)
    assert server.manage("GET", "/user/authorizations", own).status_code == 200
    gone = server.manage("DELETE", "/user/authorizations/" + "0" * 32, own)
    assert gone.status_code == 403 and "latchkey.user.apps.manage" in gone.text
    refused(client(server, own).user.tokens.list, 403)
    refused(lambda: client(server, own).accounts.tokens.list(account_id=account), 404)
    assert reader is not None


def test_a_denial_wins(server: LatchkeyServer, administrator: Cloudflare, everywhere: dict[str, str], account: str) -> None:
    token = administrator.user.tokens.create(name="All but", policies=[
        policy(administrator, ["latchkey.tokens.view", "latchkey.tokens.manage"], {"*": "*"}),
        policy(administrator, ["latchkey.tokens.manage"], everywhere, "deny")])
    own = client(server, value_of(token))
    assert own.accounts.tokens.list(account_id=account) is not None
    refused(lambda: own.accounts.tokens.delete("0" * 32, account_id=account), 403)


def test_the_nested_form_of_resources_is_read(administrator: Cloudflare, account: str) -> None:
    """management-api.md: resources: {key: "*"} or {key: {key: "*"}}."""
    token = administrator.user.tokens.create(
        name="Nested", policies=[policy(administrator, ["zone.read"], {f"{ACCOUNT}.{account}": {"*": "*"}})])
    value_of(token)
    assert token.policies[0].resources == {f"{ACCOUNT}.{account}": "*"}


def test_a_token_works_only_from_its_addresses(server: LatchkeyServer, administrator: Cloudflare, everywhere: dict[str, str]) -> None:
    """condition.request_ip: `in`, and `not_in` which wins."""
    token = administrator.user.tokens.create(
        name="From here", policies=[policy(administrator, ["zone.read"], everywhere)],
        condition={"request_ip": {"in": ["127.0.0.0/30"], "not_in": ["127.0.0.3"]}})
    value = value_of(token)
    assert client(server, value, address="127.0.0.2").user.tokens.verify().status == "active"
    for address in ("127.0.0.3", "127.0.0.4"):
        assert address in refused(client(server, value, address=address).user.tokens.verify, 403)


def test_a_disabled_token_is_refused_until_it_is_active_again(server: LatchkeyServer, administrator: Cloudflare, made: Any) -> None:
    """management-api.md: a disabled or expired token asking `verify`: 401."""
    own = client(server, made.value)
    administrator.user.tokens.update(made.id, name=made.name, policies=_policies(made), status="disabled")
    assert "disabled" in refused(own.user.tokens.verify, 401)
    administrator.user.tokens.update(made.id, name=made.name, policies=_policies(made), status="active")
    assert own.user.tokens.verify().status == "active"


def test_a_token_ends_when_it_says(server: LatchkeyServer, administrator: Cloudflare, everywhere: dict[str, str]) -> None:
    token = administrator.user.tokens.create(
        name="Brief", policies=[policy(administrator, ["zone.read"], everywhere)], expires_on=moment(4))
    own = value_of(token)
    eventually(lambda: server.manage("GET", "/user/tokens/verify", own).status_code == 401, within=20)
    assert "expired" in refused(client(server, own).user.tokens.verify, 401)
    assert administrator.user.tokens.get(token.id).status == "expired"
    same = administrator.user.tokens.update(token.id, name="Renamed", policies=_policies(token), status="expired")
    assert same.status == "expired", "a token read and sent back is no error"


def test_a_token_does_not_begin_early(server: LatchkeyServer, administrator: Cloudflare, everywhere: dict[str, str]) -> None:
    token = administrator.user.tokens.create(
        name="Later", policies=[policy(administrator, ["zone.read"], everywhere)], not_before=moment(600))
    assert "not valid yet" in refused(client(server, value_of(token)).user.tokens.verify, 401)


def test_a_lost_role_reaches_every_token_of_the_user(server: LatchkeyServer) -> None:
    """Design §5: computed at the moment of the request."""
    person = server.new_user("Administrator")
    own = client(server, _first_token(server, person))
    account = server.accounts[0]
    assert own.accounts.tokens.list(account_id=account) is not None
    server.operate("user", "add", person.email, "--account", account, "--role", "Viewer")
    refused(lambda: own.accounts.tokens.list(account_id=account), 403)


def test_no_api_token_passes_the_gateway(server: LatchkeyServer, made: Any) -> None:
    """An API token is for the management API alone."""
    target = f"/accounts/{server.accounts[0]}/zones"
    assert server.verify("GET", target, made.value).status_code == 401
    assert server.verify("GET", target, server.api_token(server.administrator)).status_code == 401


def _first_token(server: LatchkeyServer, person: User) -> str:
    """An API token that may do all that a new user may."""
    made = server.operate("user", "token", person.email)
    issued.record("API token", made["value"])
    return made["value"]


# MARK: Nobody makes a token that is stronger than they are


def test_a_user_gives_no_more_than_they_have(server: LatchkeyServer, account: str) -> None:
    limited = client(server, server.api_token(server.limited))
    resources = {f"{ACCOUNT}.{account}": "*"}
    for place in (resources, {"*": "*"}):
        message = refused(lambda: limited.user.tokens.create(
            name="More", policies=[policy(limited, ["zone.read", "dns.write"], place)]), 403, "/policies/0/permission_groups/1/id")
        assert "dns.write" in message
    value_of(limited.user.tokens.create(name="Same", policies=[
        policy(limited, ["zone.read"], resources), policy(limited, ["dns.write"], resources, "deny")]))
    refused(lambda: limited.user.tokens.create(
        name="Elsewhere", policies=[policy(limited, ["zone.read"], {f"{ACCOUNT}.{server.accounts[1]}": "*"})]), 400,
        f"/policies/0/resources/{ACCOUNT}.{server.accounts[1]}")


@pytest.fixture
def maker(server: LatchkeyServer, administrator: Cloudflare, account: str) -> Any:
    """A token that may make tokens, zone.read at most, ends in an hour and works from loopback alone."""
    return administrator.user.tokens.create(
        name="Maker", expires_on=moment(3600), condition={"request_ip": {"in": ["127.0.0.0/8"]}},
        policies=[
            policy(administrator, ["latchkey.user.tokens.view", "latchkey.user.tokens.manage"], {"*": "*"}),
            policy(administrator, ["zone.read"], {f"{ACCOUNT}.{account}": "*"})])


def test_a_token_makes_none_that_is_stronger_than_itself(
    server: LatchkeyServer, administrator: Cloudflare, maker: Any, account: str
) -> None:
    own = client(server, value_of(maker))
    here: dict[str, Any] = {"condition": {"request_ip": {"in": ["127.0.0.0/8"]}}, "expires_on": moment(600)}
    place = {f"{ACCOUNT}.{account}": "*"}
    zones = [policy(administrator, ["zone.read"], place)]
    child = own.user.tokens.create(name="Child", policies=zones, **here)
    assert client(server, value_of(child)).user.tokens.verify().status == "active"
    refused(lambda: own.user.tokens.create(name="x", policies=[policy(administrator, ["dns.read"], place)], **here), 403,
        "/policies/0/permission_groups/0/id")
    refused(lambda: own.user.tokens.create(name="x", policies=[policy(administrator, ["zone.read"], {"*": "*"})], **here), 403,
        "/policies/0/permission_groups/0/id")
    refused(lambda: own.user.tokens.create(name="x", policies=[policy(administrator, APPS, {"*": "*"})], **here), 403,
        "/policies/0/permission_groups/0/id")
    refused(lambda: own.user.tokens.create(name="x", policies=zones, **{**here, "expires_on": moment(7200)}), 403, "/expires_on")
    refused(lambda: own.user.tokens.create(name="x", policies=zones, condition=here["condition"]), 403, "/expires_on")
    refused(lambda: own.user.tokens.create(name="x", policies=zones, expires_on=here["expires_on"]), 403, "/condition")


def test_a_token_changes_and_rolls_no_stronger_one(
    server: LatchkeyServer, administrator: Cloudflare, maker: Any, made: Any
) -> None:
    """Rolling shows a value, so it asks for as much as making does."""
    own = client(server, value_of(maker))
    refused(lambda: own.user.tokens.value.update(made.id), 403)
    refused(lambda: own.user.tokens.value.update(maker.id), 403)
    refused(lambda: own.user.tokens.update(maker.id, name="Maker", policies=_policies(maker), extra_body={"expires_on": None}), 403)
    unlimited = next(token.id for token in administrator.user.tokens.list() if token.name == "Demo")
    refused(lambda: own.user.tokens.value.update(unlimited), 403, "/policies")
    refused(lambda: own.user.tokens.update(unlimited, name="Demo", policies=_policies(maker)), 403)
    assert own.user.tokens.update(made.id, name="Renamed", policies=_policies(made), status="disabled").status == "disabled"
    refused(lambda: own.user.tokens.update(made.id, name="Renamed", policies=_policies(made), status="active"), 403)
    assert own.user.tokens.delete(maker.id).id == maker.id, "a token can be given up with itself"


def test_an_access_token_manages_no_api_tokens(server: LatchkeyServer, person: User) -> None:
    """An app is never given a credential that outlives its own."""
    app = client(server, server.grant(person, server.first)["access_token"])
    refused(app.user.tokens.list, 403)
    refused(app.user.tokens.verify, 403)
    refused(lambda: app.accounts.tokens.list(account_id=server.accounts[0]), 403)
    assert list(app.user.tokens.permission_groups.list())


# MARK: Tokens of an account


def test_an_account_owns_tokens_of_its_own(server: LatchkeyServer, administrator: Cloudflare, account: str) -> None:
    """management-api.md: accounts.tokens.* are the same under /accounts/{a}/tokens."""
    tokens = administrator.accounts.tokens
    made = tokens.create(account_id=account, name="Robot", policies=[
        policy(administrator, ["latchkey.tokens.view", "latchkey.tokens.manage", "zone.read"], {"*": "*"})])
    own = client(server, value_of(made))
    seen = own.accounts.tokens.verify(account_id=account)
    assert (seen.id, seen.status) == (made.id, "active")
    assert made.id in {token.id for token in own.accounts.tokens.list(account_id=account)}
    assert made.id not in {token.id for token in administrator.user.tokens.list()}
    refused(own.user.tokens.verify, 403)
    refused(own.user.tokens.list, 403)
    refused(lambda: own.accounts.tokens.list(account_id=server.accounts[1]), 404)
    refused(lambda: own.accounts.tokens.verify(account_id=server.accounts[1]), 404)
    child = own.accounts.tokens.create(account_id=account, name="Child", policies=[
        policy(administrator, ["zone.read"], {f"{ACCOUNT}.{account}": "*"})])
    assert own.accounts.tokens.get(child.id, account_id=account).name == "Child"
    assert own.accounts.tokens.update(child.id, account_id=account, name="New", policies=_policies(child)).name == "New"
    value = own.accounts.tokens.value.update(child.id, account_id=account)
    issued.record("API token", value, child.value)
    assert client(server, value).accounts.tokens.verify(account_id=account).id == child.id
    refused(lambda: own.accounts.tokens.create(account_id=account, name="x", policies=[
        policy(administrator, ["dns.read"], {"*": "*"})]), 403, "/policies/0/permission_groups/0/id")
    refused(lambda: own.accounts.tokens.create(account_id=account, name="x", policies=[
        policy(administrator, APPS, {"*": "*"})]), 400, "/policies/0/permission_groups/0/id")
    assert tokens.delete(child.id, account_id=account).id == child.id
    refused(lambda: tokens.get(child.id, account_id=account), 404)
    assert tokens.delete(made.id, account_id=account).id == made.id
    refused(lambda: own.accounts.tokens.verify(account_id=account), 401)


def test_an_accounts_pages_end(administrator: Cloudflare, account: str, everywhere: dict[str, str]) -> None:
    """management-api.md, What breaks a naive server 1."""
    for number in range(3):
        value_of(administrator.accounts.tokens.create(
            account_id=account, name=f"Page {number}", policies=[policy(administrator, ["zone.read"], everywhere)]))
    listed = [token.id for token in administrator.accounts.tokens.list(account_id=account, per_page=2)]
    assert len(listed) == len(set(listed)) >= 3


def test_somebody_elses_token_is_not_there(server: LatchkeyServer, administrator: Cloudflare, made: Any, account: str) -> None:
    stranger = client(server, server.api_token(server.member_of_both))
    refused(lambda: stranger.user.tokens.get(made.id), 404)
    refused(lambda: stranger.user.tokens.delete(made.id), 404)
    refused(lambda: stranger.user.tokens.update(made.id, name="x", policies=_policies(made)), 404)
    refused(lambda: stranger.user.tokens.value.update(made.id), 404)
    refused(lambda: administrator.accounts.tokens.get(made.id, account_id=account), 404)
    refused(lambda: stranger.accounts.tokens.list(account_id=account), 403)
    refused(lambda: administrator.accounts.tokens.list(account_id=server.accounts[1]), 404)
    refused(lambda: administrator.accounts.tokens.list(account_id="0" * 32), 404)
    refused(lambda: administrator.accounts.tokens.list(account_id="x"), 404)


@pytest.mark.parametrize(("call", "operation"), [
    (lambda sdk, a: sdk.accounts.tokens.list(account_id=a), "view"),
    (lambda sdk, a: sdk.accounts.tokens.get("0" * 32, account_id=a), "view"),
    (lambda sdk, a: sdk.accounts.tokens.create(account_id=a, name="x", policies=[]), "manage"),
    (lambda sdk, a: sdk.accounts.tokens.update("0" * 32, account_id=a, name="x", policies=[]), "manage"),
    (lambda sdk, a: sdk.accounts.tokens.delete("0" * 32, account_id=a), "manage"),
    (lambda sdk, a: sdk.accounts.tokens.value.update("0" * 32, account_id=a), "manage"),
], ids=["list", "get", "create", "update", "delete", "roll"])
@pytest.mark.parametrize("role", ["Super Administrator", "Administrator", "OAuth Client Write", "Member", "Viewer"])
def test_roles_and_operations(role_tokens: dict[str, Cloudflare], account: str, role: str, call: Any, operation: str) -> None:
    """Only the administrators' roles reach an account's tokens; the others are told so whatever they ask."""
    if role in ("Super Administrator", "Administrator"):
        try:
            call(role_tokens[role], account)
        except Exception as error:  # noqa: BLE001 - what matters is that it is not the role that is refused
            assert getattr(error, "status_code", None) in (400, 404), error
    else:
        assert f"latchkey.tokens.{operation}" in refused(lambda: call(role_tokens[role], account), 403)


@pytest.fixture(scope="module")
def role_tokens(server: LatchkeyServer) -> dict[str, Cloudflare]:
    return {role: client(server, _first_token(server, server.new_user(role)))
            for role in ("Super Administrator", "Administrator", "OAuth Client Write", "Member", "Viewer")}


# MARK: What is refused


@pytest.mark.parametrize(("change", "pointer"), [
    ({"name": None}, "/name"), ({"name": ""}, "/name"), ({"name": 5}, "/name"), ({"name": "a\u202eb"}, "/name"),
    ({"policies": None}, "/policies"), ({"policies": []}, "/policies"), ({"policies": {}}, "/policies"),
    ({"policies": [{}]}, "/policies/0/effect"), ({"policies": ["x"]}, "/policies/0/resources"),
    ({"effect": "maybe"}, "/policies/0/effect"), ({"permission_groups": []}, "/policies/0/permission_groups"),
    ({"permission_groups": [{"id": "0" * 32}]}, "/policies/0/permission_groups/0/id"),
    ({"permission_groups": ["x"]}, "/policies/0/permission_groups/0/id"),
    ({"resources": {}}, "/policies/0/resources"), ({"resources": {"a/b~c": "*"}}, "/policies/0/resources/a~1b~0c"),
    ({"resources": {"*": "read"}}, "/policies/0/resources/*"), ({"resources": {f"{ACCOUNT}.x": "*"}}, f"/policies/0/resources/{ACCOUNT}.x"),
    ({"resources": {f"{USER}.{'0' * 32}": "*"}}, f"/policies/0/resources/{USER}.{'0' * 32}"),
    ({"expires_on": "tomorrow"}, "/expires_on"), ({"expires_on": "2020-01-01T00:00:00Z"}, "/expires_on"),
    ({"expires_on": "2027-02-30T00:00:00Z"}, "/expires_on"), ({"not_before": 5}, "/not_before"),
    ({"not_before": "2090-01-01T00:00:00Z", "expires_on": "2089-01-01T00:00:00Z"}, "/not_before"),
    ({"condition": "x"}, "/condition"), ({"condition": {"weather": {}}}, "/condition/weather"),
    ({"condition": {"request_ip": {"in": ["10.0.0.0/33"]}}}, "/condition/request_ip/in/0"),
    ({"condition": {"request_ip": {"not_in": ["::1", "::g"]}}}, "/condition/request_ip/not_in/1"),
    ({"condition": {"request_ip": {"in": "127.0.0.1"}}}, "/condition/request_ip/in"), ({"status": "sleeping"}, "/status"),
])
def test_what_is_wrong_is_named_by_its_pointer(
    server: LatchkeyServer, administrator: Cloudflare, everywhere: dict[str, str], change: dict[str, Any], pointer: str
) -> None:
    """management-api.md, Envelope: 400 with `source.pointer` (RFC 6901); nothing is made."""
    of_policy = {"effect", "permission_groups", "resources"}
    body: dict[str, Any] = {"name": "Wrong", "policies": [policy(administrator, ["zone.read"], everywhere)]}
    for member, value in change.items():
        if member in of_policy:
            body["policies"][0][member] = value
        else:
            body[member] = value
    answer = server.manage("POST", "/user/tokens", server.api_token(server.administrator), json=body)
    assert answer.status_code == 400, answer.text
    assert pointer in [each.get("source", {}).get("pointer") for each in answer.json()["errors"]], answer.text
    assert "Wrong" not in {token.name for token in administrator.user.tokens.list()}


def test_a_policy_holds_where_its_groups_mean_something(administrator: Cloudflare, everywhere: dict[str, str]) -> None:
    message = refused(lambda: administrator.user.tokens.create(
        name="x", policies=[policy(administrator, APPS, everywhere)]), 400, "/policies/0/permission_groups/0/id")
    assert USER in message


def test_of_many_rolls_at_once_one_value_is_left(server: LatchkeyServer, administrator: Cloudflare, made: Any) -> None:
    """Design §9: atomic steps are SQL's."""
    token = server.api_token(server.administrator)
    answers = at_once(8, lambda _: Caller().put(
        f"{server.management}/user/tokens/{made.id}/value", headers={"Authorization": f"Bearer {token}"}))
    values = [answer.json()["result"] for answer in answers if answer.status_code == 200]
    issued.record("API token", *values)
    working = [value for value in values if server.manage("GET", "/user/tokens/verify", value).status_code == 200]
    assert len(values) == 8 and len(working) == 1


@pytest.mark.parametrize(("method", "path"), [
    (method, side + path) for side in ("/user", "/accounts/" + "0" * 32) for method, path in [
        ("GET", "/tokens"), ("POST", "/tokens"), ("GET", "/tokens/verify"), ("GET", "/tokens/permission_groups"),
        ("GET", "/tokens/" + "0" * 32), ("PUT", "/tokens/" + "0" * 32), ("DELETE", "/tokens/" + "0" * 32),
        ("PUT", "/tokens/" + "0" * 32 + "/value")]])
def test_without_a_token_it_is_401(server: LatchkeyServer, method: str, path: str) -> None:
    for token in (None, "lkt_wrong"):
        answer = server.manage(method, path, token)
        assert answer.status_code == 401 and answer.json()["success"] is False, answer.text
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_group_ids_are_the_same_everywhere(administrator: Cloudflare) -> None:
    """A policy written for one deployment fits another: the id is derived from the label."""
    assert group(administrator, "latchkey.clients.view")["id"] == "6bdf5ed649dca2e85a90317ef56c8277"
