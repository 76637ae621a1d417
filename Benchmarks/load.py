"""Measures Latchkey: the server on one core, wrk on the other, every answer checked.

The machine may be shared and noisy, so each measure stands between two of the bare answer, and what counts is the ratio.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

SCRIPTS = Path(__file__).resolve().parent
sys.path.insert(0, str(SCRIPTS.parent / "Tests" / "blackbox"))

import requests  # noqa: E402
from latchkey_server import AuthorizationRequest, Caller, Client, LatchkeyServer, User, basic, executable  # noqa: E402

SERVER_CORE, LOAD_CORE = 0, 1
SPARE_LINES = 32
CODE_SECONDS = 600
AIMS = {
    "metadata": 0.9, "jwks": 0.9, "introspection": 0.65, "verify": 0.65, "introspection 1k": 0.65, "verify 1k": 0.65, "refresh": 0.25}
# How many resources the authorization of the "1k" rows names.
RESOURCES = 1000
MEMORY_AIM = 80.0
# An answer of another length than the right one's is a wrong answer; a header may be a few bytes longer or shorter.
SIZE_TOLERANCE = 16


@dataclass
class Load:
    """One kind of request, how wrk makes it, and what its answer must be."""

    name: str
    script: str
    url: str
    environment: dict[str, str] = field(default_factory=dict)
    # Asks once by other means; returns the answer's size in bytes, or fails.
    sample: Callable[[], int] | None = None


@dataclass
class Measure:
    requests: int
    seconds: float
    p50: float
    p99: float
    errors: int
    cpu_seconds: float
    memory: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds

    @property
    def cpu_per_thousand(self) -> float:
        return self.cpu_seconds / max(self.requests, 1) * 1000


class WrongAnswer(Exception):
    """What a measure cannot be taken from."""


# MARK: The process


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_memory(pid: int) -> float:
    """MiB."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


# MARK: One run of wrk


def size_of(answer: requests.Response) -> int:
    """The answer's bytes on the wire."""
    head = f"HTTP/1.1 {answer.status_code} {answer.reason}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
    return len(head) + 2 + len(answer.content)


class Bench:
    def __init__(self, server: LatchkeyServer, seconds: int, directory: Path) -> None:
        self.server = server
        self.seconds = seconds
        self.directory = directory
        assert server.process is not None
        self.pid = server.process.pid

    def wrk(self, load: Load, connections: int, seconds: int) -> dict[str, Any]:
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(SCRIPTS / load.script), load.url]
        environment = {**os.environ, "LOAD_SCRIPTS": str(SCRIPTS), **load.environment}
        result = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        if result.returncode != 0:
            raise WrongAnswer(f"{load.name}: wrk ended with {result.returncode}: {result.stderr}")
        return json.loads(result.stdout.splitlines()[-1])

    def measure(self, load: Load, connections: int, seconds: int | None = None) -> Measure:
        expected = load.sample() if load.sample else None
        finished = threading.Event()
        problems: list[str] = []

        def watch() -> None:
            while load.sample and not finished.wait(0.5):
                try:
                    load.sample()
                except (AssertionError, requests.RequestException) as problem:
                    problems.append(str(problem))

        watcher = threading.Thread(target=watch)
        watcher.start()
        before = cpu_seconds(self.pid)
        try:
            told = self.wrk(load, connections, seconds or self.seconds)
        finally:
            spent = cpu_seconds(self.pid) - before
            finished.set()
            watcher.join()
        if problems:
            raise WrongAnswer(f"{load.name}: {problems[0]}")
        if told["missing"]:
            raise WrongAnswer(f"{load.name}: ran out of tokens or codes to send")
        mean = told["bytes"] / max(told["requests"], 1)
        if expected is not None and abs(mean - expected) > SIZE_TOLERANCE:
            raise WrongAnswer(f"{load.name}: answers of {mean:.0f} bytes where the right one has {expected}")
        return Measure(
            told["requests"], told["microseconds"] / 1e6, told["p50"], told["p99"], told["status"] + told["socket"] + told["wrong"],
            spent, resident_memory(self.pid))


# MARK: What is asked


def fixed(name: str, method: str, url: str, headers: dict[str, str], body: str | None, check: Callable[[requests.Response], bool]) -> Load:
    caller = Caller()

    def sample() -> int:
        answer = caller.request(method, url, headers={**headers, "Accept-Encoding": "identity"}, data=body)
        assert check(answer), f"{answer.status_code} {answer.text[:300]}"
        return size_of(answer)

    environment = {"LOAD_METHOD": method, "LOAD_HEADERS": "\n".join(f"{key}: {value}" for key, value in headers.items())}
    if body is not None:
        environment["LOAD_BODY"] = body
    return Load(name, "fixed.lua", url, environment, sample)


def bare(server: LatchkeyServer) -> Load:
    return fixed("bare", "GET", server.issuer + "/health/alive", {}, None, lambda answer: answer.json() == {"status": "alive"})


def fixed_loads(server: LatchkeyServer, token: str, narrowed: str) -> list[Load]:
    """The same twice for introspection and /verify: without a choice of resources, and with a thousand."""
    owner = server.resource_server
    zones = f"/accounts/{server.accounts[0]}/zones"
    form = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": basic(owner.client_id, owner.client_secret or "")}
    asked = {"Authorization": f"Bearer {token}", "X-Forwarded-Method": "GET", "X-Forwarded-Uri": zones}
    one = {"Authorization": f"Bearer {narrowed}", "X-Forwarded-Method": "GET", "X-Forwarded-Uri": f"{zones}/{resource(RESOURCES // 3)}"}
    return [
        fixed(
            "metadata", "GET", server.issuer + "/.well-known/oauth-authorization-server", {}, None,
            lambda answer: answer.json()["issuer"] == server.issuer),
        fixed("jwks", "GET", server.issuer + "/.well-known/jwks.json", {}, None, lambda answer: len(answer.json()["keys"]) > 0),
        fixed(
            "introspection", "POST", server.issuer + "/oauth2/introspect", form, urlencode({"token": token}),
            lambda answer: answer.json()["active"] is True),
        fixed(
            "verify", "GET", server.internal + "/verify/forward-auth", asked, None,
            lambda answer: answer.status_code == 200 and answer.headers["X-Latchkey-Account"] == server.accounts[0]),
        fixed(
            "introspection 1k", "POST", server.issuer + "/oauth2/introspect", form, urlencode({"token": narrowed}),
            lambda answer: len(answer.json()["authorization_details"][0]["resources"]["zone"]) == RESOURCES),
        fixed(
            "verify 1k", "GET", server.internal + "/verify/forward-auth", one, None,
            lambda answer: answer.status_code == 200 and answer.headers["X-Latchkey-Account"] == server.accounts[0]),
    ]


def resource(number: int) -> str:
    """As long as an id usually is."""
    return f"{number:032x}"


def narrowed_token(server: LatchkeyServer, user: User) -> str:
    """An access token for a thousand zones of account 1."""
    account, owner = server.accounts[0], server.api_token(server.administrator)
    ids = [resource(number) for number in range(RESOURCES)]
    answer = server.manage("PUT", f"/accounts/{account}/resources/zone", owner, json=[{"id": each} for each in ids])
    assert answer.status_code == 200, answer.text
    chosen = {f"resources_{account}_zone": "some", "resource": [f"{account}/zone/{each}" for each in ids]}
    return server.grant(user, server.rs256, accounts=[account], **chosen)["access_token"]


class Lines:
    """Codes and token lines of one user and one client, made for a measure."""

    def __init__(self, bench: Bench, user: User) -> None:
        self.bench, self.server, self.user = bench, bench.server, user
        self.client: Client = bench.server.first
        self.browser = self.server.browser(user)
        self.credentials = basic(self.client.client_id, self.client.client_secret or "")
        self.access_token = self.server.grant(user, self.client)["access_token"]
        # One challenge for all codes: each is bound to it all the same.
        self.request: AuthorizationRequest = self.client.request()

    def refreshes(self, connections: int) -> Load:
        tokens = [
            self.client.tokens(self.browser.authorize(self.request))["refresh_token"] for _ in range(connections + SPARE_LINES)]
        path = self.bench.directory / "refresh_tokens"
        path.write_text("\n".join(tokens) + "\n")
        return Load(
            "refresh", "refresh.lua", self.server.issuer + "/oauth2/token",
            {"LOAD_INPUT": str(path), "LOAD_PATH": "/oauth2/token", "LOAD_CREDENTIALS": self.credentials})

    def exchanges(self, count: int) -> Load:
        path = self.bench.directory / "codes"
        path.write_text("")
        load = Load(
            "authorize", "authorize.lua", self.request.url,
            {"LOAD_OUTPUT": str(path), "LOAD_COOKIE": "; ".join(f"{each.name}={each.value}" for each in self.browser.session.cookies)})
        while path.read_text().count("\n") < count:
            told = self.bench.wrk(load, 32, 3)
            if told["wrong"]:
                raise WrongAnswer(f"{told['wrong']} of {told['requests']} authorization requests brought no code")
        body = urlencode(
            {"grant_type": "authorization_code", "redirect_uri": self.client.redirect_uri, "code_verifier": self.request.verifier})
        return Load(
            "code exchange", "exchange.lua", self.server.issuer + "/oauth2/token",
            {"LOAD_INPUT": str(path), "LOAD_PATH": "/oauth2/token", "LOAD_CREDENTIALS": self.credentials, "LOAD_BODY": body})


# MARK: The table


def line(name: str, connections: int, measure: Measure, ratio: float | None) -> str:
    shown = "" if ratio is None else f"{ratio:.2f}"
    return (
        f"{name:<17} {connections:>5} {measure.rate:>10,.0f} {measure.p50:>9.2f} {measure.p99:>9.2f} {measure.errors:>7}"
        f" {shown:>7} {measure.cpu_per_thousand:>10.3f} {measure.memory:>8.1f}")


HEAD = f"{'':<17} {'conns':>5} {'req/s':>10} {'p50 ms':>9} {'p99 ms':>9} {'errors':>7} {'ratio':>7} {'CPU s/1000':>10} {'RSS MiB':>8}"


def run(bench: Bench, connections: list[int]) -> tuple[dict[tuple[str, int], float], int]:
    """Measures everything and prints each line as it comes; returns the ratios and the number of errors."""
    lines = Lines(bench, bench.server.administrator)
    narrowed = narrowed_token(bench.server, bench.server.administrator)
    floor = bare(bench.server)
    ratios: dict[tuple[str, int], float] = {}
    errors = 0
    bench.measure(floor, 16, 2)
    print(HEAD, flush=True)
    for count in connections:
        before = bench.measure(floor, count)
        print(line("bare", count, before, None), flush=True)

        def one(load: Load, count: int = count) -> Measure:
            nonlocal before, errors
            measure = bench.measure(load, count)
            after = bench.measure(floor, count)
            ratio = measure.rate / ((before.rate + after.rate) / 2)
            ratios[load.name, count] = ratio
            errors += measure.errors + after.errors
            before = after
            print(line(load.name, count, measure, ratio), flush=True)
            return measure

        for load in fixed_loads(bench.server, lines.access_token, narrowed):
            one(load)
        refreshed = one(lines.refreshes(count))
        one(lines.exchanges(int(refreshed.rate * bench.seconds * 1.3)))
        print(line("bare", count, before, None), flush=True)
    return ratios, errors


def print_aims(ratios: dict[tuple[str, int], float], memory: float) -> None:
    print()
    for name, aim in AIMS.items():
        worst = min(ratio for (kind, _), ratio in ratios.items() if kind == name)
        print(f"{name:<17} ratio {worst:.2f}, aim {aim:.2f}: {'met' if worst >= aim else 'missed'}")
    print(f"{'memory':<17} {memory:.1f} MiB, aim {MEMORY_AIM:.0f}: {'met' if memory < MEMORY_AIM else 'missed'}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", default="16,64", help="numbers of connections, comma-separated")
    parser.add_argument("--seconds", type=int, default=5, help="of each measure")
    arguments = parser.parse_args()
    if (os.cpu_count() or 1) < 2:
        print("Two cores are needed: one for the server, one for the load.", file=sys.stderr)
        return 1
    if not executable().exists():
        print(f"{executable()} is missing: run `make build`.", file=sys.stderr)
        return 1
    # Children inherit the core: the server the one, wrk and this script the other.
    os.sched_setaffinity(0, {SERVER_CORE})
    server = LatchkeyServer("--code-lifetime", str(CODE_SECONDS)).start()
    os.sched_setaffinity(0, {LOAD_CORE})
    try:
        with tempfile.TemporaryDirectory(prefix="latchkey-bench-") as directory:
            bench = Bench(server, arguments.seconds, Path(directory))
            ratios, errors = run(bench, [int(count) for count in arguments.connections.split(",")])
            print_aims(ratios, resident_memory(bench.pid))
    except WrongAnswer as problem:
        print(problem, file=sys.stderr)
        return 1
    finally:
        server.dispose()
        server.remove_files()
    if errors:
        print(f"{errors} errors", file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
