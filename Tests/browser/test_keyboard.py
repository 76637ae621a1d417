"""The story with Tab, Space, arrows and Enter alone."""

from __future__ import annotations

from chromium import Chromium
from demo_story import granted_by_the_app_s_account
from latchkey_server import LatchkeyServer, User
from selenium.webdriver.common.keys import Keys


def to_consent(browser: Chromium, server: LatchkeyServer, person: User) -> None:
    browser.open(server.line["app"])
    browser.tab_to('a[href="/connect"]')
    browser.keys(Keys.ENTER)
    browser.sees("Password")
    browser.tab_to("#email")
    browser.keys(person.email, Keys.TAB, person.password, Keys.ENTER)
    browser.sees("wants access")


def test_connecting_and_revoking(server: LatchkeyServer, browser: Chromium) -> None:
    person = server.new_user()
    to_consent(browser, server, person)
    browser.tab_to('input[name="scope"][value="worker.write"]')
    browser.keys(Keys.SPACE)
    browser.tab_to('input[name="lifetime"]')
    browser.keys(Keys.ARROW_DOWN)
    assert browser.ticked("lifetime") == ["2592000"]
    browser.tab_to('button[name="decision"][value="allow"]')
    browser.keys(Keys.ENTER)
    browser.sees("What DNS Pilot holds")
    assert "worker.write" not in granted_by_the_app_s_account(browser)

    browser.open(server.line["pages"]["connected_apps"])
    browser.tab_to(".app h2 a")
    browser.keys(Keys.ENTER)
    browser.sees("Installations")
    browser.tab_to(".danger summary")
    browser.keys(Keys.ENTER)
    browser.tab_to("button.destructive")
    browser.keys(Keys.SPACE)
    browser.sees("No app is connected.")


def test_enter_in_the_form_never_approves(server: LatchkeyServer, browser: Chromium) -> None:
    """Enter in a box or a radio button sends the form by its first button, which only renders the page again."""
    person = server.new_user()
    to_consent(browser, server, person)
    for field in ['input[name="account"]', 'input[name="scope"][type="checkbox"]', 'input[name="lifetime"]']:
        browser.tab_to(field)
        before = (browser.ticked("account"), browser.ticked("scope"), browser.ticked("lifetime"))
        with browser.new_page():
            browser.keys(Keys.ENTER)
        browser.sees("wants access")
        assert "/consent/" in browser.url
        assert (browser.ticked("account"), browser.ticked("scope"), browser.ticked("lifetime")) == before
    browser.open(server.line["pages"]["connected_apps"])
    browser.sees("No app is connected.")


def test_enter_in_the_search_field_never_approves(large: LatchkeyServer, browser: Chromium) -> None:
    to_consent(browser, large, large.administrator)
    browser.tab_to("#scope_search")
    browser.keys("droplet", Keys.ENTER)
    browser.sees("wants access")
    assert "/consent/" in browser.url


def test_the_first_tab_leads_past_the_header(server: LatchkeyServer, browser: Chromium) -> None:
    """WCAG 2.4.1."""
    person = server.new_user()
    to_consent(browser, server, person)
    browser.keys(Keys.TAB)
    assert browser.focused.text == "Skip to content"
    browser.keys(Keys.ENTER, Keys.TAB)
    assert browser.focused in browser.all("main a, main button, main input, main summary")
