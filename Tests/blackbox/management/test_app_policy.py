"""App policies and members' apps (issue 3, Administrators): an administrator's change applies to what is connected, at once."""

from __future__ import annotations

import calendar
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jose
import pytest
import requests
from latchkey_server import Client, Departure, LatchkeyServer, Page, User, eventually

OPEN = {"mode": "open"}


@pytest.fixture(scope="module")
def governed() -> Iterator[LatchkeyServer]:
    server = LatchkeyServer("--log-level", "debug").start()
    yield server
    server.dispose()


class Account:
    """Account 1 with its administrator, a member, and an app of account 2 that the member connected."""

    def __init__(self, server: LatchkeyServer) -> None:
        self.server = server
        self.id = server.accounts[0]
        self.administrator = server.administrator
        self.member = server.member_of_both
        self.app = server.new_client("Fern", account=1)

    def call(self, method: str, path: str, body: Any = None, user: User | None = None) -> requests.Response:
        token = self.server.api_token(user or self.administrator)
        return self.server.manage(method, f"/accounts/{self.id}{path}", token, **({"json": body} if body is not None else {}))

    def result(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.call(method, path, body)
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    def set_policy(self, **policy: Any) -> None:
        self.result("PUT", "/app_policy", policy)

    def connect(self, user: User | None = None, client: Client | None = None, **choices: Any) -> str:
        choices.setdefault("accounts", [self.id])
        return self.server.grant(user or self.member, client or self.app, **choices)["access_token"]

    def use(self, token: str, path: str = "", method: str = "GET") -> requests.Response:
        return self.server.verify(method, f"/accounts/{self.id}{path}", token)

    def reaches(self, token: str) -> bool:
        """What introspection and the gateway say; they must agree."""
        listed = self.id in [each["identifier"] for each in self.server.inspect(token).get("authorization_details", [])]
        assert (self.use(token).status_code == 200) == listed
        return listed

    def browse(self, path: str, user: User | None = None) -> Page:
        return self.server.browser(user or self.administrator).page(f"/accounts/{self.id}{path}")

    def consent(self, client: Client | None = None) -> Page:
        return self.server.browser(self.member).consent_page((client or self.app).request(prompt="consent"), self.member)


@pytest.fixture
def account(governed: LatchkeyServer) -> Iterator[Account]:
    account = Account(governed)
    account.set_policy(**OPEN)
    yield account
    account.set_policy(**OPEN)


def refusal(answer: requests.Response) -> dict[str, Any]:
    assert answer.status_code == 403, answer.text
    assert json.loads(answer.headers["X-Latchkey-Refusal"]) == answer.json()
    return answer.json()


# MARK: Block and unblock


def test_a_block_refuses_the_very_next_call_and_unblocking_needs_no_consent(account: Account) -> None:
    """Issue 3: she sees it, blocks the client, the app's next call is refused; unblock."""
    token = account.connect()
    assert account.reaches(token)
    account.set_policy(mode="open", blocked_clients=[account.app.client_id])
    answer = refusal(account.use(token))
    assert answer["error"] == "insufficient_scope"
    assert answer["missing"] == {"account": account.id, "policy": "The app policy of the account Northwind blocks this app."}
    (listed,) = account.result("GET", f"/authorizations?client_id={account.app.client_id}")
    assert listed["refused_by_policy"] == "blocked" and "blocked by the app policy" in account.browse("/apps").text
    asking = urlsplit(answer["request_url"])
    assert asking.path == "/app-requests/new"
    assert parse_qs(asking.query) == {"account": [account.id], "client": [account.app.client_id]}
    assert "authorize_url" not in answer
    assert not account.reaches(token)
    assert account.server.is_active(token), "who the user is stays granted"
    account.set_policy(**OPEN)
    assert account.reaches(token)


def test_another_account_of_the_same_authorization_goes_on(account: Account) -> None:
    token = account.connect(accounts=account.server.accounts)
    account.set_policy(mode="closed")
    assert not account.reaches(token)
    assert account.server.verify("GET", f"/accounts/{account.server.accounts[1]}", token).status_code == 200
    listed = account.server.verify("GET", "/accounts", token)
    assert listed.status_code == 200 and listed.headers["X-Latchkey-Account"] == account.server.accounts[1]


def test_own_apps_count_as_approved_but_a_block_wins(account: Account) -> None:
    own = account.server.first
    token, foreign = account.connect(client=own), account.connect()
    account.set_policy(mode="approved")
    assert account.reaches(token) and not account.reaches(foreign)
    account.set_policy(mode="approved", allowed_clients=[account.app.client_id], blocked_clients=[own.client_id])
    assert not account.reaches(token) and account.reaches(foreign)


def test_refreshing_does_not_get_around_a_policy(account: Account) -> None:
    tokens = account.server.grant(account.member, account.app, accounts=[account.id])
    account.set_policy(mode="closed")
    fresh = account.app.refreshed(tokens["refresh_token"])
    assert not account.reaches(fresh["access_token"])
    assert "account.read" not in fresh["scope"].split()


# MARK: Scopes and lifetimes


def test_scopes_that_need_approval_drop_out(account: Account) -> None:
    token = account.connect()
    zone = "/zones/z1/dns_records"
    assert account.use(token, zone, "POST").status_code == 200
    account.set_policy(approval_risks=["write"])
    answer = refusal(account.use(token, zone, "POST"))
    assert answer["missing"] == {
        "policy": "The app policy of the account Northwind wants an administrator's approval for the scope dns.write."}
    assert parse_qs(urlsplit(answer["request_url"]).query)["scope"] == ["dns.write"]
    assert account.use(token, zone).status_code == 200
    assert "dns.write" not in account.server.inspect(token)["scope"].split()
    page = account.consent()
    assert "Not in Northwind: an administrator has to approve it first." in page.text
    asking = urlsplit(page.html.link_with("Ask an administrator of Northwind"))
    assert parse_qs(asking.query)["scope"] == ["dns.write"]


def test_lifetimes_that_are_too_long_are_not_available(account: Account) -> None:
    account.set_policy(longest_lifetime=86_400)
    page = account.consent()
    browser = account.server.browser(account.member)
    shown = browser.submit(page, page.html.form_with("decision"), {"account": [account.id]}, ("update", "1"))
    assert isinstance(shown, Page) and "1 day at most" in shown.text
    form = shown.html.form_with("decision")
    assert [control.value for control in form.all("lifetime") if not control.is_disabled] == ["86400", "3600"]
    assert form.value("lifetime") == "86400"
    too_long = browser.submit(shown, form, {"account": [account.id], "lifetime": "0"}, ("decision", "allow"))
    assert isinstance(too_long, Page) and too_long.status == 400 and "Choose a shorter time." in too_long.text
    allowed = browser.submit(shown, form, {"account": [account.id]}, ("decision", "allow"))
    assert isinstance(allowed, Departure) and "code" in allowed.parameters


@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_a_policy_whose_end_is_near_shortens_what_tokens_say(form: str) -> None:
    """Protocol, Lifetimes: `expires_in` says what is true, and so do introspection, the token itself and the list."""
    server = LatchkeyServer("--log-level", "debug", "--access-lifetime", "7200", "--access-token-format", form).start()
    try:
        account = Account(server)
        tokens = server.grant(account.member, account.app, accounts=server.accounts)
        said = server.inspect(tokens["access_token"])
        began = said["iat"]
        assert tokens["expires_in"] == 7200 and said["exp"] == began + 7200

        account.set_policy(longest_lifetime=3600, audit_only=True)
        assert server.inspect(tokens["access_token"])["exp"] == began + 7200
        account.set_policy(longest_lifetime=3600)
        assert server.inspect(tokens["access_token"])["exp"] == began + 3600
        (listed,) = account.result("GET", f"/authorizations?client_id={account.app.client_id}")
        end = listed["installations"][0]["expires_on"]
        assert calendar.timegm(time.strptime(end, "%Y-%m-%dT%H:%M:%SZ")) == began + 3600
        fresh = account.app.refreshed(tokens["refresh_token"])
        said = server.inspect(fresh["access_token"])
        assert said["exp"] == began + 3600 and fresh["expires_in"] == began + 3600 - said["iat"]
        assert len(said["authorization_details"]) == 2
        if form == "jwt":
            assert jose.parts(fresh["access_token"])[1]["exp"] == began + 3600

        account.set_policy(**OPEN)
        assert server.inspect(tokens["access_token"])["exp"] == began + 7200
        assert account.app.refreshed(fresh["refresh_token"])["expires_in"] == 7200
    finally:
        server.dispose()


# MARK: Consent


def test_consent_says_in_plain_words_why_an_account_is_closed_and_where_to_ask(account: Account) -> None:
    account.set_policy(mode="approved")
    page = account.consent()
    assert "The administrators of this account have to approve this app first." in page.text
    assert account.id not in page.html.form_with("decision").choices("account")
    asking = urlsplit(page.html.link_with("Ask an administrator of Northwind"))
    assert parse_qs(asking.query)["account"] == [account.id]
    forced = account.server.browser(account.member).submit(
        page, page.html.form_with("decision"), {"account": [account.id]}, ("decision", "allow"))
    assert isinstance(forced, Page) and forced.status == 400


# MARK: Preview


@pytest.mark.parametrize("policy", [
    {"mode": "closed"}, {"mode": "approved"}, {"mode": "open", "approval_risks": ["write", "destructive"]},
    {"mode": "open", "approval_scopes": ["dns.read"]}, {"mode": "closed", "audit_only": True}, {"mode": "open"}])
def test_the_preview_equals_what_then_happens(account: Account, policy: dict[str, Any]) -> None:
    """Issue 3: a preview that counts what would stop working."""
    second = account.server.new_user("Member")
    tokens = {"own": account.connect(client=account.server.first)}
    tokens |= {"member": account.connect(), "second": account.connect(second)}
    scopes = {name: set(account.server.inspect(token)["scope"].split()) for name, token in tokens.items()}
    account.result("DELETE", f"/authorizations?client_id={account.server.private.client_id}")
    blocked = {**policy, "blocked_clients": [account.server.first.client_id]}
    preview = account.result("POST", "/app_policy/preview", blocked)
    assert account.reaches(tokens["member"]), "a preview changes nothing"
    account.set_policy(**blocked)
    stopped = [name for name, token in tokens.items() if not account.reaches(token)]
    mine = {line["client_id"]: line for line in preview["by_client"]}
    fern = mine.get(account.app.client_id, {"authorizations": 0, "members": 0, "narrowed": 0})
    assert fern["authorizations"] == fern["members"] == len([name for name in stopped if name != "own"])
    own = mine.get(account.server.first.client_id, {"authorizations": 0})
    assert own["authorizations"] >= ("own" in stopped) and (own["authorizations"] > 0) == ("own" in stopped)
    narrowed = [
        name for name, token in tokens.items()
        if name != "own" and name not in stopped and set(account.server.inspect(token)["scope"].split()) < scopes[name]]
    assert fern["narrowed"] == len(narrowed)
    assert preview["authorizations"] == sum(line["authorizations"] for line in preview["by_client"])
    assert account.result("POST", "/app_policy/preview", blocked)["by_client"] == [], "now nothing changes any more"
    back = account.result("POST", "/app_policy/preview", OPEN)
    assert back["resumed"] == preview["authorizations"] and back["authorizations"] == 0


# MARK: Only recording


def test_audit_only_refuses_nothing_and_records_once(account: Account) -> None:
    token = account.connect()
    account.set_policy(mode="closed", audit_only=True)
    for _ in range(20):
        assert account.use(token).status_code == 200
    assert account.reaches(token)

    def recorded() -> list[Any]:
        with account.server.rows() as database:
            return database.execute(
                "SELECT details FROM events WHERE kind = 'app_policy.would_refuse' AND client_id = ? AND account_id = ?",
                (account.app.client_id, account.id)).fetchall()

    (details,) = eventually(recorded, within=20)
    assert json.loads(details[0])["obstacle"] == "closed"


# MARK: Asking


def test_a_request_that_is_approved_works(account: Account) -> None:
    """Issue 3: a member who meets a refusal can ask; administrators approve for one member with optional scopes chosen."""
    account.set_policy(mode="approved")
    wish = {"account_id": account.id, "client_id": account.app.client_id, "scopes": ["dns.read"], "reason": "To see <b>records</b>"}
    asked = account.server.manage("POST", "/user/app_requests", account.server.api_token(account.member), json=wish)
    assert asked.status_code == 200, asked.text
    request = next(each for each in account.result("GET", "/app_requests?status=pending") if each["id"] == asked.json()["result"]["id"])
    assert request["user"]["email"] == account.member.email and request["client"]["client_name"] == "Fern"
    assert "&lt;b&gt;" in account.browse("/app-policy").response.text
    approved = account.result("POST", f"/app_requests/{request['id']}/approve", {"for": "member", "optional_scopes": ["dns.read"]})
    assert approved["status"] == "approved"
    assert account.call("POST", f"/app_requests/{request['id']}/approve", {}).status_code == 400
    token = account.connect()
    assert account.reaches(token) and account.use(token, "/zones/z1/dns_records").status_code == 200
    assert "dns.write" not in account.server.inspect(token)["scope"].split()
    second = account.server.new_user("Member")
    page = account.server.browser(second).consent_page(account.app.request(), second)
    assert not page.html.form_with("decision").choices("account"), "it was approved for one member"
    approval = next(each for each in account.result("GET", "/app_approvals") if each["client_id"] == account.app.client_id)
    account.result("DELETE", f"/app_approvals/{approval['id']}")
    assert not account.reaches(token)


def test_an_approval_is_for_what_the_app_asks_for_today(account: Account) -> None:
    """What the app adds later is another request, also where the administrator chose nothing."""
    account.set_policy(mode="approved")
    wish = {"account_id": account.id, "client_id": account.app.client_id}
    asked = account.server.manage("POST", "/user/app_requests", account.server.api_token(account.member), json=wish).json()["result"]
    account.result("POST", f"/app_requests/{asked['id']}/approve", {"for": "everyone"})
    approval = next(each for each in account.result("GET", "/app_approvals") if each["client_id"] == account.app.client_id)
    assert sorted(approval["scopes"]) == sorted(account.app.scopes)
    account.result("DELETE", f"/app_approvals/{approval['id']}")


def test_the_whole_way_by_page(account: Account) -> None:
    """Ask, preview, apply, approve for everyone, deny: without scripts."""
    token = account.connect()
    administrator, member = account.server.browser(account.administrator), account.server.browser(account.member)
    page = account.browse("/app-policy")
    form = page.html.form_with("mode")
    shown = administrator.submit(page, form, {"mode": "approved"}, ("action", "preview"))
    assert isinstance(shown, Page) and "would stop working here" in shown.text and "Fern: stops for 1 member" in shown.text
    assert account.reaches(token)
    changed = administrator.submit(shown, shown.html.form_with("mode"), {"mode": "closed"}, ("action", "apply"))
    assert isinstance(changed, Page) and account.reaches(token), "what was not previewed is not applied"
    applied = administrator.submit(shown, shown.html.form_with("mode"), {}, ("action", "apply"))
    assert isinstance(applied, Page) and "The policy is in force." in applied.text
    assert not account.reaches(token)

    asking = member.page(refusal(account.use(token))["request_url"])
    answer = member.submit(asking, asking.html.form_with("client"), {"reason": "Billing needs it"})
    assert isinstance(answer, Page) and "An administrator has not decided yet." in answer.text
    page = account.browse("/app-policy")
    assert "would like to use Fern" in page.text and "Billing needs it" in page.text
    denied = administrator.submit(page, page.html.form_with("request"), {"answer": "Not now"}, ("action", "deny"))
    assert isinstance(denied, Page) and "Decided." in denied.text
    asking = member.page(asking.url)
    assert "It was denied." in asking.text and "Not now" in asking.text
    member.submit(asking, asking.html.form_with("client"))
    page = account.browse("/app-policy")
    form = page.html.form_with("request")
    administrator.submit(
        page, form, {"for": "everyone", "optional_scope": form.choices("optional_scope")}, ("action", "approve"))
    assert account.reaches(token), "no new consent is needed"


def test_what_the_policy_forbids_cannot_be_approved(account: Account) -> None:
    account.set_policy(mode="open", blocked_clients=[account.app.client_id])
    wish = {"account_id": account.id, "client_id": account.app.client_id}
    asked = account.server.manage("POST", "/user/app_requests", account.server.api_token(account.member), json=wish).json()["result"]
    assert account.call("POST", f"/app_requests/{asked['id']}/approve", {}).status_code == 403
    assert account.result("POST", f"/app_requests/{asked['id']}/deny", {"answer": "no"})["answer"] == "no"


def test_the_link_leads_through_signing_in(account: Account) -> None:
    account.set_policy(mode="approved")
    path = f"/app-requests/new?account={account.id}&client={account.app.client_id}"
    browser = account.server.browser()
    page = browser.page(path)
    assert page.html.has_form_with("password")
    after = browser.sign_in(account.member.email, account.member.password, page)
    assert isinstance(after, Page) and "Ask for Fern" in after.text
    for elsewhere in ["//evil.example/", "https://evil.example/", "/\\evil.example", "/%0d%0aX: y"]:
        fresh = account.server.browser()
        page = fresh.get("/login?return=" + elsewhere)
        assert isinstance(page, Page)
        landed = fresh.sign_in(account.member.email, account.member.password, page)
        assert isinstance(landed, Page) and landed.url.startswith(account.server.issuer + "/")


def test_strangers_and_members_learn_nothing(account: Account) -> None:
    outsider = account.server.browser(account.server.new_user("Administrator", account=1))
    for path in ("/apps", "/app-policy"):
        assert outsider.page(f"/accounts/{account.id}{path}").status == 404
        assert account.browse(path, account.member).status == 403
    asking = f"/app-requests/new?account={account.id}&client={account.app.client_id}"
    assert outsider.page(asking).status == 404
    for method, path in [
        ("GET", "/app_policy"), ("PUT", "/app_policy"), ("POST", "/app_policy/preview"), ("GET", "/app_requests"),
        ("GET", "/app_approvals"), ("GET", "/authorizations"), ("DELETE", f"/authorizations?client_id={account.app.client_id}"),
    ]:
        body = {} if method in ("PUT", "POST") else None
        assert account.call(method, path, body, account.member).status_code == 403, path
        token = account.server.api_token(account.administrator)
        foreign = account.server.manage(method, f"/accounts/{account.server.accounts[1]}{path}", token, json=body)
        assert foreign.status_code == 404, path


@pytest.mark.parametrize(("body", "pointers"), [
    ({"mode": "sometimes"}, ["/mode"]), ({"longest_lifetime": 60}, ["/longest_lifetime"]), ({"longest_lifetime": "7"}, ["/longest_lifetime"]),
    ({"approval_scopes": ["no.such"], "approval_risks": ["huge"]}, ["/approval_scopes", "/approval_risks"]),
    ({"blocked_clients": ["0" * 32], "allowed_clients": ["x"]}, ["/allowed_clients", "/blocked_clients"]), ([], [None]),
])
def test_everything_that_is_wrong_is_told_at_once(account: Account, body: Any, pointers: list[str | None]) -> None:
    before = account.result("GET", "/app_policy")
    for method, path in [("PUT", "/app_policy"), ("POST", "/app_policy/preview")]:
        answer = account.call(method, path, body)
        assert answer.status_code == 400
        assert [error.get("source", {}).get("pointer") for error in answer.json()["errors"]] == pointers
    assert account.result("GET", "/app_policy") == before


def test_what_other_accounts_keep_private_looks_like_nothing(account: Account) -> None:
    """A policy, its preview and its page name no client that the account does not know, even where its id leaked."""
    hidden = account.server.private
    unknown = "0" * 32
    for rule in ("allowed_clients", "blocked_clients"):
        for method, path in [("PUT", "/app_policy"), ("POST", "/app_policy/preview")]:
            answers = [account.call(method, path, {rule: [each]}) for each in (hidden.client_id, unknown)]
            texts = [answer.text.replace(each, "…") for answer, each in zip(answers, (hidden.client_id, unknown), strict=True)]
            assert [answer.status_code for answer in answers] == [400, 400] and texts[0] == texts[1]
    browser = account.server.browser(account.administrator)
    page = account.browse("/app-policy")
    for each in (hidden.client_id, unknown):
        fields = {"client": [each], f"rule_{each}": "block", "new_client": ""}
        answer = browser.submit(page, page.html.form_with("mode"), fields, ("action", "preview"))
        assert isinstance(answer, Page) and answer.status == 400 and "There is no client" in answer.text
        assert hidden.name not in answer.text
    # Once a member connected it here, the account may rule on it.
    account.connect(client=hidden)
    account.set_policy(mode="open", blocked_clients=[hidden.client_id])
    assert account.result("GET", "/app_policy")["blocked_clients"] == [hidden.client_id]


# MARK: Members' apps


def test_authorizations_are_listed_filtered_and_paged(account: Account) -> None:
    second = account.server.new_user("Member")
    for user in (account.member, second):
        account.use(account.connect(user))
    listed = account.result("GET", f"/authorizations?client_id={account.app.client_id}")
    assert {each["user"]["email"] for each in listed} == {account.member.email, second.email}
    assert all(each["last_used_at"] and [one["id"] for one in each["accounts"]] == [account.id] for each in listed)
    one = next(each for each in listed if each["user"]["email"] == second.email)
    assert account.result("GET", f"/authorizations?user_id={one['user']['id']}") == [one]
    assert account.result("GET", f"/authorizations/{one['id']}") == one
    pages = [account.result("GET", f"/authorizations?client_id={account.app.client_id}&per_page=1&page={n}") for n in (1, 2, 3)]
    assert [len(page) for page in pages] == [1, 1, 0]
    assert account.call("GET", "/authorizations?client_id=x").status_code == 400
    assert account.call("DELETE", "/authorizations").status_code == 400


def test_revoking_takes_this_account_away_and_ends_what_has_no_other(account: Account) -> None:
    both, single = account.connect(accounts=account.server.accounts), account.connect(account.server.new_user("Member"))
    listed = account.result("GET", f"/authorizations?client_id={account.app.client_id}")
    mine = next(each for each in listed if each["user"]["email"] == account.member.email)
    assert account.result("DELETE", f"/authorizations/{mine['id']}") == {"id": mine["id"]}
    assert account.call("DELETE", f"/authorizations/{mine['id']}").status_code == 404
    assert not account.reaches(both) and account.server.is_active(both) and account.reaches(single)
    assert account.server.verify("GET", f"/accounts/{account.server.accounts[1]}", both).status_code == 200
    assert account.result("DELETE", f"/authorizations?client_id={account.app.client_id}") == {"count": 1}
    assert not account.server.is_active(single)


def test_members_apps_end_by_page(account: Account) -> None:
    token, other = account.connect(), account.connect(client=account.server.rs256)
    browser = account.server.browser(account.administrator)
    page = account.browse("/apps")
    assert "Fern" in page.text and account.member.email in page.text
    user = account.result("GET", f"/authorizations?client_id={account.app.client_id}")[0]
    ended = browser.submit(page, page.html.form_with("authorization", user["id"]), {}, ("action", "end"))
    assert isinstance(ended, Page) and "One connection ended." in ended.text and not account.server.is_active(token)
    for number in ["9223372036854775807", "-9223372036854775808", "x", ""]:
        assert account.browse(f"/apps?page={number}").status == 200
    page = account.browse("/apps?by=member")
    ended = browser.submit(page, page.html.form_with("user", user["user"]["id"]), {}, ("action", "end_all"))
    assert isinstance(ended, Page) and not account.reaches(other)
    forged = browser.post(f"/accounts/{account.id}/apps", {"action": "end_all", "client": account.app.client_id})
    assert isinstance(forged, Page) and forged.status == 403
