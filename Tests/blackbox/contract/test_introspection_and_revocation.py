"""RFC 7662 and RFC 7009 with what the contract adds to them."""

from __future__ import annotations

import pytest
from latchkey_server import LatchkeyServer, User, basic

HINTS = [None, "access_token", "refresh_token", "no_such_hint"]


@pytest.fixture(scope="module")
def tokens(server: LatchkeyServer) -> dict[str, str]:
    """A standing grant of the administrator, which no test of this file ends."""
    return server.grant(server.administrator, server.first, [*server.first.scopes, "openid"])


# MARK: Introspection


def test_an_active_access_token_says_everything(server: LatchkeyServer, tokens: dict[str, str]) -> None:
    """Protocol, Introspection: the members of an active answer; contract: `authorization_details` and `installation`."""
    claims = server.inspect(tokens["access_token"])
    assert claims["active"] is True
    assert {"scope", "client_id", "sub", "exp", "iat", "aud", "iss", "jti", "token_type"} <= set(claims)
    assert claims["client_id"] == server.first.client_id and claims["iss"] == server.issuer
    assert claims["username"] == server.administrator.email
    assert set(claims["scope"].split()) >= set(server.first.scopes)
    assert claims["authorization_details"] == [{"type": "account", "identifier": server.accounts[0]}]
    own = server.manage("GET", "/authorizations/self", tokens["access_token"]).json()["result"]
    assert claims["installation"] in {each["id"] for each in own["installations"]}


def test_introspection_is_never_kept(server: LatchkeyServer, tokens: dict[str, str]) -> None:
    """RFC 7662 §4: an answer about a token is not cached."""
    answer = server.resource_server.introspect(tokens["access_token"])
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"].startswith("application/json")


def test_a_refresh_token_is_introspected_as_one(server: LatchkeyServer, tokens: dict[str, str]) -> None:
    """RFC 7662 §2.2; a resource server must not take it for an access token."""
    claims = server.first.introspect(tokens["refresh_token"]).json()
    if claims["active"]:
        assert claims.get("token_type", "").lower() != "bearer"


@pytest.mark.parametrize("hint", HINTS)
def test_a_wrong_hint_hides_nothing(server: LatchkeyServer, tokens: dict[str, str], hint: str | None) -> None:
    """RFC 7662 §2.1: the hint is an optimization."""
    parameters = {"token_type_hint": hint} if hint else {}
    assert server.resource_server.introspect(tokens["access_token"], **parameters).json()["active"] is True


def test_a_client_sees_its_own_tokens_alone(server: LatchkeyServer, tokens: dict[str, str]) -> None:
    """Contract, Introspection: a client sees its own tokens; the resource server's client sees all; else `active: false`."""
    assert server.first.introspect(tokens["access_token"]).json()["active"] is True
    for stranger in (server.rs256, server.private):
        assert stranger.introspect(tokens["access_token"]).json() == {"active": False}
        assert stranger.introspect(tokens["refresh_token"]).json() == {"active": False}


def test_without_credentials_it_is_401(server: LatchkeyServer, tokens: dict[str, str]) -> None:
    """Contract, Introspection: no credentials 401 (RFC 7662 §2.1)."""
    token = {"token": tokens["access_token"]}
    url = server.issuer + "/oauth2/introspect"
    none = server.caller.post(url, data=token)
    assert none.status_code == 401 and none.json()["error"] == "invalid_client"
    public = server.native.introspect(tokens["access_token"])
    assert public.status_code == 401 or public.json() == {"active": False}, "a public client proves nothing"
    wrong = server.caller.post(url, data=token, headers={"Authorization": basic(server.first.client_id, "lks_wrong")})
    assert wrong.status_code == 401 and "Basic" in wrong.headers["WWW-Authenticate"]


@pytest.mark.parametrize("token", ["", "x", "lka_", "lka_" + "0" * 80, "a.b.c", "\u00e9" * 10, "x" * 5000])
def test_whatever_is_no_token_is_inactive_and_nothing_else(server: LatchkeyServer, token: str) -> None:
    """RFC 7662 §2.2: `active: false` carries nothing else; design §9: never a 500 for bad input."""
    answer = server.resource_server.introspect(token)
    if token:
        assert (answer.status_code, answer.json()) == (200, {"active": False})
    else:
        assert answer.status_code == 400 and answer.json()["error"] == "invalid_request"


def test_a_control_character_in_a_token_is_bad_input(server: LatchkeyServer) -> None:
    """Design §9: never a 500 for bad input."""
    answer = server.resource_server.introspect("lka_\x00")
    assert answer.status_code == 400 or answer.json() == {"active": False}


def test_a_missing_or_repeated_token_is_invalid_request(server: LatchkeyServer, tokens: dict[str, str]) -> None:
    """RFC 7662 §2.1: token is required; protocol: a parameter given twice is `invalid_request`."""
    for form in ([("token_type_hint", "access_token")], [("token", tokens["access_token"]), ("token", tokens["access_token"])]):
        answer = server.resource_server.post("/oauth2/introspect", form)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_introspection_is_a_pure_read(server: LatchkeyServer, tokens: dict[str, str]) -> None:
    """Protocol, Introspection: pure read: a refresh token looked at a hundred times is still unused."""
    for _ in range(10):
        server.first.introspect(tokens["refresh_token"])
    assert server.is_active(tokens["access_token"])
    fresh = server.grant(server.administrator, server.first)
    server.first.introspect(fresh["refresh_token"])
    assert server.first.refresh(fresh["refresh_token"]).status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("path", ["/oauth2/introspect", "/oauth2/revoke", "/oauth2/token"])
def test_only_post_is_answered(server: LatchkeyServer, tokens: dict[str, str], path: str, method: str) -> None:
    """RFC 7662 §2.1, RFC 7009 §2.1, RFC 6749 §3.2: POST; a token in a query would stand in logs."""
    answer = server.caller.request(method, server.issuer + path, params={"token": "lka_in_a_query"})
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert isinstance(answer.json()["error"], str)


# MARK: Revocation


def test_revoking_a_refresh_token_ends_the_family(server: LatchkeyServer, person: User) -> None:
    """Protocol, Revocation: refresh → family (RFC 7009 §2.1)."""
    client = server.first
    tokens = server.grant(person, client)
    renewed = client.refreshed(tokens["refresh_token"])
    answer = client.revoke(renewed["refresh_token"])
    assert answer.status_code == 200
    assert not server.is_active(tokens["access_token"]) and not server.is_active(renewed["access_token"])
    assert client.refresh(renewed["refresh_token"]).json()["error"] == "invalid_grant"


def test_revoking_an_access_token_ends_that_token_alone(server: LatchkeyServer, person: User) -> None:
    """Protocol, Revocation: access token → that token."""
    client = server.first
    tokens = server.grant(person, client)
    other = client.refreshed(tokens["refresh_token"])
    assert client.revoke(tokens["access_token"]).status_code == 200
    assert not server.is_active(tokens["access_token"])
    assert server.verify("GET", "/accounts", tokens["access_token"]).status_code == 401
    assert server.is_active(other["access_token"])
    assert client.refresh(other["refresh_token"]).status_code == 200


@pytest.mark.parametrize("hint", HINTS)
@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_the_hint_is_no_condition(server: LatchkeyServer, kind: str, hint: str | None) -> None:
    """RFC 7009 §2.1: a wrong hint hides nothing."""
    client = server.first
    tokens = server.grant(server.administrator, client)
    assert client.revoke(tokens[kind], **({"token_type_hint": hint} if hint else {})).status_code == 200
    assert not server.is_active(tokens["access_token"])


def test_an_old_refresh_token_still_revokes_its_family(server: LatchkeyServer, person: User) -> None:
    """RFC 7009 §2: a client whose last refresh was lost revokes with what it has; the family ends."""
    client = server.first
    tokens = server.grant(person, client)
    renewed = client.refreshed(tokens["refresh_token"])
    assert client.revoke(tokens["refresh_token"]).status_code == 200
    assert not server.is_active(renewed["access_token"])


def test_a_foreign_token_stays_and_the_answer_is_200(server: LatchkeyServer, person: User) -> None:
    """workers-oauth-provider 0.8.0: a foreign revocation is a no-op 200 (RFC 7009 §2.1, protocol)."""
    tokens = server.grant(person, server.first)
    for stranger in (server.rs256, server.native, server.private):
        for kind in ("access_token", "refresh_token"):
            assert stranger.revoke(tokens[kind]).status_code == 200
    assert server.is_active(tokens["access_token"])
    assert server.first.refresh(tokens["refresh_token"]).status_code == 200


def test_an_unknown_token_is_200(server: LatchkeyServer) -> None:
    """RFC 7009 §2.2: an invalid token is no error."""
    for token in ("x", "lkr_" + "0" * 60, "lka_" + "0" * 60, "y" * 4000):
        assert server.first.revoke(token).status_code == 200


def test_revocation_needs_the_clients_credentials(server: LatchkeyServer, person: User) -> None:
    """RFC 7009 §2.1: a confidential client authenticates; nothing is revoked otherwise."""
    tokens = server.grant(person, server.first)
    url = server.issuer + "/oauth2/revoke"
    for form in ({}, {"client_id": server.first.client_id}, {"client_id": server.first.client_id, "client_secret": "lks_wrong"}):
        answer = server.caller.post(url, data={"token": tokens["refresh_token"], **form})
        assert (answer.status_code, answer.json()["error"]) in ((401, "invalid_client"), (400, "invalid_request")), form
    assert server.is_active(tokens["access_token"])


def test_a_public_client_revokes_with_its_id_alone(server: LatchkeyServer, person: User) -> None:
    """RFC 7009 §2.1: a public client names itself."""
    tokens = server.grant(person, server.native)
    assert server.native.revoke(tokens["refresh_token"]).status_code == 200
    assert not server.is_active(tokens["access_token"])


def test_revoking_twice_is_the_same(server: LatchkeyServer, person: User) -> None:
    """RFC 7009 §2.2: revoking what is revoked is 200."""
    tokens = server.grant(person, server.first)
    assert [server.first.revoke(tokens["refresh_token"]).status_code for _ in range(3)] == [200, 200, 200]
