"""What may happen once, asked of both nodes in the same moment: it happens once, and whoever came second is told so."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import issued
import pytest
from cluster import Cluster, Node, RoutedBrowser, running
from dns_server import HOST, DNSServer
from latchkey_server import Browser, Page, User, at_once, eventually

TIMES = 3


@pytest.fixture(scope="module")
def dns() -> Iterator[DNSServer]:
    server = DNSServer()
    server.serve()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def mailbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mail")


@pytest.fixture(scope="module")
def pair(dns: DNSServer, mailbox: Path) -> Iterator[Cluster]:
    # A message is there when all of it is.
    deliver = f'cat > "{mailbox}/part.$$" && mv "{mailbox}/part.$$" "{mailbox}/$LATCHKEY_MAIL_RECIPIENT"'
    cluster = running("--dns-server", f"127.0.0.1:{dns.port}", "--mail-command", deliver)
    yield cluster
    cluster.dispose()


def events(cluster: Cluster, kind: str, column: str, identifier: str) -> int:
    with cluster.rows() as rows:
        return rows.execute(f"SELECT COUNT(*) FROM events WHERE kind = ? AND {column} = ?", [kind, identifier]).fetchone()[0]


# MARK: The proof of a host


class Proof:
    """A client whose host is to be proven; DNS was asked once and did not know the record."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        path = f"/accounts/{cluster.accounts[0]}/oauth_clients"
        made = cluster.nodes[0].manage("POST", path, json={
            "client_name": "Zone Painter", "client_uri": f"https://{HOST}/", "grant_types": ["authorization_code"],
            "redirect_uris": ["https://app.test/cb"], "response_types": ["code"], "scopes": ["zone.read"],
            "token_endpoint_auth_method": "none"})
        assert made.status_code == 200, made.text
        self.id: str = made.json()["result"]["client_id"]
        self.path = f"{path}/{self.id}"
        eventually(lambda: self.at(cluster.nodes[0])["status"] == "in_progress", within=20)

    def at(self, node: Node) -> dict[str, Any]:
        return node.manage("GET", self.path).json()["result"]["client_uri_verification"]

    def set_due(self, when: int) -> None:
        """As if DNS was last asked a minute ago."""
        with self.cluster.rows() as rows:
            rows.execute(
                "UPDATE client_proofs SET checked_at = checked_at - 60, next_check_at = ? WHERE client_id = ?", [when, self.id])


def test_a_host_is_looked_for_once_however_many_nodes_are_asked(pair: Cluster, dns: DNSServer) -> None:
    for _ in range(TIMES):
        proof = Proof(pair)
        proof.set_due(int(time.time()) + 3600)
        dns.serve(proof.at(pair.nodes[0])["text"])
        before = dns.questions
        answers = at_once(6, lambda index, proof=proof: pair.nodes[index % 2].manage("POST", proof.path + "/check_host"))
        assert {answer.status_code for answer in answers} <= {200, 429}, [answer.text for answer in answers]
        checked = [answer.json()["result"]["client_uri_verification"]["status"] for answer in answers if answer.status_code == 200]
        assert checked and set(checked) == {"verified"}
        assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers if answer.status_code == 429)
        assert [proof.at(node)["status"] for node in pair.nodes] == ["verified"] * 2
        eventually(lambda before=before: dns.questions >= before + 1)
        assert dns.questions == before + 1
        assert events(pair, "client.host_verified", "client_id", proof.id) == 1


def test_one_node_looks_for_what_is_due(pair: Cluster, dns: DNSServer) -> None:
    proofs = [Proof(pair) for _ in range(TIMES)]
    dns.serve(*(proof.at(pair.nodes[0])["text"] for proof in proofs))
    before = dns.questions
    for proof in proofs:
        proof.set_due(1)
    for proof in proofs:
        for node in pair.nodes:
            eventually(lambda proof=proof, node=node: proof.at(node)["status"] == "verified", within=20)
        assert events(pair, "client.host_verified", "client_id", proof.id) == 1
    eventually(lambda: dns.questions >= before + TIMES)
    assert dns.questions == before + TIMES
    assert ["proofs" in node.duties() for node in pair.nodes].count(True) == 1


# MARK: An invitation


def invited(pair: Cluster, mailbox: Path, email: str) -> str:
    """The link that the person gets."""
    path = f"/accounts/{pair.accounts[0]}"
    roles = pair.nodes[0].manage("GET", f"{path}/roles?per_page=50").json()["result"]
    role = next(each["id"] for each in roles if each["name"] == "Viewer")
    answer = pair.nodes[0].manage("POST", f"{path}/members", json={"email": email, "roles": [role]})
    assert answer.status_code == 200, answer.text
    eventually((mailbox / email).exists, within=20)
    found = re.search(rf"{re.escape(pair.issuer)}(/invitations/\S+)", (mailbox / email).read_text())
    assert found
    issued.record("invitation", found[1].rsplit("/", 1)[1])
    return found[1]


def accept(browsers: list[RoutedBrowser], link: str, **fields: str) -> None:
    """Both send the same form at once; one of them joins, the other one is told."""
    pages = [browser.page(link) for browser in browsers]
    forms = [next(form for form in page.html.forms if "/invitations/" in form.action) for page in pages]
    answers = at_once(len(browsers), lambda index: browsers[index].submit(pages[index], forms[index], fields))
    assert all(isinstance(answer, Page) for answer in answers)
    assert sorted(answer.status for answer in answers) == [200] + [404] * (len(browsers) - 1), [answer.text for answer in answers]
    for answer in answers:
        assert ("You are a member" if answer.status == 200 else "This invitation is no longer there") in answer.text


def joined_once(pair: Cluster, email: str) -> None:
    for node in pair.nodes:
        members = node.manage("GET", f"/accounts/{pair.accounts[0]}/members?per_page=50").json()["result"]
        assert [each["status"] for each in members if each["user"]["email"] == email] == ["accepted"]
    with pair.rows() as rows:
        (user,) = rows.execute("SELECT id FROM users WHERE email = ?", [email]).fetchone()
        (added,) = rows.execute(
            "SELECT COUNT(*) FROM events WHERE kind = 'member.added' AND user_id = ? AND account_id = ?",
            [user, pair.accounts[0]]).fetchone()
    assert added == 1


def test_a_user_accepts_an_invitation_at_both_nodes(pair: Cluster, mailbox: Path) -> None:
    for _ in range(TIMES):
        person = pair.new_user(account=1)
        link = invited(pair, mailbox, person.email)
        accept([RoutedBrowser(pair).at(node).signed_in_as(person) for node in pair.nodes * 2], link)
        joined_once(pair, person.email)


def test_somebody_new_accepts_an_invitation_at_both_nodes(pair: Cluster, mailbox: Path) -> None:
    for turn in range(TIMES):
        person = User(f"hasty{turn}@example.org", "a long enough passphrase")
        link = invited(pair, mailbox, person.email)
        accept([RoutedBrowser(pair).at(node) for node in pair.nodes * 2], link, name="Hasty", password=person.password)
        joined_once(pair, person.email)
        Browser(pair).signed_in_as(person)
