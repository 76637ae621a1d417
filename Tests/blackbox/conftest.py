"""Servers for the tests over HTTP. Each is started once, in the configuration that its name says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from latchkey_server import REPOSITORY, LatchkeyServer, User, all_servers, executable

SHARED_DOCUMENT = REPOSITORY.parent / "shared" / "data" / "digitalocean.openapi.json"
_LAST = "test_no_secret_is_where_none_may_be.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The search for secrets comes last, when every other test has made its own."""
    items.sort(key=lambda item: item.path.name == _LAST)


def pytest_sessionfinish() -> None:
    for server in all_servers():
        server.dispose()
        server.remove_files()


def _running(*options: str) -> LatchkeyServer:
    if not executable().exists():
        pytest.fail(f"{executable()} is missing: run `make build`")
    return LatchkeyServer("--log-level", "debug", *options).start()


@pytest.fixture(scope="session")
def server() -> Iterator[LatchkeyServer]:
    """The demo as it comes."""
    yield _running()


@pytest.fixture(scope="session")
def strict() -> Iterator[LatchkeyServer]:
    """No grace window: one use of a refresh token wins."""
    yield _running("--refresh-grace", "0")


@pytest.fixture(scope="session")
def brief() -> Iterator[LatchkeyServer]:
    """Codes and access tokens of five seconds, a grace window of one."""
    yield _running("--code-lifetime", "5", "--access-lifetime", "5", "--refresh-grace", "1")


@pytest.fixture(scope="session")
def jwt() -> Iterator[LatchkeyServer]:
    """Access tokens as RFC 9068 JWTs."""
    yield _running("--access-token-format", "jwt")


@pytest.fixture(scope="session")
def shared_document() -> Path:
    if not SHARED_DOCUMENT.exists():
        pytest.skip(f"{SHARED_DOCUMENT} is not on this machine")
    return SHARED_DOCUMENT


@pytest.fixture(scope="session")
def large(shared_document: Path) -> Iterator[LatchkeyServer]:
    """A real API of several hundred operations behind it."""
    yield _running("--catalogue", str(shared_document))


@pytest.fixture
def own() -> Iterator[LatchkeyServer]:
    """A server that the test may stop, kill and change at will."""
    server = _running()
    yield server
    server.dispose()


@pytest.fixture
def person(server: LatchkeyServer) -> User:
    """An administrator of account 1 whom no other test knows."""
    return server.new_user()


@pytest.fixture
def strict_person(strict: LatchkeyServer) -> User:
    return strict.new_user()


@pytest.fixture
def brief_person(brief: LatchkeyServer) -> User:
    return brief.new_user()
