"""Servers in their first start on one database (issue 4, Faults): all come up, with the same keys and the same catalogue."""

from __future__ import annotations

from pathlib import Path

from latchkey_server import eventually
from serving import Serving


def test_servers_in_their_first_start_agree(tmp_path: Path) -> None:
    """Nothing is there yet, neither tables nor keys; each of them may be the first at any step."""
    for turn in range(3):
        first = Serving(tmp_path / str(turn))
        nodes = [first, first.beside(), first.beside()]
        try:
            for node in nodes:
                node.launch("--catalogue", str(first.document))
            for node in nodes:
                node.wait()
            first.furnish()
            keys = [node.caller.get(node.issuer + "/.well-known/jwks.json").json()["keys"] for node in nodes]
            assert keys[0] and keys[0] == keys[1] == keys[2]
            tokens = first.client.tokens(first.browser().authorize(first.client.request()))
            for node in nodes[1:]:
                assert eventually(lambda node=node: node.is_active(tokens["access_token"]), within=20)
                tokens = node.client.refreshed(tokens["refresh_token"])
            assert first.client.revoke(tokens["refresh_token"]).status_code == 200
            for node in nodes[1:]:
                eventually(lambda node=node: not node.is_active(tokens["access_token"]), within=20)
        finally:
            for node in nodes:
                node.kill()
