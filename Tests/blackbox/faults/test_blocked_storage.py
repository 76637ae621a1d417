"""Storage that does not answer, or has no room (issue 4, Faults): 503 with `Retry-After`, nothing acknowledged is lost, and what was
refused was not done; when storage is well again, so is the server."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest
import requests
from held_file import held_by_another_process
from latchkey_server import Caller, LatchkeyServer, at_once, error_of, eventually, executable

FLOOD = 300


def is_refused(answer: requests.Response) -> bool:
    """503 in the endpoint's form, with a time to come back."""
    assert answer.status_code in (200, 503), f"{answer.status_code} {answer.text}"
    if answer.status_code == 503:
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.json()["error"] == "temporarily_unavailable"
    return answer.status_code == 503


def test_writes_are_refused_while_another_process_holds_the_file(own: LatchkeyServer) -> None:
    """Hundreds wait at once, none for longer than two turns; what needs no write is answered as always."""
    client, user = own.first, own.administrator
    lines = [own.grant(user, client) for _ in range(8)]
    assert own.is_active(lines[0]["access_token"])
    with held_by_another_process(own):
        began = time.monotonic()

        def refresh(number: int) -> bool:
            return is_refused(client.refresh(lines[number % 8]["refresh_token"], Caller()))

        def introspect(_: int) -> float:
            asked = time.monotonic()
            assert own.is_active(lines[1]["access_token"])
            return time.monotonic() - asked

        outcomes = at_once(FLOOD + 1, lambda number: [introspect(number) for _ in range(20)] if number == FLOOD else refresh(number))
        assert time.monotonic() - began < 60
        # Half of them: a busy machine may hold up a few.
        assert sorted(outcomes[FLOOD])[9] < 5, outcomes[FLOOD]
        assert all(outcomes[:FLOOD])
        assert is_refused(client.revoke(lines[2]["refresh_token"]))
    for line in lines:
        assert client.refresh(line["refresh_token"]).status_code == 200
    assert client.revoke(lines[2]["refresh_token"]).status_code == 200
    assert not own.is_active(lines[2]["access_token"])


def test_a_write_that_waits_a_moment_is_not_refused(own: LatchkeyServer) -> None:
    """A short turn of another process is nothing that anybody notices: the answer comes after it, and it is the right one."""
    client, tokens = own.first, own.grant(own.administrator, own.first)
    with ThreadPoolExecutor(1) as pool:
        with held_by_another_process(own):
            waiting = pool.submit(client.refresh, tokens["refresh_token"], Caller())
            wait([waiting], timeout=1)
            assert not waiting.done()
        assert waiting.result().status_code == 200


class Room:
    """A disk that has no room left, and then has again."""

    def __init__(self, server: LatchkeyServer, take: Callable[[], None], give_back: Callable[[], None], is_at_once: bool) -> None:
        self.server, self.take, self.give_back, self.is_at_once = server, take, give_back, is_at_once


def _limited_files(server: LatchkeyServer) -> Room:
    """No file may grow or change past its first 4 KiB: every write of the database fails (EFBIG)."""
    def set_limit(bytes_: str) -> None:
        assert server.process is not None
        subprocess.run(["prlimit", f"--pid={server.process.pid}", f"--fsize={bytes_}:unlimited"], check=True)

    server.start()
    return Room(server, lambda: set_limit("4096"), lambda: set_limit("unlimited"), True)


def _full_file_system(server: LatchkeyServer) -> Room:
    """A file system of its own that something else fills (ENOSPC)."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(server.data)], capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"no file system may be mounted here: {mounted.stderr.strip()}")
    filler = server.data / "filler"

    def fill() -> None:
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"a" * 4096)
            except OSError:
                pass

    server.start()
    return Room(server, fill, filler.unlink, False)


@pytest.fixture(params=[_limited_files, _full_file_system], ids=["limited files", "full file system"])
def room(request: pytest.FixtureRequest) -> Iterator[Room]:
    server = LatchkeyServer()
    try:
        yield request.param(server)
    finally:
        server.dispose()
        if os.path.ismount(server.data):
            subprocess.run(["umount", str(server.data)], check=True)


def test_a_full_disk_refuses_changes_and_loses_none(room: Room) -> None:
    own, client = room.server, room.server.first
    lines = [own.grant(own.administrator, client) for _ in range(4)]
    assert client.revoke(lines[3]["refresh_token"]).status_code == 200
    acknowledged = lines[0]["refresh_token"]
    room.take()

    def refresh_until_refused() -> bool:
        nonlocal acknowledged
        answer = client.refresh(acknowledged)
        if is_refused(answer):
            return True
        acknowledged = answer.json()["refresh_token"]
        return False

    eventually(refresh_until_refused, within=60, every=0)
    assert is_refused(client.refresh(lines[1]["refresh_token"]))
    assert is_refused(client.revoke(lines[2]["refresh_token"])), "a revocation was acknowledged that could not be kept"
    assert own.is_active(lines[1]["access_token"]), "what needs no write is not answered"
    assert not own.is_active(lines[3]["access_token"]), "what was revoked before is back"
    assert own.caller.get(own.issuer + "/health/alive").status_code == 200

    room.give_back()
    eventually(lambda: not is_refused(client.revoke(lines[2]["refresh_token"])), within=20)
    assert not own.is_active(lines[2]["access_token"])
    acknowledged = client.refreshed(acknowledged)["refresh_token"]
    own.kill()
    own.start()
    client = own.first
    assert client.refresh(acknowledged).status_code == 200
    assert client.refresh(lines[1]["refresh_token"]).status_code == 200
    for line in lines[2:]:
        assert error_of(client.refresh(line["refresh_token"])) == "invalid_grant"
        assert not own.is_active(line["access_token"])


def test_a_database_that_cannot_be_opened_is_said_in_one_line(tmp_path: Path) -> None:
    """No directory to write in, and a file that is no database: exit code 1 and a sentence, no trace."""
    (tmp_path / "latchkey.sqlite").write_bytes(b"a" * 8192)
    for data in (tmp_path, Path("/proc/nowhere")):
        result = subprocess.run(
            [str(executable()), "account", "list", "--data", str(data)], capture_output=True, text=True, check=False,
            timeout=30)
        assert result.returncode in (1, 3) and 0 < result.stderr.count("\n") < 3, result.stderr
