"""Every form of the pages in one table: which operation of the management API does the same, and how the form is filled in.

A new form gets a line in `FORMS`, or in `IN_PERSON` where a program must not be able to do it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from latchkey_server import REPOSITORY, Browser
from operations import Person, World

# Forms that only the person in front of them may send, and why.
IN_PERSON = {
    ("/login", ""): "a password is for the person who knows it",
    ("/oauth2/auth", ""): "the app sends the person here (RFC 6749 §3.1)",
    ("/consent/{request}", ""): "consent is a person's own yes; what they may take back is in the API",
    ("/oauth2/logout", ""): "the app sends the person here (RP-Initiated Logout §2); `endSession` is its twin",
    ("/invitations/{secret}", ""): "whoever accepts shows that the mailbox is theirs",
}

# Changes that the API has and no form, and why that keeps nobody from anything.
WITHOUT_FORM = {
    "putResource": "the form that registers many takes one line as well",
}


@dataclass
class Filled:
    """A form as a person sends it: the values of the path's braces but the account's, and its fields."""

    path: dict[str, str] = field(default_factory=dict)
    fields: list[tuple[str, str]] = field(default_factory=list)


Fill = Callable[[World, Person, Browser], Filled]


@dataclass(frozen=True)
class PageForm:
    path: str
    action: str
    operation: str
    fill: Fill
    body: Any = None
    """What the operation is sent instead of the body of its own row."""
    comes_to: str = "done"
    """What becomes of it for whoever may; a refusal by both where the thing itself is not ready for it."""


def signed_in(world: World, person: Person) -> Browser:
    """The person's browser, signed in again where its session was ended."""
    browser = world.server.browser(person.user)
    if browser.page("/sessions").html.has_form_with("password"):
        browser.signed_in_as(person.user)
    return browser


def form_token(browser: Browser) -> str:
    """The anti-forgery token of a browser's session."""
    token = browser.page("/sign-out").html.form_with("csrf").value("csrf")
    assert token
    return token


# MARK: How the forms are filled in


def _authorization(world: World, person: Person, browser: Browser) -> Filled:
    authorization = world.authorization(person)
    fields = [("account", person.account)] + [("scope", label) for label in authorization["scopes"]]
    return Filled({"authorization": authorization["id"]}, fields)


def _installation(world: World, person: Person, browser: Browser) -> Filled:
    authorization = world.authorization(person)
    return Filled({"authorization": authorization["id"]}, [("installation", authorization["installations"][0]["id"])])


def _session(world: World, person: Person, browser: Browser) -> Filled:
    return Filled(fields=[("session", world.session(person))])


def _nothing(world: World, person: Person, browser: Browser) -> Filled:
    return Filled()


def _members_authorization(world: World, person: Person, browser: Browser) -> Filled:
    return Filled(fields=[("authorization", world.authorization(world.people["Member"])["id"])])


def _client(world: World, person: Person, browser: Browser) -> Filled:
    return Filled(fields=[("client", world.client())])


def _policy(world: World, person: Person, browser: Browser) -> Filled:
    return Filled(fields=[("mode", "open"), ("lifetime", "")])


def _looked_at_policy(world: World, person: Person, browser: Browser) -> Filled:
    """A policy is applied as it was previewed; an administrator's preview of the same one names it."""
    fields = _policy(world, person, browser).fields
    administrator = signed_in(world, world.people["Administrator"])
    shown = administrator.post(
        f"/accounts/{world.account}/app-policy", [*fields, ("action", "preview"), ("csrf", form_token(administrator))])
    previewed = shown.html.form_with("previewed").value("previewed")  # type: ignore[union-attr]
    assert previewed
    return Filled(fields=[*fields, ("previewed", previewed)])


def _request(world: World, person: Person, browser: Browser) -> Filled:
    return Filled(fields=[("request", world.request())])


def _approval(world: World, person: Person, browser: Browser) -> Filled:
    return Filled(fields=[("approval", world.approval())])


def _wish(world: World, person: Person, browser: Browser) -> Filled:
    return Filled(fields=[("account", person.account), ("client", world.app.client_id), ("reason", "Billing needs it")])


def _account_to_leave(world: World, person: Person, browser: Browser) -> Filled:
    membership = world.membership(person)
    return Filled({"account": world.result("GET", f"/memberships/{membership}", by=person)["account"]["id"]})


def _name(world: World, person: Person, browser: Browser) -> Filled:
    return Filled(fields=[("name", "Northwind")])


def _invitation(world: World, person: Person, browser: Browser) -> Filled:
    return Filled(fields=[("email", f"page{next(world.number)}@example.org"), ("role", world.roles["Viewer"])])


def _pending(world: World, person: Person, browser: Browser) -> Filled:
    body = {"email": f"pending{next(world.number)}@example.org", "roles": [world.roles["Viewer"]]}
    return Filled({"member": world.result("POST", f"/accounts/{world.account}/members", body)["id"]})


def _member(world: World, person: Person, browser: Browser) -> Filled:
    return Filled({"member": world.member()})


def _some_member(world: World, person: Person, browser: Browser) -> Filled:
    return Filled({"member": world.some_member()}, [("role", world.roles["Viewer"])])


def _token_fields(world: World, person: Person, account: str) -> list[tuple[str, str]]:
    return [
        ("name", f"Token {next(world.number)}"), ("policy", "0"), ("effect_0", "allow"), ("place_0", account),
        ("permission_0", "zone.read"), ("expiry", "never")]


def _new_user_token(world: World, person: Person, browser: Browser) -> Filled:
    return Filled(fields=_token_fields(world, person, person.account))


def _user_token(world: World, person: Person, browser: Browser) -> Filled:
    return Filled({"token": world.user_token(person)}, _token_fields(world, person, person.account))


def _new_account_token(world: World, person: Person, browser: Browser) -> Filled:
    return Filled(fields=_token_fields(world, person, world.account))


def _account_token(world: World, person: Person, browser: Browser) -> Filled:
    return Filled({"token": world.account_token()}, _token_fields(world, person, world.account))


def _token_forms(path: str, name: str, new: Fill, one: Fill) -> list[PageForm]:
    return [
        PageForm(path + "/new", "", f"create{name}Token", new),
        *(PageForm(path + "/{token}", action, f"update{name}Token", one) for action in ("save", "enable", "disable")),
        PageForm(path + "/{token}", "roll", f"roll{name}Token", one),
        PageForm(path + "/{token}", "delete", f"delete{name}Token", one),
    ]


_CLIENT_FIELDS = [
    ("client_name", "Zone Painter"), ("redirect_uris", "https://painter.example/callback"), ("use_zone.read", "required"),
    ("token_endpoint_auth_method", "client_secret_basic"), ("id_token_signed_response_alg", "ES256")]


def _new_client(world: World, person: Person, browser: Browser) -> Filled:
    return Filled(fields=[("kind", "web"), *_CLIENT_FIELDS])


def _one_client(world: World, person: Person, browser: Browser) -> Filled:
    return Filled({"client": world.client()}, _CLIENT_FIELDS)


def _rotated_client(world: World, person: Person, browser: Browser) -> Filled:
    return Filled({"client": world.rotated_client()}, [("sure", "1")])


def _proving_client(world: World, person: Person, browser: Browser) -> Filled:
    return Filled({"client": world.proving_client()})


def _named_client(world: World, person: Person, browser: Browser) -> Filled:
    client = world.client()
    name = world.result("GET", f"/accounts/{world.account}/oauth_clients/{client}")["client_name"]
    return Filled({"client": client}, [("typed_name", name)])


def _webhook_fields(world: World, person: Person, browser: Browser) -> Filled:
    return Filled({"client": world.client()}, [("url", "https://receiver.example.net/"), ("event", "client.frozen")])


def _webhook(world: World, person: Person, browser: Browser) -> Filled:
    hook = world.webhook()
    return Filled(
        {"client": hook["client_id"], "webhook": hook["webhook_id"]}, [("url", "https://other.example.net/"), ("event", "client.thawed")])


def _delivery(world: World, person: Person, browser: Browser) -> Filled:
    made = world.delivery()
    return Filled({"client": made["client_id"], "webhook": made["webhook_id"]}, [("delivery", made["delivery_id"])])


def _new_resource(world: World, person: Person, browser: Browser) -> Filled:
    return Filled(fields=[("type", "zone"), ("lines", f"line{next(world.number)} A zone")])


def _resource(world: World, person: Person, browser: Browser) -> Filled:
    return Filled(fields=[("type", "zone"), ("id", world.resource()["resource_id"])])


_CLIENTS = "/accounts/{account}/oauth-clients"
_CLIENT = _CLIENTS + "/{client}"
_HOOK = _CLIENT + "/webhooks/{webhook}"
_MEMBER = "/accounts/{account}/members/{member}"

FORMS: list[PageForm] = [
    PageForm("/connected-apps/{authorization}", "narrow", "narrowAuthorization", _authorization),
    PageForm("/connected-apps/{authorization}", "end_installation", "endInstallation", _installation),
    PageForm("/connected-apps/{authorization}", "revoke", "endAuthorization", _authorization),
    PageForm("/sessions", "end", "endSession", _session),
    PageForm("/sessions", "end_others", "endSessions", _nothing),
    PageForm("/sign-out", "", "endSession", _nothing),
    PageForm("/accounts/{account}/apps", "end", "endMembersAuthorization", _members_authorization),
    PageForm("/accounts/{account}/apps", "end_all", "endMembersAuthorizations", _client),
    PageForm("/accounts/{account}/app-policy", "preview", "previewAppPolicy", _policy),
    PageForm("/accounts/{account}/app-policy", "apply", "replaceAppPolicy", _looked_at_policy),
    PageForm("/accounts/{account}/app-policy", "approve", "approveAppRequest", _request),
    PageForm("/accounts/{account}/app-policy", "deny", "denyAppRequest", _request),
    PageForm("/accounts/{account}/app-policy", "withdraw", "withdrawAppApproval", _approval),
    PageForm("/app-requests/new", "", "askForApp", _wish),
    PageForm("/accounts", "", "createAccount", _name),
    PageForm("/accounts/{account}/settings", "", "renameAccount", _name),
    PageForm("/accounts/{account}/leave", "", "leaveAccount", _account_to_leave),
    PageForm("/accounts/{account}/members", "", "inviteMember", _invitation),
    PageForm(_MEMBER, "roles", "changeMember", _some_member),
    PageForm(_MEMBER, "resend", "inviteMember", _pending),
    PageForm(_MEMBER, "cancel", "removeMember", _pending),
    PageForm(_MEMBER, "remove", "removeMember", _member),
    *_token_forms("/tokens", "User", _new_user_token, _user_token),
    *_token_forms("/accounts/{account}/tokens", "Account", _new_account_token, _account_token),
    PageForm(_CLIENTS + "/new", "", "createClient", _new_client),
    PageForm(_CLIENT, "", "updateClient", _one_client),
    PageForm(_CLIENT + "/secrets", "rotate", "rotateClientSecret", _one_client),
    PageForm(_CLIENT + "/secrets", "delete_old", "deleteRotatedClientSecret", _rotated_client),
    PageForm(_CLIENT + "/visibility", "check", "checkClientHost", _proving_client),
    PageForm(_CLIENT + "/visibility", "restart", "updateClient", _proving_client, {"client_uri": "https://app.example.net/"}),
    # Its host is not proven.
    PageForm(_CLIENT + "/visibility", "publish", "updateClient", _one_client, {"visibility": "public"}, comes_to="wrong"),
    PageForm(_CLIENT + "/visibility", "private", "updateClient", _one_client, {"visibility": "private"}),
    PageForm(_CLIENT + "/webhooks", "", "createWebhook", _webhook_fields),
    *(PageForm(_HOOK, action, "updateWebhook", _webhook) for action in ("save", "enable", "disable")),
    PageForm(_HOOK, "rotate", "rotateWebhookSecret", _webhook),
    PageForm(_HOOK, "test", "testWebhook", _webhook),
    PageForm(_HOOK, "redeliver", "redeliver", _delivery),
    PageForm(_HOOK, "delete", "deleteWebhook", _webhook),
    PageForm("/accounts/{account}/resources", "add", "putResources", _new_resource),
    PageForm("/accounts/{account}/resources", "remove", "deleteResource", _resource),
    PageForm(_CLIENT + "/stop", "freeze", "freezeClient", _one_client),
    PageForm(_CLIENT + "/stop", "thaw", "thawClient", _one_client),
    PageForm(_CLIENT + "/stop", "delete", "deleteClient", _named_client),
]


# MARK: What the sources say


_FUNCTION = re.compile(r"^(?:private )?func \w+Routes\(.*?^}", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"let (\w+) = ([^\n]+)")
_POST = re.compile(r"\.post\(\s*([^,]+?),\s*\.page,?\s*(?:scripts: \w+, )?(\w+)\.(\w+)\)")


def forms_in_sources() -> set[tuple[str, str]]:
    """Every POST route of a page, and the actions that its function tells apart."""
    source = (REPOSITORY / "Sources/Server/Routes.swift").read_text()
    found: set[tuple[str, str]] = set()
    count = 0
    for function in _FUNCTION.findall(source):
        names = dict(_NAME.findall(function))
        for expression, step, name in _POST.findall(function):
            count += 1
            path = _path(expression, names)
            actions = _actions(names[step].split("(")[0], name)
            found |= {(path, action) for action in actions or {""}}
    assert count == len(re.findall(r"\.post\([^)]*?\.page\b", source)), "a route is written in a form that this does not read"
    return found


def _path(expression: str, names: dict[str, str]) -> str:
    """The text of a Swift expression that puts texts and names together."""
    text = ""
    for part in (part.strip() for part in expression.split(" + ")):
        if part.startswith('"'):
            text += part.strip('"')
        elif part not in ("base", "deployment.settings.issuer.path"):
            text += _path(names[part], names)
    return text


def _actions(step: str, name: str) -> set[str]:
    for path in sorted((REPOSITORY / "Sources/Server").rglob("*.swift")):
        source = path.read_text()
        if not re.search(rf"^struct {step}\b", source, re.MULTILINE):
            continue
        body: Any = re.search(rf"^    func {name}\(.*?^    }}$", source, re.MULTILINE | re.DOTALL)
        assert body, f"{step}.{name} is not where it is looked for"
        if 'value("action")' not in body[0]:
            return set()
        cases = re.findall(r"^ *case (.*?):", body[0], re.MULTILINE)
        compared = re.findall(r'value\("action"\)\) == "(\w+)"', body[0])
        return {action for case in cases for action in re.findall(r'"(\w+)"', case)} | set(compared)
    raise AssertionError(f"no file has struct {step}")
