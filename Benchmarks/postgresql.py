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

import load  # noqa: E402  (finds the tests' modules)
import psycopg  # noqa: E402
from latchkey_server import LatchkeyServer  # noqa: E402

AIM = 0.6
ROWS = 10_000
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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=int, default=10, help="of each measure")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--options", default="", help="of the server, such as '--database-connections 4'")
    arguments = parser.parse_args()
    server = LatchkeyServer("--log-level", "warning", *arguments.options.split()).start()
    url = server.database_url
    assert url
    try:
        with psycopg.connect(url) as connection:
            for statement in TABLE.split(";\n"):
                connection.execute(statement)
        with tempfile.TemporaryDirectory(prefix="latchkey-bench-") as name:
            directory = Path(name)
            bench = load.Bench(server, arguments.seconds, directory)
            refreshes = load.Lines(bench, server.administrator).refreshes(arguments.connections)
            ratios = []
            for _ in range(arguments.rounds):
                reference = pgbench(url, arguments.connections, arguments.seconds, directory)
                measure = bench.measure(refreshes, arguments.connections)
                ratios.append(measure.rate / reference)
                print(
                    f"pgbench {reference:7,.0f}/s   refresh {measure.rate:7,.0f}/s  p50 {measure.p50:6.2f} ms  p99 {measure.p99:6.2f} ms"
                    f"  {measure.errors} errors  CPU {measure.cpu_per_thousand:.2f} s/1000   ratio {ratios[-1]:.2f}", flush=True)
                # The tokens of the last round are in wrk, which is gone.
                refreshes = load.Lines(bench, server.administrator).refreshes(arguments.connections)
    finally:
        server.dispose()
        server.remove_files()
    median = sorted(ratios)[len(ratios) // 2]
    print(f"median ratio {median:.2f}, aim {AIM}: {'met' if median >= AIM else 'missed'}")
    return 0 if median >= AIM else 1


if __name__ == "__main__":
    sys.exit(main())
