"""docs/schema holds what the migrations make; who changes a migration shows in it what comes of it."""

from __future__ import annotations

import databases
import pytest
import schema_dumps


def test_the_dump_of_sqlite_is_current() -> None:
    assert (schema_dumps.DIRECTORY / "sqlite.sql").read_text() == schema_dumps.sqlite(), "run `make schema`"


@pytest.mark.skipif(not databases.IS_POSTGRES, reason="needs a cluster; runs with LATCHKEY_TEST_DRIVER=postgres")
def test_the_dump_of_postgresql_is_current() -> None:
    assert (schema_dumps.DIRECTORY / "postgresql.sql").read_text() == schema_dumps.postgresql(), "run `make schema`"
