"""Codes and PKCE: stolen, swapped, replayed, raced, downgraded."""

from __future__ import annotations

import pytest
from latchkey_server import (
    AuthorizationResponse,
    Browser,
    Caller,
    Client,
    LatchkeyServer,
    User,
    at_once,
    challenge_of,
    error_of,
)

KINDS = ["first", "native"]


def fresh(server: LatchkeyServer, client: Client, user: User, **parameters: str | None) -> AuthorizationResponse:
    return server.browser(user).authorize(client.request(**parameters), user)


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_verifier_is_invalid_grant(server: LatchkeyServer, person: User, kind: str) -> None:
    """CVE-2025-4144 (workers-oauth-provider), CVE-2024-22258 (Spring AS): with a client secret as well as without."""
    client = getattr(server, kind)
    response = fresh(server, client, person)
    for verifier in (None, ""):
        assert error_of(client.exchange(response, code_verifier=verifier)) == "invalid_grant"
    assert client.exchange(response).status_code == 200


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_verifier_is_invalid_grant(server: LatchkeyServer, person: User, kind: str) -> None:
    """RFC 7636 §4.6; its siblings: the challenge itself, other case, padding, a prefix."""
    client = getattr(server, kind)
    response = fresh(server, client, person)
    verifier = response.request.verifier
    for wrong in (challenge_of(verifier), verifier.swapcase(), verifier + "=", verifier[:-1], verifier + "a", "a" * 43):
        assert error_of(client.exchange(response, code_verifier=wrong)) in ("invalid_grant", "invalid_request")
    assert client.exchange(response).status_code == 200


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("changes", [
    {"code_challenge": None, "code_challenge_method": None}, {"code_challenge": None}, {"code_challenge": ""},
    {"code_challenge_method": None}, {"code_challenge_method": ""}, {"code_challenge_method": "plain"}, {"code_challenge_method": "none"},
    {"code_challenge_method": "S256 "}, {"code_challenge_method": "S512"}])
def test_pkce_cannot_be_left_out_or_weakened(server: LatchkeyServer, person: User, kind: str, changes: dict[str, str | None]) -> None:
    """CVE-2023-48228, CVE-2024-23647 (authentik): PKCE could be circumvented; GHSA-9h47-pqcx-hjr4 (better-auth): a missing
    method means plain, and plain is refused."""
    client = getattr(server, kind)
    answer = server.browser(person).ask(client.request(**changes))
    parameters = getattr(answer, "parameters", {})
    assert parameters.get("error") == "invalid_request" and "code" not in parameters


def test_a_client_marked_otherwise_cannot_be_tricked_with_a_verifier(server: LatchkeyServer, person: User) -> None:
    """CVE-2025-4144's other half: a verifier without a challenge fails; here no request without a challenge gets a code at all."""
    answer = server.browser(person).ask(server.first.request(code_challenge=None, code_challenge_method=None))
    assert "code" not in getattr(answer, "parameters", {})


def test_a_code_is_bound_to_its_client(server: LatchkeyServer, person: User) -> None:
    """CVE-2026-16089 (Keycloak): client swap = invalid_grant, and a foreign client's try changes nothing (protocol)."""
    client = server.first
    response = fresh(server, client, person)
    for stranger in (server.rs256, server.native, server.private):
        assert error_of(stranger.exchange(response)) == "invalid_grant"
        assert error_of(stranger.exchange(response, redirect_uri=stranger.redirect_uri)) == "invalid_grant"
    assert client.exchange(response).status_code == 200


def test_any_changed_character_of_a_code_is_another_code(server: LatchkeyServer, person: User) -> None:
    """CVE-2026-16089 (Keycloak): any bit flip = invalid_grant; a forged code changes nothing."""
    client = server.first
    response = fresh(server, client, person)
    code = response.code
    changed = [code[:at] + chr(ord(code[at]) ^ 1) + code[at + 1:] for at in range(0, len(code), 5)]
    changed += [code + "A", code[:-1], code.swapcase(), code + "=", " " + code, code + "\n", code + "\x00", code * 50]
    for wrong in changed:
        assert error_of(client.exchange(response, code=wrong)) in ("invalid_grant", "invalid_request"), wrong
    assert client.exchange(response).status_code == 200


def test_codes_carry_no_meaning(server: LatchkeyServer, person: User) -> None:
    """CVE-2026-16089 (Keycloak): codes carry no meaning: nothing in two codes of one session is alike but the prefix."""
    first, second = (fresh(server, server.first, person).code for _ in range(2))
    common = next(at for at, (left, right) in enumerate(zip(first, second, strict=True)) if left != right)
    assert common <= 8


@pytest.mark.parametrize("kind", KINDS)
def test_a_replayed_code_ends_what_it_issued(server: LatchkeyServer, person: User, kind: str) -> None:
    """RFC 6749 §4.1.2, §10.5: a code used twice is refused, and the tokens that it issued end."""
    client = getattr(server, kind)
    response = fresh(server, client, person)
    tokens = client.tokens(response)
    renewed = client.refreshed(tokens["refresh_token"])
    assert error_of(client.exchange(response)) == "invalid_grant"
    assert not server.is_active(tokens["access_token"]) and not server.is_active(renewed["access_token"])
    assert error_of(client.refresh(renewed["refresh_token"])) == "invalid_grant"


def test_a_replay_that_would_have_failed_ends_nothing(server: LatchkeyServer, person: User) -> None:
    """Contract, Tokens: only a replay that would have succeeded the first time ends anything."""
    client = server.first
    response = fresh(server, client, person)
    tokens = client.tokens(response)
    assert error_of(client.exchange(response, code_verifier="x" * 43)) == "invalid_grant"
    assert error_of(client.exchange(response, redirect_uri="https://evil.example/")) == "invalid_grant"
    assert error_of(server.rs256.exchange(response)) == "invalid_grant"
    assert server.is_active(tokens["access_token"])


def test_a_replay_ends_only_its_own_family(server: LatchkeyServer, person: User) -> None:
    """Protocol: one token family each; the code's replay ends the family that came from it."""
    client = server.first
    other = server.grant(person, client)
    response = fresh(server, client, person)
    client.tokens(response)
    client.exchange(response)
    assert server.is_active(other["access_token"])


@pytest.mark.parametrize("kind", KINDS)
def test_fifty_redemptions_at_once_give_one_success(server: LatchkeyServer, person: User, kind: str) -> None:
    """GHSA-7w99-5wm4-3g79 (better-auth): concurrent redemption; contract: 50 times at once: one 200."""
    client = getattr(server, kind)
    response = fresh(server, client, person)
    callers = [Caller() for _ in range(50)]
    answers = at_once(50, lambda index: client.exchange(response, callers[index]))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200] + [400] * 49
    assert {answer.json()["error"] for answer in answers if answer.status_code == 400} == {"invalid_grant"}


def test_fifty_codes_redeemed_at_once_are_fifty_families(server: LatchkeyServer, person: User) -> None:
    """The atomic step is per code: nobody loses because others redeem theirs."""
    client = server.first
    server.grant(person, client)
    responses = [fresh(server, client, person) for _ in range(20)]
    callers = [Caller() for _ in responses]
    answers = at_once(20, lambda index: client.exchange(responses[index], callers[index]))
    assert {answer.status_code for answer in answers} == {200}
    assert len({server.inspect(answer.json()["access_token"])["installation"] for answer in answers}) == 20


def test_a_code_is_no_token_and_a_token_no_code(server: LatchkeyServer, person: User) -> None:
    """Protocol: every credential carries its type: a refresh token is no code, an access token no refresh token."""
    client = server.first
    response = fresh(server, client, person)
    code = response.code
    assert error_of(client.refresh(code)) == "invalid_grant"
    assert server.userinfo(code).status_code == 401
    assert not server.is_active(code)
    tokens = client.tokens(response)
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert error_of(client.exchange(response, code=token)) == "invalid_grant"
    assert error_of(client.refresh(tokens["access_token"])) == "invalid_grant"
    assert server.userinfo(tokens["refresh_token"]).status_code == 401
    assert server.verify("GET", "/accounts", tokens["refresh_token"]).status_code == 401
    assert server.verify("GET", "/accounts", client.client_secret).status_code == 401
    assert server.is_active(tokens["access_token"])


def test_a_foreign_resource_is_invalid_target_and_uses_nothing_up(server: LatchkeyServer, person: User) -> None:
    """GHSA-p2fr-6hmx-4528 (better-auth): a resource outside the grant = invalid_target, code not consumed (RFC 8707 §2)."""
    client = server.first
    response = fresh(server, client, person)
    assert error_of(client.exchange(response, resource="https://evil.example/")) == "invalid_target"
    tokens = client.tokens(response)
    assert error_of(client.refresh(tokens["refresh_token"], resource="https://evil.example/")) == "invalid_target"
    assert client.refresh(tokens["refresh_token"]).status_code == 200
    answer = server.browser(person).ask(client.request(resource="https://evil.example/"))
    assert getattr(answer, "parameters", {}).get("error") == "invalid_target"


def test_the_right_resource_is_accepted_with_or_without_a_slash(server: LatchkeyServer, person: User) -> None:
    """Protocol, What real clients do: an origin-only URI equals itself with `/`; accept on refresh."""
    client = server.first
    resource = server.inspect(server.grant(person, client)["access_token"])["aud"]
    resource = resource if isinstance(resource, str) else resource[0]
    for asked, redeemed, refreshed in ((resource, resource + "/", resource), (resource + "/", resource, resource + "/")):
        response = fresh(server, client, person, resource=asked)
        tokens = client.tokens(response, resource=redeemed)
        assert client.refresh(tokens["refresh_token"], resource=refreshed).status_code == 200


def test_a_disabled_grant_type_stays_disabled(server: LatchkeyServer) -> None:
    """CVE-2026-9792 (Keycloak): a disabled grant type stays disabled under every mix of parameters."""
    user = server.administrator
    for extra in ({}, {"scope": "openid"}, {"client_id": server.first.client_id}, {"code": "x"}, {"refresh_token": "x"}):
        answer = server.first.post("/oauth2/token", {"grant_type": "password", "username": user.email, "password": user.password, **extra})
        assert error_of(answer) in ("unsupported_grant_type", "unauthorized_client")


def test_another_browser_cannot_use_the_code_without_the_verifier(server: LatchkeyServer, person: User) -> None:
    """RFC 9700 §4.5: code injection: a stolen code in the attacker's own session fails at the challenge."""
    client = server.first
    victim = fresh(server, client, person)
    attacker = Browser(server).signed_in_as(server.limited)
    own = attacker.authorize(client.request())
    mixed = client.exchange(own, code=victim.code)
    assert error_of(mixed) == "invalid_grant"
    assert client.exchange(victim).status_code == 200
