"""A million authorizations from the SQLite file to PostgreSQL and back, killed and resumed in the middle (issue 4). COPY_AUTHORIZATIONS
is how many; every token that was issued before works after."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psycopg
from latchkey_server import REPOSITORY, LatchkeyServer, error_of, executable

AUTHORIZATIONS = int(os.environ.get("COPY_AUTHORIZATIONS", "1000000"))


def copied(source: str, target: str, what: str) -> None:
    """Copies, is killed when a third of the rows is there, and goes on."""
    command = [str(executable()), "copy", "--from", source, "--to", target]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        # copying TABLE: N of M rows; N of M of all, …
        done, _, total = line.rpartition("; ")[2].split(" of all")[0].partition(" of ")
        if int(done) > int(total) / 3:
            process.kill()
            break
    process.communicate()
    assert process.returncode == -9, "the copy was over before it could be killed"
    began = time.monotonic()
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr[-2000:]
    first = next(line for line in again.stderr.splitlines() if line.startswith(("copying", "verifying")))
    assert int(first.rpartition("; ")[2].split(" of ")[0]) > int(total) / 4, f"it began anew: {first}"
    print(f"{what}: killed after {int(done):,} of {int(total):,} rows, gone on and verified in {time.monotonic() - began:.0f} s")


def test_a_million_authorizations_there_and_back(tmp_path: Path) -> None:
    cluster = os.environ["LATCHKEY_TEST_POSTGRES"]
    server = LatchkeyServer().start()
    living = [server.grant(server.administrator, server.first) for _ in range(3)]
    revoked = server.grant(server.administrator, server.first)
    assert server.first.revoke(revoked["refresh_token"]).status_code == 200
    server.stop()
    subprocess.run(
        [sys.executable, str(REPOSITORY / "Benchmarks" / "many_authorizations.py"), str(server.data), str(AUTHORIZATIONS)], check=True)
    name = "copy" + secrets.token_hex(4)
    with psycopg.connect(cluster, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    url = cluster.rsplit("/", 1)[0] + "/" + name
    back = tmp_path / "back"
    back.mkdir()
    copied(f"sqlite:{server.data}/latchkey.sqlite", url, "SQLite to PostgreSQL")
    copied(url, f"sqlite:{back}/latchkey.sqlite", "PostgreSQL to SQLite")

    def check(other: LatchkeyServer) -> None:
        for tokens in living:
            assert other.is_active(tokens["access_token"])
            tokens.update(other.first.refreshed(tokens["refresh_token"]))
        assert not other.is_active(revoked["access_token"])
        assert error_of(other.first.refresh(revoked["refresh_token"])) == "invalid_grant"
        other.stop()

    shutil.copy(server.data / "demo.json", back / "demo.json")
    there = LatchkeyServer("--database", url, port=server.port)
    shutil.copy(server.data / "demo.json", there.data / "demo.json")
    before = [dict(tokens) for tokens in living]
    check(there.start())
    # The file that came back is as it was before the other was served.
    living = before
    again = LatchkeyServer(port=server.port)
    shutil.rmtree(again.data)
    again.data = back
    check(again.start())
    for each in (server, there, again):
        each.remove_files()
    with psycopg.connect(cluster, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
