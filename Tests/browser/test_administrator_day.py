"""The administrator's day, from an account in which nothing is connected: with scripts, and with scripts switched off."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from app_story import allow, connect, return_address, signed_in_session, to_consent
from chromium import Chromium
from demo_story import sign_in
from furnished import running
from latchkey_server import Client, LatchkeyServer, User

READING, WRITING = ("GET", "/zones/z1/dns_records"), ("POST", "/zones/z1/dns_records")


@dataclass
class Day:
    """Who is there, each at a browser of their own."""

    server: LatchkeyServer
    administrator: User
    office: Chromium
    member: User
    desk: Chromium
    fern: Client

    @property
    def account(self) -> str:
        return self.server.accounts[0]

    def opens(self, page: str) -> Chromium:
        """The administrator opens a page of the account by its link."""
        self.office.open(self.server.issuer + "/accounts")
        self.office.follow(page)
        assert self.office.heading == page
        return self.office

    def status(self, token: str, call: tuple[str, str] = ("GET", "")) -> int:
        """What the gateway answers to the app's call in the account."""
        return self.server.verify(call[0], f"/accounts/{self.account}{call[1]}", token).status_code

    def sets_mode(self, mode: str, headline: str) -> None:
        """The administrator previews a policy, reads what it would do, and applies it."""
        page = self.opens("App policy")
        page.press(page.box("mode", mode))
        with page.new_page():
            page.push("Preview")
        page.sees(headline)
        with page.new_page():
            page.push("Apply this policy")
        page.sees("The policy is in force.")
        assert page.ticked("mode") == [mode]


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def day(request: pytest.FixtureRequest, open_browser: Callable[..., Chromium]) -> Iterator[Day]:
    for server in running():
        office, desk = open_browser(scripts=request.param), open_browser(scripts=request.param)
        office.open(server.issuer + "/login")
        sign_in(office, server.administrator)
        fern = server.new_client("Fern Reports", account=1, redirect_uri=return_address(server, "fern"))
        yield Day(server, server.administrator, office, server.new_user("Member"), desk, fern)


def test_the_administrators_day(day: Day) -> None:
    """Issue 3, Administrators, in the order in which it happens."""
    day.opens("Members' apps").sees("No member has connected an app here.")
    token = a_member_connects_an_app(day)
    only_approved_apps_from_now_on(day, token)
    the_member_asks(day)
    the_administrator_approves_for_that_member(day, token)
    the_member_connects_again_with_what_was_approved(day)
    everything_is_allowed_again(day, token)
    one_connection_ends(day)
    one_app_ends_for_everyone(day)
    one_member_loses_every_app(day)
    it_is_all_in_the_audit_log(day)


def a_member_connects_an_app(day: Day) -> str:
    token = connect(day.desk, day.fern, day.member)["access_token"]
    assert day.status(token) == 200
    page = day.opens("Members' apps")
    assert page.shows("Fern Reports") and page.shows(day.member.email)
    assert not page.shows("Last used never")
    return token


def only_approved_apps_from_now_on(day: Day, token: str) -> None:
    page = day.opens("App policy")
    page.press(page.box("mode", "approved"))
    with page.new_page():
        page.push("Preview")
    page.sees("1 connection of 1 member would stop working here, with 1 app.")
    page.sees("Fern Reports: stops for 1 member")
    assert day.status(token) == 200, "a preview changes nothing"
    with page.new_page():
        page.push("Apply this policy")
    page.sees("The policy is in force.")
    assert day.status(token) == 403


def the_member_asks(day: Day) -> None:
    """From the consent page, which says why the account cannot be chosen."""
    page = day.desk
    to_consent(page, day.fern, day.member)
    page.sees("have to approve this app first")
    assert not page.box("account", day.account).is_enabled()
    page.follow("Ask an administrator of Northwind")
    page.sees("Ask for Fern Reports")
    for scope in ["dns.read", "dns.write"]:
        page.tick("scope", scope)
    page.one("textarea").send_keys("The board wants <b>numbers</b>.")
    with page.new_page():
        page.push("Ask the administrators")
    page.sees("You asked. An administrator has not decided yet.")


def the_administrator_approves_for_that_member(day: Day, token: str) -> None:
    page = day.opens("App policy")
    page.sees("would like to use Fern Reports")
    page.sees("The board wants <b>numbers</b>.")
    assert sorted(page.ticked("optional_scope")) == ["dns.read", "dns.write"]
    page.tick("optional_scope", "dns.write", on=False)
    with page.new_page():
        page.push("Approve")
    page.sees("Decided.")
    assert not page.shows("would like to use")
    assert [day.status(token, call) for call in (READING, WRITING)] == [200, 403], "at once, without a new consent"


def the_member_connects_again_with_what_was_approved(day: Day) -> None:
    request = to_consent(day.desk, day.fern, day.member)
    day.desk.sees("need an administrator's approval")
    token = allow(day.desk, request)["access_token"]
    assert [day.status(token, call) for call in (READING, WRITING)] == [200, 403]
    stranger = day.server.new_user("Member")
    page = day.server.browser(stranger).consent_page(day.fern.request(), stranger)
    assert not page.html.form_with("decision").choices("account"), "it was approved for one member"


def everything_is_allowed_again(day: Day, token: str) -> None:
    """Taking a rule back gives the access back, without a new consent."""
    day.sets_mode("open", "1 connection would get permissions back.")
    assert [day.status(token, call) for call in (READING, WRITING)] == [200, 200]


def one_connection_ends(day: Day) -> None:
    other = day.server.new_user("Member")
    kept, ended = (day.server.grant(person, day.fern)["access_token"] for person in (day.member, other))
    page = day.opens("Members' apps")
    with page.new_page():
        page.push(f"End the access of Fern Reports for {name_of(day, other)}")
    page.sees("One connection ended. Its next call is refused.")
    assert [day.status(token) for token in (kept, ended)] == [200, 401]


def one_app_ends_for_everyone(day: Day) -> None:
    other = day.server.new_user("Member")
    tokens = [day.server.grant(person, day.fern)["access_token"] for person in (day.member, other)]
    untouched = day.server.grant(other, day.server.first)["access_token"]
    page = day.opens("Members' apps")
    open_and_confirm(page, "End Fern Reports for everyone…")
    page.sees("2 connections ended. Their next calls are refused.")
    assert [day.status(token) for token in tokens] == [401, 401]
    assert day.status(untouched) == 200
    assert not page.shows("Fern Reports")


def one_member_loses_every_app(day: Day) -> None:
    other = day.server.new_user("Member")
    tokens = [day.server.grant(day.member, client)["access_token"] for client in (day.fern, day.server.first)]
    untouched = day.server.grant(other, day.fern)["access_token"]
    page = day.opens("Members' apps")
    page.follow("By member")
    open_and_confirm(page, f"End every app of {name_of(day, day.member)}…")
    page.sees("2 connections ended. Their next calls are refused.")
    assert [day.status(token) for token in tokens] == [401, 401]
    assert day.status(untouched) == 200
    assert not page.shows(day.member.email) and page.shows(other.email)


def open_and_confirm(page: Chromium, summary: str) -> None:
    (found,) = [each for each in page.all("summary") if each.text == summary]
    page.press(found)
    with page.new_page():
        page.push("Yes, end all of it")


def name_of(day: Day, person: User) -> str:
    """As the list shows it: a user whom the operator added without a name bears their address."""
    found = day.server.operate("user", "list")
    return next(each["name"] for each in found if each["email"] == person.email)


def it_is_all_in_the_audit_log(day: Day) -> None:
    page = day.opens("Audit log")
    for what in ["App policy changed", "Asked for an app", "App approved", "Allowed an app to act", "Ended an app's access"]:
        page.sees(what)
    page.choose("kind", "policy.changed")
    page.fill("actor", day.administrator.email)
    with page.new_page():
        page.push("Show")
    events = page.all(".event")
    assert len(events) == 2 and all("App policy changed" in event.text for event in events)
    assert page.ticked("kind") == [] and page.one("#actor").get_attribute("value") == day.administrator.email
    person = signed_in_session(page)
    (sheet, lines) = (person.get(page.one(f"a[href*='audit.{form}']").get_attribute("href")) for form in ("csv", "jsonl"))
    rows = list(csv.DictReader(io.StringIO(sheet.text, newline="")))
    assert [row["kind"] for row in rows] == ["policy.changed"] * 2
    assert [str(json.loads(line)["id"]) for line in lines.text.splitlines()] == [row["id"] for row in rows]
    with page.new_page():
        page.follow("Show everything")
    assert len(page.all(".event")) > 10
