"""What stands in deploy/ is checked by the programs it is written for."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "blackbox"))

from latchkey_server import LatchkeyServer, all_servers, executable  # noqa: E402


@pytest.fixture(scope="session")
def server() -> Iterator[LatchkeyServer]:
    """The demo as it comes, but for the proxy in front of it."""
    if not executable().exists():
        pytest.fail(f"{executable()} is missing: run `make build`")
    server = LatchkeyServer("--log-level", "debug").start()
    yield server
    server.dispose()


def pytest_sessionfinish() -> None:
    for server in all_servers():
        server.dispose()
        server.remove_files()
