"""The steps of the demo's story, as a person with a mouse takes them."""

from __future__ import annotations

from collections.abc import Iterable

from chromium import Chromium
from latchkey_server import LatchkeyServer, User


def connect(browser: Chromium, server: LatchkeyServer, person: User) -> None:
    """From the app's first page through signing in to the consent page."""
    browser.open(server.line["app"])
    browser.follow("Connect your account")
    sign_in(browser, person)
    browser.sees("wants access")


def sign_in(browser: Chromium, person: User) -> None:
    browser.sees("Sign in")
    browser.fill("email", person.email)
    browser.fill("password", person.password)
    with browser.new_page():
        browser.push("Sign in")


def allow(
    browser: Chromium, accounts: Iterable[str] = (), decline: Iterable[str] = (), lifetime: str | None = None
) -> None:
    """Chooses on the consent page and allows it."""
    for account in accounts:
        browser.tick("account", account)
    for label in decline:
        browser.tick("scope", label, on=False)
    if lifetime is not None:
        browser.press(browser.box("lifetime", lifetime))
    browser.push("Allow access")
    browser.sees("What DNS Pilot holds")


def open_app(browser: Chromium, server: LatchkeyServer, client: str = "DNS Pilot") -> None:
    """To the page of one connected app."""
    browser.open(server.line["pages"]["connected_apps"])
    browser.follow(client)
    browser.sees("Installations")


def revoke(browser: Chromium, client: str = "DNS Pilot") -> None:
    """On the page of a connected app."""
    browser.press(browser.one(".danger summary"))
    with browser.new_page():
        browser.push("Yes, revoke all access")
    browser.sees("Connected apps")


def granted_by_the_app_s_account(browser: Chromium) -> list[str]:
    """The scopes that the app says it was granted."""
    facts = [term.text for term in browser.all("dt")]
    (index,) = [index for index, term in enumerate(facts) if term == "Granted"]
    return browser.all("dd")[index].text.split()
