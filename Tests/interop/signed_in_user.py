"""What a user does between a library's authorization URL and its callback."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import issued
from latchkey_server import LatchkeyServer, User


@dataclass
class Link:
    """An authorization URL that a library made."""

    url: str


def approve(server: LatchkeyServer, person: User, url: str, **choices: Any) -> str:
    """Follows the library's URL, allows what it asks, and returns the whole URL that the browser is sent back to."""
    return server.browser(person).authorize(Link(url), person, **choices).location


def remembered(token: dict[str, Any]) -> dict[str, Any]:
    """The tokens that a library got, noted for the search through the logs."""
    issued.record_json(dict(token))
    return token
