"""The service in Examples/, as a process: what a platform builds with the ResourceServer library."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import requests
from feed_reader import Relay
from latchkey_server import REPOSITORY, START_SECONDS, Caller, LatchkeyServer, eventually

SERVICE = Path(os.environ.get("LATCHKEY_EXAMPLE_BIN") or REPOSITORY / ".build" / "debug" / "ExampleService")


class ExampleService:
    """Asks the server through a relay, so that a test can hold the feed back and count what is asked."""

    def __init__(self, server: LatchkeyServer, silence_bound: int | None = None) -> None:
        assert SERVICE.exists(), f"{SERVICE} is missing: run `swift build`"
        self.server = server
        self.relay = Relay(int(server.internal.rsplit(":", 1)[1]))
        self.caller = Caller()
        self.lines: list[str] = []
        environment = {
            **os.environ,
            "LATCHKEY_ISSUER": server.issuer,
            "LATCHKEY_INTERNAL": self.relay.origin,
            "LATCHKEY_AUDIENCE": server.line["api"],
            "LATCHKEY_CLIENT_ID": server.resource_server.client_id,
            "LATCHKEY_CLIENT_SECRET": server.resource_server.client_secret or "",
            "PORT": "0",
        }
        if silence_bound is not None:
            environment["LATCHKEY_SILENCE_BOUND"] = str(silence_bound)
        self.process = subprocess.Popen([str(SERVICE)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        found = eventually(lambda: next((line for line in self.lines if "listening on " in line), None), START_SECONDS)
        self.origin = "http://" + found.split("listening on ")[1].split()[0]

    def get(self, path: str, token: str | None) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        return self.caller.get(self.origin + path, headers=headers)

    def status(self, token: str | None, path: str = "/me") -> int:
        return self.get(path, token).status_code

    def log(self) -> str:
        return "".join(self.lines)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.decode(errors="replace"))

    def __enter__(self) -> ExampleService:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            assert self.process.wait(20) == 0
        except subprocess.TimeoutExpired as expired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("the service did not end on SIGTERM") from expired
        finally:
            self.relay.close()
            self._reader.join(5)
