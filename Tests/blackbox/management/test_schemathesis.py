"""schemathesis (PyPI) reads the OpenAPI document and sends what it thinks up: valid, nearly valid and nonsense.

Every check that it has is on. Nothing may be a 5xx; each status, content type and body has to be as described; what breaks the
schema has to be refused and what keeps to it taken. Nothing is left out but what stands in `ALLOWED_REFUSALS`, with its reason.
The run is the same each time (no random seed is left to it), and bounded.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from latchkey_server import LatchkeyServer
from operations import OPERATIONS, Operation, Person, World

# Seconds for the whole run.
BOUND = 400
# Cases that are thought up for an operation, beyond those that cover its schema.
EXAMPLES = 8

# Refusals (400) of what keeps to the schema: what a schema cannot say.
ALLOWED_REFUSALS = {
    "createClient": "scopes have to be in the catalogue, redirect URIs follow from the method, URLs are absolute",
    "updateClient": "the same, and publishing takes a proven host",
    "rotateClientSecret": "a client has two secrets at most, and one that keeps none cannot rotate",
    "deleteRotatedClientSecret": "there may be no older secret",
    "createAccount": "a name that can be shown has no invisible characters",
    "renameAccount": "a name that can be shown has no invisible characters",
    "inviteMember": "the role has to exist",
    "changeMember": "the role has to exist, and somebody has to stay who may do everything",
    "removeMember": "somebody has to stay who may do everything",
    "createUserToken": "permission groups and accounts have to exist, and ends have to be in the future",
    "updateUserToken": "the same",
    "createAccountToken": "the same",
    "updateAccountToken": "the same",
    "narrowAuthorization": "what is kept has to be held",
    "replaceAppPolicy": "clients and scopes have to exist, and none is allowed and blocked at once",
    "previewAppPolicy": "the same",
    "approveAppRequest": "a request is decided once, and optional scopes have to be the app's",
    "denyAppRequest": "a request is decided once",
    "askForApp": "the app, the account and the scopes have to exist",
    "endMembersAuthorizations": "one of the two filters is needed",
    "listAuditLog": "times have to be times",
    "listOwnAuditLog": "times have to be times",
    "followAuditLog": "times have to be times, and cursors ones that were given out",
}
# What the document does not describe as a refusal of wrong data and is one all the same.
ALSO_REFUSED = [400, 401, 403, 404, 405, 409, 413, 415]
TAKEN = ["2xx", 401, 403, 404, 409]


@pytest.fixture(scope="module")
def disposable() -> Iterator[World]:
    """A server that nobody else needs afterwards."""
    server = LatchkeyServer("--log-level", "debug").start()
    yield World(server)
    server.dispose()


def _parameters(world: World, person: Person, operation: Operation) -> dict[str, str]:
    """Things that exist for the call to be about, so that it gets further than 404; those of one call are no other call's."""
    values = {"path." + name: value for name, value in operation.prepare(world, person).path.items()}
    if operation.is_in_account:
        values["path.account_id"] = world.account
    return values


def _configuration(world: World) -> str:
    caller = world.people["Administrator"]
    access = world.server.grant(caller.user, world.app, accounts=[world.account])["access_token"]
    lines = [
        "[checks]", f"negative_data_rejection.expected-statuses = {json.dumps(ALSO_REFUSED)}",
        f"positive_data_acceptance.expected-statuses = {json.dumps(TAKEN)}"]
    for operation in OPERATIONS:
        lines += ["[[operations]]", f"include-operation-id = {json.dumps(operation.id)}"]
        parameters = _parameters(world, caller, operation)
        lines += [f"parameters = {{ {', '.join(f'{json.dumps(key)} = {json.dumps(value)}' for key, value in parameters.items())} }}"]
        if operation.takes == "access token":
            lines.append(f'headers = {{ Authorization = "Bearer {access}" }}')
        if operation.id in ALLOWED_REFUSALS:
            lines.append(f"checks.positive_data_acceptance.expected-statuses = {json.dumps([*TAKEN, 400])}")
    return "\n".join(lines) + "\n"


def test_nothing_that_it_thinks_up_breaks_what_is_described(disposable: World, tmp_path: Path) -> None:
    world = disposable
    configuration = tmp_path / "schemathesis.toml"
    configuration.write_text(_configuration(world))
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(configuration), "--no-color", "run",
        world.server.management + "/openapi.json", "--header", f"Authorization: Bearer {world.people['Administrator'].token}",
        "--checks", "all", "--generation-deterministic", "--seed", "1", "--max-examples", str(EXAMPLES), "--continue-on-failure",
        "--phases", "examples,coverage,fuzzing,stateful", "--output-truncate", "true"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=BOUND, check=False, cwd=tmp_path)
    found = "\n".join(line[:600] for line in run.stdout.splitlines())
    assert run.returncode == 0, found + run.stderr[-2000:]
    print(found)
    selected = re.search(r"Tested: (\d+)", run.stdout)
    assert selected and int(selected.group(1)) == len(OPERATIONS), found
    assert world.server.manage("GET", "/user", world.people["Administrator"].token).status_code == 200, "it lost its own credential"


def test_every_allowed_refusal_is_of_an_operation_that_there_is() -> None:
    assert set(ALLOWED_REFUSALS) <= {operation.id for operation in OPERATIONS}
