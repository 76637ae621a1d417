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


def test_what_is_piped_has_no_files_beside_it(tmp_path: Path) -> None:
    """Nothing beside the working directory is taken for it, and nothing but the document is read from a pipe."""
    serving = Serving(tmp_path)
    document = '{"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {"/a": {"$ref": "%s"}}}'
    for reference in (str(serving.document), "other.yaml", "./-"):
        done = serving.run("import", "-", *serving.place, text=document % reference)
        assert done.returncode == 1 and "/paths/~1a" in done.stderr, done
    assert "no files beside it" in serving.run("import", "-", *serving.place, text=document % serving.document).stderr
    overrides = serving.run("import", str(serving.document), "--overrides", "-", *serving.place, text="{}")
    assert overrides.returncode == 3 and "-: there is no such file" in overrides.stderr, overrides
    referring = tmp_path / "referring.json"
    referring.write_text(document % "-")
    unknown = serving.run("import", str(referring), *serving.place, text='{"get": {"security": []}}')
    assert unknown.returncode == 1 and "-: there is no such file" in unknown.stderr, unknown
