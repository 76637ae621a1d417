"""Nodes that start at the same moment on an empty database."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from pathlib import Path

import databases
import requests
from cluster import PROXIED_ADDRESS
from latchkey_server import at_once, eventually, executable
from ports import free_ports

NODES = 4


def test_nodes_that_start_together_agree_on_everything(tmp_path: Path) -> None:
    """Issue 4, Faults: two nodes in their first start; migrations, roles and keys are made once."""
    url = databases.new_database(always=True)
    assert url is not None
    key = tmp_path / "master.key"
    key.write_bytes(base64.b64encode(os.urandom(32)))
    processes: list[subprocess.Popen[bytes]] = []
    ports = free_ports(2 * NODES)

    def launch(number: int) -> None:
        with (tmp_path / f"log.{number}").open("wb") as log:
            processes.append(subprocess.Popen(
                [str(executable()), "serve", "--issuer", "http://127.0.0.1:8400", "--listen", f"{PROXIED_ADDRESS}:{ports[number]}",
                 "--internal-listen", f"{PROXIED_ADDRESS}:{ports[NODES + number]}", "--database", url, "--master-key-file", str(key)],
                stderr=log))

    def keys(number: int) -> str | None:
        ended = [process.returncode for process in processes if process.poll() is not None]
        assert not ended, [path.read_text()[-600:] for path in tmp_path.glob("log.*")]
        try:
            answer = requests.get(f"http://{PROXIED_ADDRESS}:{ports[number]}/.well-known/jwks.json", timeout=5)
        except requests.RequestException:
            return None
        return json.dumps(answer.json(), sort_keys=True)

    try:
        at_once(NODES, launch)
        sets = [eventually(lambda number=number: keys(number), within=60) for number in range(NODES)]
        assert len(set(sets)) == 1
        with databases.opened(tmp_path, url) as rows:
            assert rows.execute("SELECT COUNT(*) FROM keys").fetchone()[0] == 4
            assert rows.execute("SELECT COUNT(*) FROM roles").fetchone()[0] == 5
            assert rows.execute("SELECT COUNT(*) FROM events WHERE kind = 'keys.added'").fetchone()[0] == 1
    finally:
        for process in processes:
            process.terminate()
        codes = [process.wait(15) for process in processes]
        databases.drop(url)
    assert codes == [0] * NODES
