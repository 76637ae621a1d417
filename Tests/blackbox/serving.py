"""`latchkey serve` as it is run for real: one process, or several on one database, each of its own release."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any, Self

import databases
import issued
from latchkey_server import Browser, Caller, Client, User, basic, end, eventually, executable
from ports import free_ports

ADDRESS = "127.0.0.1"
START_SECONDS = 60
DOCUMENT = {
    "openapi": "3.1.0", "info": {"title": "Zones", "version": "1"},
    "components": {"securitySchemes": {"oauth": {"type": "oauth2", "flows": {"authorizationCode": {
        "authorizationUrl": "https://x.test/a", "tokenUrl": "https://x.test/t", "scopes": {"zone.read": "Read zones"}}}}}},
    "paths": {"/accounts/{account_id}/zones": {"get": {
        "summary": "List zones", "security": [{"oauth": ["zone.read"]}], "responses": {"200": {"description": "Zones"}}}}},
}
EMAIL, PASSWORD = "ada@example.com", "correct horse battery staple"
REDIRECT = "https://app.example.net/callback"


class ServerProcess:
    """A process on ports of its own, with a log at the path to which its port is added."""

    def __init__(self, log: Path, scheme: str = "http") -> None:
        self.ports = free_ports(2)
        self.log_path = Path(f"{log}.{self.ports[0]}")
        self.public = f"{scheme}://{ADDRESS}:{self.ports[0]}"
        self.internal = f"http://{ADDRESS}:{self.ports[1]}"
        self.caller = Caller()
        self.process: subprocess.Popen[bytes] | None = None
        self._log_before = 0

    @property
    def command(self) -> list[str]:
        raise NotImplementedError

    @property
    def listeners(self) -> list[str]:
        return ["--listen", f"{ADDRESS}:{self.ports[0]}", "--internal-listen", f"{ADDRESS}:{self.ports[1]}"]

    def launch(self, *options: str) -> None:
        with self.log_path.open("ab") as log:
            self._log_before = log.tell()
            self.process = subprocess.Popen([*self.command, *options], stderr=log)

    def start(self, *options: str) -> Self:
        self.launch(*options)
        return self.wait()

    def wait(self) -> Self:
        """Returns once it is ready."""
        eventually(self.is_ready, within=START_SECONDS, every=0.05)
        return self

    def is_ready(self) -> bool:
        self.assert_running()
        with self.log_path.open("rb") as log:
            log.seek(self._log_before)
            return b'"message":"ready"' in log.read()

    def assert_running(self) -> None:
        assert self.process is not None and self.process.poll() is None, f"it ended: {self.log()[-2000:]}"

    def stop(self, signal_number: int = signal.SIGTERM, within: float = 30.0) -> int:
        """Ends it and returns its exit code."""
        assert self.process is not None
        code = end(self.process, signal_number, within)
        self.process = None
        return code

    def kill(self) -> None:
        """Where it still runs."""
        if self.process is not None:
            self.stop(signal.SIGKILL)

    def log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""


class Serving(ServerProcess):
    """A server on a database of its own, or beside another one on the same; a `Browser` or a `Client` takes it for a `LatchkeyServer`."""

    def __init__(
        self, directory: Path, *, scheme: str = "http", url: str | None = None, program: Path | None = None, first: Serving | None = None
    ) -> None:
        directory.mkdir(exist_ok=True)
        super().__init__(directory / "log", scheme)
        self.directory, self.url, self.program = directory, url, program or executable()
        #: Its own address, so that what is sent to it reaches it and no other; the issuer that it names is the first one's.
        self.issuer = self.public
        self.first: Serving = first or self
        self.data, self.key, self.document = directory / "data", directory / "master.key", directory / "openapi.json"
        if first is None:
            self.key.write_bytes(base64.b64encode(os.urandom(32)))
            self.document.write_text(json.dumps(DOCUMENT))
            self.client_entry: dict[str, Any] = {}
            self.resource_server_entry: dict[str, Any] = {}

    def beside(self, program: Path | None = None) -> Serving:
        """Another one on the same database, with the same key and of the same issuer."""
        return Serving(self.directory, url=self.url, program=program or self.program, first=self.first)

    @property
    def port(self) -> int:
        return self.ports[0]

    @property
    def place(self) -> list[str]:
        """The options that say where everything is kept."""
        return ["--data", str(self.data), *databases.of_command(self.url)]

    @property
    def options(self) -> list[str]:
        return ["--issuer", self.first.issuer, *self.listeners, *self.place, "--master-key-file", str(self.key)]

    @property
    def command(self) -> list[str]:
        return [str(self.program), "serve", *self.options]

    # MARK: The operator

    def run(self, *arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run([str(self.program), *arguments], input=text, capture_output=True, text=True, timeout=60, check=False)

    def operate(self, *arguments: str, text: str | None = None) -> Any:
        """Runs a command that must succeed, and returns its JSON."""
        done = self.run(*arguments, *self.place, "--json", text=text)
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
        answer = json.loads(done.stdout)
        issued.record_json(answer)
        return answer

    def set_up(self) -> Self:
        """An API, an account and a user."""
        self.operate("import", str(self.document))
        self.account = self.operate("account", "add", "Northwind")["id"]
        self.operate(
            "user", "add", EMAIL, "--account", self.account, "--role", "Administrator", "--password-file", "-", text=PASSWORD)
        return self

    def furnish(self) -> Self:
        """A client and a resource server besides."""
        self.set_up()
        self.client_entry = self.operate(
            "client", "add", "Pilot", "--account", self.account, "--redirect-uri", REDIRECT, "--scope", "zone.read", "--public")
        self.resource_server_entry = self.operate("resource-server", "add", "Gateway")
        return self

    # MARK: As its clients see it

    @property
    def client(self) -> Client:
        entry = self.first.client_entry
        return Client(
            server=self, client_id=entry["client_id"], client_secret=entry["client_secret"], name="Pilot",  # type: ignore[arg-type]
            method=entry["token_endpoint_auth_method"], redirect_uri=REDIRECT, scopes=["zone.read"], optional_scopes=[],
            post_logout_redirect_uris=[], visibility="public", account_id="")

    def is_active(self, token: str, caller: Caller | None = None) -> bool:
        entry = self.first.resource_server_entry
        answer = (caller or self.caller).post(
            self.issuer + "/oauth2/introspect", data={"token": token},
            headers={"Authorization": basic(entry["client_id"], entry["client_secret"])})
        assert answer.status_code == 200, f"{answer.status_code} {answer.text}"
        return answer.json()["active"]

    def browser(self) -> Browser:
        """A signed-in one; only the first server has pages that lead to themselves."""
        return Browser(self).signed_in_as(User(EMAIL, PASSWORD))  # type: ignore[arg-type]
