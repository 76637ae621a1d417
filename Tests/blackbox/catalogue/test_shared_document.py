"""A real API's document: every operation is routed to the right scope by /verify (issue, Done when)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from latchkey_server import Caller, LatchkeyServer, User, eventually

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
OPERATIONS, SCOPES = 659, 142


@dataclass(frozen=True)
class Operation:
    """An operation as the document describes it, read by nothing that Latchkey is made of."""

    method: str
    path: str
    #: The scopes of each alternative that a token can meet; empty where none can.
    alternatives: tuple[frozenset[str], ...]
    is_open: bool

    @property
    def target(self) -> str:
        return re.sub(r"\{[^/}]*\}", "0123abcd", self.path)

    def is_met_by(self, scopes: set[str]) -> bool:
        return any(alternative <= scopes for alternative in self.alternatives)


def _requirements(document: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield method.upper(), path, item[method].get("security", document.get("security"))


def read_operations(file: Path) -> list[Operation]:
    """Contract, Catalogue: a scheme carries scopes if its type says so, or if any requirement lists scopes for it."""
    document = json.loads(file.read_text())
    schemes = document["components"]["securitySchemes"]
    carrying = {name for name, scheme in schemes.items() if scheme.get("type") in ("oauth2", "openIdConnect")}
    for _, _, security in _requirements(document):
        for alternative in security or []:
            carrying |= {name for name, scopes in alternative.items() if scopes}
    operations = []
    for method, path, security in _requirements(document):
        alternatives = [] if security is None else security
        operations.append(Operation(
            method, path,
            tuple(frozenset(label for scopes in each.values() for label in scopes) for each in alternatives if set(each) <= carrying),
            security == [] or {} in alternatives))
    return operations


@pytest.fixture(scope="module")
def operations(shared_document: Path) -> list[Operation]:
    return read_operations(shared_document)


@pytest.fixture(scope="module")
def scopes(operations: list[Operation]) -> list[str]:
    return sorted({label for operation in operations for alternative in operation.alternatives for label in alternative})


@pytest.fixture(scope="module")
def user(large: LatchkeyServer) -> User:
    return large.administrator


@pytest.fixture(scope="module")
def tokens(large: LatchkeyServer, user: User, scopes: list[str]) -> dict[str, str]:
    """One family with every scope, and for each label an access token that carries it alone (contract: `scope` at refresh)."""
    client, caller = large.first, Caller()
    family = large.grant(user, client)
    token, singles = family["refresh_token"], {}
    for label in scopes:
        answer = client.refresh(token, caller, scope=label)
        assert answer.status_code == 200, (label, answer.text)
        body = answer.json()
        token, singles[label] = body["refresh_token"], body["access_token"]
    singles["*"] = family["access_token"]
    return singles


def test_the_counts_agree(large: LatchkeyServer, operations: list[Operation], scopes: list[str]) -> None:
    """Issue, Scope catalogue: the 659 operations and 142 scopes of the shared document, and every count agrees."""
    assert (len(operations), len(scopes)) == (OPERATIONS, SCOPES)
    listed = large.manage("GET", "/oauth/scopes", large.api_token(large.administrator)).json()["result"]
    opened = {scope["id"]: {(each["method"], each["path"]) for each in scope["operations"]} for scope in listed}
    assert sorted(opened) == scopes
    for label in scopes:
        expected = {
            (operation.method, operation.path) for operation in operations if any(label in each for each in operation.alternatives)}
        assert opened[label] == expected, label


def test_every_operation_passes_with_its_scope_and_is_refused_without(
    large: LatchkeyServer, operations: list[Operation], scopes: list[str], tokens: dict[str, str]
) -> None:
    """Issue, Done when: 659 operations routed to the right scope by /verify: a test asks each, with exactly its scope → 200, and
    with another → 403 that names what is missing."""
    caller, wrong = Caller(), []
    asked = 0
    for operation in operations:
        if operation.is_open or not operation.alternatives:
            continue
        asked += 1
        name = f"{operation.method} {operation.path}"
        exact = [next(iter(each)) for each in operation.alternatives if len(each) == 1]
        fitting = tokens[exact[0]] if exact else tokens["*"]
        answer = large.verify(operation.method, operation.target, fitting, caller=caller)
        if answer.status_code != 200:
            wrong.append((name, "with its scope", answer.status_code, answer.text))
        other = next((label for label in scopes if not operation.is_met_by({label})), None)
        if other is None:  # It asks for a token and for no scope.
            continue
        answer = large.verify(operation.method, operation.target, tokens[other], caller=caller)
        missing = set(answer.json()["missing"]["scope"]) if answer.status_code == 403 else set()
        if not any(missing and missing == each - {other} for each in operation.alternatives):
            wrong.append((name, f"with {other} alone", answer.status_code, answer.text))
    assert not wrong, wrong[:10]
    assert asked > OPERATIONS * 0.9


def test_operations_that_no_token_can_open_are_refused_as_such(
    large: LatchkeyServer, operations: list[Operation], tokens: dict[str, str]
) -> None:
    """Contract, Refusals: an operation none of whose alternatives a token of ours can meet: 403 and `missing.operation`."""
    for operation in operations:
        if operation.is_open or operation.alternatives:
            continue
        for token in (None, tokens["*"]):
            answer = large.verify(operation.method, operation.target, token)
            assert answer.status_code == 403 and "operation" in answer.json()["missing"], operation


def test_open_operations_pass_for_everybody(large: LatchkeyServer, operations: list[Operation]) -> None:
    """Contract, Catalogue: `security: []` is open."""
    for operation in operations:
        if operation.is_open:
            assert large.verify(operation.method, operation.target).status_code == 200, operation


def test_without_a_token_every_described_operation_is_401(large: LatchkeyServer, operations: list[Operation]) -> None:
    """RFC 6750 §3.1: a challenge, not a refusal, wherever a token could help."""
    caller = Caller()
    for operation in operations:
        if operation.alternatives and not operation.is_open:
            assert large.verify(operation.method, operation.target, caller=caller).status_code == 401, operation


def test_a_path_matches_with_the_servers_path_in_front(
    large: LatchkeyServer, shared_document: Path, operations: list[Operation], tokens: dict[str, str]
) -> None:
    """Contract, Catalogue: with or without the path part of the document's first `servers` URL in front."""
    document = json.loads(shared_document.read_text())
    base = urlsplit((document.get("servers") or [{"url": "/"}])[0]["url"]).path.rstrip("/")
    operation = next(each for each in operations if each.method == "GET" and each.alternatives)
    assert large.verify("GET", base + operation.target, tokens["*"]).status_code == 200


def test_literal_segments_win_over_templated_ones(
    large: LatchkeyServer, operations: list[Operation], tokens: dict[str, str], scopes: list[str]
) -> None:
    """Contract, Catalogue: literal segments win over templated ones, from the left: a literal path that a template matches too is
    decided by its own scopes."""
    caller, pairs = Caller(), 0
    for literal in operations:
        if "{" in literal.path or not literal.alternatives:
            continue
        for templated in operations:
            if templated.method != literal.method or "{" not in templated.path or not templated.alternatives:
                continue
            pattern = re.sub(r"\\\{[^/}]*\\\}", "[^/]+", re.escape(templated.path))
            if not re.fullmatch(pattern, literal.path):
                continue
            only_other = next((label for label in scopes if templated.is_met_by({label}) and not literal.is_met_by({label})), None)
            if only_other:
                pairs += 1
                assert large.verify(literal.method, literal.path, tokens[only_other], caller=caller).status_code == 403, literal
    assert pairs, "the document has no such pair"


def test_consent_shows_every_scope_and_operation(large: LatchkeyServer, user: User, scopes: list[str], operations: list[Operation]) -> None:
    """Issue, Consent: 142 scopes must stay usable: all of them on one page, searchable without scripts, within sane size."""
    browser = large.browser(user)
    page = browser.consent_page(large.first.request(prompt="consent"), user)
    form = page.html.form_with("decision")
    assert set(scopes) <= {control.value for control in form.all("scope")}
    for operation in operations[::97]:
        if operation.alternatives:
            assert operation.path in page.text
    assert len(page.response.content) < 1_000_000
    search = next(control.name for control in form.controls if control.kind == "search" and "scope" in control.name)
    narrowed = browser.submit(page, form, {search: "droplet", "scope": scopes[:5]})
    assert set(narrowed.html.form_with("decision").chosen("scope")) >= set(scopes[:5])  # type: ignore[union-attr]


@pytest.fixture
def odd() -> Iterator[LatchkeyServer]:
    """A small document with every kind of requirement that the contract names."""
    server = LatchkeyServer()
    file = server.data.parent / (server.data.name + ".openapi.json")
    file.write_text(json.dumps(ODD_DOCUMENT))
    server.options = ("--catalogue", str(file))
    yield server.start()
    server.dispose()
    file.unlink()


def _operation(security: list[dict[str, list[str]]] | None) -> dict[str, Any]:
    operation: dict[str, Any] = {"summary": "Do it", "responses": {"200": {"description": "Done"}}}
    return operation if security is None else {**operation, "security": security}


ODD_DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Odd", "version": "1"},
    "servers": [{"url": "https://api.example/v2"}, {"url": "https://other.example/v9"}],
    "paths": {
        "/one": {"get": _operation([{"o": ["a.read"]}])},
        "/either": {"get": _operation([{"o": ["a.read"]}, {"o": ["b.read"]}])},
        "/both": {"get": _operation([{"o": ["a.read", "b.read"]}])},
        "/schemes": {"get": _operation([{"o": ["a.read"], "p": ["c.read"]}])},
        "/any": {"get": _operation([{"o": []}])},
        "/open": {"get": _operation([])},
        "/optional": {"get": _operation([{"o": ["a.read"]}, {}])},
        "/silent": {"get": _operation(None)},
        "/key": {"get": _operation([{"key": []}])},
        "/undefined": {"get": _operation([{"nobody": []}])},
        "/key-or-scope": {"get": _operation([{"key": []}, {"o": ["a.read"]}])},
        "/key-and-scope": {"get": _operation([{"key": [], "o": ["a.read"]}])},
        "/plain-bearer": {"get": _operation([{"bearer": []}])},
        "/items/{id}": {"get": _operation([{"o": ["a.read"]}])},
        "/items/special": {"get": _operation([{"o": ["b.read"]}])},
        "/accounts/{account_id}/x": {"get": _operation([{"o": ["a.read"]}])},
        "/elsewhere": {"servers": [{"url": "https://x.example/own"}], "get": _operation([{"o": ["a.read"]}])},
    },
    "components": {"securitySchemes": {
        "o": {"type": "oauth2", "flows": {"authorizationCode": {
            "authorizationUrl": "/a", "tokenUrl": "/t", "scopes": {"a.read": "A", "b.read": "B", "c.read": "C"}}}},
        "p": {"type": "http", "scheme": "bearer"},
        "bearer": {"type": "http", "scheme": "bearer"},
        "key": {"type": "apiKey", "in": "header", "name": "X-Key"},
    }},
}

#: path → the sets of scopes that open it; "open" for nothing needed, None for never
ODD_RULES: dict[str, Any] = {
    "/one": [{"a.read"}], "/either": [{"a.read"}, {"b.read"}], "/both": [{"a.read", "b.read"}], "/schemes": [{"a.read", "c.read"}],
    "/any": [set()], "/open": "open", "/optional": "open", "/silent": None, "/key": None, "/undefined": None, "/key-or-scope": [{"a.read"}],
    "/key-and-scope": None, "/plain-bearer": None, "/items/1": [{"a.read"}], "/items/special": [{"b.read"}], "/elsewhere": [{"a.read"}],
}


def test_every_kind_of_requirement_is_decided_as_the_contract_says(odd: LatchkeyServer) -> None:
    """Contract, Catalogue: alternatives, conjunctions, several schemes, schemes without scopes, open, silent, undefined, prefixes."""
    eventually(lambda: odd.verify("GET", "/open").status_code == 200)
    client, user = odd.first, odd.administrator
    refresh_token = odd.grant(user, client)["refresh_token"]
    held = [{"a.read"}, {"b.read"}, {"c.read"}, {"a.read", "b.read"}, {"a.read", "c.read"}, {"a.read", "b.read", "c.read"}]
    for scopes in held:
        answer = client.refreshed(refresh_token, scope=" ".join(sorted(scopes)))
        refresh_token, token = answer["refresh_token"], answer["access_token"]
        for path, rule in ODD_RULES.items():
            expected = 200 if rule == "open" or (rule is not None and any(each <= scopes for each in rule)) else 403
            for target in (path, "/v2" + path):
                if path == "/elsewhere" and target != path:
                    target = "/own" + path
                answer = odd.verify("GET", target, token)
                assert answer.status_code == expected, (target, scopes, answer.text)
                if rule is None:
                    assert "operation" in answer.json()["missing"], path
    for path, rule in ODD_RULES.items():
        expected = 200 if rule == "open" else 403 if rule is None else 401
        assert odd.verify("GET", path).status_code == expected, path
    assert odd.verify("GET", "/v9/one", token).status_code == 403, "only the first server's path may stand in front"
    assert odd.verify("GET", "/v2/v2/one", token).status_code == 403


def test_the_account_in_the_path_is_checked_in_a_foreign_document(odd: LatchkeyServer) -> None:
    """Contract, Catalogue: the account's path parameter is `account_id` unless the document says otherwise."""
    eventually(lambda: odd.verify("GET", "/open").status_code == 200)
    token = odd.grant(odd.administrator, odd.first)["access_token"]
    assert odd.verify("GET", f"/accounts/{odd.accounts[0]}/x", token).status_code == 200
    assert odd.verify("GET", f"/accounts/{odd.accounts[1]}/x", token).status_code == 403


# MARK: Resources

#: The path parameters that name what access can be narrowed to, by type.
TYPES = {
    "agent": ["agent_uuid", "parent_agent_uuid", "child_agent_uuid"], "app": ["app_id"], "cluster": ["cluster_id"],
    "database": ["database_cluster_uuid"], "domain": ["domain_name"], "droplet": ["droplet_id"], "firewall": ["firewall_id"],
    "image": ["image_id"], "knowledge_base": ["knowledge_base_uuid"], "load_balancer": ["lb_id"], "namespace": ["namespace_id"],
    "project": ["project_id"], "registry": ["registry_name"], "reserved_ip": ["reserved_ip"], "snapshot": ["snapshot_id"],
    "volume": ["volume_id"], "vpc": ["vpc_id"], "workspace": ["workspace_uuid"],
}
CHOSEN, OTHER = "0123abcd", "89ab4567"


@pytest.fixture(scope="module")
def narrowed(shared_document: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LatchkeyServer]:
    """The same API, whose resources the overrides name."""
    overrides = tmp_path_factory.mktemp("overrides") / "overrides.json"
    overrides.write_text(json.dumps({"resources": [{"type": type, "parameters": names} for type, names in TYPES.items()]}))
    server = LatchkeyServer("--catalogue", str(shared_document), "--overrides", str(overrides)).start()
    yield server
    server.dispose()


def test_every_operation_with_a_resource_keeps_to_the_chosen_one(narrowed: LatchkeyServer, operations: list[Operation]) -> None:
    """Issue, Done when: /verify enforces resources for all operations of the shared document that have them."""
    account, owner = narrowed.accounts[0], narrowed.api_token(narrowed.administrator)
    for type in TYPES:
        for id in (CHOSEN, OTHER):
            assert narrowed.manage("PUT", f"/accounts/{account}/resources/{type}/{id}", owner, json={}).status_code == 200
    everything = narrowed.grant(narrowed.administrator, narrowed.first)["access_token"]
    choices: dict[str, Any] = {f"resources_{account}_{type}": "some" for type in TYPES}
    choices["resource"] = [f"{account}/{type}/{CHOSEN}" for type in TYPES]
    token = narrowed.grant(narrowed.administrator, narrowed.first, **choices)["access_token"]
    names = {name for parameters in TYPES.values() for name in parameters}
    caller, wrong, asked = Caller(), [], 0
    for operation in operations:
        own = [name for name in re.findall(r"\{([^/}]*)\}", operation.path) if name in names]
        if operation.is_open or not operation.alternatives or not own:
            continue
        asked += 1
        if (answer := narrowed.verify(operation.method, operation.target, token, caller=caller)).status_code != 200:
            wrong.append((operation.method, operation.path, "on its own", answer.status_code, answer.text))
        for name in own:
            target = re.sub(r"\{[^/}]*\}", CHOSEN, operation.path.replace("{" + name + "}", OTHER))
            answer = narrowed.verify(operation.method, target, token, caller=caller)
            if answer.status_code != 403 or answer.json()["missing"] != {"resource": OTHER}:
                wrong.append((operation.method, operation.path, f"another {name}", answer.status_code, answer.text))
            if (answer := narrowed.verify(operation.method, target, everything, caller=caller)).status_code != 200:
                wrong.append((operation.method, operation.path, "not narrowed", answer.status_code, answer.text))
    assert not wrong, wrong[:10]
    assert asked > 250
    answer = narrowed.verify("GET", "/v2/droplets", token)
    assert (answer.status_code, answer.headers["X-Latchkey-Resources"]) == (200, f"droplet={CHOSEN}")
