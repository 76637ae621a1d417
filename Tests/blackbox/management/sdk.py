"""The unmodified SDK, against a server under test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import issued
import pytest
from cloudflare import APIStatusError, Cloudflare
from latchkey_server import LatchkeyServer

ACCOUNT = "com.latchkey.api.account"
USER = "com.latchkey.api.user"


def client(server: LatchkeyServer, token: str, address: str | None = None, max_retries: int = 0) -> Cloudflare:
    """The SDK with this token; from a chosen loopback address where one is given."""
    transport = httpx.HTTPTransport(local_address=address) if address else None
    return Cloudflare(
        api_token=token, base_url=server.management, max_retries=max_retries,
        http_client=httpx.Client(trust_env=False, transport=transport, timeout=30))


def value_of(created: Any) -> str:
    """The text of a new token, remembered as a secret."""
    issued.record("API token", created.value)
    return created.value


def refused(call: Callable[[], Any], status: int, pointer: str | None = None) -> str:
    """The message of the refusal that the SDK raises."""
    with pytest.raises(APIStatusError) as raised:
        call()
    error = raised.value
    assert error.status_code == status, error.body
    body = error.body
    assert isinstance(body, dict) and body["success"] is False and body["errors"], body
    pointers = [each.get("source", {}).get("pointer") for each in body["errors"]]
    assert all(isinstance(each["code"], int) and each["message"] for each in body["errors"])
    if pointer is not None:
        assert pointer in pointers, body["errors"]
    return body["errors"][0]["message"]


def group(cloudflare: Cloudflare, label: str) -> dict[str, str]:
    """A permission group as a policy names it, found by its label."""
    groups = cloudflare.user.tokens.permission_groups.list()
    return {"id": next(each.id for each in groups if each.label == label)}


def policy(cloudflare: Cloudflare, labels: list[str], resources: dict[str, Any], effect: str = "allow") -> dict[str, Any]:
    return {"effect": effect, "permission_groups": [group(cloudflare, label) for label in labels], "resources": resources}
