"""Requests without measure (issue 4, Faults): refused with the right status, and the connection ends."""

from __future__ import annotations

import itertools

import pytest
from latchkey_server import LatchkeyServer
from raw_http import Wire, resident_mebibytes, status_of

FORM = "Content-Type: application/x-www-form-urlencoded\r\n"
CHUNK = b"4000\r\n" + b"a" * 0x4000 + b"\r\n"


def sent_until_refused(wire: Wire, pieces: itertools.repeat[bytes] | list[bytes], most: int = 10_000) -> int:
    """How many bytes went before the peer closed."""
    sent = 0
    for piece in itertools.islice(pieces, most):
        try:
            wire.send(piece)
        except OSError:
            break
        sent += len(piece)
    return sent


@pytest.mark.parametrize("path", ["/oauth2/token", "/oauth2/introspect", "/login", "/api/v4/user/tokens", "/no/such/page"])
def test_a_chunked_body_without_an_end_is_cut_off(server: LatchkeyServer, path: str) -> None:
    """No length says how large it is, so it is counted as it comes. 413, and what comes after is not read for ever."""
    before = resident_mebibytes(server)
    with Wire(server.issuer) as wire:
        wire.send(f"POST {path} HTTP/1.1\r\nHost: a\r\n{FORM}Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(8):
            wire.send(CHUNK)
        answer = wire.answer()
        assert status_of(answer) == (404 if path.startswith("/no") else 413), answer[:200]
        if status_of(answer) == 413:
            assert b"connection: close" in answer.lower()
            sent_until_refused(wire, itertools.repeat(CHUNK))
            assert wire.rest() == b""
    assert resident_mebibytes(server) - before < 24


def test_a_body_that_is_announced_too_large_is_not_waited_for(server: LatchkeyServer) -> None:
    with Wire(server.issuer, timeout=10) as wire:
        wire.send(f"POST /oauth2/token HTTP/1.1\r\nHost: a\r\n{FORM}Content-Length: 1000000000000\r\n\r\n")
        assert status_of(wire.answer()) == 413
        assert wire.rest() == b""


def test_a_refusal_arrives_although_its_body_is_still_being_sent(server: LatchkeyServer) -> None:
    """Most programs send all before they look: a body that ends soon is skipped, a longer one is cut off so that they still find the
    answer."""
    with Wire(server.issuer) as wire:
        wire.send(f"POST /oauth2/token HTTP/1.1\r\nHost: a\r\n{FORM}Content-Length: 300000\r\n\r\n")
        wire.send(b"a" * 300_000)
        assert status_of(wire.answer()) == 413
        wire.send(f"POST /oauth2/token HTTP/1.1\r\nHost: a\r\n{FORM}Content-Length: 1500000\r\n\r\n")
        wire.send(b"a" * 1_500_000)
        assert status_of(wire.rest()) == 413


@pytest.mark.parametrize(
    ("field", "status"), [("X-Long: " + "a" * 70_000, 431), ("X-Long: " + "a" * 400_000, 400), ("\r\n".join(
        f"X-{number}: " + "a" * 1000 for number in range(70)), 431), ("\r\n".join(f"X-{number}: a" for number in range(1500)), 400)])
def test_headers_without_measure_are_refused(server: LatchkeyServer, field: str, status: int) -> None:
    """In the endpoint's own form up to 1 MiB; past that the parser ends the connection (contract: an empty body will do)."""
    with Wire(server.issuer) as wire:
        sent_until_refused(wire, [f"GET /oauth2/userinfo HTTP/1.1\r\nHost: a\r\n{field}\r\n\r\n".encode()])
        assert status_of(wire.answer()) == status


def test_a_header_that_goes_on_for_ever_is_cut_off(server: LatchkeyServer) -> None:
    before = resident_mebibytes(server)
    with Wire(server.issuer) as wire:
        wire.send("GET /health/alive HTTP/1.1\r\nX-Long: ")
        sent = sent_until_refused(wire, itertools.repeat(b"a" * 65_536))
    assert sent < 32 * 1024 * 1024
    assert resident_mebibytes(server) - before < 24


def test_a_flood_of_requests_on_one_connection_is_answered_in_order(server: LatchkeyServer) -> None:
    """Pipelined (RFC 9112 §9.3.2): thousands at once, each with its own answer, none lost and none overtaken."""
    paths = ["/health/alive", "/no/such/page", "/.well-known/openid-configuration"] * 1000
    statuses = {"/health/alive": 200, "/no/such/page": 404, "/.well-known/openid-configuration": 200}
    before = resident_mebibytes(server)
    with Wire(server.issuer) as wire:
        last = paths.pop()
        wire.send("".join(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n" for path in paths))
        wire.send(f"GET {last} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answers = [part for part in wire.rest().split(b"HTTP/1.1 ") if part]
    assert [int(answer[:3]) for answer in answers] == [statuses[path] for path in [*paths, last]]
    assert resident_mebibytes(server) - before < 48


@pytest.mark.parametrize("bytes_", [b"\x16\x03\x01\x02\x00\x01\x00", b"\0" * 100, b"HELO a\r\n\r\n", b"GET\r\n\r\n", b"\r\n" * 50 + b"x y\r\n"])
def test_what_is_not_http_ends_the_connection(server: LatchkeyServer, bytes_: bytes) -> None:
    with Wire(server.issuer, timeout=25) as wire:
        sent_until_refused(wire, [bytes_])
        assert status_of(wire.rest()) in (0, 400, 408)
    assert server.caller.get(server.issuer + "/health/alive").status_code == 200
