"""A person at a browser: sees what is displayed, clicks, types and presses keys."""

from __future__ import annotations

import base64
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from latchkey_server import REPOSITORY, eventually
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

PATIENCE = 30.0
SHARED_DOCUMENT = REPOSITORY.parent / "shared" / "data" / "digitalocean.openapi.json"
_MOST_TABS = 250


def _driver_options(profile: str, scripts: bool) -> webdriver.ChromeOptions:
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or "chromium"
    for argument in [
        # Containers and root have no sandbox of Chromium's kind.
        "--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--window-size=1280,900",
        "--no-first-run", "--disable-background-networking", "--disable-component-update", f"--user-data-dir={profile}",
    ]:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    preferences: dict[str, Any] = {"credentials_enable_service": False, "profile.password_manager_leak_detection": False}
    if not scripts:
        preferences["profile.managed_default_content_settings.javascript"] = 2
    options.add_experimental_option("prefs", preferences)
    return options


class Chromium:
    """One browser with a profile of its own."""

    def __init__(self, scripts: bool = True) -> None:
        self._profile = tempfile.mkdtemp(prefix="latchkey-chromium-")
        service = Service(executable_path=shutil.which("chromedriver") or "chromedriver")
        self.driver = webdriver.Chrome(options=_driver_options(self._profile, scripts), service=service)
        self.driver.set_page_load_timeout(30)
        self._logged: list[str] = []

    def close(self) -> None:
        self.driver.quit()
        shutil.rmtree(self._profile, ignore_errors=True)

    def policy_violations(self) -> list[str]:
        """Console messages that blame the content security policy."""
        self._logged += [entry["message"] for entry in self.driver.get_log("browser")]
        return [line for line in self._logged if "Content Security Policy" in line or "Refused to" in line]

    # MARK: Seeing

    @property
    def url(self) -> str:
        return self.driver.current_url

    @property
    def text(self) -> str:
        """What the page shows, with single spaces."""
        return " ".join(self.driver.find_element(By.TAG_NAME, "body").text.split())

    @property
    def heading(self) -> str:
        return " ".join(self.driver.find_element(By.TAG_NAME, "h1").text.split())

    def sees(self, text: str) -> None:
        """Waits until the page shows the text."""
        def shown() -> bool:
            try:
                return text in self.text
            except WebDriverException:
                # The page changed while it was read.
                return False

        try:
            eventually(shown, within=PATIENCE)
        except AssertionError:
            raise AssertionError(f"{text!r} is not on {self.url}: {self.text[:1500]}") from None

    def shows(self, text: str) -> bool:
        return text in self.text

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> WebElement:
        elements = self.all(selector)
        assert len(elements) == 1, f"{len(elements)} of {selector} on {self.url}"
        return elements[0]

    def box(self, name: str, value: str) -> WebElement:
        return self.one(f'input[name="{name}"][value="{value}"]')

    def ticked(self, name: str) -> list[str]:
        """The values of ticked boxes, or of the chosen radio button."""
        return [box.get_attribute("value") or "" for box in self.all(f'input[name="{name}"]') if box.is_selected()]

    def displayed(self, name: str) -> list[str]:
        return [box.get_attribute("value") or "" for box in self.all(f'input[name="{name}"]') if box.is_displayed()]

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression. The debugger asks, so neither the page's policy nor switched-off scripts matter."""
        answer = self.driver.execute_cdp_cmd(
            "Runtime.evaluate", {"expression": expression, "returnByValue": True, "awaitPromise": True})
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    # MARK: Doing

    def open(self, url: str) -> None:
        self.driver.get(url)

    def press(self, element: WebElement) -> None:
        """Clicks, in the middle of the window, where no sticky footer covers the element."""
        self.evaluate(f"window.scrollTo(0, {max(0, element.location['y'] - 400)})")
        element.click()

    def follow(self, link: str, within: str = "body") -> None:
        """Follows the first link with these words in the part of the page."""
        self.press(self.one(within).find_element(By.PARTIAL_LINK_TEXT, link))

    def push(self, button: str) -> None:
        """Pushes the displayed button with these words."""
        for element in self.all("button"):
            if element.is_displayed() and button in (element.text, element.get_attribute("aria-label")):
                self.press(element)
                return
        raise AssertionError(f"no button {button!r} on {self.url}: {self.text[:800]}")

    @contextmanager
    def new_page(self) -> Iterator[None]:
        """What is done inside makes the browser load a page, even if one that reads the same."""
        body = self.one("body")
        yield

        def is_gone() -> bool:
            try:
                body.is_displayed()
            except WebDriverException:
                return True
            return False

        eventually(is_gone, within=PATIENCE)

    def fill(self, name: str, value: str) -> None:
        field = self.one(f'input[name="{name}"]')
        field.clear()
        field.send_keys(value)

    def tick(self, name: str, value: str, on: bool = True) -> None:
        box = self.box(name, value)
        self._unfold(box)
        if box.is_selected() != on:
            self.press(box)
        assert box.is_selected() == on

    def choose(self, name: str, value: str) -> None:
        """Chooses in a list, opening what it is folded away in."""
        option = self.one(f'select[name="{name}"] option[value="{value}"]')
        self._unfold(option)
        self.press(option)

    def _unfold(self, element: WebElement) -> None:
        for group in element.find_elements(By.XPATH, "ancestor::details[not(@open)]"):
            self.press(group.find_element(By.TAG_NAME, "summary"))

    # MARK: The keyboard

    @property
    def focused(self) -> WebElement:
        return self.driver.switch_to.active_element

    def keys(self, *keys: str) -> None:
        ActionChains(self.driver).send_keys(*keys).perform()

    def tab_to(self, selector: str) -> WebElement:
        """Presses Tab until an element that matches has the focus."""
        for _ in range(_MOST_TABS):
            element = self.focused
            if element in self.all(selector):
                return element
            self.keys(Keys.TAB)
        raise AssertionError(f"Tab does not lead to {selector} on {self.url}")

    # MARK: The window

    def look(self, width: int, height: int, dark: bool = False, density: int = 1) -> None:
        """Gives the page another window and the user's wish for a light or dark one."""
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": density, "mobile": False})
        scheme = "dark" if dark else "light"
        self.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        return self.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")

    def scroll_to_top(self) -> None:
        self.evaluate("window.scrollTo(0, 0)")

    def page_height(self) -> int:
        return int(self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]["height"])

    def hide_scrollbars(self) -> None:
        """For pictures: as on a phone, they take no room."""
        self.driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})

    def picture(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # What was just resized is painted with the frame after the next.
        self.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(null))))")
        path.write_bytes(base64.b64decode(self.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})["data"]))
