"""The official SDK of the v4 API, unmodified, pointed at a server under test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import issued
import pytest
from cloudflare import APIStatusError, Cloudflare
from cloudflare.types.iam import OAuthClientCreateResponse
from latchkey_server import Client, LatchkeyServer, User

ACCOUNT = "com.latchkey.api.account"
USER = "com.latchkey.api.user"


def sdk(server: LatchkeyServer, user: User) -> Cloudflare:
    """Its defaults are kept, retries included."""
    return Cloudflare(api_token=server.api_token(user), base_url=server.management)


def ours(cloudflare: Cloudflare, method: str, path: str, **options: Any) -> Any:
    """The result of a call that the SDK has no method for."""
    return getattr(cloudflare, method)(path, cast_to=object, **options)["result"]


def web_app(**changes: Any) -> dict[str, Any]:
    """What `create` needs for a web app of the demo's API."""
    return {
        "client_name": "Zone Painter",
        "grant_types": ["authorization_code", "refresh_token"],
        "redirect_uris": ["https://painter.example/callback"],
        "response_types": ["code"],
        "scopes": ["account.read", "zone.read", "dns.read"],
        "token_endpoint_auth_method": "client_secret_basic",
        **changes,
    }


def create(cloudflare: Cloudflare, account: str, **changes: Any) -> OAuthClientCreateResponse:
    made = cloudflare.iam.oauth_clients.create(account_id=account, **web_app(**changes))
    issued.record("client_secret", made.client_secret)
    return made


def rotate(cloudflare: Cloudflare, account: str, client_id: str) -> str:
    secret = cloudflare.iam.oauth_clients.rotate_secret(client_id, account_id=account).client_secret
    issued.record("client_secret", secret)
    return secret


def app(server: LatchkeyServer, account: str, made: Any, secret: str | None = None) -> Client:
    """The app behind a registration, as the flows drive it."""
    protocol = {"openid", "offline_access"}
    return Client(
        server=server, client_id=made.client_id, client_secret=secret or getattr(made, "client_secret", None), name=made.client_name,
        method=made.token_endpoint_auth_method, redirect_uri=made.redirect_uris[0],
        scopes=[label for label in made.scopes if label not in protocol], optional_scopes=list(made.optional_scopes),
        post_logout_redirect_uris=list(made.post_logout_redirect_uris), visibility=made.visibility, account_id=account)


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
