"""nginx with the configuration from the documentation, in front of an API that remembers what reached it."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import tempfile
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from latchkey_server import REPOSITORY, eventually
from ports import free_port

DOCUMENTED = REPOSITORY / "docs" / "gateways" / "nginx.conf"
_LATCHKEY, _API, _LISTEN = "127.0.0.1:8401", "127.0.0.1:9000", "127.0.0.1:8080"


@dataclass
class Arrival:
    """A request as the API behind the gateway saw it."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    def values(self, name: str) -> list[str]:
        """What an API may read as this header, however it was spelled (CGI makes no difference between `-` and `_`)."""
        return [value for key, value in self.headers if key.lower().replace("_", "-") == name.lower()]


class RecordingAPI:
    """The protected API: says yes to everything, unless `X-Answer` asks for another status."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        api = self

        class Receiver(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                api.arrivals.append(Arrival(self.command, self.path, list(self.headers.items()), body))
                text = b'{"from":"the API"}'
                self.send_response(int(self.headers.get("X-Answer") or 200))
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(text)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815

            def log_message(self, *_: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        self.address = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)


@dataclass
class Nginx:
    """An nginx of its own, unprivileged, on a free port; `latchkey` and `api` are host and port."""

    latchkey: str
    api: str
    port: int = field(default_factory=free_port)
    directory: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="latchkey-nginx-")))

    def start(self) -> Nginx:
        text = DOCUMENTED.read_text()
        for documented, actual in [(_LATCHKEY, self.latchkey), (_API, self.api), (_LISTEN, f"127.0.0.1:{self.port}")]:
            assert text.count(documented) == 1, f"{documented} should stand once in {DOCUMENTED}"
            text = text.replace(documented, actual)
        (self.directory / "gateway.conf").write_text(text)
        # Started by root, the workers would change to a user that may not enter the directory.
        user = "user root;" if os.geteuid() == 0 else ""
        paths = "".join(f"{name}_temp_path {self.directory}/{name};\n" for name in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"])
        main = self.directory / "nginx.conf"
        main.write_text(
            f"{user}\ndaemon off;\nworker_processes 1;\npid {self.directory}/pid;\nerror_log {self.directory}/error.log;\n"
            f"events {{ worker_connections 256; }}\nhttp {{\naccess_log off;\n{paths}include {self.directory}/gateway.conf;\n}}\n")
        self.process = subprocess.Popen(
            ["nginx", "-e", f"{self.directory}/error.log", "-p", str(self.directory), "-c", str(main)], stderr=subprocess.PIPE, text=True)
        eventually(self._is_up, within=20)
        return self

    def _is_up(self) -> bool:
        if self.process.poll() is not None:
            assert self.process.stderr is not None
            log = self.directory / "error.log"
            raise AssertionError(f"nginx ended: {self.process.stderr.read()}{log.read_text() if log.exists() else ''}")
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)

    def send(self, method: str, target: str, token: str | None = None, *headers: tuple[str, str], body: bytes | None = None) -> Answer:
        """Sends the target exactly as given, and each header, repeated ones too."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.putrequest(method, target)
        if token is not None:
            connection.putheader("Authorization", f"Bearer {token}")
        for name, value in headers:
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        answer = Answer(response.status, response.getheaders(), response.read())
        connection.close()
        return answer
