"""Attacks on clients that prove themselves by their own keys (RFC 7523; security-cases: jti, aud, algorithm confusion)."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import subprocess
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import databases
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from latchkey_server import Client, LatchkeyServer, at_once, error_of, eventually, executable
from own_keys import KeyClient, encoded, jwt, key_client, new_key
from ports import free_ports

TIMES = 50


@pytest.fixture(scope="module")
def holder(server: LatchkeyServer) -> KeyClient:
    client = key_client(server, new_key("ES256", "one"), new_key("RS256", "two"))
    assert client.ask(client.assertion()).json() == {"active": False}, "a good assertion is taken"
    return client


def refused(answer: Any) -> None:
    assert answer.status_code == 401 and error_of(answer) == "invalid_client", answer.text


# MARK: Once


def test_the_same_assertion_twice_is_refused(holder: KeyClient) -> None:
    """CVE-2020-15222, CVE-2020-5300: the jti was never stored."""
    assertion = holder.assertion()
    assert holder.ask(assertion).status_code == 200
    refused(holder.ask(assertion))
    refused(holder.ask(assertion, "/oauth2/revoke"))
    refused(holder.server.caller.post(
        holder.server.issuer + "/oauth2/token", **holder.proven({"grant_type": "refresh_token", "refresh_token": "x"}, assertion)))
    again = holder.assertion(jti="the same name")
    assert holder.ask(again).status_code == 200
    refused(holder.ask(holder.assertion(jti="the same name", exp=int(time.time()) + 200)))


def test_another_client_may_use_the_same_jti(server: LatchkeyServer, holder: KeyClient) -> None:
    """RFC 7523 §3 item 7: a jti is the client's own; one client cannot use up another's."""
    other = key_client(server)
    assert holder.ask(holder.assertion(jti="shared")).status_code == 200
    assert other.ask(other.assertion(jti="shared")).status_code == 200


def test_an_assertion_stays_used_across_a_crash(own: LatchkeyServer) -> None:
    """CVE-2020-15222: across restarts; kill -9 right after the answer loses nothing."""
    client = key_client(own)
    assertion = client.assertion(exp=int(time.time()) + 290)
    assert client.ask(assertion).status_code == 200
    own.kill()
    own.start()
    refused(client.ask(assertion))
    assert client.ask(client.assertion()).status_code == 200


def test_fifty_at_once_with_one_assertion_are_one(holder: KeyClient) -> None:
    """better-auth #9964: single use was not atomic."""
    assertion = holder.assertion()
    results = at_once(TIMES, lambda _: holder.ask(assertion))
    assert sorted(result.status_code for result in results) == [200] + [401] * (TIMES - 1)


@pytest.fixture
def two_nodes(tmp_path: Path) -> Iterator[tuple[KeyClient, list[str]]]:
    """Two servers of one issuer on one database, and a client of both."""
    data, url, key, port = tmp_path / "data", databases.new_database(), new_key(), free_ports(4)[0]
    place = ["--data", str(data), *databases.of_command(url)]

    def run(*arguments: str) -> Any:
        done = subprocess.run(
            [str(executable()), *arguments, *place, "--json"], capture_output=True, text=True, timeout=30, check=True)
        return json.loads(done.stdout)

    (tmp_path / "openapi.json").write_text(json.dumps({"openapi": "3.1.0", "info": {"title": "Nothing", "version": "1"}, "paths": {}}))
    run("import", str(tmp_path / "openapi.json"))
    account = run("account", "add", "Northwind")
    made = run("client", "add", "Key Holder", "--account", account["id"], "--redirect-uri", "https://keys.example/cb", "--scope", "openid")
    with databases.opened(data, url) as database:
        database.execute(
            "UPDATE clients SET authentication_method = 'private_key_jwt', jwks = ?", (json.dumps({"keys": [key.public]}),))
    master = tmp_path / "master.key"
    master.write_bytes(b64encode(os.urandom(32)))
    nodes, issuer = [], f"http://127.0.0.1:{port}"
    try:
        for offset in (0, 2):
            nodes.append(subprocess.Popen(
                [str(executable()), "serve", "--issuer", issuer, "--listen", f"127.0.0.1:{port + offset}",
                 "--internal-listen", f"127.0.0.1:{port + offset + 1}", *place, "--master-key-file", str(master)],
                stderr=subprocess.PIPE, text=True))
            assert any('"ready"' in line for line in nodes[-1].stderr or ()), "it ended before it was ready"
        server = LatchkeyServer()
        server.line = {"issuer": issuer}
        client = KeyClient(
            server=server, client_id=made["client_id"], client_secret=None, name="Key Holder", method="private_key_jwt", redirect_uri="",
            scopes=[], optional_scopes=[], post_logout_redirect_uris=[], visibility="private", account_id=account["id"], keys=[key])
        yield client, [f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 2}"]
    finally:
        for node in nodes:
            node.terminate()
            node.wait(10)
            if node.stderr:
                node.stderr.close()
        databases.drop(url)


def test_two_nodes_take_one_assertion_once(two_nodes: tuple[KeyClient, list[str]]) -> None:
    """CVE-2020-15222, better-auth #9964: two nodes, the same jti, in parallel: one success."""
    client, nodes = two_nodes
    for _ in range(5):
        assertion = client.assertion()
        results = at_once(20, lambda index, text=assertion: client.ask(text, issuer=nodes[index % 2]))
        assert sorted(result.status_code for result in results) == [200] + [401] * 19
    for node in nodes:
        assert client.ask(client.assertion(), issuer=node).status_code == 200


# MARK: For us alone


def test_only_the_issuer_is_an_audience(holder: KeyClient) -> None:
    """CVE-2025-27370, RFC 10070: an endpoint's URL, a list or another name lets one server use what was signed for another."""
    issuer = holder.server.issuer
    for audience in [
        [issuer], [issuer, "https://other.example"], issuer + "/oauth2/token", issuer + "/oauth2/par", issuer + "/oauth2/introspect",
        issuer + "/", issuer.upper(), issuer.replace("http://", ""), "https://other.example", holder.client_id, "", 1, {"aud": issuer}, True,
        None,
    ]:
        refused(holder.ask(holder.assertion(aud=audience)))
    assert holder.ask(holder.assertion()).status_code == 200


# MARK: The key's own algorithm


def test_no_signature_and_no_shared_secret_will_do(holder: KeyClient) -> None:
    """CVE-2024-37568, CVE-2026-44699: `none`, and HMAC with the public key, in each form that it has."""
    claims = holder.claims
    for algorithm in ["none", "None", "NONE", ""]:
        refused(holder.ask(jwt({"alg": algorithm, "typ": "JWT"}, claims(), lambda _: b"")))
        refused(holder.ask(jwt({"alg": algorithm, "typ": "JWT", "kid": "one"}, claims(), holder.keys[0].sign)))
    for key in holder.keys:
        public = key.private.public_key()
        forms = [
            public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), json.dumps(key.public).encode(),
            key.public.get("n", key.public.get("x", "")).encode(), b"",
        ]
        for secret in forms:
            for header in [{"alg": "HS256"}, {"alg": "HS256", "kid": key.kid}, {"alg": key.algorithm, "kid": key.kid}]:
                sign = lambda message, secret=secret: hmac.new(secret, message, hashlib.sha256).digest()  # noqa: E731
                refused(holder.ask(jwt({"typ": "JWT", **header}, claims(), sign)))


def test_a_key_signs_by_its_own_algorithm_alone(holder: KeyClient) -> None:
    """RFC 8725 §3.1: neither the header's `alg` nor its `kid` makes one key pass for another."""
    one, two = holder.keys
    for header in [
        {"alg": "RS256"}, {"alg": "ES384"}, {"alg": "PS256"}, {"alg": "EdDSA"}, {"alg": None}, {"kid": "two"}, {"kid": "three"}, {"kid": 1},
        {"kid": ["one"]}, {"typ": "at+jwt"}, {"typ": "logout+jwt"}, {"typ": 1}, {"crit": ["exp"]}, {"crit": []}, {"b64": False},
    ]:
        refused(holder.ask(holder.assertion(one, header)))
    refused(holder.ask(holder.assertion(two, {"alg": "PS256"})))
    refused(holder.ask(holder.assertion(new_key("ES256", "one"))))
    refused(holder.ask(holder.assertion(new_key("RS256"))))
    for header in [{"kid": None}, {"typ": None}, {"typ": "client-authentication+jwt"}]:
        assert holder.ask(holder.assertion(one, header)).status_code == 200
    assert holder.ask(holder.assertion(two)).status_code == 200


def test_a_key_in_the_header_is_nobodys(holder: KeyClient) -> None:
    """RFC 8725 §3.10: `jwk`, `jku` and `x5u` in a header are never followed."""
    mine = new_key()
    for header in [{"jwk": mine.public, "kid": None}, {"jku": "http://127.0.0.1:1/keys", "kid": None}, {"x5u": "http://127.0.0.1:1/x"}]:
        refused(holder.ask(holder.assertion(mine, header)))


def test_an_assertion_that_was_touched_is_refused(holder: KeyClient) -> None:
    """Any change of header, claims or signature; cut, doubled and endless ones; never a 500."""
    header, claims, signature = holder.assertion().split(".")
    changed = encoded(json.dumps(holder.claims(sub=holder.server.first.client_id)).encode())
    for text in [
        f"{header}.{changed}.{signature}", f"{header}.{claims}.", f"{header}.{claims}", f".{claims}.{signature}", "", ".", "..", "...",
        f"{header}.{claims}.{signature}.{signature}", f"{header}.{claims}.{signature}=", f"{header}.{claims}.{signature[:-2]}",
        f"{header}.{claims}.{'A' * len(signature)}", f"{encoded(b'[]')}.{claims}.{signature}", f"{header}.{encoded(b'null')}.{signature}",
        f"{header}.{encoded(b'{}')}.{signature}", "é.é.é", "x" * 20000, f"{header}.{claims}.{'A' * 9000}",
    ]:
        refused(holder.ask(text))


# MARK: Whose, when


def test_no_client_speaks_for_another(server: LatchkeyServer, holder: KeyClient) -> None:
    """RFC 7523 §3: iss and sub are the client, and the key is that client's."""
    other = key_client(server)
    for claims in [
        {"sub": other.client_id}, {"iss": other.client_id}, {"iss": other.client_id, "sub": other.client_id}, {"iss": None}, {"sub": None},
        {"iss": "https://keys.example"}, {"sub": "0" * 32, "iss": "0" * 32}, {"sub": server.first.client_id, "iss": server.first.client_id},
        {"sub": [holder.client_id]}, {"sub": server.resource_server.client_id, "iss": server.resource_server.client_id},
    ]:
        refused(holder.ask(holder.assertion(**claims)))
    options = holder.proven({"token": "nothing", "client_id": other.client_id}, holder.assertion())
    refused(server.caller.post(server.issuer + "/oauth2/introspect", **options))
    options = holder.proven({"token": "nothing", "client_id": holder.client_id}, holder.assertion())
    assert server.caller.post(server.issuer + "/oauth2/introspect", **options).status_code == 200


def test_an_assertion_is_good_for_minutes(holder: KeyClient) -> None:
    """RFC 7523 §3: exp is there, not past and not far; nbf and iat are not ahead; jti is there."""
    now = int(time.time())
    for claims in [
        {"exp": None}, {"exp": now - 60}, {"exp": 0}, {"exp": -1}, {"exp": now + 600}, {"exp": now + 3600}, {"exp": 2**62}, {"exp": 1e300},
        {"exp": str(now + 60)}, {"exp": [now + 60]}, {"nbf": now + 120}, {"iat": now + 120}, {"nbf": "now"}, {"jti": None}, {"jti": ""},
        {"jti": 7}, {"jti": "j" * 257},
    ]:
        refused(holder.ask(holder.assertion(**claims)))
    for claims in [{"exp": now + 295}, {"exp": now + 30.5}, {"iat": None}, {"nbf": now - 5}, {"iat": now + 10}, {"jti": "j" * 256}]:
        assert holder.ask(holder.assertion(**claims)).status_code == 200, claims


# MARK: One method


def test_a_client_proves_itself_in_its_registered_way_alone(server: LatchkeyServer, holder: KeyClient) -> None:
    """GHSA-pw9m-5jxm-xr6h, RFC 6749 §2.3: no assertion, a secret instead, or both, is not enough; nor is an assertion of a secret's client."""
    form = {"grant_type": "refresh_token", "refresh_token": "lkr_nothing"}
    plain: dict[str, Any] = {**holder.__dict__}
    plain.pop("keys")
    for method, secret in [("none", None), ("client_secret_post", "lks_x"), ("client_secret_basic", "lks_x"), ("client_secret_basic", "")]:
        refused(Client(**{**plain, "method": method, "client_secret": secret}).post("/oauth2/token", form))
    for more in [("client_secret", "lks_x"), ("client_assertion", "twice")]:
        options = holder.proven(form, holder.assertion())
        options["data"].append(more)
        assert error_of(server.caller.post(server.issuer + "/oauth2/token", **options)) == "invalid_request"
    options = holder.proven(form, holder.assertion())
    options["headers"]["Authorization"] = "Basic eDp5"
    assert error_of(server.caller.post(server.issuer + "/oauth2/token", **options)) == "invalid_request"
    for kind in [None, "", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer", "jwt-bearer"]:
        data = [*form.items(), ("client_assertion", holder.assertion()), *([("client_assertion_type", kind)] if kind is not None else [])]
        refused(server.caller.post(server.issuer + "/oauth2/token", data=data))


def test_a_key_that_was_taken_out_opens_nothing(server: LatchkeyServer) -> None:
    """A changed key set acts on the next request; a client that keeps a secret again has no keys."""
    old, new = new_key(), new_key("EdDSA")
    client = key_client(server, old)
    token, path = server.api_token(server.administrator), f"/accounts/{server.accounts[0]}/oauth_clients/{client.client_id}"
    assert server.manage("PATCH", path, token, json={"jwks": {"keys": [new.public]}}).status_code == 200
    refused(client.ask(client.assertion(old)))
    assert client.ask(client.assertion(new)).status_code == 200
    changed = server.manage("PATCH", path, token, json={"token_endpoint_auth_method": "client_secret_post"})
    assert changed.status_code == 200 and changed.json()["result"]["jwks"] is None
    refused(client.ask(client.assertion(new)))


def test_a_suspended_client_is_refused_like_an_unknown_one(server: LatchkeyServer) -> None:
    """Nothing tells the two apart, and nothing of a suspended client is used up."""
    client = key_client(server)
    assertion = client.assertion()
    server.operate("client", "suspend", client.client_id)
    suspended = client.ask(assertion)
    refused(suspended)
    unknown = client.ask(client.assertion(iss="0" * 32, sub="0" * 32))
    assert unknown.json() == suspended.json()
    server.operate("client", "resume", client.client_id)
    eventually(lambda: client.ask(assertion).status_code == 200, within=3)
