"""Clients with their own keys: registered, changed, shown, and through the whole flow."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from latchkey_server import LatchkeyServer, Page, User, error_of
from own_keys import ALGORITHMS, Key, encoded, key_client, new_key, register


def wrongs(answer: Any) -> dict[str, str]:
    """The message for each member that an answer finds wrong."""
    assert answer.status_code == 400, answer.text
    return {problem.get("source", {}).get("pointer", ""): problem["message"] for problem in answer.json()["errors"]}


def change(server: LatchkeyServer, client_id: str, method: str = "PATCH", suffix: str = "", **members: Any) -> Any:
    path = f"/accounts/{server.accounts[0]}/oauth_clients/{client_id}{suffix}"
    return server.manage(method, path, server.api_token(server.administrator), **({"json": members} if members else {}))


def test_the_metadata_names_method_and_algorithms(server: LatchkeyServer) -> None:
    """RFC 8414 §2; `none` and the HMAC family are never among them."""
    for path in ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]:
        document = server.caller.get(server.issuer + path).json()
        for endpoint in ["token", "revocation", "introspection"]:
            assert "private_key_jwt" in document[f"{endpoint}_endpoint_auth_methods_supported"]
            assert set(document[f"{endpoint}_endpoint_auth_signing_alg_values_supported"]) == set(ALGORITHMS)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_whole_flow_with_a_key(server: LatchkeyServer, person: User, algorithm: str) -> None:
    """RFC 7523 §2.2 at token, introspection and revocation; a client that proves itself is not asked for consent again."""
    client = key_client(server, new_key(algorithm))
    tokens = server.grant(person, client)
    again = client.refreshed(tokens["refresh_token"])
    told = client.introspect(again["access_token"]).json()
    assert told["active"] and told["client_id"] == client.client_id
    without_page = server.browser(person).authorize(client.request(client.scopes))
    assert client.tokens(without_page)["access_token"]
    assert client.revoke(again["refresh_token"]).status_code == 200
    assert error_of(client.refresh(again["refresh_token"])) == "invalid_grant"


def test_what_was_registered_is_shown_without_what_is_not_used(server: LatchkeyServer) -> None:
    """management-api.md: ours adds private_key_jwt. What a GET answers can be sent again and changes nothing."""
    key = new_key("RS256", "first")
    sent = {**key.public, "use": "sig", "alg": "RS256", "key_ops": ["verify"], "x5t": "abc", "name": "<script>"}
    made = register(server, jwks={"keys": [sent], "more": 1}).json()["result"]
    assert "client_secret" not in made and made["secrets"] == [] and made["has_rotated_secret"] is False
    assert made["jwks"] == {"keys": [{**key.public, "use": "sig", "alg": "RS256"}]}
    shown = change(server, made["client_id"], "GET").json()["result"]
    assert shown["jwks"] == made["jwks"]
    kept = change(
        server, made["client_id"], token_endpoint_auth_method="private_key_jwt", jwks=shown["jwks"], client_name=shown["client_name"])
    assert kept.json()["result"] == shown
    assert register(server, token_endpoint_auth_method="client_secret_basic", jwks=None).json()["result"]["jwks"] is None


def test_there_is_no_secret_to_rotate(server: LatchkeyServer) -> None:
    """A 400 that says why; and the secrets of a client that changes to its own keys are gone at once."""
    client = key_client(server)
    answer = change(server, client.client_id, "POST", "/rotate_secret")
    assert answer.status_code == 400 and "jwks" in answer.json()["errors"][0]["message"]
    secret = server.new_client("Changes to Keys", "--post")
    assert error_of(secret.refresh("lkr_nothing")) == "invalid_grant"
    changed = change(server, secret.client_id, token_endpoint_auth_method="private_key_jwt", jwks={"keys": [new_key().public]})
    assert changed.status_code == 200 and changed.json()["result"]["secrets"] == []
    assert error_of(secret.refresh("lkr_nothing")) == "invalid_client"
    back = change(server, secret.client_id, token_endpoint_auth_method="client_secret_post").json()["result"]
    assert back["jwks"] is None and back["secrets"] == []
    assert error_of(secret.refresh("lkr_nothing")) == "invalid_client"


def private(key: Key) -> dict[str, Any]:
    return {**key.public, "d": encoded(key.private.private_numbers().private_value.to_bytes(32, "big"))}


def p384() -> dict[str, Any]:
    numbers = ec.generate_private_key(ec.SECP384R1()).public_key().public_numbers()
    return {"kty": "EC", "crv": "P-384", "x": encoded(numbers.x.to_bytes(48, "big")), "y": encoded(numbers.y.to_bytes(48, "big"))}


def test_keys_that_nobody_should_trust_are_refused(server: LatchkeyServer) -> None:
    """Public keys of a known kind alone; each refusal points at the member and says what to do."""
    good, large = new_key().public, new_key("RS256").public
    cases: list[tuple[Any, str, str]] = [
        ({"keys": [private(new_key())]}, "/jwks/keys/0/d", "public half"),
        ({"keys": [good, {**large, "p": "AQAB"}]}, "/jwks/keys/1/p", "public half"),
        ({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}, "/jwks/keys/0/k", "shared"),
        ({"keys": [{"kty": "oct"}]}, "/jwks/keys/0/kty", "EC"),
        ({"keys": [new_key("RS256", bits=1024).public]}, "/jwks/keys/0/n", "2048"),
        ({"keys": [{**large, "n": encoded(b"\x80" + b"\x01" * 1000)}]}, "/jwks/keys/0/n", "4096"),
        ({"keys": [{**large, "n": ""}]}, "/jwks/keys/0/n", "number"),
        ({"keys": [{**large, "e": "AQ"}]}, "/jwks/keys/0/e", "odd"),
        ({"keys": [{**large, "e": encoded(b"\x01" * 40)}]}, "/jwks/keys/0/e", "odd"),
        ({"keys": [{**large, "alg": "PS256"}]}, "/jwks/keys/0/alg", "RS256"),
        ({"keys": [{**good, "alg": "none"}]}, "/jwks/keys/0/alg", "ES256"),
        ({"keys": [{**good, "alg": "HS256"}]}, "/jwks/keys/0/alg", "ES256"),
        ({"keys": [{**good, "use": "enc"}]}, "/jwks/keys/0/use", "sig"),
        ({"keys": [{**good, "key_ops": ["sign"]}]}, "/jwks/keys/0/key_ops", "verify"),
        ({"keys": [p384()]}, "/jwks/keys/0/kty", "P-256"),
        ({"keys": [{**good, "y": good["x"]}]}, "/jwks/keys/0", "no key"),
        ({"keys": [{**good, "x": good["x"][:-1]}]}, "/jwks/keys/0/x", "32 bytes"),
        ({"keys": [{**good, "kid": ""}]}, "/jwks/keys/0/kid", "1 to 256"),
        ({"keys": [{**good, "kid": 1}]}, "/jwks/keys/0/kid", "1 to 256"),
        ({"keys": [{**good, "kid": "a"}, {**large, "kid": "a"}]}, "/jwks/keys/1/kid", "same kid"),
        ({"keys": ["key"]}, "/jwks/keys/0", "object"),
        ({"keys": []}, "/jwks/keys", "1 to 10"),
        ({"keys": [good] * 11}, "/jwks/keys", "1 to 10"),
        ({"keys": [{**good, "x5c": ["A" * 17000]}]}, "/jwks", "16 KiB"),
        ({"keys": good}, "/jwks", "list"), ({}, "/jwks", "list"), ([good], "/jwks", "list"), ("https://keys.example/jwks", "/jwks", "list"),
        (None, "/jwks", "takes jwks"),
    ]
    for jwks, pointer, words in cases:
        found = wrongs(register(server, jwks=jwks))
        assert pointer in found and words in found[pointer], (jwks, found)
    assert register(server, jwks={"keys": [new_key(kid=str(number)).public for number in range(10)]}).status_code == 200


def test_keys_go_with_their_method_and_are_never_fetched(server: LatchkeyServer) -> None:
    """CVE-2026-1180: `jwks_uri` is refused in words, so that nobody believes it is followed."""
    keys = {"keys": [new_key().public]}
    assert "/jwks" in wrongs(register(server, token_endpoint_auth_method="client_secret_basic", jwks=keys))
    assert "/jwks" in wrongs(register(server, token_endpoint_auth_method="none", jwks=keys, redirect_uris=["http://127.0.0.1/cb"]))
    found = wrongs(register(server, jwks_uri="https://keys.example/jwks", jwks=keys))
    assert "not supported" in found["/jwks_uri"]
    client = key_client(server)
    assert "/jwks" in wrongs(change(server, client.client_id, jwks=None))
    assert "/token_endpoint_auth_method" in wrongs(register(server, token_endpoint_auth_method="client_secret_jwt", jwks=None))


def test_the_keys_are_changed_on_the_settings_page(server: LatchkeyServer, person: User) -> None:
    """What the API can do a page can do; what was typed stays until it is right."""
    made = register(server, token_endpoint_auth_method="client_secret_basic", jwks=None).json()["result"]
    path = f"/accounts/{server.accounts[0]}/oauth-clients/{made['client_id']}"
    browser, key = server.browser(person), new_key(kid="page")
    method = {"token_endpoint_auth_method": "private_key_jwt"}

    def save(**changes: Any) -> Page:
        page = browser.page(path)
        answer = browser.submit(page, page.html.form_with("jwks"), {**method, **changes}, ("action", "save"))
        assert isinstance(answer, Page)
        return answer

    for keys, words in [("", "takes jwks"), ("{", "no JSON"), (json.dumps({"keys": [private(key)]}), "public half")]:
        page = save(jwks=keys)
        assert page.status == 400 and words in page.text, page.text
    assert '"kid": "page"' in (page.html.form_with("jwks").value("jwks") or "")
    page = save(jwks=json.dumps({"keys": [key.public]}))
    assert page.status == 200 and "Saved." in page.text
    shown = change(server, made["client_id"], "GET").json()["result"]
    assert shown["token_endpoint_auth_method"] == "private_key_jwt" and [each["kid"] for each in shown["jwks"]["keys"]] == ["page"]
    assert save().status == 200, "saved again as it stands"
    assert change(server, made["client_id"], "GET").json()["result"]["jwks"] == shown["jwks"]
    secrets = browser.page(path + "/secrets")
    assert secrets.status == 200 and "key of its own" in secrets.text and not secrets.html.has_form_with("action")
    trial = browser.page(path + "/try")
    assert trial.status == 200 and "private_key_jwt_sign" in trial.response.text and "CLIENT_SECRET" not in trial.response.text
