"""Every page in a narrow window, in the light and in the dark."""

from __future__ import annotations

from chromium import Chromium
from demo_story import allow, connect, open_app, sign_in
from latchkey_server import LatchkeyServer, User


def test_no_page_scrolls_sideways_on_a_phone(server: LatchkeyServer, browser: Chromium, person: User) -> None:
    """WCAG 1.4.10."""
    pages = server.line["pages"]
    browser.look(320, 640)

    def fits() -> None:
        assert browser.overflow() <= 0, browser.url

    browser.open(pages["connected_apps"])
    fits()
    sign_in(browser, person)
    fits()
    connect_again = server.line["app"] + "/connect"
    browser.open(connect_again)
    browser.sees("wants access")
    for details in browser.all(".operations summary"):
        browser.press(details)
    fits()
    allow(browser)
    fits()
    open_app(browser, server)
    fits()
    for name in ["connected_apps", "sessions", "sign_out"]:
        browser.open(pages[name])
        fits()
    browser.open(server.issuer + "/oauth2/auth?client_id=nobody")
    fits()
    browser.open(server.issuer + "/nothing-here")
    fits()


def test_the_dark_is_dark(server: LatchkeyServer, browser: Chromium, person: User) -> None:
    connect(browser, server, person)
    shades = []
    for dark in [False, True]:
        browser.look(1280, 900, dark=dark)
        color = browser.one("body").value_of_css_property("background-color")
        shades.append(sum(int(part) for part in color.strip("rgba()").split(",")[:3]))
    light, dark_shade = shades
    assert light > 600 and dark_shade < 150
