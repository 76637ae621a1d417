"""The release before and this one together on one database, under load: an upgrade, a step back, and the upgrade again (issue 4).

`make upgrade-test` builds the release before at its tag, runs this and keeps what it says in docs/soak/upgrade.txt.
"""

from __future__ import annotations

import os
import random
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import requests
from latchkey_server import Caller, error_of, eventually, executable
from serving import Serving

LINES = 48
WORKERS = 6
PHASE_SECONDS = float(os.environ.get("UPGRADE_PHASE_SECONDS", "10"))
#: A change that another process wrote is in force within a second (contract, Start).
FOLLOW_SECONDS = 1.0


def previous() -> Path:
    path = os.environ.get("LATCHKEY_PREVIOUS")
    assert path and Path(path).exists(), "LATCHKEY_PREVIOUS should name the executable of the release before: `make upgrade-test` builds it"
    return Path(path)


@dataclass
class Line:
    refresh_token: str
    access_token: str
    is_revoked: bool = False


@dataclass
class Load:
    """Clients behind a load balancer that knows which nodes take requests; no node is stopped before it got none."""

    nodes: list[Serving]
    lines: list[Line]
    requests: int = 0
    revocations: int = 0
    failures: list[str] = field(default_factory=list)
    slowest: float = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _in_flight: dict[int, int] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def begin(self) -> None:
        self._threads = [threading.Thread(target=self._work, args=(number,)) for number in range(WORKERS)]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(60)

    def serve_from(self, *nodes: Serving) -> None:
        """Returns when none of the others has a request in progress."""
        with self._lock:
            self.nodes = list(nodes)
        ports = {node.port for node in nodes}
        eventually(lambda: not any(count for port, count in self._in_flight.items() if port not in ports), within=30)

    def _work(self, number: int) -> None:
        source, caller = random.Random(number), Caller()
        mine = self.lines[number::WORKERS]
        while not self._over.is_set():
            line = source.choice(mine)
            with self._lock:
                node = source.choice(self.nodes)
                self._in_flight[node.port] = self._in_flight.get(node.port, 0) + 1
            began = time.monotonic()
            try:
                self._ask(node, line, source, caller)
            except (AssertionError, requests.RequestException) as problem:
                with self._lock:
                    self.failures.append(f"{time.strftime('%X')} {node.program}: {problem!r}"[:400])
            finally:
                with self._lock:
                    self._in_flight[node.port] -= 1
                    self.requests += 1
                    self.slowest = max(self.slowest, time.monotonic() - began)

    def _ask(self, node: Serving, line: Line, source: random.Random, caller: Caller) -> None:
        what = source.random()
        if line.is_revoked:
            if what < 0.5:
                assert error_of(node.client.refresh(line.refresh_token, caller)) == "invalid_grant"
            else:
                assert not node.is_active(line.access_token, caller), "a revoked token is active"
        elif what < 0.45:
            answer = node.client.refresh(line.refresh_token, caller)
            assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
            line.refresh_token, line.access_token = answer.json()["refresh_token"], answer.json()["access_token"]
        elif what < 0.99 or sum(each.is_revoked for each in self.lines) > LINES // 2:
            assert node.is_active(line.access_token, caller), "a good token is not active"
        else:
            answer = node.client.post("/oauth2/revoke", {"token": line.refresh_token}, caller)
            assert answer.status_code == 200, answer.text
            # Each worker alone asks about its lines: from here on nobody may call it active, once every node had its second.
            threading.Event().wait(FOLLOW_SECONDS)
            line.is_revoked = True
            with self._lock:
                self.revocations += 1

    def phase(self, text: str) -> None:
        before = self.requests
        threading.Event().wait(PHASE_SECONDS)
        print(f"{text:<58} {self.requests - before:>7} requests, {len(self.failures)} failures")


def test_an_upgrade_and_a_step_back_lose_nothing(tmp_path: Path) -> None:
    old = Serving(tmp_path, program=previous()).furnish().start()
    version = subprocess.run([str(previous()), "version"], capture_output=True, text=True, check=True).stdout.strip()
    nodes = [old]
    browser = old.browser()
    lines = [Line(tokens["refresh_token"], tokens["access_token"]) for tokens in (
        old.client.tokens(browser.authorize(old.client.request(prompt="consent"))) for _ in range(LINES))]
    load = Load([old], lines)
    load.begin()
    try:
        print(f"\nthe release before is {version}")
        load.phase("the release before alone")
        nodes.append(new := old.beside(executable()).start())
        load.serve_from(old, new)
        load.phase("both together")
        load.serve_from(new)
        load.phase("this release alone, the other still running")
        load.serve_from(old)
        assert new.stop() == 0
        load.phase("a step back: the release before alone")
        nodes.append(new := old.beside(executable()).start())
        load.serve_from(old, new)
        load.phase("both together again")
        load.serve_from(new)
        assert old.stop() == 0
        load.phase("the upgrade is done")
    finally:
        load.end()
    print(f"{load.requests} requests, {load.revocations} revocations, the slowest answer after {load.slowest:.2f} s")
    restarted = subprocess.run([str(previous()), "account", "list", *old.place], capture_output=True, text=True, check=False)
    said = "works on" if restarted.returncode == 0 else f"refuses: {restarted.stderr.strip()}"
    print(f"a command of {version} on the upgraded database {said}")
    assert not load.failures, load.failures[:5]
    assert load.revocations > 3 and load.requests > 500
    for line in lines:
        if line.is_revoked:
            assert not new.is_active(line.access_token) and error_of(new.client.refresh(line.refresh_token)) == "invalid_grant"
        else:
            assert new.is_active(line.access_token)
            new.client.refreshed(line.refresh_token)
    for node in nodes:
        node.kill()
