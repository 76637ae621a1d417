"""`latchkey serve` from nothing, as the README tells it."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import databases
import pytest
from latchkey_server import Browser, Page, executable
from ports import free_port, free_ports

DOCUMENT = {
    "openapi": "3.1.0", "info": {"title": "Zones", "version": "1"},
    "components": {"securitySchemes": {"oauth": {"type": "oauth2", "flows": {"authorizationCode": {
        "authorizationUrl": "https://x.test/a", "tokenUrl": "https://x.test/t", "scopes": {"zone.read": "Read zones"}}}}}},
    "paths": {"/accounts/{account_id}/zones": {"get": {
        "summary": "List zones", "security": [{"oauth": ["zone.read"]}], "responses": {"200": {"description": "Zones"}}}}},
}
EMAIL, PASSWORD = "ada@example.com", "correct horse battery staple"


@dataclass
class Served:
    issuer: str
    process: subprocess.Popen[str]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    url = databases.new_database()
    place = ["--data", str(tmp_path / "data"), *databases.of_command(url)]

    def run(*arguments: str, text: str | None = None) -> str:
        command = [str(executable()), *arguments, *place, "--json"]
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, done.stderr
        return done.stdout

    (tmp_path / "openapi.json").write_text(json.dumps(DOCUMENT))
    run("import", str(tmp_path / "openapi.json"))
    account = json.loads(run("account", "add", "Northwind"))
    run("user", "add", EMAIL, "--account", account["id"], "--role", "Administrator", "--password-file", "-", text=PASSWORD)
    (tmp_path / "master.key").write_bytes(base64.b64encode(os.urandom(32)))
    port, internal = free_ports(2)
    process = subprocess.Popen(
        [str(executable()), "serve", "--issuer", f"http://127.0.0.1:{port}", "--listen", f"127.0.0.1:{port}",
         "--internal-listen", f"127.0.0.1:{internal}", *place,
         "--master-key-file", str(tmp_path / "master.key"), "--trusted-proxies", "127.0.0.2, 10.0.0.0/8"],
        stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert any('"ready"' in line for line in process.stderr), "it ended before it was ready"
    yield Served(f"http://127.0.0.1:{port}", process)
    if process.poll() is None:
        process.kill()
    process.communicate()
    databases.drop(url)


def test_a_user_signs_in_and_the_server_ends_when_asked(served: Served) -> None:
    page = Browser(served).sign_in(EMAIL, PASSWORD)  # type: ignore[arg-type]
    assert isinstance(page, Page) and "Connected apps" in page.text
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(5) == 0


@pytest.mark.parametrize("peer,shown", [("127.0.0.2", "198.51.100.7"), ("127.0.0.3", "127.0.0.3")])
def test_where_somebody_signed_in_from_is_said_by_trusted_proxies_alone(served: Served, peer: str, shown: str) -> None:
    """Everybody behind a proxy would share its address, and with it the limit of wrong passwords."""
    browser = Browser(served, address=peer)  # type: ignore[arg-type]
    browser.session.headers["X-Forwarded-For"] = "192.0.2.66, 198.51.100.7, 10.1.2.3"
    page = browser.sign_in(EMAIL, PASSWORD)
    assert isinstance(page, Page) and "Connected apps" in page.text
    sessions = browser.page("/sessions").text
    assert shown in sessions
    assert "192.0.2.66" not in sessions


def test_settings_that_cannot_be_are_named_together(tmp_path: Path) -> None:
    done = subprocess.run(
        [str(executable()), "serve", "--data", str(tmp_path), "--trusted-proxies", "10.0.0.0/99", "--issuer", "nonsense"],
        capture_output=True, text=True, timeout=30)
    assert done.returncode == 2
    for setting in ["--trusted-proxies: ", "--issuer: ", "--master-key-file: "]:
        assert setting in done.stderr


def test_an_address_that_is_taken_is_named(served: Served, tmp_path: Path) -> None:
    taken = served.issuer.removeprefix("http://")
    done = subprocess.run(
        [str(executable()), "serve", "--issuer", "http://127.0.0.1:8400", "--listen", taken, "--internal-listen", f"127.0.0.1:{free_port()}",
         "--data", str(tmp_path / "other"), "--master-key-file", str(tmp_path / "master.key")],
        capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and taken in done.stderr and "--listen" in done.stderr and "bind(" not in done.stderr, done.stderr
