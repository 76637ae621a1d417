"""What a row costs on disk, indexes included: one real consent, a hundred thousand times, in SQLite and in PostgreSQL.

    row_sizes.py                                     SQLite
    row_sizes.py --postgres postgresql://…           both; into an empty database, whose tables `latchkey migrate up` makes
"""

from __future__ import annotations

import argparse
import csv
import os
import secrets
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Tests" / "blackbox"))

from latchkey_server import LatchkeyServer, executable  # noqa: E402

# What a consent and its first tokens leave behind, in an order that the references between them allow.
TABLES = ["users", "members", "member_roles", "authorizations", "authorization_accounts", "consents", "token_families", "events", "event_accounts"]
# Columns that are another's in each copy: ids of what is copied, and what is unique besides.
OWN = {"users": ["id", "email"], "members": ["id"], "authorizations": ["id"], "token_families": ["id", "installation_id"]}
REFERENCES = {"user_id": "users.id", "actor_id": "users.id", "authorization_id": "authorizations.id", "family_id": "token_families.id",
              "installation_id": "token_families.installation_id"}

Row = dict[str, Any]


def template(path: Path) -> dict[str, list[Row]]:
    """The rows that a new user's first consent and code exchange make."""
    server = LatchkeyServer().start()
    try:
        database = sqlite3.connect(server.data / "latchkey.sqlite")
        database.row_factory = sqlite3.Row
        before = {table: {tuple(row) for row in database.execute(f"SELECT * FROM {table}")} for table in TABLES}
        person = server.new_user()
        server.grant(person, server.first)
        made = {
            table: [dict(row) for row in database.execute(f"SELECT * FROM {table}") if tuple(row) not in before[table]] for table in TABLES}
        database.execute("VACUUM INTO ?", (str(path),))
        database.close()
    finally:
        server.stop()
        server.remove_files()
    return made


def copies(rows: dict[str, list[Row]], count: int, first_sequence: int) -> Iterator[dict[str, list[Row]]]:
    """Each copy has ids of its own, as random as the real ones."""
    sequence = first_sequence
    for number in range(count):
        ids: dict[str, dict[str, Any]] = {}
        fresh: dict[str, list[Row]] = {}
        sequences: dict[int, int] = {}
        for table in TABLES:
            fresh[table] = []
            for row in rows[table]:
                new = dict(row)
                for column in OWN.get(table, []):
                    new[column] = f"copy{number}@example.org" if column == "email" else secrets.token_hex(16)
                    ids.setdefault(f"{table}.{column}", {})[row[column]] = new[column]
                for column, origin in REFERENCES.items():
                    if column in new and column not in OWN.get(table, []):
                        new[column] = ids.get(origin, {}).get(row[column], row[column])
                if table == "events":
                    sequences[row["sequence"]] = new["sequence"] = sequence
                    sequence += 1
                elif table == "event_accounts":
                    new["sequence"] = sequences[row["sequence"]]
                fresh[table].append(new)
        yield fresh


def fill_sqlite(path: Path, rows: dict[str, list[Row]], count: int) -> dict[str, float]:
    """Bytes a row of each table, its indexes included: what the file grows by when that table alone is filled and packed."""
    database = sqlite3.connect(path)
    database.execute("PRAGMA foreign_keys = OFF")
    highest = database.execute("SELECT max(sequence) FROM events").fetchone()[0]
    pages: dict[str, list[list[Any]]] = {table: [] for table in TABLES}
    for copy in copies(rows, count, highest + 1):
        for table in TABLES:
            pages[table] += [list(row.values()) for row in copy[table]]
    sizes = {}
    for table in TABLES:
        if not pages[table]:
            continue
        before = _file_size(database, path)
        marks = ", ".join("?" * len(pages[table][0]))
        database.executemany(f"INSERT INTO {table} VALUES ({marks})", pages[table])
        database.commit()
        sizes[table] = (_file_size(database, path) - before) / len(pages[table])
    database.close()
    return sizes


def _file_size(database: sqlite3.Connection, path: Path) -> int:
    """As it grew, not packed anew: pages are as full as random ids leave them."""
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return database.execute("PRAGMA page_count").fetchone()[0] * database.execute("PRAGMA page_size").fetchone()[0]


def psql(url: str, *arguments: str) -> str:
    return subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", url, *arguments], check=True, capture_output=True, text=True).stdout


def fill_postgres(url: str, rows: dict[str, list[Row]], count: int, directory: Path) -> dict[str, float]:
    subprocess.run([str(executable()), "migrate", "up", "--database", url], check=True, capture_output=True)
    files = {table: (directory / f"{table}.csv").open("w", newline="") for table in TABLES}
    writers = {table: csv.writer(file) for table, file in files.items()}
    numbers = dict.fromkeys(TABLES, 0)
    for copy in copies(rows, count, 1):
        for table in TABLES:
            for row in copy[table]:
                numbers[table] += 1
                # An empty text is quoted, and so told from a null.
                writers[table].writerow(["\\N" if value is None else value for value in row.values()])
    sizes = {}
    for table, file in files.items():
        file.close()
        if not numbers[table]:
            continue
        columns = ", ".join(rows[table][0])
        psql(url, "-c", "SET session_replication_role = replica", "-c",
             f"\\copy {table} ({columns}) FROM '{file.name}' WITH (FORMAT csv, NULL '\\N')")
        sizes[table] = int(psql(url, "-c", f"SELECT pg_total_relation_size('{table}')")) / numbers[table]
    return sizes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000, help="copies")
    parser.add_argument("--postgres", help="the URL of an empty database, as a superuser of it")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="latchkey-rows-") as name:
        directory = Path(name)
        os.chmod(directory, 0o755)
        rows = template(directory / "template.sqlite")
        columns = {"SQLite": fill_sqlite(directory / "template.sqlite", rows, given.count)}
        if given.postgres:
            columns["PostgreSQL"] = fill_postgres(given.postgres, rows, given.count, directory)
    print(f"{'table':<24} {'rows':>5}" + "".join(f" {engine:>12}" for engine in columns) + "   bytes a row, indexes included")
    for table in TABLES:
        if rows[table]:
            print(f"{table:<24} {len(rows[table]):>5}" + "".join(f" {sizes[table]:>12.0f}" for sizes in columns.values()))
    totals = [sum(sizes[table] * len(rows[table]) for table in sizes) for sizes in columns.values()]
    print(f"{'a consent, in all':<24} {'':>5}" + "".join(f" {total:>12.0f}" for total in totals))
    return 0


if __name__ == "__main__":
    sys.exit(main())
