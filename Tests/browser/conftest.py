"""The pages in a real browser: Debian's Chromium, without a window."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "blackbox"))

from chromium import SHARED_DOCUMENT, Chromium  # noqa: E402
from furnished import Furnished, Visitors, running  # noqa: E402
from latchkey_server import LatchkeyServer, User, all_servers  # noqa: E402


@pytest.fixture(scope="session")
def server() -> Iterator[LatchkeyServer]:
    """The demo as it comes."""
    yield from running()


@pytest.fixture(scope="session")
def brief() -> Iterator[LatchkeyServer]:
    """Access tokens of three seconds."""
    yield from running("--access-lifetime", "3")


@pytest.fixture(scope="session")
def large() -> Iterator[LatchkeyServer]:
    """A real API of several hundred operations behind it; the app asks for all of its scopes."""
    if not SHARED_DOCUMENT.exists():
        pytest.skip(f"{SHARED_DOCUMENT} is not on this machine")
    yield from running("--catalogue", str(SHARED_DOCUMENT))


@pytest.fixture(scope="session")
def furnished() -> Iterator[Furnished]:
    """A demo of its own with something on every page."""
    for server in running():
        yield Furnished(server)


@pytest.fixture(scope="module")
def visitors(furnished: Furnished) -> Iterator[Visitors]:
    """The people who look at every page of the demo."""
    visitors = Visitors(furnished)
    yield visitors
    visitors.close()


@pytest.fixture
def person(server: LatchkeyServer) -> User:
    """A user whom no other test knows."""
    return server.new_user()


@pytest.fixture
def open_browser() -> Iterator[Callable[..., Chromium]]:
    """Opens browsers that know nothing yet; at the end none may have met a violation of the content security policy."""
    opened: list[Chromium] = []

    def open_one(**options: bool) -> Chromium:
        opened.append(Chromium(**options))
        return opened[-1]

    yield open_one
    violations = [line for browser in opened for line in browser.policy_violations()]
    for browser in opened:
        browser.close()
    assert violations == []


@pytest.fixture
def browser(open_browser: Callable[..., Chromium]) -> Chromium:
    return open_browser()


def pytest_sessionfinish() -> None:
    for server in all_servers():
        server.dispose()
        server.remove_files()
