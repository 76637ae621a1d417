"""The administrator's pages: from the list of accounts to an app that is blocked and allowed again."""

from __future__ import annotations

from chromium import Chromium
from demo_story import sign_in
from latchkey_server import LatchkeyServer, User


def account_pages(server: LatchkeyServer, person: User) -> list[str]:
    account = f"{server.issuer}/accounts/{person.accounts[0]}"
    return [server.issuer + "/accounts", account + "/apps", account + "/apps?by=member", account + "/app-policy", account + "/audit"]


def test_each_page_of_an_account_can_be_reached_from_the_one_before(
    server: LatchkeyServer, browser: Chromium, person: User
) -> None:
    browser.open(server.line["pages"]["connected_apps"])
    sign_in(browser, person)
    browser.sees("Connected apps")
    browser.follow("Accounts")
    for link in ["Members' apps", "App policy", "Audit log"]:
        browser.follow(link)
        assert browser.heading == link


def test_an_administrator_blocks_an_app_and_lets_it_in_again(server: LatchkeyServer, browser: Chromium, person: User) -> None:
    """Issue, Administrators: the policy is previewed, applied at once, and taken back without a new consent."""
    account = person.accounts[0]
    client = server.new_client("Blocked Soon", account=1)
    token = server.grant(person, client)["access_token"]
    target = f"/accounts/{account}"
    assert server.verify("GET", target, token).status_code == 200
    browser.open(account_pages(server, person)[3])
    sign_in(browser, person)
    browser.open(account_pages(server, person)[3])
    for rule, status in [("block", 403), ("", 200)]:
        browser.choose(f"rule_{client.client_id}", rule)
        with browser.new_page():
            browser.push("Preview")
        assert ("would stop working" in browser.text) == bool(rule)
        with browser.new_page():
            browser.push("Apply this policy")
        browser.sees("The policy is in force.")
        assert server.verify("GET", target, token).status_code == status
    browser.open(account_pages(server, person)[4])
    browser.sees("App policy changed")
