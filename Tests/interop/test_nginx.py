"""nginx with `auth_request` in front of an API, with the configuration that docs/gateways.md gives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from gateway import Answer, Arrival, Nginx, RecordingAPI
from latchkey_server import LatchkeyServer, User
from ports import free_port

IDENTITY = ["X-Latchkey-User", "X-Latchkey-Client", "X-Latchkey-Account", "X-Latchkey-Scope", "X-Latchkey-Resources"]


class Gateway:
    """nginx and the API behind it."""

    def __init__(self, latchkey: str) -> None:
        self.api = RecordingAPI()
        self.nginx = Nginx(latchkey, self.api.address).start()

    def passes(self, *request: object, **options: object) -> Arrival:
        """The request as it reached the API, which it must."""
        self.api.arrivals.clear()
        answer = self.nginx.send(*request, **options)  # type: ignore[arg-type]
        assert answer.status == 200, f"{answer.status} {answer.body!r}"
        (arrival,) = self.api.arrivals
        return arrival

    def stops(self, *request: object, **options: object) -> Answer:
        """The gateway's own answer to a request that must not reach the API."""
        self.api.arrivals.clear()
        answer = self.nginx.send(*request, **options)  # type: ignore[arg-type]
        assert self.api.arrivals == []
        assert answer.status >= 400
        return answer

    def close(self) -> None:
        self.nginx.stop()
        self.api.close()


def address(origin: str) -> str:
    return urlsplit(origin).netloc


@pytest.fixture(scope="module")
def gateway(server: LatchkeyServer) -> Iterator[Gateway]:
    gateway = Gateway(address(server.internal))
    yield gateway
    gateway.close()


@pytest.fixture(scope="module")
def reader(server: LatchkeyServer, person: User) -> str:
    """A token of the first client for account 1, with nothing optional."""
    return server.grant(person, server.first, decline=server.first.optional_scopes)["access_token"]


@pytest.fixture(scope="module")
def writer(server: LatchkeyServer, person: User) -> str:
    """A token of the first client for account 1, with everything it asks for."""
    return server.grant(person, server.first)["access_token"]


@pytest.fixture(scope="module")
def zones(server: LatchkeyServer) -> str:
    return f"/accounts/{server.accounts[0]}/zones"


# MARK: Allowed


def test_an_allowed_request_arrives_with_who_it_is(server: LatchkeyServer, gateway: Gateway, reader: str, zones: str) -> None:
    arrival = gateway.passes("GET", zones, reader)
    told = server.inspect(reader)
    assert (arrival.method, arrival.target) == ("GET", zones)
    assert [arrival.values(name) for name in IDENTITY] == [
        [told["sub"]], [told["client_id"]], [server.accounts[0]], arrival.values("X-Latchkey-Scope"), []]
    assert "zone.read" in arrival.values("X-Latchkey-Scope")[0].split()


def test_a_list_arrives_with_what_the_user_chose(server: LatchkeyServer, gateway: Gateway, person: User, zones: str) -> None:
    account, owner = server.accounts[0], server.api_token(server.administrator)
    chosen = sorted(zone["id"] for zone in server.manage("GET", f"/accounts/{account}/resources/zone", owner).json()["result"])[:2]
    token = server.grant(
        person, server.first, **{f"resources_{account}_zone": "some", "resource": [f"{account}/zone/{zone}" for zone in chosen]})
    arrival = gateway.passes("GET", zones, token["access_token"], ("X-Latchkey-Resources", "zone=forged"))
    assert arrival.values("X-Latchkey-Resources") == ["zone=" + ",".join(chosen)]
    assert gateway.stops("GET", f"{zones}/elsewhere", token["access_token"]).json["missing"] == {"resource": "elsewhere"}


def test_query_and_body_arrive_untouched(gateway: Gateway, writer: str, zones: str) -> None:
    body = json.dumps({"name": "example.org", "text": "ü" * 20_000}).encode()
    target = f"{zones}/0123/dns_records?page=2&q=a%2Fb"
    arrival = gateway.passes("POST", target, writer, ("Content-Type", "application/json"), body=body)
    assert (arrival.method, arrival.target, arrival.body) == ("POST", target, body)


def test_the_path_arrives_as_it_was_decided_about(gateway: Gateway, reader: str, zones: str) -> None:
    """Decoding it on the way would make another request of it."""
    for part in ["a%20b", "a%3Fb", "a%23b", "%41", "a;b", "a+b", "%C3%A9"]:
        assert gateway.passes("GET", f"{zones}/{part}", reader).target == f"{zones}/{part}"


def test_head_passes_where_get_does(gateway: Gateway, reader: str, zones: str) -> None:
    assert gateway.passes("HEAD", zones, reader).method == "HEAD"


def test_a_preflight_passes_without_a_token(gateway: Gateway, zones: str) -> None:
    arrival = gateway.passes(
        "OPTIONS", zones, None, ("Origin", "https://app.example"), ("Access-Control-Request-Method", "GET"))
    assert [arrival.values(name) for name in IDENTITY] == [[]] * 5


def test_an_open_operation_passes_without_a_token_and_without_identity(gateway: Gateway) -> None:
    arrival = gateway.passes("GET", "/status")
    assert [arrival.values(name) for name in IDENTITY] == [[]] * 5


def test_the_api_s_own_answers_pass(gateway: Gateway, reader: str, zones: str) -> None:
    """A 401, 403 or 500 of the API is not Latchkey's and keeps its body."""
    for status in [401, 403, 404, 500]:
        answer = gateway.nginx.send("GET", zones, reader, ("X-Answer", str(status)))
        assert (answer.status, answer.json) == (status, {"from": "the API"})


# MARK: Refused


def test_without_a_token_the_challenge_has_no_error(gateway: Gateway, zones: str) -> None:
    """RFC 6750 §3.1."""
    answer = gateway.stops("GET", zones)
    assert answer.status == 401
    (challenge,) = answer.values("WWW-Authenticate")
    assert challenge.startswith("Bearer") and "error=" not in challenge
    assert answer.values("Content-Type") == ["application/json"]
    assert "error_description" in answer.json


def test_an_invalid_token_is_refused(gateway: Gateway, reader: str, zones: str) -> None:
    for token in ["nonsense", reader[:-1], reader + "0", reader.swapcase()]:
        answer = gateway.stops("GET", zones, token)
        assert answer.status == 401
        (challenge,) = answer.values("WWW-Authenticate")
        assert 'error="invalid_token"' in challenge
        assert answer.json["error"] == "invalid_token"


def test_a_missing_scope_is_named_in_challenge_and_body(server: LatchkeyServer, gateway: Gateway, reader: str) -> None:
    answer = gateway.stops("PUT", f"/accounts/{server.accounts[0]}/workers/hello", reader, body=b"{}")
    assert answer.status == 403
    (challenge,) = answer.values("WWW-Authenticate")
    assert 'error="insufficient_scope"' in challenge and 'scope="worker.write"' in challenge
    assert answer.json["error"] == "insufficient_scope"
    assert answer.json["missing"]["scope"] == ["worker.write"]
    assert answer.json["authorize_url"].startswith(server.issuer + "/oauth2/auth?")


def test_another_account_is_refused(server: LatchkeyServer, gateway: Gateway, reader: str) -> None:
    answer = gateway.stops("GET", f"/accounts/{server.accounts[1]}/zones", reader)
    assert answer.status == 403
    assert answer.json["missing"]["account"] == server.accounts[1]


def test_an_operation_that_nobody_described_is_refused(gateway: Gateway, writer: str) -> None:
    for token in [None, writer]:
        answer = gateway.stops("DELETE", "/accounts", token)
        assert answer.status == 403
        assert answer.json["missing"]["operation"] == "DELETE /accounts"


def test_the_largest_refusal_comes_through_whole(gateway: Gateway, writer: str) -> None:
    """Four KiB in one header, whatever the caller makes it say."""
    answer = gateway.stops("GET", "/" + "%C3%A9\"<$refusal>" * 150, writer)
    assert answer.status == 403
    assert answer.json["missing"]["operation"].startswith("GET /")
    assert len(answer.body) <= 4096


def test_a_revoked_token_is_refused_on_the_next_request(server: LatchkeyServer, gateway: Gateway, person: User, zones: str) -> None:
    tokens = server.grant(person, server.first)
    gateway.passes("GET", zones, tokens["access_token"])
    assert server.first.revoke(tokens["refresh_token"]).status_code == 200
    assert gateway.stops("GET", zones, tokens["access_token"]).status == 401


# MARK: Attacks


@pytest.mark.parametrize("spelling", [str.title, str.lower, str.upper, lambda name: name.replace("-", "_")])
def test_a_caller_cannot_bring_an_identity(gateway: Gateway, reader: str, zones: str, spelling: object) -> None:
    forged = [(spelling(name), "forged") for name in IDENTITY for _ in range(2)]  # type: ignore[operator]
    arrival = gateway.passes("GET", zones, reader, *forged)
    assert not any("forged" in value for _, value in arrival.headers)
    arrival = gateway.passes("GET", "/status", None, *forged)
    assert not any("forged" in value for _, value in arrival.headers)


def test_a_caller_cannot_name_another_request(server: LatchkeyServer, gateway: Gateway, reader: str) -> None:
    """What the check is asked about comes from nginx, whatever the caller adds."""
    steering = [
        ("X-Original-Method", "GET"), ("X-Original-URI", "/status"), ("X-Forwarded-Method", "GET"), ("X-Forwarded-Uri", "/status"),
        ("X-HTTP-Method-Override", "GET")]
    answer = gateway.stops("PUT", f"/accounts/{server.accounts[0]}/workers/hello", reader, *steering, body=b"{}")
    assert answer.status == 403


def test_two_credentials_are_refused(gateway: Gateway, reader: str, zones: str) -> None:
    """nginx before 1.23 hands both on and Latchkey answers 401; later ones answer 400 themselves."""
    for second in [f"Bearer {reader}", "Basic YTpi"]:
        assert gateway.stops("GET", zones, reader, ("Authorization", second)).status in (400, 401)


def test_a_token_in_the_query_is_none(gateway: Gateway, reader: str, zones: str) -> None:
    """RFC 9700 §4.3.2."""
    assert gateway.stops("GET", f"{zones}?access_token={reader}").status == 401


@pytest.mark.parametrize(
    "trick",
    [
        "/{account}/zones/../../{other}/zones", "/{account}/./zones", "/{account}//zones", "//{account}/zones", "/{account}%2fzones",
        "/{account}%2Fzones", "/{account}/zones/%2e%2e/workers", "/{account}/zones/..", "/{account}/zones/%2E", "/{account}\\zones",
        "/{account}%5czones", "/{account}/zones%00", "/{account}/zones/%ff", "/{account}/zones/..;/workers", "/%2e%2e/status",
        "/../_latchkey", "/{account}/zones/%252e%252e",
    ])
def test_path_tricks_do_not_reach_the_api_as_another_path(server: LatchkeyServer, gateway: Gateway, writer: str, trick: str) -> None:
    target = "/accounts" + trick.format(account=server.accounts[0], other=server.accounts[1])
    gateway.api.arrivals.clear()
    answer = gateway.nginx.send("GET", target, writer)
    if answer.status == 200:
        # A parameter may hold anything that is no separator; then the API gets it as it was decided about.
        assert [arrival.target for arrival in gateway.api.arrivals] == [target]
        assert ".." not in target and "//" not in target and "%2" not in target.lower().replace("%25", "")
    else:
        assert answer.status in (400, 403, 404)
        assert gateway.api.arrivals == []


def test_the_check_itself_is_not_open_to_callers(gateway: Gateway, writer: str) -> None:
    for target in ["/_latchkey", "/%5flatchkey", "/verify/nginx"]:
        assert gateway.stops("GET", target, writer).status in (403, 404)


# MARK: When Latchkey is away


def test_nothing_passes_while_latchkey_cannot_be_asked(reader: str, zones: str) -> None:
    gateway = Gateway(f"127.0.0.1:{free_port()}")
    try:
        answer = gateway.stops("GET", zones, reader)
        assert answer.status == 503
        assert answer.values("Retry-After") == ["1"]
        assert answer.json["error"] == "temporarily_unavailable"
    finally:
        gateway.close()


# MARK: The demo API


def test_the_demo_api_works_behind_nginx(server: LatchkeyServer, writer: str, zones: str) -> None:
    """List, read, change a DNS record: through nginx, Latchkey, and the API's own check."""
    nginx = Nginx(address(server.internal), address(server.line["api"])).start()
    try:
        zone = nginx.send("GET", zones, writer).json["zones"][0]["id"]
        records = f"{zones}/{zone}/dns_records"
        record = nginx.send("GET", records, writer).json["dns_records"][0]
        change = json.dumps({"content": record["content"], "ttl": 1234}).encode()
        changed = nginx.send("PATCH", f"{records}/{record['id']}", writer, ("Content-Type", "application/json"), body=change)
        assert (changed.status, changed.json["ttl"]) == (200, 1234)
        assert nginx.send("GET", f"{records}/{record['id']}", writer).json["ttl"] == 1234
    finally:
        nginx.stop()
