"""Ports on the loopback interface for programs that tests start, which no other test on this machine gets meanwhile."""

from __future__ import annotations

import fcntl
import os
import secrets
import socket
import threading
from pathlib import Path

# Below what the system hands out by itself to outgoing connections and to whoever binds port 0 (net.ipv4.ip_local_port_range).
_LOWEST, _HIGHEST = 10_000, 32_000
# The same for every process of a user, whatever its TMPDIR: the ports are the machine's.
_DIRECTORY = Path(f"/tmp/latchkey-test-ports-{os.getuid()}")

_lock = threading.Lock()
_reserved: set[int] = set()
_file: int | None = None


def free_port() -> int:
    """A port that is free for TCP and UDP and stays reserved until this process ends."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """As many in a row."""
    with _lock:
        first = _LOWEST + secrets.randbelow(_HIGHEST - _LOWEST)
        for offset in range(_HIGHEST - _LOWEST):
            begin = _LOWEST + (first - _LOWEST + offset) % (_HIGHEST - _LOWEST)
            ports = list(range(begin, begin + count))
            if _reserve(ports):
                return ports
    raise AssertionError(f"no {count} free ports in a row between {_LOWEST} and {_HIGHEST}")


def _reserve(ports: list[int]) -> bool:
    taken: list[int] = []
    for port in ports:
        if port in _reserved or not _claim(port):
            break
        taken.append(port)
        if not _is_free(port):
            break
    else:
        _reserved.update(ports)
        return True
    for port in taken:
        fcntl.lockf(_ledger(), fcntl.LOCK_UN, 1, port)
    return False


def _claim(port: int) -> bool:
    """Locks the byte of the port in a file that all test processes share; the system unlocks it when the process ends, however it ends."""
    try:
        fcntl.lockf(_ledger(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _ledger() -> int:
    """Opened once and never closed: a process that closes such a file anywhere loses every lock on it."""
    global _file
    if _file is None:
        _DIRECTORY.mkdir(mode=0o700, exist_ok=True)
        assert _DIRECTORY.stat().st_uid == os.getuid(), f"{_DIRECTORY} belongs to somebody else"
        _file = os.open(_DIRECTORY / "ports", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    return _file


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
