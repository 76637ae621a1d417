"""What one node did, another knows: at once where something ends, and without anything that only one node remembers."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from cluster import Cluster, RoutedBrowser
from latchkey_server import AuthorizationResponse, Client, Departure, Page, User, at_once, error_of, eventually

#: What is waited for; how long it takes is measured below.
SOON = 20.0


def warmed(cluster: Cluster, user: User, client: Client) -> dict:
    """Tokens that every node has in memory."""
    tokens = cluster.grant(user, client)
    for node in cluster.nodes:
        for _ in range(2):
            assert node.is_active(tokens["access_token"])
    return tokens


# MARK: Ends

def _by_client(cluster: Cluster, user: User, client: Client, tokens: dict) -> None:
    assert cluster.nodes[0].post(client, "/oauth2/revoke", {"token": tokens["refresh_token"]}).status_code == 200


def _one_token(cluster: Cluster, user: User, client: Client, tokens: dict) -> None:
    assert cluster.nodes[0].post(client, "/oauth2/revoke", {"token": tokens["access_token"]}).status_code == 200


def _by_user(cluster: Cluster, user: User, client: Client, tokens: dict) -> None:
    browser = RoutedBrowser(cluster).at(cluster.nodes[0]).signed_in_as(user)
    page = browser.page(browser.page("/connected-apps").html.link_with(client.name))
    browser.submit(page, page.html.form_with("action", "revoke"))


def _suspended(cluster: Cluster, user: User, client: Client, tokens: dict) -> None:
    cluster.operate("client", "suspend", client.client_id)


def _disabled(cluster: Cluster, user: User, client: Client, tokens: dict) -> None:
    cluster.operate("user", "disable", user.email)


@pytest.mark.parametrize("ending", [_by_client, _one_token, _by_user, _suspended, _disabled], ids=lambda ending: ending.__name__[1:])
def test_what_ends_on_one_node_has_ended_on_the_other(cluster: Cluster, ending: Callable[..., None]) -> None:
    user = cluster.new_user()
    client = cluster.new_client(f"App of {user.email}")
    tokens = warmed(cluster, user, client)
    ending(cluster, user, client, tokens)
    cluster.sees_ended(cluster.nodes[1], tokens["access_token"], within=SOON)
    cluster.sees_ended(cluster.nodes[0], tokens["access_token"], within=SOON)
    if ending is not _one_token:
        assert cluster.nodes[1].refresh(client, tokens["refresh_token"]).status_code in (400, 401)


def test_a_revocation_is_on_every_node_within_a_second(cluster: Cluster) -> None:
    """Contract, Start. The quickest of several: a machine that is busy says nothing about the rest."""
    user, client = cluster.new_user(), cluster.first
    seconds = []
    for _ in range(5):
        tokens = warmed(cluster, user, client)
        _by_client(cluster, user, client, tokens)
        seconds.append(cluster.sees_ended(cluster.nodes[1], tokens["access_token"], within=SOON))
    assert min(seconds) <= 1, seconds


def test_a_role_that_was_lost_is_lost_on_every_node(cluster: Cluster) -> None:
    user, client = cluster.new_user(), cluster.first
    tokens = warmed(cluster, user, client)
    target = f"/accounts/{user.accounts[0]}/zones"
    for node in cluster.nodes:
        assert node.verify("GET", target, tokens["access_token"]) == 200
    path = f"/accounts/{user.accounts[0]}/members"
    members = cluster.nodes[0].manage("GET", f"{path}?per_page=50").json()["result"]
    member = next(each for each in members if each["user"]["email"] == user.email)
    gone = cluster.nodes[0].manage("DELETE", f"{path}/{member['id']}")
    assert gone.status_code == 200, gone.text
    eventually(lambda: cluster.nodes[1].verify("GET", target, tokens["access_token"]) != 200, within=SOON, every=0.005)


def test_a_client_that_is_frozen_on_one_node_stands_still_on_the_other_and_goes_on(cluster: Cluster) -> None:
    user, client = cluster.new_user(), cluster.new_client("Freezer")
    tokens = warmed(cluster, user, client)
    one, other = cluster.nodes
    target, refresh_token = f"/accounts/{user.accounts[0]}", tokens["refresh_token"]
    path = f"/accounts/{client.account_id}/oauth_clients/{client.client_id}"
    for _ in range(2):
        assert other.verify("GET", target, tokens["access_token"]) == 200
        assert one.manage("POST", f"{path}/freeze").status_code == 200
        eventually(lambda: not other.is_active(tokens["access_token"]), within=SOON, every=0.005)
        assert other.verify("GET", target, tokens["access_token"]) == 401
        refused = other.refresh(client, refresh_token)
        assert (refused.status_code, error_of(refused)) == (400, "unauthorized_client")
        assert one.manage("POST", f"{path}/thaw").status_code == 200
        eventually(lambda: other.is_active(tokens["access_token"]), within=SOON, every=0.005)
        assert other.verify("GET", target, tokens["access_token"]) == 200
        refreshed = other.refresh(client, refresh_token)
        assert refreshed.status_code == 200, refreshed.text
        refresh_token = refreshed.json()["refresh_token"]


def test_an_app_policy_that_was_set_on_one_node_is_in_force_on_the_other_until_it_is_taken_back(cluster: Cluster) -> None:
    user, client = cluster.new_user(), cluster.new_client("Governed", account=1)
    tokens = warmed(cluster, user, client)
    one, other = cluster.nodes
    account, refresh_token = user.accounts[0], tokens["refresh_token"]

    def reaches(token: str) -> bool:
        """What introspection and the gateway say at the other node."""
        listed = account in [each["identifier"] for each in other.introspect(token).json().get("authorization_details", [])]
        assert (other.verify("GET", f"/accounts/{account}", token) == 200) is listed
        return listed

    def put(**policy: object) -> None:
        answer = one.manage("PUT", f"/accounts/{account}/app_policy", json=policy)
        assert answer.status_code == 200, answer.text

    assert reaches(tokens["access_token"])
    try:
        for policy in ({"mode": "open", "blocked_clients": [client.client_id]}, {"mode": "closed"}):
            put(**policy)
            eventually(lambda: other.verify("GET", f"/accounts/{account}", tokens["access_token"]) == 403, within=SOON, every=0.005)
            assert not reaches(tokens["access_token"])
            fresh = other.refresh(client, refresh_token)
            assert fresh.status_code == 200, fresh.text
            assert "account.read" not in fresh.json()["scope"].split() and not reaches(fresh.json()["access_token"])
            refresh_token = fresh.json()["refresh_token"]
            put(mode="open")
            eventually(lambda: other.verify("GET", f"/accounts/{account}", tokens["access_token"]) == 200, within=SOON, every=0.005)
            assert reaches(tokens["access_token"]) and reaches(fresh.json()["access_token"])
            fresh = other.refresh(client, refresh_token).json()
            assert "account.read" in fresh["scope"].split() and reaches(fresh["access_token"])
            refresh_token = fresh["refresh_token"]
    finally:
        put(mode="open")


# MARK: What is begun on one node and finished on the other

def test_a_browser_changes_nodes_at_every_step(cluster: Cluster) -> None:
    """No node remembers a session, a form, a pending request or a code."""
    user, client = cluster.new_user(), cluster.first
    request = client.request(client.scopes)
    one, other = cluster.nodes
    browser = RoutedBrowser(cluster).at(one)
    page = browser.ask(request)
    assert isinstance(page, Page)
    page = browser.at(other).sign_in(user.email, user.password, page)
    assert isinstance(page, Page) and page.html.has_form_with("decision"), page
    left = browser.at(one).decide(page)
    assert isinstance(left, Departure), left
    response = AuthorizationResponse(request, left.parameters, left.location)
    form = {
        "grant_type": "authorization_code", "code": response.code, "redirect_uri": client.redirect_uri, "code_verifier": request.verifier}
    tokens = other.post(client, "/oauth2/token", form)
    assert tokens.status_code == 200, tokens.text
    assert one.is_active(tokens.json()["access_token"])


def test_a_retry_at_another_node_gets_the_same_successor(cluster: Cluster) -> None:
    user, client = cluster.new_user(), cluster.first
    token = cluster.grant(user, client)["refresh_token"]
    for _ in range(6):
        answers = [node.refresh(client, token) for node in (*cluster.nodes, *cluster.nodes)]
        assert [answer.status_code for answer in answers] == [200] * 4, [answer.text for answer in answers]
        assert len({answer.json()["refresh_token"] for answer in answers}) == 1
        token = answers[0].json()["refresh_token"]


def test_fifty_redemptions_at_both_nodes_are_one(cluster: Cluster) -> None:
    user, client = cluster.new_user(), cluster.first
    request = client.request(client.scopes)
    response = RoutedBrowser(cluster).at(cluster.nodes[0]).authorize(request, user)
    form = {
        "grant_type": "authorization_code", "code": response.code, "redirect_uri": client.redirect_uri, "code_verifier": request.verifier}
    answers = at_once(50, lambda index: cluster.nodes[index % 2].post(client, "/oauth2/token", form))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 49


# MARK: Keys

def test_keys_rotate_without_a_gap(cluster: Cluster) -> None:
    """Published and accepted on every node before the first use; what the old ones made goes on."""
    user, client = cluster.new_user(), cluster.first
    before = cluster.grant(user, client, [*client.scopes, "openid"])

    def published(index: int) -> set[str]:
        node = cluster.nodes[index]
        return {key["kid"] for key in node.caller.get(node.public + "/.well-known/jwks.json").json()["keys"]}

    known = published(0)
    cluster.operate("keys", "rotate", "--lead", "2")
    eventually(lambda: published(0) > known and published(1) == published(0), within=SOON)
    token, deadline, turn = before["refresh_token"], time.monotonic() + 3.5, 0
    while time.monotonic() < deadline:
        one, other = cluster.nodes[turn % 2], cluster.nodes[(turn + 1) % 2]
        turn += 1
        answer = one.refresh(client, token)
        assert answer.status_code == 200, answer.text
        assert other.is_active(answer.json()["access_token"]), "a token of one node is unknown to the other"
        token = answer.json()["refresh_token"]
    for node in cluster.nodes:
        assert node.is_active(before["access_token"])


def test_keys_that_are_used_at_once_are_known_where_they_are_asked_for(cluster: Cluster) -> None:
    """In an emergency nothing is published ahead: whoever meets an unknown key reads the ring."""
    user, client = cluster.new_user(), cluster.first
    token = cluster.grant(user, client)["refresh_token"]
    for _ in range(3):
        cluster.operate("keys", "rotate", "--lead", "0")
        for one, other in (cluster.nodes, cluster.nodes[::-1]):
            answer = one.refresh(client, token)
            assert answer.status_code == 200, answer.text
            token = answer.json()["refresh_token"]
            assert other.is_active(answer.json()["access_token"])
            assert other.refresh(client, token).status_code == 200
