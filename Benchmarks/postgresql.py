"""Compares refreshes on PostgreSQL with what pgbench reaches on the same cluster, in one run, in turns.

    scripts/postgres run .venv/bin/python Benchmarks/postgresql.py

The measure is one single-row `UPDATE … RETURNING` per transaction, prepared, over as many connections as the refreshes come on, on a
table with the columns and indexes that a refresh changes. PostgreSQL, the server and the load share the machine in both.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

os.environ["LATCHKEY_TEST_DRIVER"] = "postgres"

import scenarios  # noqa: E402
from scenarios import Credentials  # noqa: E402
from wrk import SCRIPTS, Load, WrongAnswer, measure  # noqa: E402

sys.path.insert(0, str(SCRIPTS.parent / "Tests" / "blackbox"))

import psycopg  # noqa: E402
from latchkey_server import LatchkeyServer  # noqa: E402

AIM = 0.6
ROWS = 10_000
SPARE = 32
TABLE = f"""
CREATE TABLE bench_families (id TEXT PRIMARY KEY, generation BIGINT, rotated_at BIGINT, idle_expires_at BIGINT, rest TEXT);
CREATE INDEX ON bench_families (idle_expires_at);
INSERT INTO bench_families SELECT md5(i::text), 0, 0, i, repeat('x', 300) FROM generate_series(1, {ROWS}) i
"""
UPDATE = f"""\\set i random(1, {ROWS})
UPDATE bench_families SET generation = generation + 1, rotated_at = rotated_at + 1, idle_expires_at = idle_expires_at + 1
WHERE id = md5((:i)::text) RETURNING generation
"""


def pgbench(url: str, connections: int, seconds: int, directory: Path) -> float:
    """Transactions a second."""
    program = sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"))[-1]
    script = directory / "update.sql"
    script.write_text(UPDATE)
    command = [str(program), "-n", "-M", "prepared", "-c", str(connections), "-j", "2", "-T", str(seconds), "-f", str(script), url]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    assert found, done.stdout
    return float(found.group(1))


def refreshes(server: LatchkeyServer, connections: int, directory: Path) -> Load:
    """A line of tokens for each connection and some to spare."""
    client = server.first
    assert client.client_secret
    browser, request = server.browser(server.administrator), client.request()
    server.grant(server.administrator, client)
    tokens = [client.tokens(browser.authorize(request))["refresh_token"] for _ in range(connections + SPARE)]
    path = directory / "refresh_tokens"
    path.write_text("".join(f"{token}\n" for token in tokens))
    return scenarios.refresh(scenarios.Server(server.issuer), Credentials(client.client_id, client.client_secret), path)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=int, default=10, help="of each measure")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    server = LatchkeyServer("--log-level", "warning").start()
    url = server.database_url
    assert url and server.process
    ratios, errors = [], 0
    try:
        with psycopg.connect(url) as connection:
            for statement in TABLE.split(";\n"):
                connection.execute(statement)
        with tempfile.TemporaryDirectory(prefix="latchkey-bench-") as name:
            for _ in range(given.rounds):
                # New ones each time: what a round leaves is in wrk, which is gone.
                load = refreshes(server, given.connections, Path(name))
                reference = pgbench(url, given.connections, given.seconds, Path(name))
                result = measure(load, given.connections, given.seconds, [server.process.pid])
                errors += result.errors
                ratios.append(result.rate / reference)
                print(
                    f"pgbench {reference:7,.0f}/s   refresh {result.rate:7,.0f}/s   p50 {result.p50:6.2f} ms   p99 {result.p99:6.2f} ms   "
                    f"{result.errors} errors   CPU {result.cpu_per_thousand:.2f} s/1000   ratio {ratios[-1]:.2f}", flush=True)
    except WrongAnswer as problem:
        print(problem, file=sys.stderr)
        return 1
    finally:
        server.dispose()
        server.remove_files()
    median = sorted(ratios)[len(ratios) // 2]
    print(f"median ratio {median:.2f}, aim {AIM}: {'met' if median >= AIM else 'missed'}, {errors} errors")
    return 0 if median >= AIM and not errors else 1


if __name__ == "__main__":
    sys.exit(main())
