"""Authlib's client, from discovery to logout of its tokens."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT, private_key_jwt_sign
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import OpenIDProviderMetadata
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey
from latchkey_server import Client, LatchkeyServer, User
from own_keys import new_key, register
from signed_in_user import approve, remembered

CLIENTS = ["first", "native", "rs256"]


def session_of(client: Client, scope: str) -> OAuth2Session:
    return OAuth2Session(
        client.client_id, client.client_secret, token_endpoint_auth_method=client.method, scope=scope,
        redirect_uri=client.redirect_uri, code_challenge_method="S256")


def connected(server: LatchkeyServer, client: Client, person: User, scope: str) -> tuple[OAuth2Session, dict, str]:
    """A session with tokens, the tokens, and the nonce of its request."""
    metadata = server.metadata()
    session, verifier, nonce = session_of(client, scope), generate_token(48), generate_token(20)
    url, state = session.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce, prompt="consent")
    callback = approve(server, person, url)
    token = session.fetch_token(
        metadata["token_endpoint"], authorization_response=callback, code_verifier=verifier, state=state)
    return session, remembered(token), nonce


def client_named(server: LatchkeyServer, name: str) -> Client:
    return getattr(server, name)


def scope_of(client: Client, *more: str) -> str:
    return " ".join([*more, *client.scopes[:3]])


def test_both_metadata_documents_pass_its_validation(server: LatchkeyServer) -> None:
    """RFC 8414 §2, OpenID Connect Discovery §3, as Authlib reads them."""
    for path, kind in [
        ("/.well-known/oauth-authorization-server", AuthorizationServerMetadata),
        ("/.well-known/openid-configuration", OpenIDProviderMetadata),
    ]:
        document = requests.get(server.issuer + path, timeout=10).json()
        assert document["issuer"] == server.issuer
        kind(document).validate()


@pytest.mark.parametrize("name", CLIENTS)
def test_code_flow_with_pkce_brings_tokens_and_an_id_token(server: LatchkeyServer, person: User, name: str) -> None:
    """RFC 6749 §4.1, RFC 7636, OpenID Connect Core §3.1.3.7."""
    client = client_named(server, name)
    scope = scope_of(client, "openid", "email")
    session, token, nonce = connected(server, client, person, scope)
    assert set(token["scope"].split()) >= set(scope.split())
    keys = KeySet.import_key_set(requests.get(server.metadata()["jwks_uri"], timeout=10).json())
    decoded = jwt.decode(token["id_token"], keys, algorithms=[client.signing_algorithm])
    assert decoded.header["alg"] == client.signing_algorithm
    claims = CodeIDToken(
        decoded.claims, decoded.header,
        options={"iss": {"values": [server.issuer]}, "aud": {"values": [client.client_id]}},
        params={"nonce": nonce, "client_id": client.client_id, "access_token": token["access_token"]})
    claims.validate()
    profile = session.get(server.metadata()["userinfo_endpoint"])
    assert profile.status_code == 200
    assert profile.json()["sub"] == claims["sub"]
    assert profile.json()["email"] == person.email


@pytest.mark.parametrize("name", CLIENTS)
def test_refresh_brings_a_new_pair(server: LatchkeyServer, person: User, name: str) -> None:
    """RFC 6749 §6."""
    client = client_named(server, name)
    session, token, _ = connected(server, client, person, scope_of(client))
    before = dict(token)
    after = remembered(session.refresh_token(server.metadata()["token_endpoint"], refresh_token=before["refresh_token"]))
    assert after["refresh_token"] != before["refresh_token"]
    assert after["access_token"] != before["access_token"]
    assert set(after["scope"].split()) == set(before["scope"].split())
    assert server.is_active(after["access_token"])


def test_an_expired_token_is_refreshed_on_the_next_call(server: LatchkeyServer, person: User) -> None:
    """What Authlib does by itself once it knows the token endpoint."""
    client = server.first
    first, token, _ = connected(server, client, person, scope_of(client))
    seen: list[dict] = []
    session = OAuth2Session(
        client.client_id, client.client_secret, token={**token, "expires_at": 1},
        token_endpoint=server.metadata()["token_endpoint"], token_endpoint_auth_method=client.method,
        update_token=lambda new, **_: seen.append(remembered(new)))
    answer = session.get(f"{server.line['api']}/accounts")
    assert answer.status_code == 200
    assert len(seen) == 1 and seen[0]["refresh_token"] != token["refresh_token"]


def test_introspection_and_revocation(server: LatchkeyServer, person: User) -> None:
    """RFC 7662 §2, RFC 7009 §2."""
    client = server.first
    metadata = server.metadata()
    session, token, _ = connected(server, client, person, scope_of(client))
    told = session.introspect_token(metadata["introspection_endpoint"], token=token["access_token"]).json()
    assert told["active"] is True and told["client_id"] == client.client_id
    answer = session.revoke_token(
        metadata["revocation_endpoint"], token=token["refresh_token"], token_type_hint="refresh_token")
    assert answer.status_code == 200
    assert session.introspect_token(metadata["introspection_endpoint"], token=token["access_token"]).json() == {"active": False}
    with pytest.raises(OAuthError) as refused:
        session.refresh_token(metadata["token_endpoint"], refresh_token=token["refresh_token"])
    assert refused.value.error == "invalid_grant"


def test_a_client_that_posts_its_secret(server: LatchkeyServer) -> None:
    """RFC 6749 §2.3.1, the second way; a private client, authorized by a member of its account."""
    client = server.private
    assert client.method == "client_secret_post"
    _, token, _ = connected(server, client, server.new_user(account=1), scope_of(client))
    assert server.is_active(token["access_token"])


def test_a_verifier_of_somebody_else_is_refused(server: LatchkeyServer, person: User) -> None:
    """RFC 7636 §4.6."""
    client = server.first
    session, verifier = session_of(client, scope_of(client)), generate_token(48)
    metadata = server.metadata()
    url, state = session.create_authorization_url(metadata["authorization_endpoint"], code_verifier=verifier)
    assert create_s256_code_challenge(verifier) in url
    callback = approve(server, person, url)
    with pytest.raises(OAuthError) as refused:
        session.fetch_token(
            metadata["token_endpoint"], authorization_response=callback, code_verifier=generate_token(48), state=state)
    assert refused.value.error == "invalid_grant"


@pytest.mark.parametrize(("algorithm", "kind"), [("ES256", ECKey), ("RS256", RSAKey), ("EdDSA", OKPKey)])
def test_a_client_with_its_own_key(server: LatchkeyServer, person: User, algorithm: str, kind: type) -> None:
    """RFC 7523 §2.2, as Authlib signs it; told to be for the issuer and good for a minute, as the page's example does."""
    key = new_key(algorithm)
    pem = key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    made = register(server, key).json()["result"]
    metadata = server.metadata()

    class OwnKey(PrivateKeyJWT):
        def sign(self, auth: Any, token_endpoint: str) -> str:
            return private_key_jwt_sign(
                auth.client_secret, client_id=auth.client_id, token_endpoint=metadata["issuer"], alg=algorithm,
                claims={"exp": int(time.time()) + 60})

    session = OAuth2Session(
        made["client_id"], kind.import_key(pem), token_endpoint_auth_method="private_key_jwt",
        revocation_endpoint_auth_method="private_key_jwt", scope=" ".join(server.first.scopes[:3]),
        redirect_uri=made["redirect_uris"][0], code_challenge_method="S256")
    session.register_client_auth_method(OwnKey())
    verifier = generate_token(48)
    url, state = session.create_authorization_url(metadata["authorization_endpoint"], code_verifier=verifier)
    callback = approve(server, person, url)
    token = remembered(
        session.fetch_token(metadata["token_endpoint"], authorization_response=callback, code_verifier=verifier, state=state))
    after = remembered(session.refresh_token(metadata["token_endpoint"], refresh_token=token["refresh_token"]))
    assert session.introspect_token(metadata["introspection_endpoint"], token=after["access_token"]).json()["active"] is True
    assert session.revoke_token(metadata["revocation_endpoint"], token=after["refresh_token"]).status_code == 200
    assert not server.is_active(after["access_token"])
