"""requests-oauthlib (and oauthlib below it), from discovery to revocation."""

from __future__ import annotations

from typing import Any

import pytest
import requests
from latchkey_server import Client, LatchkeyServer, User
from oauthlib.oauth2.rfc6749.errors import AccessDeniedError, InvalidGrantError, MismatchingStateError
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session
from signed_in_user import approve, remembered

CLIENTS = ["first", "native", "rs256"]


def session_of(client: Client, **options: Any) -> OAuth2Session:
    return OAuth2Session(client.client_id, redirect_uri=client.redirect_uri, scope=client.scopes[:3], pkce="S256", **options)


def credentials(client: Client) -> dict[str, Any]:
    """How this library sends the client's credentials."""
    if client.client_secret is None:
        return {"include_client_id": True}
    return {"auth": HTTPBasicAuth(client.client_id, client.client_secret)}


def connected(server: LatchkeyServer, client: Client, person: User, **options: Any) -> tuple[OAuth2Session, dict[str, Any]]:
    metadata = server.metadata()
    session = session_of(client, **options)
    url, _ = session.authorization_url(metadata["authorization_endpoint"], prompt="consent")
    token = session.fetch_token(
        metadata["token_endpoint"], authorization_response=approve(server, person, url), **credentials(client))
    return session, remembered(token)


@pytest.mark.parametrize("name", CLIENTS)
def test_code_flow_with_pkce_opens_the_protected_api(server: LatchkeyServer, person: User, name: str) -> None:
    """RFC 6749 §4.1, RFC 7636, RFC 6750 §2.1."""
    client: Client = getattr(server, name)
    session, token = connected(server, client, person)
    assert token["token_type"].lower() == "bearer"
    assert set(token["scope"]) >= set(client.scopes[:3])
    listed = session.get(f"{server.line['api']}/accounts")
    assert listed.status_code == 200
    assert [account["id"] for account in listed.json()["accounts"]] == server.accounts[:1]


@pytest.mark.parametrize("name", CLIENTS)
def test_refresh(server: LatchkeyServer, person: User, name: str) -> None:
    """RFC 6749 §6."""
    client: Client = getattr(server, name)
    session, token = connected(server, client, person)
    before = dict(token)
    options = {"client_id": client.client_id} if client.client_secret is None else credentials(client)
    after = remembered(session.refresh_token(server.metadata()["token_endpoint"], **options))
    assert after["refresh_token"] != before["refresh_token"]
    assert server.is_active(after["access_token"])


def test_an_expired_token_is_refreshed_on_the_next_call(server: LatchkeyServer, person: User) -> None:
    """The library's own automatic refresh."""
    client = server.native
    saved: list[dict[str, Any]] = []
    session, _ = connected(
        server, client, person, auto_refresh_url=server.metadata()["token_endpoint"],
        auto_refresh_kwargs={"client_id": client.client_id}, token_updater=lambda token: saved.append(remembered(token)))
    session.token = {**session.token, "expires_at": 1}
    assert session.get(f"{server.line['api']}/accounts").status_code == 200
    assert len(saved) == 1


def test_userinfo(server: LatchkeyServer, person: User) -> None:
    """OpenID Connect Core §5.3."""
    client = server.first
    metadata = server.metadata()
    session = OAuth2Session(client.client_id, redirect_uri=client.redirect_uri, scope=["openid", "email"], pkce="S256")
    url, _ = session.authorization_url(metadata["authorization_endpoint"], prompt="consent")
    remembered(session.fetch_token(
        metadata["token_endpoint"], authorization_response=approve(server, person, url), **credentials(client)))
    answer = session.get(metadata["userinfo_endpoint"])
    assert answer.status_code == 200
    assert answer.json()["email"] == person.email


def test_revocation_ends_the_family_and_introspection_says_so(server: LatchkeyServer, person: User) -> None:
    """RFC 7009 §2.1 as oauthlib writes the request, RFC 7662 §2.2."""
    client = server.first
    metadata = server.metadata()
    session, token = connected(server, client, person)
    proof = HTTPBasicAuth(client.client_id, client.client_secret or "")

    def introspect() -> dict[str, Any]:
        return requests.post(metadata["introspection_endpoint"], data={"token": token["access_token"]}, auth=proof, timeout=10).json()

    assert introspect()["active"] is True
    # oauthlib wants https for revocation, whatever the environment says.
    url = metadata["revocation_endpoint"]
    _, headers, body = session._client.prepare_token_revocation_request(
        url.replace("http://", "https://"), token["refresh_token"], "refresh_token")
    assert requests.post(url, headers=headers, data=body, auth=proof, timeout=10).status_code == 200
    assert introspect() == {"active": False}
    with pytest.raises(InvalidGrantError):
        session.refresh_token(metadata["token_endpoint"], refresh_token=token["refresh_token"], **credentials(client))
    assert session.get(f"{server.line['api']}/accounts").status_code == 401


def test_a_declined_optional_scope_is_left_out(server: LatchkeyServer, person: User) -> None:
    """RFC 6749 §3.3, §5.1: the granted scope is in the answer."""
    client = server.first
    metadata = server.metadata()
    declined = client.optional_scopes[0]
    session = OAuth2Session(client.client_id, redirect_uri=client.redirect_uri, scope=client.scopes, pkce="S256")
    url, _ = session.authorization_url(metadata["authorization_endpoint"], prompt="consent")
    callback = approve(server, person, url, decline=[declined])
    token = remembered(session.fetch_token(metadata["token_endpoint"], authorization_response=callback, **credentials(client)))
    assert declined not in token["scope"]
    assert set(client.required_scopes) <= set(token["scope"])


def test_a_denial_is_an_error_with_its_name(server: LatchkeyServer, person: User) -> None:
    """RFC 6749 §4.1.2.1."""
    client = server.first
    metadata = server.metadata()
    session = session_of(client)
    url, _ = session.authorization_url(metadata["authorization_endpoint"], prompt="consent")
    callback = approve(server, person, url, decision="deny")
    with pytest.raises(AccessDeniedError):
        session.fetch_token(metadata["token_endpoint"], authorization_response=callback, **credentials(client))


def test_an_answer_to_another_request_is_noticed(server: LatchkeyServer, person: User) -> None:
    """RFC 6749 §10.12: the state comes back exactly as it was sent, so that the library can tell."""
    client = server.first
    metadata = server.metadata()
    url, _ = session_of(client).authorization_url(metadata["authorization_endpoint"], prompt="consent")
    other = session_of(client)
    other.authorization_url(metadata["authorization_endpoint"])
    with pytest.raises(MismatchingStateError):
        other.fetch_token(
            metadata["token_endpoint"], authorization_response=approve(server, person, url), **credentials(client))
