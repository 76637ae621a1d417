"""The change feed: what resource servers are told, in order, and to whom (docs/change-feed.md)."""

from __future__ import annotations

import json
import socket
import time
from urllib.parse import urlsplit

import pytest
from feed_reader import Feed, FeedEvent
from latchkey_server import Client, LatchkeyServer, basic, error_of, eventually, quickest


def other_resource_server(server: LatchkeyServer, audience: str = "https://other.example.net") -> Client:
    entry = server.operate("resource-server", "add", "Other", "--audience", audience)
    return Client(
        server=server, client_id=entry["client_id"], client_secret=entry["client_secret"], name="Other", method="client_secret_basic",
        redirect_uri="", scopes=[], optional_scopes=[], post_logout_redirect_uris=[], visibility="private", account_id="")


def refused(server: LatchkeyServer, status: int, after: object = None, as_client: Client | None = None) -> dict:
    feed = Feed(server, as_client, after)
    assert feed.status == status
    return json.loads(feed.response.read())


def test_it_is_for_resource_servers_alone(server: LatchkeyServer) -> None:
    url = server.internal + "/feed"
    assert server.caller.get(url).status_code == 401
    wrong = server.caller.get(url, headers={"Authorization": basic(server.resource_server.client_id, "lks_wrong")})
    assert (wrong.status_code, error_of(wrong)) == (401, "invalid_client")
    client = server.first
    own = server.caller.get(url, headers={"Authorization": basic(client.client_id, client.client_secret or "")})
    assert own.status_code in (401, 403)
    assert server.caller.get(server.issuer + "/feed").status_code == 404, "the public listener has it"


def test_a_revocation_is_told_at_once_and_names_nobody(server: LatchkeyServer) -> None:
    """Who is concerned, in the words of introspection; no address, no name, no secret."""
    user, client = server.new_user(), server.first
    tokens = server.grant(user, client)
    claims = server.inspect(tokens["access_token"])
    with Feed(server) as feed:
        assert client.revoke(tokens["refresh_token"]).status_code == 200
        event = feed.change("installation.ended")
        assert event.concerns == {"sub": claims["sub"], "client_id": claims["client_id"], "installation": claims["installation"]}
        assert event.id == str(event.data["sequence"])
        assert event.data["issued_before"] > time.time()
        text = feed.text.decode()
        assert user.email not in text and "lk" not in text.replace("latchkey", "")


def test_what_alters_no_answer_is_not_told(server: LatchkeyServer) -> None:
    """A grant, a new installation, a sign-in and a refresh make nobody ask again."""
    user, client = server.new_user(), server.first
    with Feed(server) as feed:
        tokens = server.grant(user, client)
        client.refreshed(tokens["refresh_token"])
        client.revoke(tokens["refresh_token"])
        feed.change("installation.ended")
        user_id = feed.change("installation.ended").concerns["sub"]
        mine = [event.data["kind"] for event in feed.changes if event.concerns.get("sub") == user_id]
        # Where the feed looks only once there is an installation, the grant behind it is told too.
        assert [kind for kind in mine if kind != "authorization.granted"] == ["installation.ended"]


def test_the_operators_changes_are_told_too(server: LatchkeyServer) -> None:
    """Another process made them."""
    user = server.new_user()
    subject = server.inspect(server.grant(user, server.first)["access_token"])["sub"]
    with Feed(server) as feed:
        server.operate("user", "disable", user.email)
        assert feed.change("user.disabled").concerns == {"sub": subject}


def test_signs_of_life(server: LatchkeyServer) -> None:
    """A bound of 10 s can hold: something comes every two seconds."""
    with Feed(server) as feed:
        assert feed.hello().data["heartbeat"] == 2

        def two_more() -> float:
            began, before = time.monotonic(), feed.text.count(b"\n\n")
            eventually(lambda: feed.text.count(b"\n\n") >= before + 2, 20)
            return time.monotonic() - began

        quickest(two_more, at_most=6)


def until(feed: Feed, installation: str) -> list[FeedEvent]:
    """The changes up to now, once the end of the installation is one of them."""
    def told() -> list[FeedEvent] | None:
        changes = feed.changes
        ended = [event.concerns["installation"] for event in changes if event.data["kind"] == "installation.ended"]
        return changes if installation in ended else None

    return eventually(told)


def test_nothing_is_lost_or_repeated_by_a_resume(server: LatchkeyServer) -> None:
    users = [server.new_user() for _ in range(6)]
    tokens = [server.grant(user, server.first) for user in users]
    installations = [server.inspect(each["access_token"])["installation"] for each in tokens]
    seen: list[tuple[str, str]] = []
    after: str | None = None
    for index, each in enumerate(tokens):
        feed = Feed(server, after=after)
        if index % 2 == 0:
            with feed:
                server.first.revoke(each["refresh_token"])
                changes = until(feed, installations[index])
                seen += [(event.id or "", event.data["kind"]) for event in changes]
                after = changes[-1].id
        else:
            feed.close()
            server.first.revoke(each["refresh_token"])
    with Feed(server, after=after) as feed:
        changes = until(feed, installations[-1])
        assert feed.hello().data["resumed"] is True
        seen += [(event.id or "", event.data["kind"]) for event in changes]
    ids = [int(id_) for id_, _ in seen]
    assert ids == sorted(set(ids)), "out of order, or twice"
    with Feed(server, after=ids[0] - 1) as whole:
        eventually(lambda: any(event.id == str(ids[-1]) for event in whole.changes), 20)
        assert [(event.id, event.data["kind"]) for event in whole.changes][: len(seen)] == seen, "something was left out"


def test_whoever_resumed_is_told_when_it_has_everything(server: LatchkeyServer) -> None:
    """The last event before it may be for somebody else."""
    other = other_resource_server(server)
    with Feed(server) as feed:
        after = feed.hello().data["sequence"]
    server.first.revoke(server.grant(server.new_user(), server.first)["refresh_token"])
    with Feed(server, other, after=after) as feed:
        newest = feed.hello().data["sequence"]
        assert newest > after
        eventually(lambda: int(feed.last_id) >= newest, 20)


@pytest.mark.parametrize("after", ["x", "-1", "1.5", "9" * 30])
def test_a_resume_point_that_is_none(server: LatchkeyServer, after: str) -> None:
    assert refused(server, 400, after)["error"] == "invalid_request"


def test_a_resume_point_that_is_not_there(server: LatchkeyServer) -> None:
    """Such as one from before a backup was restored: the caller forgets everything."""
    with Feed(server) as feed:
        newest = feed.hello().data["sequence"]
    assert refused(server, 410, newest + 1_000_000)["error"] == "resume_point_gone"


def test_another_resource_server_hears_nothing_of_these_users(server: LatchkeyServer) -> None:
    other = other_resource_server(server)
    user, client = server.new_user(), server.first
    tokens = server.grant(user, client)
    subject = server.inspect(tokens["access_token"])["sub"]
    with Feed(server) as mine, Feed(server, other) as theirs:
        client.revoke(tokens["refresh_token"])
        server.operate("user", "disable", user.email)
        server.operate("client", "suspend", client.client_id)
        server.operate("client", "resume", client.client_id)
        mine.change("installation.ended")
        mine.change("user.disabled")
        theirs.change("client.resumed")
        mine.change("client.resumed")
        assert subject in mine.text.decode()
        assert subject not in theirs.text.decode()
        assert {"installation.ended", "user.disabled"}.isdisjoint(theirs.kinds)


def test_there_are_only_so_many_subscribers(own: LatchkeyServer) -> None:
    feeds = [Feed(own) for _ in range(64)]
    try:
        assert {feed.status for feed in feeds} == {200}
        one_more = Feed(own)
        assert one_more.status == 503 and one_more.response.getheader("Retry-After")
        one_more.close()
        feeds.pop().close()

        def is_let_in() -> bool:
            feed = Feed(own)
            feeds.append(feed)
            return feed.status == 200

        eventually(is_let_in, 20, every=0.5)
    finally:
        for feed in feeds:
            feed.close()


def test_streams_end_with_the_process(own: LatchkeyServer) -> None:
    """Contract, Start: at most 5 s, exit code 0, open streams included."""
    def stopping() -> float:
        if own.process is None:
            own.start()
        with Feed(own) as feed:
            began = time.monotonic()
            assert own.stop() == 0
            seconds = time.monotonic() - began
            assert feed.ended.wait(20)
        return seconds

    quickest(stopping, at_most=5)


def test_nothing_is_lost_over_a_crash(own: LatchkeyServer) -> None:
    tokens = [own.grant(own.new_user(), own.first) for _ in range(3)]
    installations = [own.inspect(each["access_token"])["installation"] for each in tokens]
    with Feed(own) as feed:
        after = feed.last_id
    for each in tokens:
        assert own.first.revoke(each["refresh_token"]).status_code == 200
    own.kill()
    own.start()
    with Feed(own, after=after) as feed:
        changes = until(feed, installations[-1])
        assert [event.concerns["installation"] for event in changes if event.data["kind"] == "installation.ended"] == installations


def test_a_reader_that_does_not_read_is_cut_off_and_goes_on_later(own: LatchkeyServer) -> None:
    """It costs the others nothing, and no memory."""
    client = own.new_client("Busy")
    with Feed(own) as feed:
        start = int(feed.last_id)
        token = own.api_token(own.administrator)
        path = f"/accounts/{own.accounts[0]}/oauth_clients/{client.client_id}"
        for _ in range(600):
            for action in ("freeze", "thaw"):
                assert own.manage("POST", f"{path}/{action}", token).status_code == 200
        last = eventually(lambda: feed.kinds.count("client.thawed") == 600 and feed.last_id, 30)
        address = urlsplit(own.internal)
        lazy = socket.socket()
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.connect((address.hostname, address.port))
        credentials = basic(own.resource_server.client_id, own.resource_server.client_secret or "")
        lazy.sendall(f"GET /feed?after={start} HTTP/1.1\r\nHost: x\r\nAuthorization: {credentials}\r\n\r\n".encode())
        port = lazy.getsockname()[1]
        eventually(lambda: _is_open(port, address.port or 0), 20)
        eventually(lambda: not _is_open(port, address.port or 0), 60, every=0.25)
        assert not feed.ended.is_set(), "another one was cut off with it"
        lazy.close()
    with Feed(own, after=start) as feed:
        # Before its first change a feed is where the hello says, which is the end.
        eventually(lambda: feed.kinds.count("client.thawed") == 600 and feed.last_id == last, 30)


def _is_open(port: int, server_port: int) -> bool:
    """Whether the server still holds its end, at its own port, of the connection from that port (Linux)."""
    lines = [line.split() for line in open("/proc/net/tcp", encoding="ascii").read().splitlines()[1:]]
    ends = (f":{server_port:04X}", f":{port:04X}")
    return any((fields[1][-5:], fields[2][-5:]) == ends and fields[3] == "01" for fields in lines)
