"""A clock that is set while the server runs, and one that is wrong when it starts (issue 4, Faults): what was revoked stays revoked,
and what was granted is there again once the clock is right."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from latchkey_server import LatchkeyServer, error_of, eventually

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "management"))
from receiver import Answer, Receiver  # noqa: E402

SOURCE = Path(__file__).with_name("clock_offset.c")
HOUR = 3600
DAY = 86_400
YEAR = 365 * 86_400


class Clock:
    """The server's wall clock, as far from the right time as a file says; what counts seconds goes on undisturbed."""

    def __init__(self, server: LatchkeyServer) -> None:
        library, self._file = server.data / "clock_offset.so", server.data / "clock_offset"
        compiler = shutil.which("clang") or shutil.which("cc")
        assert compiler, "there is no C compiler; Swift's toolchain brings one"
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE)], check=True)
        self.set(0)
        server.environment = {"LD_PRELOAD": str(library), "CLOCK_OFFSET_FILE": str(self._file)}

    def set(self, seconds: int) -> None:
        file = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
        os.pwrite(file, struct.pack("=q", seconds), 0)
        os.close(file)


@pytest.fixture
def odd() -> Iterator[tuple[LatchkeyServer, Clock]]:
    """A server whose clock the test sets."""
    server = LatchkeyServer()
    clock = Clock(server)
    server.start()
    yield server, clock
    server.dispose()


class Grants:
    """One installation that lives, and everything that ended in each of the ways that there are."""

    def __init__(self, server: LatchkeyServer) -> None:
        self.server = server
        client, user = server.first, server.administrator
        used = server.browser(user).authorize(client.request(prompt="consent"), user)
        client.tokens(used)
        self.used = used
        self.living = server.grant(user, client)["refresh_token"]
        self.ended = server.grant(user, client)
        assert client.revoke(self.ended["refresh_token"]).status_code == 200
        self.single = server.grant(user, client)
        assert client.revoke(self.single["access_token"]).status_code == 200
        other = server.rs256
        self.authorization = server.grant(user, other)
        browser = server.browser(user)
        page = browser.page(browser.page("/connected-apps").html.link_with(other.name))
        browser.submit(page, page.html.form_with("action", "revoke"))
        assert not server.is_active(self.authorization["access_token"])

    def check(self) -> str:
        """The living one goes on, and nothing else does; returns its newest access token."""
        server, client = self.server, self.server.first
        tokens = client.refreshed(self.living)
        self.living = tokens["refresh_token"]
        assert server.is_active(tokens["access_token"])
        for token in (self.ended["access_token"], self.single["access_token"], self.authorization["access_token"]):
            assert not server.is_active(token)
        assert error_of(client.refresh(self.ended["refresh_token"])) == "invalid_grant"
        assert error_of(server.rs256.refresh(self.authorization["refresh_token"])) == "invalid_grant"
        return tokens["access_token"]


def test_a_clock_that_is_set_forward_and_back(odd: tuple[LatchkeyServer, Clock]) -> None:
    server, clock = odd
    grants = Grants(server)
    before = grants.check()
    clock.set(HOUR)
    ahead = grants.check()
    assert not server.is_active(before), "the clock did not reach the server"
    clock.set(0)
    grants.check()
    assert server.is_active(before) and server.is_active(ahead)
    # Before the first key was made.
    clock.set(-2 * HOUR)
    grants.check()
    clock.set(0)
    grants.check()
    assert error_of(server.first.exchange(grants.used)) == "invalid_grant"


def test_a_start_with_a_clock_years_ahead_removes_nothing_for_good(odd: tuple[LatchkeyServer, Clock]) -> None:
    """Whatever is expired by then is refused, and kept: the clock may be what is wrong."""
    server, clock = odd
    grants = Grants(server)
    before = grants.check()
    server.stop()
    clock.set(3 * YEAR)
    server.start()
    assert not server.is_active(before)
    assert error_of(server.first.refresh(grants.living)) == "invalid_grant"
    server.stop()
    clock.set(0)
    server.start()
    grants.check()
    assert server.is_active(before)


def test_a_first_start_with_a_clock_that_is_ahead(odd: tuple[LatchkeyServer, Clock]) -> None:
    """Keys made by it serve when it is right, instead of waiting for years until they may."""
    server = LatchkeyServer()
    clock = Clock(server)
    clock.set(YEAR)
    server.start()
    clock.set(0)
    grants = Grants(server)
    grants.check()
    server.dispose()


def test_a_start_with_a_clock_days_behind_sends_no_message_early(odd: tuple[LatchkeyServer, Clock]) -> None:
    """Every pause that was written down by the right time looks far off to it; none of them ends early, and no attempt is used up."""
    server, clock = odd
    receiver = Receiver()
    receiver.answer = Answer(500)
    token, client = server.api_token(server.administrator), server.first
    base = f"/accounts/{client.account_id}/oauth_clients/{client.client_id}"

    def call(method: str, path: str, **options: object) -> Any:
        answer = server.manage(method, base + path, token, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    def message() -> dict[str, Any]:
        rows = call("GET", f"/webhooks/{hook}/deliveries")
        return next((row for row in rows if row["type"] == "client.frozen"), {"attempts": 0})

    # The right time is days later than that of the next start.
    clock.set(3 * DAY)
    hook = call("POST", "/webhooks", json={"url": receiver.url, "events": ["client.frozen"]})["id"]
    call("POST", "/freeze")
    before = eventually(lambda: (row := message())["attempts"] == 1 and row, within=20)
    server.stop()
    clock.set(0)
    server.start()
    # A test is due by its clock: when it was tried, the queue was looked after.
    assert call("POST", f"/webhooks/{hook}/test")["attempts"] == 1
    assert message() == before and len(receiver.of_type("client.frozen")) == 1
    clock.set(3 * DAY)
    receiver.wait_for("client.frozen", count=2, within=20)
    receiver.close()
