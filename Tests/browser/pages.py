"""Every page, once. The pictures, the accessibility check and the check without scripts all go through this table.

A new page is a new row: its name (that of its pictures), its route, what its heading contains, and who looks at it.
"""

from __future__ import annotations

from chromium import Chromium
from demo_story import allow, sign_in
from furnished import ADMINISTRATOR, MEMBER, NEWCOMER, NOBODY, Furnished, PageRow
from latchkey_server import Client, User

# MARK: Ways to pages that take more than an address


def to_app_sign_in(browser: Chromium, demo: Furnished) -> None:
    browser.open(demo.server.first.request().url)


def to_failed_sign_in(browser: Chromium, demo: Furnished) -> None:
    browser.open(demo.url("/login"))
    sign_in(browser, User("nobody@example.org", "not the password"))


def to_signed_out(browser: Chromium, demo: Furnished) -> None:
    browser.open(demo.url("/login"))
    sign_in(browser, demo.people[NEWCOMER])
    browser.open(demo.url("/sign-out"))
    with browser.new_page():
        browser.push("Sign out")


def _consent(browser: Chromium, client: Client) -> None:
    browser.open(client.request(prompt="consent").url)


def to_consent(browser: Chromium, demo: Furnished) -> None:
    _consent(browser, demo.server.first)
    browser.tick("account", demo.server.accounts[0])
    browser.scroll_to_top()


def to_consent_for_more(browser: Chromium, demo: Furnished) -> None:
    _consent(browser, demo.server.native)


def to_consent_that_waits(browser: Chromium, demo: Furnished) -> None:
    _consent(browser, demo.cargo)


def to_refused_client(browser: Chromium, demo: Furnished) -> None:
    _consent(browser, demo.server.private)


def to_app_request(browser: Chromium, demo: Furnished) -> None:
    browser.open(demo.url("/app-requests/new") + f"?account={demo.account}&client={demo.cargo.client_id}")


def to_policy_preview(browser: Chromium, demo: Furnished) -> None:
    browser.open(demo.url("/accounts/{account}/app-policy"))
    browser.press(browser.box("mode", "closed"))
    with browser.new_page():
        browser.push("Preview")


def to_unproven_client(browser: Chromium, demo: Furnished) -> None:
    browser.open(demo.url("/accounts/{account}/oauth-clients/{client}/visibility", client=demo.unproven))


def to_rotated_secrets(browser: Chromium, demo: Furnished) -> None:
    browser.open(demo.url("/accounts/{account}/oauth-clients/{client}/secrets", client=demo.unproven))


def to_created_client(browser: Chromium, demo: Furnished) -> None:
    browser.open(demo.url("/accounts/{account}/oauth-clients/new?kind=web"))
    browser.fill("client_name", "Leaf Counter")
    browser.one("textarea[name=redirect_uris]").send_keys("https://leaf.example/callback")
    browser.choose("use_account.read", "required")
    with browser.new_page():
        browser.push("Create the client")


def to_wrong_client(browser: Chromium, demo: Furnished) -> None:
    browser.open(demo.url("/accounts/{account}/oauth-clients/new?kind=web"))
    browser.one("textarea[name=redirect_uris]").send_keys("http://leaf.example/callback")
    with browser.new_page():
        browser.push("Create the client")


def to_user_token(browser: Chromium, demo: Furnished) -> None:
    browser.open(demo.url("/tokens/{user_token}"))


def to_app(browser: Chromium, demo: Furnished) -> None:
    browser.open(demo.server.line["app"])


def to_app_zones(browser: Chromium, demo: Furnished) -> None:
    browser.open(demo.server.line["app"] + "/dashboard")
    if not browser.shows("What DNS Pilot holds"):
        browser.open(demo.server.line["app"] + "/connect")
        if browser.shows("wants access"):
            allow(browser)


# MARK: The table

PAGES = [
    PageRow("sign-in", "/login", "Sign in", NOBODY),
    PageRow("sign-in-for-app", "/login", "Sign in", NOBODY, to_app_sign_in),
    PageRow("sign-in-failed", "/login", "Sign in", NOBODY, to_failed_sign_in),
    PageRow("consent", "/consent/{request}", "wants access", MEMBER, to_consent),
    PageRow("consent-for-more", "/consent/{request}", "wants access", MEMBER, to_consent_for_more),
    PageRow("consent-waits", "/consent/{request}", "wants access", MEMBER, to_consent_that_waits),
    PageRow("consent-142", "/consent/{request}", "wants access", NEWCOMER, to_consent, is_large=True),
    PageRow("app-refused", "", "not available to you", ADMINISTRATOR, to_refused_client),
    PageRow("wrong-request", "/oauth2/auth?client_id=nobody", "", MEMBER),
    PageRow("logout", "/oauth2/logout", "Sign out?", MEMBER),
    PageRow("connected-apps", "/connected-apps", "Connected apps", MEMBER),
    PageRow("connected-apps-none", "/connected-apps", "Connected apps", NEWCOMER),
    PageRow("connected-app", "/connected-apps/{authorization}", "cloudctl", MEMBER),
    PageRow("app-request", "/app-requests/new", "Ask for Cargo Lens", MEMBER, to_app_request),
    PageRow("sessions", "/sessions", "Sessions", MEMBER),
    PageRow("sign-out", "/sign-out", "Sign out?", MEMBER),
    PageRow("signed-out", "/sign-out", "You are signed out", NOBODY, to_signed_out),
    PageRow("invitation", "/invitations/{secret}", "Join Northwind", NOBODY),
    PageRow("outbox", "/outbox", "Outbox", NOBODY),
    PageRow("accounts", "/accounts", "Accounts", MEMBER),
    PageRow("members-apps", "/accounts/{account}/apps", "Members' apps"),
    PageRow("members-apps-by-member", "/accounts/{account}/apps?by=member", "Members' apps"),
    PageRow("app-policy", "/accounts/{account}/app-policy", "App policy"),
    PageRow("app-policy-preview", "/accounts/{account}/app-policy", "App policy", ADMINISTRATOR, to_policy_preview),
    PageRow("audit", "/accounts/{account}/audit", "Audit log"),
    PageRow("audit-nothing", "/accounts/{account}/audit?actor=nobody@example.org", "Audit log"),
    PageRow("account-settings", "/accounts/{account}/settings", "Settings"),
    PageRow("account-leave", "/accounts/{account}/leave", "Leave Northwind?"),
    PageRow("members", "/accounts/{account}/members", "Members"),
    PageRow("member", "/accounts/{account}/members/{member}", "Bo Lindqvist"),
    PageRow("tokens", "/tokens", "API tokens"),
    PageRow("token-new", "/tokens/new", "New API token"),
    PageRow("token", "/tokens/{token}", "Nightly backup", ADMINISTRATOR, to_user_token),
    PageRow("account-tokens", "/accounts/{account}/tokens", "API tokens"),
    PageRow("account-token-new", "/accounts/{account}/tokens/new", "New API token"),
    PageRow("account-token", "/accounts/{account}/tokens/{token}", "Nightly backup"),
    PageRow("clients", "/accounts/{account}/oauth-clients", "OAuth clients"),
    PageRow("client-new", "/accounts/{account}/oauth-clients/new", "Create an OAuth client"),
    PageRow("client-new-web", "/accounts/{account}/oauth-clients/new?kind=web", "Create an OAuth client"),
    PageRow("client-wrong", "/accounts/{account}/oauth-clients/new", "Create an OAuth client", ADMINISTRATOR, to_wrong_client),
    PageRow("client-created", "/accounts/{account}/oauth-clients/new", "Leaf Counter", ADMINISTRATOR, to_created_client),
    PageRow("client", "/accounts/{account}/oauth-clients/{client}", "DNS Pilot"),
    PageRow("client-secrets", "/accounts/{account}/oauth-clients/{client}/secrets", "Zone Painter", ADMINISTRATOR, to_rotated_secrets),
    PageRow("client-visibility", "/accounts/{account}/oauth-clients/{client}/visibility", "DNS Pilot"),
    PageRow("client-proof", "/accounts/{account}/oauth-clients/{client}/visibility", "Zone Painter", ADMINISTRATOR, to_unproven_client),
    PageRow("client-private", "/accounts/{account}/oauth-clients/{client}/private", "DNS Pilot"),
    PageRow("client-try", "/accounts/{account}/oauth-clients/{client}/try", "DNS Pilot"),
    PageRow("client-stop", "/accounts/{account}/oauth-clients/{client}/stop", "DNS Pilot"),
    PageRow("client-usage", "/accounts/{account}/oauth-clients/{client}/usage", "DNS Pilot"),
    PageRow("client-webhooks", "/accounts/{account}/oauth-clients/{client}/webhooks", "DNS Pilot"),
    PageRow("client-webhook", "/accounts/{account}/oauth-clients/{client}/webhooks/{webhook}", "DNS Pilot"),
    PageRow("resources", "/accounts/{account}/resources", "Resources"),
    PageRow("not-found", "", "There is nothing here", MEMBER, lambda browser, demo: browser.open(demo.url("/nothing-here"))),
    PageRow("demo-app", "", "Your DNS, on autopilot", NEWCOMER, to_app),
    PageRow("demo-app-zones", "", "zones", NEWCOMER, to_app_zones),
]

#: Routes that show a page but stand in no row.
NO_ROW = {
    "/": "it only leads to Connected apps",
    "/accounts/{account}/audit.csv": "a file",
    "/accounts/{account}/audit.jsonl": "a file",
    "Assets.cssPath": "the style sheet",
    "Assets.jsPath": "the script",
}

# MARK: Windows


class View:
    """A window and the wish for a light or dark page."""

    def __init__(self, scheme: str, shape: str) -> None:
        self.name = f"{scheme}-{shape}"
        self.is_dark, self.is_narrow = scheme == "dark", shape == "narrow"
        self.width, self.height = (360, 780) if self.is_narrow else (1280, 900)

    def apply(self, browser: Chromium) -> None:
        browser.look(self.width, self.height, dark=self.is_dark)


VIEWS = [View(scheme, shape) for shape in ("wide", "narrow") for scheme in ("light", "dark")]
