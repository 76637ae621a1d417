"""Connections that do what no client library would."""

from __future__ import annotations

import resource
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

from latchkey_server import LatchkeyServer


class Wire:
    """One TCP connection to a listener, byte by byte."""

    def __init__(self, origin: str, timeout: float = 30) -> None:
        url = urlsplit(origin)
        self.socket = socket.create_connection((url.hostname or "", url.port or 0), timeout=timeout)

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, text: str | bytes) -> None:
        self.socket.sendall(text.encode() if isinstance(text, str) else text)

    def answer(self) -> bytes:
        """The next answer's head and as much of its body as `Content-Length` says; what there is where the connection ends before."""
        held = b""
        while b"\r\n\r\n" not in held:
            some = self._more()
            if not some:
                return held
            held += some
        head, _, body = held.partition(b"\r\n\r\n")
        length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
        while len(body) < length:
            some = self._more()
            if not some:
                break
            body += some
        return head + b"\r\n\r\n" + body

    def rest(self) -> bytes:
        """Everything until the peer closes the connection, or resets it."""
        held = b""
        while some := self._more():
            held += some
        return held

    def is_open(self) -> bool:
        """Whether the peer has not closed it yet; what was received meanwhile is thrown away."""
        patience = self.socket.gettimeout()
        self.socket.settimeout(0)
        try:
            while self.socket.recv(65536):
                pass
            return False
        except BlockingIOError:
            return True
        except OSError:
            return False
        finally:
            self.socket.settimeout(patience)

    def _more(self) -> bytes:
        try:
            return self.socket.recv(65536)
        except ConnectionError:
            return b""

    def close(self) -> None:
        self.socket.close()


def status_of(answer: bytes) -> int:
    """The status code; 0 where there is no answer."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


def trickle(wire: Wire, byte: bytes, every: float, within: float) -> float:
    """Sends a byte again and again until the peer has enough of it; the seconds that it had not."""
    began = time.monotonic()
    wire.socket.settimeout(every)
    while time.monotonic() - began < within:
        try:
            wire.socket.sendall(byte)
            if not wire.socket.recv(1, socket.MSG_PEEK):
                break
        except TimeoutError:
            continue
        except OSError:
            break
        else:
            break
    wire.socket.settimeout(30)
    return time.monotonic() - began


def raise_open_files() -> int:
    """Raises this process's limit of open files to the hardest; returns it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def resident_mebibytes(server: LatchkeyServer) -> float:
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def open_files(server: LatchkeyServer) -> int:
    assert server.process is not None
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))
