"""Ports of the loopback interface that nobody else gets, while this process lives: neither another test nor an outgoing connection."""

from __future__ import annotations

import fcntl
import os
import secrets
import socket
import tempfile
from pathlib import Path
from typing import IO

# Below those that the kernel hands out by itself.
FIRST, LAST = 10_000, 32_000
_reserved: list[IO[bytes]] = []


def free_port() -> int:
    return free_ports(1)


def free_ports(count: int) -> int:
    """The first of so many in a row."""
    start = FIRST + secrets.randbelow(LAST - FIRST)
    for base in [*range(start, LAST - count, count), *range(FIRST, start, count)]:
        locks = [_reserve(base)]
        while locks[-1] and len(locks) < count:
            locks.append(_reserve(base + len(locks)))
        held = [lock for lock in locks if lock]
        if len(held) == count:
            _reserved.extend(held)
            return base
        for lock in held:
            lock.close()
    raise AssertionError(f"no {count} free ports in a row")


def _reserve(port: int) -> IO[bytes] | None:
    directory = Path(tempfile.gettempdir()) / f"latchkey-test-ports-{os.getuid()}"
    directory.mkdir(exist_ok=True)
    lock = (directory / str(port)).open("wb")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(socket.AF_INET, kind) as probe:
                if kind == socket.SOCK_STREAM:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
    except OSError:
        lock.close()
        return None
    return lock
