"""The developer's day, from an account without a client to a public one, and back (issue 3, OAuth clients, for developers)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from chromium import Chromium
from demo_story import sign_in
from dns_server import DNSServer
from latchkey_server import LatchkeyServer, User, eventually

HOST = "painter.test"


@pytest.fixture(scope="module")
def names() -> Iterator[DNSServer]:
    server = DNSServer(HOST)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def proving(names: DNSServer) -> Iterator[LatchkeyServer]:
    server = LatchkeyServer("--log-level", "debug", "--dns-server", f"127.0.0.1:{names.port}", "--proof-interval", "1").start()
    yield server
    server.dispose()


@pytest.fixture
def developer(proving: LatchkeyServer) -> User:
    return proving.new_user()


def clients_of(server: LatchkeyServer, person: User) -> str:
    return f"{server.issuer}/accounts/{person.accounts[0]}/oauth-clients"


def choose(browser: Chromium, field: str, value: str) -> None:
    browser.press(browser.one(f'select[name="{field}"] option[value="{value}"]'))


def create(browser: Chromium, name: str, redirect_uri: str, kind: str = "Web app") -> None:
    """From the list of clients to the new one."""
    browser.follow("Create a client")
    with browser.new_page():
        browser.follow(kind)
    browser.fill("client_name", name)
    browser.one("#redirect_uris").send_keys(redirect_uri)
    choose(browser, "use_zone.read", "required")
    choose(browser, "use_dns.write", "optional")
    browser.fill("purpose_dns.write", "To paint your records")
    with browser.new_page():
        browser.push("Create the client")
    browser.sees("The client is ready")


def test_the_day_of_a_developer(
    proving: LatchkeyServer, names: DNSServer, developer: User, browser: Chromium, open_browser: Callable[..., Chromium]
) -> None:
    names.serve("v=spf1 -all")
    browser.open(clients_of(proving, developer))
    sign_in(browser, developer)
    browser.sees("OAuth clients")
    create(browser, "Zone Painter", f"https://{HOST}/cb")
    secret = browser.one("#client-secret").text
    client_id = browser.one("#client-id").text
    assert secret.startswith("lks_") and "shown this once" in browser.text
    settings = f"{clients_of(proving, developer)}/{client_id}"

    # Its own consent, in this browser.
    browser.follow("Try it")
    assert secret not in browser.driver.page_source
    browser.follow("Try the consent page")
    browser.sees("Zone Painter wants access")
    assert browser.shows("Unproven.") and browser.shows("Zone Painter says why: “To paint your records”")

    # The host is proven once DNS has the record.
    browser.open(settings)
    browser.fill("client_uri", f"https://{HOST}/")
    browser.fill("logo_uri", f"https://{HOST}/logo.png")
    with browser.new_page():
        browser.push("Save")
    browser.follow("Visibility")
    assert not browser.one("button[value=publish]").is_enabled()
    value = browser.one("#proof-value").text

    def seen(text: str) -> bool:
        browser.open(settings + "/visibility")
        return browser.shows(text)

    eventually(lambda: seen("v=spf1 -all"), within=30, every=0.5)
    names.serve("v=spf1 -all", value)
    eventually(lambda: seen("DNS has the TXT record"), within=30, every=0.5)
    with browser.new_page():
        browser.push("Make it public")
    browser.sees("It is public now.")

    # Somebody of another account connects it.
    other = open_browser()
    guest = proving.new_user(account=1)
    browser.follow("Try it")
    other.open(browser.one("a.primary").get_attribute("href") or "")
    sign_in(other, guest)
    other.sees(f"Verified {HOST}.")

    # The secret is changed without a moment in which the app does not work.
    browser.follow("Secrets")
    with browser.new_page():
        browser.push("Make a second secret")
    browser.sees("The new secret")
    assert browser.one("#client-secret").text != secret
    with browser.new_page():
        browser.follow("Look again")
    assert not browser.all("#client-secret")
    with browser.new_page():
        browser.push("Delete the old secret")
    browser.sees("The rotation is complete.")

    # Break-glass, and on.
    browser.follow("Freeze or delete")
    with browser.new_page():
        browser.push("Freeze Zone Painter")
    browser.sees("Frozen since")
    other.open(proving.issuer + f"/oauth2/auth?client_id={client_id}")
    other.sees("This app is paused")
    with browser.new_page():
        browser.push("Thaw Zone Painter")
    browser.sees("Zone Painter goes on.")

    # Everything of it is in the log; then it goes, by its name.
    browser.follow("Audit log")
    for line in ["OAuth client thawed", "OAuth client frozen", "Old client secret deleted", "Client secret added", "Client's host proven",
                 "OAuth client changed", "OAuth client created"]:
        assert browser.shows(line), line
    browser.open(settings + "/stop")
    browser.fill("typed_name", "zone painter")
    with browser.new_page():
        browser.push("Delete for good")
    browser.sees("nothing was deleted")
    browser.fill("typed_name", "Zone Painter")
    with browser.new_page():
        browser.push("Delete for good")
    browser.sees("The client is deleted.")
    assert not browser.all(f'a[href*="{client_id}"]')


def test_what_is_typed_is_judged_by_the_server_at_once(server: LatchkeyServer, browser: Chromium, person: User) -> None:
    browser.open(clients_of(server, person) + "/new?kind=web")
    sign_in(browser, person)
    browser.open(clients_of(server, person) + "/new?kind=web")
    field = browser.one("#redirect_uris")
    field.send_keys("http://painter.example.com/cb")
    eventually(lambda: "should begin with https://" in browser.one("#redirect_uris-problem").text, within=20)
    assert field.get_attribute("aria-invalid") == "true"
    # The name is missing too, but nobody has come to it yet.
    assert browser.one("#client_name-problem").text == ""
    field.clear()
    field.send_keys("https://painter.example.com/cb")
    eventually(lambda: browser.one("#redirect_uris-problem").text == "", within=20)
    assert browser.heading == "Create an OAuth client"


def test_a_purpose_is_asked_for_where_a_permission_is_used(server: LatchkeyServer, browser: Chromium, person: User) -> None:
    browser.open(clients_of(server, person) + "/new?kind=spa")
    sign_in(browser, person)
    browser.open(clients_of(server, person) + "/new?kind=spa")
    purpose = browser.one('input[name="purpose_dns.read"]')
    assert not purpose.is_displayed()
    choose(browser, "use_dns.read", "optional")
    assert purpose.is_displayed()
    group = browser.one('select[name="use_dns.read"]').find_element("xpath", "ancestor::details//small")
    assert group.text.startswith("1 of ") and group.text.endswith("used")


def test_a_permission_is_found_among_many(large: LatchkeyServer, browser: Chromium) -> None:
    person = large.new_user()
    browser.open(clients_of(large, person) + "/new?kind=agent")
    sign_in(browser, person)
    browser.open(clients_of(large, person) + "/new?kind=agent")
    browser.one("#scope_search").send_keys("snapshot delete")
    eventually(lambda: 0 < len([pick for pick in browser.all(".pick") if pick.is_displayed()]) <= 5, within=20)
    browser.fill("client_name", "Finder")
    browser.one("#redirect_uris").send_keys("https://finder.example.com/cb")
    label = next(select.get_attribute("name") or "" for select in browser.all(".pick select") if select.is_displayed())
    choose(browser, label, "required")
    with browser.new_page():
        browser.push("Create the client")
    browser.sees("The client is ready")


def test_a_copy_button_copies(server: LatchkeyServer, browser: Chromium, person: User) -> None:
    browser.driver.execute_cdp_cmd(
        "Browser.grantPermissions", {"origin": server.issuer, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]})
    browser.open(clients_of(server, person))
    sign_in(browser, person)
    browser.open(clients_of(server, person))
    create(browser, "Copied", "https://copied.example.com/cb", "Single-page app")
    browser.press(browser.one("button[data-copy=client-id]"))
    eventually(lambda: browser.one("button[data-copy=client-id]").text == "Copied", within=20)
    answer = browser.driver.execute_cdp_cmd(
        "Runtime.evaluate", {"expression": "navigator.clipboard.readText()", "awaitPromise": True, "returnByValue": True})
    assert answer["result"].get("value") == browser.one("#client-id").text


def test_the_pages_of_a_client_fit_a_phone_and_work_without_scripts(
    server: LatchkeyServer, person: User, open_browser: Callable[..., Chromium]
) -> None:
    """WCAG 1.4.10, and the rule that no page needs scripts."""
    browser = open_browser(scripts=False)
    browser.open(clients_of(server, person))
    sign_in(browser, person)
    browser.open(clients_of(server, person))
    create(browser, "A Client with quite a long Name that no Phone shows on one Line", "https://narrow.example.com/" + "long/" * 30)
    assert not [button for button in browser.all("[data-copy]") if button.is_displayed()]
    settings = browser.all(".client-nav a")[0].get_attribute("href") or ""
    urls = [clients_of(server, person), clients_of(server, person) + "/new", clients_of(server, person) + "/new?kind=native"]
    urls += [settings + path for path in ["", "/secrets", "/visibility", "/try", "/stop", "/private"]]
    for width in [320, 1280]:
        browser.look(width, 900)
        for url in urls:
            browser.open(url)
            assert browser.overflow() <= 0, (url, width)
    browser.open(settings)
    browser.fill("client_name", "Short")
    with browser.new_page():
        browser.push("Save")
    assert browser.heading == "Short" and browser.shows("Saved.")
