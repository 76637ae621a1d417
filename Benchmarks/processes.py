"""What the measured processes cost: a process and all its descendants, so that a database may be counted in."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def _tree(pids: Iterable[int]) -> list[int]:
    found: list[int] = []
    waiting = list(pids)
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                waiting += [int(child) for child in children.read_text().split()]
            except OSError:
                continue
    return found


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time of the processes and their descendants, ended children included."""
    total = 0
    for pid in _tree(pids):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
        except OSError:
            continue
        total += sum(int(each) for each in fields[11:15])
    return total / _TICKS


def memory(pids: Iterable[int]) -> float:
    """MiB of resident memory; what processes share counts once for each, so of a database it says little."""
    total = 0
    for pid in _tree(pids):
        try:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        except OSError:
            continue
        total += next((int(line.split()[1]) for line in lines if line.startswith("VmRSS")), 0)
    return total / 1024


def pin(pids: Iterable[int], core: int) -> None:
    """Every thread of the processes and their descendants runs on that core from now on."""
    for pid in _tree(pids):
        for task in Path(f"/proc/{pid}/task").glob("[0-9]*"):
            try:
                os.sched_setaffinity(int(task.name), {core})
            except ProcessLookupError:
                continue
