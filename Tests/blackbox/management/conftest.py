"""What the tables of operations and of pages are tried on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from latchkey_server import LatchkeyServer
from operations import World


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """A server with somebody in every role, and everything that a call can be about."""
    server = LatchkeyServer("--log-level", "debug").start()
    yield World(server)
    server.dispose()
