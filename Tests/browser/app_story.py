"""What somebody does with an app that is not the demo's: connect it in a browser, and call the protected API with what it got."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import requests
from chromium import Chromium
from demo_story import sign_in
from latchkey_server import AuthorizationRequest, AuthorizationResponse, Client, LatchkeyServer, User, eventually


def return_address(server: LatchkeyServer, name: str) -> str:
    """A redirect URI that a browser can reach: an address of the demo app where nothing is."""
    return f"{server.line['app']}/{name}"


def to_consent(browser: Chromium, client: Client, person: User) -> AuthorizationRequest:
    """From the app to its consent page, signing in on the way where that is asked."""
    request = client.request(prompt="consent")
    browser.open(request.url)
    if browser.heading == "Sign in":
        sign_in(browser, person)
    browser.sees("wants access")
    return request


def allow(browser: Chromium, request: AuthorizationRequest) -> dict[str, str]:
    """Allows what is chosen; the tokens that the app redeems its code for."""
    browser.push("Allow access")
    eventually(lambda: browser.url.startswith(request.client.redirect_uri), within=20)
    response = AuthorizationResponse(request, dict(parse_qsl(urlsplit(browser.url).query)), browser.url)
    return request.client.tokens(response)


def connect(browser: Chromium, client: Client, person: User) -> dict[str, str]:
    """The tokens of a consent that leaves everything as it comes, in the account that the person has."""
    request = to_consent(browser, client, person)
    if not browser.ticked("account"):
        browser.tick("account", person.accounts[0])
    return allow(browser, request)


def signed_in_session(browser: Chromium) -> requests.Session:
    """Programs of the person at the browser: what a link with `download` fetches."""
    session = requests.Session()
    session.trust_env = False
    for cookie in browser.driver.get_cookies():
        session.cookies.set(cookie["name"], cookie["value"])
    return session
