"""`latchkey doctor` says what is wrong and what to do about it."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import databases
import pytest
from serving import Serving
from throwaway_ca import Authority


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    serving = Serving(tmp_path)
    yield serving
    serving.kill()


def examine(serving: Serving, *options: str, code: int = 0) -> dict[str, dict[str, Any]]:
    """The findings by check; the worst where there are several of one."""
    done = serving.run("doctor", "--json", *serving.options, *options)
    assert done.returncode == code, done.stdout + done.stderr
    worst = ["ok", "warning", "problem"]
    found: dict[str, dict[str, Any]] = {}
    for row in json.loads(done.stdout):
        assert (row["level"] == "ok") == (row["remedy"] is None), row
        assert row["ok"] is (row["level"] != "problem")
        if row["check"] not in found or worst.index(row["level"]) > worst.index(found[row["check"]]["level"]):
            found[row["check"]] = row
    return found


def test_a_server_that_runs_is_well(serving: Serving) -> None:
    serving.set_up()
    before = examine(serving)
    assert before["issuer"]["level"] == "warning" and "nothing answers" in before["issuer"]["text"]
    assert "is free" in before["listen"]["text"]
    serving.start()
    found = examine(serving)
    for check in ("configuration", "clock", "database", "writing", "catalogue", "keys", "dns", "issuer", "listen", "internal-listen"):
        assert found[check]["level"] == "ok", found[check]
    assert "Latchkey is running" in found["listen"]["text"]
    assert serving.run("doctor", *serving.options).stdout.count("ok ") >= 10
    asked = serving.run("health", "--internal-listen", f"127.0.0.1:{serving.ports[1]}")
    assert (asked.returncode, asked.stdout) == (0, "ready\n")
    serving.stop()
    assert serving.run("health", "--internal-listen", f"127.0.0.1:{serving.ports[1]}").returncode == 1


def test_each_problem_is_named_with_its_remedy(serving: Serving, tmp_path: Path) -> None:
    assert examine(serving)["database"]["text"].startswith("none yet")
    serving.set_up().start()
    serving.stop()
    other = tmp_path / "other.key"
    other.write_text("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
    assert "another master key" in examine(serving, "--master-key-file", str(other), code=1)["keys"]["text"]
    with socket.create_server(("127.0.0.1", serving.port)):
        assert "another program" in examine(serving, code=1)["listen"]["text"]
    unknown = examine(serving, "--issuer", "https://no-such-host.invalid", code=1)["dns"]
    assert "no-such-host.invalid has no address" in unknown["text"] and "A or AAAA" in unknown["remedy"]
    assert examine(serving, "--issuer", "nonsense", code=1)["configuration"]["level"] == "problem"

    serving.start()
    named = examine(serving, "--issuer", f"http://localhost:{serving.port}", code=1)["issuer"]
    assert "names another issuer" in named["text"]


def test_a_clock_behind_the_database_is_noticed(serving: Serving) -> None:
    serving.set_up()
    with closing(sqlite3.connect(serving.data / "latchkey.sqlite")) as database:
        database.execute("UPDATE events SET at = ?", [int(time.time()) + 3600])
        database.commit()
    found = examine(serving, code=1)["clock"]
    assert "in the future" in found["text"] and "Set the clock" in found["remedy"]


@pytest.mark.parametrize("engine", [
    "sqlite", pytest.param("postgresql", marks=pytest.mark.skipif(
        not os.environ.get("LATCHKEY_TEST_POSTGRES"), reason="needs a cluster: scripts/postgres run …"))])
def test_half_of_a_copy_is_named(tmp_path: Path, engine: str) -> None:
    """No server starts on it, and whoever asks why hears what to do."""
    url = databases.new_database(always=True) if engine == "postgresql" else None
    serving = Serving(tmp_path, url=url).set_up()
    with databases.opened(serving.data, url) as database:
        database.execute("CREATE TABLE copy_progress (id BIGINT PRIMARY KEY, fingerprint TEXT NOT NULL)")
        database.execute("INSERT INTO copy_progress VALUES (1, 'x')")
    found = examine(serving, code=1)["database"]
    assert found["level"] == "problem" and "holds half of a copy" in found["text"]
    assert "latchkey copy --from SOURCE --to TARGET" in found["remedy"]
    with databases.opened(serving.data, url) as database:
        database.execute("DROP TABLE copy_progress")
    assert examine(serving)["database"]["level"] == "ok"
    databases.drop(url)


@pytest.mark.parametrize("days,level", [(30, "ok"), (5, "warning"), (-1, "problem")])
def test_certificates_are_looked_at(serving: Serving, tmp_path: Path, days: float, level: str) -> None:
    serving.set_up()
    certificate, key, _ = Authority(tmp_path).issue(days)
    (tmp_path / "cert.pem").write_bytes(certificate)
    (tmp_path / "key.pem").write_bytes(key)
    serving.issuer = serving.issuer.replace("http://", "https://")
    options = ["--tls-certificate", str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "key.pem")]
    serving.start(*options)
    found = examine(serving, *options, code=1)
    assert found["certificate"]["level"] == level
    assert found["listen"]["text"].endswith("Latchkey is running there")
    assert "not trusted" in found["tls"]["text"], "this machine does not know the throwaway CA"
