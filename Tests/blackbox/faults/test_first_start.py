"""Two servers in their first start on one database (issue 4, Faults): both come up, with the same keys and the same catalogue."""

from __future__ import annotations

import shutil

from latchkey_server import eventually
from served import Installation


def test_two_servers_in_their_first_start_agree() -> None:
    """Nothing is there yet, neither tables nor keys; each of them may be the first at any step."""
    for _ in range(3):
        installation = Installation()
        nodes = [installation.node(port, None, "--catalogue", str(installation.document)) for port in (installation.issuer_port, None, None)]
        try:
            for node in nodes:
                node.ready()
            installation.furnish()
            first, others = nodes[0], nodes[1:]
            keys = [node.caller.get(node.issuer + "/.well-known/jwks.json").json()["keys"] for node in nodes]
            assert keys[0] and keys[0] == keys[1] == keys[2]
            tokens = first.client.tokens(first.browser().authorize(first.client.request()))
            for node in others:
                assert eventually(lambda node=node: node.is_active(tokens["access_token"]), within=3)
                tokens = node.client.refreshed(tokens["refresh_token"])
            assert first.client.revoke(tokens["refresh_token"]).status_code == 200
            for node in others:
                eventually(lambda node=node: not node.is_active(tokens["access_token"]), within=3)
        finally:
            for node in nodes:
                node.kill()
            shutil.rmtree(installation.directory)
