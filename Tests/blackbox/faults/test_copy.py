"""`latchkey copy`: everything moves to another database, whatever its driver, and every token keeps working (issue 4)."""

from __future__ import annotations

import base64
import os
import re
import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest
from latchkey_server import LatchkeyServer, error_of, executable


def copy(source: str, target: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(executable()), "copy", "--from", source, "--to", target, "--json"], capture_output=True, text=True, timeout=120, check=False)


def moved(server: LatchkeyServer, directory: Path) -> LatchkeyServer:
    """A demo on the copied file, with the secrets of the first."""
    shutil.copy(server.data / "demo.json", directory / "demo.json")
    other = LatchkeyServer(port=server.port)
    shutil.rmtree(other.data)
    other.data = directory
    return other.start()


def test_every_token_works_after_a_copy(tmp_path: Path) -> None:
    server = LatchkeyServer().start()
    client = server.first
    living, revoked = server.grant(server.administrator, client), server.grant(server.administrator, client)
    assert client.revoke(revoked["refresh_token"]).status_code == 200
    code = server.browser(server.administrator).authorize(client.request(prompt="consent"))
    target = tmp_path / "moved"
    target.mkdir()
    done = copy(f"sqlite:{server.data}/latchkey.sqlite", f"sqlite:{target}/latchkey.sqlite")
    assert done.returncode == 0, done.stderr
    assert '"verified":true' in done.stdout and re.search(r"verifying \w+: \d+ of \d+ rows", done.stderr), done.stderr
    server.stop()
    other = moved(server, target)
    assert other.is_active(living["access_token"]) and not other.is_active(revoked["access_token"])
    assert other.first.refresh(living["refresh_token"]).status_code == 200
    assert error_of(other.first.refresh(revoked["refresh_token"])) == "invalid_grant"
    code.request.server = other
    assert other.first.exchange(code).status_code == 200
    other.dispose()


def test_a_served_source_answers_reads_and_a_second_copy_is_refused(own: LatchkeyServer, tmp_path: Path) -> None:
    tokens = own.grant(own.administrator, own.first)
    source, target = f"sqlite:{own.data}/latchkey.sqlite", f"sqlite:{tmp_path}/copy.sqlite"
    assert copy(source, target).returncode == 0
    assert own.is_active(tokens["access_token"])
    assert own.first.refresh(tokens["refresh_token"]).status_code == 200
    again = copy(source, target)
    assert again.returncode == 1 and "not empty" in again.stderr, again.stderr


@pytest.mark.parametrize(("source", "target", "code"), [
    ("sqlite:/nowhere/at/all.sqlite", "sqlite:/tmp/x.sqlite", 3), ("mysql://a:secret@b/c", "sqlite:/tmp/x.sqlite", 2),
    ("sqlite:/tmp/same.sqlite", "sqlite:/tmp/same.sqlite", 2)])
def test_what_cannot_be_copied_is_said(source: str, target: str, code: int) -> None:
    done = copy(source, target)
    assert done.returncode == code and done.stderr
    assert "secret" not in done.stderr


def test_no_server_starts_on_half_a_copy(tmp_path: Path) -> None:
    """The rest of the rows would be missing, and whatever was revoked last would come back."""
    path, data = tmp_path / "latchkey.sqlite", ["--data", str(tmp_path)]
    assert subprocess.run([str(executable()), "migrate", "up", *data], capture_output=True, check=False).returncode == 0
    with sqlite3.connect(path) as half:
        half.execute("CREATE TABLE copy_progress (id BIGINT PRIMARY KEY, fingerprint TEXT NOT NULL)")
        half.execute("INSERT INTO copy_progress VALUES (1, 'x')")
    half.close()
    key = tmp_path / "key"
    key.write_bytes(base64.b64encode(os.urandom(32)))
    for command in (["serve", "--issuer", "http://127.0.0.1:8400", "--master-key-file", str(key)], ["client", "list"]):
        done = subprocess.run([str(executable()), *command, *data], capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 1 and "latchkey copy --from" in done.stderr, done


@pytest.mark.skipif(not os.environ.get("LATCHKEY_TEST_POSTGRES"), reason="needs a cluster: scripts/postgres run …")
def test_from_the_file_to_postgresql_and_back(tmp_path: Path) -> None:
    import psycopg

    cluster = os.environ["LATCHKEY_TEST_POSTGRES"]
    name = f"copy_{os.getpid()}"
    with psycopg.connect(cluster, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    url = cluster.rsplit("/", 1)[0] + "/" + name
    server = LatchkeyServer().start()
    living, revoked = server.grant(server.administrator, server.first), server.grant(server.administrator, server.first)
    assert server.first.revoke(revoked["refresh_token"]).status_code == 200
    server.stop()
    done = copy(f"sqlite:{server.data}/latchkey.sqlite", url)
    assert done.returncode == 0, done.stderr
    # Served from PostgreSQL: what is numbered goes on behind what was copied, so events are written.
    served = LatchkeyServer("--database", url, port=server.port)
    shutil.copy(server.data / "demo.json", served.data / "demo.json")
    served.start()
    assert served.is_active(living["access_token"]) and not served.is_active(revoked["access_token"])
    tokens = served.first.refreshed(living["refresh_token"])
    more = served.grant(served.administrator, served.first)
    served.stop()
    target = tmp_path / "back"
    target.mkdir()
    done = copy(url, f"sqlite:{target}/latchkey.sqlite")
    assert done.returncode == 0, done.stderr
    other = moved(server, target)
    assert other.is_active(more["access_token"]) and not other.is_active(revoked["access_token"])
    assert other.first.refresh(tokens["refresh_token"]).status_code == 200
    assert error_of(other.first.refresh(revoked["refresh_token"])) == "invalid_grant"
    other.dispose()
    with psycopg.connect(cluster, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
