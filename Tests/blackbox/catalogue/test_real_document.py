"""A real API's description: every operation is routed to the right scope by `/verify`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import requests
from latchkey_server import LatchkeyServer

METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"]
CARRIER = "bearer_auth"


def operations(document: Path) -> list[tuple[str, str, list[set[str]]]]:
    """Method, path and alternatives, read straight from the document; no alternative means no token is good for it."""
    root = json.loads(document.read_text())
    found = []
    for path, item in root["paths"].items():
        for method in METHODS:
            if method not in item:
                continue
            security = item[method].get("security", root.get("security"))
            alternatives = [set(scopes[CARRIER]) for scopes in security if set(scopes) == {CARRIER}]
            if security == []:
                alternatives = [set()]
            found.append((method.upper(), path, alternatives))
    return found


def concrete(path: str) -> str:
    return re.sub(r"\{[^}]+\}", "7c1b2a", path)


def test_every_operation_asks_for_its_own_scope(large: LatchkeyServer, shared_document: Path) -> None:
    """Issue, Done when: 659 operations routed to the right scope; a test asks each, with its scope and without."""
    found = operations(shared_document)
    labels = sorted({label for _, _, alternatives in found for each in alternatives for label in each})
    assert (len(found), len(labels)) == (659, 142)
    user, client = large.administrator, large.first
    everything = large.grant(user, client)["access_token"]
    session = requests.Session()

    def ask(method: str, path: str, token: str | None) -> requests.Response:
        headers = {"X-Original-Method": method, "X-Original-URI": concrete(path)}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return session.get(large.internal + "/verify/nginx", headers=headers)

    browser = large.browser(user)
    bare = client.tokens(browser.authorize(client.request("openid", prompt="consent")))["access_token"]
    wrong = []
    for method, path, alternatives in found:
        allowed, lacking = ask(method, path, everything), ask(method, path, bare)
        if not alternatives:
            if allowed.status_code != 403 or "operation" not in allowed.json()["missing"]:
                wrong.append((method, path, allowed.status_code))
            continue
        if allowed.status_code != 200:
            wrong.append((method, path, allowed.status_code, allowed.text[:200]))
        needed = min(alternatives, key=len)
        if needed and (lacking.status_code != 403 or set(lacking.json()["missing"]["scope"]) not in alternatives):
            wrong.append((method, path, lacking.status_code, lacking.text[:200]))
    assert not wrong, wrong[:10]


def test_each_scope_opens_its_operations_and_no_other(large: LatchkeyServer, shared_document: Path) -> None:
    """Issue, Scope catalogue: every count agrees with the document."""
    expected: dict[str, int] = {}
    for _, _, alternatives in operations(shared_document):
        for label in {label for each in alternatives for label in each}:
            expected[label] = expected.get(label, 0) + 1
    listed = large.manage("GET", "/oauth/scopes", large.api_token(large.administrator)).json()["result"]
    assert {scope["id"]: len(scope["operations"]) for scope in listed} == expected
