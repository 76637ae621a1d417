"""A client's host is proven against a real DNS server (management-api.md, Rules: proof of the host)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from dns_server import HOST, DNSServer
from latchkey_server import LatchkeyServer, eventually


@pytest.fixture
def dns() -> Iterator[DNSServer]:
    server = DNSServer()
    yield server
    server.stop()


@pytest.fixture
def proving(dns: DNSServer) -> Iterator[LatchkeyServer]:
    server = LatchkeyServer("--log-level", "debug", "--dns-server", f"127.0.0.1:{dns.port}", "--proof-interval", "1").start()
    yield server
    server.dispose()


def test_a_late_record_proves_the_host_and_freezes_it(proving: LatchkeyServer, dns: DNSServer) -> None:
    dns.serve("v=spf1 -all")
    token = proving.api_token(proving.administrator)
    path = f"/accounts/{proving.accounts[0]}/oauth_clients"
    made = proving.manage("POST", path, token, json={
        "client_name": "Zone Painter", "client_uri": f"https://{HOST}/", "grant_types": ["authorization_code"],
        "redirect_uris": ["https://app.test/cb"], "response_types": ["code"], "scopes": ["zone.read"],
        "token_endpoint_auth_method": "none"}).json()["result"]
    own = f"{path}/{made['client_id']}"

    def proof() -> dict[str, Any]:
        return proving.manage("GET", own, token).json()["result"]["client_uri_verification"]

    eventually(lambda: proof()["status"] == "in_progress", within=20)
    assert "v=spf1 -all" in proof()["detail"]
    value = proof()["text"]
    assert value.startswith("latchkey-client-publisher=")
    dns.serve("v=spf1 -all", value)
    eventually(lambda: proof()["status"] == "verified", within=30)
    moved = proving.manage("PATCH", own, token, json={"client_uri": "https://other.test/"})
    assert moved.status_code == 400 and "proven" in moved.json()["errors"][0]["message"], moved.text
    assert proving.manage("PATCH", own, token, json={"client_uri": f"https://{HOST}/about"}).status_code == 200
    assert proof()["status"] == "verified"
