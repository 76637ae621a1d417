"""Chromium on the real pages: how the tests and the screenshots start it and find their way."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "blackbox"))

from latchkey_server import REPOSITORY, User  # noqa: E402
from selenium import webdriver  # noqa: E402
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException  # noqa: E402
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.remote.webelement import WebElement  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

SHARED_DOCUMENT = REPOSITORY.parent / "shared" / "data" / "digitalocean.openapi.json"
WAIT_SECONDS = 15
MOST_TABS = 60


def chromium(javascript: bool = True) -> webdriver.Chrome:
    """A fresh profile without cookies, whose console can be read."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1280,1400"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    if not javascript:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    return webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))


class Visitor:
    """A person at a browser."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    # MARK: Waiting and finding

    def until(self, check: Callable[[], Any], message: str) -> Any:
        """The first answer that is true; elements that are not there, or gone with their page, count as not yet."""
        wait = WebDriverWait(
            self.driver, WAIT_SECONDS, poll_frequency=0.1,
            ignored_exceptions=(NoSuchElementException, StaleElementReferenceException))
        return wait.until(lambda _: check(), message)

    def find(self, selector: str) -> WebElement:
        return self.until(lambda: self.driver.find_element(By.CSS_SELECTOR, selector), f"no {selector}")

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def heading(self, text: str) -> None:
        """Waits for the page whose main heading contains the text."""
        self.until(lambda: text in self.driver.find_element(By.TAG_NAME, "h1").text, f"no page headed {text!r}")

    @property
    def text(self) -> str:
        return self.driver.find_element(By.TAG_NAME, "body").text

    def shows(self, text: str) -> None:
        self.until(lambda: text in self.text, f"the page does not show {text!r}")

    # MARK: Doing

    def link(self, text: str) -> None:
        self.until(lambda: self.driver.find_element(By.PARTIAL_LINK_TEXT, text), f"no link {text!r}").click()

    def button(self, text: str) -> None:
        self.until(
            lambda: self.driver.find_element(By.XPATH, f"//button[normalize-space()='{text}']"), f"no button {text!r}").click()

    def sign_in(self, user: User) -> None:
        self.find("#email").send_keys(user.email)
        self.find("#password").send_keys(user.password)
        self.button("Sign in")

    def set(self, name: str, value: str, chosen: bool = True) -> None:
        """Ticks, chooses or unticks the control with that name and value, opening the group it is in."""
        control = self.find(f'input[name="{name}"][value="{value}"]:not([type=hidden])')
        for group in control.find_elements(By.XPATH, "ancestor::details[not(@open)]"):
            group.find_element(By.TAG_NAME, "summary").click()
        if control.is_selected() != chosen:
            # The decision stays at the bottom of the window, on top of what is scrolled there.
            self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", control)
            control.click()

    def chosen(self, name: str) -> list[str]:
        """What the form would send under that name."""
        return [
            control.get_attribute("value") or "" for control in self.all(f'input[name="{name}"]')
            if control.get_attribute("type") == "hidden" or control.is_selected()
        ]

    def decide(self, decision: str) -> None:
        self.find(f'button[name=decision][value="{decision}"]').click()

    def tab_to(self, selector: str) -> None:
        """Presses Tab until the element has the focus."""
        for _ in range(MOST_TABS):
            self.press(Keys.TAB)
            if self.focused in self.all(selector):
                return
        raise AssertionError(f"the Tab key does not reach {selector}")

    def press(self, keys: str) -> None:
        ActionChains(self.driver).send_keys(keys).perform()

    @property
    def focused(self) -> WebElement:
        return self.driver.switch_to.active_element

    def at_consent(self) -> None:
        self.heading("wants access to your account")

    def start_connecting(self, app: str, user: User) -> None:
        """From the app's front page through signing in to the consent page."""
        self.driver.get(app)
        self.link("Connect your account")
        self.sign_in(user)
        self.at_consent()
