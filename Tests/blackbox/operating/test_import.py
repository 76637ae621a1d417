"""`latchkey import`."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from serving import Serving


def test_the_document_comes_through_a_pipe(tmp_path: Path) -> None:
    """As into a container, where there is no file."""
    serving = Serving(tmp_path)
    done = serving.run("import", "-", *serving.place, text=serving.document.read_text())
    assert done.returncode == 0 and "1 operations" in done.stdout, done
    with closing(sqlite3.connect(serving.data / "latchkey.sqlite")) as database:
        assert database.execute("SELECT source FROM catalogues").fetchall() == [("-",)]
    empty = serving.run("import", "-", *serving.place, text="")
    assert empty.returncode == 1 and "no OpenAPI document" in empty.stderr, empty
