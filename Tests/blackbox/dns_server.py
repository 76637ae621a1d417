"""A real DNS server whose records a test chooses."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

from ports import free_port

HOST = "app.test"


class DNSServer:
    """dnsmasq on one port of the loopback interface; it is started anew for each change of its records."""

    def __init__(self, host: str = HOST) -> None:
        self._host = host
        self.port = free_port()
        self._process: subprocess.Popen[str] | None = None

    def serve(self, *texts: str, addresses: Mapping[str, str] | None = None) -> None:
        """TXT records of the host, and the addresses of names."""
        self.stop()
        self._process = subprocess.Popen(
            ["/usr/sbin/dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--bind-interfaces",
             "--pid-file=", "--listen-address=127.0.0.1", f"--port={self.port}", "--log-facility=-", "--local=/test/",
             *(f"--txt-record={self._host},{text}" for text in texts),
             *(f"--host-record={name},{address}" for name, address in (addresses or {}).items())],
            stderr=subprocess.PIPE, text=True)
        assert self._process.stderr is not None
        said = []
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
