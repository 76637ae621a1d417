"""`latchkey serve` as it is run for real: several processes on one database, each of its own release."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import Any

import issued
from latchkey_server import Browser, Caller, Client, User, executable
from ports import free_port

DOCUMENT = {
    "openapi": "3.1.0", "info": {"title": "Zones", "version": "1"},
    "components": {"securitySchemes": {"oauth": {"type": "oauth2", "flows": {"authorizationCode": {
        "authorizationUrl": "https://x.test/a", "tokenUrl": "https://x.test/t", "scopes": {"zone.read": "Read zones"}}}}}},
    "paths": {"/accounts/{account_id}/zones": {"get": {
        "summary": "List zones", "security": [{"oauth": ["zone.read"]}], "responses": {"200": {"description": "Zones"}}}}},
}
EMAIL, PASSWORD = "ada@example.com", "correct horse battery staple"
REDIRECT = "https://app.example.net/callback"
START_SECONDS = 60


class Installation:
    """A database with a user, a client and a resource server, and the master key; nodes are started on it."""

    def __init__(self, program: Path | None = None, database: list[str] | None = None) -> None:
        self.program = program or executable()
        self.directory = Path(tempfile.mkdtemp(prefix="latchkey-served-"))
        self.data = self.directory / "data"
        #: What names the database to every command.
        self.database = database or ["--data", str(self.data)]
        self.key = self.directory / "master.key"
        self.key.write_bytes(base64.b64encode(os.urandom(32)))
        self.document = self.directory / "openapi.json"
        self.document.write_text(json.dumps(DOCUMENT))
        self.issuer_port = free_port()
        self.user = User(EMAIL, PASSWORD)
        self.client_entry: dict[str, Any] = {}
        self.resource_server_entry: dict[str, Any] = {}

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.issuer_port}"

    def run(self, *arguments: str, text: str | None = None) -> Any:
        done = subprocess.run(
            [str(self.program), *arguments, *self.database, "--json"], input=text, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
        answer = json.loads(done.stdout)
        issued.record_json(answer)
        return answer

    def furnish(self) -> Installation:
        self.run("import", str(self.document))
        account = self.run("account", "add", "Northwind")
        self.run("user", "add", EMAIL, "--account", account["id"], "--role", "Administrator", "--password-file", "-", text=PASSWORD)
        self.client_entry = self.run(
            "client", "add", "Pilot", "--account", account["id"], "--redirect-uri", REDIRECT, "--scope", "zone.read", "--public")
        self.resource_server_entry = self.run("resource-server", "add", "Gateway")
        return self

    def node(self, port: int | None = None, program: Path | None = None, *options: str) -> Node:
        return Node(self, port or free_port(), program or self.program, options)


class Node:
    """One server process. Its `issuer` is its own address, so that what is sent to it reaches it and no other."""

    def __init__(self, installation: Installation, port: int, program: Path, options: tuple[str, ...]) -> None:
        self.installation, self.port, self.program = installation, port, program
        self.issuer = f"http://127.0.0.1:{port}"
        self.caller = Caller()
        self.log: list[str] = []
        internal = free_port()
        self.internal = f"http://127.0.0.1:{internal}"
        self._ready = threading.Event()
        self.process = subprocess.Popen(
            [str(program), "serve", "--issuer", installation.issuer, "--listen", f"127.0.0.1:{port}", "--internal-listen",
             f"127.0.0.1:{internal}", *installation.database, "--master-key-file", str(installation.key), *options],
            stderr=subprocess.PIPE, text=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line)
            if '"ready"' in line:
                self._ready.set()
        self._ready.set()

    def ready(self) -> Node:
        assert self._ready.wait(START_SECONDS) and self.process.poll() is None, "".join(self.log[-20:])
        return self

    def stop(self) -> None:
        """As a supervisor does."""
        self.process.terminate()
        assert self.process.wait(10) == 0
        self._reader.join(5)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    # MARK: As its clients see it

    @property
    def client(self) -> Client:
        entry = self.installation.client_entry
        return Client(
            server=self, client_id=entry["client_id"], client_secret=entry["client_secret"], name="Pilot",  # type: ignore[arg-type]
            method=entry["token_endpoint_auth_method"], redirect_uri=REDIRECT, scopes=["zone.read"], optional_scopes=[],
            post_logout_redirect_uris=[], visibility="public", account_id="")

    def inspect(self, token: str, caller: Caller | None = None) -> dict[str, Any]:
        entry = self.installation.resource_server_entry
        secret = base64.b64encode(f"{entry['client_id']}:{entry['client_secret']}".encode()).decode()
        answer = (caller or self.caller).post(
            self.issuer + "/oauth2/introspect", data={"token": token}, headers={"Authorization": f"Basic {secret}"})
        assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
        return answer.json()

    def is_active(self, token: str, caller: Caller | None = None) -> bool:
        return self.inspect(token, caller)["active"]

    def browser(self) -> Browser:
        """A signed-in one; only the node at the issuer's address has pages that lead to themselves."""
        return Browser(self).signed_in_as(self.installation.user)  # type: ignore[arg-type]
