"""A real DNS server whose records a test chooses."""

from __future__ import annotations

import subprocess

from ports import free_port

HOST = "app.test"


class DNSServer:
    """dnsmasq on one port of the loopback interface; it is started anew for each change of its records."""

    def __init__(self, host: str = HOST) -> None:
        self._host = host
        self.port = free_port()
        self._process: subprocess.Popen[str] | None = None

    def serve(self, *texts: str) -> None:
        """Answers with these TXT records of its host."""
        self._start(*(f"--txt-record={self._host},{text}" for text in texts))

    def serve_addresses(self, addresses: dict[str, str]) -> None:
        self._start(*(f"--host-record={name},{address}" for name, address in addresses.items()))

    def _start(self, *records: str) -> None:
        self.stop()
        self._process = subprocess.Popen(
            ["/usr/sbin/dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--bind-interfaces",
             "--pid-file=", "--listen-address=127.0.0.1", f"--port={self.port}", "--log-facility=-", "--local=/test/", *records],
            stderr=subprocess.PIPE, text=True)
        assert self._process.stderr is not None
        said: list[str] = []
        for line in self._process.stderr:
            said.append(line)
            if "started" in line:
                return
        raise AssertionError(f"dnsmasq ended: {''.join(said)}")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
