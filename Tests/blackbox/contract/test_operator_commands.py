"""Operator commands work beside a running server; what they change is effective in it within a second (contract, Start)."""

from __future__ import annotations

import json
import time

import pytest
from latchkey_server import Browser, Departure, LatchkeyServer, Page, eventually

#: What is waited for; how long it takes is measured below.
SOON = 20.0


def test_a_disabled_user_loses_everything_within_a_second(server: LatchkeyServer) -> None:
    """CVE-2023-22492 (ZITADEL): disabling ends refresh, introspection, userinfo, /verify, the API and the session at once."""
    user, client = server.new_user(), server.first
    tokens = server.grant(user, client, [*client.scopes, "openid"])
    browser = server.browser(user)
    server.operate("user", "disable", user.email)
    eventually(lambda: not server.is_active(tokens["access_token"]), SOON)
    assert server.userinfo(tokens["access_token"]).status_code == 401
    assert server.verify("GET", "/accounts", tokens["access_token"]).status_code == 401
    assert server.manage("GET", "/authorizations/self", tokens["access_token"]).status_code == 401
    refused = client.refresh(tokens["refresh_token"])
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert browser.page("/connected-apps").html.has_form_with("password"), "the session outlives the user"
    again = Browser(server).sign_in(user.email, user.password)
    assert isinstance(again, Page) and again.html.has_form_with("password"), "a disabled user can sign in"
    assert [each["status"] for each in server.operate("user", "list") if each["email"] == user.email] == ["disabled"]

    server.operate("user", "enable", user.email)
    eventually(lambda: server.is_active(tokens["access_token"]), SOON)
    assert client.refresh(tokens["refresh_token"]).status_code == 200
    assert Browser(server).signed_in_as(user)


def test_a_code_of_a_disabled_user_is_not_redeemed(server: LatchkeyServer) -> None:
    """Protocol, Token endpoint: a disabled user is `invalid_grant`, a code that is under way included."""
    user, client = server.new_user(), server.first
    response = server.browser(user).authorize(client.request(), user)
    server.operate("user", "disable", user.email)

    def is_refused() -> bool:
        answer = client.exchange(response)
        return (answer.status_code, answer.json().get("error")) == (400, "invalid_grant")

    eventually(is_refused, SOON)


def test_a_deleted_user_is_gone_and_events_keep_the_id_alone(server: LatchkeyServer) -> None:
    """Contract, Start: everything a deleted user granted ends, and events keep the id alone."""
    user, client = server.new_user(), server.first
    tokens = server.grant(user, client)
    server.operate("user", "delete", user.email)
    eventually(lambda: not server.is_active(tokens["access_token"]), SOON)
    assert client.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert user.email not in server.command("user", "list").stdout
    assert server.command("user", "disable", user.email).returncode == 3


def test_a_suspended_client_stops_and_resumes(server: LatchkeyServer) -> None:
    """Contract: a suspended client is a page without redirect; its tokens stop within a second, and go on when it is resumed."""
    user, client = server.new_user(), server.new_client("Suspended Now")
    tokens = server.grant(user, client)
    server.operate("client", "suspend", client.client_id)
    eventually(lambda: not server.is_active(tokens["access_token"]), SOON)
    answer = eventually(lambda: _page(server.browser(user).ask(client.request())), SOON)
    assert answer.status in (400, 403), answer
    assert not answer.html.has_form_with("decision")
    for parameters in ({"prompt": "none"}, {"scope": "no-such-scope"}):
        assert isinstance(server.browser(user).ask(client.request(**parameters)), Page)
    eventually(lambda: client.refresh(tokens["refresh_token"]).json().get("error") in ("invalid_grant", "invalid_client"), SOON)
    assert server.verify("GET", "/accounts", tokens["access_token"]).status_code == 401

    server.operate("client", "resume", client.client_id)
    eventually(lambda: server.is_active(tokens["access_token"]), SOON)
    eventually(lambda: client.refresh(tokens["refresh_token"]).status_code == 200, SOON)


def test_a_change_of_another_process_takes_at_most_a_second(server: LatchkeyServer) -> None:
    """Contract, Start. The quickest of several: a machine that is busy says nothing about the rest."""
    client = server.new_client("In a Second")
    access = server.grant(server.new_user(), client)["access_token"]
    seconds = []
    for change, active in [("suspend", False), ("resume", True)] * 3:
        server.operate("client", change, client.client_id)
        began = time.monotonic()
        eventually(lambda active=active: server.is_active(access) is active, SOON)
        seconds.append(time.monotonic() - began)
    assert min(seconds) <= 1, seconds


def _page(answer: Page | Departure) -> Page | None:
    return answer if isinstance(answer, Page) else None


def test_a_deleted_client_is_exactly_invalid_client(server: LatchkeyServer) -> None:
    """Protocol, What real clients do: those who keep an id that was deleted get exactly `invalid_client`."""
    user, client = server.new_user(), server.new_client("Deleted Soon")
    tokens = server.grant(user, client)
    server.operate("client", "delete", client.client_id)
    eventually(lambda: not server.is_active(tokens["access_token"]), SOON)
    eventually(lambda: client.refresh(tokens["refresh_token"]).json().get("error") == "invalid_client", SOON)
    assert client.refresh(tokens["refresh_token"]).status_code == 401
    assert isinstance(server.browser(user).ask(client.request()), Page)
    assert client.name not in server.browser(user).page("/connected-apps").text


def test_a_suspended_account_stops_its_clients_and_drops_out(own: LatchkeyServer) -> None:
    """Contract, Start: its clients stop and it drops out of every authorization; its members keep their other accounts."""
    user, client = own.member_of_both, own.first
    first, second = own.accounts[:2]
    tokens = own.grant(user, client, accounts=[first, second])
    own_client = own.grant(user, own.private, accounts=[second])
    token = tokens["access_token"]
    path = "/accounts/{}/zones"
    assert own.verify("GET", path.format(second), token).status_code == 200

    own.operate("account", "suspend", second)
    eventually(lambda: own.verify("GET", path.format(second), token).status_code == 403, SOON)
    assert own.verify("GET", path.format(first), token).status_code == 200
    assert [each["identifier"] for each in own.inspect(token)["authorization_details"]] == [first]
    assert not own.is_active(own_client["access_token"])
    eventually(lambda: _page(own.browser(user).ask(own.private.request())), SOON)
    page = own.browser(user).consent_page(client.request(prompt="consent"), user)
    assert second not in page.html.form_with("decision").choices("account")

    own.operate("account", "resume", second)
    eventually(lambda: own.verify("GET", path.format(second), token).status_code == 200, SOON)
    assert own.is_active(own_client["access_token"])


def test_a_suspended_accounts_own_client_stops_for_everybody(own: LatchkeyServer) -> None:
    """Contract, Start: a suspended account's clients stop, members of other accounts included."""
    tokens = own.grant(own.member_of_both, own.first, accounts=[own.accounts[1]])
    own.operate("account", "suspend", own.accounts[0])
    eventually(lambda: not own.is_active(tokens["access_token"]), SOON)
    eventually(lambda: own.first.refresh(tokens["refresh_token"]).status_code in (400, 401), SOON)


def test_rotated_keys_keep_old_tokens_and_are_published_within_a_second(own: LatchkeyServer) -> None:
    """Contract, Start: `keys rotate` works beside a running server; design §4: the ring keeps what was made before."""
    user, client = own.administrator, own.first
    scopes = [*client.scopes, "openid"]
    before = own.grant(user, client, scopes)
    known = {key["kid"] for key in own.caller.get(own.issuer + "/.well-known/jwks.json").json()["keys"]}
    own.operate("keys", "rotate")
    published = eventually(
        lambda: {key["kid"] for key in own.caller.get(own.issuer + "/.well-known/jwks.json").json()["keys"]} - known, SOON)
    assert published
    assert own.is_active(before["access_token"])
    after = own.grant(user, client, scopes)
    assert own.is_active(after["access_token"])
    renewed = client.refreshed(before["refresh_token"])
    assert client.refreshed(before["refresh_token"])["refresh_token"] == renewed["refresh_token"], "a replay after rotation"
    keys = own.caller.get(own.issuer + "/.well-known/jwks.json").json()["keys"]
    assert known <= {key["kid"] for key in keys}, "ID tokens issued before cannot be verified any more"


@pytest.mark.parametrize("arguments", [
    ["user", "disable", "nobody@example.org"],
    ["user", "enable", "nobody@example.org"],
    ["user", "delete", "nobody@example.org"],
    ["client", "suspend", "0" * 32],
    ["client", "resume", "0" * 32],
    ["client", "delete", "0" * 32],
    ["account", "suspend", "0" * 32],
    ["account", "resume", "0" * 32],
])
def test_what_does_not_exist_is_exit_code_three(server: LatchkeyServer, arguments: list[str]) -> None:
    """Contract, Start: exit code 3 is not found."""
    result = server.command(*arguments)
    assert result.returncode == 3, result.stderr
    assert result.stderr.strip(), "it says nothing"


@pytest.mark.parametrize("arguments", [["user", "disable"], ["client"], ["account", "suspend", "x", "y"], ["user", "add", "no address"]])
def test_wrong_usage_of_a_command_is_exit_code_two(server: LatchkeyServer, arguments: list[str]) -> None:
    """Contract, Start: exit code 2 is usage."""
    result = server.command(*arguments)
    assert result.returncode == 2, (result.returncode, result.stdout, result.stderr)


def test_adding_the_same_user_twice_is_exit_code_one(server: LatchkeyServer) -> None:
    """Contract, Start: exit code 1 is failed."""
    user = server.new_user()
    assert server.command("user", "add", user.email).returncode == 1


def test_an_existing_user_becomes_a_member_of_another_account(server: LatchkeyServer) -> None:
    """`latchkey user add --help`: makes an existing one a member of another account."""
    user = server.new_user()
    result = server.command("user", "add", user.email, "--account", server.accounts[1], "--role", "Member")
    assert result.returncode == 0, result.stderr
    page = server.browser(user).consent_page(server.first.request(), user)
    assert set(page.html.form_with("decision").choices("account")) == set(server.accounts[:2])


@pytest.mark.parametrize("subject", ["user", "account", "client", "keys"])
def test_lists_are_json(server: LatchkeyServer, subject: str) -> None:
    """Contract, Start: commands take --json."""
    listed = json.loads(server.command(subject, "list").stdout)
    assert isinstance(listed, list) and listed and all("id" in each for each in listed)
    if subject != "keys":
        assert all(each["status"] in ("active", "disabled", "suspended") for each in listed)


def test_no_list_shows_a_secret(server: LatchkeyServer) -> None:
    """Design §4: secrets are random and stored as hashes; no list can show one."""
    for subject in ("user", "account", "client", "keys"):
        output = server.command(subject, "list").stdout
        rest = output.replace('"visibility":"private"', "").replace('"private_key_jwt"', "")
        assert "lks_" not in output and "password" not in output and "private" not in rest


def test_a_user_added_beside_the_server_signs_in_and_authorizes(server: LatchkeyServer) -> None:
    """README: an account, a user, a client, and it works."""
    user, client = server.new_user(), server.new_client("Added Beside")
    answer = server.browser(user).authorize(client.request(), user)
    assert not isinstance(answer, Departure)
    assert client.exchange(answer).status_code == 200
