"""Issue 3, Done when: nothing by API that a role forbids. Every operation of the document, called by everybody there is."""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests
from described import Description
from operations import OPERATIONS, ROLES, Operation, Target, World, role_may

CALLERS = (*ROLES, "stranger", "nobody", "account token", "app")


OF_EVERY_ACCOUNT = {
    "getRole": "roles are the same in every account", "listResources": "a type is the catalogue's",
    "putResources": "it is made in the caller's own account", "putResource": "it is made in the caller's own account"}


class Table:
    def __init__(self, world: World) -> None:
        self.world = world
        server = world.server
        self.description = Description(server.manage("GET", "/openapi.json", None).json())
        self.tokens: dict[str, str | None] = {name: person.token for name, person in self.world.people.items()}
        self.tokens["nobody"] = None
        self.tokens["account token"] = self.world.robot()
        self.tokens["app"] = server.grant(server.administrator, server.first)["access_token"]

    def expected(self, operation: Operation, caller: str) -> int:
        takes = operation.takes
        if takes == "open":
            return 200
        if caller == "nobody":
            return 401
        is_user = caller not in ("account token", "app")
        if takes == "access token":
            return 200 if caller == "app" else 401
        if takes == "user alone":
            return 200 if is_user else 403
        if takes == "user token":
            return 200 if is_user else 403
        if takes == "account token":
            return {"account token": 200, "app": 403}.get(caller, 404)
        if takes.startswith("latchkey.user."):
            return 200 if is_user else 403
        if takes == "caller":
            return 200
        assert operation.is_in_account, takes
        if caller == "stranger":
            return 404
        if takes == "member" or caller == "account token":
            return 200
        return 200 if caller in ROLES and role_may(caller, takes) else 403

    def call(self, operation: Operation, caller: str, target: Target) -> requests.Response:
        path = operation.path.format(account_id=self.world.account, **target.path)
        options: dict[str, Any] = {"params": target.query}
        if target.body is not None:
            options["json"] = target.body
        return self.world.server.manage(operation.method, path, self.tokens[caller], **options)


@pytest.fixture(scope="module")
def table(world: World) -> Table:
    return Table(world)


def test_the_table_has_every_operation_of_the_document(table: Table) -> None:
    ids = [operation.id for operation in OPERATIONS]
    assert len(set(ids)) == len(ids)
    assert set(table.description.operations) - set(ids) == set(), "missing in operations.py"
    assert set(ids) - set(table.description.operations) == set(), "not in the document"


@pytest.mark.parametrize("operation", OPERATIONS, ids=[operation.id for operation in OPERATIONS])
def test_everybody_gets_what_their_role_allows_and_no_more(table: Table, operation: Operation) -> None:
    """One row: those who may not come first and leave the thing as it is, then each of the others with a thing of their own."""
    described = table.description.operations[operation.id]
    assert table.description.places[operation.id] == (operation.method, operation.path)
    permission = operation.takes if operation.takes.startswith("latchkey.") else None
    assert described.get("x-latchkey-permission") == permission
    wrong: dict[str, Any] = {}
    shared: Target | None = None
    for caller in sorted(CALLERS, key=lambda name: table.expected(operation, name) == 200):
        expected = table.expected(operation, caller)
        if expected == 200:
            target = operation.prepare(table.world, table.world.people.get(caller, table.world.founder))
        else:
            target = shared = shared or operation.prepare(table.world, table.world.founder)
        answer = table.call(operation, caller, target)
        if answer.status_code not in (operation.done if expected == 200 else {expected}):
            wrong[caller] = f"{expected} expected, {answer.status_code} {answer.text[:300]}"
            continue
        problems = table.description.problems(operation.id, answer)
        if problems:
            wrong[caller] = problems
        if expected == 403 and permission and caller in ROLES and permission not in answer.text:
            wrong[caller] = f"the refusal does not name the permission: {answer.text[:300]}"
    assert wrong == {}


@pytest.mark.parametrize("operation", [each for each in OPERATIONS if re.search(r"{(?!account_id)", each.path)],
    ids=lambda each: each.id)
def test_what_is_somebody_elses_does_not_exist(table: Table, operation: Operation) -> None:
    """A foreign account's or user's object is a 404 for those who may everything in their own."""
    target = operation.prepare(table.world, table.world.founder)
    stranger = table.world.people["stranger"]
    path = operation.path.format(account_id=stranger.account, **target.path)
    options: dict[str, Any] = {} if target.body is None else {"json": target.body}
    answer = table.world.server.manage(operation.method, path, stranger.token, params=target.query, **options)
    if operation.id in OF_EVERY_ACCOUNT:
        assert answer.status_code == 200, OF_EVERY_ACCOUNT[operation.id]
        return
    assert answer.status_code == 404, f"{answer.status_code} {answer.text}"
    assert table.description.problems(operation.id, answer) == []


def test_an_answer_with_something_undescribed_is_found(table: Table) -> None:
    """The table would notice a member, a status or a type that the document lacks."""
    answer = requests.Response()
    answer.status_code, answer.headers["Content-Type"] = 200, "application/json"
    good = b'{"success":true,"errors":[],"messages":[],"result":{"id":"%s"}}' % (b"0" * 32)
    answer._content = good
    assert table.description.problems("deleteClient", answer) == []
    for wrong in (good.replace(b'"id"', b'"name"'), good.replace(b'"id"', b'"extra":1,"id"'), good.replace(b"0000", b"xyz")):
        answer._content = wrong
        assert table.description.problems("deleteClient", answer), wrong
    answer._content, answer.status_code = good, 201
    assert table.description.problems("deleteClient", answer)
