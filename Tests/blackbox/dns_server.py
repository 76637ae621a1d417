"""A real DNS server whose TXT records a test chooses."""

from __future__ import annotations

import socket
import subprocess

HOST = "app.test"


class DNSServer:
    """dnsmasq on one port of the loopback interface; it is started anew for each change of its records."""

    def __init__(self, host: str = HOST) -> None:
        self._host = host
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._process: subprocess.Popen[str] | None = None

    def serve(self, *texts: str) -> None:
        self.stop()
        self._process = subprocess.Popen(
            ["/usr/sbin/dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--bind-interfaces",
             "--pid-file=", "--listen-address=127.0.0.1", f"--port={self.port}", "--log-facility=-", "--local=/test/",
             *(f"--txt-record={self._host},{text}" for text in texts)],
            stderr=subprocess.PIPE, text=True)
        assert self._process.stderr is not None
        assert any("started" in line for line in self._process.stderr)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
