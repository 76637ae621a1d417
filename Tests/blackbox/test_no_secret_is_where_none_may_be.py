"""The last test of all: every secret that this run was given or made is searched for in every log and every stored file."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import databases
import issued
from latchkey_server import LatchkeyServer, all_servers

THE_ONE_FILE_THAT_MAY = "demo.json"


def places() -> Iterator[tuple[LatchkeyServer, Path]]:
    """The log of each server, and all that it keeps but its own seed."""
    for server in all_servers():
        yield server, server.log_path
        if server.database_url is not None:
            databases.dump(server.database_url, server.data / "database.dump")
        for file in server.data.rglob("*"):
            if file.is_file() and file.name != THE_ONE_FILE_THAT_MAY:
                yield server, file


def findings(files: list[Path], secrets: dict[str, str]) -> list[tuple[Path, str]]:
    """The kind of each secret that stands in a file. Thousands of secrets in hundreds of megabytes: grep reads each byte once."""
    with tempfile.NamedTemporaryFile("w") as patterns:
        patterns.writelines(f"{secret}\n" for secret in secrets)
        patterns.flush()
        command = ["grep", "-aoFf", patterns.name, "--with-filename", "--null", "--", *map(str, files)]
        result = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "LC_ALL": "C"})
    assert result.returncode in (0, 1), result.stderr.decode()
    lines = [line.partition(b"\0") for line in result.stdout.splitlines()]
    return [(Path(name.decode()), secrets[secret.decode()]) for name, _, secret in lines]


def test_a_secret_in_a_file_is_found(tmp_path: Path) -> None:
    """The search above all finds what is there, in the middle of other bytes too."""
    (tmp_path / "log").write_bytes(b"\xff\0 one\nx=lkt_0123456789ab; lks_short\n")
    (tmp_path / "database").write_bytes(b"nothing")
    secrets = {"lkt_0123456789ab": "value", "lkr_0123456789ab": "refresh_token"}
    assert findings([tmp_path / "log", tmp_path / "database"], secrets) == [(tmp_path / "log", "value")]


def test_no_secret_is_in_any_log_or_stored_file() -> None:
    """Design §9: a token, code, verifier, secret or password in a log or an event must never be; design §4: nothing but hashes at
    rest; contract, Start: DIR/demo.json is the only file that may hold a secret in clear; Tokens: session ids are hashed too."""
    secrets = issued.issued()
    kinds = set(secrets.values())
    assert {"access_token", "refresh_token", "code", "code_verifier", "client_secret", "password", "cookie", "value"} <= kinds, kinds
    options = {file: " ".join(server.options) for server, file in places() if file.stat().st_size}
    assert len(options) >= 2 * len(all_servers()), "the logs and databases are empty"
    found = {f"{kind} in {file.name} of {options[file]}" for file, kind in findings(list(options), secrets)}
    assert not found, sorted(found)[:20]


def test_the_logs_name_what_happened() -> None:
    """Issue, Operator: logs with request ids: a log that says nothing would pass the search above for no reason."""
    logs = "".join(server.log() for server in all_servers())
    assert "/oauth2/token" in logs or "request" in logs
