"""How clients are used: real calls are made, and the counts read back."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from latchkey_server import Client, LatchkeyServer, User, error_of, eventually


def usage(server: LatchkeyServer, client: Client, days: int = 2) -> dict[str, Any]:
    answer = server.manage(
        "GET", f"/accounts/{client.account_id}/oauth_clients/{client.client_id}/usage?days={days}", server.api_token(server.administrator))
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]


def total(report: dict[str, Any], member: str) -> int:
    """Of the whole window, so that midnight may pass during a test."""
    return sum(day[member] for day in report["days"])


def refusals(report: dict[str, Any]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for day in report["days"]:
        for reason, count in day["refusals"].items():
            sums[reason] = sums.get(reason, 0) + count
    return sums


def scope(report: dict[str, Any], label: str) -> dict[str, Any]:
    return next(each for each in report["scopes"] if each["id"] == label)


@pytest.fixture
def client(server: LatchkeyServer) -> Client:
    """One that nobody else uses; of account 1."""
    return server.new_client("Counted")


def test_a_client_that_nobody_uses_has_empty_days(server: LatchkeyServer, client: Client) -> None:
    """Issue, OAuth clients for developers: usage; nothing is said of scopes where nothing was called."""
    report = usage(server, client, 30)
    assert len(report["days"]) == 30 and report["days"][-1]["date"] in {today(), today(-1)}
    assert [day["date"] for day in report["days"]] == sorted(day["date"] for day in report["days"])
    assert (total(report, "tokens"), total(report, "calls"), refusals(report)) == (0, 0, {})
    assert [report[name] for name in ("authorizations", "active_installations", "users", "accounts", "calls_last_day")] == [0] * 5
    assert [each["id"] for each in report["scopes"]] == sorted(client.scopes)
    assert report["never_used"] == [] and report["first_call_on"] is None


def test_tokens_calls_and_scopes_are_counted(server: LatchkeyServer, client: Client, person: User) -> None:
    """Issue: tokens per day, active installations, scopes asked for but never used."""
    account = person.accounts[0]
    tokens = server.grant(person, client, client.scopes, decline=client.scopes[2:3])
    second = server.grant(person, client, client.scopes)
    client.refreshed(tokens["refresh_token"])
    for _ in range(3):
        assert server.verify("GET", f"/accounts/{account}", tokens["access_token"]).status_code == 200
    report = usage(server, client)
    assert total(report, "tokens") == 3 and total(report, "calls") == 3 and report["calls_last_day"] == 3
    assert sum(day["tokens_by_grant"]["refresh_token"] for day in report["days"]) == 1
    assert [report[name] for name in ("authorizations", "active_installations", "users", "accounts")] == [1, 2, 1, 1]
    assert client.scopes[0] == "account.read"
    used, declined = scope(report, "account.read"), scope(report, client.scopes[2])
    assert (used["asked"], used["granted"], used["used"]) == (2, 2, 3) and used["last_used_on"] in {today(), today(-1)}
    assert (declined["asked"], declined["granted"], declined["used"], declined["last_used_on"]) == (2, 1, 0, None)
    assert report["never_used"] == sorted(client.scopes[1:])

    client.revoke(second["refresh_token"])
    assert usage(server, client)["active_installations"] == 1


def test_introspection_counts_as_use_of_all_that_the_token_carries(server: LatchkeyServer, client: Client, person: User) -> None:
    """docs/usage.md: Latchkey is not told which scope the API needed, so it calls none of them unused."""
    tokens = server.grant(person, client, client.scopes[:2])
    for _ in range(2):
        assert server.is_active(tokens["access_token"])
    assert client.introspect(tokens["access_token"]).json()["active"], "a client that looks at its own token has called nothing"
    report = usage(server, client)
    assert total(report, "calls") == 2
    assert [scope(report, label)["used"] for label in client.scopes] == [2, 2, 0]
    assert report["never_used"] == client.scopes[2:]


def test_refusals_are_counted_by_their_reason(server: LatchkeyServer, client: Client, person: User) -> None:
    """Issue: refusals by reason; each one is what the caller was told."""
    account, other = server.accounts[:2]
    limited = server.grant(person, client, client.scopes[:1])["access_token"]
    for _ in range(2):
        assert server.verify("POST", f"/accounts/{account}/zones", limited).status_code == 403
    assert server.verify("GET", f"/accounts/{other}", limited).status_code == 403
    assert server.verify("GET", "/there/is/nothing", limited).status_code == 403
    reader = server.new_user("Viewer")
    wide = server.grant(reader, client, client.scopes, accounts=[account])
    client.revoke(wide["refresh_token"])
    assert server.verify("GET", f"/accounts/{account}", wide["access_token"]).status_code == 401
    assert error_of(client.refresh(wide["refresh_token"])) == "invalid_grant"
    assert error_of(client.post("/oauth2/token", {"grant_type": "password"})) == "unsupported_grant_type"
    wrong = Client(**{**client.__dict__, "client_secret": "lks_wrong"})
    assert error_of(wrong.refresh("lkr_unknown")) == "invalid_client"
    counted = refusals(usage(server, client))
    assert counted == {
        "scope": 2, "account": 1, "operation": 1, "inactive": 1, "invalid_grant": 1, "unsupported_grant_type": 1, "invalid_client": 1}


def test_a_resource_that_was_not_granted_is_counted(server: LatchkeyServer, client: Client, person: User) -> None:
    """A call on another zone than those that the user chose."""
    account = person.accounts[0]
    listed = server.manage("GET", f"/accounts/{account}/resources/zone", server.api_token(server.administrator)).json()["result"]
    mine, other = [zone["id"] for zone in listed if zone["name"].endswith(".example")][:2]
    token = server.grant(
        person, client, client.scopes, **{f"resources_{account}_zone": "some", "resource": [f"{account}/zone/{mine}"]})["access_token"]
    for zone, status in [(mine, 200), (other, 403)]:
        assert server.verify("GET", f"/accounts/{account}/zones/{zone}/dns_records", token).status_code == status
    report = usage(server, client)
    assert refusals(report) == {"resource": 1} and scope(report, "dns.read")["used"] == 1


def test_an_expired_token_is_counted_apart(brief: LatchkeyServer, brief_person: User) -> None:
    """It is what makes an app refresh, and no sign that anything is wrong."""
    client = brief.new_client("Expiring")
    token = brief.grant(brief_person, client)["access_token"]
    target = f"/accounts/{brief_person.accounts[0]}"
    eventually(lambda: brief.verify("GET", target, token).status_code == 401, within=20)
    counted = refusals(usage(brief, client))
    assert set(counted) == {"expired"} and counted["expired"] >= 1


def test_a_policy_that_keeps_an_app_out_is_counted(own: LatchkeyServer) -> None:
    """Administrators' blocks are seen by the app's owner as what they are."""
    client, person = own.new_client("Kept Out", account=1), own.new_user()
    token = own.grant(person, client)["access_token"]
    administrator = own.api_token(own.administrator)
    policy = own.manage("GET", f"/accounts/{own.accounts[0]}/app_policy", administrator).json()["result"]
    answer = own.manage(
        "PUT", f"/accounts/{own.accounts[0]}/app_policy", administrator, json={**policy, "blocked_clients": [client.client_id]})
    assert answer.status_code == 200, answer.text
    assert own.verify("GET", f"/accounts/{own.accounts[0]}", token).status_code == 403
    owner = own.new_user(account=1)
    path = f"/accounts/{own.accounts[1]}/oauth-clients/{client.client_id}/usage"
    page = own.browser(owner).page(path)
    assert page.status == 200 and "app policy did not allow it" in page.text


def test_what_was_counted_survives_a_stop_and_is_written_without_being_asked(own: LatchkeyServer) -> None:
    """Nobody reads it here: the process writes it down every few seconds, and when it is stopped."""
    person, client = own.new_user(), own.first
    target = f"/accounts/{person.accounts[0]}"
    token = own.grant(person, client)["access_token"]
    assert own.verify("GET", target, token).status_code == 200
    eventually(lambda: stored_calls(own, client) == 1, within=20, every=0.1)
    for _ in range(5):
        assert own.verify("GET", target, token).status_code == 200
    assert own.stop() == 0
    assert stored_calls(own, client) == 6
    own.start()
    assert total(usage(own, client), "calls") == 6 and usage(own, client)["calls_last_day"] == 6


@pytest.mark.parametrize("days", ["0", "91", "-1", "x", "1.5", "9" * 30, "1&days=2"])
def test_a_window_that_is_not_kept_is_refused(server: LatchkeyServer, days: str) -> None:
    """Bad input: 400 with words, by API and by page."""
    path = f"/accounts/{server.accounts[0]}"
    answer = server.manage(
        "GET", f"{path}/oauth_clients/{server.first.client_id}/usage?days={days}", server.api_token(server.administrator))
    assert answer.status_code == 400 and "from 1 to 90" in answer.json()["errors"][0]["message"]
    page = server.browser(server.administrator).page(f"{path}/oauth-clients/{server.first.client_id}/usage?days={days}")
    assert page.status == 400 and "from 1 to 90" in page.text


def test_only_who_may_see_a_client_sees_its_usage(server: LatchkeyServer, person: User) -> None:
    """A foreign account's client is a 404, by API and by page alike; a token that may not see clients gets a 403."""
    own, foreign = server.first, server.private
    mine, theirs = server.accounts[:2]
    for account, client, user, status in [
        (mine, foreign, server.administrator, 404), (theirs, foreign, server.administrator, 404),
        (mine, own, server.new_user("Viewer"), 200), (theirs, own, server.new_user(account=1), 404), ("0" * 32, own, server.administrator, 404),
    ]:
        page = server.browser(user).page(f"/accounts/{account}/oauth-clients/{client.client_id}/usage")
        assert page.status == status, (account, client.name, user.email, page.text[:200])
        if user == server.administrator:
            answer = server.manage("GET", f"/accounts/{account}/oauth_clients/{client.client_id}/usage", server.api_token(user))
            assert answer.status_code == status
    path = f"/accounts/{mine}/oauth_clients/{own.client_id}/usage"
    assert server.manage("GET", path, None).status_code == 401
    assert server.manage("GET", path, server.grant(person, own)["access_token"]).status_code == 403


def test_the_page_says_what_the_api_says(server: LatchkeyServer, client: Client, person: User) -> None:
    """One function behind both."""
    account = person.accounts[0]
    token = server.grant(person, client)["access_token"]
    for _ in range(4):
        assert server.verify("GET", f"/accounts/{account}", token).status_code == 200
    server.verify("GET", "/there/is/nothing", token)
    page = server.browser(person).page(f"/accounts/{account}/oauth-clients/{client.client_id}/usage?days=7")
    assert page.status == 200
    figures = dict(re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)</dd>", page.response.text))
    assert figures == {
        "user has it connected": "1", "account can be reached": "1", "active installation": "1", "calls in the last day": "4"}
    for words in [
        "4 calls in the last 7 days", "1 refusal in the last 7 days", "1 token in the last 7 days", "2 permissions are not used yet",
        "No token is good for the operation",
    ]:
        assert words in page.text, (words, page.text)


def today(offset: int = 0) -> str:
    return datetime.fromtimestamp(time.time() + 86400 * offset, UTC).strftime("%Y-%m-%d")


def stored_calls(server: LatchkeyServer, client: Client) -> int:
    with server.rows() as database:
        row = database.execute(
            "SELECT COALESCE(SUM(count), 0) FROM client_usage WHERE client_id = ? AND kind = 'call'", (client.client_id,)).fetchone()
    return int(row[0])
