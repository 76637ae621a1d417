"""`latchkey serve` in a directory of its own, for tests of what only operators see."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

from latchkey_server import START_SECONDS, Caller, executable
from ports import free_ports

DOCUMENT = {
    "openapi": "3.1.0", "info": {"title": "Zones", "version": "1"},
    "components": {"securitySchemes": {"oauth": {"type": "oauth2", "flows": {"authorizationCode": {
        "authorizationUrl": "https://x.test/a", "tokenUrl": "https://x.test/t", "scopes": {"zone.read": "Read zones"}}}}}},
    "paths": {"/accounts/{account_id}/zones": {"get": {
        "summary": "List zones", "security": [{"oauth": ["zone.read"]}], "responses": {"200": {"description": "Zones"}}}}},
}
EMAIL, PASSWORD = "ada@example.com", "correct horse battery staple"


class Serving:
    """A server with one account and one user; it looks like a `LatchkeyServer` to a `Browser`."""

    def __init__(self, directory: Path, scheme: str = "http", host: str = "127.0.0.1") -> None:
        self.directory = directory
        self.data = directory / "data"
        self.key = directory / "master.key"
        self.port, self.internal_port = free_ports(2)
        self.issuer = f"{scheme}://{host}:{self.port}"
        self.internal = f"http://127.0.0.1:{self.internal_port}"
        self.caller = Caller()
        self.log_path = directory / "log"
        self.process: subprocess.Popen[bytes] | None = None
        if not self.key.exists():
            self.key.write_bytes(base64.b64encode(os.urandom(32)))

    def set_up(self) -> Serving:
        (self.directory / "openapi.json").write_text(json.dumps(DOCUMENT))
        self.operate("import", str(self.directory / "openapi.json"))
        self.account = self.operate("account", "add", "Northwind")["id"]
        self.operate(
            "user", "add", EMAIL, "--account", self.account, "--role", "Administrator", "--password-file", "-", text=PASSWORD)
        return self

    def run(self, *arguments: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run([str(executable()), *arguments], input=text, capture_output=True, text=True, timeout=60, check=False)

    def operate(self, *arguments: str, text: str | None = None) -> Any:
        done = self.run(*arguments, "--data", str(self.data), "--json", text=text)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @property
    def options(self) -> list[str]:
        return ["--issuer", self.issuer, "--listen", f"127.0.0.1:{self.port}", "--internal-listen", f"127.0.0.1:{self.internal_port}",
                "--data", str(self.data), "--master-key-file", str(self.key)]

    def start(self, *options: str) -> Serving:
        """Returns when it is ready."""
        read, write = os.pipe()
        self.process = subprocess.Popen([str(executable()), "serve", *self.options, *options], stderr=write)
        os.close(write)
        ready = threading.Event()

        def copy() -> None:
            with os.fdopen(read, "rb") as lines, self.log_path.open("ab", buffering=0) as log:
                for line in lines:
                    log.write(line)
                    if b'"message":"ready"' in line:
                        ready.set()
            ready.set()

        self.copier = threading.Thread(target=copy, daemon=True)
        self.copier.start()
        assert ready.wait(START_SECONDS) and self.process.poll() is None, self.log()
        return self

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def stop(self, within: float = 10) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(within)
        self.copier.join(within)
        return code

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
