"""Choosing two of five zones, with scripts and without, and changing the choice later."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from chromium import Chromium
from demo_story import allow, connect, open_app, sign_in
from latchkey_server import LatchkeyServer, User


def zones(server: LatchkeyServer) -> dict[str, str]:
    """The zones of account 1: value in the form by name."""
    account = server.accounts[0]
    found = server.manage("GET", f"/accounts/{account}/resources/zone", server.api_token(server.administrator)).json()["result"]
    return {zone["name"]: f"{account}/zone/{zone['id']}" for zone in found}


def seen_in_app(browser: Chromium, server: LatchkeyServer) -> list[str]:
    browser.open(server.line["app"] + "/dashboard")
    browser.sees("Your zones")
    return sorted(link.text for link in browser.all(".zones a"))


@pytest.mark.parametrize("scripts", [True, False])
def test_two_of_five_zones_and_other_ones_later(
    server: LatchkeyServer, person: User, open_browser: Callable[..., Chromium], scripts: bool
) -> None:
    browser, known, radio = open_browser(scripts=scripts), zones(server), f"resources_{server.accounts[0]}_zone"
    connect(browser, server, person)
    assert browser.ticked(radio) == ["all"] and browser.displayed("resource") == []
    browser.press(browser.one(".reach > summary"))
    assert browser.displayed("resource") == [], "what may be chosen appears when some are meant"
    browser.press(browser.box(radio, "some"))
    assert len(browser.displayed("resource")) == 5
    for name in ("northwind-shop.example", "northwind-blog.example"):
        browser.tick("resource", known[name])
    if scripts:
        assert browser.one(".reach > summary small").text == "2 chosen"
    allow(browser)
    assert seen_in_app(browser, server) == ["northwind-blog.example", "northwind-shop.example"]

    open_app(browser, server)
    assert browser.one(".reach > summary small").text == "2 of 5 zones"
    browser.tick("resource", known["northwind-blog.example"], on=False)
    browser.tick("resource", known["northwind-labs.example"])
    with browser.new_page():
        browser.push("Keep only what is ticked")
    browser.sees("Installations")
    assert seen_in_app(browser, server) == ["northwind-labs.example", "northwind-shop.example"]


def test_choosing_none_says_so_and_keeps_the_page(server: LatchkeyServer, person: User, browser: Chromium) -> None:
    connect(browser, server, person)
    browser.press(browser.one(".reach > summary"))
    browser.press(browser.box(f"resources_{server.accounts[0]}_zone", "some"))
    with browser.new_page():
        browser.push("Allow access")
    browser.sees("Choose at least one of the zones of Northwind")
    assert browser.ticked(f"resources_{server.accounts[0]}_zone") == ["some"] and len(browser.displayed("resource")) == 5


def test_the_register_is_searched_and_changed(server: LatchkeyServer, person: User, browser: Chromium) -> None:
    url = f"{server.issuer}/accounts/{server.accounts[1]}/resources"
    other = server.new_user(account=1)
    browser.open(url)
    sign_in(browser, other)
    browser.open(url)
    browser.one("textarea[name=lines]").send_keys("browser-1 Made in a browser")
    with browser.new_page():
        browser.push("Register")
    browser.sees("Registered 1 zone.")
    browser.fill("search", "made in")
    with browser.new_page():
        browser.push("Find")
    assert [row.text for row in browser.all(".resources b")] == ["Made in a browser"]
    with browser.new_page():
        browser.press(browser.one(".resources button"))
    browser.sees("Removed 1 zone.")
    for width in (320, 1280):
        browser.look(width, 900)
        assert browser.overflow() <= 0, width
