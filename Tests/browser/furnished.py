"""A demo with something on every page, and the people who look at it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import issued
import pytest
from chromium import Chromium
from demo_story import sign_in
from latchkey_server import LatchkeyServer, User, executable

NOBODY = "nobody"
NEWCOMER = "newcomer"
MEMBER = "member"
ADMINISTRATOR = "administrator"
_CREDENTIAL = re.compile(r"lk[a-z]_[0-9A-Za-z]{16}")


def running(*options: str) -> Iterator[LatchkeyServer]:
    """A demo whose log must hold no credential: the app's tokens are its own and never reach a test that could look for them."""
    if not executable().exists():
        pytest.fail(f"{executable()} is missing: run `make build`")
    server = LatchkeyServer("--log-level", "debug", *options).start()
    yield server
    server.dispose()
    assert _CREDENTIAL.search(server.log()) is None


class Furnished:
    """A running demo after a busy week: apps are connected, refused, asked for and approved; somebody is invited."""

    def __init__(self, server: LatchkeyServer) -> None:
        self.server = server
        self.people = {NEWCOMER: server.new_user(), MEMBER: server.member_of_both, ADMINISTRATOR: server.administrator}
        self.fern = server.new_client("Fern Reports", account=1, redirect_uri="https://fern.example/callback")
        self.cargo = server.new_client("Cargo Lens", account=1, redirect_uri="https://cargo-lens.example/callback")
        self._connect_apps()
        self._govern_apps()
        self.unproven = self._client_of_its_own()
        self.facts = {
            "account": self.account, "authorization": self._authorization(), "secret": self._invitation(),
            "client": server.first.client_id, "member": self._member(), "token": self._token(f"/accounts/{self.account}/tokens"),
            "user_token": self._token("/user/tokens"), "webhook": self._webhook()}

    @property
    def account(self) -> str:
        return self.server.accounts[0]

    def url(self, path: str, **facts: str) -> str:
        """The address of a route, its captures filled in."""
        return self.server.issuer + path.format(**{**self.facts, **facts})

    def call(self, method: str, path: str, body: Any = None, user: User | None = None) -> Any:
        """The result of a call of the management API, by the administrator where nobody else is named."""
        token = self.server.api_token(user or self.server.administrator)
        answer = self.server.manage(method, path, token, **({"json": body} if body is not None else {}))
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    def _connect_apps(self) -> None:
        server = self.server
        for user, client in [
            (server.member_of_both, server.native), (server.member_of_both, self.fern),
            (server.administrator, server.first), (server.administrator, server.rs256), (server.limited, self.fern),
        ]:
            accounts = [self.account] if self.account in user.accounts else None
            token = server.grant(user, client, accounts=accounts, decline=client.optional_scopes[3:])["access_token"]
            server.verify("GET", f"/accounts/{self.account}", token)

    def _govern_apps(self) -> None:
        server, governed = self.server, f"/accounts/{self.account}"
        self.call("PUT", governed + "/app_policy", {
            "mode": "approved", "allowed_clients": [self.fern.client_id], "approval_risks": ["destructive"]})
        for user, client, reason in [
            (server.limited, server.rs256, "The weekly report needs it."),
            (server.member_of_both, self.cargo, "We track deliveries with it; the pilot is in March."),
        ]:
            wish = {"account_id": self.account, "client_id": client.client_id, "scopes": client.optional_scopes, "reason": reason}
            self.call("POST", "/user/app_requests", wish, user)
        asked = self.call("GET", governed + "/app_requests?status=pending")
        (first,) = [each for each in asked if each["client"]["client_name"] == server.rs256.name]
        self.call("POST", f"{governed}/app_requests/{first['id']}/approve", {"for": "everyone", "answer": "Welcome."})

    def _authorization(self) -> str:
        """The member's authorization of the native client."""
        every = self.call("GET", "/user/authorizations", user=self.server.member_of_both)
        return next(each["id"] for each in every if each["client_id"] == self.server.native.client_id)

    def _client_of_its_own(self) -> str:
        """The id of a client that waits for the proof of its host, with two secrets."""
        path = f"/accounts/{self.account}/oauth_clients"
        made = self.call("POST", path, {
            "client_name": "Zone Painter", "client_uri": "https://painter.example/", "logo_uri": "https://painter.example/logo.png",
            "grant_types": ["authorization_code", "refresh_token"], "redirect_uris": ["https://painter.example/callback"],
            "response_types": ["code"], "scopes": self.server.first.scopes[:1], "token_endpoint_auth_method": "client_secret_basic"})
        rotated = self.call("POST", f"{path}/{made['client_id']}/rotate_secret")
        for secret in (made["client_secret"], rotated["client_secret"]):
            issued.record("client_secret", secret)
        return made["client_id"]

    def _webhook(self) -> str:
        """The id of a webhook of the first client."""
        path = f"/accounts/{self.account}/oauth_clients/{self.server.first.client_id}/webhooks"
        made = self.call("POST", path, {"url": "https://dns-pilot.example/hooks", "events": ["client.frozen", "authorization.ended"]})
        issued.record("webhook secret", made["secret"])
        return made["id"]

    def _member(self) -> str:
        """The membership of the member."""
        members = self.call("GET", f"/accounts/{self.account}/members")
        return next(each["id"] for each in members if each["user"]["email"] == self.server.member_of_both.email)

    def _token(self, path: str) -> str:
        """The id of an API token that reads."""
        groups = {each["label"]: each["id"] for each in self.call("GET", path + "/permission_groups")}
        made = self.call("POST", path, {"name": "Nightly backup", "policies": [{
            "effect": "allow", "permission_groups": [{"id": groups[self.server.first.scopes[0]]}],
            "resources": {f"com.latchkey.api.account.{self.account}": "*"}}]})
        issued.record("API token", made["value"])
        return made["id"]

    def _invitation(self) -> str:
        """The secret in the link that somebody new was sent."""
        roles = {role["name"]: role["id"] for role in self.call("GET", f"/accounts/{self.account}/roles")}
        self.call("POST", f"/accounts/{self.account}/members", {"email": "noor@example.org", "roles": [roles["Member"]]})
        found = re.search(r"/invitations/([A-Za-z0-9_-]+)", self.server.caller.get(self.server.issuer + "/outbox").text)
        assert found
        issued.record("invitation", found.group(1))
        return found.group(1)


@dataclass(frozen=True)
class PageRow:
    """One page, in one state."""

    name: str
    #: The route as `Routes.swift` writes it, with the query that this state takes; empty for pages that are no route of ours.
    path: str
    #: What its main heading contains.
    heading: str
    who: str = ADMINISTRATOR
    #: The way to it, where opening its address is not enough.
    go: Callable[[Chromium, Furnished], None] | None = None
    #: It needs a demo with a real API of several hundred operations behind it.
    is_large: bool = False

    @property
    def route(self) -> str:
        return self.path.split("?")[0]


class Visitors:
    """One browser for each person who looks at pages, opened when it is first needed."""

    def __init__(self, furnished: Furnished, scripts: bool = True) -> None:
        self._furnished = furnished
        self._scripts = scripts
        self._browsers: dict[str, Chromium] = {}

    def visit(self, row: PageRow) -> Chromium:
        """The browser of whom the row names, at its page."""
        browser = self._browser(row.who)
        browser.look(1280, 900)
        if row.go is None:
            browser.open(self._furnished.url(row.path))
        else:
            row.go(browser, self._furnished)
        browser.sees(row.heading)
        assert row.heading in browser.heading, f"{browser.heading!r} is not the page {row.name}"
        return browser

    def _browser(self, who: str) -> Chromium:
        if who not in self._browsers:
            browser = self._browsers[who] = Chromium(scripts=self._scripts)
            if who != NOBODY:
                browser.open(self._furnished.server.issuer + "/login")
                sign_in(browser, self._furnished.people[who])
        return self._browsers[who]

    def close(self) -> None:
        """Closes all; none may have met a violation of the content security policy."""
        violations = [line for browser in self._browsers.values() for line in browser.policy_violations()]
        for browser in self._browsers.values():
            browser.close()
        assert violations == []


