"""Refresh tokens: reused, raced, stolen, forged, and refreshed by the wrong client."""

from __future__ import annotations

import socket
import time
from http.client import HTTPResponse
from urllib.parse import urlencode, urlsplit

import pytest
from latchkey_server import Caller, Client, LatchkeyServer, User, at_once, basic, error_of, wait_until


class HeldRefresh:
    """A refresh whose headers are sent at once and whose body only when it is completed."""

    def __init__(self, client: Client, refresh_token: str) -> None:
        options = client.authenticated({"grant_type": "refresh_token", "refresh_token": refresh_token})
        self.body = urlencode(options["data"]).encode()
        address = urlsplit(client.server.issuer)
        headers = {"Host": address.netloc, "Content-Type": "application/x-www-form-urlencoded",
                   "Content-Length": str(len(self.body)), "Connection": "close", **options["headers"]}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.socket = socket.create_connection((address.hostname, address.port), timeout=10)
        self.socket.sendall(f"POST {address.path}/oauth2/token HTTP/1.1\r\n{head}\r\n".encode() + self.body[:5])

    def complete(self) -> tuple[int, str]:
        with self.socket:
            self.socket.sendall(self.body[5:])
            answer = HTTPResponse(self.socket)
            answer.begin()
            return answer.status, answer.read().decode()


def test_a_request_that_was_begun_early_is_judged_by_when_it_is_complete(brief: LatchkeyServer, brief_person: User) -> None:
    """RFC 9700 §4.14.2: reuse of a refresh token is seen, whenever the connection was opened that it is sent over."""
    client = brief.first
    tokens = brief.grant(brief_person, client)
    held = HeldRefresh(client, tokens["refresh_token"])
    successor = client.refreshed(tokens["refresh_token"])
    wait_until(int(time.time()) + 2)
    status, text = held.complete()
    assert (status, "invalid_grant" in text) == (400, True), text
    assert error_of(client.refresh(successor["refresh_token"])) == "invalid_grant", "reuse was seen, so the family has ended"


def test_in_strict_mode_a_request_that_was_begun_early_is_reuse_too(strict: LatchkeyServer, strict_person: User) -> None:
    """Contract, Tokens: with no grace window any second use ends the family."""
    client = strict.first
    tokens = strict.grant(strict_person, client)
    held = HeldRefresh(client, tokens["refresh_token"])
    wait_until(int(time.time()) + 1)
    successor = client.refreshed(tokens["refresh_token"])
    status, text = held.complete()
    assert (status, "invalid_grant" in text) == (400, True), text
    assert error_of(client.refresh(successor["refresh_token"])) == "invalid_grant", "reuse was seen, so the family has ended"


def test_fifty_refreshes_at_once_in_strict_mode_give_one_success(strict: LatchkeyServer, strict_person: User) -> None:
    """CVE-2026-1035 (Keycloak): reuse detection that checks, then updates; 50 parallel refreshes, strict: exactly 1 success."""
    client = strict.first
    tokens = strict.grant(strict_person, client)
    callers = [Caller() for _ in range(50)]
    answers = at_once(50, lambda index: client.refresh(tokens["refresh_token"], callers[index]))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 49
    winner = next(answer for answer in answers if answer.status_code == 200).json()
    assert error_of(client.refresh(winner["refresh_token"])) == "invalid_grant", "reuse was seen, so the family has ended"
    assert not strict.is_active(winner["access_token"])


def test_fifty_refreshes_at_once_all_get_the_same_successor(server: LatchkeyServer, person: User) -> None:
    """Issue, Done when: 50 parallel refreshes of one token: all that succeed carry the same successor."""
    client = server.first
    tokens = server.grant(person, client)
    callers = [Caller() for _ in range(50)]
    answers = at_once(50, lambda index: client.refresh(tokens["refresh_token"], callers[index]))
    assert {answer.status_code for answer in answers} == {200}
    successors = {answer.json()["refresh_token"] for answer in answers}
    assert len(successors) == 1
    assert client.refresh(successors.pop()).status_code == 200


def test_many_lines_refresh_at_once(server: LatchkeyServer, person: User) -> None:
    """Storage, write batching: each line rotates on its own, and no answer goes to another."""
    client = server.native
    lines = [server.grant(person, client) for _ in range(8)]
    installations = [server.inspect(line["access_token"])["installation"] for line in lines]

    def walk(index: int) -> str:
        caller, token = Caller(), lines[index]["refresh_token"]
        for _ in range(10):
            answer = client.refresh(token, caller)
            assert answer.status_code == 200, answer.text
            token, access = answer.json()["refresh_token"], answer.json()["access_token"]
        return server.inspect(access)["installation"]

    assert at_once(8, walk) == installations


def test_a_revocation_beats_every_refresh_that_comes_after_it(server: LatchkeyServer, person: User) -> None:
    """Design §9: a revocation is never lost, in a race with refreshes neither."""
    client = server.first
    for _ in range(3):
        tokens = server.grant(person, client)
        callers = [Caller() for _ in range(9)]

        def act(index: int, token: str = tokens["refresh_token"], callers: list[Caller] = callers) -> str | None:
            if index == 0:
                assert client.revoke(token).status_code == 200
                return None
            answer = client.refresh(token, callers[index])
            return answer.json()["refresh_token"] if answer.status_code == 200 else None

        survivors = [token for token in at_once(9, act) if token]
        for token in [tokens["refresh_token"], *survivors]:
            assert error_of(client.refresh(token)) == "invalid_grant"


@pytest.mark.parametrize("credentials", [
    {}, {"client_id": "{id}"}, {"client_id": "{id}", "client_secret": ""}, {"client_id": "{id}", "client_secret": "lks_wrong"},
    {"client_secret": "{secret}"}, {"client_id": "{other}"}])
def test_a_confidential_client_never_passes_without_its_secret(server: LatchkeyServer, person: User, credentials: dict[str, str]) -> None:
    """GHSA-pw9m-5jxm-xr6h (better-auth, critical): the refresh grant did not authenticate confidential clients."""
    client = server.first
    tokens = server.grant(person, client)
    values = {"{id}": client.client_id, "{secret}": client.client_secret or "", "{other}": server.native.client_id}
    form = {name: values.get(value, value) for name, value in credentials.items()}
    answer = server.caller.post(server.issuer + "/oauth2/token", data={
        "grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], **form})
    assert error_of(answer) in ("invalid_client", "invalid_request", "invalid_grant")
    if form.get("client_id") == client.client_id:
        assert (answer.status_code, error_of(answer)) == (401, "invalid_client")
    assert client.refresh(tokens["refresh_token"]).status_code == 200, "the try used the token up"


def test_the_same_for_codes_and_revocation_and_introspection(server: LatchkeyServer, person: User) -> None:
    """GHSA-pw9m-5jxm-xr6h's siblings: every endpoint authenticates the client."""
    client = server.first
    response = server.browser(person).authorize(client.request(), person)
    wrong = {"Authorization": basic(client.client_id, "lks_wrong")}
    form = {"grant_type": "authorization_code", "code": response.code, "redirect_uri": client.redirect_uri,
            "code_verifier": response.request.verifier}
    for path, data in (("/oauth2/token", form), ("/oauth2/revoke", {"token": "x"}), ("/oauth2/introspect", {"token": "x"})):
        for headers in (wrong, {"Authorization": basic(client.client_id, "")}):
            answer = server.caller.post(server.issuer + path, data=data, headers=headers)
            assert (answer.status_code, error_of(answer)) == (401, "invalid_client"), path
    assert client.exchange(response).status_code == 200


def test_a_secret_in_another_case_or_cut_is_wrong(server: LatchkeyServer) -> None:
    """Design §4: secrets are compared whole."""
    client = server.first
    secret = client.client_secret or ""
    for wrong in (secret.swapcase(), secret[:-1], secret + "A", secret + " ", secret + "\x00", secret[:-6], " " + secret):
        answer = server.caller.post(server.issuer + "/oauth2/token", data={"grant_type": "refresh_token", "refresh_token": "x"},
                                    headers={"Authorization": basic(client.client_id, wrong)})
        assert answer.status_code in (400, 401)
        assert error_of(answer) in ("invalid_client", "invalid_request"), wrong


def test_a_refresh_token_is_bound_to_its_client(server: LatchkeyServer, person: User) -> None:
    """RFC 6749 §6, protocol: the refresh token of another client is `invalid_grant`, and stays unused."""
    tokens = server.grant(person, server.first)
    for stranger in (server.rs256, server.native, server.private):
        assert error_of(stranger.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert server.first.refresh(tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_a_token_that_is_changed_anywhere_is_no_token(server: LatchkeyServer, person: User, kind: str) -> None:
    """Protocol, Introspection: a truncated, padded, re-cased or extended token is not that token; design §4: dies at the MAC."""
    client = server.first
    tokens = server.grant(person, client)
    token = tokens[kind]
    changed = [token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1:] for at in range(len(token))]
    changed += [token[:-1], token + "A", token + "=", token.swapcase(), token.upper(), token.lower(), token.replace("_", "-"),
                token + " ", token[:4] + token[4:][::-1], token[4:], token + token]
    caller = Caller()
    for wrong in (each for each in changed if each != token):
        answer = caller.post(server.issuer + "/oauth2/introspect", **server.resource_server.authenticated({"token": wrong}))
        assert answer.json() == {"active": False}, wrong
        if kind == "refresh_token":
            assert error_of(client.refresh(wrong, caller)) == "invalid_grant"
    assert client.refresh(tokens["refresh_token"]).status_code == 200


def test_a_token_of_another_server_is_no_token(server: LatchkeyServer, strict: LatchkeyServer, strict_person: User) -> None:
    """Design §4: keys belong to one installation of Latchkey."""
    tokens = strict.grant(strict_person, strict.first)
    assert not server.is_active(tokens["access_token"])
    assert error_of(server.first.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert server.verify("GET", "/accounts", tokens["access_token"]).status_code == 401


def test_a_replay_after_revocation_stays_dead(server: LatchkeyServer, person: User) -> None:
    """CVE-2026-8922's kind (Keycloak): any of several revocation marks makes inactive, inside the grace window too."""
    client = server.first
    tokens = server.grant(person, client)
    renewed = client.refreshed(tokens["refresh_token"])
    client.revoke(renewed["access_token"])
    client.revoke(renewed["refresh_token"])
    for token in (tokens["refresh_token"], renewed["refresh_token"]):
        assert error_of(client.refresh(token)) == "invalid_grant"
    assert not server.is_active(renewed["access_token"])


def test_an_access_token_outlives_nothing_that_it_stands_on(server: LatchkeyServer, person: User) -> None:
    """Design §5: computed at the moment of the request: family, authorization, user, client: each alone ends it."""
    client = server.first
    tokens = server.grant(person, client)
    own = server.manage("GET", "/authorizations/self", tokens["access_token"]).json()["result"]
    page = server.browser(person).page("/connected-apps")
    page = server.browser(person).page(page.html.link_with(client.name))
    server.browser(person).submit(page, page.html.form_with("installation", own["installation"]))
    assert not server.is_active(tokens["access_token"])
    again = server.grant(person, client)
    assert server.is_active(again["access_token"]) and not server.is_active(tokens["access_token"])
