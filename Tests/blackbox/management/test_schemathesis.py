"""schemathesis (PyPI) reads the OpenAPI document and sends what it thinks up: valid, nearly valid and nonsense.

Every check that it has is on. Nothing may be a 5xx; each status, content type and body has to be as described; what breaks the
schema has to be refused and what keeps to it taken. What is left out stands in `ALLOWED_REFUSALS` and
`PHASES`, with its reason.
The run is the same each time (no random seed is left to it), and bounded.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from latchkey_server import LatchkeyServer
from operations import OPERATIONS, Operation, Person, World
from sdk import ACCOUNT

# Seconds for the whole run.
BOUND = 300
# Cases that are thought up for an operation, beyond those that cover its schema.
EXAMPLES = 5

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
    "createWebhook": "a client has a few at most, and a URL leads to a public address",
    "updateWebhook": "a URL leads to a public address",
    "putResources": "an id stands once in a call, and names can be shown",
    "putResource": "a name that can be shown has no invisible characters",
    "listAuditLog": "times have to be times",
    "listOwnAuditLog": "times have to be times",
    "followAuditLog": "times have to be times, and cursors ones that were given out",
}
# What the document does not describe as a refusal of wrong data and is one all the same.
ALSO_REFUSED = [400, 401, 403, 404, 405, 409, 413, 415]
TAKEN = ["2xx", 401, 403, 404, 409, 429]
# Its stateful phase is left out: the document names no links, and those that it guesses are wrong (it takes the verification of a
# token for the reading of an account that was just made).
PHASES = "examples,coverage,fuzzing"


def _among_what_exists(document: dict[str, Any], world: World) -> dict[str, Any]:
    """The document with the choices that a schema cannot know: scopes, roles, apps. Without them hardly a body would be taken."""
    labels, addresses = ["zone.read", "dns.read"], ["https://painter.example/callback", "https://painter.example/other"]
    member = {"items": {"enum": list(world.roles.values())}}
    place = {"enum": [{"*": "*"}, {f"{ACCOUNT}.{world.account}": "*"}]}
    group = {"enum": [{"id": world.groups[label]} for label in labels]}
    client: dict[str, Any] = {
        "redirect_uris": {"items": {"enum": addresses}}, "scopes": {"enum": [labels, labels[:1]]},
        "optional_scopes": {"enum": [[], ["zone.read"]]}, "purposes": {"enum": [None, {}, {"zone.read": "To draw"}]},
        "post_logout_redirect_uris": {"items": {"enum": addresses}}, "allowed_cors_origins": {"items": {"enum": ["https://painter.example"]}},
        "visibility": {"enum": ["private", None]},
        **{name: {"enum": [None, "", "https://painter.example/page"]} for name in ("client_uri", "logo_uri", "policy_uri", "tos_uri")}}
    token: dict[str, Any] = {
        "expires_on": {"enum": [None, "2090-01-31T12:00:00Z"]}, "not_before": {"enum": [None, "2020-01-01T00:00:00Z"]}}
    policy = {"enum": [None, [], ["zone.read"]]}
    app_policy = {
        "approval_scopes": policy, "allowed_clients": {"enum": [[], [world.app.client_id]]}, "blocked_clients": {"enum": [None, []]}}
    known: dict[str, dict[str, Any]] = {
        "createClient": client, "createUserToken": token, "updateUserToken": token, "createAccountToken": token, "updateAccountToken": token,
        "changeMember": {"roles": member},
        "inviteMember": {"roles": member, "email": {"pattern": "^[a-z]{1,20}@[a-z]{1,20}\\.example$"}},
        "narrowAuthorization": {"accounts": {"enum": [[world.account]]}, "scopes": {"enum": [None]}},
        "askForApp": {
            "account_id": {"enum": [world.account]}, "client_id": {"enum": [world.app.client_id]},
            "scopes": {"enum": [None, [], world.app.optional_scopes]}},
    }
    for item in document["paths"].values():
        for operation in item.values():
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            for name, choices in known.get(operation["operationId"], {}).items():
                body["properties"][name].update(choices)
            if "policies" in body.get("properties", {}):
                of_policy = body["properties"]["policies"]["items"]["properties"]
                of_policy["permission_groups"]["items"], of_policy["resources"] = group, place
                ranges = body["properties"]["condition"]["properties"]["request_ip"]["properties"]
                for each in ranges.values():
                    each["items"] = {"enum": ["127.0.0.0/8", "2001:db8::/32"]}
    for schema, more in (("ClientChange", client), ("AppPolicyChange", app_policy)):
        for name, choices in more.items():
            document["components"]["schemas"][schema]["properties"][name].update(choices)
    return document


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
    document = _among_what_exists(world.server.manage("GET", "/openapi.json", None).json(), world)
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    configuration = tmp_path / "schemathesis.toml"
    configuration.write_text(_configuration(world))
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(configuration), "--no-color", "run",
        str(tmp_path / "openapi.json"), "--url", world.server.management, "--header", f"Authorization: Bearer {world.people['Administrator'].token}",
        "--checks", "all", "--generation-deterministic", "--seed", "1", "--max-examples", str(EXAMPLES), "--continue-on-failure",
        "--phases", PHASES, "--output-truncate", "true",
        # How long it takes to think up a case says something about the machine.
        "--suppress-health-check", "too_slow"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=BOUND, check=False, cwd=tmp_path)
    found = "\n".join(line[:600] for line in run.stdout.splitlines())
    assert run.returncode == 0, found + run.stderr[-2000:]
    print(found)
    selected = re.search(r"Tested: (\d+)", run.stdout)
    assert selected and int(selected.group(1)) == len(OPERATIONS), found
    assert world.server.manage("GET", "/user", world.people["Administrator"].token).status_code == 200, "it lost its own credential"


def test_every_allowed_refusal_is_of_an_operation_that_there_is() -> None:
    assert set(ALLOWED_REFUSALS) <= {operation.id for operation in OPERATIONS}
