"""Clients that prove who they are by a key of their own (RFC 7523), signing with nothing but `cryptography`."""

from __future__ import annotations

import base64
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import issued
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from latchkey_server import Client, LatchkeyServer

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = ["ES256", "RS256", "EdDSA"]


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _number(value: int, length: int | None = None) -> str:
    return encoded(value.to_bytes(length or (value.bit_length() + 7) // 8, "big"))


@dataclass
class Key:
    """A key pair, and how it signs."""

    private: Any
    algorithm: str
    kid: str | None = None

    @property
    def public(self) -> dict[str, Any]:
        """The public half as a JWK (RFC 7517 §4)."""
        if self.algorithm == "ES256":
            numbers = self.private.public_key().public_numbers()
            jwk = {"kty": "EC", "crv": "P-256", "x": _number(numbers.x, 32), "y": _number(numbers.y, 32)}
        elif self.algorithm == "RS256":
            numbers = self.private.public_key().public_numbers()
            jwk = {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
        else:
            jwk = {"kty": "OKP", "crv": "Ed25519", "x": encoded(self.private.public_key().public_bytes_raw())}
        return {**jwk, "kid": self.kid} if self.kid else jwk

    def sign(self, message: bytes) -> bytes:
        if self.algorithm == "ES256":
            r, s = decode_dss_signature(self.private.sign(message, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        if self.algorithm == "RS256":
            return self.private.sign(message, padding.PKCS1v15(), hashes.SHA256())
        return self.private.sign(message)


def new_key(algorithm: str = "ES256", kid: str | None = None, bits: int = 2048) -> Key:
    if algorithm == "ES256":
        return Key(ec.generate_private_key(ec.SECP256R1()), algorithm, kid)
    if algorithm == "RS256":
        return Key(rsa.generate_private_key(65537, bits), algorithm, kid)
    return Key(ed25519.Ed25519PrivateKey.generate(), algorithm, kid)


def jwt(header: dict[str, Any], claims: dict[str, Any], sign: Any) -> str:
    """A JWS in compact form; the signature is what `sign` makes of the message."""
    message = encoded(json.dumps(header).encode()) + "." + encoded(json.dumps(claims).encode())
    text = message + "." + encoded(sign(message.encode()))
    issued.record("client_assertion", text)
    return text


@dataclass
class KeyClient(Client):
    """A client registered for `private_key_jwt`."""

    keys: list[Key] = field(default_factory=list, repr=False)

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Those of a good assertion; a change of None leaves the claim out."""
        now = int(time.time())
        claims = {
            "iss": self.client_id, "sub": self.client_id, "aud": self.server.issuer, "iat": now, "exp": now + 60,
            "jti": secrets.token_urlsafe(16), **changes}
        return {name: value for name, value in claims.items() if value is not None}

    def assertion(self, key: Key | None = None, header: dict[str, Any] | None = None, **changes: Any) -> str:
        key = key or self.keys[0]
        names = {"alg": key.algorithm, "typ": "JWT", **({"kid": key.kid} if key.kid else {}), **(header or {})}
        return jwt({name: value for name, value in names.items() if value is not None}, self.claims(**changes), key.sign)

    def authenticated(self, form: Any, headers: dict[str, str] | None = None) -> dict[str, Any]:
        return self.proven(form, self.assertion())

    def proven(self, form: Any, assertion: str) -> dict[str, Any]:
        """Options of a request with this assertion."""
        fields = list(form.items()) if isinstance(form, dict) else list(form)
        return {"data": [*fields, ("client_assertion_type", TYPE), ("client_assertion", assertion)], "headers": {}}

    def ask(self, assertion: str, path: str = "/oauth2/introspect", issuer: str | None = None) -> Any:
        """Introspects nothing: 200 where the assertion is taken."""
        return self.server.caller.post((issuer or self.server.issuer) + path, **self.proven({"token": "nothing"}, assertion))


def register(server: LatchkeyServer, *keys: Key, **changes: Any) -> Any:
    """What the management API answers to a new client with these keys, of account 1."""
    body = {
        "client_name": "Key Holder", "grant_types": ["authorization_code", "refresh_token"],
        "redirect_uris": ["https://keys.example/callback"], "response_types": ["code"], "scopes": server.first.scopes[:3],
        "token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [key.public for key in keys]}, **changes}
    return server.manage(
        "POST", f"/accounts/{server.accounts[0]}/oauth_clients", server.api_token(server.administrator),
        json={name: value for name, value in body.items() if value is not None})


def key_client(server: LatchkeyServer, *keys: Key) -> KeyClient:
    keys = keys or (new_key(),)
    answer = register(server, *keys)
    assert answer.status_code == 200, answer.text
    made = answer.json()["result"]
    assert "client_secret" not in made
    return KeyClient(
        server=server, client_id=made["client_id"], client_secret=None, name=made["client_name"], method="private_key_jwt",
        redirect_uri=made["redirect_uris"][0], scopes=server.first.scopes[:3], optional_scopes=[], post_logout_redirect_uris=[],
        visibility="private", account_id=server.accounts[0], keys=list(keys))
