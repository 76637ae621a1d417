"""A real DNS server whose records a test chooses."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Mapping
from typing import IO

from ports import free_port

HOST = "app.test"


class DNSServer:
    """dnsmasq on one port of the loopback interface; it is started anew for each change of its records."""

    def __init__(self, host: str = HOST) -> None:
        self._host = host
        self.port = free_port()
        self._process: subprocess.Popen[str] | None = None
        #: Each line with the number of the process that wrote it.
        self._log: list[tuple[int, str]] = []
        self._started = 0
        self._reader: threading.Thread | None = None

    def serve(self, *texts: str, addresses: Mapping[str, str] | None = None) -> None:
        """TXT records of the host, and the addresses of names."""
        self.stop()
        self._process = subprocess.Popen(
            ["/usr/sbin/dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--bind-interfaces",
             "--pid-file=", "--listen-address=127.0.0.1", f"--port={self.port}", "--log-facility=-", "--log-queries=extra",
             "--local=/test/",
             *(f"--txt-record={self._host},{text}" for text in texts),
             *(f"--host-record={name},{address}" for name, address in (addresses or {}).items())],
            stderr=subprocess.PIPE, text=True)
        assert self._process.stderr is not None
        started = threading.Event()
        self._started += 1
        self._reader = threading.Thread(target=self._read, args=(self._process.stderr, started, self._started), daemon=True)
        self._reader.start()
        assert started.wait(20) and self._process.poll() is None, f"dnsmasq did not start: {''.join(line for _, line in self._log[-20:])}"

    def _read(self, said: IO[str], started: threading.Event, process: int) -> None:
        for line in said:
            self._log.append((process, line))
            if "started" in line:
                started.set()
        started.set()

    @property
    def questions(self) -> int:
        """How often somebody asked for the host's TXT records, as far as that was read; one that was repeated on the same socket is one."""
        pattern = re.compile(rf" (\S+) query\[TXT\] {re.escape(self._host)} ")
        asked = ((process, pattern.search(line)) for process, line in list(self._log))
        return len({(process, found[1]) for process, found in asked if found})

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        if self._reader is not None:
            # What it said is read to the end.
            self._reader.join()
            self._reader = None
