"""Access narrowed to resources: the register, consent, introspection, /verify and changing the choice later."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from latchkey_server import Caller, Client, Departure, LatchkeyServer, Page, User, at_once
from sdk import USER, client, policy, value_of

HEADER = "X-Latchkey-Resources"


@pytest.fixture(scope="module")
def account(server: LatchkeyServer) -> str:
    return server.accounts[0]


@pytest.fixture(scope="module")
def owner(server: LatchkeyServer) -> str:
    """The API token of account 1's administrator."""
    return server.api_token(server.administrator)


def resources(server: LatchkeyServer, token: str, account: str, type: str = "zone", **query: object) -> list[dict[str, str]]:
    answer = server.manage("GET", f"/accounts/{account}/resources/{type}", token, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]


@pytest.fixture(scope="module")
def zones(server: LatchkeyServer, owner: str, account: str) -> list[str]:
    """The ids of the five zones that the demo begins with."""
    found = [zone["id"] for zone in resources(server, owner, account) if zone["name"].endswith(".example")]
    assert len(found) == 5
    return found


def zone_client(server: LatchkeyServer, name: str) -> Client:
    """A public client of account 2 that asks for zones and records."""
    scopes = ["account.read", "dns.read", "dns.write", "zone.read"]
    redirect_uri = "https://painter.example.net/callback"
    entry = server.operate(
        "client", "add", name, "--account", server.accounts[1], "--redirect-uri", redirect_uri, "--scope", " ".join(scopes),
        "--optional-scope", " ".join(scopes[1:]), "--public")
    return Client(
        server=server, client_id=entry["client_id"], client_secret=entry.get("client_secret"), name=name,
        method=entry["token_endpoint_auth_method"], redirect_uri=redirect_uri, scopes=scopes, optional_scopes=scopes[1:],
        post_logout_redirect_uris=[], visibility="public", account_id=server.accounts[1])


class Connection:
    """An app that a person connected, narrowed to some zones of one account."""

    def __init__(self, server: LatchkeyServer, user: User, account: str, chosen: list[str] | None, asked: str | None = None) -> None:
        self.server, self.user, self.account = server, user, account
        self.client = zone_client(server, "Zone Painter")
        self.family = self.connect(chosen, asked)
        self.token = self.family["access_token"]

    def connect(self, chosen: list[str] | None, asked: str | None = None, accounts: list[str] | None = None) -> dict[str, str]:
        choices: dict[str, object] = {}
        if chosen is not None:
            choices = {
                f"resources_{self.account}_zone": "some", "resource": [f"{self.account}/zone/{zone}" for zone in chosen]}
        return self.server.grant(self.user, self.client, asked, accounts=accounts or [self.account], **choices)

    def zone(self, zone: str, token: str | None = None, method: str = "GET") -> int:
        return self.server.verify(method, f"/accounts/{self.account}/zones/{zone}", token or self.token).status_code

    def listed(self, token: str | None = None) -> str:
        answer = self.server.verify("GET", f"/accounts/{self.account}/zones", token or self.token)
        assert answer.status_code == 200, answer.text
        return answer.headers[HEADER]

    @property
    def details(self) -> list[dict[str, object]]:
        return self.server.inspect(self.token)["authorization_details"]

    @property
    def api_token(self) -> str:
        return self.server.operate("user", "token", self.user.email)["value"]


def authorization(connection: Connection, token: str) -> dict[str, object]:
    found = connection.server.manage("GET", "/user/authorizations", token).json()["result"]
    return next(each for each in found if each["client_id"] == connection.client.client_id)


@pytest.fixture
def api_token(server: LatchkeyServer, person: User) -> str:
    return server.operate("user", "token", person.email)["value"]


# MARK: The register


def test_the_demo_registers_its_zones_and_says_what_the_types_are(server: LatchkeyServer, owner: str, account: str, zones: list[str]) -> None:
    types = server.manage("GET", f"/accounts/{account}/resources", owner).json()["result"]
    assert [(each["type"], each["parameters"]) for each in types] == [("zone", ["zone_id"])]
    assert types[0]["count"] >= 5 and "dns.read" in types[0]["scopes"] and "worker.read" not in types[0]["scopes"]
    kinds = {scope["id"]: scope["scopes"] for scope in server.manage("GET", "/oauth/scopes", owner).json()["result"]}
    assert kinds["dns.read"] == ["com.latchkey.api.account", "com.latchkey.api.account.zone"]
    assert kinds["worker.read"] == ["com.latchkey.api.account"]


def test_a_resource_is_put_got_renamed_and_deleted(server: LatchkeyServer, owner: str, account: str) -> None:
    path = f"/accounts/{account}/resources/zone/z-1"
    made = server.manage("PUT", path, owner, json={"name": "First"}).json()["result"]
    assert (made["id"], made["name"], made["type"]) == ("z-1", "First", "zone")
    assert server.manage("PUT", path, owner, json={"name": "Renamed"}).json()["result"]["name"] == "Renamed"
    assert server.manage("GET", path, owner).json()["result"]["name"] == "Renamed"
    assert server.manage("DELETE", path, owner).json()["result"] == {"id": "z-1"}
    assert server.manage("GET", path, owner).status_code == 404
    assert server.manage("DELETE", path, owner).status_code == 404


def test_many_are_put_at_once_and_listed_by_cursor(server: LatchkeyServer, owner: str) -> None:
    account = server.manage("POST", "/accounts", owner, json={"name": "Many"}).json()["result"]["id"]
    many = [{"id": f"m-{number:04}", "name": f"Zone {number:04} {'odd' if number % 2 else 'even'}"} for number in range(1000)]
    path = f"/accounts/{account}/resources/zone"
    assert server.manage("PUT", path, owner, json=many).json()["result"] == {"count": 1000}
    seen, cursor = [], None
    while True:
        answer = server.manage("GET", path, owner, params={"limit": 300, **({"cursor": cursor} if cursor else {})}).json()
        seen += [each["id"] for each in answer["result"]]
        cursor = answer["result_info"].get("cursors", {}).get("after")
        if not cursor:
            break
    assert seen == [each["id"] for each in many]
    assert [each["id"] for each in resources(server, owner, account, search="ODD 0013")] == ["m-0013"]
    assert [each["id"] for each in resources(server, owner, account, search="m-0999")] == ["m-0999"]
    assert resources(server, owner, account, search="100%_") == []
    events = server.manage("GET", f"/accounts/{account}/audit_logs", owner, params={"action.type": "resource.registered"}).json()["result"]
    assert len(events) == 1 and events[0]["metadata"]["added"] == 1000


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PUT", "/zone/a%2Fb", {"name": "x"}, 400),
        ("PUT", "/zone/a%3Bb", {"name": "x"}, 400),
        ("PUT", "/zone/" + "a" * 129, {"name": "x"}, 400),
        ("PUT", "/zone/a", {"name": "x" * 201}, 400),
        ("PUT", "/zone/a", {"name": "\u202etxt"}, 400),
        ("PUT", "/zone/a", {"name": 7}, 400),
        ("PUT", "/galaxy/a", {"name": "x"}, 404),
        ("GET", "/galaxy", None, 404),
        ("GET", "/zone?limit=1001", None, 400),
        ("GET", "/zone?cursor=nonsense", None, 400),
        ("PUT", "/zone", {"id": "a"}, 400),
        ("PUT", "/zone", [], 400),
        ("PUT", "/zone", [{"id": "a"}, {"id": "a"}], 400),
        ("PUT", "/zone", [{"name": "a"}], 400),
        ("PUT", "/zone", [{"id": f"{number}"} for number in range(1001)], 400),
    ],
)
def test_bad_input_is_told(server: LatchkeyServer, owner: str, account: str, method: str, path: str, body: object, status: int) -> None:
    answer = server.manage(method, f"/accounts/{account}/resources{path}", owner, json=body)
    assert answer.status_code == status and answer.json()["errors"][0]["message"], answer.text


def test_a_bulk_is_all_or_nothing(server: LatchkeyServer, owner: str, account: str) -> None:
    answer = server.manage("PUT", f"/accounts/{account}/resources/zone", owner, json=[{"id": "good-one"}, {"id": "b/ad"}])
    assert answer.status_code == 400 and answer.json()["errors"][0]["source"]["pointer"] == "/1/id"
    assert server.manage("GET", f"/accounts/{account}/resources/zone/good-one", owner).status_code == 404


def test_only_who_may_changes_them(server: LatchkeyServer, account: str) -> None:
    viewer = server.new_user(role="Viewer")
    token = server.operate("user", "token", viewer.email)["value"]
    for method, path in [("GET", ""), ("GET", "/zone"), ("PUT", "/zone/x"), ("DELETE", "/zone/x")]:
        assert server.manage(method, f"/accounts/{account}/resources{path}", token).status_code == 403
    for method, path in [("GET", ""), ("GET", "/zone"), ("PUT", "/zone/x"), ("DELETE", "/zone/x")]:
        assert server.manage(method, f"/accounts/{server.accounts[1]}/resources{path}", token).status_code == 404


def test_the_page_does_what_the_api_does(server: LatchkeyServer, person: User, owner: str, account: str) -> None:
    browser = server.browser(person)
    page = browser.page(f"/accounts/{account}/resources")
    added = browser.submit(page, page.html.form_with("lines"), {"lines": "p-1 Paged one\n\n p-2   Paged two \n"})
    assert isinstance(added, Page) and "Registered 2 zones." in added.text
    assert server.manage("GET", f"/accounts/{account}/resources/zone/p-2", owner).json()["result"]["name"] == "Paged two"
    found = browser.page(f"/accounts/{account}/resources?type=zone&search=paged+one")
    assert "p-1" in found.text and "p-2" not in found.text
    removed = browser.submit(found, found.html.form_with("id", "p-1"))
    assert isinstance(removed, Page) and "Removed 1 zone." in removed.text
    assert server.manage("GET", f"/accounts/{account}/resources/zone/p-1", owner).status_code == 404
    bad = browser.submit(page, page.html.form_with("lines"), {"lines": "fine Fine\nb/ad Bad"})
    assert isinstance(bad, Page) and bad.status == 400 and "b/ad" in bad.text and "fine Fine" in bad.text
    server.manage("DELETE", f"/accounts/{account}/resources/zone/p-2", owner)


# MARK: Consent


def test_the_form_as_rendered_gives_all_of_them(server: LatchkeyServer, person: User, account: str, zones: list[str]) -> None:
    connection = Connection(server, server.new_user(), account, zones[:2])
    page = server.browser(person).consent_page(connection.client.request(prompt="consent"))
    form = page.html.form_with("decision")
    assert form.chosen(f"resources_{account}_zone") == ["all"]
    assert len(form.choices("resource")) >= 5 and not form.chosen("resource")
    connection.user = person
    tokens = connection.connect(None)
    assert [connection.zone(zone, tokens["access_token"]) for zone in zones] == [200] * 5
    assert connection.listed(tokens["access_token"]) == ""


def test_what_was_chosen_before_is_chosen_on_the_page(
    server: LatchkeyServer, person: User, owner: str, account: str, zones: list[str]
) -> None:
    server.manage("PUT", f"/accounts/{account}/resources/zone/z-leaving", owner, json={"name": "Leaving"})
    connection = Connection(server, person, account, [*zones[:2], "z-leaving"])
    server.manage("DELETE", f"/accounts/{account}/resources/zone/z-leaving", owner)
    page = server.browser(person).consent_page(connection.client.request(prompt="consent"))
    form = page.html.form_with("decision")
    assert form.chosen(f"resources_{account}_zone") == ["some"]
    assert sorted(form.chosen("resource")) == sorted(f"{account}/zone/{zone}" for zone in zones[:2])
    token = connection.connect(None)["access_token"]
    assert [connection.zone(zone, token) for zone in zones] == [200, 200, 403, 403, 403]


def test_some_stays_some_in_more_accounts_than_a_page_has_lists_for(server: LatchkeyServer, person: User) -> None:
    token = server.operate("user", "token", person.email)["value"]
    accounts = []
    for number in range(26):
        made = server.manage("POST", "/accounts", token, json={"name": f"Branch {number:02}"})
        assert made.status_code in (200, 201), made.text
        accounts.append(made.json()["result"]["id"])
        named = [{"id": f"z{zone}", "name": f"Zone {zone}"} for zone in range(2)]
        assert server.manage("PUT", f"/accounts/{accounts[-1]}/resources/zone", token, json=named).status_code == 200
    radios = [f"resources_{each}_zone" for each in accounts]
    some: dict[str, object] = {radio: "some" for radio in radios}
    some["resource"] = [f"{each}/zone/z1" for each in accounts]
    client, browser = zone_client(server, "Far Reaching"), server.browser(person)

    def reached(form: object) -> list[list[str]]:
        return [form.chosen(radio) for radio in radios]

    page = browser.consent_page(client.request())
    shown = browser.submit(page, page.html.form_with("decision"), {"account": accounts, **some}, ("update", "1"))
    assert isinstance(shown, Page) and reached(shown.html.form_with("decision")) == [["some"]] * 26
    # None is ticked: two have no list, and keep what was chosen.
    unticked = browser.submit(shown, shown.html.form_with("decision"), {"account": []}, ("update", "1"))
    assert isinstance(unticked, Page)
    form = unticked.html.form_with("decision")
    assert reached(form) == [["some"]] * 26 and sorted(form.chosen("resource")) == sorted(some["resource"])
    assert isinstance(browser.decide(unticked, accounts=accounts), Departure)
    id = next(each["id"] for each in server.manage("GET", "/user/authorizations", token).json()["result"]
        if each["client_id"] == client.client_id)
    path = f"/user/authorizations/{id}"
    assert server.manage("GET", path, token).json()["result"]["resources"] == {each: {"zone": ["z1"]} for each in accounts}


def test_no_account_is_granted_whole_because_the_page_had_no_room_for_it(server: LatchkeyServer, person: User) -> None:
    token = server.operate("user", "token", person.email)["value"]
    accounts = []
    for number in range(26):
        accounts.append(server.manage("POST", "/accounts", token, json={"name": f"Shop {number:02}"}).json()["result"]["id"])
        server.manage("PUT", f"/accounts/{accounts[-1]}/resources/zone", token, json=[{"id": "z", "name": "Zone"}])
    client, browser = zone_client(server, "Everywhere"), server.browser(person)
    page = browser.consent_page(client.request())
    answer = browser.decide(page, accounts=accounts)
    assert isinstance(answer, Page) and answer.status == 400 and "had no room" in answer.text
    form = answer.html.form_with("decision")
    assert [form.chosen(f"resources_{each}_zone") for each in accounts] == [["all"]] * 26
    assert sorted(form.chosen("account")) == sorted(accounts)
    assert isinstance(browser.decide(answer), Departure)
    # A program that says nothing about resources means all of them.
    page = browser.consent_page(client.request(prompt="consent"))
    silent = {name: [] for name in {control.name for control in page.html.form_with("decision").controls} if name.startswith("resource")}
    assert isinstance(browser.decide(page, accounts=accounts, **silent), Departure)


def test_two_of_five_zones(server: LatchkeyServer, person: User, account: str, zones: list[str]) -> None:
    connection = Connection(server, person, account, zones[:2])
    assert [connection.zone(zone) for zone in zones] == [200, 200, 403, 403, 403]
    assert set(connection.listed().removeprefix("zone=").split(",")) == set(zones[:2])
    assert connection.details == [{"type": "account", "identifier": account, "resources": {"zone": sorted(zones[:2])}}]
    own = server.manage("GET", "/authorizations/self", connection.token).json()["result"]
    assert own["resources"] == {account: {"zone": sorted(zones[:2])}}
    page = server.browser(person).page("/connected-apps")
    assert "2 of" in page.text and "zones" in page.text


def test_a_refusal_names_the_zone_and_the_way_on(server: LatchkeyServer, person: User, account: str, zones: list[str]) -> None:
    connection = Connection(server, person, account, zones[:2])
    answer = server.verify("GET", f"/accounts/{account}/zones/{zones[3]}", connection.token)
    body = answer.json()
    assert answer.status_code == 403 and body["error"] == "insufficient_scope" and body["missing"] == {"resource": zones[3]}
    assert f"zone {zones[3]}" in body["error_description"]
    query = parse_qs(urlsplit(body["authorize_url"]).query)
    assert query["account"] == [account] and query["client_id"] == [connection.client.client_id]
    assert json.loads(answer.headers["X-Latchkey-Refusal"]) == body
    assert answer.headers[HEADER] == ""


def test_what_has_nothing_to_do_with_zones_is_not_narrowed(server: LatchkeyServer, person: User, account: str, zones: list[str]) -> None:
    connection = Connection(server, person, account, zones[:1])
    answer = server.verify("GET", f"/accounts/{account}", connection.token)
    assert answer.status_code == 200 and answer.headers[HEADER] == ""
    assert server.verify("GET", "/status", connection.token).headers[HEADER] == ""
    assert server.verify("GET", f"/accounts/{account}/zones", None).headers[HEADER] == ""


@pytest.mark.parametrize("chosen", [[], ["nowhere"]])
def test_none_or_an_unknown_one_is_asked_again_and_keeps_the_choices(
    server: LatchkeyServer, person: User, account: str, zones: list[str], chosen: list[str]
) -> None:
    client = zone_client(server, "Picky")
    browser = server.browser(person)
    page = browser.consent_page(client.request())
    answer = browser.decide(
        page, accounts=[account], lifetime="86400",
        **{f"resources_{account}_zone": "some", "resource": [f"{account}/zone/{zone}" for zone in [*chosen, *zones[:1][: len(chosen)]]]})
    assert isinstance(answer, Page) and answer.status == 400
    form = answer.html.form_with("decision")
    assert form.chosen("account") == [account] and form.chosen("lifetime") == ["86400"]
    assert form.chosen(f"resources_{account}_zone") == ["some"]
    assert form.chosen("resource") == [f"{account}/zone/{zone}" for zone in zones[:1][: len(chosen)]]


def test_a_foreign_accounts_zone_cannot_be_chosen(server: LatchkeyServer, person: User, account: str) -> None:
    foreign = server.accounts[1]
    dee = next(user for user in server.line["users"] if [each["account_id"] for each in user["memberships"]] == [foreign])
    browser = server.browser(User(dee["email"], dee["password"]))
    assert browser.page("/accounts").status == 200
    owner_of_both = server.new_user(account=1)
    zone = resources(server, server.operate("user", "token", owner_of_both.email)["value"], foreign)[0]["id"]
    client = zone_client(server, "Sneaky")
    mine = server.browser(person)
    page = mine.consent_page(client.request())
    answer = mine.decide(page, accounts=[account], **{f"resources_{account}_zone": "some", "resource": [f"{account}/zone/{zone}"]})
    assert isinstance(answer, Page) and answer.status == 400
    answer = mine.decide(page, accounts=[account], **{f"resources_{account}_zone": "some", "resource": [f"{foreign}/zone/{zone}"]})
    assert isinstance(answer, Page) and answer.status == 400


def test_a_search_keeps_what_is_chosen(server: LatchkeyServer, person: User, account: str, zones: list[str]) -> None:
    client = zone_client(server, "Searching")
    browser = server.browser(person)
    page = browser.consent_page(client.request())
    chosen = f"{account}/zone/{zones[4]}"
    answer = browser.submit(
        page, page.html.form_with("decision"),
        {f"resources_{account}_zone": "some", "resource": [chosen], f"resource_search_{account}_zone": "shop", "account": account},
        ("update", "1"))
    assert isinstance(answer, Page) and answer.status == 200
    form = answer.html.form_with("decision")
    assert form.chosen("resource") == [chosen] and "northwind-shop.example" in answer.text
    assert "northwind-blog.example" not in answer.text.replace("northwind-labs", "")
    done = browser.decide(answer, accounts=[account])
    assert isinstance(done, Departure)


# MARK: Later


def test_the_user_changes_the_choice_and_the_next_call_knows(
    server: LatchkeyServer, person: User, account: str, zones: list[str], api_token: str
) -> None:
    connection = Connection(server, person, account, zones[:3])
    id = authorization(connection, api_token)["id"]

    def change(choice: object) -> dict[str, object]:
        answer = server.manage("PATCH", f"/user/authorizations/{id}", api_token, json={"resources": {account: {"zone": choice}}})
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    assert change([zones[0]])["resources"] == {account: {"zone": [zones[0]]}}
    assert [connection.zone(zone) for zone in zones] == [200, 403, 403, 403, 403]
    assert change([zones[3], zones[4]])["resources"] == {account: {"zone": sorted(zones[3:])}}
    assert [connection.zone(zone) for zone in zones] == [403, 403, 403, 200, 200]
    assert change("all")["resources"] is None
    assert [connection.zone(zone) for zone in zones] == [200] * 5
    again = connection.client.refreshed(connection.family["refresh_token"])
    assert connection.zone(zones[1], again["access_token"]) == 200


def test_a_token_that_may_narrow_adds_nothing(server: LatchkeyServer, person: User, account: str, zones: list[str], api_token: str) -> None:
    connection = Connection(server, person, account, zones[:2])
    id = authorization(connection, api_token)["id"]
    sdk = client(server, api_token)
    me = server.manage("GET", "/user", api_token).json()["result"]["id"]
    made = sdk.user.tokens.create(
        name="Narrow", policies=[policy(sdk, ["latchkey.user.apps.manage"], {f"{USER}.{me}": "*"})])
    narrow = value_of(made)

    def change(choice: object) -> int:
        return server.manage(
            "PATCH", f"/user/authorizations/{id}", narrow, json={"resources": {account: {"zone": choice}}}).status_code

    assert [change("all"), change(zones[:3]), change([zones[2]])] == [403, 403, 403]
    assert [connection.zone(zone) for zone in zones[:3]] == [200, 200, 403]
    assert [change(zones[:2]), change([zones[1]])] == [200, 200]
    assert [connection.zone(zone) for zone in zones[:3]] == [403, 200, 403]
    assert change(zones[:2]) == 403, "what was taken away is not added again"


@pytest.mark.parametrize(
    ("choice", "pointer"),
    [
        ({"zone": []}, "zone"), ({"zone": ["nowhere"]}, "zone"), ({"zone": "some"}, "zone"), ({"galaxy": "all"}, ""),
        ({"zone": ["a/b"]}, "zone"), ([], ""),
    ],
)
def test_a_wrong_change_changes_nothing(
    server: LatchkeyServer, person: User, account: str, zones: list[str], api_token: str, choice: object, pointer: str
) -> None:
    connection = Connection(server, person, account, zones[:2])
    before = authorization(connection, api_token)
    answer = server.manage("PATCH", f"/user/authorizations/{before['id']}", api_token, json={"resources": {account: choice}})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["source"]["pointer"] == f"/resources/{account}" + ("/" + pointer if pointer else "")
    after = authorization(connection, api_token)
    assert after["resources"] == before["resources"]


def test_an_account_that_the_app_does_not_have_is_refused(
    server: LatchkeyServer, person: User, account: str, zones: list[str], api_token: str
) -> None:
    connection = Connection(server, person, account, zones[:2])
    id = authorization(connection, api_token)["id"]
    answer = server.manage(
        "PATCH", f"/user/authorizations/{id}", api_token, json={"resources": {server.accounts[1]: {"zone": "all"}}})
    assert answer.status_code == 400
    own = server.manage("PATCH", f"/user/authorizations/{id}", connection.token, json={"resources": {account: {"zone": "all"}}})
    assert own.status_code == 403, "an app never widens itself"


def test_connected_apps_shows_and_changes_the_choice(server: LatchkeyServer, person: User, account: str, zones: list[str]) -> None:
    connection = Connection(server, person, account, zones[:2])
    browser = server.browser(person)
    page = browser.page(browser.page("/connected-apps").html.link_with("Zone Painter"))
    form = page.html.form_with("action", "narrow")
    assert form.chosen(f"resources_{account}_zone") == ["some"]
    assert sorted(form.chosen("resource")) == sorted(f"{account}/zone/{zone}" for zone in zones[:2])
    same = browser.submit(page, form)
    assert isinstance(same, Page) and [connection.zone(zone) for zone in zones] == [200, 200, 403, 403, 403]
    page = browser.submit(page, form, {"resource": [f"{account}/zone/{zones[1]}", f"{account}/zone/{zones[2]}"]})
    assert [connection.zone(zone) for zone in zones] == [403, 200, 200, 403, 403]
    assert isinstance(page, Page)
    form = page.html.form_with("action", "narrow")
    none = browser.submit(page, form, {"resource": []})
    assert isinstance(none, Page) and none.status == 400 and connection.zone(zones[1]) == 200
    found = browser.submit(page, form, {f"resource_search_{account}_zone": "labs"}, ("update", "1"))
    assert isinstance(found, Page) and found.status == 200 and connection.zone(zones[1]) == 200
    browser.submit(page, form, {f"resources_{account}_zone": "all"})
    assert [connection.zone(zone) for zone in zones] == [200] * 5


def test_a_form_from_before_a_change_gives_nothing_back(
    server: LatchkeyServer, person: User, account: str, zones: list[str], api_token: str
) -> None:
    connection = Connection(server, person, account, None)
    path = f"/user/authorizations/{authorization(connection, api_token)['id']}"
    browser = server.browser(person)
    page = browser.page(browser.page("/connected-apps").html.link_with("Zone Painter"))
    stale = page.html.form_with("action", "narrow")
    assert stale.chosen(f"resources_{account}_zone") == ["all"]
    optional = connection.client.optional_scopes[0]
    kept = {"scope": [scope for scope in stale.chosen("scope") if scope != optional]}
    answer = server.manage("PATCH", path, api_token, json={"resources": {account: {"zone": [zones[0]]}}})
    assert answer.status_code == 200
    before = authorization(connection, api_token)

    def refused(answer: object) -> Page:
        assert isinstance(answer, Page) and answer.status == 409 and "changed meanwhile" in answer.text
        now = authorization(connection, api_token)
        assert all(now[name] == before[name] for name in ("scopes", "accounts", "resources")), now
        assert [connection.zone(zone) for zone in zones] == [200, 403, 403, 403, 403]
        return answer

    again = refused(browser.submit(page, stale, kept))
    # Looking for something in the old form does not make it a new one.
    looked = browser.submit(page, stale, kept, ("update", "1"))
    assert isinstance(looked, Page) and looked.status == 200
    refused(browser.submit(looked, looked.html.form_with("action", "narrow")))
    # A form that does not say what it showed may take away and nothing else.
    refused(browser.submit(page, stale, {**kept, "shown_resources": None}))
    # The page that comes with the refusal shows what there is, and saves it.
    fresh = again.html.form_with("action", "narrow")
    assert fresh.chosen("resource") == [f"{account}/zone/{zones[0]}"] and optional in fresh.chosen("scope")
    saved = browser.submit(again, fresh, kept)
    assert isinstance(saved, Page) and saved.status == 200
    after = authorization(connection, api_token)
    assert optional not in after["scopes"] and after["resources"] == before["resources"]


def test_a_form_that_does_not_say_what_it_showed_still_takes_away(
    server: LatchkeyServer, person: User, account: str, zones: list[str]
) -> None:
    connection = Connection(server, person, account, zones[:2])
    browser = server.browser(person)
    page = browser.page(browser.page("/connected-apps").html.link_with("Zone Painter"))
    form = page.html.form_with("action", "narrow")
    old = {"shown_resources": None, "resource": [f"{account}/zone/{zones[1]}"]}
    answer = browser.submit(page, form, old)
    assert isinstance(answer, Page) and answer.status == 200
    assert [connection.zone(zone) for zone in zones[:3]] == [403, 200, 403]


def test_saving_the_form_unchanged_gives_no_installation_more(
    server: LatchkeyServer, person: User, account: str, zones: list[str]
) -> None:
    connection = Connection(server, person, account, zones[:1])
    other = connection.connect(zones[1:2])["access_token"]
    assert [connection.zone(zone) for zone in zones[:2]] == [200, 403]
    assert [connection.zone(zone, other) for zone in zones[:2]] == [403, 200]
    browser = server.browser(person)
    page = browser.page(browser.page("/connected-apps").html.link_with("Zone Painter"))
    form = page.html.form_with("action", "narrow")
    assert len(form.chosen("resource")) == 2
    browser.submit(page, form)
    browser.submit(page, form, {"resource": [f"{account}/zone/{zone}" for zone in zones[:3]]})
    assert [connection.zone(zone) for zone in zones[:4]] == [200, 403, 200, 403]
    assert [connection.zone(zone, other) for zone in zones[:4]] == [403, 200, 200, 403]


# MARK: Without a page


def test_without_a_page_an_app_gets_what_one_consent_covers(
    server: LatchkeyServer, person: User, account: str, zones: list[str], api_token: str
) -> None:
    connection = Connection(server, person, account, zones[:2])
    browser = server.browser(person)

    def silently() -> dict[str, str]:
        return connection.client.tokens(browser.authorize(connection.client.request(prompt="none")))

    first = silently()["access_token"]
    assert [connection.zone(zone, first) for zone in zones] == [200, 200, 403, 403, 403]
    connection.connect(zones[2:3])
    second = silently()["access_token"]
    reached = [connection.zone(zone, second) for zone in zones]
    assert reached in ([200, 200, 403, 403, 403], [403, 403, 200, 403, 403]), "one decision, never two added up"
    id = authorization(connection, api_token)["id"]
    server.manage("PATCH", f"/user/authorizations/{id}", api_token, json={"resources": {account: {"zone": [zones[0]]}}})
    third = connection.client.exchange(browser.authorize(connection.client.request(prompt="none")))
    assert connection.zone(zones[1], third.json()["access_token"]) == 403
    assert connection.zone(zones[2], third.json()["access_token"]) == 403


def test_a_code_that_waits_is_narrowed_too(
    server: LatchkeyServer, person: User, account: str, zones: list[str], api_token: str
) -> None:
    connection = Connection(server, person, account, zones[:2])
    waiting = server.browser(person).authorize(connection.client.request(prompt="none"))
    id = authorization(connection, api_token)["id"]
    server.manage("PATCH", f"/user/authorizations/{id}", api_token, json={"resources": {account: {"zone": [zones[1]]}}})
    token = connection.client.tokens(waiting)["access_token"]
    assert [connection.zone(zone, token) for zone in zones[:2]] == [403, 200]


def test_narrowing_races_with_consent_and_never_widens(
    server: LatchkeyServer, person: User, account: str, zones: list[str], api_token: str
) -> None:
    connection = Connection(server, person, account, zones[:2])
    browser = server.browser(person)
    id = authorization(connection, api_token)["id"]
    codes = []

    def work(index: int) -> None:
        if index == 0:
            server.manage(
                "PATCH", f"/user/authorizations/{id}", api_token, json={"resources": {account: {"zone": [zones[0]]}}})
        else:
            codes.append(browser.authorize(connection.client.request(prompt="none")))

    at_once(2, work)
    for code in codes:
        # Where the change came first, one consent no longer covers what was read before it.
        if "code" not in code.parameters:
            assert code.parameters["error"] == "consent_required"
            continue
        assert connection.zone(zones[1], connection.client.tokens(code)["access_token"]) == 403


# MARK: Odd ones


@pytest.mark.parametrize("odd", ["a b", "ü-zone", "a,b", "x=y", "name@host:1", "(1)", "!", "*", "é", "a'b"])
def test_odd_characters_mean_the_same_everywhere(
    server: LatchkeyServer, person: User, owner: str, account: str, odd: str
) -> None:
    path = f"/accounts/{account}/resources/zone/{quote(odd, safe='')}"
    assert server.manage("PUT", path, owner, json={"name": f"Odd {odd}"}).status_code == 200
    try:
        connection = Connection(server, person, account, [odd])
        assert connection.zone(quote(odd, safe="")) == 200
        assert connection.zone(quote(odd + "x", safe="")) == 403
        header = connection.listed()
        assert header == "zone=" + quote(odd, safe="-._~"), header
        assert connection.details[0]["resources"] == {"zone": [odd]}
    finally:
        assert server.manage("DELETE", path, owner).status_code == 200
    assert connection.zone(quote(odd, safe="")) == 200, "what was chosen stays chosen"


def test_two_writings_of_one_letter_are_two_resources(server: LatchkeyServer, person: User, owner: str, account: str) -> None:
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    path = f"/accounts/{account}/resources/zone/{quote(composed)}"
    server.manage("PUT", path, owner, json={"name": "Café"})
    connection = Connection(server, person, account, [composed])
    assert connection.zone(quote(composed)) == 200 and connection.zone(quote(decomposed)) == 403
    server.manage("DELETE", path, owner)


def test_a_thousand_resources(server: LatchkeyServer, owner: str) -> None:
    account = server.manage("POST", "/accounts", owner, json={"name": "Thousand"}).json()["result"]["id"]
    many = [f"{number:032x}" for number in range(1200)]
    for part in (many[:1000], many[1000:]):
        server.manage("PUT", f"/accounts/{account}/resources/zone", owner, json=[{"id": each} for each in part])
    connection = Connection(server, server.administrator, account, many[:1000])
    assert connection.zone(many[999]) == 200 and connection.zone(many[1000]) == 403
    assert connection.details[0]["resources"] == {"zone": many[:1000]}
    assert connection.listed() == "zone=!", "what does not fit is no list at all"
    page = server.browser(server.administrator).page("/connected-apps")
    assert "1000 of 1200 zones" in page.text
    form_page = server.browser(server.administrator).page(page.html.link_with("Zone Painter"))
    form = form_page.html.form_with("action", "narrow")
    assert len(form.chosen("resource")) == 1000
    server.browser(server.administrator).submit(form_page, form)
    assert connection.details[0]["resources"] == {"zone": many[:1000]}


def test_the_demo_api_shows_only_what_was_chosen(server: LatchkeyServer, person: User, account: str, zones: list[str]) -> None:
    connection = Connection(server, person, account, zones[1:3])
    caller = Caller()
    headers = {"Authorization": f"Bearer {connection.token}"}
    listed = caller.get(server.line["api"] + f"/accounts/{account}/zones", headers=headers).json()["zones"]
    assert sorted(zone["id"] for zone in listed) == sorted(zones[1:3])
    assert caller.get(server.line["api"] + f"/accounts/{account}/zones/{zones[0]}", headers=headers).status_code == 403


def test_members_apps_say_what_is_reached(server: LatchkeyServer, person: User, owner: str, account: str, zones: list[str]) -> None:
    connection = Connection(server, person, account, zones[:2])
    found = server.manage("GET", f"/accounts/{account}/authorizations", owner, params={"client_id": connection.client.client_id})
    assert found.json()["result"][0]["resources"] == {account: {"zone": sorted(zones[:2])}}
    pages = [server.browser(server.administrator).page(f"/accounts/{account}/apps?page={number}").text for number in range(1, 6)]
    assert any("2 of" in text and "Only in" in text for text in pages)
