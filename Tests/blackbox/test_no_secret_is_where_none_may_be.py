"""The last test of all: every secret that this run was given or made is searched for in every log and every stored file."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import issued
from latchkey_server import LatchkeyServer, all_servers

THE_ONE_FILE_THAT_MAY = "demo.json"


def places() -> Iterator[tuple[LatchkeyServer, Path]]:
    """The log of each server, and all that it keeps but its own seed."""
    for server in all_servers():
        yield server, server.log_path
        for file in server.data.rglob("*"):
            if file.is_file() and file.name != THE_ONE_FILE_THAT_MAY:
                yield server, file


def findings(content: bytes, secrets: dict[str, str]) -> list[str]:
    """Kinds of the secrets that stand in the content, each with a few characters around none of it."""
    # All secrets share few first characters, so one pass over each is cheap enough with `in`.
    return [kind for secret, kind in secrets.items() if secret.encode() in content]


def test_no_secret_is_in_any_log_or_stored_file() -> None:
    """Design §9: a token, code, verifier, secret or password in a log or an event must never be; design §4: nothing but hashes at
    rest; contract, Start: DIR/demo.json is the only file that may hold a secret in clear; Tokens: session ids are hashed too."""
    secrets = issued.issued()
    kinds = set(secrets.values())
    assert {"access_token", "refresh_token", "code", "code_verifier", "client_secret", "password", "cookie", "value"} <= kinds, kinds
    found: list[str] = []
    looked_at = 0
    for server, file in places():
        content = file.read_bytes()
        looked_at += bool(content)
        found += [f"{kind} in {file.name} of {' '.join(server.options)}" for kind in findings(content, secrets)]
    assert looked_at >= 2 * len(all_servers()), "the logs and databases are empty"
    assert not found, list(itertools.islice(sorted(set(found)), 20))


def test_the_logs_name_what_happened() -> None:
    """Issue, Operator: logs with request ids: a log that says nothing would pass the search above for no reason."""
    logs = "".join(server.log() for server in all_servers())
    assert "/oauth2/token" in logs or "request" in logs
