"""The ResourceServer library in a service of its own: answers from memory, and what a revocation does to them (docs/resource-server.md)."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
from example_service import ExampleService
from latchkey_server import LatchkeyServer, eventually

#: What is waited for; how long it takes is measured elsewhere.
SOON = 20.0


@pytest.fixture(params=["opaque", "jwt"], scope="module")
def issuing(request: pytest.FixtureRequest) -> LatchkeyServer:
    return request.getfixturevalue("server" if request.param == "opaque" else "jwt")


@pytest.fixture(scope="module")
def service(issuing: LatchkeyServer) -> Iterator[ExampleService]:
    with ExampleService(issuing) as service:
        remembers(service)
        yield service


def remembers(service: ExampleService) -> None:
    """Waits until the service follows the feed: then a token is asked about once at most."""
    server = service.server
    token = server.grant(server.new_user(), server.first)["access_token"]

    def is_remembered() -> bool:
        assert service.status(token) == 200, service.log()[-2000:]
        before = service.relay.questions
        assert service.status(token) == 200
        return service.relay.questions == before

    eventually(is_remembered, 20, every=0.2)


def settled(service: ExampleService, token: str) -> None:
    """Waits until calls with a token are answered without asking."""

    def is_settled() -> bool:
        before = service.relay.questions
        assert service.status(token) == 200, service.log()[-2000:]
        return service.relay.questions == before

    eventually(is_settled, 20, every=0.2)


def test_requests_without_a_good_token(service: ExampleService) -> None:
    """RFC 6750 §3: a bare challenge, or `invalid_token`."""
    bare = service.get("/me", None)
    assert bare.status_code == 401 and bare.content == b""
    challenge = bare.headers["WWW-Authenticate"]
    assert challenge.startswith("Bearer resource_metadata=") and "error" not in challenge
    for token in ["lka_nonsense", "eyJhbGciOiJub25lIn0.e30.", "x"]:
        bad = service.get("/me", token)
        assert (bad.status_code, bad.json()["error"]) == (401, "invalid_token"), token
        assert 'error="invalid_token"' in bad.headers["WWW-Authenticate"]
    assert service.caller.get(service.origin + "/me", headers={"Authorization": "Bearer "}).status_code == 401
    assert service.get("/nowhere", None).status_code == 401, "a path without a route is open"


def test_a_refresh_token_is_no_access_token(service: ExampleService) -> None:
    server = service.server
    tokens = server.grant(server.new_user(), server.first)
    assert service.status(tokens["refresh_token"]) == 401
    assert service.status(tokens["access_token"]) == 200


def test_who_calls(service: ExampleService) -> None:
    server = service.server
    tokens = server.grant(server.new_user(), server.first)
    claims = server.inspect(tokens["access_token"])
    me = service.get("/me", tokens["access_token"]).json()
    assert (me["user"], me["client"]) == (claims["sub"], claims["client_id"])
    assert sorted(me["scope"].split()) == sorted(claims["scope"].split())


def test_scopes_and_accounts(service: ExampleService) -> None:
    server = service.server
    first, second = server.accounts[:2]
    token = server.grant(server.new_user(), server.first)["access_token"]
    assert service.get(f"/accounts/{first}/workers", token).json()["account"] == first
    elsewhere = service.get(f"/accounts/{second}/workers", token)
    assert (elsewhere.status_code, elsewhere.json()["error"]) == (403, "insufficient_scope")
    without = server.grant(server.new_user(), server.first, decline=["worker.read"])["access_token"]
    refused = service.get(f"/accounts/{first}/workers", without)
    assert (refused.status_code, refused.json()["error"]) == (403, "insufficient_scope")
    assert 'scope="worker.read"' in refused.headers["WWW-Authenticate"]


def test_a_role_that_allows_less_in_one_account_holds_there(service: ExampleService) -> None:
    """`scope` says what may be done somewhere; the account's own entry says what may be done in it."""
    server = service.server
    first, second = server.accounts[:2]
    both = server.member_of_both
    tokens = server.grant(both, server.first, accounts=[first, second])
    claims = server.inspect(tokens["access_token"])
    for entry in claims["authorization_details"]:
        allowed = entry.get("scope", claims["scope"]).split()
        expected = 200 if "worker.read" in allowed else 403
        assert service.status(tokens["access_token"], f"/accounts/{entry['identifier']}/workers") == expected


def test_a_revocation_acts_at_once(service: ExampleService) -> None:
    """The answer was remembered; the feed takes it back. Nobody else is asked anew."""
    server = service.server
    tokens, others = [server.grant(server.new_user(), server.first) for _ in range(2)]
    settled(service, tokens["access_token"])
    settled(service, others["access_token"])
    server.first.revoke(tokens["refresh_token"])
    eventually(lambda: service.status(tokens["access_token"]) == 401, SOON)
    before = service.relay.questions
    assert service.status(others["access_token"]) == 200
    assert service.relay.questions == before


@pytest.mark.parametrize("command", [("user", "disable"), ("client", "suspend")])
def test_what_the_operator_does_acts_at_once(service: ExampleService, command: tuple[str, str]) -> None:
    server = service.server
    user, client = server.new_user(), server.new_client("Operated")
    token = server.grant(user, client)["access_token"]
    settled(service, token)
    what = user.email if command[0] == "user" else client.client_id
    server.operate(*command, what)
    eventually(lambda: service.status(token) == 401, SOON)
    back = {"disable": "enable", "suspend": "resume"}[command[1]]
    server.operate(command[0], back, what)
    eventually(lambda: service.status(token) == 200, SOON)


def test_narrowing_acts_at_once(service: ExampleService) -> None:
    server = service.server
    user = server.new_user()
    token = server.grant(user, server.first)["access_token"]
    settled(service, token)
    browser = server.browser(user)
    page = browser.page(browser.page("/connected-apps").html.link_with(server.first.name))
    form = page.html.form_with("action", "narrow")
    kept = [each for each in form.chosen("scope") if each != "worker.read"]
    browser.submit(page, form, {"scope": kept})
    path = f"/accounts/{server.accounts[0]}/workers"
    eventually(lambda: service.status(token, path) == 403, SOON)
    assert service.status(token) == 200


def test_an_expired_token_is_refused_from_memory(brief: LatchkeyServer) -> None:
    """An answer dies with its token."""
    with ExampleService(brief) as service:
        token = brief.grant(brief.new_user(), brief.first)["access_token"]
        assert service.status(token) in (200, 401)
        eventually(lambda: service.status(token) == 401, SOON)


# MARK: Without the feed


def test_when_the_feed_is_silent_every_request_asks(server: LatchkeyServer) -> None:
    """Its connection hangs: after the bound nothing that is remembered counts, and a revocation acts without the feed."""
    with ExampleService(server, silence_bound=3) as service:
        remembers(service)
        tokens = server.grant(server.new_user(), server.first)
        settled(service, tokens["access_token"])
        service.relay.hold_feed()

        def asks() -> bool:
            before = service.relay.questions
            assert service.status(tokens["access_token"]) == 200
            return service.relay.questions == before + 1

        eventually(asks, 20, every=0.2)
        for _ in range(3):
            assert asks(), "it answered from memory"
        server.first.revoke(tokens["refresh_token"])
        assert service.status(tokens["access_token"]) == 401
        service.relay.release_feed()
        remembers(service)


def test_what_happened_while_the_feed_was_away_is_not_forgotten(server: LatchkeyServer) -> None:
    """It is resumed, and does not count before it is where the server is."""
    with ExampleService(server, silence_bound=3) as service:
        remembers(service)
        tokens, others = [server.grant(server.new_user(), server.first) for _ in range(2)]
        settled(service, tokens["access_token"])
        settled(service, others["access_token"])
        service.relay.hold_feed()
        service.relay.cut_feed()
        server.first.revoke(tokens["refresh_token"])
        eventually(lambda: service.status(tokens["access_token"]) == 401, SOON)
        service.relay.release_feed()
        remembers(service)
        assert service.status(tokens["access_token"]) == 401
        before = service.relay.questions
        assert service.status(others["access_token"]) == 200
        assert service.relay.questions == before, "the other answer was thrown away: it was not resumed"


def test_when_the_server_hangs_nothing_passes_unchecked(own: LatchkeyServer) -> None:
    """503 with `Retry-After`, after the bound, and the service comes back with the server."""
    with ExampleService(own, silence_bound=3) as service:
        remembers(service)
        token = own.grant(own.new_user(), own.first)["access_token"]
        settled(service, token)
        assert own.process is not None
        own.process.send_signal(signal.SIGSTOP)
        try:
            assert service.status(token) == 200, "the bound is not over yet"
            # A refusal is not true by itself.
            (answer,) = eventually(lambda: (last := service.get("/me", token)).status_code == 503 and [last], 20)
            assert answer.headers["Retry-After"] and answer.json()["error"] == "temporarily_unavailable"
        finally:
            own.process.send_signal(signal.SIGCONT)
        eventually(lambda: service.status(token) == 200, 20)
        remembers(service)


def test_the_service_goes_on_over_a_restart(own: LatchkeyServer) -> None:
    with ExampleService(own, silence_bound=3) as service:
        remembers(service)
        tokens = own.grant(own.new_user(), own.first)
        settled(service, tokens["access_token"])
        own.kill()
        own.start()
        own.first.revoke(tokens["refresh_token"])
        eventually(lambda: service.status(tokens["access_token"]) == 401, SOON)
        remembers(service)
