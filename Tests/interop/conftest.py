"""Latchkey as programs meet it that nobody here wrote: OAuth client libraries, and nginx as a gateway."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "blackbox"))

from latchkey_server import LatchkeyServer, User, all_servers, executable  # noqa: E402

# Both libraries refuse plain http, which a loopback issuer speaks.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"
# RFC 6749 §3.3: a user may grant less than was asked; oauthlib makes that an error unless told otherwise.
os.environ["OAUTHLIB_RELAX_TOKEN_SCOPE"] = "1"


@pytest.fixture(scope="session")
def server() -> Iterator[LatchkeyServer]:
    """The demo as it comes."""
    if not executable().exists():
        pytest.fail(f"{executable()} is missing: run `make build`")
    server = LatchkeyServer("--log-level", "debug").start()
    yield server
    server.dispose()


@pytest.fixture(scope="session")
def person(server: LatchkeyServer) -> User:
    """An administrator of account 1 whom no other test knows."""
    return server.new_user()


def pytest_sessionfinish() -> None:
    for server in all_servers():
        server.dispose()
        server.remove_files()
