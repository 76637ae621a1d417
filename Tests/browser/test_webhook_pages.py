"""A developer's webhook, from the address to a delivery that failed and was sent again."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import issued
from chromium import Chromium
from demo_story import sign_in
from latchkey_server import LatchkeyServer, User, eventually

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "blackbox" / "management"))

from receiver import Answer, Receiver  # noqa: E402


def test_a_developer_adds_tests_and_repairs_a_webhook(server: LatchkeyServer, browser: Chromium, person: User) -> None:
    client = server.new_client("Hooked")
    receiver = Receiver()
    url = f"{server.issuer}/accounts/{client.account_id}/oauth-clients/{client.client_id}/webhooks"
    browser.open(url)
    sign_in(browser, person)
    browser.open(url)
    assert browser.heading == "Hooked"
    browser.sees("No webhook yet.")

    browser.fill("url", "http://elsewhere.example/")
    with browser.new_page():
        browser.push("Add webhook")
    browser.sees("http:// is for 127.0.0.1")
    browser.fill("url", receiver.url)
    with browser.new_page():
        browser.push("Add webhook")
    browser.sees("The webhook is added.")
    secret = browser.one(".secret code").text
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=", secret)
    issued.record("webhook secret", secret)

    receiver.answer = Answer(500, b"<script>document.title='owned'</script>")
    with browser.new_page():
        browser.push("Send a test")
    browser.sees("Failed")
    browser.sees("The receiver answered 500.")
    browser.sees("<script>document.title='owned'</script>")
    assert receiver.of_type("ping")[0].signed_by(secret)
    assert secret not in browser.driver.page_source

    receiver.answer = Answer()
    eventually(lambda: send_again(browser), within=20)
    browser.sees("Delivered")
    assert len(receiver.messages) == 2

    with browser.new_page():
        browser.push("Switch off")
    browser.sees("The webhook is switched off.")
    with browser.new_page():
        browser.push("Switch on")
    browser.sees("The webhook is switched on.")
    for width in [320, 1280]:
        browser.look(width, 900)
        for page in (url, browser.url):
            browser.open(page)
            assert browser.overflow() <= 0, (page, width)
    browser.press(browser.one(".danger summary"))
    with browser.new_page():
        browser.push("Yes, delete it")
    browser.sees("The webhook is deleted.")
    assert not browser.policy_violations()
    receiver.close()


def send_again(browser: Chromium) -> bool:
    """Whether it was sent: a moment after the last attempt it is not yet allowed."""
    if "Send again" not in browser.text:
        browser.press(browser.one(".deliveries summary"))
    with browser.new_page():
        browser.push("Send again")
    return "Sent again." in browser.text
