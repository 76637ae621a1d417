"""What is done once for all nodes is done by one of them, and goes on at another when that one dies or stops."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass

import issued
import pytest
from cluster import Cluster, Node, running
from dns_server import HOST, DNSServer
from latchkey_server import eventually
from receiver import Receiver

DUTIES = {"sweep", "seals", "proofs", "webhooks", "pushes", "keys"}
DAY = 86_400


@dataclass
class Handover:
    """Each duty had work left when its holder was killed."""

    cluster: Cluster
    survivor: Node
    receiver: Receiver
    proven: str
    keys: int
    session: bytes
    at: float

    def one(self, sql: str, *values: object) -> object:
        with self.cluster.rows() as rows:
            return rows.execute(sql, list(values)).fetchone()[0]


@pytest.fixture(scope="module")
def dns() -> Iterator[DNSServer]:
    server = DNSServer()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture(scope="module")
def pair(dns: DNSServer) -> Iterator[Cluster]:
    cluster = running("--dns-server", f"127.0.0.1:{dns.port}", "--key-rotation", str(DAY))
    yield cluster
    cluster.dispose()


def _hook(cluster: Cluster, receiver: Receiver) -> str:
    client = cluster.new_client("Told once")
    base = f"/accounts/{client.account_id}/oauth_clients/{client.client_id}"
    made = cluster.nodes[0].manage("POST", base + "/webhooks", json={"url": receiver.url, "events": ["client.frozen", "client.thawed"]})
    issued.record("webhook secret", made.json()["result"]["secret"])
    return base


@pytest.fixture(scope="module")
def told(pair: Cluster, receiver: Receiver) -> str:
    return _hook(pair, receiver)


def test_one_node_holds_each_duty_and_nothing_is_sent_twice(pair: Cluster, receiver: Receiver, told: str) -> None:
    eventually(lambda: set.union(*(node.duties() for node in pair.nodes)) == DUTIES, within=30)
    assert not pair.nodes[0].duties() & pair.nodes[1].duties()
    for change in ("freeze", "thaw") * 5:
        assert pair.nodes[0].manage("POST", f"{told}/{change}").status_code == 200
    receiver.wait_for("client.frozen", 5, within=20)
    receiver.wait_for("client.thawed", 5, within=20)
    assert len(receiver.messages) == 10 and len({message.id for message in receiver.messages}) == 10
    assert not pair.nodes[0].duties() & pair.nodes[1].duties()


@pytest.fixture(scope="module")
def handover(pair: Cluster, receiver: Receiver, dns: DNSServer, told: str) -> Handover:
    # They were started at once, and each may hold some; a node that comes later leaves them where they are.
    holder, survivor = pair.nodes
    assert survivor.stop() == 0
    eventually(lambda: holder.duties() == DUTIES)
    survivor.log_path.write_text("")
    survivor.start()
    assert {pair.holder_of(duty) for duty in DUTIES} == {holder} and not survivor.duties()
    made = survivor.manage("POST", f"/accounts/{pair.accounts[0]}/oauth_clients", json={
        "client_name": "Zone Painter", "client_uri": f"https://{HOST}/", "grant_types": ["authorization_code"],
        "redirect_uris": ["https://app.test/cb"], "response_types": ["code"], "scopes": ["zone.read"],
        "token_endpoint_auth_method": "none"}).json()["result"]
    own = f"/accounts/{pair.accounts[0]}/oauth_clients/{made['client_id']}"
    receiver.messages.clear()
    holder.kill()
    dns.serve(survivor.manage("GET", own).json()["result"]["client_uri_verification"]["text"])
    session = b"\x01" * 32
    with pair.rows() as rows:
        user = rows.execute("SELECT id FROM users LIMIT 1").fetchone()[0]
        rows.execute(
            "INSERT INTO sessions (hash, id, user_id, created_at, last_seen_at, expires_at, authenticated_at, address, user_agent) "
            "VALUES (?, ?, ?, 1, 1, 2, 1, '', '')", [session, "0" * 32, user])
        rows.execute("UPDATE client_proofs SET next_check_at = 1 WHERE client_id = ?", [made["client_id"]])
        keys = rows.execute("SELECT COUNT(*) FROM keys").fetchone()[0]
        rows.execute("UPDATE keys SET active_from = active_from - ?", [2 * DAY])
    assert survivor.manage("POST", f"{told}/freeze").status_code == 200
    return Handover(pair, survivor, receiver, own, keys, session, time.monotonic())


SECONDS = 30


def test_another_node_takes_over_from_one_that_was_killed(handover: Handover) -> None:
    eventually(lambda: handover.survivor.duties() == DUTIES, within=SECONDS)


def test_webhooks_go_on(handover: Handover) -> None:
    handover.receiver.wait_for("client.frozen", within=SECONDS)
    assert len(handover.receiver.messages) == 1


def test_the_sweep_goes_on(handover: Handover) -> None:
    eventually(lambda: handover.one("SELECT COUNT(*) FROM sessions WHERE hash = ?", handover.session) == 0, within=SECONDS)


def test_seals_go_on_in_one_chain(handover: Handover) -> None:
    eventually(
        lambda: handover.one("SELECT MAX(last_sequence) FROM event_seals") == handover.one("SELECT MAX(sequence) FROM events"),
        within=SECONDS)
    key = str(handover.cluster.master_key)
    done = subprocess.run(
        [str(handover.cluster.executable), "audit", "verify", "--master-key-file", key, *handover.cluster.place, "--json"],
        capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_proofs_go_on(handover: Handover) -> None:
    def status() -> str:
        return handover.survivor.manage("GET", handover.proven).json()["result"]["client_uri_verification"]["status"]

    eventually(lambda: status() == "verified", within=SECONDS)


def test_keys_that_are_old_are_followed_by_new_ones_once(handover: Handover) -> None:
    eventually(lambda: handover.one("SELECT COUNT(*) FROM keys") == 2 * handover.keys, within=SECONDS)


def test_a_node_that_stops_hands_over_at_once(handover: Handover) -> None:
    """Less than the time after which a silent node is given up."""
    stopped = handover.survivor
    other = next(node for node in handover.cluster.nodes if node is not stopped)
    other.log_path.write_text("")
    other.start()
    time_of_stop = time.monotonic()
    assert stopped.stop() == 0
    ended = time.monotonic()
    eventually(lambda: other.duties() == DUTIES, within=3.5)
    assert ended - time_of_stop < 5
