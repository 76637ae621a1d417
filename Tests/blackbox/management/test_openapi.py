"""The OpenAPI document of the management API, as programs get it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from latchkey_server import LatchkeyServer
from openapi_spec_validator import OpenAPIV31SpecValidator


@pytest.fixture(scope="module")
def document(server: LatchkeyServer) -> dict[str, Any]:
    answer = server.manage("GET", "/openapi.json", None)
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/json", answer.text
    return answer.json()


def test_it_is_valid_openapi(document: dict[str, Any]) -> None:
    """OpenAPI 3.1, checked by a validator that nobody here wrote."""
    assert document["openapi"].startswith("3.1.")
    problems = [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()]
    assert problems == []


def test_a_document_that_is_not_valid_is_found(document: dict[str, Any]) -> None:
    """The validator looks at what matters here."""
    broken = json.loads(json.dumps(document))
    del broken["paths"]["/accounts/{account_id}"]["get"]["parameters"]
    assert list(OpenAPIV31SpecValidator(broken).iter_errors())


def test_it_needs_no_credential_and_scripts_may_read_it(server: LatchkeyServer, document: dict[str, Any]) -> None:
    answer = server.manage("GET", "/openapi.json", None, headers={"Origin": "https://docs.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*" and "Access-Control-Allow-Credentials" not in answer.headers
    assert server.manage("OPTIONS", "/openapi.json", None).status_code == 204
    assert server.manage("GET", "/openapi.json", "lkt_wrong").content == answer.content
    assert document["servers"] == [{"url": server.management}]


def test_every_operation_can_be_called_by_what_it_says(document: dict[str, Any]) -> None:
    """Each has a summary, a tag that exists, and a success; each permission is one that tokens can be given."""
    tags = {tag["name"] for tag in document["tags"]}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            place = f"{method} {path}"
            assert operation["summary"] and set(operation["tags"]) <= tags, place
            assert "200" in operation["responses"], place
            named = set(re.findall(r"{(\w+)}", path))
            assert {each["name"] for each in operation.get("parameters", []) if each["in"] == "path"} == named, place


def test_permissions_are_ones_that_tokens_can_be_given(server: LatchkeyServer, document: dict[str, Any]) -> None:
    token = server.api_token(server.administrator)
    groups = server.manage("GET", "/user/tokens/permission_groups", token).json()["result"]
    labels = {group["label"] for group in groups}
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    taken = {operation["x-latchkey-permission"] for operation in operations if "x-latchkey-permission" in operation}
    assert taken and taken <= labels
