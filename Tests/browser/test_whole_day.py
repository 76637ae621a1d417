"""The whole day (issue 3, Done when): an account that makes an app, and another one whose member lets it in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import issued
import pytest
from app_story import allow, return_address, to_consent
from audit_chain import flip_a_byte, seal_of, sealed, verify
from chromium import Chromium
from demo_story import sign_in
from dns_server import HOST, DNSServer
from furnished import running
from latchkey_server import Client, LatchkeyServer, User, eventually

APP = "Zone Painter"
MAKERS = "Painter Labs"
PASSWORD = "a long enough passphrase"
REQUIRED, OPTIONAL = ["account.read", "zone.read"], ["dns.read"]


@dataclass
class Day:
    """Who is there, each at a browser of their own, and what the day has brought so far."""

    server: LatchkeyServer
    dns: DNSServer
    open_browser: Callable[..., Chromium]
    maker: User
    studio: Chromium
    makers_account: str = ""
    client_id: str = ""
    client_secret: str = field(default="", repr=False)

    @property
    def app(self) -> Client:
        """The app behind the registration."""
        return Client(
            server=self.server, client_id=self.client_id, client_secret=self.client_secret, name=APP, method="client_secret_basic",
            redirect_uri=return_address(self.server, "painter"), scopes=[*REQUIRED, *OPTIONAL], optional_scopes=OPTIONAL,
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
        yield Day(server, dns, open_browser, maker, studio)


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
    page = day.studio
    page.open(day.server.issuer + "/accounts")
    page.fill("name", MAKERS)
    with page.new_page():
        page.push("Create account")
    page.open(day.server.issuer + "/accounts")
    (card,) = [each for each in page.all("li.app") if MAKERS in each.text]
    with page.new_page():
        page.press(card.find_element("link text", "Members"))
    assert page.heading == "Members" and page.shows(MAKERS)
    found = re.search(r"/accounts/(\w+)/members", page.url)
    assert found
    day.makers_account = found.group(1)


def a_colleague_is_invited_and_joins(day: Day) -> None:
    """Somebody new, through the link in the mail."""
    page = day.studio
    page.fill("email", "kit@example.org")
    (role,) = [each for each in page.all("#invite label") if each.text.startswith("Administrator")]
    page.press(role)
    with page.new_page():
        page.push("Send invitation")
    page.sees("kit@example.org")
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
    day.studio.driver.refresh()
    day.studio.sees("Kit Moreau")


def the_maker_creates_a_client(day: Day) -> None:
    """The short path, then the addresses that a public client needs."""
    page = day.studio
    page.follow("OAuth clients")
    page.sees(f"{MAKERS} has no OAuth client yet.")
    page.follow("Create a client")
    page.follow("Web app")
    page.fill("client_name", APP)
    page.one("textarea[name=redirect_uris]").send_keys(return_address(day.server, "painter"))
    for label in REQUIRED:
        page.choose(f"use_{label}", "required")
    for label in OPTIONAL:
        page.choose(f"use_{label}", "optional")
    page.fill("purpose_zone.read", "To show your zones on its canvas.")
    with page.new_page():
        page.push("Create the client")
    page.sees("The client is ready")
    day.client_id, day.client_secret = page.one("#client-id").text, page.one("#client-secret").text
    issued.record("client_secret", day.client_secret)
    page.follow("Settings", within=".client-nav")
    page.fill("client_uri", f"https://{HOST}/")
    page.fill("logo_uri", f"https://{HOST}/logo.png")
    with page.new_page():
        page.push("Save")
    page.sees("Saved.")
    assert day.client_secret not in page.driver.page_source


def check_until(page: Chromium, text: str) -> None:
    """Asks for the page again until DNS has told it."""
    def shown() -> bool:
        page.driver.refresh()
        return page.shows(text)

    eventually(shown, within=30, every=0.5)


def the_host_is_proven(day: Day) -> None:
    """The record is late: the page says what is there instead, and then finds it."""
    page = day.studio
    page.follow("Visibility", within=".client-nav")
    check_until(page, "v=spf1 -all")
    assert not page.one("button[value=publish]").is_enabled()
    day.dns.serve("v=spf1 -all", page.one("#proof-value").text)
    with page.new_page():
        page.push("Check now")
    check_until(page, f"Verified {HOST}")


def the_client_is_published(day: Day) -> None:
    with day.studio.new_page():
        day.studio.push("Make it public")
    day.studio.sees("It is public")


# MARK: The customer


def a_member_of_another_account_authorizes_two_of_five_zones(day: Day) -> tuple[str, str]:
    member, page = day.server.new_user("Member"), day.open_browser()
    request = to_consent(page, day.app, member)
    assert page.shows(MAKERS) and page.shows("To show your zones on its canvas.")
    page.press(page.one("details.reach summary"))
    page.press(page.box(f"resources_{day.customer}_zone", "some"))
    zones = page.displayed("resource")
    assert len(zones) == 5
    for zone in zones[:2]:
        page.tick("resource", zone)
    token = allow(page, request)
    calls = [day.status(token["access_token"], "/zones/" + zone.rsplit("/", 1)[1]) for zone in zones]
    assert calls == [200, 200, 403, 403, 403]
    listed = day.server.verify("GET", f"/accounts/{day.customer}/zones", token["access_token"])
    assert listed.status_code == 200
    assert all(zone.rsplit("/", 1)[1] in listed.headers["X-Latchkey-Resources"] for zone in zones[:2])
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
    office.choose(f"rule_{day.client_id}", rule)
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
    page = day.studio
    page.follow("Freeze or delete", within=".client-nav")
    with page.new_page():
        page.push(f"Freeze {APP}")
    assert day.status(token) == 401
    refused = day.app.refresh(refresh_token)
    assert refused.status_code == 400 and "frozen" in refused.json()["error_description"], refused.text
    with page.new_page():
        page.push(f"Thaw {APP}")
    assert day.status(token) == 200
    assert day.status(day.app.refreshed(refresh_token)["access_token"]) == 200


# MARK: What is left of it


def events(page: Chromium) -> list[str]:
    """What happened, the oldest first, without its details."""
    return [event.text for event in reversed(page.all(".event h2"))]


def the_customer_finds_it_in_their_audit_log(day: Day, office: Chromium) -> None:
    office.follow("Audit log")
    office.choose("client", day.client_id)
    with office.new_page():
        office.push("Show")
    assert_in_order(events(office), ["Allowed an app to act", "OAuth client frozen", "OAuth client thawed"])
    with office.new_page():
        office.follow("Show everything")
    assert events(office).count("App policy changed") == 2


def the_makers_find_it_in_theirs(day: Day) -> None:
    day.studio.open(f"{day.server.issuer}/accounts/{day.makers_account}/audit")
    assert_in_order(events(day.studio), [
        "Account created", "Member invited", "Invitation accepted", "OAuth client created", "OAuth client changed",
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
