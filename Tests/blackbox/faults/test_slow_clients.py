"""Clients that take their time, vanish, or ask for more than they fetch (issue 4, Faults): each ends by itself, and nobody else waits."""

from __future__ import annotations

import re
import socket
import struct
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from urllib.parse import urlencode

import pytest
from held_file import held_by_another_process
from latchkey_server import LatchkeyServer, basic, eventually
from raw_http import Wire, open_files, status_of, trickle

POST = "POST /oauth2/token HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n"


def _header_that_never_ends(server: LatchkeyServer) -> None:
    """Slowloris: a byte of header each half second does not move the deadline; 15 s after the first the answer is 408."""
    with Wire(server.issuer) as wire:
        wire.send("GET /health/alive HTTP/1.1\r\nX-Slow: ")
        seconds = trickle(wire, b"a", 0.5, within=60)
        answer = wire.rest()
    assert 13 < seconds < 40, seconds
    assert status_of(answer) == 408 and b"connection: close" in answer.lower(), answer


def _header_that_stops(server: LatchkeyServer) -> None:
    with Wire(server.internal) as wire:
        wire.send("GET /verify/forward-auth HT")
        assert status_of(wire.rest()) == 408


def _body_that_trickles(server: LatchkeyServer) -> None:
    """408 in the endpoint's own form, and the connection ends."""
    with Wire(server.issuer) as wire:
        wire.send(POST + "Content-Length: 1000\r\n\r\n")
        seconds = trickle(wire, b"a", 0.5, within=60)
        answer = wire.rest()
    assert 13 < seconds < 40, seconds
    assert status_of(answer) == 408 and b'"error":"invalid_request"' in answer, answer


def _body_that_nobody_reads(server: LatchkeyServer) -> None:
    """A GET is answered without its body; what trickles in behind holds the connection for 20 s and no longer."""
    with Wire(server.issuer) as wire:
        wire.send("GET /health/alive HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert status_of(wire.answer()) == 200
        seconds = trickle(wire, b"1\r\na\r\n", 0.5, within=60)
        assert not wire.is_open()
    assert 17 < seconds < 45, seconds


def _second_request_that_never_ends(server: LatchkeyServer) -> None:
    """A connection that was used before is no better."""
    with Wire(server.issuer) as wire:
        wire.send("GET /health/alive HTTP/1.1\r\nHost: a\r\n\r\n")
        assert status_of(wire.answer()) == 200
        wire.send("GET /health/alive HTTP/1.1\r\n")
        seconds = trickle(wire, b"a", 0.5, within=60)
        answer = wire.rest()
    assert 13 < seconds < 40, seconds
    assert status_of(answer) == 408


def _header_that_begins_during_an_answer(server: LatchkeyServer) -> None:
    """Nor is one whose next request begins before the last is answered."""
    tokens = server.grant(server.administrator, server.first)
    form = urlencode({"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]})
    credentials = basic(server.first.client_id, server.first.client_secret or "")
    refresh = f"{POST}Authorization: {credentials}\r\nContent-Length: {len(form)}\r\n\r\n{form}"

    def waits() -> bool:
        found = re.search(r"^latchkey_write_queue_depth (\d+)", server.caller.get(server.internal + "/metrics").text, re.MULTILINE)
        return found is not None and int(found[1]) > 0

    with Wire(server.issuer) as first, Wire(server.issuer) as wire:
        with held_by_another_process(server):
            # The first of them is being written, and the second waits for its turn.
            first.send(refresh)
            wire.send(refresh)
            eventually(waits, within=4, every=0.01)
            wire.send("GET /health/alive HTTP/1.1\r\nX-Slow: ")
        assert status_of(wire.answer()) == 200
        answered = time.monotonic()
        assert status_of(wire.rest()) == 408
    assert time.monotonic() - answered < 40


def _answers_that_are_not_fetched(server: LatchkeyServer) -> None:
    """A flood of pipelined requests without reading an answer: the server stops reading, and after 30 s it stops waiting."""
    assert server.process is not None
    with Wire(server.issuer, timeout=2) as wire:
        wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        flood = b"GET /.well-known/openid-configuration HTTP/1.1\r\nHost: a\r\n\r\n" * 100

        def is_refused() -> bool:
            try:
                wire.socket.sendall(flood)
            except TimeoutError:
                return False
            except OSError:
                return True
            return False

        eventually(is_refused, within=150, every=0)


SLOW: list[Callable[[LatchkeyServer], None]] = [
    _header_that_never_ends, _header_that_stops, _body_that_trickles, _body_that_nobody_reads, _second_request_that_never_ends,
    _header_that_begins_during_an_answer, _answers_that_are_not_fetched,
]


def test_whoever_takes_too_long_is_ended_and_nobody_else_waits(server: LatchkeyServer) -> None:
    """All at once, since each takes its deadline; meanwhile others are answered at once."""
    with ThreadPoolExecutor(len(SLOW)) as pool:
        running = [pool.submit(each, server) for each in SLOW]
        while not all(each.done() for each in running):
            assert server.caller.get(server.issuer + "/health/alive", timeout=20).status_code == 200
            assert server.inspect("lka_unknown") == {"active": False}
            wait(running, timeout=0.5)
    for each in running:
        each.result()


@pytest.mark.parametrize("moment", ["GET /health/alive HTTP/1.1\r\nHo", POST + "Content-Length: 10\r\n\r\nab", ""])
def test_a_peer_that_vanishes_leaves_nothing_behind(own: LatchkeyServer, moment: str) -> None:
    """A reset in the middle of a header, of a body, or between requests, a hundred times: nothing stays open."""
    before = open_files(own)
    for _ in range(100):
        with Wire(own.issuer) as wire:
            wire.send(moment)
            wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    eventually(lambda: open_files(own) <= before + 2, within=20)
    assert own.caller.get(own.issuer + "/health/alive").status_code == 200


def test_a_half_closed_connection_still_gets_its_answer(server: LatchkeyServer) -> None:
    """A client that says that it sends no more is answered all the same, and the connection ends."""
    with Wire(server.issuer) as wire:
        wire.send("GET /health/alive HTTP/1.1\r\nHost: a\r\n\r\n")
        wire.socket.shutdown(socket.SHUT_WR)
        assert status_of(wire.rest()) == 200


def test_a_large_answer_goes_to_whoever_reads_slowly_but_reads(server: LatchkeyServer) -> None:
    """Backpressure is no fault: four hundred documents asked for at once and fetched a little at a time all arrive whole."""
    with Wire(server.issuer) as wire:
        wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        wire.send(b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: a\r\n\r\n" * 399
            + b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answers = wire.rest()
    assert answers.count(b"HTTP/1.1 200 OK") == 400 and answers.count(b'"keys":[') == 400
