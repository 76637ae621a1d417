"""Holds answers to the document: nothing may be missing, and nothing may be there that it does not describe."""

from __future__ import annotations

from typing import Any

import requests
from jsonschema import Draft202012Validator, FormatChecker


class Description:
    """The OpenAPI document of a server."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.operations: dict[str, dict[str, Any]] = {}
        self.places: dict[str, tuple[str, str]] = {}
        self._validators: dict[str, Draft202012Validator] = {}
        for path, item in document["paths"].items():
            for method, operation in item.items():
                self.operations[operation["operationId"]] = operation
                self.places[operation["operationId"]] = (method.upper(), path)

    def problems(self, operation: str, answer: requests.Response) -> list[str]:
        """What is wrong with an answer."""
        response = self.operations[operation]["responses"].get(str(answer.status_code))
        if response is None:
            return [f"the status {answer.status_code} is not described"]
        response = self._target(response["$ref"]) if "$ref" in response else response
        content_type = answer.headers["Content-Type"]
        if content_type not in response["content"]:
            return [f"the content type {content_type} is not described"]
        place = f"{operation} {answer.status_code}"
        if place not in self._validators:
            schema = closed(self.inlined(response["content"][content_type]["schema"]))
            self._validators[place] = Draft202012Validator(schema, format_checker=FormatChecker())
        return [f"{error.json_path}: {error.message}" for error in self._validators[place].iter_errors(answer.json())]

    def inlined(self, schema: Any) -> Any:
        """The schema without references."""
        if isinstance(schema, list):
            return [self.inlined(each) for each in schema]
        if not isinstance(schema, dict):
            return schema
        if "$ref" in schema:
            return self.inlined(self._target(schema["$ref"]))
        return {name: self.inlined(each) for name, each in schema.items()}

    def _target(self, reference: str) -> Any:
        found: Any = self.document
        for name in reference.removeprefix("#/").split("/"):
            found = found[name]
        return found


def closed(schema: Any, is_part: bool = False) -> Any:
    """The schema with no room for members that it does not name; parts of a whole are closed together."""
    if isinstance(schema, list):
        return [closed(each, is_part) for each in schema]
    if not isinstance(schema, dict):
        return schema
    result = {}
    for name, each in schema.items():
        if name == "properties":
            result[name] = {member: closed(value) for member, value in each.items()}
        elif name in ("allOf", "anyOf"):
            result[name] = closed(each, is_part=name == "allOf")
        elif name in ("items", "additionalProperties"):
            result[name] = closed(each)
        else:
            result[name] = each
    if not is_part and ("properties" in schema or "allOf" in schema):
        result["unevaluatedProperties"] = False
    return result
