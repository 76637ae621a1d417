"""Measures Latchkey against its aims: starts a server on one core and hands it to oauth_load.py, which loads it from the other."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import urlencode

import oauth_load
import scenarios
from processes import memory
from scenarios import FORM
from wrk import SCRIPTS, Load, Measure, WrongAnswer, measure, warm

sys.path.insert(0, str(SCRIPTS.parent / "Tests" / "blackbox"))

from latchkey_server import LatchkeyServer, User, basic, executable  # noqa: E402

SERVER_CORE, LOAD_CORE = 0, 1
CODE_SECONDS = 600
# The least ratio to the bare answer, and at how many connections (None: at each).
AIMS: dict[str, tuple[float, int | None]] = {
    "metadata": (0.95, None), "jwks": (0.95, None), "introspection": (0.75, None), "verify": (0.75, None), "refresh": (0.35, 64),
    "code exchange": (0.2, None)}
# How many resources the authorization of the "1k" rows names, and what they may cost.
RESOURCES = 1000
RESOURCES_AIM = 0.95
IDLE_MEMORY_AIM = 64.0
READY_AIM = 1.0
MIXED_P99_AIM = 10.0
# What a million authorizations may leave of a ratio, and take of memory.
COMPARE_AIM = 0.9
LOADED_MEMORY_AIM = 256.0


def resource(number: int) -> str:
    """As long as an id usually is."""
    return f"{number:032x}"


def narrowed_token(server: LatchkeyServer, user: User) -> str:
    """An access token for a thousand zones of account 1."""
    account, owner = server.accounts[0], server.api_token(server.administrator)
    ids = [resource(number) for number in range(RESOURCES)]
    answer = server.manage("PUT", f"/accounts/{account}/resources/zone", owner, json=[{"id": each} for each in ids])
    assert answer.status_code == 200, answer.text
    chosen = {f"resources_{account}_zone": "some", "resource": [f"{account}/zone/{each}" for each in ids]}
    return server.grant(user, server.rs256, accounts=[account], **chosen)["access_token"]


def thousand_resources(server: LatchkeyServer, asked: scenarios.Server) -> list[Load]:
    """Introspection and /verify once more, of a token that is narrowed to a thousand resources."""
    token = narrowed_token(server, server.administrator)
    owner, account = server.resource_server, server.accounts[0]
    form = {"Content-Type": FORM, "Authorization": basic(owner.client_id, owner.client_secret or "")}
    one = {
        "Authorization": f"Bearer {token}", "X-Forwarded-Method": "GET",
        "X-Forwarded-Uri": f"/accounts/{account}/zones/{resource(RESOURCES // 3)}"}
    return [
        scenarios.fixed(
            asked, "introspection 1k", "POST", server.issuer + "/oauth2/introspect", form, urlencode({"token": token}),
            lambda answer: len(answer.json()["authorization_details"][0]["resources"]["zone"]) == RESOURCES),
        scenarios.fixed(
            asked, "verify 1k", "GET", server.internal + "/verify/forward-auth", one, None,
            lambda answer: answer.status_code == 200 and answer.headers["X-Latchkey-Account"] == account),
    ]


def options_for(server: LatchkeyServer, given: argparse.Namespace) -> argparse.Namespace:
    """The command line of oauth_load.py for our demo."""
    client, owner, user = server.first, server.resource_server, server.administrator
    assert server.process is not None
    arguments = [
        "--issuer", server.issuer, "--client-id", client.client_id, "--client-secret", client.client_secret or "",
        "--introspection-client-id", owner.client_id, "--introspection-client-secret", owner.client_secret or "",
        "--redirect-uri", client.redirect_uri, "--sign-in", f"{user.email}:{user.password}",
        "--verify-url", server.internal + "/verify/forward-auth", "--verify-request", f"GET /accounts/{server.accounts[0]}/zones",
        "--pid", ",".join([str(server.process.pid), *filter(None, given.pid.split(","))]), "--connections", given.connections,
        "--seconds", str(given.seconds), "--tokens", str(given.tokens)]
    if given.scenarios:
        arguments += ["--scenarios", given.scenarios]
    return oauth_load.parser().parse_args(arguments)


# MARK: What the table does not show


def started(server: LatchkeyServer) -> float:
    """Seconds until it is ready, from the start of the process on a database that exists."""
    server.stop()
    os.sched_setaffinity(0, {SERVER_CORE})
    began = time.monotonic()
    server.start()
    took = time.monotonic() - began
    os.sched_setaffinity(0, {LOAD_CORE})
    return took


def filled(server: LatchkeyServer, count: int) -> float:
    """Adds so many authorizations that nobody asks about, and starts the server again; returns how long that took."""
    from many_authorizations import fill  # noqa: PLC0415

    server.stop()
    fill(server.data, count)
    os.sched_setaffinity(0, {SERVER_CORE})
    began = time.monotonic()
    server.start()
    took = time.monotonic() - began
    os.sched_setaffinity(0, {LOAD_CORE})
    return took


def compare(server: LatchkeyServer, given: argparse.Namespace, directory: Path) -> int:
    """The same measures with few authorizations and with very many."""
    os.sched_setaffinity(0, {LOAD_CORE})
    few = oauth_load.Plan(options_for(server, given), directory).measure([])
    took = filled(server, given.compare)
    many = oauth_load.Plan(options_for(server, given), directory).measure([])
    oauth_load.write_rows(many, given.json)
    assert server.process is not None
    held = memory([server.process.pid])
    print()
    for before, after in zip(few.rows, many.rows, strict=True):
        if before.ratio and after.ratio:
            share = after.ratio / before.ratio
            print_aim(f"{before.name} at {before.connections}, many to few", f"{share:.2f}", f">= {COMPARE_AIM}", share >= COMPARE_AIM)
            # On a machine that others use, too, this says more than the rate does.
            print(f"{'':<44} CPU {before.measure.cpu_per_thousand:.3f} -> {after.measure.cpu_per_thousand:.3f} s/1000")
    print_aim("start to ready", f"{took:.2f} s", f"< {READY_AIM:.0f} s", took < READY_AIM)
    print_aim("memory after the load", f"{held:.1f} MiB", f"< {LOADED_MEMORY_AIM:.0f} MiB", held < LOADED_MEMORY_AIM)
    errors = few.errors + many.errors
    if errors:
        print(f"{errors} errors", file=sys.stderr)
    return 1 if errors else 0


def mixed(plan: oauth_load.Plan, seconds: int) -> tuple[Measure, Measure, float]:
    """Introspection at about 1,000 a second while refreshes run at half of what they reach alone, which comes third."""
    lines, askers, asked_rate = 64, 16, 1000
    alone = measure(plan.load("refresh", lines), lines, seconds, plan.pids)
    refreshes = plan.load("refresh", lines)
    refreshes.environment["LOAD_DELAY"] = str(max(1.0, lines / (alone.rate / 2) * 1000 - alone.p50 / 2))
    questions = plan.load("introspection", askers)
    warm(questions, askers)
    questions.environment["LOAD_DELAY"] = str(askers / asked_rate * 1000)
    told: list[Measure] = []
    other = threading.Thread(target=lambda: told.append(measure(refreshes, lines, seconds + 1, plan.pids)))
    other.start()
    asked = measure(questions, askers, seconds, plan.pids)
    other.join()
    return asked, told[0], alone.rate


# MARK: The verdict


def print_aim(name: str, value: str, aim: str, is_met: bool) -> None:
    print(f"{name:<44} {value:>12}   aim {aim:<10} {'met' if is_met else 'MISSED'}", flush=True)


def print_ratios(table: oauth_load.Table) -> None:
    ratios: dict[tuple[str, int], float] = {(row.name, row.connections): row.ratio for row in table.rows if row.ratio is not None}
    for name, (aim, connections) in AIMS.items():
        found = [ratio for (kind, count), ratio in ratios.items() if kind == name and connections in (None, count)]
        if found:
            print_aim(f"{name}, ratio to bare", f"{min(found):.2f}", f">= {aim}", min(found) >= aim)
    for name in ("introspection", "verify"):
        shares = [ratio / ratios[name, count] for (kind, count), ratio in ratios.items() if kind == f"{name} 1k" and (name, count) in ratios]
        if shares:
            print_aim(f"{name}, 1,000 resources to none", f"{min(shares):.2f}", f">= {RESOURCES_AIM}", min(shares) >= RESOURCES_AIM)


def run(server: LatchkeyServer, given: argparse.Namespace, directory: Path) -> int:
    os.sched_setaffinity(0, {LOAD_CORE})
    assert server.process is not None
    idle = memory([server.process.pid])
    plan = oauth_load.Plan(options_for(server, given), directory)
    table = plan.measure(thousand_resources(server, plan.server) if given.resources else [])
    oauth_load.write_rows(table, given.json)
    print()
    print_ratios(table)
    asked, refreshed, alone = mixed(plan, given.seconds)
    print(
        f"Introspection at {asked.rate:,.0f}/s while refreshes ran at {refreshed.rate:,.0f}/s of {alone:,.0f}/s:"
        f" p50 {asked.p50:.2f} ms, p99 {asked.p99:.2f} ms; refresh p99 {refreshed.p99:.1f} ms")
    print_aim("introspection p99 beside refreshes", f"{asked.p99:.2f} ms", f"< {MIXED_P99_AIM:.0f} ms", asked.p99 < MIXED_P99_AIM)
    print_aim("idle memory", f"{idle:.1f} MiB", f"< {IDLE_MEMORY_AIM:.0f} MiB", idle < IDLE_MEMORY_AIM)
    loaded = memory([server.process.pid])
    took = started(server)
    print_aim("start to ready on that database", f"{took:.2f} s", f"< {READY_AIM:.0f} s", took < READY_AIM)
    print(f"Memory after the load: {loaded:.1f} MiB")
    errors = table.errors + asked.errors + refreshed.errors
    if errors:
        print(f"{errors} errors", file=sys.stderr)
    return 1 if errors else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", default="16,64,256", help="numbers of connections, comma-separated")
    parser.add_argument("--seconds", type=int, default=5, help="of each measure")
    parser.add_argument("--tokens", type=int, default=10_000, help="live access tokens to introspect")
    parser.add_argument("--scenarios", default="", help="comma-separated (default: all)")
    parser.add_argument("--no-resources", dest="resources", action="store_false", help="leave out the rows with a thousand resources")
    parser.add_argument("--pid", default="", help="more processes whose CPU and memory count: a database's")
    parser.add_argument("--json", type=Path, help="write the rows to this file too")
    parser.add_argument("--compare", type=int, metavar="COUNT", help="measure twice: as it is, and with so many authorizations more")
    parser.add_argument("--server-options", default="", help="more options of `latchkey demo`, as one text")
    given = parser.parse_args()
    if (os.cpu_count() or 1) < 2:
        print("Two cores are needed: one for the server, one for the load.", file=sys.stderr)
        return 1
    if not executable().exists():
        print(f"{executable()} is missing: run `make build`.", file=sys.stderr)
        return 1
    # Children inherit the core: the server the one, wrk and this script the other.
    os.sched_setaffinity(0, {SERVER_CORE})
    server = LatchkeyServer("--code-lifetime", str(CODE_SECONDS), *given.server_options.split()).start()
    try:
        with tempfile.TemporaryDirectory(prefix="latchkey-bench-") as directory:
            return (compare if given.compare else run)(server, given, Path(directory))
    except WrongAnswer as problem:
        print(problem, file=sys.stderr)
        return 1
    finally:
        server.dispose()
        server.remove_files()


if __name__ == "__main__":
    sys.exit(main())
