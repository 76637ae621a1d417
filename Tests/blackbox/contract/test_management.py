"""The management API's first slice (contract, Forms; management-api.md)."""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests
from latchkey_server import LatchkeyServer, User, eventually

PROTOCOL_SCOPES = {"openid", "offline_access", "profile", "email"}
AUTHORIZATION_MEMBERS = {
    "id", "client_id", "client_name", "visibility", "scopes", "accounts", "resources", "created_at", "expires_on", "last_used_at",
    "last_used_ip", "installations",
}
INSTALLATION_MEMBERS = {"id", "created_at", "expires_on", "last_used_at", "scopes", "accounts"}
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def result(answer: requests.Response) -> Any:
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["success"] is True and body["errors"] == [] and isinstance(body["messages"], list)
    return body["result"]


def refused(answer: requests.Response, status: int) -> None:
    """management-api.md, Envelope: errors have their HTTP status, `success: false`, and a code and message each."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["success"] is False and body["errors"]
    assert all(isinstance(error["code"], int) and error["message"] for error in body["errors"])


@pytest.fixture
def granted(server: LatchkeyServer) -> tuple[User, str, dict[str, Any], dict[str, Any]]:
    """The limited user's API token, a new grant to the RS256 client, and its authorization as listed."""
    user = server.limited
    tokens = server.grant(user, server.rs256)
    listed = result(server.manage("GET", "/user/authorizations", server.api_token(user)))
    return user, server.api_token(user), tokens, next(each for each in listed if each["client_id"] == server.rs256.client_id)


def test_scopes_list_their_operations(server: LatchkeyServer) -> None:
    """Contract, Forms: `GET /oauth/scopes`, each scope with `operations: [{method, path, summary, risk}]`."""
    scopes = result(server.manage("GET", "/oauth/scopes", server.api_token(server.limited)))
    by_label = {scope["id"]: scope for scope in scopes}
    assert set(server.first.scopes) <= set(by_label)
    for scope in by_label.values():
        assert scope["name"] and isinstance(scope["operations"], list)
        for operation in scope["operations"]:
            assert {"method", "path", "summary", "risk"} <= set(operation)
            assert operation["risk"] in ("read", "write", "destructive")
    assert {"method": "GET", "path": "/accounts/{account_id}/zones"}.items() <= by_label["zone.read"]["operations"][0].items()


def test_an_access_token_may_ask_for_the_scopes(server: LatchkeyServer) -> None:
    """management-api.md: any authenticated caller."""
    token = server.grant(server.administrator, server.first)["access_token"]
    assert result(server.manage("GET", "/oauth/scopes", token))


@pytest.mark.parametrize(("method", "path"), [
    ("GET", "/oauth/scopes"), ("GET", "/user/authorizations"), ("GET", "/user/authorizations/" + "0" * 32),
    ("PATCH", "/user/authorizations/" + "0" * 32), ("DELETE", "/user/authorizations/" + "0" * 32), ("GET", "/authorizations/self")])
def test_without_a_token_it_is_401_without_error(server: LatchkeyServer, method: str, path: str) -> None:
    """Contract, Tokens: a 401 without `error` where no token was sent, on the management API too."""
    answer = server.manage(method, path, None)
    refused(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer") and "error=" not in answer.headers["WWW-Authenticate"]
    for token in ("lkt_wrong", "lka_wrong", "x"):
        wrong = server.manage(method, path, token)
        refused(wrong, 401)
        assert 'error="invalid_token"' in wrong.headers["WWW-Authenticate"]


def test_an_authorization_has_every_member(server: LatchkeyServer, granted: tuple[Any, ...]) -> None:
    """Contract, Forms: the members of an authorization and of its installations; times RFC 3339 or null."""
    _, token, tokens, authorization = granted
    assert AUTHORIZATION_MEMBERS <= set(authorization)
    assert authorization["client_name"] == server.rs256.name and authorization["visibility"] == server.rs256.visibility
    assert authorization["accounts"] == [{"id": server.accounts[0], "name": server.line["accounts"][0]["name"]}]
    assert set(authorization["scopes"]) - PROTOCOL_SCOPES == set(server.rs256.scopes)
    for installation in authorization["installations"]:
        assert set(installation) >= INSTALLATION_MEMBERS
    moments = [authorization[name] for name in ("created_at", "expires_on", "last_used_at")]
    moments += [each[name] for each in authorization["installations"] for name in ("created_at", "expires_on", "last_used_at")]
    assert all(moment is None or RFC_3339.fullmatch(moment) for moment in moments) and authorization["created_at"]
    assert server.inspect(tokens["access_token"])["installation"] in {each["id"] for each in authorization["installations"]}
    assert result(server.manage("GET", f"/user/authorizations/{authorization['id']}", token))["id"] == authorization["id"]


def test_the_list_shows_ones_own_alone(server: LatchkeyServer, granted: tuple[Any, ...]) -> None:
    """Design §9: nobody sees what somebody else granted; somebody else's id is not found."""
    _, _, tokens, authorization = granted
    stranger = server.api_token(server.member_of_both)
    assert authorization["id"] not in {each["id"] for each in result(server.manage("GET", "/user/authorizations", stranger))}
    path = f"/user/authorizations/{authorization['id']}"
    refused(server.manage("GET", path, stranger), 404)
    refused(server.manage("PATCH", path, stranger, json={"scopes": [], "accounts": []}), 404)
    refused(server.manage("DELETE", path, stranger), 404)
    assert server.is_active(tokens["access_token"])


def test_numbered_pages_end(server: LatchkeyServer, granted: tuple[Any, ...]) -> None:
    """management-api.md, What breaks a naive server 1: lists are asked for `?page=n+1` until `result` is `[]`."""
    token = granted[1]
    pages = []
    for number in range(1, 5):
        page = result(server.manage("GET", "/user/authorizations", token, params={"page": number, "per_page": 1}))
        pages.append(page)
        if not page:
            break
    assert pages[-1] == [] and pages[0]


def test_patch_says_what_stays(server: LatchkeyServer, granted: tuple[Any, ...]) -> None:
    """Contract, Forms: `PATCH {"scopes","accounts"}` = what stays; it reaches every family at once."""
    _, token, tokens, authorization = granted
    gone = server.rs256.optional_scopes[0]
    kept = [scope for scope in authorization["scopes"] if scope != gone]
    path = f"/user/authorizations/{authorization['id']}"
    answer = result(server.manage("PATCH", path, token, json={"scopes": kept, "accounts": [server.accounts[0]]}))
    assert gone not in answer["scopes"] and set(kept) <= set(answer["scopes"])
    assert gone not in server.inspect(tokens["access_token"])["scope"].split()
    partial = result(server.manage("PATCH", path, token, json={"scopes": kept}))
    assert partial["accounts"] == authorization["accounts"], "what is not named stays"


@pytest.mark.parametrize("change", [
    {"scopes": ["worker.delete"]}, {"scopes": ["no.such.scope"]}, {"accounts": ["0" * 32]}, {"accounts": ["x"]}, {"scopes": "zone.read"},
    {"scopes": [1]}, {"accounts": {}}, {"scopes": None}])
def test_patch_with_a_thing_not_held_is_400(server: LatchkeyServer, granted: tuple[Any, ...], change: dict[str, Any]) -> None:
    """Contract, Forms: a thing not held is a 400, and nothing changes."""
    _, token, _, authorization = granted
    path = f"/user/authorizations/{authorization['id']}"
    refused(server.manage("PATCH", path, token, json=change), 400)
    assert result(server.manage("GET", path, token))["scopes"] == authorization["scopes"]


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '"x"', "{\"scopes\": [" + "[" * 2000, "\x00", '{"scopes":["\\ud800"]}'])
def test_patch_with_no_json_object_is_400(server: LatchkeyServer, granted: tuple[Any, ...], body: str) -> None:
    """Design §9: never a 500 for bad input."""
    _, token, _, authorization = granted
    answer = server.manage(
        "PATCH", f"/user/authorizations/{authorization['id']}", token, data=body.encode(), headers={"Content-Type": "application/json"})
    refused(answer, 400)


def test_delete_answers_the_id_and_ends_it_at_once(server: LatchkeyServer, granted: tuple[Any, ...]) -> None:
    """Contract, Forms: `DELETE` answers `{"id"}` with 200; everything granted ends at once."""
    _, token, tokens, authorization = granted
    path = f"/user/authorizations/{authorization['id']}"
    assert result(server.manage("DELETE", path, token)) == {"id": authorization["id"]}
    assert not server.is_active(tokens["access_token"])
    refused(server.manage("GET", path, token), 404)
    refused(server.manage("DELETE", path, token), 404)


def test_self_says_what_the_token_may_and_asks_for_more(server: LatchkeyServer, person: User) -> None:
    """Contract, Forms: `self` adds `declined_scopes`, `authorize_url` and (Tokens) `installation`."""
    client = server.first
    declined = client.optional_scopes[0]
    tokens = server.grant(person, client, client.scopes, decline=[declined])
    own = result(server.manage("GET", "/authorizations/self", tokens["access_token"]))
    assert AUTHORIZATION_MEMBERS | {"declined_scopes", "authorize_url", "installation"} <= set(own)
    assert declined in own["declined_scopes"] and declined in own["authorize_url"]
    assert client.client_id in own["authorize_url"]
    assert own["installation"] == server.inspect(tokens["access_token"])["installation"]


def test_self_is_for_access_tokens(server: LatchkeyServer) -> None:
    """management-api.md, Ours: `GET /authorizations/self` with an access token; an API token has no authorization."""
    answer = server.manage("GET", "/authorizations/self", server.api_token(server.administrator))
    assert answer.status_code in (400, 401, 403, 404) and answer.json()["success"] is False


def test_an_app_cannot_change_what_was_granted_to_others(server: LatchkeyServer, person: User) -> None:
    """Design §5: an access token acts within its scopes; none of them is the user's list of apps."""
    own, other = server.grant(person, server.first), server.grant(person, server.rs256)
    victim = result(server.manage("GET", "/authorizations/self", other["access_token"]))["id"]
    answer = server.manage("DELETE", f"/user/authorizations/{victim}", own["access_token"])
    assert answer.status_code in (403, 404), answer.text
    answer = server.manage("PATCH", f"/user/authorizations/{victim}", own["access_token"], json={"scopes": []})
    assert answer.status_code in (403, 404), answer.text
    assert server.is_active(other["access_token"])


@pytest.mark.parametrize("path", ["/", "/nowhere", "/users", "/user/authorizations/x/y", "/oauth/scopes/x"])
def test_unknown_paths_are_404_in_the_envelope(server: LatchkeyServer, path: str) -> None:
    """management-api.md, Envelope: 404 in the same shape; protocol: JSON or 404, never an HTML 200."""
    refused(server.manage("GET", path, server.api_token(server.administrator)), 404)


def test_a_wrong_method_is_405_in_the_envelope(server: LatchkeyServer) -> None:
    """RFC 9110 §15.5.6: 405 with Allow, in the API's own error shape."""
    answer = server.manage("POST", "/user/authorizations", server.api_token(server.administrator), json={})
    refused(answer, 405)
    assert "GET" in answer.headers["Allow"]


def test_a_disabled_user_cannot_use_an_api_token(own: LatchkeyServer) -> None:
    """CVE-2023-22492's sibling: the long-lived credential ends with the user too."""
    user = own.limited
    token = own.api_token(user)
    assert own.manage("GET", "/user/authorizations", token).status_code == 200
    own.operate("user", "disable", user.email)
    eventually(lambda: own.manage("GET", "/user/authorizations", token).status_code == 401)
