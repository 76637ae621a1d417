"""Measures any server that speaks OAuth: its metadata in, numbers out. Every answer is checked.

The machine may be shared and noisy, so each measure stands between two of the bare answer, and what counts is the ratio.

    oauth_load.py --issuer http://127.0.0.1:4444 --client-id app --client-secret … --refresh-tokens FILE --access-tokens FILE --pid 4711
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import scenarios
from processes import pin
from scenarios import Credentials, Server
from supplies import AuthorizationRequest, Codes, CodesOfCommand, CodesOfFile, CodesOfSignIn, Supply
from wrk import Load, Measure, WrongAnswer, measure

ALL = ["metadata", "jwks", "client credentials", "introspection", "verify", "refresh", "code exchange"]
SPARE_LINES = 32
HEAD = f"{'':<20} {'conns':>5} {'req/s':>10} {'p50 ms':>9} {'p99 ms':>9} {'errors':>7} {'ratio':>7} {'CPU s/1000':>10} {'RSS MiB':>8}"


@dataclass
class Row:
    name: str
    connections: int
    measure: Measure
    # To the mean of the bare answers before and after; nil for the bare answer itself.
    ratio: float | None = None

    @property
    def text(self) -> str:
        shown = "" if self.ratio is None else f"{self.ratio:.2f}"
        return (
            f"{self.name:<20} {self.connections:>5} {self.measure.rate:>10,.0f} {self.measure.p50:>9.2f} {self.measure.p99:>9.2f}"
            f" {self.measure.errors:>7} {shown:>7} {self.measure.cpu_per_thousand:>10.3f} {self.measure.memory:>8.1f}")


class Table:
    """Measures between bare answers; prints each line as it comes."""

    def __init__(self, floor: Load, seconds: int, pids: list[int]) -> None:
        self.floor = floor
        self.seconds = seconds
        self.pids = pids
        self.rows: list[Row] = []
        self.before: Measure | None = None

    def begin(self, connections: int) -> None:
        if not self.rows:
            measure(self.floor, 16, 2, self.pids)
            print(HEAD, flush=True)
        self.before = measure(self.floor, connections, self.seconds, self.pids)
        self._add(Row("bare", connections, self.before))

    def add(self, load: Load, connections: int) -> Row:
        assert self.before is not None
        told = measure(load, connections, self.seconds, self.pids)
        after = measure(self.floor, connections, self.seconds, self.pids)
        row = Row(load.name, connections, told, told.rate / ((self.before.rate + after.rate) / 2))
        self.before = after
        self._add(row)
        return row

    def end(self, connections: int) -> None:
        assert self.before is not None
        self._add(Row("bare", connections, self.before))

    def _add(self, row: Row) -> None:
        self.rows.append(row)
        print(row.text, flush=True)

    @property
    def errors(self) -> int:
        return sum(row.measure.errors for row in self.rows)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--issuer", required=True, help="the issuer; its metadata names the endpoints")
    made.add_argument("--client-id", required=True)
    made.add_argument("--client-secret", default=os.environ.get("OAUTH_CLIENT_SECRET", ""), help="or $OAUTH_CLIENT_SECRET")
    made.add_argument("--introspection-client-id", help="the resource server's client (default: the client)")
    made.add_argument("--introspection-client-secret", default="")
    made.add_argument("--redirect-uri", default="")
    made.add_argument("--scope", help="asked for in authorization requests and client credentials")
    made.add_argument("--sign-in", metavar="EMAIL:PASSWORD", help="get codes by Latchkey's own pages")
    made.add_argument("--authorize-command", help="a program that prints COUNT codes for the URL in $AUTHORIZATION_REQUEST")
    made.add_argument("--codes", type=Path, help="a file of codes, one a line")
    made.add_argument("--code-verifier", help="the verifier of the codes in that file")
    made.add_argument("--refresh-tokens", type=Path, help="a file of refresh tokens, one a line, each of its own family")
    made.add_argument("--access-tokens", type=Path, help="a file of live access tokens for introspection, one a line")
    made.add_argument("--tokens", type=int, default=10_000, help="live access tokens to introspect, where none are given")
    made.add_argument("--bare-url", help="the answer to compare with (default: ISSUER/health/alive)")
    made.add_argument("--verify-url", help="Latchkey's /verify/forward-auth on its internal listener")
    made.add_argument("--verify-request", default="GET /", help="method and target that it is asked about")
    made.add_argument("--pid", default="", help="processes whose CPU and memory count, with their children: 4711,4712")
    made.add_argument("--pin", type=int, help="pin these processes to that core, and the load to another")
    made.add_argument("--scenarios", default=",".join(ALL), help="comma-separated (default: all that the server offers)")
    made.add_argument("--connections", default="16,64,256", help="numbers of connections, comma-separated")
    made.add_argument("--seconds", type=int, default=5, help="of each measure")
    made.add_argument("--json", type=Path, help="write the rows to this file too")
    return made


def codes_of(options: argparse.Namespace, server: Server, client: Credentials) -> tuple[Codes | None, str | None]:
    """Where codes come from, and the verifier they are bound to."""
    if options.codes:
        return CodesOfFile(options.codes), options.code_verifier
    if not (options.sign_in or options.authorize_command):
        return None, None
    request = AuthorizationRequest(server, client, options.redirect_uri, options.scope)
    if options.authorize_command:
        return CodesOfCommand(options.authorize_command, request), request.verifier
    email, _, password = options.sign_in.partition(":")
    return CodesOfSignIn(server, request, email, password), request.verifier


class Plan:
    """What a command line asks for, ready to be measured."""

    def __init__(self, options: argparse.Namespace, directory: Path) -> None:
        self.options = options
        self.server = Server(options.issuer)
        self.client = Credentials(options.client_id, options.client_secret)
        self.owner = self.client
        if options.introspection_client_id:
            self.owner = Credentials(options.introspection_client_id, options.introspection_client_secret)
        codes, verifier = codes_of(options, self.server, self.client)
        self.supply = Supply(
            self.server, self.client, codes, options.redirect_uri, verifier, directory, options.access_tokens, options.refresh_tokens)
        self.pids = [int(pid) for pid in options.pid.split(",") if pid]
        self.table = Table(
            scenarios.bare(self.server, options.bare_url or options.issuer + "/health/alive"), options.seconds, self.pids)
        self._access_tokens: Path | None = None

    @property
    def access_tokens(self) -> Path:
        if self._access_tokens is None:
            self._access_tokens = self.supply.access_tokens(self.options.tokens)
        return self._access_tokens

    def skipped(self, name: str) -> str | None:
        """Why a scenario cannot be measured at this server."""
        has_codes = self.supply.source is not None
        reasons = {
            "client credentials": None if self.server.offers_grant("client_credentials") else "the server does not offer the grant",
            "verify": None if self.options.verify_url else "no --verify-url",
            "introspection": None if has_codes or self.options.access_tokens else "no way to get access tokens",
            "refresh": None if has_codes or self.options.refresh_tokens else "no way to get refresh tokens",
            "code exchange": None if has_codes else "no way to get codes",
            "jwks": None if "jwks_uri" in self.server.metadata else "the metadata names no jwks_uri",
        }
        return reasons.get(name)

    def load(self, name: str, connections: int) -> Load:
        method, _, target = self.options.verify_request.partition(" ")
        makers: dict[str, Callable[[], Load]] = {
            "metadata": lambda: scenarios.metadata(self.server),
            "jwks": lambda: scenarios.jwks(self.server),
            "client credentials": lambda: scenarios.client_credentials(self.server, self.client, self.options.scope),
            "introspection": lambda: scenarios.introspection(self.server, self.owner, self.access_tokens),
            "verify": lambda: scenarios.verify(self.server, self.options.verify_url, method, target, self.access_tokens),
            "refresh": lambda: scenarios.refresh(self.server, self.client, self.supply.refresh_tokens(connections + SPARE_LINES)),
            "code exchange": lambda: self.supply.exchange(int(self._exchange_rate() * self.options.seconds * 1.3)),
        }
        return makers[name]()

    def _exchange_rate(self) -> float:
        """No more a second than this; what a refresh reaches, a code exchange does not exceed."""
        refreshed = [row.measure.rate for row in self.table.rows if row.name == "refresh"]
        assert self.table.before is not None
        return max(refreshed) if refreshed else self.table.before.rate * 0.4

    def measure(self, extra: list[Load]) -> Table:
        """Everything that was asked for, and the extra loads, at each number of connections."""
        names = [name.strip() for name in self.options.scenarios.split(",") if name.strip()]
        if unknown := set(names) - set(ALL):
            raise WrongAnswer(f"no scenario is called {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
        for name in names:
            if reason := self.skipped(name):
                print(f"{name}: left out, {reason}")
        for connections in [int(count) for count in self.options.connections.split(",")]:
            self.table.begin(connections)
            for name in names:
                if not self.skipped(name):
                    self.table.add(self.load(name, connections), connections)
            for load in extra:
                self.table.add(load, connections)
            self.table.end(connections)
        return self.table


def place(options: argparse.Namespace) -> None:
    """The server on its core, this script and what it starts on another."""
    if options.pin is None:
        return
    cores = sorted(os.sched_getaffinity(0) - {options.pin})
    if not cores:
        raise WrongAnswer("two cores are needed: one for the server, one for the load")
    pin([int(pid) for pid in options.pid.split(",") if pid], options.pin)
    os.sched_setaffinity(0, {cores[0]})


def write_rows(table: Table, path: Path | None) -> None:
    if path:
        rows = [{**asdict(row), "rate": row.measure.rate, "cpu_per_thousand": row.measure.cpu_per_thousand} for row in table.rows]
        path.write_text(json.dumps(rows, indent=2) + "\n")


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        place(options)
        with tempfile.TemporaryDirectory(prefix="oauth-load-") as directory:
            table = Plan(options, Path(directory)).measure([])
            write_rows(table, options.json)
    except WrongAnswer as problem:
        print(problem, file=sys.stderr)
        return 1
    if table.errors:
        print(f"{table.errors} errors", file=sys.stderr)
    return 1 if table.errors else 0


if __name__ == "__main__":
    sys.exit(main())
