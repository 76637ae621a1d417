"""A request that arrives in one piece may be answered by its connection, one in several pieces is not: no answer may tell which."""

from __future__ import annotations

import calendar
import json
import re
import socket
import struct
import time
from collections.abc import Iterator
from urllib.parse import urlencode, urlsplit

import pytest
from latchkey_server import LatchkeyServer, basic, eventually, quickest

# What differs between two answers to the same request.
VARYING = {"x-request-id", "date"}


class Connection:
    """One kept-alive connection, read and written byte by byte."""

    def __init__(self, origin: str) -> None:
        parts = urlsplit(origin)
        self.host = parts.netloc
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.left = b""

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self, has_body: bool = True) -> tuple[int, dict[str, str], bytes]:
        while b"\r\n\r\n" not in self.left:
            self._more()
        head, self.left = self.left.split(b"\r\n\r\n", 1)
        lines = head.decode("ascii").split("\r\n")
        fields = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
        assert len(fields) == len(lines) - 1, f"a field stands twice in {lines}"
        length = int(fields["content-length"]) if has_body else 0
        while len(self.left) < length:
            self._more()
        body, self.left = self.left[:length], self.left[length:]
        return int(lines[0].split(" ")[1]), fields, body

    def is_closed(self) -> bool:
        return self.left == b"" and self.socket.recv(1) == b""

    def _more(self) -> None:
        data = self.socket.recv(65536)
        assert data, f"the connection was closed after {self.left!r}"
        self.left += data

    def close(self) -> None:
        self.socket.close()


@pytest.fixture(scope="module")
def token(server: LatchkeyServer) -> str:
    return server.grant(server.administrator, server.first)["access_token"]


@pytest.fixture
def public(server: LatchkeyServer) -> Iterator[Connection]:
    connection = Connection(server.issuer)
    yield connection
    connection.close()


@pytest.fixture
def inner(server: LatchkeyServer) -> Iterator[Connection]:
    connection = Connection(server.internal)
    yield connection
    connection.close()


def request(method: str, path: str, fields: dict[str, str] | None = None, body: str | None = None, version: str = "1.1") -> bytes:
    lines = [f"{method} {path} HTTP/{version}", "Host: localhost", *(f"{name}: {value}" for name, value in (fields or {}).items())]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n" + (body or "")).encode()


def introspection(server: LatchkeyServer, token: str, secret: str | None = None, **changes: str) -> bytes:
    owner = server.resource_server
    fields = {
        "Authorization": basic(owner.client_id, secret or owner.client_secret or ""), "Content-Type": "application/x-www-form-urlencoded",
        **changes}
    return request("POST", "/oauth2/introspect", fields, urlencode({"token": token}))


def check(server: LatchkeyServer, token: str | None, method: str = "GET", path: str | None = None) -> bytes:
    asked = {"X-Forwarded-Method": method, "X-Forwarded-Uri": path or f"/accounts/{server.accounts[0]}/zones"}
    return request("GET", "/verify/forward-auth", {**asked, **({"Authorization": f"Bearer {token}"} if token else {})})


def in_two(connection: Connection, data: bytes, path: str) -> None:
    """The second part leaves when the first has been read: the answer to the request in front of it shows that."""
    middle = len(data) - 3
    connection.send(request("GET", path) + data[:middle])
    connection.answer()
    connection.send(data[middle:])


def without_varying(answer: tuple[int, dict[str, str], bytes]) -> tuple[int, dict[str, str], bytes]:
    status, fields, body = answer
    return status, {name: value for name, value in fields.items() if name not in VARYING}, body


def cases(server: LatchkeyServer, token: str) -> dict[str, tuple[str, bytes]]:
    long = "x" * 70_000
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return {
        "introspection": ("public", introspection(server, token)),
        "introspection of nothing of ours": ("public", introspection(server, "lka_forged")),
        "introspection with a wrong secret": ("public", introspection(server, token, secret="wrong")),
        "introspection without a client": ("public", request("POST", "/oauth2/introspect", form, "token=x")),
        "introspection without a token": ("public", introspection(server, "")),
        "introspection of another media type": ("public", introspection(server, token, **{"Content-Type": "text/plain"})),
        "introspection with a body too large": ("public", introspection(server, long)),
        "metadata": ("public", request("GET", "/.well-known/oauth-authorization-server")),
        "keys": ("public", request("GET", "/.well-known/jwks.json")),
        "the wrong method": ("public", request("GET", "/oauth2/introspect")),
        "verify": ("inner", check(server, token)),
        "verify without a token": ("inner", check(server, None)),
        "verify of nothing of ours": ("inner", check(server, "lka_forged")),
        "verify of another account": ("inner", check(server, token, path=f"/accounts/{server.accounts[1]}/zones")),
        "verify of an unknown operation": ("inner", check(server, token, path="/no/such/thing")),
        "verify without a form": ("inner", request("GET", "/verify/forward-auth", {"Authorization": f"Bearer {token}"})),
    }


def test_every_answer_is_the_same_in_one_piece_and_in_two(
    server: LatchkeyServer, token: str, public: Connection, inner: Connection
) -> None:
    connections = {"public": public, "inner": inner}
    for name, (place, data) in cases(server, token).items():
        connection = connections[place]
        answers = []
        # Twice in one piece: the first may find nothing in memory yet.
        for _ in range(2):
            connection.send(data)
            answers.append(without_varying(connection.answer()))
        in_two(connection, data, "/.well-known/jwks.json" if place == "public" else "/verify/forward-auth")
        answers.append(without_varying(connection.answer()))
        assert answers[0] == answers[1] == answers[2], name


def test_dates_and_ids(server: LatchkeyServer, token: str, public: Connection) -> None:
    """RFC 9110 §6.6.1; the id is what the log calls the request."""
    seen = set()
    for _ in range(5):
        public.send(introspection(server, token))
        _, fields, _ = public.answer()
        assert re.fullmatch(r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT", fields["date"])
        assert abs(calendar.timegm(time.strptime(fields["date"], "%a, %d %b %Y %H:%M:%S GMT")) - time.time()) < 5
        seen.add(fields["x-request-id"])
    assert len(seen) == 5
    assert all(each in server.log() for each in seen)


def test_pipelined_requests_are_answered_in_order(server: LatchkeyServer, token: str, public: Connection) -> None:
    """RFC 9112 §9.3.2: also where some are answered by the connection and some by a task behind it."""
    asked: list[tuple[bytes, int]] = []
    for _ in range(10):
        asked += [
            (introspection(server, token), 200), (request("GET", "/no/such/page"), 404),
            (request("GET", "/.well-known/jwks.json"), 200), (introspection(server, token, secret="wrong"), 401),
            (request("GET", "/health/alive"), 200), (request("POST", "/oauth2/token", {}, "x=y"), 415),
        ]
    public.send(b"".join(data for data, _ in asked))
    assert [public.answer()[0] for _ in asked] == [status for _, status in asked]


def refreshing(server: LatchkeyServer, refresh_token: str) -> bytes:
    client = server.first
    fields = {"Authorization": basic(client.client_id, client.client_secret or ""), "Content-Type": "application/x-www-form-urlencoded"}
    return request("POST", "/oauth2/token", fields, urlencode({"grant_type": "refresh_token", "refresh_token": refresh_token}))


@pytest.mark.parametrize("piece", [1_000_000, 150, 7], ids=["at once", "bit by bit", "byte by byte"])
def test_what_arrives_while_an_answer_waits_for_its_commit_is_answered_after_it(
    server: LatchkeyServer, public: Connection, piece: int
) -> None:
    issued = [server.grant(server.administrator, server.first) for _ in range(3)]
    parts, statuses = [], []
    for tokens in issued:
        parts += [
            refreshing(server, tokens["refresh_token"]), introspection(server, tokens["access_token"]), refreshing(server, "lkr_forged"),
            request("GET", "/health/alive"), refreshing(server, tokens["refresh_token"]), request("GET", "/.well-known/jwks.json")]
        statuses += [200, 200, 400, 200, 200, 200]
    data = b"".join(parts)
    for start in range(0, len(data), piece):
        public.send(data[start : start + piece])
    answers = [public.answer() for _ in parts]
    assert [answer[0] for answer in answers] == statuses
    for index in range(len(issued)):
        first, again = (json.loads(answers[6 * index + place][2]) for place in (0, 4))
        assert first["refresh_token"] == again["refresh_token"], "a repetition inside the grace window gets the same successor"


def test_whoever_has_nothing_more_to_say_is_answered(server: LatchkeyServer) -> None:
    """A half-closed connection: the answer is still owed."""
    tokens = server.grant(server.administrator, server.first)
    for data, expected in (
        (refreshing(server, tokens["refresh_token"]), 200), (introspection(server, tokens["access_token"]), 200),
        (request("GET", "/.well-known/jwks.json"), 200)):
        connection = Connection(server.issuer)
        connection.send(data)
        connection.socket.shutdown(socket.SHUT_WR)
        assert connection.answer()[0] == expected
        assert connection.is_closed()
        connection.close()


def test_whoever_hangs_up_before_the_answer_hinders_nobody(server: LatchkeyServer) -> None:
    tokens = server.grant(server.administrator, server.first)
    for _ in range(20):
        connection = Connection(server.issuer)
        connection.send(refreshing(server, tokens["refresh_token"]) * 3)
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()
    assert server.first.refresh(tokens["refresh_token"]).status_code == 200


def test_whoever_reads_no_answers_does_not_fill_the_memory(server: LatchkeyServer, public: Connection) -> None:
    """The connection stops to be read, so that the sender cannot go on for ever."""
    public.socket.settimeout(2)
    data = request("GET", "/.well-known/oauth-authorization-server") * 100
    sent = 0
    with pytest.raises(TimeoutError):
        while sent < 400 * 1024 * 1024:
            sent += public.socket.send(data)
    assert server.inspect("anything") == {"active": False}


def test_head_has_the_fields_of_get_and_nothing_behind_them(public: Connection) -> None:
    """RFC 9110 §9.3.2."""
    for path in ("/.well-known/jwks.json", "/.well-known/oauth-authorization-server"):
        public.send(request("GET", path))
        got = without_varying(public.answer())
        public.send(request("HEAD", path))
        assert without_varying(public.answer(has_body=False))[:2] == got[:2]


def test_a_connection_that_is_to_close_closes(server: LatchkeyServer, token: str) -> None:
    for data in (introspection(server, token, Connection="close"), request("GET", "/.well-known/jwks.json", {"Connection": "close"})):
        connection = Connection(server.issuer)
        connection.send(data)
        assert connection.answer()[0] == 200 and connection.is_closed()
        connection.close()


def test_a_body_in_chunks_is_read(server: LatchkeyServer, token: str, public: Connection) -> None:
    body = urlencode({"token": token}).encode()
    fields = {
        "Authorization": basic(server.resource_server.client_id, server.resource_server.client_secret or ""),
        "Content-Type": "application/x-www-form-urlencoded", "Transfer-Encoding": "chunked"}
    public.send(request("POST", "/oauth2/introspect", fields) + f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n")
    status, _, answer = public.answer()
    assert status == 200 and b'"active":true' in answer


def test_a_body_that_a_gateway_sends_along_is_skipped(server: LatchkeyServer, token: str, inner: Connection) -> None:
    fields = {"Authorization": f"Bearer {token}", "X-Forwarded-Method": "GET", "X-Forwarded-Uri": f"/accounts/{server.accounts[0]}/zones"}
    inner.send(request("GET", "/verify/forward-auth", fields, "0123456789") + check(server, token))
    assert [inner.answer()[0] for _ in range(2)] == [200, 200]


def test_what_ends_is_refused_at_the_next_request_of_the_same_connection(
    server: LatchkeyServer, public: Connection, inner: Connection
) -> None:
    issued = server.grant(server.administrator, server.first)
    access = issued["access_token"]
    for _ in range(3):
        public.send(introspection(server, access))
        assert b'"active":true' in public.answer()[2]
        inner.send(check(server, access))
        assert inner.answer()[0] == 200
    assert server.first.revoke(issued["refresh_token"]).status_code == 200
    public.send(introspection(server, access))
    assert public.answer()[2] == b'{"active":false}'
    inner.send(check(server, access))
    assert inner.answer()[0] == 401


def test_a_suspended_client_is_refused_on_connections_that_stand(server: LatchkeyServer, public: Connection, inner: Connection) -> None:
    """Contract, Start: what an operator changes is effective within a second."""
    client = server.new_client("Suspended soon")
    access = server.grant(server.administrator, client)["access_token"]
    public.send(introspection(server, access))
    assert b'"active":true' in public.answer()[2]
    server.operate("client", "suspend", client.client_id)

    def is_refused() -> bool:
        public.send(introspection(server, access))
        inner.send(check(server, access))
        return public.answer()[2] == b'{"active":false}' and inner.answer()[0] == 401

    eventually(is_refused)


def test_a_stop_ends_connections_that_were_only_asked_at_once() -> None:
    """Contract, Start: SIGTERM ends it in at most five seconds, open connections included."""
    server = LatchkeyServer()

    def stopping() -> float:
        server.start()
        connection = Connection(server.issuer)
        connection.send(request("GET", "/.well-known/jwks.json"))
        assert connection.answer()[0] == 200
        began = time.monotonic()
        assert server.stop() == 0
        seconds = time.monotonic() - began
        assert connection.is_closed()
        connection.close()
        return seconds

    try:
        quickest(stopping, at_most=5)
    finally:
        server.dispose()
