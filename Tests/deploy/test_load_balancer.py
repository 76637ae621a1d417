"""The nginx of the compose file, for real: in front of two addresses of a server, one of which goes away."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from deployed import DEPLOY
from latchkey_server import LatchkeyServer, eventually
from ports import free_port, free_ports


class Nginx:
    def __init__(self, directory: Path, port: int, nodes: list[str]) -> None:
        self.directory = directory
        self.origin = f"http://127.0.0.1:{port}"
        self.secure_port = port + 1
        self._configure(port, nodes)
        check = subprocess.run([*self.command, "-t"], capture_output=True, text=True, check=False, timeout=30)
        assert check.returncode == 0 and "warn" not in check.stderr, check.stderr
        self.log = (directory / "log").open("wb")
        self.process = subprocess.Popen([*self.command, "-g", "daemon off;"], stdout=self.log, stderr=self.log)
        eventually(self.answers, within=20)

    @property
    def command(self) -> list[str]:
        return ["nginx", "-p", str(self.directory), "-c", str(self.directory / "nginx.conf"), "-e", "stderr"]

    def _configure(self, port: int, nodes: list[str]) -> None:
        """The files as they are, with this machine's addresses and paths."""
        changes = {
            "/etc/nginx/latchkey/": f"{self.directory}/", "/etc/nginx/tls/": f"{self.directory}/", "/tmp/nginx": f"{self.directory}/nginx",
            "listen 8080;": f"listen 127.0.0.1:{port};", "listen 8443 ssl;": f"listen 127.0.0.1:{self.secure_port} ssl;",
            "node-1:8400": nodes[0], "node-2:8400": nodes[1]}
        for file in (DEPLOY / "nginx").glob("*.conf"):
            text = file.read_text()
            for old, new in changes.items():
                text = text.replace(old, new)
            # As root alone nginx would change to a user who cannot read these files.
            (self.directory / file.name).write_text(("user root;\n" if file.name == "nginx.conf" and _is_root() else "") + text)
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
             "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(self.directory / "tls.key"), "-out",
             str(self.directory / "tls.crt")], check=True, capture_output=True, timeout=30)

    def answers(self) -> bool:
        assert self.process.poll() is None, (self.directory / "log").read_text()
        try:
            return requests.get(self.origin + "/health/alive", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        self.log.close()


def _is_root() -> bool:
    import os  # noqa: PLC0415

    return os.geteuid() == 0


class Door:
    """A second address of the server that can be shut: a listener which hands every connection on."""

    def __init__(self, target: str) -> None:
        self.port = free_port()
        host, port = target.removeprefix("http://").split(":")
        self.process = subprocess.Popen(
            ["python3", "-c", _RELAY, str(self.port), host, port], stdout=subprocess.PIPE)
        assert self.process.stdout is not None and self.process.stdout.readline() == b"open\n"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def shut(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


_RELAY = """
import asyncio, sys
port, host, target = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
async def copy(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
async def relay(reader, writer):
    there, back = await asyncio.open_connection(host, target)
    await asyncio.gather(copy(reader, back), copy(there, writer), return_exceptions=True)
async def main():
    server = await asyncio.start_server(relay, "127.0.0.1", port)
    print("open", flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


@pytest.fixture
def doors(server: LatchkeyServer) -> Iterator[list[Door]]:
    doors = [Door(server.issuer), Door(server.issuer)]
    yield doors
    for door in doors:
        door.shut()


@pytest.fixture
def nginx(doors: list[Door], tmp_path: Path) -> Iterator[Nginx]:
    assert shutil.which("nginx"), "nginx is missing: scripts/need tests"
    nginx = Nginx(tmp_path, free_ports(2)[0], [door.address for door in doors])
    yield nginx
    nginx.stop()


def test_it_hands_requests_on_as_the_server_takes_them(nginx: Nginx, server: LatchkeyServer) -> None:
    metadata = requests.get(nginx.origin + "/.well-known/oauth-authorization-server", timeout=10)
    assert metadata.status_code == 200 and metadata.json()["issuer"] == server.issuer
    # Contract, Tokens: /oauth2/auth takes 32 KiB of query; the answer, a redirect that carries the state back, gets through too.
    asked = server.first.request(state="s" * 30_000, prompt="none")
    long = requests.get(asked.url.replace(server.issuer, nginx.origin), timeout=10, allow_redirects=False)
    assert long.status_code in (302, 303) and asked.parameters["state"] in long.headers["Location"], (long.status_code, long.text[:300])
    answer = requests.post(
        nginx.origin + "/oauth2/token", data={"grant_type": "refresh_token", "refresh_token": "none"},
        auth=(server.first.client_id, server.first.client_secret or ""), timeout=10)
    assert answer.status_code == 400 and answer.json()["error"] == "invalid_grant"


def test_the_internal_listener_is_not_reached_through_it(nginx: Nginx) -> None:
    for path in ("/verify/nginx", "/metrics"):
        assert requests.get(nginx.origin + path, timeout=10).status_code == 404


def test_a_node_goes_away_and_no_request_fails(nginx: Nginx, doors: list[Door]) -> None:
    session = requests.Session()
    assert all(session.get(nginx.origin + "/health/ready", timeout=10).status_code == 200 for _ in range(20))
    doors[0].shut()
    answers = [session.get(nginx.origin + "/.well-known/jwks.json", timeout=10).status_code for _ in range(50)]
    assert set(answers) == {200}, answers


def test_with_both_away_it_says_so(nginx: Nginx, doors: list[Door]) -> None:
    for door in doors:
        door.shut()
    assert requests.get(nginx.origin + "/health/ready", timeout=20).status_code == 502


def test_tls_is_modern_only(nginx: Nginx) -> None:
    answer = requests.get(
        f"https://127.0.0.1:{nginx.secure_port}/health/ready", verify=str(nginx.directory / "tls.crt"), timeout=10)
    assert answer.status_code == 200 and re.match(r"max-age=\d+", answer.headers["Strict-Transport-Security"])
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", nginx.secure_port), timeout=10) as connection, pytest.raises((ssl.SSLError, ConnectionError)):
        old.wrap_socket(connection).close()
