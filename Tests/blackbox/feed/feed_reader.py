"""A reader of the change feed that knows nothing of the library's, and a relay that can hold connections back."""

from __future__ import annotations

import http.client
import json
import select
import socket
import threading
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from latchkey_server import Client, LatchkeyServer, basic, eventually


@dataclass
class FeedEvent:
    name: str
    id: str | None
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def concerns(self) -> dict[str, str]:
        return self.data["concerns"]


class Feed:
    """Reads `GET /feed` in a thread until it is closed or ends."""

    def __init__(self, server: LatchkeyServer, as_client: Client | None = None, after: str | int | None = None) -> None:
        client = as_client or server.resource_server
        address = urlsplit(server.internal)
        self._connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
        headers = {"Authorization": basic(client.client_id, client.client_secret or "")}
        if after is not None:
            headers["Last-Event-ID"] = str(after)
        self._connection.request("GET", "/feed", headers=headers)
        self.response = self._connection.getresponse()
        self.status = self.response.status
        self.text = b""
        self.events: list[FeedEvent] = []
        self.ended = threading.Event()
        if self.status == 200:
            threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        name, id_, data = "message", None, []
        try:
            for raw in self.response:
                self.text += raw
                line = raw.decode().rstrip("\n")
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("id: "):
                    id_ = line.removeprefix("id: ")
                elif line.startswith("data: "):
                    data.append(line.removeprefix("data: "))
                elif not line and data:
                    self.events.append(FeedEvent(name, id_, json.loads("\n".join(data))))
                    name, id_, data = "message", None, []
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            pass
        self.ended.set()

    def close(self) -> None:
        if self._connection.sock is not None and not self.ended.is_set() and self.status == 200:
            # Whoever reads finds the end, and lets go of the buffer.
            self._connection.sock.shutdown(socket.SHUT_RDWR)
            self.ended.wait(20)
        self.response.close()
        self._connection.close()

    def __enter__(self) -> Feed:
        assert self.status == 200, f"{self.status} {self.response.read()!r}"
        self.hello()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def hello(self) -> FeedEvent:
        eventually(lambda: self.events, 20)
        assert self.events[0].name == "hello"
        return self.events[0]

    @property
    def changes(self) -> list[FeedEvent]:
        return [event for event in self.events if event.name == "change"]

    @property
    def kinds(self) -> list[str]:
        return [event.data["kind"] for event in self.changes]

    @property
    def last_id(self) -> str:
        ids = [event.id for event in self.events if event.id]
        return ids[-1] if ids else str(self.hello().data["sequence"])

    def change(self, kind: str, within: float = 20) -> FeedEvent:
        """The first change of that kind, waited for."""
        eventually(lambda: kind in self.kinds, within)
        return next(event for event in self.changes if event.data["kind"] == kind)


class Relay:
    """Passes connections on to a port of this machine; can hold back those of the feed, and counts questions."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.flows = threading.Event()
        self.flows.set()
        self.questions = 0
        self.feeds: list[socket.socket] = []
        self._closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def hold_feed(self) -> None:
        self.flows.clear()

    def release_feed(self) -> None:
        self.flows.set()

    def cut_feed(self) -> None:
        for connection in self.feeds:
            connection.close()
        self.feeds.clear()

    def close(self) -> None:
        self._closed = True
        self._listener.close()
        self.flows.set()
        self.cut_feed()

    def _accept(self) -> None:
        while not self._closed:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass, args=(near,), daemon=True).start()

    def _pass(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(("127.0.0.1", self._target))
        except OSError:
            near.close()
            return
        is_feed = False
        try:
            while True:
                ready, _, _ = select.select([near, far], [], [])
                if near in ready:
                    data = near.recv(65536)
                    if not data:
                        return
                    self.questions += data.count(b"POST /oauth2/introspect")
                    if data.startswith(b"GET /feed"):
                        is_feed = True
                        self.feeds.append(near)
                    far.sendall(data)
                if far in ready:
                    if is_feed:
                        self.flows.wait()
                    data = far.recv(65536)
                    if not data:
                        return
                    near.sendall(data)
        except (OSError, ValueError):
            pass
        finally:
            near.close()
            far.close()
