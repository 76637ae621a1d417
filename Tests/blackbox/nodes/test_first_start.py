"""Nodes that start at the same moment on an empty database."""

from __future__ import annotations

import json
from pathlib import Path

import databases
import requests
from latchkey_server import at_once, eventually
from serving import Serving

NODES = 4


def test_nodes_that_start_together_agree_on_everything(tmp_path: Path) -> None:
    """Issue 4, Faults: two nodes in their first start; migrations, roles and keys are made once."""
    url = databases.new_database(always=True)
    assert url is not None
    first = Serving(tmp_path, url=url)
    nodes = [first, *(first.beside() for _ in range(NODES - 1))]

    def keys(node: Serving) -> str | None:
        node.assert_running()
        try:
            answer = requests.get(f"{node.public}/.well-known/jwks.json", timeout=5)
        except requests.RequestException:
            return None
        return json.dumps(answer.json(), sort_keys=True)

    try:
        at_once(NODES, lambda number: nodes[number].launch())
        sets = [eventually(lambda node=node: keys(node), within=60) for node in nodes]
        assert len(set(sets)) == 1
        with databases.opened(tmp_path, url) as rows:
            assert rows.execute("SELECT COUNT(*) FROM keys").fetchone()[0] == 4
            assert rows.execute("SELECT COUNT(*) FROM roles").fetchone()[0] == 5
            assert rows.execute("SELECT COUNT(*) FROM events WHERE kind = 'keys.added'").fetchone()[0] == 1
        assert [node.stop(within=30) for node in nodes] == [0] * NODES
    finally:
        for node in nodes:
            node.kill()
        databases.drop(url)
