"""The database behind a server under test: the file in its directory, or one of its own on a PostgreSQL cluster.

`LATCHKEY_TEST_DRIVER=postgres` puts every server on PostgreSQL, on the cluster that LATCHKEY_TEST_POSTGRES names
(`scripts/postgres run` starts one); the tests are the same.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import psycopg

IS_POSTGRES = os.environ.get("LATCHKEY_TEST_DRIVER") == "postgres"


class Connection(Protocol):
    def execute(self, sql: str, values: Sequence[Any] = ()) -> Any: ...


def _cluster() -> str:
    url = os.environ.get("LATCHKEY_TEST_POSTGRES")
    assert url, "LATCHKEY_TEST_DRIVER=postgres needs a cluster: scripts/postgres run make test"
    return url


def new_database(always: bool = False) -> str | None:
    """The URL of a new, empty database on PostgreSQL; None where servers keep a file, unless it is wanted `always`."""
    if not IS_POSTGRES and not always:
        return None
    name = "b" + secrets.token_hex(8)
    with psycopg.connect(_cluster(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    return _cluster().rsplit("/", 1)[0] + "/" + name


def drop(url: str | None) -> None:
    if url is not None:
        with psycopg.connect(_cluster(), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {url.rsplit('/', 1)[1]} WITH (FORCE)")


def dump(url: str, file: Path) -> None:
    """All that is stored, as text; what is binary as hexadecimal digits."""
    with file.open("wb") as output, psycopg.connect(url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
        for (table,) in tables:
            output.write(f"{table}\n".encode())
            with connection.cursor().copy(f"COPY {table} TO STDOUT") as rows:
                output.writelines(bytes(row) for row in rows)
        # What is hexadecimal there is also searched as the bytes that it stands for.
        binary = connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' AND data_type = 'bytea'").fetchall()
        for table, column in binary:
            for (value,) in connection.execute(f"SELECT {column} FROM {table} WHERE {column} IS NOT NULL"):
                output.write(value + b"\n")


class _Postgres:
    """Takes the same statements as SQLite's module."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Any:
        return self._connection.execute(sql.replace("%", "%%").replace("?", "%s") if values else sql, values or None)


@contextmanager
def opened(directory: Path, url: str | None) -> Iterator[Connection]:
    """The stored rows; what is changed is committed at the end."""
    if url is not None:
        with psycopg.connect(url) as connection:
            yield _Postgres(connection)
        return
    database = sqlite3.connect(directory / "latchkey.sqlite", timeout=10)
    try:
        with database:
            yield database
    finally:
        database.close()


def of_command(url: str | None) -> list[str]:
    """What names the database to a command, besides --data."""
    return [] if url is None else ["--database", url]
