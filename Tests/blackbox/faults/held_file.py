"""Another process on the SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from latchkey_server import LatchkeyServer


@contextmanager
def held_by_another_process(server: LatchkeyServer) -> Iterator[None]:
    """As a backup or a shell does that began to write and went to lunch."""
    connection = sqlite3.connect(server.data / "latchkey.sqlite", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()
