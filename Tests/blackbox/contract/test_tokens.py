"""Token formats, families, rotation, the grace window, narrowing, lifetimes (contract, Tokens; design §4)."""

from __future__ import annotations

import calendar
import time
import zlib

import pytest
from jose import verified
from latchkey_server import LatchkeyServer, User, error_of, wait_until

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PROTOCOL_SCOPES = {"openid", "offline_access", "profile", "email"}


def checksum(text: str) -> str:
    """CRC-32 (IEEE) in base62, six digits, left-padded with `0`."""
    value, digits = zlib.crc32(text.encode()), ""
    while value:
        value, digit = divmod(value, 62)
        digits = DIGITS[digit] + digits
    return digits.rjust(6, "0")


def labels(value: dict[str, object]) -> set[str]:
    return set(str(value["scope"]).split()) - PROTOCOL_SCOPES


# MARK: Format


def test_every_credential_ends_in_its_checksum(server: LatchkeyServer, person: User) -> None:
    """Contract, Tokens: CRC-32 of everything before it, base62, six digits; design §4: with prefixes that scanners know."""
    tokens = server.grant(person, server.first)
    expected = {
        "lka_": [tokens["access_token"]],
        "lkr_": [tokens["refresh_token"]],
        "lks_": [client["client_secret"] for client in server.line["clients"] if client["client_secret"]]
        + [server.line["resource_server"]["client_secret"]],
        "lkt_": [token["value"] for token in server.line["api_tokens"]],
    }
    for prefix, values in expected.items():
        assert values
        for value in values:
            assert value.startswith(prefix)
            assert value[-6:] == checksum(value[:-6]), prefix


def test_no_two_tokens_are_alike(server: LatchkeyServer, person: User) -> None:
    """RFC 6749 §10.10: credentials cannot be guessed; every issue is a new one."""
    seen: set[str] = set()
    for _ in range(3):
        tokens = server.grant(person, server.first)
        for _ in range(3):
            seen |= {tokens["access_token"], tokens["refresh_token"]}
            tokens = server.first.refreshed(tokens["refresh_token"])
    assert len(seen) == 18


def test_the_token_response_says_everything(server: LatchkeyServer, person: User) -> None:
    """RFC 6749 §5.1: Bearer, `expires_in`, the granted `scope`, no-store."""
    client = server.first
    response = server.browser(person).authorize(client.request(client.scopes), person)
    answer = client.exchange(response)
    body = answer.json()
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Type"].startswith("application/json")
    assert body["token_type"].lower() == "bearer"
    assert body["expires_in"] == 1800, "30 minutes by default (protocol, Lifetimes)"
    assert labels(body) == set(client.scopes)
    assert "id_token" not in body, "no openid was asked"


# MARK: offline_access


@pytest.mark.parametrize("extra", [[], ["offline_access"]])
def test_a_client_with_the_refresh_grant_gets_a_refresh_token_at_each_exchange(
    server: LatchkeyServer, person: User, extra: list[str]
) -> None:
    """Contract, Tokens: with or without `offline_access`; the granted scope names it exactly when a refresh token comes."""
    client = server.first
    for _ in range(2):
        tokens = client.tokens(server.browser(person).authorize(client.request([*client.required_scopes, *extra]), person))
        assert tokens["refresh_token"] and "offline_access" in tokens["scope"].split()


def test_no_scope_asked_is_all_that_the_client_has(server: LatchkeyServer, person: User) -> None:
    """Contract, Tokens; RFC 6749 §3.3: the default scope."""
    assert labels(server.grant(person, server.first)) == set(server.first.scopes)


# MARK: Rotation


def test_a_refresh_rotates_and_the_new_tokens_work(server: LatchkeyServer, person: User) -> None:
    """Design §4: generation = current rotates (RFC 9700 §4.14.2)."""
    client = server.first
    first = server.grant(person, client)
    second = client.refreshed(first["refresh_token"])
    third = client.refreshed(second["refresh_token"])
    assert len({first["refresh_token"], second["refresh_token"], third["refresh_token"]}) == 3
    for tokens in (first, second, third):
        assert server.is_active(tokens["access_token"]), "an access token lives until its own end"


def test_a_replay_inside_the_grace_window_gets_the_same_successor(server: LatchkeyServer, person: User) -> None:
    """Contract, Tokens; design §4: a lost response or a retry is no attack; the refresh token is the same string."""
    client = server.first
    first = server.grant(person, client)
    answers = [client.refreshed(first["refresh_token"]) for _ in range(4)]
    assert len({each["refresh_token"] for each in answers}) == 1
    assert all(server.is_active(each["access_token"]) for each in answers)
    assert client.refresh(answers[0]["refresh_token"]).status_code == 200


def test_a_replay_carries_the_scopes_of_its_own_request(server: LatchkeyServer, person: User) -> None:
    """Contract, Tokens: the access token of a replay carries the scopes of *this* request."""
    client = server.first
    first = server.grant(person, client)
    one, other = client.scopes[:2]
    answers = {label: client.refreshed(first["refresh_token"], scope=label) for label in (one, other)}
    assert answers[one]["refresh_token"] == answers[other]["refresh_token"]
    for label, answer in answers.items():
        assert labels(answer) == {label}
        assert labels(server.inspect(answer["access_token"])) == {label}


def test_using_the_successor_closes_the_window(server: LatchkeyServer, person: User) -> None:
    """Design §4: it makes the old one current − 2, and that ends the family (GHSA-392p-2q2v-4372)."""
    client = server.first
    first = server.grant(person, client)
    second = client.refreshed(first["refresh_token"])
    third = client.refreshed(second["refresh_token"])
    assert error_of(client.refresh(first["refresh_token"])) == "invalid_grant"
    assert error_of(client.refresh(third["refresh_token"])) == "invalid_grant", "the family lives on"
    assert not server.is_active(third["access_token"]) and not server.is_active(first["access_token"])


def test_after_the_window_the_old_token_ends_the_family(brief: LatchkeyServer, brief_person: User) -> None:
    """Issue, Done when: an old token after the window: the family is dead."""
    client = brief.first
    first = brief.grant(brief_person, client)
    second = client.refreshed(first["refresh_token"])
    wait_until(time.time() + 2.1)
    assert error_of(client.refresh(first["refresh_token"])) == "invalid_grant"
    assert error_of(client.refresh(second["refresh_token"])) == "invalid_grant"


def test_without_a_window_any_second_use_ends_the_family(strict: LatchkeyServer, strict_person: User) -> None:
    """Contract, Start: `--refresh-grace 0` is strict."""
    client = strict.first
    first = strict.grant(strict_person, client)
    second = client.refreshed(first["refresh_token"])
    assert error_of(client.refresh(first["refresh_token"])) == "invalid_grant"
    assert error_of(client.refresh(second["refresh_token"])) == "invalid_grant"
    assert not strict.is_active(second["access_token"])


def test_a_dead_family_leaves_the_others_alone(strict: LatchkeyServer, strict_person: User) -> None:
    """Protocol: one token family for each installation; a new login never ends another, nor does its replay."""
    client = strict.first
    stolen, other = strict.grant(strict_person, client), strict.grant(strict_person, client)
    client.refreshed(stolen["refresh_token"])
    assert error_of(client.refresh(stolen["refresh_token"])) == "invalid_grant"
    assert strict.is_active(other["access_token"])
    assert client.refresh(other["refresh_token"]).status_code == 200


def test_a_replay_that_would_have_failed_ends_nothing(strict: LatchkeyServer, strict_person: User) -> None:
    """Contract, Tokens: only a replay that would have succeeded the first time ends anything."""
    client, stranger = strict.first, strict.rs256
    first = strict.grant(strict_person, client)
    second = client.refreshed(first["refresh_token"])
    spent = first["refresh_token"]
    assert error_of(stranger.refresh(spent)) == "invalid_grant"
    assert error_of(client.refresh(spent[:-1] + ("x" if spent[-1] != "x" else "y"))) == "invalid_grant"
    wrong = strict.caller.post(strict.issuer + "/oauth2/token", data={
        "grant_type": "refresh_token", "refresh_token": spent}, auth=(client.client_id, "lks_wrong"))
    assert wrong.status_code == 401
    assert strict.is_active(second["access_token"])
    assert client.refresh(second["refresh_token"]).status_code == 200


# MARK: Scope at refresh


def test_scope_at_refresh_is_for_that_access_token_alone(server: LatchkeyServer, person: User) -> None:
    """Contract, Tokens: the next refresh without it gives the family's full set (RFC 6749 §6)."""
    client = server.first
    first = server.grant(person, client)
    small = client.refreshed(first["refresh_token"], scope=client.scopes[0])
    assert labels(small) == {client.scopes[0]}
    assert labels(server.inspect(small["access_token"])) == {client.scopes[0]}
    full = client.refreshed(small["refresh_token"])
    assert labels(full) == set(client.scopes)


def test_scope_at_refresh_never_grows(server: LatchkeyServer, person: User) -> None:
    """Contract, Tokens: one the family never had is `invalid_scope`, and the token stays unused (RFC 6749 §6)."""
    client = server.first
    tokens = server.grant(person, client, client.required_scopes)
    for scope in (client.optional_scopes[0], "no.such.scope", " ".join(client.scopes)):
        assert error_of(client.refresh(tokens["refresh_token"], scope=scope)) == "invalid_scope"
    assert labels(client.refreshed(tokens["refresh_token"])) == set(client.required_scopes)


def test_scope_at_refresh_that_was_narrowed_away_is_left_out(server: LatchkeyServer, person: User) -> None:
    """Contract, Tokens: a scope that was narrowed away is left out, no error."""
    client = server.first
    tokens = server.grant(person, client)
    gone, kept = client.optional_scopes[0], client.required_scopes[0]
    listed = server.manage("GET", "/authorizations/self", tokens["access_token"]).json()["result"]
    own = server.grant(person, client)
    page = server.browser(person).page("/connected-apps")
    page = server.browser(person).page(page.html.link_with(client.name))
    form = page.html.form_with("action", "narrow")
    server.browser(person).submit(page, form, {"scope": [label for label in form.chosen("scope") if label != gone]})
    assert listed["id"] == server.manage("GET", "/authorizations/self", own["access_token"]).json()["result"]["id"]
    assert labels(client.refreshed(tokens["refresh_token"], scope=f"{gone} {kept}")) == {kept}


def test_a_family_keeps_what_was_chosen_when_it_began(server: LatchkeyServer, person: User) -> None:
    """Contract, Tokens: the authorization is the union of its families; a wider consent does not widen an older family."""
    client = server.first
    small = server.grant(person, client, client.required_scopes)
    large = server.grant(person, client, client.scopes)
    assert labels(client.refreshed(small["refresh_token"])) == set(client.required_scopes)
    assert labels(server.inspect(small["access_token"])) == set(client.required_scopes)
    own = server.manage("GET", "/authorizations/self", large["access_token"]).json()["result"]
    assert set(client.scopes) <= set(own["scopes"]) and len(own["installations"]) == 2


def test_a_smaller_consent_takes_nothing_from_the_others(server: LatchkeyServer, person: User) -> None:
    """Contract, Tokens: a new consent adds; only Connected apps, the API or an administrator takes away."""
    client = server.first
    large = server.grant(person, client, client.scopes)
    server.grant(person, client, client.required_scopes)
    assert labels(server.inspect(large["access_token"])) == set(client.scopes)
    assert labels(client.refreshed(large["refresh_token"])) == set(client.scopes)


def test_families_keep_their_own_accounts(server: LatchkeyServer) -> None:
    """Contract, Tokens: a family keeps the accounts chosen when it began."""
    user, client = server.member_of_both, server.new_client("Own Accounts")
    first, second = server.accounts[:2]
    one = server.grant(user, client, accounts=[first])
    other = server.grant(user, client, accounts=[second])
    for tokens, mine, foreign in ((one, first, second), (other, second, first)):
        token = client.refreshed(tokens["refresh_token"])["access_token"]
        assert server.verify("GET", f"/accounts/{mine}", token).status_code == 200
        assert server.verify("GET", f"/accounts/{foreign}", token).status_code == 403


# MARK: Lifetimes


def test_an_access_token_ends_when_it_says(brief: LatchkeyServer, brief_person: User) -> None:
    """Protocol, Lifetimes: `expires_in` says what is true."""
    client = brief.first
    tokens = brief.grant(brief_person, client, [*client.scopes, "openid"])
    claims = brief.inspect(tokens["access_token"])
    assert claims["active"] and tokens["expires_in"] <= 5 and claims["exp"] - claims["iat"] == tokens["expires_in"]
    wait_until(claims["exp"])
    assert brief.inspect(tokens["access_token"]) == {"active": False}
    assert brief.userinfo(tokens["access_token"]).status_code == 401
    assert brief.verify("GET", "/accounts", tokens["access_token"]).status_code == 401
    renewed = client.refreshed(tokens["refresh_token"])
    assert brief.is_active(renewed["access_token"])


def test_a_code_ends_when_its_lifetime_is_over(brief: LatchkeyServer, brief_person: User) -> None:
    """Contract, Start: `--code-lifetime` in seconds (RFC 6749 §4.1.2)."""
    client = brief.first
    response = brief.browser(brief_person).authorize(client.request(), brief_person)
    wait_until(time.time() + 5.1)
    assert error_of(client.exchange(response)) == "invalid_grant"
    fresh = brief.browser(brief_person).authorize(client.request(), brief_person)
    assert client.exchange(fresh).status_code == 200


def test_expires_in_never_exceeds_what_is_left_of_the_family(server: LatchkeyServer, person: User) -> None:
    """Contract, Tokens: an hour's authorization: introspection and the list agree with the response."""
    tokens = server.grant(person, server.first, lifetime="3600")
    own = server.manage("GET", "/authorizations/self", tokens["access_token"]).json()["result"]
    end = calendar.timegm(time.strptime(own["installations"][0]["expires_on"], "%Y-%m-%dT%H:%M:%SZ"))
    assert abs(end - (time.time() + 3600)) < 30
    assert server.inspect(tokens["access_token"])["exp"] <= end


# MARK: JWT access tokens


def test_jwt_access_tokens_follow_rfc_9068(jwt: LatchkeyServer) -> None:
    """RFC 9068 §2: `at+jwt`, the required claims, verifiable with the published keys; revocable all the same (design §4)."""
    user, client = jwt.administrator, jwt.first
    tokens = jwt.grant(user, client, [*client.scopes, "openid"])
    header, claims = verified(jwt, tokens["access_token"])
    assert header["typ"].lower() in ("at+jwt", "application/at+jwt") and header["alg"] != "none"
    assert claims["iss"] == jwt.issuer and claims["client_id"] == client.client_id
    assert {"exp", "aud", "sub", "iat", "jti"} <= set(claims)
    assert set(claims["scope"].split()) == set(tokens["scope"].split())
    assert jwt.is_active(tokens["access_token"]) and jwt.userinfo(tokens["access_token"]).status_code == 200
    assert jwt.verify("GET", "/accounts", tokens["access_token"]).status_code == 200
    header_text, payload, signature = tokens["access_token"].split(".")
    forged = ".".join([header_text, payload, signature[:-6] + ("AAAAAA" if signature[-6:] != "AAAAAA" else "BBBBBB")])
    assert not jwt.is_active(forged)
    assert client.revoke(tokens["refresh_token"]).status_code == 200
    assert not jwt.is_active(tokens["access_token"])
    assert jwt.verify("GET", "/accounts", tokens["access_token"]).status_code == 401


def test_an_id_token_is_no_access_token(jwt: LatchkeyServer) -> None:
    """Protocol: every credential carries its type (RFC 9068 §4)."""
    user, client = jwt.administrator, jwt.first
    tokens = jwt.grant(user, client, [*client.scopes, "openid"])
    assert not jwt.is_active(tokens["id_token"])
    assert jwt.userinfo(tokens["id_token"]).status_code == 401
    assert jwt.verify("GET", "/accounts", tokens["id_token"]).status_code == 401
