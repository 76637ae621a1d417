"""Every secret that the servers under test issued, so that the last test can look for each of them where none may be."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

_TOKEN_MEMBERS = ("access_token", "refresh_token", "id_token", "client_secret", "password", "value")
_QUERY_MEMBERS = ("code", "id_token_hint")
_SHORTEST = 12

_lock = threading.Lock()
_secrets: dict[str, str] = {}


def record(kind: str, *values: str | None) -> None:
    """Remembers secrets of one kind; values too short to be told from chance are left out."""
    with _lock:
        for value in values:
            if value and len(value) >= _SHORTEST:
                _secrets.setdefault(value, kind)


def issued() -> dict[str, str]:
    """Each secret and its kind."""
    with _lock:
        return dict(_secrets)


def _record_json(value: Any) -> None:
    if isinstance(value, dict):
        for member in _TOKEN_MEMBERS:
            if isinstance(value.get(member), str):
                record(member, value[member])
        for nested in value.values():
            _record_json(nested)
    elif isinstance(value, list):
        for nested in value:
            _record_json(nested)


def record_json(value: Any) -> None:
    """Remembers every token, secret and password in a JSON value."""
    _record_json(value)


def record_response(response: requests.Response) -> None:
    """Remembers what an answer issued: cookies, codes in its redirect, tokens in its JSON."""
    for cookie in response.cookies:
        record("cookie", cookie.value)
    location = response.headers.get("Location")
    if location:
        query = parse_qs(urlsplit(location).query)
        for member in _QUERY_MEMBERS:
            record(member, *query.get(member, []))
    if response.headers.get("Content-Type", "").startswith("application/json"):
        try:
            _record_json(response.json())
        except ValueError:
            return
