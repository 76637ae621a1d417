"""The whole story with a mouse: connect, choose, use, be refused, refresh, look, revoke."""

from __future__ import annotations

import time

from chromium import Chromium
from demo_story import allow, connect, granted_by_the_app_s_account, open_app, revoke, sign_in
from latchkey_server import LatchkeyServer, User, wait_until


def test_the_whole_story(brief: LatchkeyServer, browser: Chromium) -> None:
    user = brief.member_of_both
    northwind, fabrikam = (account["name"] for account in brief.line["accounts"])

    connect(browser, brief, user)
    assert "DNS Pilot" in browser.heading
    assert browser.shows(user.email)
    assert browser.ticked("account") == [], "of several accounts the user chooses"
    allow(browser, accounts=brief.accounts[:1], decline=["worker.write"], lifetime="86400")

    browser.sees("Your account is connected.")
    assert browser.shows(northwind) and not browser.shows(fabrikam)
    assert "worker.write" not in granted_by_the_app_s_account(browser)

    browser.press(browser.all(".zones a")[0])
    browser.sees("TTL, seconds")
    zone = browser.url
    browser.all('input[name="ttl"]')[0].clear()
    browser.all('input[name="ttl"]')[0].send_keys("777")
    browser.press(browser.all(".records button")[0])
    browser.sees("Saved")
    assert browser.all('input[name="ttl"]')[0].get_attribute("value") == "777"

    browser.follow("All zones")
    browser.push("Deploy worker")
    browser.sees("was refused by the Nimbus Cloud API")
    assert browser.shows("worker.write") and browser.shows("Ask for this permission")

    browser.follow("Ask for this permission")
    browser.sees("Already connected.")
    assert browser.ticked("lifetime") == ["86400"], "one more permission is no reason for more time"
    browser.sees("So far it ends ")

    browser.open(brief.line["app"] + "/dashboard")
    wait_until(time.time() + 3)
    browser.open(zone)
    browser.sees("The access token had ended, so DNS Pilot refreshed it.")
    assert browser.all('input[name="ttl"]')[0].get_attribute("value") == "777"

    open_app(browser, brief)
    assert browser.shows(northwind) and not browser.shows(fabrikam)
    assert not browser.shows("Last used never")
    assert "worker.write" not in browser.displayed("scope")
    revoke(browser)
    browser.sees("No app is connected.")

    browser.open(zone)
    browser.sees("Your account is no longer connected")


def test_denying_gives_nothing(server: LatchkeyServer, browser: Chromium, person: User) -> None:
    connect(browser, server, person)
    browser.push("Decline")
    browser.sees("Nothing was connected")
    browser.open(server.line["app"] + "/dashboard")
    assert not browser.shows("What DNS Pilot holds")
    browser.open(server.line["pages"]["connected_apps"])
    browser.sees("No app is connected.")


def test_what_was_declined_can_be_asked_for_later(server: LatchkeyServer, browser: Chromium, person: User) -> None:
    connect(browser, server, person)
    allow(browser, decline=["worker.write"])
    browser.push("Deploy worker")
    browser.sees("was refused")
    browser.follow("Ask for this permission")
    browser.sees("Already connected.")
    assert "worker.write" in browser.ticked("scope")
    allow(browser)
    assert "worker.write" in granted_by_the_app_s_account(browser)
    browser.push("Deploy worker")
    browser.sees("Deployed the worker")


def test_a_permission_that_is_taken_away_is_refused_and_the_rest_goes_on(
    server: LatchkeyServer, browser: Chromium, person: User
) -> None:
    connect(browser, server, person)
    allow(browser)
    browser.push("Deploy worker")
    browser.sees("Deployed the worker")

    open_app(browser, server)
    browser.tick("scope", "worker.write", on=False)
    with browser.new_page():
        browser.push("Keep only what is ticked")
    browser.sees("Installations")
    assert "worker.write" not in browser.displayed("scope")

    browser.open(server.line["app"] + "/dashboard")
    browser.push("Deploy worker")
    browser.sees("was refused")
    browser.follow("Back")
    browser.press(browser.all(".zones a")[0])
    browser.press(browser.all(".records button")[0])
    browser.sees("Saved")


def test_ending_the_installation_disconnects_the_app(server: LatchkeyServer, browser: Chromium, person: User) -> None:
    connect(browser, server, person)
    allow(browser)
    open_app(browser, server)
    browser.push("End this installation")
    browser.sees("None is active now.")
    browser.open(server.line["app"] + "/dashboard")
    browser.sees("Your account is no longer connected")


def test_disconnecting_in_the_app_ends_its_tokens(server: LatchkeyServer, browser: Chromium, person: User) -> None:
    connect(browser, server, person)
    allow(browser)
    browser.push("Disconnect")
    browser.sees("has no access any more")
    browser.open(server.line["app"] + "/dashboard")
    assert not browser.shows("What DNS Pilot holds")


def test_a_wrong_password_says_so_and_keeps_the_request(server: LatchkeyServer, browser: Chromium, person: User) -> None:
    browser.open(server.line["app"])
    browser.follow("Connect your account")
    sign_in(browser, User(person.email, "not the password"))
    browser.sees("to continue to DNS Pilot")
    assert browser.one('[role="alert"]').text != ""
    sign_in(browser, person)
    browser.sees("wants access")


def test_signing_out_asks_for_signing_in_again(server: LatchkeyServer, browser: Chromium, person: User) -> None:
    browser.open(server.line["pages"]["connected_apps"])
    sign_in(browser, person)
    browser.sees("No app is connected.")
    browser.follow("Sign out")
    browser.push("Sign out")
    browser.sees("You are signed out")
    browser.open(server.line["pages"]["connected_apps"])
    assert browser.heading == "Sign in"
