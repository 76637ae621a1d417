"""Nodes that die, stop or are cut off: nothing acknowledged is lost, nothing that ended comes back, and nobody has to help."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
import requests
from cluster import Cluster, Link, running
from latchkey_server import Browser, Caller, eventually

WORKERS = 8


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """The second node reaches the database by a way that can go silent."""
    cluster = running("--shutdown-delay", "8", delayed=True)
    yield cluster
    # A stop would take its delay once more.
    for node in cluster.nodes:
        node.kill()
    cluster.dispose()


@dataclass
class Load:
    """Installations that refresh, are looked at and end, each by one thread, through nginx."""

    cluster: Cluster
    lines: list[str]
    stop: threading.Event = field(default_factory=threading.Event)
    problems: list[str] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    count: int = 0
    threads: list[Future[None]] = field(default_factory=list)

    def finish(self) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.result(60)

    def run(self, index: int) -> None:
        caller = Caller()
        # A connection that nginx keeps for it may be closed by nginx's own reload.
        caller.headers["Connection"] = "close"
        client, server = self.cluster.first, self.cluster.resource_server
        while not self.stop.is_set():
            try:
                answer = client.refresh(self.lines[index], caller)
                if answer.status_code != 200:
                    self.problems.append(f"refresh: {answer.status_code} {answer.text[:200]}")
                    continue
                tokens = answer.json()
                self.lines[index] = tokens["refresh_token"]
                seen = caller.post(
                    self.cluster.issuer + "/oauth2/introspect", **server.authenticated({"token": tokens["access_token"]}))
                if seen.status_code != 200 or not seen.json()["active"]:
                    self.problems.append(f"introspection: {seen.status_code} {seen.text[:200]}")
                if self.count % 3 == 0:
                    ended = client.post("/oauth2/revoke", {"token": tokens["access_token"]}, caller)
                    if ended.status_code == 200:
                        self.revoked.append(tokens["access_token"])
                    else:
                        self.problems.append(f"revocation: {ended.status_code} {ended.text[:200]}")
                self.count += 1
            except requests.RequestException as problem:
                self.problems.append(f"{problem}")


@pytest.fixture
def load(cluster: Cluster) -> Iterator[Load]:
    user = cluster.new_user()
    browser = Browser(cluster).signed_in_as(user)
    client = cluster.first
    lines = [cluster.grant(user, client)["refresh_token"]]
    lines += [client.tokens(browser.authorize(client.request(client.scopes)))["refresh_token"] for _ in range(WORKERS - 1)]
    load = Load(cluster, lines)
    with ThreadPoolExecutor(WORKERS) as pool:
        load.threads = [pool.submit(load.run, index) for index in range(WORKERS)]
        yield load
        load.stop.set()


def _goes_on(load: Load, more: int = 60) -> None:
    wanted = load.count + more
    eventually(lambda: load.count >= wanted, within=60)


def test_a_rolling_restart_fails_no_request(cluster: Cluster, load: Load) -> None:
    _goes_on(load)
    for node in cluster.nodes:
        cluster.balance(without=node)
        assert node.stop() == 0
        _goes_on(load)
        node.start()
        cluster.balance()
        _goes_on(load)
    load.finish()
    assert not load.problems, load.problems[:5]


def test_a_node_that_is_killed_takes_nothing_with_it(cluster: Cluster, load: Load) -> None:
    _goes_on(load)
    for node in cluster.nodes:
        node.kill()
        _goes_on(load)
        node.start()
    load.finish()
    for node in cluster.nodes:
        for token in load.revoked[-200:]:
            assert not node.is_active(token), "an access token that was revoked is back"
        for line in load.lines:
            answer = node.refresh(cluster.first, line)
            assert answer.status_code == 200, f"a refresh token that was given out is unknown: {answer.text}"
    assert load.revoked


def test_a_node_that_is_to_stop_says_so_and_still_answers(cluster: Cluster) -> None:
    """Time for a balancer that asks: it is not ready any more, and connections are not kept; every request is answered."""
    node = cluster.nodes[0]
    token = cluster.grant(cluster.new_user(), cluster.first)["access_token"]
    caller = Caller()

    def ask(path: str) -> requests.Response:
        return caller.get(node.public + path)

    assert "close" not in ask("/.well-known/openid-configuration").headers.get("Connection", "")
    assert node.process is not None
    node.process.terminate()
    eventually(lambda: ask("/health/ready").status_code == 503, within=6)
    for path in ("/.well-known/openid-configuration", "/login"):
        answer = ask(path)
        assert answer.status_code == 200 and answer.headers["Connection"] == "close"
    assert node.is_active(token)
    assert node.process.wait(30) == 0
    node.start()


@pytest.mark.parametrize("fault", [Link.go_silent, Link.break_off], ids=["goes silent", "breaks off"])
def test_a_node_that_is_cut_off_believes_nothing(cluster: Cluster, fault: Callable[[Link], None]) -> None:
    """Its connections go silent without failing, or all end and none can be made: what it remembers is good for a second."""
    one, cut = cluster.nodes
    assert cluster.link is not None
    user, client = cluster.new_user(), cluster.first
    tokens, spare = cluster.grant(user, client), cluster.grant(user, client)["refresh_token"]
    for _ in range(3):
        assert cut.is_active(tokens["access_token"])
    fault(cluster.link)
    silent = time.monotonic()
    try:
        assert one.post(client, "/oauth2/revoke", {"token": tokens["refresh_token"]}).status_code == 200
        assert not one.is_active(tokens["access_token"])
        unknown = 0
        while time.monotonic() < silent + 8:
            asked = time.monotonic()
            answer = cut.introspect(tokens["access_token"])
            if answer.status_code == 503:
                assert int(answer.headers["Retry-After"]) > 0
                unknown += 1
            else:
                assert answer.status_code == 200, answer.text
                assert not answer.json()["active"] or asked < silent + 3.0, "it believes what it remembers"
            asked = time.monotonic()
            status = cut.verify("GET", f"/accounts/{user.accounts[0]}/zones", tokens["access_token"])
            assert status != 200 or asked < silent + 3.0, "it believes what it remembers"
            unknown += status == 503
        assert unknown
        assert one.is_active(one.refresh(client, spare).json()["access_token"]), "the other node suffers too"
    finally:
        cluster.link.go_on()
    eventually(lambda: cut.introspect(tokens["access_token"]).status_code == 200, within=20)
    assert not cut.is_active(tokens["access_token"])
    eventually(cut.is_ready, within=20)
