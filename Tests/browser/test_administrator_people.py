"""The administrator's people: make an account, invite somebody, see them join, change what they may, see them out."""

from __future__ import annotations

from collections.abc import Callable

from chromium import Chromium
from demo_story import sign_in
from latchkey_server import LatchkeyServer, User
from selenium.webdriver.common.by import By

PASSWORD = "a long enough passphrase"


def enter(browser: Chromium, server: LatchkeyServer, person: User) -> None:
    browser.open(server.issuer + "/accounts")
    sign_in(browser, person)
    browser.sees("Accounts that you are a member of.")


def tick_role(browser: Chromium, name: str, on: bool = True) -> None:
    """By its words, as a person finds it."""
    label = browser.driver.find_element(By.XPATH, f"//label[.//b[normalize-space()='{name}']]")
    box = label.find_element(By.CSS_SELECTOR, "input")
    if box.is_selected() != on:
        browser.press(label)
    assert box.is_selected() == on


def test_from_a_new_account_to_a_member_who_left(
    server: LatchkeyServer, person: User, open_browser: Callable[..., Chromium]
) -> None:
    """Issue 3, Done when: create account, invite member … the rest of the day needs people first."""
    administrator, guest = open_browser(), open_browser()
    email = f"guest-of-{person.email}"
    enter(administrator, server, person)
    administrator.fill("name", "Painted Zones")
    with administrator.new_page():
        administrator.push("Create account")
    administrator.sees("The account is made")
    members = administrator.url.split("?")[0]

    administrator.fill("email", email)
    tick_role(administrator, "Viewer")
    with administrator.new_page():
        administrator.push("Send invitation")
    administrator.sees("The invitation is on its way.")
    assert email in administrator.text and "pending" in administrator.text

    guest.open(server.issuer + "/outbox")
    mail = next(each for each in guest.all("article") if f"To {email}" in each.text)
    with guest.new_page():
        guest.press(mail.find_element(By.PARTIAL_LINK_TEXT, "Follow the link"))
    guest.sees("Join Painted Zones")
    guest.fill("name", "Gus Guest")
    guest.fill("password", PASSWORD)
    with guest.new_page():
        guest.push("Join Painted Zones")
    guest.sees("You are a member of Painted Zones")
    with guest.new_page():
        guest.follow("Continue")
    sign_in(guest, User(email, PASSWORD))
    guest.open(server.issuer + "/accounts")
    guest.sees("Painted Zones")
    assert not guest.all(f"a[href='{members}']"), "a viewer has no page of members"

    administrator.open(members)
    administrator.sees("Gus Guest")
    assert "pending" not in administrator.text
    with administrator.new_page():
        administrator.follow("Gus Guest")
    tick_role(administrator, "Viewer", on=False)
    tick_role(administrator, "Administrator")
    with administrator.new_page():
        administrator.push("Save roles")
    administrator.sees("The roles are saved")
    guest.open(members)
    guest.sees("Invite somebody")

    administrator.press(administrator.one(".danger summary"))
    with administrator.new_page():
        administrator.push("Yes, remove Gus Guest")
    administrator.sees("The member is removed.")
    guest.open(members)
    guest.sees("There is nothing here")
    administrator.open(members.replace("/members", "/audit"))
    for words in ("Account created", "Member invited", "Invitation accepted", "Member's roles changed", "Member removed"):
        administrator.sees(words)


def test_a_token_is_made_copied_and_deleted(server: LatchkeyServer, browser: Chromium, person: User) -> None:
    enter(browser, server, person)
    with browser.new_page():
        browser.driver.find_element(By.CSS_SELECTOR, ".bar").find_element(By.PARTIAL_LINK_TEXT, "API tokens").click()
    browser.sees("OAuth is the better way")
    with browser.new_page():
        browser.follow("New token")
    browser.fill("name", "Nightly backup")
    browser.tick("place_0", person.accounts[0])
    browser.one("#search_0").send_keys("zone")
    assert browser.displayed("permission_0") == ["zone.read", "zone.write"], "the search finds, and opens what it finds"
    browser.tick("permission_0", "zone.read")
    with browser.new_page():
        browser.push("Add a policy")
    assert browser.ticked("permission_0") == ["zone.read"] and browser.all("#effect_1")
    with browser.new_page():
        browser.push("Remove policy 2")
    with browser.new_page():
        browser.push("Create token")
    browser.sees("Copy the token now")
    value = browser.one("#value").get_attribute("value") or ""
    assert value.startswith("lkt_") and server.manage("GET", "/user/tokens/verify", value).status_code == 200
    browser.push("Copy")
    browser.sees("Copied")
    with browser.new_page():
        browser.follow("I have it")
    assert value not in browser.driver.page_source
    with browser.new_page():
        browser.follow("Nightly backup")
    browser.sees("from 127.0.0.1")
    browser.press(browser.one(".danger summary"))
    with browser.new_page():
        browser.push("Yes, delete it")
    browser.sees("The token is deleted.")
    assert server.manage("GET", "/user/tokens/verify", value).status_code == 401


def test_no_page_of_people_scrolls_sideways_on_a_phone(server: LatchkeyServer, browser: Chromium, person: User) -> None:
    """WCAG 1.4.10, with a long address in each place where one stands."""
    enter(browser, server, person)
    base = f"{server.issuer}/accounts/{person.accounts[0]}"
    browser.open(base + "/members")
    browser.fill("email", "a.very.long.address.of.somebody.with.many.names@a-host-that-is-long.example.org")
    tick_role(browser, "Viewer")
    with browser.new_page():
        browser.push("Send invitation")
    long = next(each for each in browser.all(".people a") if "very.long" in each.text).get_attribute("href") or ""
    own = next(each for each in browser.all(".people a") if person.email in each.text).get_attribute("href") or ""
    urls = [server.issuer + path for path in ("/accounts", "/tokens", "/tokens/new")]
    urls += [base + path for path in ("/members", "/settings", "/leave", "/tokens", "/tokens/new")] + [long, own]
    for width in [320, 360, 1280]:
        browser.look(width, 900)
        for url in urls:
            browser.open(url)
            assert browser.overflow() <= 0, (url, width)
