"""Verifies JWTs with the server's published keys, by nothing but `cryptography`."""

from __future__ import annotations

import base64
import json
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from latchkey_server import LatchkeyServer


def decoded(text: str) -> bytes:
    assert "=" not in text, "base64url without padding (RFC 7515 §2)"
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _number(text: str) -> int:
    return int.from_bytes(decoded(text), "big")


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The header and claims of a JWT, unverified."""
    header, claims, _ = token.split(".")
    return json.loads(decoded(header)), json.loads(decoded(claims))


def published_keys(server: LatchkeyServer) -> list[dict[str, Any]]:
    return server.caller.get(server.metadata()["jwks_uri"]).json()["keys"]


def verified(server: LatchkeyServer, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The header and claims of a JWT whose signature holds; raises where it does not."""
    header, claims = parts(token)
    key = next(key for key in published_keys(server) if key["kid"] == header["kid"])
    assert key.get("alg", header["alg"]) == header["alg"], "each key has one algorithm"
    text, signature = token.rsplit(".", 1)
    _check(key, header["alg"], text.encode(), decoded(signature))
    return header, claims


def _check(key: dict[str, Any], algorithm: str, message: bytes, signature: bytes) -> None:
    if algorithm == "ES256":
        assert (key["kty"], key["crv"], len(signature)) == ("EC", "P-256", 64)
        public = ec.EllipticCurvePublicNumbers(_number(key["x"]), _number(key["y"]), ec.SECP256R1()).public_key()
        pair = (int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
        public.verify(encode_dss_signature(*pair), message, ec.ECDSA(hashes.SHA256()))
    elif algorithm == "RS256":
        assert key["kty"] == "RSA"
        rsa_key = rsa.RSAPublicNumbers(_number(key["e"]), _number(key["n"])).public_key()
        assert rsa_key.key_size >= 2048
        rsa_key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
    elif algorithm == "EdDSA":
        ed25519.Ed25519PublicKey.from_public_bytes(decoded(key["x"])).verify(signature, message)
    else:
        raise AssertionError(f"unexpected algorithm {algorithm}")
