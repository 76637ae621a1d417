"""The tamper evidence of a demo's audit log, and how somebody with the file could try to get around it."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import databases
from latchkey_server import LatchkeyServer, eventually

SEALED_WITHIN = 30.0


def verify(server: LatchkeyServer, *options: str) -> tuple[int, dict[str, Any]]:
    result = server.command("audit", "verify", *options)
    return result.returncode, json.loads(result.stdout)


def sealed(server: LatchkeyServer) -> dict[str, Any]:
    """The verification once every event is under a seal."""
    def everything() -> dict[str, Any] | None:
        code, report = verify(server)
        assert code == 0, report
        return report if report["unsealed"] == 0 else None

    return eventually(everything, SEALED_WITHIN)


def seal_of(server: LatchkeyServer, sequence: int) -> int:
    with server.rows() as database:
        (number,) = database.execute(
            "SELECT number FROM event_seals WHERE first_sequence <= ? AND last_sequence >= ?", (sequence, sequence)).fetchone()
    return number


def flip_a_byte(server: LatchkeyServer, kind: str) -> int:
    """Changes one byte of the first event of this kind, in the file of a server that is stopped; its sequence number."""
    if databases.IS_POSTGRES:
        with server.rows() as database:
            sequence, details = database.execute("SELECT sequence, details FROM events WHERE kind = ?", (kind,)).fetchone()
            changed = details[:3] + chr(ord(details[3]) ^ 1) + details[4:]
            database.execute("UPDATE events SET details = ? WHERE sequence = ?", (changed, sequence))
        return sequence
    path = server.data / "latchkey.sqlite"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        sequence, details = database.execute("SELECT sequence, details FROM events WHERE kind = ?", (kind,)).fetchone()
    database.close()
    content = bytearray(path.read_bytes())
    start = content.find(details.encode())
    assert start >= 0
    while start >= 0:
        content[start + 3] ^= 1
        start = content.find(details.encode())
    path.write_bytes(bytes(content))
    return sequence
