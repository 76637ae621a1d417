"""Consent for an app that asks for every scope of an API with several hundred operations."""

from __future__ import annotations

import pytest
from chromium import Chromium
from demo_story import allow, connect, granted_by_the_app_s_account
from latchkey_server import LatchkeyServer
from selenium.webdriver.common.by import By


@pytest.fixture
def consent(large: LatchkeyServer, browser: Chromium) -> Chromium:
    connect(browser, large, large.new_user())
    return browser


def asked(large: LatchkeyServer) -> set[str]:
    return set(large.first.scopes)


def test_every_scope_is_there_once_with_its_operations(large: LatchkeyServer, consent: Chromium) -> None:
    labels = [field.get_attribute("value") for field in consent.all('.category .scopes input[name="scope"]')]
    labels = [label for label in labels if label != "offline_access"]
    assert len(labels) == len(set(labels))
    assert set(labels) == asked(large)
    assert len(labels) == 142
    assert len(consent.all(".scope .operations")) == 142


def test_categories_are_closed_so_that_the_page_stays_short(consent: Chromium) -> None:
    assert consent.all("details.category[open]") == []
    assert consent.page_height() < 6000


def test_searching_shows_what_matches_while_typing(large: LatchkeyServer, consent: Chromium) -> None:
    before = consent.ticked("scope")
    consent.fill("scope_search", "kubernetes delete")
    shown = consent.displayed("scope")
    assert shown and all("kubernetes" in label and "delete" in label for label in shown)
    consent.tick("scope", shown[0], on=False)
    consent.one("#scope_search").clear()
    consent.one("#scope_search").send_keys(" ")
    assert set(consent.ticked("scope")) == set(before) - {shown[0]}
    allow(consent)
    assert set(granted_by_the_app_s_account(consent)) - {"offline_access"} == asked(large) - {shown[0]}


def test_read_only_leaves_nothing_that_changes(large: LatchkeyServer, consent: Chromium) -> None:
    with consent.new_page():
        consent.push("Read only")
    consent.sees("wants access")
    kept = [
        scope for scope in consent.all(".scope")
        if any(box.is_selected() for box in scope.find_elements(By.CSS_SELECTOR, 'input[type="checkbox"]'))]
    assert kept
    for scope in kept:
        assert scope.find_element(By.CSS_SELECTOR, "small.risk").get_attribute("textContent") == "reads"
    with consent.new_page():
        consent.push("Everything it asks for")
    consent.sees("wants access")
    boxes = [box.get_attribute("value") for box in consent.all('input[name="scope"][type="checkbox"]')]
    assert set(boxes) <= set(consent.ticked("scope"))


def test_a_scope_unfolds_to_its_operations(consent: Chromium) -> None:
    consent.fill("scope_search", "droplet:read")
    scope = next(scope for scope in consent.all(".scope") if scope.is_displayed())
    operations = scope.find_element(By.CSS_SELECTOR, ".operations")
    assert "/v2/droplets" not in operations.text
    consent.press(operations.find_element(By.TAG_NAME, "summary"))
    assert "GET /v2/droplets" in operations.text


def test_the_page_fits_a_phone_and_reflows(consent: Chromium) -> None:
    """WCAG 1.4.10: no scrolling in two directions at 320 pixels."""
    consent.look(320, 640)
    for category in consent.all("details.category > summary"):
        consent.press(category)
    assert consent.overflow() <= 0
