"""Notices to a client's owner (issue, Notices): signed, retried, at least once, to public addresses only."""

from __future__ import annotations

import contextlib
import re
import secrets
import socket
import time
from collections.abc import Iterator
from typing import Any

import issued
import pytest
from dns_server import DNSServer
from latchkey_server import Client, LatchkeyServer, User, eventually
from receiver import Answer, Receiver

KINDS = [
    "authorization.granted", "authorization.narrowed", "authorization.ended", "client.frozen", "client.thawed", "client.suspended",
    "client.resumed", "client.secret_added", "client.secret_removed",
]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


class Hooks:
    """The webhooks of a client, by the management API."""

    def __init__(self, server: LatchkeyServer, client: Client, user: User | None = None) -> None:
        self.server = server
        self.client = client
        self.token = server.api_token(server.administrator) if user is None else self._token(user)
        self.base = f"/accounts/{client.account_id}/oauth_clients/{client.client_id}/webhooks"

    def _token(self, user: User) -> str:
        return self.server.api_token(user)

    def call(self, method: str, path: str = "", status: int = 200, **options: Any) -> Any:
        answer = self.server.manage(method, self.base + path, self.token, **options)
        assert answer.status_code == status, f"{answer.status_code} {answer.text}"
        body = answer.json()
        assert body["success"] is (status == 200)
        return body["result"] if status == 200 else body["errors"]

    def add(self, url: str, events: list[str] | None = None, **more: Any) -> dict[str, Any]:
        made = self.call("POST", json={"url": url, "events": KINDS if events is None else events, **more})
        issued.record("webhook secret", made["secret"])
        return made

    def get(self, hook: dict[str, Any]) -> dict[str, Any]:
        return self.call("GET", f"/{hook['id']}")

    def deliveries(self, hook: dict[str, Any], query: str = "") -> list[dict[str, Any]]:
        return self.call("GET", f"/{hook['id']}/deliveries{query}")

    def freeze(self, on: bool = True) -> None:
        path = self.base.removesuffix("/webhooks") + ("/freeze" if on else "/thaw")
        assert self.server.manage("POST", path, self.token).status_code == 200


@pytest.fixture
def hooks(server: LatchkeyServer) -> Hooks:
    return Hooks(server, server.new_client(f"Told {time.time_ns()}"))


def test_an_owner_is_told_what_happens_by_ids_alone(hooks: Hooks, receiver: Receiver, person: User) -> None:
    """Issue, Notices: authorization ended, narrowed, client frozen; the owner of a client learns that it was authorized, not by whom."""
    server, client = hooks.server, hooks.client
    hook = hooks.add(receiver.url)
    assert hook["secret"].startswith("whsec_") and hook["enabled"] is True and hook["events"] == KINDS
    assert "secret" not in hooks.get(hook)
    token = server.grant(person, client)["access_token"]
    authorization = server.manage("GET", "/authorizations/self", token).json()["result"]["id"]
    user = server.api_token(server.administrator)
    hooks.freeze()
    hooks.freeze(False)
    server.operate("client", "suspend", client.client_id)
    server.operate("client", "resume", client.client_id)
    base = hooks.base.removesuffix("/webhooks")
    assert server.manage("POST", base + "/rotate_secret", user).status_code == 200
    assert server.manage("DELETE", base + "/rotate_secret", user).status_code == 200
    browser = server.browser(person)
    for action, choices in (("narrow", {"scope": client.required_scopes, "account": list(person.accounts)}), ("revoke", {})):
        page = browser.page(f"/connected-apps/{authorization}")
        browser.submit(page, page.html.form_with("action", action), choices)
    for kind in KINDS:
        (message,) = receiver.wait_for(kind)
        assert message.signed_by(hook["secret"])
        assert message.path == "/hook" and message.headers["content-type"] == "application/json"
        assert set(message.json) == {"type", "timestamp", "data"}
        data = message.json["data"]
        assert data["client_id"] == client.client_id
        if kind.startswith("authorization."):
            assert data == {"client_id": client.client_id, "authorization_id": authorization}
        elif "secret" in kind:
            assert set(data) == {"client_id", "secret_id"} and len(data["secret_id"]) == 32
        else:
            assert set(data) == {"client_id"}
        assert person.email.encode() not in message.body
    rows = eventually(lambda: all(each["status"] == "delivered" for each in hooks.deliveries(hook)) and hooks.deliveries(hook), within=20)
    assert sorted(each["type"] for each in rows) == sorted(KINDS)
    assert all(each["response_status"] == 200 and each["response_body"] == "thanks" and each["attempts"] == 1 for each in rows)


def test_only_what_was_chosen_and_only_of_this_client_is_told(server: LatchkeyServer, hooks: Hooks, receiver: Receiver) -> None:
    other = Hooks(server, server.new_client("Not told"))
    hooks.freeze()
    hook = hooks.add(receiver.url, ["client.thawed"])
    other.freeze()
    hooks.freeze(False)
    receiver.wait_for("client.thawed")
    assert [message.json["data"]["client_id"] for message in receiver.messages] == [hooks.client.client_id]
    assert hooks.call("PATCH", f"/{hook['id']}", json={"enabled": False})["disabled_reason"] == "owner"
    hooks.freeze()
    hooks.freeze(False)
    hooks.call("PATCH", f"/{hook['id']}", json={"enabled": True})
    hooks.freeze()
    hooks.freeze(False)
    receiver.wait_for("client.thawed", count=2)
    assert len(hooks.deliveries(hook)) == len(receiver.messages) == 2


def test_a_failure_is_tried_again_with_the_same_message(hooks: Hooks, receiver: Receiver) -> None:
    """Standard Webhooks: the id and the body stay, the time and the signature are those of the attempt."""
    hook = hooks.add(receiver.url)
    receiver.first = [Answer(500, b"<b>ouch</b>\x00" + b"x" * 20_000)]
    # However late anybody looks, the second attempt is not over.
    receiver.answer = Answer(delay=12)
    hooks.freeze()
    receiver.wait_for("client.frozen")
    row = eventually(lambda: (rows := hooks.deliveries(hook)) and rows[0]["attempts"] == 1 and rows[0])
    assert row["status"] == "pending" and row["response_status"] == 500 and row["next_attempt_at"]
    assert row["response_body"].startswith("<b>ouch</b>xxx") and len(row["response_body"]) == 2000
    assert "500" in row["problem"] and hooks.get(hook)["failing_since"]
    receiver.release()
    first, second = receiver.wait_for("client.frozen", count=2, within=30)
    assert (first.id, first.body) == (second.id, second.body) and second.at - first.at > 4
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    assert first.signed_by(hook["secret"]) and second.signed_by(hook["secret"])
    eventually(lambda: hooks.deliveries(hook)[0]["status"] == "delivered", within=20)
    assert hooks.get(hook)["failing_since"] is None


def test_a_redirect_is_not_followed(hooks: Hooks, receiver: Receiver) -> None:
    inside = Receiver()
    hook = hooks.add(receiver.url)
    redirects = [301, 302, 307, 308]
    for status in redirects:
        receiver.first.append(Answer(status, headers={"Location": inside.url}))
    hooks.freeze()
    row = eventually(lambda: (rows := hooks.deliveries(hook)) and rows[0]["attempts"] >= 1 and rows[0], within=20)
    assert row["status"] == "pending" and row["response_status"] == redirects[row["attempts"] - 1] and "redirect" in row["problem"]
    receiver.wait_for("client.frozen", count=2, within=30)
    eventually(lambda: hooks.deliveries(hook)[0]["attempts"] >= 2, within=20)
    assert inside.messages == []
    inside.close()


def test_a_receiver_that_is_gone_is_left_alone_and_its_owner_is_told(hooks: Hooks, receiver: Receiver) -> None:
    server = hooks.server
    hook = hooks.add(receiver.url)
    receiver.answer = Answer(410)
    hooks.freeze()
    eventually(lambda: hooks.get(hook)["disabled_reason"] == "gone", within=20)
    hooks.freeze(False)
    assert "switched off" in hooks.call("POST", f"/{hook['id']}/test", status=409)[0]["message"]
    audit = server.manage("GET", f"/accounts/{hooks.client.account_id}/audit_logs?action.type=webhook.disabled", hooks.token).json()
    assert any(each["action"]["type"] == "webhook.disabled" and hook["id"] in str(each) for each in audit["result"])

    def is_in_outbox() -> bool:
        outbox = server.browser().page("/outbox").text
        return "A webhook was switched off" in outbox and f"A webhook of {hooks.client.name}" in outbox

    eventually(is_in_outbox)
    assert len(receiver.messages) == 1
    receiver.answer = Answer()
    hooks.call("PATCH", f"/{hook['id']}", json={"enabled": True})
    receiver.wait_for("client.frozen", count=2)
    assert receiver.of_type("client.thawed") == []


def test_a_receiver_that_hangs_holds_up_nobody(hooks: Hooks, receiver: Receiver) -> None:
    """One attempt takes at most 15 seconds; others are not held up meanwhile, even by many of them."""
    slow = Receiver()
    slow.answer = Answer(delay=60)
    hanging = [hooks.add(slow.url) for _ in range(4)]
    for _ in range(5):
        hooks.freeze()
        hooks.freeze(False)
    slow.wait_for("client.frozen")
    other = Hooks(hooks.server, hooks.server.new_client("Quick"))
    quick = other.add(receiver.url)
    started = time.monotonic()
    other.freeze()
    receiver.wait_for("client.frozen")
    assert time.monotonic() - started < 10, "it waited for one that hangs"
    assert len(slow.messages) <= 8, "a webhook has two messages on their way at once"
    rows = eventually(
        lambda: [row for row in hooks.deliveries(hanging[0]) if row["attempts"] > 0], within=60)
    assert rows[0]["response_status"] is None and rows[0]["problem"] == "There was no whole answer in time."
    assert other.deliveries(quick)[0]["status"] == "delivered"
    for hook in hanging:
        hooks.call("DELETE", f"/{hook['id']}")
    slow.close()


def test_a_late_answer_counts_and_is_not_asked_for_twice(hooks: Hooks, receiver: Receiver) -> None:
    hook = hooks.add(receiver.url)
    receiver.answer = Answer(204, b"", delay=4)
    hooks.freeze()
    row = eventually(lambda: (rows := hooks.deliveries(hook)) and rows[0]["status"] == "delivered" and rows[0], within=20)
    assert row["attempts"] == 1 and row["response_status"] == 204
    assert len(receiver.messages) == 1


def test_two_secrets_sign_while_one_takes_over(hooks: Hooks, receiver: Receiver) -> None:
    hook = hooks.add(receiver.url)
    rotated = hooks.call("POST", f"/{hook['id']}/rotate_secret")
    issued.record("webhook secret", rotated["secret"])
    assert rotated["secret"] != hook["secret"] and hooks.get(hook)["previous_secret_expires_at"]
    hooks.freeze()
    (message,) = receiver.wait_for("client.frozen")
    assert message.signed_by(rotated["secret"], hook["secret"])
    assert not message.signed_by(rotated["secret"])


def test_a_test_says_what_came_of_it_and_can_be_asked_for_only_so_often(hooks: Hooks, receiver: Receiver) -> None:
    hook = hooks.add(receiver.url, ["client.frozen"])
    sent = hooks.call("POST", f"/{hook['id']}/test")
    assert (sent["type"], sent["status"], sent["response_status"]) == ("ping", "delivered", 200)
    (message,) = receiver.of_type("ping")
    assert message.signed_by(hook["secret"]) and message.json["data"] == {"client_id": hooks.client.client_id, "webhook_id": hook["id"]}
    again = hooks.server.manage("POST", f"{hooks.base}/{hook['id']}/test", hooks.token)
    assert again.status_code == 429 and again.headers["x-should-retry"] == "false"
    assert 1 <= int(again.headers["Retry-After"]) <= 5
    eventually(lambda: hooks.server.manage("POST", f"{hooks.base}/{hook['id']}/test", hooks.token).status_code == 200, within=20, every=0.5)
    receiver.answer = Answer(503)
    failed = eventually(
        lambda: (answer := hooks.server.manage("POST", f"{hooks.base}/{hook['id']}/test", hooks.token)).status_code == 200 and answer.json(),
        within=20, every=0.5)["result"]
    assert failed["status"] == "failed" and failed["next_attempt_at"] is None, "a test is not tried again"
    assert hooks.get(hook)["failing_since"] is None


def test_a_message_can_be_sent_again(hooks: Hooks, receiver: Receiver) -> None:
    hook = hooks.add(receiver.url)
    hooks.freeze()
    (first,) = receiver.wait_for("client.frozen")
    path = f"/{hook['id']}/deliveries/{first.id}/redeliver"
    assert hooks.server.manage("POST", hooks.base + path, hooks.token).status_code == 429
    again = eventually(
        lambda: (answer := hooks.server.manage("POST", hooks.base + path, hooks.token)).status_code == 200 and answer.json()["result"],
        within=20, every=0.5)
    assert again["id"] == first.id and again["status"] == "delivered"
    assert [message.id for message in receiver.messages] == [first.id, first.id]
    hooks.call("POST", f"/{hook['id']}/deliveries/{'0' * 32}/redeliver", status=404)


def test_deliveries_come_in_pages_the_newest_first(hooks: Hooks, receiver: Receiver) -> None:
    hook = hooks.add(receiver.url)
    for _ in range(3):
        hooks.freeze()
        hooks.freeze(False)
    eventually(lambda: len(hooks.deliveries(hook)) == 6, within=20)
    answer = hooks.server.manage("GET", f"{hooks.base}/{hook['id']}/deliveries?page=2&per_page=4", hooks.token).json()
    assert answer["result_info"] == {"count": 2, "page": 2, "per_page": 4, "total_count": 6}
    everything = [row["id"] for row in hooks.deliveries(hook)]
    assert [row["id"] for row in answer["result"]] == everything[4:]
    assert hooks.deliveries(hook, "?page=3&per_page=4") == []
    assert hooks.deliveries(hook)[0]["type"] == "client.thawed"


# MARK: Who may, and what is refused


def test_what_is_no_webhook_is_refused_member_by_member(hooks: Hooks) -> None:
    def pointers(**body: Any) -> set[str]:
        errors = hooks.call("POST", status=400, json=body)
        return {error.get("source", {}).get("pointer", "") for error in errors}

    assert pointers() == {"/url", "/events"}
    assert pointers(url="https://a.example/", events=["client.frozen", "user.created"]) == {"/events/1"}
    assert pointers(url="https://a.example/", events=[]) == {"/events"}
    assert pointers(url=7, events="client.frozen", enabled="yes") == {"/url", "/events", "/enabled"}
    for url in ("ftp://a.example/", "http://a.example/", "https://u:p@a.example/", "https://a.example/#x", "https://2130706433/", "x",
                "https://0x7f.1/", "https://127.1/", "https://a.example./", "https://a%2eexample/", "https:///x", "https://a.example:0/",
                "https://a.example/" + "x" * 2048):
        assert pointers(url=url, events=["client.frozen"]) == {"/url"}, url
    assert hooks.call("GET") == []


def test_a_client_has_at_most_five(hooks: Hooks, receiver: Receiver) -> None:
    made = [hooks.add(receiver.url) for _ in range(5)]
    assert "5 webhooks" in hooks.call("POST", status=409, json={"url": receiver.url, "events": KINDS})[0]["message"]
    assert [each["id"] for each in hooks.call("GET")] == [each["id"] for each in made]
    hooks.call("DELETE", f"/{made[0]['id']}")
    hooks.call("GET", f"/{made[0]['id']}", status=404)
    hooks.add(receiver.url)


def test_strangers_find_nothing_and_viewers_change_nothing(server: LatchkeyServer, hooks: Hooks, receiver: Receiver) -> None:
    hook = hooks.add(receiver.url)
    one = f"/{hook['id']}"
    stranger = server.new_client("Elsewhere", account=1)
    calls: list[tuple[str, str]] = [
        ("GET", ""), ("POST", ""), ("GET", one), ("PATCH", one), ("DELETE", one), ("POST", one + "/rotate_secret"), ("POST", one + "/test"),
        ("GET", one + "/deliveries"), ("POST", f"{one}/deliveries/{'0' * 32}/redeliver"),
    ]
    both = server.api_token(server.member_of_both)
    elsewhere = f"/accounts/{stranger.account_id}/oauth_clients/{hooks.client.client_id}/webhooks"
    limited = server.api_token(server.limited)
    body = {"url": receiver.url, "events": KINDS}
    for method, path in calls:
        json = body if method in ("POST", "PATCH") else None
        assert server.manage(method, elsewhere + path, both, json=json).status_code in (403, 404), (method, path)
        assert server.manage(method, hooks.base + path, None, json=json).status_code == 401
        status = 200 if method == "GET" else 403
        assert server.manage(method, hooks.base + path, limited, json=json).status_code == status, (method, path)
    neighbour = Hooks(server, server.new_client("Neighbour"))
    for method, path in calls[2:]:
        json = body if method in ("POST", "PATCH") else None
        assert server.manage(method, neighbour.base + path, hooks.token, json=json).status_code == 404, (method, path)


def test_viewers_see_neither_the_url_nor_the_answers(server: LatchkeyServer, hooks: Hooks, receiver: Receiver) -> None:
    """A path often is a secret, and an answer can hold one."""
    hook = hooks.add(receiver.url + "/T0/s3cr3t-path?key=s3cr3t-key")
    receiver.first = [Answer(200, b"s3cr3t-answer")]
    hooks.freeze()
    receiver.wait_for("client.frozen")
    eventually(lambda: any(each["response_body"] == "s3cr3t-answer" for each in hooks.deliveries(hook)), within=20)
    assert hooks.get(hook)["url"] == hook["url"]
    viewer = Hooks(server, hooks.client, server.limited)
    assert [viewer.get(hook)["url"], *(each["url"] for each in viewer.call("GET"))] == ["http://127.0.0.1"] * 2
    assert {each["response_body"] for each in viewer.deliveries(hook)} == {None}
    base = hooks.base.replace("oauth_clients", "oauth-clients")
    for user, is_shown in ((server.limited, False), (server.administrator, True)):
        browser = server.browser(user)
        pages = [browser.page(base).text, browser.page(f"{base}/{hook['id']}").text]
        assert all(("s3cr3t-path" in page) is is_shown for page in pages)
        assert ("s3cr3t-answer" in pages[1]) is is_shown
        assert all("127.0.0.1" in page for page in pages)


# MARK: Public addresses only


@pytest.fixture
def outside() -> Iterator[tuple[LatchkeyServer, str]]:
    """A server as `serve` comes, with a DNS server that knows names of private addresses."""
    dns = DNSServer()
    dns.serve(addresses={"inside.test": "127.0.0.1", "ten.test": "10.0.0.7", "six.test": "fd00::7", "mapped.test": "::ffff:127.0.0.1"})
    server = LatchkeyServer("--log-level", "debug", "--private-webhooks", "off", "--dns-server", f"127.0.0.1:{dns.port}").start()
    yield server, "https://{name}:{port}/hook"
    server.dispose()
    dns.stop()


def test_nothing_inside_is_called(outside: tuple[LatchkeyServer, str]) -> None:
    """Issue, Tests: a receiver that resolves to a private address; design §9: never an outbound fetch to a private address."""
    server, url = outside
    hooks = Hooks(server, server.new_client("Curious"))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0.2)
        port = listener.getsockname()[1]
        for host in ("127.0.0.1", "10.1.2.3", "169.254.169.254", "[::1]", "[fd00::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "localhost"):
            (error,) = hooks.call("POST", status=400, json={"url": f"https://{host}:{port}/", "events": KINDS})
            assert error["source"]["pointer"] == "/url"
        (error,) = hooks.call("POST", status=400, json={"url": f"http://127.0.0.1:{port}/", "events": KINDS})
        made = {}
        for name in ("inside.test", "ten.test", "six.test", "mapped.test", "nowhere.test"):
            made[name] = hooks.add(url.format(name=name, port=port), ["client.frozen"])
        for name, hook in made.items():
            sent = hooks.call("POST", f"/{hook['id']}/test")
            assert sent["status"] == "failed" and sent["response_status"] is None, sent
            expected = "DNS knows no address" if name == "nowhere.test" else "private or reserved"
            assert expected in sent["problem"], sent
            assert "127.0.0.1" not in sent["problem"] and "10.0.0.7" not in sent["problem"], "what a name means inside is nobody's business"
        with pytest.raises(TimeoutError):
            listener.accept()


# MARK: Nothing is lost


def test_a_crash_in_the_middle_loses_nothing(own: LatchkeyServer, receiver: Receiver) -> None:
    """Delivered at least once: what was on its way when the process died is sent again, and what was not yet looked at is sent too."""
    client = own.new_client("Survivor")
    hooks = Hooks(own, client)
    hook = hooks.add(receiver.url)
    receiver.answer = Answer(delay=60)
    hooks.freeze()
    (lost,) = receiver.wait_for("client.frozen")
    hooks.freeze(False)
    own.kill()
    assert len(receiver.of_type("client.frozen")) == 1
    receiver.answer = Answer()
    own.operate("client", "suspend", client.client_id)
    own.start()
    receiver.wait_for("client.thawed", within=30)
    receiver.wait_for("client.suspended", within=30)
    again = receiver.wait_for("client.frozen", count=2, within=30)
    assert {message.id for message in again} == {lost.id} and again[-1].signed_by(hook["secret"])
    rows = eventually(lambda: all(row["status"] == "delivered" for row in hooks.deliveries(hook)) and hooks.deliveries(hook), within=20)
    assert len(rows) == 3


def test_a_stop_does_not_wait_for_a_receiver_that_hangs(own: LatchkeyServer, receiver: Receiver) -> None:
    """Contract, Start: SIGTERM ends it in at most 5 s; what was on its way is due again at once after the next start."""
    hooks = Hooks(own, own.new_client("Patient"))
    hook = hooks.add(receiver.url)
    receiver.answer = Answer(delay=60)
    hooks.freeze()
    receiver.wait_for("client.frozen")
    # Less than an attempt may take.
    assert own.stop(within=10) == 0
    assert given_back(own) == [(0, None, 1)], "it is not due at once"
    receiver.answer = Answer()
    own.start()
    receiver.wait_for("client.frozen", count=2, within=20)
    row = eventually(lambda: hooks.deliveries(hook)[0]["status"] == "delivered" and hooks.deliveries(hook)[0], within=20)
    assert row["attempts"] == 1, "an attempt that was broken off is none"


def test_a_stop_while_a_receiver_is_being_connected_to_loses_nothing(own: LatchkeyServer) -> None:
    """Contract, Start: SIGTERM ends it in at most 5 s, with what was counted; the message is due again at once after the next start."""
    client, person = own.first, own.new_user()
    hooks = Hooks(own, client)
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(8):
            # Its queue is full: the next connection is neither made nor refused.
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        hook = hooks.add(f"http://127.0.0.1:{listener.getsockname()[1]}/hook", ["client.thawed"])
        token = own.grant(person, client)["access_token"]
        hooks.freeze()
        hooks.freeze(False)
        # Claimed: its next attempt stands in the future, where a claim ends.
        eventually(lambda: (rows := hooks.deliveries(hook)) and rows[0]["next_attempt_at"] > rows[0]["created_at"], within=20)
        assert own.verify("GET", f"/accounts/{person.accounts[0]}", token).status_code == 200
        assert own.stop(within=10) == 0
        assert given_back(own) == [(0, None, 1)], "it is not due at once"
        assert rows_of(own, "SELECT SUM(count) FROM client_usage WHERE kind = 'call'") == [(1,)], "what was counted is kept"


def given_back(server: LatchkeyServer) -> list[tuple[Any, ...]]:
    """Of each message that is owed: its attempts, until when it is claimed, and whether it is due."""
    return rows_of(server, "SELECT attempts, leased_until, next_attempt_at <= ? FROM webhook_deliveries", int(time.time()))


def rows_of(server: LatchkeyServer, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with server.rows() as database:
        return database.execute(sql, values).fetchall()


def test_a_message_goes_on_with_the_trace_of_what_it_tells(hooks: Hooks, receiver: Receiver) -> None:
    """W3C Trace Context §4.3: the same trace, with the server's own step as the parent; nothing where the cause had none."""
    hooks.add(receiver.url, ["client.frozen", "client.thawed"])
    base = hooks.base.removesuffix("/webhooks")
    trace, parent = secrets.token_hex(16), secrets.token_hex(8)
    traced = {"traceparent": f"00-{trace}-{parent}-01"}
    assert hooks.server.manage("POST", base + "/freeze", hooks.token, headers=traced).status_code == 200
    assert hooks.server.manage("POST", base + "/thaw", hooks.token).status_code == 200
    sent = receiver.wait_for("client.frozen")[0].headers["traceparent"]
    assert re.fullmatch(f"00-{trace}-[0-9a-f]{{16}}-01", sent) and parent not in sent
    assert "traceparent" not in receiver.wait_for("client.thawed")[0].headers
