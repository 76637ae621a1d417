"""Every row of management-api.md's table and each of its traps, with the SDK `cloudflare` as it comes from PyPI.

The rows say which method and path a call of the SDK becomes; what the answers mean is tested in the files of each area.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import cloudflare as sdk_package
import httpx
import issued
import pytest
from cloudflare import Cloudflare
from operations import World
from sdk import create

WINDOW = {"since": "2020-01-01T00:00:00Z", "before": "2100-01-01T00:00:00Z"}


class Recorded:
    """The SDK with its own defaults, retries included, and what it sent."""

    def __init__(self, world: World, token: str | None = None) -> None:
        self.requests: list[httpx.Request] = []
        self.sdk = Cloudflare(api_token=token or world.founder.token, base_url=world.server.management)
        self.sdk._client.event_hooks["request"].append(self.requests.append)
        self.base = httpx.URL(world.server.management).path

    def line(self, request: httpx.Request) -> str:
        return f"{request.method} {request.url.path.removeprefix(self.base)}"


@pytest.fixture
def recorded(world: World) -> Recorded:
    return Recorded(world)


@dataclass(frozen=True)
class Row:
    """A call, and what stands in the table; `{…}` are ids."""

    line: str
    call: Callable[[Cloudflare, World], Any]


ROWS = [
    Row("GET /accounts/{}/oauth_clients", lambda sdk, w: list(sdk.iam.oauth_clients.list(account_id=w.account))),
    Row("POST /accounts/{}/oauth_clients", lambda sdk, w: create(sdk, w.account).client_id),
    Row("GET /accounts/{}/oauth_clients/{}", lambda sdk, w: sdk.iam.oauth_clients.get(w.client(), account_id=w.account).client_id),
    Row("DELETE /accounts/{}/oauth_clients/{}", lambda sdk, w: sdk.iam.oauth_clients.delete(w.client(), account_id=w.account).id),
    Row("PATCH /accounts/{}/oauth_clients/{}",
        lambda sdk, w: sdk.iam.oauth_clients.update(w.client(), account_id=w.account, client_name="Other").client_id),
    Row("POST /accounts/{}/oauth_clients/{}/rotate_secret",
        lambda sdk, w: sdk.iam.oauth_clients.rotate_secret(w.client(), account_id=w.account).client_secret),
    Row("DELETE /accounts/{}/oauth_clients/{}/rotate_secret",
        lambda sdk, w: sdk.iam.oauth_clients.delete_rotated_secret(w.rotated_client(), account_id=w.account).id),
    Row("GET /oauth/scopes", lambda sdk, w: list(sdk.iam.oauth_scopes.list())),

    Row("POST /user/tokens", lambda sdk, w: sdk.user.tokens.create(**w.token_body(w.account)).value),
    Row("GET /user/tokens", lambda sdk, w: list(sdk.user.tokens.list())),
    Row("GET /user/tokens/{}", lambda sdk, w: sdk.user.tokens.get(w.user_token(w.founder)).id),
    Row("PUT /user/tokens/{}",
        lambda sdk, w: sdk.user.tokens.update(w.user_token(w.founder), **w.token_body(w.account), status="disabled").id),
    Row("DELETE /user/tokens/{}", lambda sdk, w: sdk.user.tokens.delete(w.user_token(w.founder)).id),
    Row("GET /user/tokens/verify", lambda sdk, w: sdk.user.tokens.verify().id),
    Row("PUT /user/tokens/{}/value", lambda sdk, w: sdk.user.tokens.value.update(w.user_token(w.founder))),
    Row("GET /user/tokens/permission_groups", lambda sdk, w: list(sdk.user.tokens.permission_groups.list())),

    Row("POST /accounts/{}/tokens", lambda sdk, w: sdk.accounts.tokens.create(account_id=w.account, **w.token_body(w.account)).value),
    Row("GET /accounts/{}/tokens", lambda sdk, w: list(sdk.accounts.tokens.list(account_id=w.account))),
    Row("GET /accounts/{}/tokens/{}", lambda sdk, w: sdk.accounts.tokens.get(w.account_token(), account_id=w.account).id),
    Row("PUT /accounts/{}/tokens/{}",
        lambda sdk, w: sdk.accounts.tokens.update(w.account_token(), account_id=w.account, **w.token_body(w.account)).id),
    Row("DELETE /accounts/{}/tokens/{}", lambda sdk, w: sdk.accounts.tokens.delete(w.account_token(), account_id=w.account).id),
    Row("PUT /accounts/{}/tokens/{}/value",
        lambda sdk, w: sdk.accounts.tokens.value.update(w.account_token(), account_id=w.account)),
    Row("GET /accounts/{}/tokens/permission_groups",
        lambda sdk, w: list(sdk.accounts.tokens.permission_groups.list(account_id=w.account))),

    Row("GET /accounts", lambda sdk, w: list(sdk.accounts.list())),
    Row("GET /accounts/{}", lambda sdk, w: sdk.accounts.get(account_id=w.account).id),
    Row("POST /accounts", lambda sdk, w: sdk.accounts.create(name="Contract").id),
    Row("GET /memberships", lambda sdk, w: list(sdk.memberships.list())),
    Row("GET /accounts/{}/members", lambda sdk, w: list(sdk.accounts.members.list(account_id=w.account))),
    Row("POST /accounts/{}/members", lambda sdk, w: sdk.accounts.members.create(
        account_id=w.account, email=f"contract{next(w.number)}@example.org", roles=[w.roles["Viewer"]]).id),
    Row("GET /accounts/{}/members/{}", lambda sdk, w: sdk.accounts.members.get(w.member(), account_id=w.account).id),
    Row("PUT /accounts/{}/members/{}", lambda sdk, w: sdk.accounts.members.update(
        w.member(), account_id=w.account, roles=[{"id": w.roles["Member"]}]).id),
    Row("DELETE /accounts/{}/members/{}", lambda sdk, w: sdk.accounts.members.delete(w.member(), account_id=w.account).id),
    Row("GET /accounts/{}/roles", lambda sdk, w: list(sdk.accounts.roles.list(account_id=w.account))),
    Row("GET /accounts/{}/roles/{}", lambda sdk, w: sdk.accounts.roles.get(w.roles["Viewer"], account_id=w.account).id),
    Row("GET /user", lambda sdk, w: sdk.user.get().id),
    Row("GET /accounts/{}/audit_logs", lambda sdk, w: list(itertools.islice(sdk.audit_logs.list(account_id=w.account), 5))),
    Row("GET /user/audit_logs", lambda sdk, w: list(itertools.islice(sdk.user.audit_logs.list(), 5))),
    Row("GET /accounts/{}/logs/audit",
        lambda sdk, w: list(itertools.islice(sdk.accounts.logs.audit.list(account_id=w.account, **WINDOW), 5))),
]


def test_the_sdk_is_the_one_of_the_contract() -> None:
    assert version("cloudflare") == "5.9.0"


@pytest.mark.parametrize("row", ROWS, ids=[row.line for row in ROWS])
def test_a_row_of_the_table(world: World, recorded: Recorded, row: Row) -> None:
    """management-api.md, Paths: the call becomes this method and path, is answered at once, and the model has what it needs."""
    result = row.call(recorded.sdk, world)
    assert result, "an empty result"
    if isinstance(result, str) and result.startswith(("lkt_", "lks_")):
        issued.record("value", result)
    segments = [[each for each in line.split("/")] for line in (recorded.line(request) for request in recorded.requests)]
    wanted = row.line.split("/")
    for sent in segments:
        assert len(sent) == len(wanted) and all(b in (a, "{}") for a, b in zip(sent, wanted, strict=True)), sent
    assert len(recorded.requests) == 1 or isinstance(result, list)


def test_an_accounts_token_is_verified_at_its_account(world: World) -> None:
    """management-api.md, Paths: accounts.tokens.verify, by the token itself."""
    robot = Recorded(world, world.robot())
    assert robot.sdk.accounts.tokens.verify(account_id=world.account).status == "active"
    assert robot.line(robot.requests[0]) == f"GET /accounts/{world.account}/tokens/verify"


# MARK: What breaks a naive server


NUMBERED: dict[str, Callable[[Cloudflare, World], Iterator[Any]]] = {
    "user.tokens": lambda sdk, w: iter(sdk.user.tokens.list(per_page=2)),
    "accounts.tokens": lambda sdk, w: iter(sdk.accounts.tokens.list(account_id=w.account, per_page=2)),
    "accounts": lambda sdk, w: iter(sdk.accounts.list(per_page=2)),
    "accounts.members": lambda sdk, w: iter(sdk.accounts.members.list(account_id=w.account, per_page=2)),
    "memberships": lambda sdk, w: iter(sdk.memberships.list(per_page=2)),
    "accounts.roles": lambda sdk, w: iter(sdk.accounts.roles.list(account_id=w.account, per_page=2)),
}


@pytest.mark.parametrize("name", NUMBERED)
def test_trap_1_a_numbered_list_is_read_to_its_end(world: World, recorded: Recorded, name: str) -> None:
    """The first call has no page; then n+1 until a page is empty. Everything comes once."""
    for _ in range(3):
        world.user_token(world.founder)
        world.account_token()
    ids = [each.id for each in itertools.islice(NUMBERED[name](recorded.sdk, world), 500)]
    assert len(ids) == len(set(ids)) < 500
    pages = [request.url.params.get("page") for request in recorded.requests]
    assert pages == [None, *(str(number) for number in range(2, len(pages) + 1))]
    assert len(pages) == -(-len(ids) // 2) + 1


@pytest.mark.parametrize(("call", "error"), [
    (lambda sdk, w: sdk.accounts.create(name=""), sdk_package.BadRequestError),
    (lambda sdk, w: sdk.iam.oauth_clients.get("0" * 32, account_id=w.account), sdk_package.NotFoundError),
    (lambda sdk, w: sdk.accounts.get(account_id=w.server.accounts[1]), sdk_package.NotFoundError),
    (lambda sdk, w: sdk.accounts.members.create(
        account_id=w.account, email=w.server.administrator.email, roles=[w.roles["Viewer"]]), sdk_package.ConflictError),
], ids=["400", "404", "404 of another account", "409"])
def test_traps_2_and_3_an_error_has_its_status_and_is_sent_once(
    world: World, recorded: Recorded, call: Callable[[Cloudflare, World], Any], error: type[Exception]
) -> None:
    """A 200 with `success: false` would be no error; a 409 without `x-should-retry: false` would be sent three times."""
    with pytest.raises(error) as raised:
        call(recorded.sdk, world)
    assert raised.value.body["success"] is False and raised.value.body["errors"]  # type: ignore[attr-defined]
    assert len(recorded.requests) == 1, [recorded.line(request) for request in recorded.requests]


def test_traps_2_and_3_refusals_too(world: World) -> None:
    for token, error in ((world.people["Viewer"].token, sdk_package.PermissionDeniedError), ("lkt_x", sdk_package.AuthenticationError)):
        somebody = Recorded(world, token)
        with pytest.raises(error):
            somebody.sdk.accounts.tokens.list(account_id=world.account)
        assert len(somebody.requests) == 1


def test_trap_4_a_deletion_answers_what_was_deleted(world: World, recorded: Recorded) -> None:
    """204 would raise."""
    client, token, member = world.client(), world.user_token(world.founder), world.member()
    assert recorded.sdk.iam.oauth_clients.delete(client, account_id=world.account).id == client
    assert recorded.sdk.user.tokens.delete(token).id == token
    assert recorded.sdk.accounts.members.delete(member, account_id=world.account).id == member


def test_trap_5_no_body_is_demanded(world: World, recorded: Recorded) -> None:
    """Rotating and rolling come with `Content-Length: 0` and `Content-Type: application/json`."""
    issued.record("client_secret", recorded.sdk.iam.oauth_clients.rotate_secret(world.client(), account_id=world.account).client_secret)
    request = recorded.requests[-1]
    assert request.read() == b"" and request.headers["content-length"] == "0"
    assert request.headers["content-type"] == "application/json"
    for path in (f"/user/tokens/{world.user_token(world.founder)}/value", f"/accounts/{world.account}/tokens/{world.account_token()}/value"):
        answer = world.server.manage(
            "PUT", path, world.founder.token, headers={"Content-Type": "application/json", "Content-Length": "0"})
        assert answer.status_code == 200, answer.text


def test_trap_6_nested_filters_have_dots_and_lists_repeat(world: World, recorded: Recorded) -> None:
    """Dotted filters restrict; one that this server does not know is passed over, be it repeated."""
    world.client()
    logs = recorded.sdk.audit_logs.list(
        account_id=world.account, action={"type": "client.created"}, actor={"email": world.founder.user.email}, per_page=3)
    assert logs.result and all(log.action and log.action.type == "client.created" for log in logs.result)
    assert {"action.type", "actor.email"} <= set(recorded.requests[-1].url.params)
    found = recorded.sdk.accounts.logs.audit.list(
        account_id=world.account, limit=3, action_result={"not": ["failure"]}, actor_type={"not": ["system", "account"]}, **WINDOW)
    assert found.result
    assert any(len(recorded.requests[-1].url.params.get_list(name)) > 1 for name in recorded.requests[-1].url.params)
