"""Every operation of the management API in one table: what it takes, and a minimal request that succeeds for whoever may.

A new operation gets a line in `OPERATIONS`. `takes` is a permission as the document names it in `x-latchkey-permission`, or one of

* `open`: nobody has to say who they are,
* `caller`: any credential,
* `member`: any credential that reaches into the account,
* `user alone`: a token that may do everything that its user may,
* `user token`, `account token`, `access token`: that kind of credential.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import issued
from latchkey_server import Browser, Client, LatchkeyServer, User
from sdk import ACCOUNT, web_app

ROLES = ("Super Administrator", "Administrator", "OAuth Client Write", "Member", "Viewer")

_EVERYTHING = frozenset({"latchkey.*"})
ROLE_MAY: dict[str, frozenset[str]] = {
    "Super Administrator": _EVERYTHING,
    "Administrator": _EVERYTHING,
    "OAuth Client Write": frozenset({"latchkey.clients.view", "latchkey.clients.manage"}),
    "Member": frozenset({"latchkey.clients.view"}),
    "Viewer": frozenset({"latchkey.clients.view"}),
}


def role_may(role: str, permission: str) -> bool:
    return ROLE_MAY[role] == _EVERYTHING or permission in ROLE_MAY[role]


@dataclass
class Person:
    """Somebody who calls, by a token that may do everything that they may."""

    user: User
    token: str
    account: str


@dataclass
class Target:
    """What a call is about: the values of the path's braces but the account's, its query and its body."""

    path: dict[str, str] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    body: Any = None


class World:
    """An account with everything that calls can be about. Its makers make a new thing each time."""

    def __init__(self, server: LatchkeyServer) -> None:
        self.server = server
        self.account = server.accounts[0]
        self.number = itertools.count()
        self._member: str | None = None
        self.founder = Person(server.administrator, server.api_token(server.administrator), self.account)
        self.app = server.new_client("Table App")
        self.roles = {each["name"]: each["id"] for each in self.result("GET", f"/accounts/{self.account}/roles")}
        groups = self.result("GET", "/user/tokens/permission_groups")
        self.groups = {each["label"]: each["id"] for each in groups if each["scopes"] == [ACCOUNT]}
        self.people = {role: self.person(role) for role in ROLES}
        self.people["stranger"] = self.person("Administrator", account=1)

    def person(self, role: str, account: int = 0) -> Person:
        user = self.server.new_user(role, account=account)
        return Person(user, self.server.operate("user", "token", user.email)["value"], self.server.accounts[account])

    def result(self, method: str, path: str, body: Any = None, by: Person | None = None) -> Any:
        answer = self.server.manage(method, path, (by or self.founder).token, **({} if body is None else {"json": body}))
        assert answer.status_code == 200, f"{method} {path}: {answer.text}"
        return answer.json()["result"]

    # MARK: Makers

    def client(self) -> str:
        body = web_app(client_name=f"Client {next(self.number)}")
        return self.result("POST", f"/accounts/{self.account}/oauth_clients", body)["client_id"]

    def rotated_client(self) -> str:
        client = self.client()
        self.result("POST", f"/accounts/{self.account}/oauth_clients/{client}/rotate_secret")
        return client

    def token_body(self, account: str) -> dict[str, Any]:
        return {"name": f"Token {next(self.number)}", "policies": [{
            "effect": "allow", "permission_groups": [{"id": self.groups["zone.read"]}], "resources": {f"{ACCOUNT}.{account}": "*"}}]}

    def account_token(self) -> str:
        return self.result("POST", f"/accounts/{self.account}/tokens", self.token_body(self.account))["id"]

    def user_token(self, person: Person) -> str:
        return self.result("POST", "/user/tokens", self.token_body(person.account), person)["id"]

    def robot(self) -> str:
        """The text of a token of the account that may do everything in it."""
        policies = [{"effect": "allow", "permission_groups": [{"id": each} for each in self.groups.values()], "resources": {"*": "*"}}]
        value = self.result("POST", f"/accounts/{self.account}/tokens", {"name": "Robot", "policies": policies})["value"]
        issued.record("API token", value)
        return value

    def member(self) -> str:
        user = self.server.new_user("Viewer")
        members = self.result("GET", f"/accounts/{self.account}/members")
        return next(each["id"] for each in members if each["email"] == user.email)

    def resource(self) -> dict[str, str]:
        name = f"zone{next(self.number)}"
        self.result("PUT", f"/accounts/{self.account}/resources/zone/{name}", {"name": "A zone"})
        return {"type": "zone", "resource_id": name}

    def some_member(self) -> str:
        """The same one each time, for calls that leave them as they are."""
        self._member = self._member or self.member()
        return self._member

    def request(self) -> str:
        body = {"account_id": self.account, "client_id": self.client()}
        return self.result("POST", "/user/app_requests", body)["id"]

    def approval(self) -> str:
        path = f"/accounts/{self.account}/app_requests/{self.request()}/approve"
        client = self.result("POST", path, {"for": "everyone"})["client"]["client_id"]
        approvals = self.result("GET", f"/accounts/{self.account}/app_approvals")
        return next(each["id"] for each in approvals if each["client_id"] == client)

    def authorization(self, person: Person, client: Client | None = None) -> dict[str, Any]:
        """What a person granted the app, with a new installation."""
        client = client or self.app
        self.server.grant(person.user, client, decline=client.optional_scopes, accounts=[person.account])
        return next(each for each in self.result("GET", "/user/authorizations", by=person) if each["client_id"] == client.client_id)

    def proving_client(self) -> str:
        body = web_app(client_name=f"Client {next(self.number)}", client_uri="https://app.example.net/")
        return self.result("POST", f"/accounts/{self.account}/oauth_clients", body)["client_id"]

    def webhook(self) -> dict[str, str]:
        client = self.client()
        body = {"url": "https://receiver.example.net/", "events": ["client.frozen"]}
        hook = self.result("POST", f"/accounts/{self.account}/oauth_clients/{client}/webhooks", body)
        return {"client_id": client, "webhook_id": hook["id"]}

    def delivery(self) -> dict[str, str]:
        path = self.webhook()
        test = f"/accounts/{self.account}/oauth_clients/{path['client_id']}/webhooks/{path['webhook_id']}/test"
        return path | {"delivery_id": self.result("POST", test)["id"]}

    def membership(self, person: Person) -> str:
        """A place in an account that the person can leave."""
        account = self.server.operate("account", "add", f"Guest house {next(self.number)}")["id"]
        self.server.operate("user", "add", person.user.email, "--account", account, "--role", "Viewer")
        return next(each["id"] for each in self.result("GET", "/memberships", by=person) if each["account"]["id"] == account)

    def session(self, person: Person) -> str:
        known = {each["id"] for each in self.result("GET", "/user/sessions", by=person)}
        Browser(self.server).signed_in_as(person.user)
        return next(each["id"] for each in self.result("GET", "/user/sessions", by=person) if each["id"] not in known)


Prepare = Callable[[World, Person], Target]


@dataclass(frozen=True)
class Operation:
    id: str
    method: str
    path: str
    takes: str
    prepare: Prepare
    done: frozenset[int] = frozenset({200})
    """What whoever may gets: one status, but where the state of the thing decides."""

    @property
    def is_in_account(self) -> bool:
        return "{account_id}" in self.path


def _nothing(_: World, __: Person) -> Target:
    return Target()


def _body(**members: Any) -> Prepare:
    return lambda world, person: Target(body=members)


def _of(name: str, make: Callable[[World], str], body: Callable[[World], Any] | None = None) -> Prepare:
    """The call is about one thing of the account."""
    return lambda world, person: Target({name: make(world)}, body=body(world) if body else None)


def _own(name: str, make: Callable[[World, Person], str], body: Callable[[World, Person], Any] | None = None) -> Prepare:
    """The call is about one of the caller's own things."""
    return lambda world, person: Target({name: make(world, person)}, body=body(world, person) if body else None)


def _installation(world: World, person: Person) -> Target:
    authorization = world.authorization(person)
    return Target({"authorization_id": authorization["id"], "installation_id": authorization["installations"][0]["id"]})


def _members_authorization(world: World) -> str:
    return world.authorization(world.people["Member"])["id"]


_ONE_CLIENT = "/accounts/{account_id}/oauth_clients/{client_id}"
_ONE_REQUEST = "/accounts/{account_id}/app_requests/{request_id}"
_VIEW, _MANAGE = "latchkey.clients.view", "latchkey.clients.manage"
_ONE_RESOURCE = "/accounts/{account_id}/resources/{type}/{resource_id}"
_ONE_HOOK = _ONE_CLIENT + "/webhooks/{webhook_id}"
_hook: Prepare = lambda world, person: Target(world.webhook())  # noqa: E731
_client = _of("client_id", World.client)
_member = _of("member_id", World.member)


def _token_operations(side: str, path: str, name: str, view: str, manage: str, make: Prepare, body: Prepare) -> list[Operation]:
    def changed(world: World, person: Person) -> Target:
        return Target(make(world, person).path, body=body(world, person).body)

    one = path + "/{token_id}"
    return [
        Operation(f"list{name}Tokens", "GET", path, view, _nothing),
        Operation(f"create{name}Token", "POST", path, manage, body),
        Operation(f"verify{name}Token", "GET", path + "/verify", f"{side} token", _nothing),
        Operation(f"list{name}PermissionGroups", "GET", path + "/permission_groups", "caller" if side == "user" else "member", _nothing),
        Operation(f"get{name}Token", "GET", one, view, make),
        Operation(f"update{name}Token", "PUT", one, manage, changed),
        Operation(f"delete{name}Token", "DELETE", one, manage, make),
        Operation(f"roll{name}Token", "PUT", one + "/value", manage, make),
    ]


OPERATIONS: list[Operation] = [
    Operation("listClients", "GET", "/accounts/{account_id}/oauth_clients", _VIEW, _nothing),
    Operation("createClient", "POST", "/accounts/{account_id}/oauth_clients", _MANAGE, _body(**web_app())),
    Operation("getClient", "GET", _ONE_CLIENT, _VIEW, _client),
    Operation("updateClient", "PATCH", _ONE_CLIENT, _MANAGE, _of("client_id", World.client, lambda world: {"client_name": "Renamed"})),
    Operation("deleteClient", "DELETE", _ONE_CLIENT, _MANAGE, _client),
    Operation("rotateClientSecret", "POST", _ONE_CLIENT + "/rotate_secret", _MANAGE, _client),
    Operation("deleteRotatedClientSecret", "DELETE", _ONE_CLIENT + "/rotate_secret", _MANAGE, _of("client_id", World.rotated_client)),
    Operation("freezeClient", "POST", _ONE_CLIENT + "/freeze", _MANAGE, _client),
    Operation("thawClient", "POST", _ONE_CLIENT + "/thaw", _MANAGE, _client),
    Operation("checkClientHost", "POST", _ONE_CLIENT + "/check_host", _MANAGE, _of("client_id", World.proving_client),
        # The server may have asked DNS by itself a moment ago.
        done=frozenset({200, 429})),
    Operation("getClientConsequences", "GET", _ONE_CLIENT + "/consequences", _VIEW, _client),
    Operation("getClientUsage", "GET", _ONE_CLIENT + "/usage", _VIEW, _client),
    Operation("listWebhooks", "GET", _ONE_CLIENT + "/webhooks", _VIEW, _client),
    Operation("createWebhook", "POST", _ONE_CLIENT + "/webhooks", _MANAGE,
        _of("client_id", World.client, lambda world: {"url": "https://receiver.example.net/", "events": ["client.thawed"]})),
    Operation("getWebhook", "GET", _ONE_HOOK, _VIEW, _hook),
    Operation("updateWebhook", "PATCH", _ONE_HOOK, _MANAGE, lambda world, person: Target(world.webhook(), body={"enabled": False})),
    Operation("deleteWebhook", "DELETE", _ONE_HOOK, _MANAGE, _hook),
    Operation("rotateWebhookSecret", "POST", _ONE_HOOK + "/rotate_secret", _MANAGE, _hook),
    Operation("testWebhook", "POST", _ONE_HOOK + "/test", _MANAGE, _hook),
    Operation("listDeliveries", "GET", _ONE_HOOK + "/deliveries", _VIEW, lambda world, person: Target(world.delivery())),
    # What was sent a moment ago is not sent again at once.
    Operation("redeliver", "POST", _ONE_HOOK + "/deliveries/{delivery_id}/redeliver", _MANAGE,
        lambda world, person: Target(world.delivery()), done=frozenset({200, 409, 429})),
    Operation("listScopes", "GET", "/oauth/scopes", "caller", _nothing),

    Operation("getUser", "GET", "/user", "latchkey.user.view", _nothing),
    Operation("listMemberships", "GET", "/memberships", "latchkey.user.view", _nothing),
    Operation("getMembership", "GET", "/memberships/{membership_id}", "latchkey.user.view", _own("membership_id", World.membership)),
    Operation("leaveAccount", "DELETE", "/memberships/{membership_id}", "latchkey.user.memberships.manage",
        _own("membership_id", World.membership)),
    Operation("listAuthorizations", "GET", "/user/authorizations", "latchkey.user.apps.view", _nothing),
    Operation("getAuthorization", "GET", "/user/authorizations/{authorization_id}", "latchkey.user.apps.view",
        _own("authorization_id", lambda world, person: world.authorization(person)["id"])),
    Operation("narrowAuthorization", "PATCH", "/user/authorizations/{authorization_id}", "latchkey.user.apps.manage",
        _own("authorization_id", lambda world, person: world.authorization(person)["id"],
            lambda world, person: {"accounts": [person.account]})),
    Operation("endAuthorization", "DELETE", "/user/authorizations/{authorization_id}", "latchkey.user.apps.manage",
        _own("authorization_id", lambda world, person: world.authorization(person)["id"])),
    Operation("endInstallation", "DELETE", "/user/authorizations/{authorization_id}/installations/{installation_id}",
        "latchkey.user.apps.manage", _installation),
    Operation("getOwnAuthorization", "GET", "/authorizations/self", "access token", _nothing),
    Operation("listSessions", "GET", "/user/sessions", "latchkey.user.sessions.view", _nothing),
    Operation("endSession", "DELETE", "/user/sessions/{session_id}", "latchkey.user.sessions.manage", _own("session_id", World.session)),
    Operation("endSessions", "DELETE", "/user/sessions", "latchkey.user.sessions.manage",
        lambda world, person: Target(query={"except": world.session(person)})),

    Operation("listAccounts", "GET", "/accounts", "caller", _nothing),
    Operation("createAccount", "POST", "/accounts", "user alone", _body(name="New Venture")),
    Operation("getAccount", "GET", "/accounts/{account_id}", "member", _nothing),
    Operation("renameAccount", "PUT", "/accounts/{account_id}", "latchkey.account.manage", _body(name="Northwind")),
    Operation("listRoles", "GET", "/accounts/{account_id}/roles", "latchkey.members.view", _nothing),
    Operation("getRole", "GET", "/accounts/{account_id}/roles/{role_id}", "latchkey.members.view",
        _of("role_id", lambda world: world.roles["Viewer"])),
    Operation("listMembers", "GET", "/accounts/{account_id}/members", "latchkey.members.view", _nothing),
    Operation("inviteMember", "POST", "/accounts/{account_id}/members", "latchkey.members.manage",
        lambda world, person: Target(body={"email": f"guest{next(world.number)}@example.org", "roles": [world.roles["Viewer"]]})),
    Operation("getMember", "GET", "/accounts/{account_id}/members/{member_id}", "latchkey.members.view",
        _of("member_id", World.some_member)),
    Operation("changeMember", "PUT", "/accounts/{account_id}/members/{member_id}", "latchkey.members.manage",
        _of("member_id", World.some_member, lambda world: {"roles": [{"id": world.roles["Viewer"]}]})),
    Operation("removeMember", "DELETE", "/accounts/{account_id}/members/{member_id}", "latchkey.members.manage", _member),

    *_token_operations(
        "user", "/user/tokens", "User", "latchkey.user.tokens.view", "latchkey.user.tokens.manage",
        _own("token_id", World.user_token), lambda world, person: Target(body=world.token_body(person.account))),
    *_token_operations(
        "account", "/accounts/{account_id}/tokens", "Account", "latchkey.tokens.view", "latchkey.tokens.manage",
        _of("token_id", World.account_token), lambda world, person: Target(body=world.token_body(world.account))),

    Operation("listResourceTypes", "GET", "/accounts/{account_id}/resources", "latchkey.resources.view", _nothing),
    Operation("listResources", "GET", "/accounts/{account_id}/resources/{type}", "latchkey.resources.view",
        lambda world, person: Target({"type": "zone"})),
    Operation("putResources", "PUT", "/accounts/{account_id}/resources/{type}", "latchkey.resources.manage",
        lambda world, person: Target({"type": "zone"}, body=[{"id": f"many{next(world.number)}", "name": "One of many"}])),
    Operation("getResource", "GET", _ONE_RESOURCE, "latchkey.resources.view", lambda world, person: Target(world.resource())),
    Operation("putResource", "PUT", _ONE_RESOURCE, "latchkey.resources.manage",
        lambda world, person: Target(world.resource(), body={"name": "Renamed"})),
    Operation("deleteResource", "DELETE", _ONE_RESOURCE, "latchkey.resources.manage", lambda world, person: Target(world.resource())),
    Operation("listMembersAuthorizations", "GET", "/accounts/{account_id}/authorizations", "latchkey.apps.view", _nothing),
    Operation("endMembersAuthorizations", "DELETE", "/accounts/{account_id}/authorizations", "latchkey.apps.manage",
        lambda world, person: Target(query={"client_id": world.client()})),
    Operation("getMembersAuthorization", "GET", "/accounts/{account_id}/authorizations/{authorization_id}", "latchkey.apps.view",
        _of("authorization_id", _members_authorization)),
    Operation("endMembersAuthorization", "DELETE", "/accounts/{account_id}/authorizations/{authorization_id}", "latchkey.apps.manage",
        _of("authorization_id", _members_authorization)),
    Operation("getAppPolicy", "GET", "/accounts/{account_id}/app_policy", "latchkey.apps.view", _nothing),
    Operation("replaceAppPolicy", "PUT", "/accounts/{account_id}/app_policy", "latchkey.apps.manage", _body(mode="open")),
    Operation("previewAppPolicy", "POST", "/accounts/{account_id}/app_policy/preview", "latchkey.apps.view", _body(mode="closed")),
    Operation("listAppRequests", "GET", "/accounts/{account_id}/app_requests", "latchkey.apps.view", _nothing),
    Operation("approveAppRequest", "POST", _ONE_REQUEST + "/approve", "latchkey.apps.manage", _of("request_id", World.request)),
    Operation("denyAppRequest", "POST", _ONE_REQUEST + "/deny", "latchkey.apps.manage", _of("request_id", World.request)),
    Operation("listAppApprovals", "GET", "/accounts/{account_id}/app_approvals", "latchkey.apps.view", _nothing),
    Operation("withdrawAppApproval", "DELETE", "/accounts/{account_id}/app_approvals/{approval_id}", "latchkey.apps.manage",
        _of("approval_id", World.approval)),
    Operation("listOwnAppRequests", "GET", "/user/app_requests", "latchkey.user.apps.view", _nothing),
    Operation("askForApp", "POST", "/user/app_requests", "latchkey.user.apps.manage",
        lambda world, person: Target(body={"account_id": person.account, "client_id": world.app.client_id})),

    Operation("listAuditLog", "GET", "/accounts/{account_id}/audit_logs", "latchkey.audit.view", _nothing),
    Operation("listOwnAuditLog", "GET", "/user/audit_logs", "latchkey.user.view", _nothing),
    Operation("followAuditLog", "GET", "/accounts/{account_id}/logs/audit", "latchkey.audit.view",
        lambda world, person: Target(query={"since": "2020-01-01", "before": "2100-01-01"})),
    Operation("getDescription", "GET", "/openapi.json", "open", _nothing),
]
