"""Security event tokens by push (RFC 8417, RFC 8935), read by an implementation that is not ours (joserfc)."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from latchkey_server import LatchkeyServer, eventually

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "management"))
from receiver import Answer, Message, Receiver  # noqa: E402

CAEP = "https://schemas.openid.net/secevent/caep/event-type/"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    receiver.answer = Answer(status=202, body=b"")
    yield receiver
    receiver.close()


def pushed_to(server: LatchkeyServer, receiver: Receiver, *options: str) -> str:
    """A resource server of its own with that receiver."""
    id_ = server.operate("resource-server", "add", "Receiver", *options)["client_id"]
    server.operate("resource-server", "push", id_, receiver.url)
    return id_


def read(server: LatchkeyServer, message: Message) -> dict[str, Any]:
    """The claims, once the signature and the header are right."""
    assert message.headers["content-type"] == "application/secevent+jwt"
    assert message.headers["accept"] == "application/json"
    keys = KeySet.import_key_set(server.caller.get(server.metadata()["jwks_uri"]).json())
    token = jwt.decode(message.body.decode(), keys, algorithms=["ES256"])
    assert token.header["typ"] == "secevent+jwt"
    assert "exp" not in token.claims and "sub" not in token.claims, "RFC 8417 §2.2: an event is no statement with an end"
    return token.claims


def of(server: LatchkeyServer, receiver: Receiver, subject: str) -> list[dict[str, Any]]:
    """What came about a user, in the order in which it came."""
    claims = [read(server, message) for message in list(receiver.messages)]
    return [each for each in claims if each["sub_id"].get("user", {}).get("sub") == subject]


def event(claims: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    ((kind, payload),) = claims["events"].items()
    return kind, payload


def test_a_revoked_installation_is_a_revoked_session(server: LatchkeyServer, receiver: Receiver) -> None:
    id_ = pushed_to(server, receiver)
    user = server.new_user()
    tokens = server.grant(user, server.first)
    known = server.inspect(tokens["access_token"])
    server.first.revoke(tokens["refresh_token"])
    claims = eventually(
        lambda: next((each for each in of(server, receiver, known["sub"]) if event(each)[0] == CAEP + "session-revoked"), None), 20)
    assert (claims["iss"], claims["aud"]) == (server.issuer, id_)
    assert abs(claims["iat"] - time.time()) < 60 and claims["toe"] <= claims["iat"]
    assert claims["jti"] and claims["txn"]
    assert claims["sub_id"] == {
        "format": "complex",
        "user": {"format": "iss_sub", "iss": server.issuer, "sub": known["sub"]},
        "application": {"format": "opaque", "id": known["client_id"]},
        "session": {"format": "opaque", "id": known["installation"]},
    }
    assert event(claims)[1]["event_timestamp"] == claims["toe"]
    assert user.email not in json.dumps(claims)


def test_a_narrowed_authorization_changes_claims(server: LatchkeyServer, receiver: Receiver) -> None:
    pushed_to(server, receiver)
    user = server.new_user()
    subject = server.inspect(server.grant(user, server.first)["access_token"])["sub"]
    browser = server.browser(user)
    page = browser.page(browser.page("/connected-apps").html.link_with(server.first.name))
    form = page.html.form_with("action", "narrow")
    kept = [each for each in form.chosen("scope") if each != "worker.read"]
    browser.submit(page, form, {"scope": kept})
    kind, payload = eventually(
        lambda: next((event(each) for each in of(server, receiver, subject) if event(each)[0] == CAEP + "token-claims-change"), None), 20)
    assert kind == CAEP + "token-claims-change"
    scopes = payload["claims"]["scope"].split()
    assert "worker.read" not in scopes and set(kept) <= set(scopes)


def test_a_receiver_that_was_down_gets_everything_in_order(server: LatchkeyServer, receiver: Receiver) -> None:
    """At least once, under the same id each time."""
    pushed_to(server, receiver)
    receiver.answer = Answer(status=503)
    users = [server.new_user() for _ in range(3)]
    tokens = [server.grant(user, server.first) for user in users]
    subjects = [server.inspect(each["access_token"])["sub"] for each in tokens]
    for each in tokens:
        server.first.revoke(each["refresh_token"])
    eventually(lambda: len(receiver.messages) >= 2, 20)
    refused = [read(server, message)["jti"] for message in list(receiver.messages)]
    assert len(set(refused)) == 1, "one overtook the other"
    listed = next(each for each in server.operate("resource-server", "list") if each["push_url"] == receiver.url)
    assert listed["push_problem"] == "The receiver answered 503." and listed["push_failing_since"]
    receiver.answer = Answer(status=202)

    def ended() -> list[str]:
        claims = [read(server, message) for message in list(receiver.messages)]
        revoked = [each for each in claims if event(each)[0] == CAEP + "session-revoked"]
        seen: dict[str, str] = {each["jti"]: each["sub_id"]["user"]["sub"] for each in revoked}
        return [subject for subject in seen.values() if subject in subjects]

    eventually(lambda: ended() == subjects, 30, every=0.2)
    transactions = [int(read(server, message)["txn"]) for message in list(receiver.messages)]
    assert transactions == sorted(transactions)
    listed = eventually(
        lambda: next(
            each for each in server.operate("resource-server", "list") if each["push_url"] == receiver.url and not each["push_problem"]), 20)
    assert listed["push_failing_since"] is None


def test_one_that_is_refused_for_good_is_left_out(server: LatchkeyServer, receiver: Receiver) -> None:
    """RFC 8935 §2.3; another 400 is tried again."""
    receiver.first = [Answer(status=400, body=b"no JSON"), Answer(status=400, body=b'{"err":"invalid_request","description":"no"}')]
    pushed_to(server, receiver)
    tokens = server.grant(server.new_user(), server.first)
    subject = server.inspect(tokens["access_token"])["sub"]
    server.first.revoke(tokens["refresh_token"])
    eventually(lambda: len(receiver.messages) >= 2, 20)
    again = server.grant(server.new_user(), server.first)
    server.first.revoke(again["refresh_token"])
    other = server.inspect(again["access_token"])
    assert other == {"active": False}
    eventually(lambda: len({read(server, message)["jti"] for message in list(receiver.messages)}) >= 3, 20)
    ids = [read(server, message)["jti"] for message in list(receiver.messages)]
    assert ids.count(ids[0]) == 2, "it was sent again after it had been refused for good"
    assert ids[0] == ids[1] and subject


def test_another_apis_receiver_hears_nothing_of_these_users(server: LatchkeyServer, receiver: Receiver) -> None:
    pushed_to(server, receiver, "--audience", "https://other.example.net")
    tokens = server.grant(server.new_user(), server.first)
    subject = server.inspect(tokens["access_token"])["sub"]
    server.first.revoke(tokens["refresh_token"])
    client = server.new_client("Stopped")
    server.operate("client", "suspend", client.client_id)

    def is_stopped_told() -> bool:
        return any(client.client_id in json.dumps(read(server, message)["sub_id"]) for message in list(receiver.messages))

    eventually(is_stopped_told, 20)
    assert of(server, receiver, subject) == []


def test_the_operators_command(server: LatchkeyServer, receiver: Receiver) -> None:
    id_ = pushed_to(server, receiver)
    assert server.command("resource-server", "push", "0" * 32, receiver.url).returncode == 3
    assert server.command("resource-server", "push", "x", receiver.url).returncode == 3
    assert server.command("resource-server", "push", id_).returncode == 2
    assert server.command("resource-server", "push", id_, receiver.url, "--off").returncode == 2
    for url in ["http://example.com/x", "ftp://example.com", "https://user@example.com/"]:
        assert server.command("resource-server", "push", id_, url).returncode == 2, url
    server.operate("resource-server", "push", id_, "--off")
    assert server.command("resource-server", "push", id_, "--off").returncode == 3
    before = len(receiver.messages)
    tokens = server.grant(server.new_user(), server.first)
    server.first.revoke(tokens["refresh_token"])
    second = Receiver()
    try:
        second.answer = Answer(status=202)
        other = pushed_to(server, second)
        client = server.new_client("Stopped too")
        server.operate("client", "suspend", client.client_id)
        eventually(lambda: len(second.messages) > 0, 20)
        assert len(receiver.messages) == before
        server.operate("resource-server", "push", other, "--off")
    finally:
        second.close()
