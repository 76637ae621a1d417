"""What the migrations make of an empty database, on each driver, as text.

    LATCHKEY_TEST_DRIVER=postgres scripts/postgres run .venv/bin/python Tests/blackbox/schema_dumps.py

writes docs/schema/*.sql anew, as `make schema` does.
"""

from __future__ import annotations

import sqlite3
import subprocess
import tempfile
from pathlib import Path

import databases
from latchkey_server import REPOSITORY, executable

DIRECTORY = REPOSITORY / "docs" / "schema"


def _migrate(*place: str) -> None:
    subprocess.run([str(executable()), "migrate", "up", *place], check=True, capture_output=True, timeout=60)


def sqlite() -> str:
    with tempfile.TemporaryDirectory() as directory:
        _migrate("--data", directory)
        database = sqlite3.connect(Path(directory) / "latchkey.sqlite")
        rows = database.execute(
            "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%' ORDER BY tbl_name, type DESC, name").fetchall()
        database.close()
    return "".join(f"{sql};\n" for (sql,) in rows)


def postgresql() -> str:
    """As pg_dump writes it, without what differs from one of its releases to the next."""
    url = databases.new_database()
    assert url is not None
    try:
        _migrate("--database", url)
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_dump"))
        command = [str(programs[-1]) if programs else "pg_dump", "--schema-only", "--no-owner", "--no-privileges", "--dbname", url]
        text = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    finally:
        databases.drop(url)
    noise = ("--", "SET ", "SELECT pg_catalog.", "\\restrict", "\\unrestrict")
    return "".join(f"{line}\n" for line in text.splitlines() if line and not line.startswith(noise))


def main() -> None:
    DIRECTORY.mkdir(exist_ok=True)
    (DIRECTORY / "sqlite.sql").write_text(sqlite())
    (DIRECTORY / "postgresql.sql").write_text(postgresql())


if __name__ == "__main__":
    main()
