"""How `latchkey demo` starts, what it prints, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from latchkey_server import LatchkeyServer, eventually, quickest

MEMBERS = {
    "issuer", "management", "internal", "api", "app", "catalogue", "pages", "accounts", "users", "clients", "resource_server", "api_tokens",
}
CLIENT_MEMBERS = {
    "client_id", "client_secret", "client_name", "account_id", "visibility", "token_endpoint_auth_method", "grant_types",
    "redirect_uris", "post_logout_redirect_uris", "scopes", "optional_scopes", "id_token_signed_response_alg",
}


def test_the_line_has_every_member(server: LatchkeyServer) -> None:
    """Contract, Start: one line with these members."""
    line = server.line
    assert MEMBERS <= set(line)
    assert set(line["pages"]) == {"connected_apps", "sessions", "sign_out"}
    assert all(set(account) == {"id", "name"} for account in line["accounts"])
    assert all(set(user) == {"email", "password", "memberships"} for user in line["users"])
    assert all(set(each) == {"account_id", "role"} for user in line["users"] for each in user["memberships"])
    assert all(set(client) == CLIENT_MEMBERS for client in line["clients"])
    assert set(line["resource_server"]) == {"client_id", "client_secret"}
    assert all(set(token) == {"user", "value"} for token in line["api_tokens"])


def test_everything_is_on_the_ipv4_loopback_address(server: LatchkeyServer) -> None:
    """Contract, Start: everything binds 127.0.0.1; the issuer has no trailing slash."""
    for member in ("issuer", "internal", "api", "app"):
        url = urlsplit(server.line[member])
        assert (url.scheme, url.hostname, url.path) == ("http", "127.0.0.1", ""), member
    assert server.management.startswith(server.issuer + "/api/v4")
    assert all(page.startswith(server.issuer + "/") for page in server.line["pages"].values())


def test_nothing_answers_on_another_address(server: LatchkeyServer) -> None:
    """Contract, Start: everything binds 127.0.0.1, so 127.0.0.2 refuses."""
    for member in ("issuer", "internal", "api", "app"):
        with socket.socket() as connection:
            connection.settimeout(2)
            assert connection.connect_ex(("127.0.0.2", urlsplit(server.line[member]).port)) != 0, member


def test_the_accounts_users_and_clients_are_those_promised(server: LatchkeyServer) -> None:
    """Contract, Start: at least two accounts, three users of these kinds, and these clients."""
    line, (first, second) = server.line, server.accounts[:2]
    assert len(line["accounts"]) >= 2 and len(line["users"]) >= 3
    assert server.administrator.accounts[0] == first
    assert {first, second} <= set(server.member_of_both.accounts)
    assert server.limited.accounts == (first,)
    confidential = line["clients"][0]
    assert (confidential["account_id"], confidential["visibility"]) == (first, "public") and confidential["client_secret"]
    private = server.private
    assert private.account_id == second and private.client_secret
    assert any(second not in {each["account_id"] for each in user["memberships"]} for user in line["users"])
    native = server.native
    assert native.client_secret is None and native.redirect_uri == "http://127.0.0.1/callback"
    assert server.rs256.signing_algorithm == "RS256"
    for client in line["clients"]:
        assert len(client["scopes"]) >= 3 and len(client["optional_scopes"]) >= 2, client["client_name"]
        assert set(client["optional_scopes"]) <= set(client["scopes"])


def test_the_ports_follow_each_other(own: LatchkeyServer) -> None:
    """Contract, Start: N is the public listener; the internal one, the API and the app take N+1, N+2, N+3."""
    base = own.port
    ports = [urlsplit(own.line[member]).port for member in ("issuer", "internal", "api", "app")]
    assert ports == [base, base + 1, base + 2, base + 3]


def test_started_again_it_prints_the_same_line_and_keeps_what_was_issued(own: LatchkeyServer) -> None:
    """Contract, Start: the same line on the same DIR; everything issued before keeps working, keys and sessions included."""
    user = own.administrator
    tokens = own.grant(user, own.first, [*own.first.scopes, "openid"])
    response = own.browser(user).authorize(own.first.request(own.first.scopes), user)
    keys = own.caller.get(own.issuer + "/.well-known/jwks.json").json()
    assert own.stop() == 0
    own.start()
    assert own.lines[0] == own.lines[1]
    assert own.caller.get(own.issuer + "/.well-known/jwks.json").json() == keys
    assert own.is_active(tokens["access_token"])
    assert own.userinfo(tokens["access_token"]).status_code == 200
    assert own.first.refresh(tokens["refresh_token"]).status_code == 200
    assert own.first.exchange(response).status_code == 200
    assert own.browser(user).page("/connected-apps").html.link_with(own.first.name)
    assert own.manage("GET", "/user/authorizations", own.api_token(user)).status_code == 200


def test_with_port_zero_too_it_prints_the_same_line_again() -> None:
    """Contract, Start: started again on the same DIR it prints the same line; the first client's redirect URI depends on it."""
    server = LatchkeyServer(port=0).start()
    try:
        server.stop()
        server.start()
        assert server.lines[0] == server.lines[1]
    finally:
        server.dispose()


def test_nobody_gets_the_ports_that_it_picked_before_it_listens() -> None:
    def is_free(port: int) -> bool:
        with socket.socket() as taker:
            try:
                taker.bind(("127.0.0.1", port))
            except OSError:
                return False
            return True

    server = LatchkeyServer(port=0)
    state = server.data / "demo.json"
    seen: list[bool] = []
    try:
        with ThreadPoolExecutor(1) as pool:
            started = pool.submit(server.start)
            ports = eventually(lambda: json.loads(state.read_text())["ports"] if state.exists() else None, within=20, every=0.001)

            def is_there() -> bool:
                assert not [port for port in ports if is_free(port)]
                seen.append(started.done())
                return seen[-1]

            eventually(is_there, within=30, every=0.002)
        assert False in seen, "it listened before anybody looked"
        assert urlsplit(started.result().issuer).port == ports[0]
    finally:
        server.dispose()


def test_the_demo_file_is_for_its_owner_alone(server: LatchkeyServer) -> None:
    """Contract, Start: DIR/demo.json has mode 0600."""
    assert stat.S_IMODE(os.stat(server.data / "demo.json").st_mode) == 0o600


def test_it_is_ready_within_ten_seconds() -> None:
    """Contract, Start: ready within 10 s, the very first start included."""
    def starting() -> float:
        server = LatchkeyServer()
        began = time.monotonic()
        server.start()
        try:
            seconds = time.monotonic() - began
            assert server.caller.get(server.issuer + "/health/ready").status_code == 200
            assert server.caller.get(server.internal + "/health/alive").status_code == 200
        finally:
            server.dispose()
        return seconds

    quickest(starting, at_most=10)


def stopped(server: LatchkeyServer) -> float:
    """The seconds that it took from SIGTERM to exit code 0."""
    began = time.monotonic()
    assert server.stop(signal.SIGTERM) == 0
    return time.monotonic() - began


def test_sigterm_ends_it_with_connections_open(own: LatchkeyServer) -> None:
    """Contract, Start: SIGTERM ends it in at most 5 s with exit code 0, open connections included."""
    def stopping() -> float:
        if own.process is None:
            own.start()
        members = ("issuer", "internal", "api", "app")
        idle = [socket.create_connection(("127.0.0.1", urlsplit(own.line[member]).port)) for member in members]
        half = socket.create_connection(("127.0.0.1", urlsplit(own.issuer).port))
        half.sendall(
            b"POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\ngrant")
        kept = own.caller.get(own.issuer + "/health/alive")
        assert kept.status_code == 200
        seconds = stopped(own)
        for connection in [*idle, half]:
            connection.close()
        return seconds

    quickest(stopping, at_most=5)


def test_sigterm_in_the_middle_of_work_ends_it_cleanly(own: LatchkeyServer) -> None:
    """Contract, Start: SIGTERM under load, too, is exit code 0 in at most 5 s."""
    def stopping() -> float:
        if own.process is None:
            own.start()
        answered: list[int] = []

        def ask(_: int) -> None:
            for _ in range(2000):
                try:
                    answered.append(own.caller.get(own.issuer + "/.well-known/jwks.json", timeout=20).status_code)
                except OSError:
                    return

        with ThreadPoolExecutor(4) as pool:
            work = [pool.submit(ask, index) for index in range(4)]
            eventually(lambda: len(answered) > 100)
            seconds = stopped(own)
            assert all(each.result() is None for each in work)
        return seconds

    quickest(stopping, at_most=5)


def test_after_kill_it_starts_on_the_same_directory_and_port(own: LatchkeyServer) -> None:
    """Contract, Start: kill -9 leaves nothing that hinders the next start on the same DIR and port."""
    tokens = own.grant(own.administrator, own.first)
    for _ in range(2):
        own.kill()
        own.start()
    assert own.lines[0] == own.lines[1] == own.lines[2]
    assert own.is_active(tokens["access_token"])


def test_when_it_says_ready_the_catalogue_is_in_force(shared_document: Path) -> None:
    """Contract, Start: the line comes "when ready"; the first request after it finds every scope and operation."""
    server = LatchkeyServer("--catalogue", str(shared_document)).start()
    try:
        assert server.manage("GET", "/oauth/scopes", server.api_token(server.administrator)).json()["result"]
    finally:
        server.dispose()


def test_the_large_catalogue_is_asked_for_by_two_clients(large: LatchkeyServer) -> None:
    """Contract, Start: with --catalogue the first and the native client may ask for every scope, all optional but the first in order."""
    listed = large.manage("GET", "/oauth/scopes", large.api_token(large.administrator)).json()["result"]
    protocol = {"openid", "profile", "email", "offline_access"}
    labels = sorted({scope["id"] for scope in listed} - protocol)
    for client in (large.first, large.native):
        assert sorted(client.scopes) == labels
        assert sorted(client.optional_scopes) == labels[1:]


def test_the_catalogue_in_force_is_where_the_line_says(server: LatchkeyServer) -> None:
    """Contract, Start: `catalogue` is the OpenAPI document in force."""
    place = server.line["catalogue"]
    text = server.caller.get(place).text if place.startswith("http") else open(place, encoding="utf-8").read()
    assert '"openapi"' in text and '"paths"' in text


@pytest.mark.parametrize("arguments", [
    ["demo", "--no-such-option"], ["no-such-command"], ["demo", "--port", "twelve"], ["demo", "--dns-server", "localhost:53"],
    ["demo", "--dns-server", "127.0.0.1"], ["demo", "--proof-interval", "0"],
])
def test_wrong_usage_is_exit_code_two(server: LatchkeyServer, arguments: list[str]) -> None:
    """Contract, Start: exit code 2 is usage."""
    assert server.command(*arguments).returncode == 2

