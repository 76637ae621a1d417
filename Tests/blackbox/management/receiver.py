"""A webhook's receiver on loopback: it does what it is told, remembers what it got, and checks signatures by itself."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from latchkey_server import eventually
from ports import free_port


@dataclass
class Message:
    """One attempt as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.body)

    @property
    def type(self) -> str:
        return self.json["type"]

    def signed_by(self, *secrets: str) -> bool:
        """Whether each of the secrets signed it, and nothing else did (Standard Webhooks)."""
        content = f"{self.id}.{self.headers['webhook-timestamp']}.".encode() + self.body
        expected = []
        for secret in secrets:
            assert secret.startswith("whsec_")
            key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
            expected.append("v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode())
        return self.headers["webhook-signature"].split(" ") == expected and abs(int(self.headers["webhook-timestamp"]) - self.at) < 60


@dataclass
class Answer:
    status: int = 200
    body: bytes = b"thanks"
    headers: dict[str, str] = field(default_factory=dict)
    """Seconds before the answer; `release` ends the wait."""
    delay: float = 0


class Receiver:
    """Answers as `answer` says at the time of the request; each of `first` is used once before it."""

    def __init__(self) -> None:
        self.answer = Answer()
        self.first: list[Answer] = []
        self.messages: list[Message] = []
        self._released = threading.Event()
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                message = Message(self.path, {name.lower(): value for name, value in self.headers.items()}, body, time.time())
                with receiver._lock:
                    receiver.messages.append(message)
                    answer = receiver.first.pop(0) if receiver.first else receiver.answer
                if answer.delay:
                    receiver._released.wait(answer.delay)
                try:
                    self.send_response(answer.status)
                    for name, value in answer.headers.items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(answer.body)))
                    self.end_headers()
                    self.wfile.write(answer.body)
                except OSError:
                    self.close_connection = True

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def of_type(self, kind: str) -> list[Message]:
        with self._lock:
            return [message for message in self.messages if message.type == kind]

    def wait_for(self, kind: str, count: int = 1, within: float = 20) -> list[Message]:
        return eventually(lambda: (found := self.of_type(kind)) and len(found) >= count and found, within=within)

    def release(self) -> None:
        """Ends every delay, and those to come."""
        self._released.set()

    def close(self) -> None:
        self.release()
        self._server.shutdown()
        self._server.server_close()
