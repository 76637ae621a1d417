"""More connections than anybody needs (issue 4, Faults): they cost little, and keep nobody out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from latchkey_server import LatchkeyServer, at_once, eventually
from raw_http import Wire, open_files, raise_open_files, resident_mebibytes, status_of

ASK = "GET /health/alive HTTP/1.1\r\nHost: a\r\n\r\n"
MANY = 10_000
#: A connection that asked once and waits: its buffers, its handlers and its task.
KIBIBYTES_EACH = 32
LIMIT = 40


@pytest.fixture
def narrow() -> Iterator[LatchkeyServer]:
    """A server that takes no more than a few connections on each listener."""
    server = LatchkeyServer("--max-connections", str(LIMIT)).start()
    yield server
    server.dispose()


def opened(origin: str, count: int) -> list[Wire]:
    return [wire for some in at_once(4, lambda _: [Wire(origin) for _ in range(count // 4)]) for wire in some]


def close(wires: list[Wire]) -> None:
    for wire in wires:
        wire.close()


def test_ten_thousand_idle_connections_keep_nobody_waiting(own: LatchkeyServer) -> None:
    """Every one asks once and then stays. The others are answered, memory is bounded, and all is given back."""
    count = min(MANY, raise_open_files() - 2000)
    assert count >= 2000, "the limit of open files is too low for this test: ulimit -Hn 12000"
    before, files = resident_mebibytes(own), open_files(own)
    wires = opened(own.issuer, count)
    for wire in wires:
        wire.send(ASK)
    assert all(status_of(wire.answer()) == 200 for wire in wires)
    tokens = own.grant(own.administrator, own.first)
    assert own.is_active(tokens["access_token"])
    assert own.verify("GET", f"/accounts/{own.accounts[0]}/zones", tokens["access_token"]).status_code in (200, 403)
    grown = resident_mebibytes(own) - before
    print(f"{grown:.0f} MiB for {count} connections")
    assert grown < count * KIBIBYTES_EACH / 1024, f"{grown:.0f} MiB for {count} connections"
    close(wires)
    eventually(lambda: open_files(own) <= files + 8, within=20)


def test_at_the_limit_the_longest_idle_make_room(narrow: LatchkeyServer) -> None:
    """Whoever holds connections and asks nothing, or never ends asking, keeps nobody out; who asked last stays."""
    wires = [Wire(narrow.issuer) for _ in range(LIMIT)]
    for number, wire in enumerate(wires):
        wire.send(ASK if number % 2 else "GET /health/alive HTTP/1.1\r\nX-Slow: ")
        if number % 2:
            assert status_of(wire.answer()) == 200
    for _ in range(LIMIT // 2):
        with Wire(narrow.issuer) as other:
            other.send(ASK)
            assert status_of(other.answer()) == 200
            # Its place is free again, and the next one takes it; so one at a time.
            eventually(lambda: sum(wire.is_open() for wire in wires) < LIMIT, within=20)
    wires[-1].send(ASK)
    assert status_of(wires[-1].answer()) == 200, "the one that asked last had to go"
    more = [Wire(narrow.issuer) for _ in range(LIMIT)]
    eventually(lambda: sum(wire.is_open() for wire in [*wires, *more]) <= LIMIT, within=20)
    assert not wires[0].is_open() and more[-1].is_open()
    more[-1].send(ASK)
    assert status_of(more[-1].answer()) == 200
    assert narrow.inspect("lka_unknown") == {"active": False}
    close([*wires, *more])


def test_where_all_are_busy_one_more_is_told_to_come_back(narrow: LatchkeyServer) -> None:
    """503 with `Retry-After`; what is in progress is not ended for it, and places that become free are taken."""
    head = "POST /oauth2/token HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 2\r\n\r\na"
    busy = [Wire(narrow.issuer) for _ in range(LIMIT)]
    for wire in busy:
        wire.send(head)

    def refusal() -> bytes:
        wire = Wire(narrow.issuer, timeout=1)
        try:
            answer = wire.rest()
        except TimeoutError:
            # One of the others was not busy yet, and had to go.
            wire.send(head)
            busy.append(wire)
            return b""
        wire.close()
        return answer if status_of(answer) == 503 else b""

    assert b"retry-after: " in eventually(refusal, within=14).lower()
    in_progress = [wire for wire in busy if wire.is_open()]
    assert len(in_progress) >= LIMIT
    for wire in in_progress:
        wire.socket.settimeout(30)
        wire.send("=")
        # 408 where the machine was so busy that its time was over before.
        assert status_of(wire.answer()) in (400, 401, 408)

    def is_answered() -> bool:
        with Wire(narrow.issuer) as wire:
            wire.send(ASK)
            return status_of(wire.answer()) == 200

    eventually(is_answered, within=20)
    close(busy)


def test_few_open_files_are_shared_so_that_the_listener_lives() -> None:
    """Where the system allows few files, connections are fewer too: no flood makes the server run out of them."""
    server = LatchkeyServer()
    server.prefix = ["prlimit", "--nofile=128:128"]
    server.start()
    flood = [Wire(server.issuer) for _ in range(400)]
    for _ in range(20):
        with Wire(server.issuer) as wire:
            wire.send(ASK)
            assert status_of(wire.answer()) == 200
    assert open_files(server) < 128
    close(flood)
    assert server.grant(server.administrator, server.first)["access_token"]
    server.dispose()
