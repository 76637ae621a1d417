"""Takes the pictures of the pages that the documentation shows: `python Tests/browser/screenshots.py [FOLDER]`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from browsing import SHARED_DOCUMENT, Visitor, chromium
from latchkey_server import REPOSITORY, LatchkeyServer

WIDE = 1280
NARROW = 390
HEIGHT = 1400


@contextmanager
def _running(*options: str) -> Iterator[LatchkeyServer]:
    server = LatchkeyServer(*options)
    try:
        yield server.start()
    finally:
        server.dispose()
        server.remove_files()


@contextmanager
def _browsing() -> Iterator[Visitor]:
    driver = chromium()
    try:
        yield Visitor(driver)
    finally:
        driver.quit()


class Album:
    """A folder of pictures of what a visitor sees."""

    def __init__(self, folder: Path, visitor: Visitor) -> None:
        self._folder = folder
        self._driver = visitor.driver

    def take(self, name: str, scheme: str = "light", width: int = WIDE) -> None:
        # A window of the browser has a least width; the emulated screen has none.
        self._driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride", {"width": width, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False})
        self._driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        file = self._folder / f"{name}.png"
        assert self._driver.save_screenshot(str(file)), f"{file} cannot be written"
        print(file)


def take_the_story(folder: Path) -> None:
    """Signing in, consent in both schemes and widths, and what the user finds afterwards."""
    with _running() as server, _browsing() as visitor:
        album, user = Album(folder, visitor), server.member_of_both
        visitor.driver.get(server.line["app"])
        visitor.link("Connect your account")
        visitor.heading("Sign in")
        album.take("sign-in-light")
        visitor.sign_in(user)
        visitor.at_consent()
        visitor.set("account", user.accounts[0])
        visitor.driver.execute_script("window.scrollTo(0, 0)")
        for scheme in ("light", "dark"):
            for shape, width in (("wide", WIDE), ("narrow", NARROW)):
                album.take(f"consent-{scheme}-{shape}", scheme, width)
        visitor.decide("allow")
        visitor.heading("Your zones")
        visitor.driver.get(server.line["pages"]["connected_apps"])
        visitor.heading("Connected apps")
        album.take("connected-apps-light")
        visitor.link("DNS Pilot")
        visitor.heading("DNS Pilot")
        album.take("connected-app-light")


def take_the_long_list(folder: Path) -> None:
    """Consent to an app that asks for everything a large API has."""
    with _running("--catalogue", str(SHARED_DOCUMENT)) as server, _browsing() as visitor:
        visitor.driver.get(server.first.request(server.first.scopes).url)
        visitor.sign_in(server.administrator)
        visitor.at_consent()
        Album(folder, visitor).take("consent-142-light")


def take_the_clients(folder: Path) -> None:
    """A developer's client: choosing what it is, changing its secret, proving its host."""
    with _running() as server, _browsing() as visitor:
        album, user = Album(folder, visitor), server.administrator
        clients = f"{server.issuer}/accounts/{user.accounts[0]}/oauth-clients"
        visitor.driver.get(clients + "/new")
        visitor.sign_in(user)
        visitor.heading("Create an OAuth client")
        album.take("oauth-client-kinds-light")
        one = f"{clients}/{server.first.client_id}"
        for name in ("secrets", "visibility"):
            visitor.driver.get(f"{one}/{name}")
            visitor.heading(server.first.name)
            album.take(f"oauth-client-{name}-light")
        album.take("oauth-client-visibility-dark-narrow", "dark", NARROW)


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else REPOSITORY / "docs" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    take_the_story(folder)
    take_the_clients(folder)
    if SHARED_DOCUMENT.exists():
        take_the_long_list(folder)
    else:
        print(f"{SHARED_DOCUMENT} is not on this machine: no picture of the long list", file=sys.stderr)


if __name__ == "__main__":
    main()
