"""PostgreSQL that dies, stands still, has no connection or no room left (issue 4, Faults): 503 with `Retry-After` as long as it lasts,
nothing acknowledged is lost, nothing that was revoked comes back; then the server goes on by itself.

A database that is silent or gone for one of several nodes: Tests/blackbox/nodes/test_failures.py.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import databases
import psycopg
import pytest
import requests
from latchkey_server import REPOSITORY, Browser, Caller, LatchkeyServer, eventually, executable

WORKERS = 6
#: All the connections that a small PostgreSQL has.
FEW = 14
#: No request takes longer, whatever the database does: connecting and a statement have their own limits, 3 s and 5 s.
LONGEST_SECONDS = 15
#: How long the database stands still once every kind of request was refused; `make soak` takes half a minute.
PAUSE_SECONDS = float(os.environ.get("LATCHKEY_TEST_PAUSE", "0"))


class Postgres:
    """A PostgreSQL of the test's own, to be killed."""

    def __init__(self, directory: Path, connections: int = 60) -> None:
        self.directory = directory
        self._connections = connections
        self.url = ""

    def start(self) -> None:
        """Makes it, or starts it again once nothing of it runs any more."""
        if self.postmaster is None:
            # Where nobody collects killed processes, PostgreSQL takes the dead one for another that runs.
            for lock in (self._pid_file, self.directory / ".s.PGSQL.5432.lock"):
                lock.unlink(missing_ok=True)
        self.url = self._script("start")

    def stop(self) -> None:
        self._script("stop")

    def _script(self, verb: str) -> str:
        # Into a file, not a pipe: the postmaster inherits it and would hold it open.
        with tempfile.TemporaryFile("w+") as output:
            result = subprocess.run(
                [str(REPOSITORY / "scripts" / "postgres"), verb, str(self.directory)], stdout=output, stderr=subprocess.STDOUT, check=False,
                timeout=60,
                env={**os.environ, "LATCHKEY_TEST_POSTGRES_CONNECTIONS": str(self._connections), "LATCHKEY_TEST_POSTGRES_FSYNC": "on"})
            output.seek(0)
            text = output.read().strip()
        assert result.returncode == 0, f"{text}; log: {self.log()[-2000:]}"
        return text

    def log(self) -> str:
        return (self.directory / "log").read_text(errors="replace")

    @property
    def _pid_file(self) -> Path:
        return self.directory / "data" / "postmaster.pid"

    @property
    def postmaster(self) -> int | None:
        """None when it is not running."""
        try:
            pid = int(self._pid_file.read_text().split("\n", 1)[0])
        except FileNotFoundError:
            return None
        return None if is_gone(pid) else pid

    def processes(self) -> list[int]:
        """The postmaster, then all that it started."""
        pid = self.postmaster
        if pid is None:
            return []
        return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]

    def backends(self) -> list[int]:
        """Those that serve Latchkey."""
        with psycopg.connect(self.url) as connection:
            rows = connection.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'latchkey'").fetchall()
        return [pid for (pid,) in rows]

    def send(self, signal_number: int, pids: list[int]) -> None:
        for pid in pids:
            try:
                os.kill(pid, signal_number)
            except ProcessLookupError:
                pass


def is_gone(pid: int) -> bool:
    """Ended, whether or not its parent has asked for it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@contextmanager
def postgres_in(directory: Path, **options: Any) -> Iterator[tuple[Postgres, LatchkeyServer]]:
    """A cluster, and a server on it."""
    assert executable().exists(), f"{executable()} is missing: run `make build`"
    postgres = Postgres(directory, **options)
    server = LatchkeyServer("--log-level", "debug")
    databases.drop(server.database_url)
    server.database_url = None
    try:
        postgres.start()
        server.database_url = postgres.url
        server.start()
        yield postgres, server
        # For the search that comes last, when this cluster is gone.
        databases.dump(postgres.url, server.data / "database.dump")
    finally:
        server.dispose()
        server.database_url = None
        postgres.stop()


@pytest.fixture
def place() -> Iterator[Path]:
    """Short: the path of a socket has 107 bytes at most."""
    with tempfile.TemporaryDirectory(prefix="latchkey-pg-", dir="/tmp", ignore_cleanup_errors=True) as directory:
        yield Path(directory)


def is_refused(answer: requests.Response, done: int = 200) -> bool:
    """503 with a time to come back, or what it is where all is well; never anything else."""
    assert answer.status_code in (done, 503), f"{answer.status_code} {answer.text[:300]}"
    if answer.status_code == 503:
        assert int(answer.headers["Retry-After"]) > 0
    return answer.status_code == 503


class Load:
    """Installations that refresh, are looked at and end access tokens, each by one thread. What it finds wrong, it keeps."""

    def __init__(self, server: LatchkeyServer) -> None:
        self.server = server
        self.client = server.first
        user = server.new_user()
        browser = Browser(server).signed_in_as(user)
        self.lines = [server.grant(user, self.client)["refresh_token"]]
        self.lines += [
            self.client.tokens(browser.authorize(self.client.request(self.client.scopes)))["refresh_token"] for _ in range(WORKERS - 1)]
        self.url = f"/accounts/{user.accounts[0]}/zones"
        self.revoked: list[str] = []
        self.refused: Counter[str] = Counter()
        self.problems: list[str] = []
        self.count = 0
        self._stop = threading.Event()

    @contextmanager
    def running(self) -> Iterator[Load]:
        """Ends with everything checked."""
        with ThreadPoolExecutor(WORKERS) as pool:
            threads = [pool.submit(self._run, index) for index in range(WORKERS)]
            try:
                self.goes_on()
                yield self
                self.goes_on()
            finally:
                self._stop.set()
        for thread in threads:
            thread.result()
        assert not self.problems, self.problems[:5]
        assert self.revoked
        for token in self.revoked[-300:]:
            assert not self.server.is_active(token), "an access token that was revoked is back"
        for line in self.lines:
            answer = self.client.refresh(line)
            assert answer.status_code == 200, f"a refresh token that was given out is unknown: {answer.text}"

    def goes_on(self) -> None:
        wanted = self.count + 5 * WORKERS
        eventually(lambda: self.count >= wanted or self.problems, within=30)
        assert not self.problems, self.problems[:5]

    def is_refused_in(self, *kinds: str) -> None:
        """Waits until each kind of request was refused, from now on."""
        before = self.refused.copy()
        eventually(lambda: self.problems or all(self.refused[kind] > before[kind] for kind in kinds), within=30)
        assert not self.problems, self.problems[:5]

    def _run(self, index: int) -> None:
        caller, turn = Caller(), 0
        while not self._stop.is_set():
            turn += 1
            try:
                self._turn(index, turn, caller)
            except (requests.RequestException, AssertionError, KeyError, ValueError) as problem:
                self.problems.append(f"{type(problem).__name__}: {problem}")
                return

    def _turn(self, index: int, turn: int, caller: Caller) -> None:
        if self.revoked:
            self._look(self.revoked[turn % len(self.revoked)], caller, {False})
        answer = self._ask("refresh", lambda: self.client.refresh(self.lines[index], caller))
        if answer is None:
            return
        tokens = answer.json()
        self.lines[index] = tokens["refresh_token"]
        token = tokens["access_token"]
        self._look(token, caller, {True})
        if turn % 3 == 0:
            if self._ask("revoke", lambda: self.client.post("/oauth2/revoke", {"token": token}, caller)) is not None:
                self.revoked.append(token)
                self._look(token, caller, {False})
            else:
                self._look(token, caller, {True, False})
        self.count += 1

    def _look(self, token: str, caller: Caller, expected: set[bool]) -> None:
        """Introspection and the gateway's check say what must be said, or nothing."""
        resource_server = self.server.resource_server
        seen = self._ask("introspect", lambda: resource_server.post("/oauth2/introspect", {"token": token}, caller))
        assert seen is None or seen.json()["active"] in expected, f"introspection: {seen.text}, expected: {expected}"
        if True not in expected:
            self._ask("verify", lambda: self.server.verify("GET", self.url, token, caller=caller), done=401)

    def _ask(self, kind: str, ask: Callable[[], requests.Response], done: int = 200) -> requests.Response | None:
        """None where it was refused; what is not `done` is wrong."""
        began = time.monotonic()
        answer = ask()
        assert time.monotonic() - began < LONGEST_SECONDS, f"{kind} took {time.monotonic() - began} s"
        if is_refused(answer, done):
            self.refused[kind] += 1
            return None
        return answer


def _is_ready(server: LatchkeyServer) -> bool:
    return server.caller.get(server.issuer + "/health/ready").status_code == 200


# MARK: Killed


def _kill_all(postgres: Postgres) -> None:
    postgres.send(signal.SIGKILL, postgres.processes())


def _kill_postmaster(postgres: Postgres) -> None:
    """The others see that it is gone and end themselves."""
    postgres.send(signal.SIGKILL, postgres.processes()[:1])


@pytest.mark.parametrize("kill", [_kill_all, _kill_postmaster])
def test_postgresql_is_killed_and_started_again(place: Path, kill: Callable[[Postgres], None]) -> None:
    with postgres_in(place) as (postgres, server), Load(server).running() as load:
        before = postgres.processes()
        kill(postgres)
        load.is_refused_in("refresh", "introspect", "verify")
        # It cannot start beside one of the processes from before.
        eventually(lambda: all(map(is_gone, before)), within=20)
        assert server.caller.get(server.issuer + "/health/alive").status_code == 200
        eventually(lambda: not _is_ready(server), within=20)
        postgres.start()
        load.goes_on()
        eventually(lambda: _is_ready(server), within=20)


def test_a_backend_is_killed_and_postgresql_recovers(place: Path) -> None:
    """The postmaster ends every connection and replays its log; twice, and nobody starts anything."""
    with postgres_in(place) as (postgres, server), Load(server).running() as load:
        for _ in range(2):
            before = postgres.backends()
            assert before
            postgres.send(signal.SIGKILL, before[:1])
            eventually(lambda: all(map(is_gone, before)), within=20)
            load.goes_on()


# MARK: Standing still


def test_postgresql_stands_still_and_goes_on(place: Path) -> None:
    """No connection fails, nothing answers: each request ends with 503 in its time, and what is remembered is not believed."""
    with postgres_in(place) as (postgres, server), Load(server).running() as load:
        token = server.grant(server.administrator, server.first)["access_token"]
        assert server.is_active(token) and server.verify("GET", load.url, token).status_code != 503
        pids = postgres.processes()
        postgres.send(signal.SIGSTOP, pids)
        stopped = time.monotonic()
        try:
            load.is_refused_in("refresh", "introspect", "verify")
            eventually(lambda: not _is_ready(server), within=20)
            assert is_refused(server.resource_server.introspect(token))
            assert server.verify("GET", load.url, token).status_code == 503
            while time.monotonic() < stopped + PAUSE_SECONDS:
                load.is_refused_in("introspect")
        finally:
            postgres.send(signal.SIGCONT, pids)
        load.goes_on()
        eventually(lambda: _is_ready(server), within=20)


# MARK: No connections left


def _take(url: str, taken: list[psycopg.Connection[Any]]) -> bool:
    try:
        taken.append(psycopg.connect(url, autocommit=True))
    except psycopg.OperationalError as problem:
        assert "too many clients" in str(problem), problem
        return False
    return True


def test_others_hold_all_connections(place: Path) -> None:
    """The server lost its own, and others were faster: 503 until some are free; a command says meanwhile why it cannot."""
    taken: list[psycopg.Connection[Any]] = []
    with postgres_in(place, connections=FEW) as (postgres, server), Load(server).running() as load:
        try:
            assert _take(postgres.url, taken)

            def are_all_taken() -> bool:
                while _take(postgres.url, taken):
                    pass
                taken[0].execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'latchkey'")
                return len(taken) == FEW

            eventually(are_all_taken, within=20, every=0)
            load.is_refused_in("refresh", "introspect", "verify")
            eventually(lambda: not _is_ready(server), within=20)
            refused = server.command("account", "list")
            assert refused.returncode != 0 and "too many clients" in refused.stderr, refused.stderr
            assert 0 < refused.stderr.count("\n") < 3, refused.stderr
            # A few are enough to go on.
            for _ in range(3):
                taken.pop().close()
            load.goes_on()
        finally:
            for connection in taken:
                connection.close()
        load.goes_on()
        eventually(lambda: _is_ready(server), within=20)


# MARK: No room left


@pytest.fixture
def small_disk(place: Path) -> Iterator[Path]:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", str(place)], capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"no file system may be mounted here: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def _fill(file: Path) -> None:
    with file.open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(b"a" * 4096)
        except OSError:
            pass


def test_the_disk_of_postgresql_is_full(small_disk: Path) -> None:
    """Tables cannot grow, then its log has no room and PostgreSQL ends itself; what supervises it starts it again."""
    filler = small_disk / "filler"
    with postgres_in(small_disk / "pg") as (postgres, server), Load(server).running() as load:
        _fill(filler)

        def is_down() -> bool:
            """A new segment of its log needs room, and so does the recovery that follows."""
            try:
                with psycopg.connect(postgres.url, autocommit=True) as connection:
                    connection.execute("SELECT pg_logical_emit_message(false, 'test', 'a'), pg_switch_wal()")
            except psycopg.OperationalError:
                pass
            return postgres.postmaster is None

        eventually(is_down, within=40)
        load.is_refused_in("refresh", "introspect", "verify")
        assert "No space left on device" in postgres.log()
        filler.unlink()
        postgres.start()
        load.goes_on()
        eventually(lambda: _is_ready(server), within=20)
