"""The same pages with JavaScript switched off: nothing is missing, only some of it takes one more click."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from chromium import Chromium
from demo_story import allow, connect, granted_by_the_app_s_account, open_app, revoke
from latchkey_server import LatchkeyServer


@pytest.fixture
def plain(open_browser: Callable[..., Chromium]) -> Chromium:
    """A browser that runs no script."""
    browser = open_browser(scripts=False)
    browser.open("data:text/html,<title>off</title><script>document.title='on'</script>")
    assert browser.driver.title == "off"
    return browser


def test_connecting_and_revoking(server: LatchkeyServer, plain: Chromium) -> None:
    user = server.new_user()
    connect(plain, server, user)
    allow(plain, accounts=server.accounts[:1], decline=["worker.write"], lifetime="3600")
    assert "worker.write" not in granted_by_the_app_s_account(plain)
    plain.push("Deploy worker")
    plain.sees("was refused")
    open_app(plain, server)
    plain.tick("scope", "worker.read", on=False)
    with plain.new_page():
        plain.push("Keep only what is ticked")
    plain.sees("Installations")
    assert "worker.read" not in plain.displayed("scope")
    revoke(plain)
    plain.sees("No app is connected.")
    plain.open(server.line["app"] + "/dashboard")
    plain.sees("Your account is no longer connected")


def test_denying(server: LatchkeyServer, plain: Chromium) -> None:
    connect(plain, server, server.new_user())
    plain.push("Decline")
    plain.sees("Nothing was connected")


def test_searching_among_many_permissions_keeps_what_was_chosen(large: LatchkeyServer, plain: Chromium) -> None:
    connect(plain, large, large.administrator)
    every = plain.ticked("scope")
    declined = next(label for label in every if label.startswith("domain"))
    plain.fill("scope_search", declined)
    with plain.new_page():
        plain.press(plain.one("#scopes .search button"))
    plain.sees("wants access")
    assert plain.displayed("scope") == [declined]
    plain.tick("scope", declined, on=False)
    plain.fill("scope_search", "droplet")
    with plain.new_page():
        plain.press(plain.one("#scopes .search button"))
    plain.sees("wants access")
    shown = [scope.get_attribute("data-search") for scope in plain.all("#scopes .scope") if scope.is_displayed()]
    assert shown and all("droplet" in text for text in shown)
    assert sorted(plain.ticked("scope")) == sorted(set(every) - {declined})


def test_a_template_renders_the_page_again_with_its_choice(server: LatchkeyServer, plain: Chromium) -> None:
    connect(plain, server, server.new_user())
    plain.press(plain.box("lifetime", "604800"))
    with plain.new_page():
        plain.push("Read only")
    plain.sees("wants access")
    assert [label for label in plain.displayed("scope") if label in plain.ticked("scope")] == ["worker.read"]
    assert plain.ticked("lifetime") == ["604800"]
    with plain.new_page():
        plain.push("Everything it asks for")
    plain.sees("wants access")
    assert {"dns.write", "worker.read", "worker.write"} <= set(plain.ticked("scope"))
