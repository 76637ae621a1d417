"""How long after a revocation on one node another node still says yes.

    scripts/postgres run .venv/bin/python Benchmarks/revocation.py [--times 300] [--load 0]

Two nodes of `bin/latchkey` (or $LATCHKEY_BIN) on one PostgreSQL database. The second node has the token in memory and is asked without
a pause; measured is the time from sending the revocation to the first node until the second one's first refusal was asked for, so the
revocation itself and its commit are in it.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "Tests/blackbox"), str(ROOT / "Tests/blackbox/nodes")]

from cluster import Cluster, running  # noqa: E402
from latchkey_server import Caller  # noqa: E402


def measure(cluster: Cluster, times: int) -> list[tuple[float, float]]:
    """Seconds until the answer to the revocation, and until the other node's first refusal."""
    one, other = cluster.nodes
    client, user = cluster.first, cluster.new_user()
    browser = cluster.browser(user)
    figures = []
    for _ in range(times):
        tokens = client.tokens(browser.authorize(client.request(client.scopes)))
        token = tokens["access_token"]
        assert other.is_active(token) and other.is_active(token)
        acknowledged = [0.0]

        def revoke(refresh: str = tokens["refresh_token"], acknowledged: list[float] = acknowledged) -> None:
            assert one.post(client, "/oauth2/revoke", {"token": refresh}).status_code == 200
            acknowledged[0] = time.perf_counter()

        thread = threading.Thread(target=revoke)
        began = time.perf_counter()
        thread.start()
        while True:
            asked = time.perf_counter()
            if not other.is_active(token):
                break
        thread.join()
        figures.append((acknowledged[0] - began, asked - began))
    return figures


def busy(cluster: Cluster, threads: int, stop: threading.Event) -> None:
    """Refreshes on both nodes meanwhile."""
    client, user = cluster.first, cluster.new_user()

    def work(index: int, token: str) -> None:
        caller = Caller()
        node = cluster.nodes[index % len(cluster.nodes)]
        while not stop.is_set():
            form = {"grant_type": "refresh_token", "refresh_token": token}
            token = caller.post(node.public + "/oauth2/token", **client.authenticated(form)).json()["refresh_token"]

    for index in range(threads):
        token = cluster.grant(user, client)["refresh_token"]
        threading.Thread(target=work, args=(index, token), daemon=True).start()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--times", type=int, default=300)
    arguments.add_argument("--load", type=int, default=0, help="threads that refresh meanwhile")
    options = arguments.parse_args()
    cluster = running()
    stop = threading.Event()
    try:
        busy(cluster, options.load, stop)
        figures = measure(cluster, options.times)
    finally:
        stop.set()
        time.sleep(0.2)
        cluster.dispose()
        cluster.remove_files()
    for name, values in [
        ("acknowledged", [each[0] for each in figures]),
        ("refused by the other node", [each[1] for each in figures]),
        ("after the acknowledgement", [max(0.0, each[1] - each[0]) for each in figures]),
    ]:
        ordered = sorted(value * 1000 for value in values)
        at = {part: ordered[min(len(ordered) - 1, int(len(ordered) * part))] for part in (0.5, 0.9, 0.99)}
        print(f"{name}: p50 {at[0.5]:.1f} ms, p90 {at[0.9]:.1f} ms, p99 {at[0.99]:.1f} ms, most {ordered[-1]:.1f} ms")


if __name__ == "__main__":
    main()
