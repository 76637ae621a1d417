"""Fills a SQLite file with authorizations that nobody asks about: what one more row costs shows with a million of them.

    many_authorizations.py DATA_DIRECTORY COUNT      (while no server runs on it)
"""

from __future__ import annotations

import random
import sqlite3
import sys
import time
from pathlib import Path


def fill(directory: Path, count: int) -> None:
    files = [path for path in directory.iterdir() if path.suffix in (".sqlite", ".db")]
    assert len(files) == 1, f"one database is expected in {directory}, not {files}"
    database = sqlite3.connect(files[0])
    database.execute("PRAGMA synchronous = OFF")
    database.execute("PRAGMA cache_size = -400000")
    client, account = database.execute("SELECT id, account_id FROM clients LIMIT 1").fetchone()
    scopes = database.execute("SELECT scopes FROM clients WHERE id = ?", (client,)).fetchone()[0]
    now = int(time.time())
    source = random.Random(1)

    def identifiers() -> list[str]:
        # Ascending, so that the file is written from front to back; the ids that are asked about lie anywhere between them.
        return sorted(f"{source.getrandbits(128):032x}" for _ in range(count))

    authorizations, users = identifiers(), identifiers()
    with database:
        database.executemany(
            "INSERT INTO authorizations (id, user_id, client_id, scopes, created_at) VALUES (?, ?, ?, ?, ?)",
            ((each, user, client, scopes, now) for each, user in zip(authorizations, users)))
        database.executemany(
            "INSERT INTO authorization_accounts (authorization_id, account_id, resources) VALUES (?, ?, '')",
            ((each, account) for each in authorizations))
        database.executemany(
            """
            INSERT INTO token_families (id, authorization_id, installation_id, original_scopes, scopes, accounts, generation, created_at,
                expires_at, idle_expires_at, redirect_uri, user_agent, authenticated_at, audience, resources)
            VALUES (?, ?, ?, ?, ?, ?, 0, ?, ?, ?, 'https://app.example/callback', 'filled', ?, 'https://api.example', '')
            """,
            (
                (family, each, installation, scopes, scopes, account, now, now + 31536000, now + 31536000 - index, now)
                for index, (family, each, installation) in enumerate(zip(identifiers(), authorizations, identifiers()))))
    database.execute("ANALYZE")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    print(f"{database.execute('SELECT COUNT(*) FROM authorizations').fetchone()[0]:,} authorizations, {files[0].stat().st_size >> 20} MiB")
    database.close()


if __name__ == "__main__":
    fill(Path(sys.argv[1]), int(sys.argv[2]))
