"""The whole day (issue 3, Done when): an account that makes an app, and another one whose member lets it in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import issued
import pytest
from app_story import connect, return_address
from audit_chain import flip_a_byte, seal_of, sealed, verify
from chromium import Chromium
from demo_story import sign_in
from dns_server import HOST, DNSServer
from furnished import running
from latchkey_server import Client, LatchkeyServer, User, eventually

APP = "Zone Painter"
MAKERS = "Painter Labs"
PASSWORD = "a long enough passphrase"


@dataclass
class Day:
    """Who is there, each at a browser of their own, and what the day has brought so far."""

    server: LatchkeyServer
    dns: DNSServer
    open_browser: Callable[..., Chromium]
    maker: User
    studio: Chromium
    token: str
    """Of the maker, for what is done by the API."""
    makers_account: str = ""
    client: dict[str, Any] = field(default_factory=dict)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The result of the maker's call of the management API."""
        answer = self.server.manage(method, path, self.token, **({"json": body} if body is not None else {}))
        assert answer.status_code == 200, answer.text
        result = answer.json()["result"]
        issued.record_json(result)
        return result

    @property
    def client_path(self) -> str:
        return f"/accounts/{self.makers_account}/oauth_clients" + (f"/{self.client['client_id']}" if self.client else "")

    @property
    def app(self) -> Client:
        """The app behind the registration."""
        made = self.client
        return Client(
            server=self.server, client_id=made["client_id"], client_secret=made["client_secret"], name=APP,
            method=made["token_endpoint_auth_method"], redirect_uri=made["redirect_uris"][0],
            scopes=[label for label in made["scopes"] if "." in label], optional_scopes=made["optional_scopes"],
            post_logout_redirect_uris=[], visibility="public", account_id=self.makers_account)

    @property
    def customer(self) -> str:
        return self.server.accounts[0]

    def status(self, token: str, path: str = "") -> int:
        """What the gateway answers to the app's next call in the customer's account."""
        return self.server.verify("GET", f"/accounts/{self.customer}{path}", token).status_code


@pytest.fixture
def dns() -> Iterator[DNSServer]:
    server = DNSServer()
    server.serve("v=spf1 -all")
    yield server
    server.stop()


@pytest.fixture
def day(dns: DNSServer, open_browser: Callable[..., Chromium]) -> Iterator[Day]:
    for server in running("--dns-server", f"127.0.0.1:{dns.port}", "--proof-interval", "1"):
        maker = server.new_user("Member", account=1)
        studio = open_browser()
        studio.open(server.issuer + "/login")
        sign_in(studio, maker)
        token = server.operate("user", "token", maker.email)["value"]
        yield Day(server, dns, open_browser, maker, studio, token)


def test_the_whole_day(day: Day) -> None:
    the_maker_creates_an_account(day)
    a_colleague_is_invited_and_joins(day)
    the_maker_creates_a_client(day)
    the_host_is_proven(day)
    the_client_is_published(day)
    token, refresh_token = a_member_of_another_account_authorizes_two_of_five_zones(day)
    office = the_administrator_there_sees_it(day)
    the_administrator_blocks_it(day, office, token)
    the_administrator_unblocks_it(day, office, token)
    the_owner_freezes_and_thaws(day, token, refresh_token)
    the_customer_finds_it_in_their_audit_log(day, office)
    the_makers_find_it_in_theirs(day)
    the_chain_holds_until_a_byte_is_flipped(day)


# MARK: The makers


def the_maker_creates_an_account(day: Day) -> None:
    """By the API. The page: /accounts."""
    day.makers_account = day.call("POST", "/accounts", {"name": MAKERS})["id"]
    day.studio.open(day.server.issuer + "/accounts")
    day.studio.sees(MAKERS)


def a_colleague_is_invited_and_joins(day: Day) -> None:
    """Invited by the API. The page: Members. Joins through the link in the mail."""
    members = f"/accounts/{day.makers_account}/members"
    roles = {role["name"]: role["id"] for role in day.call("GET", f"/accounts/{day.makers_account}/roles")}
    day.call("POST", members, {"email": "kit@example.org", "roles": [roles["Administrator"]]})
    page = day.open_browser()
    page.open(day.server.issuer + "/outbox")
    (mail,) = [each for each in page.all("article") if "kit@example.org" in each.text]
    link = re.search(r"/invitations/(\S+)", mail.text)
    assert link
    issued.record("invitation", link.group(1))
    with page.new_page():
        page.press(mail.find_element("css selector", "a.button"))
    assert page.heading == f"Join {MAKERS}"
    page.fill("name", "Kit Moreau")
    page.fill("password", PASSWORD)
    with page.new_page():
        page.push(f"Join {MAKERS}")
    page.sees(f"You are a member of {MAKERS}")
    page.follow("Continue")
    sign_in(page, User("kit@example.org", PASSWORD))
    page.follow("Accounts")
    page.sees(MAKERS)
    assert {each["user"]["email"] for each in day.call("GET", members)} == {day.maker.email, "kit@example.org"}


def the_maker_creates_a_client(day: Day) -> None:
    """By the API. The page: OAuth clients."""
    made = day.call("POST", day.client_path, {
        "client_name": APP, "client_uri": f"https://{HOST}/", "logo_uri": f"https://{HOST}/logo.png",
        "grant_types": ["authorization_code", "refresh_token"], "redirect_uris": [return_address(day.server, "painter")],
        "response_types": ["code"], "scopes": ["account.read", "zone.read", "dns.read"], "optional_scopes": ["dns.read"],
        "token_endpoint_auth_method": "client_secret_basic"})
    assert made["visibility"] == "private"
    day.client = made


def the_host_is_proven(day: Day) -> None:
    """By the API. The page: the client's visibility."""
    def proof() -> dict[str, Any]:
        return day.call("GET", day.client_path)["client_uri_verification"]

    eventually(lambda: "v=spf1 -all" in (proof().get("detail") or ""), within=10)
    day.dns.serve("v=spf1 -all", proof()["text"])
    eventually(lambda: proof()["status"] == "verified", within=30)


def the_client_is_published(day: Day) -> None:
    """By the API. The page: the client's visibility."""
    assert day.call("PATCH", day.client_path, {"visibility": "public"})["visibility"] == "public"


# MARK: The customer


def a_member_of_another_account_authorizes_two_of_five_zones(day: Day) -> tuple[str, str]:
    """The consent page. To be narrowed to two zones once it offers resources."""
    member = day.server.new_user("Member")
    token = connect(day.open_browser(), day.app, member)
    assert day.status(token["access_token"]) == 200
    return token["access_token"], token["refresh_token"]


def the_administrator_there_sees_it(day: Day) -> Chromium:
    office = day.open_browser()
    office.open(day.server.issuer + "/login")
    sign_in(office, day.server.administrator)
    office.open(day.server.issuer + "/accounts")
    office.follow("Members' apps")
    office.sees(APP)
    office.sees(f"by {MAKERS}")
    assert not office.shows("Last used never")
    return office


def set_rule(day: Day, office: Chromium, rule: str, headline: str) -> None:
    """Previews a rule for the app, reads what it would do, and applies it."""
    office.follow("App policy")
    office.press(office.one(f"select[name='rule_{day.client['client_id']}'] option[value='{rule}']"))
    with office.new_page():
        office.push("Preview")
    office.sees(headline)
    with office.new_page():
        office.push("Apply this policy")
    office.sees("The policy is in force.")


def the_administrator_blocks_it(day: Day, office: Chromium, token: str) -> None:
    set_rule(day, office, "block", "1 connection of 1 member would stop working here, with 1 app.")
    answer = day.server.verify("GET", f"/accounts/{day.customer}", token)
    assert answer.status_code == 403 and "blocks this app" in answer.json()["error_description"]
    office.follow("Members' apps")
    office.sees("blocked by the app policy")


def the_administrator_unblocks_it(day: Day, office: Chromium, token: str) -> None:
    """Without a new consent."""
    set_rule(day, office, "", "1 connection would work again.")
    assert day.status(token) == 200


# MARK: Break-glass


def the_owner_freezes_and_thaws(day: Day, token: str, refresh_token: str) -> None:
    """By the API. The page: the client's settings."""
    day.call("POST", day.client_path + "/freeze")
    assert day.status(token) in (401, 403)
    refused = day.app.refresh(refresh_token)
    assert refused.status_code == 400 and "frozen" in refused.json()["error_description"], refused.text
    day.call("POST", day.client_path + "/thaw")
    assert day.status(token) == 200
    assert day.status(day.app.refreshed(refresh_token)["access_token"]) == 200


# MARK: What is left of it


def events(page: Chromium) -> list[str]:
    """What happened, the oldest first, without its details."""
    return [event.text for event in reversed(page.all(".event h2"))]


def the_customer_finds_it_in_their_audit_log(day: Day, office: Chromium) -> None:
    office.follow("Audit log")
    office.press(office.one(f"select[name='client'] option[value='{day.client['client_id']}']"))
    with office.new_page():
        office.push("Show")
    assert_in_order(events(office), ["Allowed an app to act", "OAuth client frozen", "OAuth client thawed"])
    with office.new_page():
        office.follow("Show everything")
    assert events(office).count("App policy changed") == 2


def the_makers_find_it_in_theirs(day: Day) -> None:
    day.studio.open(f"{day.server.issuer}/accounts/{day.makers_account}/audit")
    assert_in_order(events(day.studio), [
        "Account created", "Member invited", "Invitation accepted", "OAuth client created",
        "Client's host proven", "OAuth client changed", "Allowed an app to act", "OAuth client frozen", "OAuth client thawed"])


def assert_in_order(found: list[str], expected: list[str]) -> None:
    """What is expected happened in that order, whatever else did between."""
    place = 0
    for each in expected:
        assert each in found[place:], f"{each!r} is not in {found[place:]}, the rest of {found}"
        place = found.index(each, place) + 1


def the_chain_holds_until_a_byte_is_flipped(day: Day) -> None:
    report = sealed(day.server)
    assert report["holds"] and report["breaks"] == []
    day.server.stop()
    sequence = flip_a_byte(day.server, "policy.changed")
    code, report = verify(day.server)
    assert code == 1 and not report["holds"]
    assert report["breaks"] == [
        {"kind": "event_changed", "text": f"event {sequence} under seal {seal_of(day.server, sequence)} was changed"}]
