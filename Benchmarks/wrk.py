"""One run of wrk: what it sends, what its answers must be, and what came of it."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from processes import cpu_seconds, memory

SCRIPTS = Path(__file__).resolve().parent
# An answer of another length than the right one's is a wrong answer; a header or a number may be a few bytes longer or shorter.
SIZE_TOLERANCE = 16
SAMPLE_SECONDS = 0.5
WARM_UP_SECONDS = 64


class WrongAnswer(Exception):
    """What a measure cannot be taken from."""


@dataclass
class Load:
    """One kind of request, how wrk makes it, and what its answer must be."""

    name: str
    script: str
    url: str
    environment: dict[str, str] = field(default_factory=dict)
    # Asks once by other means; returns the answer's size in bytes where it can be known, or fails.
    sample: Callable[[], int | None] | None = None
    # How many requests come before the measure: what is measured is not the first time that each token is seen.
    warm_up: int = 0


@dataclass
class Measure:
    """Milliseconds, seconds, MiB."""

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


def size_of(answer: requests.Response) -> int | None:
    """The answer's bytes on the wire; unknown where it came in chunks."""
    if "Content-Length" not in answer.headers:
        return None
    head = f"HTTP/1.1 {answer.status_code} {answer.reason}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
    return len(head) + 2 + len(answer.content)


def run(load: Load, connections: int, seconds: int) -> dict[str, Any]:
    """What wrk reports."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(SCRIPTS / load.script), load.url]
    environment = {**os.environ, "LOAD_SCRIPTS": str(SCRIPTS), **load.environment}
    result = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if result.returncode != 0 or not result.stdout.strip().endswith("}"):
        raise WrongAnswer(f"{load.name}: wrk ended with {result.returncode}: {result.stderr or result.stdout}")
    return json.loads(result.stdout.splitlines()[-1])


def warm(load: Load, connections: int) -> None:
    """Sends at least the load's warm-up in one run, since every run begins with the first token."""
    seconds = 1
    while load.warm_up and run(load, connections, seconds)["requests"] < load.warm_up:
        seconds *= 2
        if seconds > WARM_UP_SECONDS:
            raise WrongAnswer(f"{load.name}: {load.warm_up} requests took longer than {WARM_UP_SECONDS} s")
    load.warm_up = 0


def measure(load: Load, connections: int, seconds: int, pids: list[int]) -> Measure:
    """Loads the server and checks its answers: each one, or by their sizes and by samples taken meanwhile."""
    expected = load.sample() if load.sample else None
    warm(load, connections)
    finished = threading.Event()
    problems: list[str] = []

    def watch() -> None:
        while load.sample and not finished.wait(SAMPLE_SECONDS):
            try:
                load.sample()
            except (AssertionError, requests.RequestException) as problem:
                problems.append(str(problem))

    watcher = threading.Thread(target=watch)
    watcher.start()
    before = cpu_seconds(pids)
    try:
        told = run(load, connections, seconds)
    finally:
        spent = cpu_seconds(pids) - before
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
        told["requests"], told["microseconds"] / 1e6, told["p50"], told["p99"], told["status"] + told["socket"] + told["wrong"], spent,
        memory(pids))
