"""Several nodes of Latchkey on one PostgreSQL database, behind an nginx that sends each request to the next of them."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import databases
import requests
from latchkey_server import Browser, Caller, Client, LatchkeyServer, User, eventually, executable
from serving import ADDRESS, ServerProcess


class Node(ServerProcess):
    """`latchkey serve` with the cluster's settings."""

    def __init__(self, cluster: Cluster, database_url: str) -> None:
        super().__init__(cluster.log_path)
        self.cluster = cluster
        self.database_url = database_url

    @property
    def command(self) -> list[str]:
        cluster = self.cluster
        return [
            str(cluster.executable), "serve", "--issuer", cluster.issuer, "--resource", cluster.line["api"], *self.listeners,
            "--database", self.database_url, "--master-key-file", str(cluster.master_key), "--trusted-proxies", ADDRESS,
            "--account-creation", "everyone", "--private-webhooks", "on", "--log-level", "debug", *cluster.settings]

    def is_ready(self) -> bool:
        self.assert_running()
        try:
            return self.caller.get(self.public + "/health/ready", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def duties(self) -> set[str]:
        """Those that it said it took."""
        return set(re.findall(r'"duty":"(\w+)"', self.log()))

    # MARK: Asking this node alone

    def post(self, client: Client, path: str, form: dict[str, str], timeout: float = 20) -> requests.Response:
        return self.caller.post(self.public + path, timeout=timeout, **client.authenticated(form))

    def introspect(self, token: str, timeout: float = 20) -> requests.Response:
        return self.post(self.cluster.resource_server, "/oauth2/introspect", {"token": token}, timeout)

    def is_active(self, token: str) -> bool:
        answer = self.introspect(token)
        assert answer.status_code == 200, answer.text
        return answer.json()["active"]

    def verify(self, method: str, target: str, token: str) -> int:
        return self.caller.get(
            self.internal + "/verify/forward-auth",
            headers={"X-Forwarded-Method": method, "X-Forwarded-Uri": target, "Authorization": f"Bearer {token}"}).status_code

    def manage(self, method: str, path: str, **options: Any) -> requests.Response:
        """Calls the management API as the administrator of account 1."""
        cluster = self.cluster
        url = self.public + cluster.management.removeprefix(cluster.issuer) + path
        token = cluster.api_token(cluster.administrator)
        return self.caller.request(method, url, headers={"Authorization": f"Bearer {token}"}, **options)

    def refresh(self, client: Client, token: str) -> requests.Response:
        return self.post(client, "/oauth2/token", {"grant_type": "refresh_token", "refresh_token": token})


class Cluster(LatchkeyServer):
    """Whatever a test does with a server it can do with this one. The demo seeds the database; then nodes take its place."""

    def __init__(self, *settings: str, nodes: int = 2, delayed: bool = False) -> None:
        super().__init__()
        if self.database_url is None:
            self.database_url = databases.new_database(always=True)
        assert self.database_url is not None
        self.settings = settings
        self.master_key = self.data / "master.key"
        self.link = Link(self.database_url) if delayed else None
        urls = [self.link.url if self.link and number == nodes - 1 else self.database_url for number in range(nodes)]
        self.nodes = [Node(self, url) for url in urls]
        self._nginx: subprocess.Popen[bytes] | None = None

    def start(self) -> Cluster:
        super().start()
        super().stop()
        self.master_key.write_text(json.loads((self.data / "demo.json").read_text())["master_key"])
        self.master_key.chmod(0o600)
        for node in self.nodes:
            node.launch()
        for node in self.nodes:
            node.wait()
        self._start_nginx()
        return self

    def dispose(self) -> None:
        if self._nginx is not None:
            self._nginx.terminate()
            self._nginx.wait(20)
            self._nginx = None
        for node in self.nodes:
            if node.process is not None:
                node.stop()
        if self.link:
            self.link.close()
        super().dispose()

    def log(self) -> str:
        return super().log() + "".join(node.log() for node in self.nodes)

    def remove_files(self) -> None:
        super().remove_files()
        for node in self.nodes:
            node.log_path.unlink(missing_ok=True)

    # MARK: nginx

    def balance(self, without: Node | None = None) -> None:
        """What a balancer does that asks `/health/ready`: sends nothing more to a node, and to all again."""
        assert self._nginx is not None
        before = self._workers()
        self._configure_nginx([node for node in self.nodes if node is not without])
        self._nginx.send_signal(signal.SIGHUP)
        # The workers from before end when they have answered what they were asked.
        eventually(lambda: (now := self._workers()) and not now & before, within=20)

    def _workers(self) -> set[str]:
        assert self._nginx is not None
        return set(Path(f"/proc/{self._nginx.pid}/task/{self._nginx.pid}/children").read_text().split())

    def _start_nginx(self) -> None:
        directory = self.data / "nginx"
        directory.mkdir()
        self._configure_nginx(self.nodes)
        with (directory / "error.log").open("ab") as log:
            self._nginx = subprocess.Popen(
                ["nginx", "-e", f"{directory}/error.log", "-p", str(directory), "-c", str(directory / "nginx.conf")], stderr=log)
        eventually(self._is_nginx_up, within=20)

    def _configure_nginx(self, nodes: list[Node]) -> None:
        directory = self.data / "nginx"
        user = "user root;" if os.geteuid() == 0 else ""
        paths = "".join(f"{name}_temp_path {directory}/{name};\n" for name in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"])
        servers = "".join(
            f"upstream {name} {{ {' '.join(f'server {ADDRESS}:{node.ports[index]} max_fails=1 fail_timeout=1s;' for node in nodes)} "
            f"keepalive 16; }}\n"
            f"server {{ listen {ADDRESS}:{self.port + index}; location / {{ proxy_pass http://{name}; }} }}\n"
            for index, name in enumerate(["public", "internal"]))
        configuration = directory / "nginx.conf"
        configuration.write_text(
            f"{user}\ndaemon off;\nworker_processes 1;\npid {directory}/pid;\nerror_log {directory}/error.log;\n"
            f"events {{ worker_connections 1024; }}\nhttp {{\naccess_log off;\n{paths}client_max_body_size 1m;\n"
            "large_client_header_buffers 8 64k;\nproxy_http_version 1.1;\nproxy_set_header Connection \"\";\nproxy_set_header Host $http_host;\n"
            f"proxy_set_header X-Forwarded-For $remote_addr;\nproxy_next_upstream error timeout http_503;\n{servers}}}\n")

    def _is_nginx_up(self) -> bool:
        assert self._nginx is not None and self._nginx.poll() is None, (self.data / "nginx" / "error.log").read_text()
        try:
            socket.create_connection((ADDRESS, self.port), timeout=1).close()
        except OSError:
            return False
        return True

    # MARK: Nodes

    def holder_of(self, duty: str) -> Node:
        """The node that does it now: the last one that said so."""
        with self.rows() as rows:
            holder = rows.execute("SELECT holder FROM leases WHERE name = ?", [duty]).fetchone()[0]
        return next(node for node in self.nodes if node.process is not None and f'"holder":"{holder}"' in node.log())

    def sees_ended(self, node: Node, token: str, within: float) -> float:
        """Waits until a node refuses the token, and returns the seconds that it took."""
        began = time.monotonic()
        eventually(lambda: not node.is_active(token), within=within, every=0.002)
        return time.monotonic() - began


class _Routed(Caller):
    """Reaches the issuer at one node, as a balancer may choose to."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__()
        self.cluster = cluster
        self.node: Node | None = None

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]
        issuer = self.cluster.issuer
        if self.node is None or not url.startswith(issuer):
            return super().request(method, url, **options)
        response = super().request(method, self.node.public + url.removeprefix(issuer), **options)
        response.url = url
        return response


class RoutedBrowser(Browser):
    """A browser whose requests go to the node of `at`."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(cluster)
        headers = self.session.headers
        self.session: _Routed = _Routed(cluster)
        self.session.headers.update(headers)

    def at(self, node: Node) -> RoutedBrowser:
        self.session.node = node
        return self


class Link:
    """The way from a node to the database, which can go silent without being closed, or be closed and refuse."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._path = f"{unquote(parts.netloc.rpartition('@')[2])}/.s.PGSQL.5432"
        self._listener = socket.create_server((ADDRESS, 0))
        self._flowing = threading.Event()
        self._flowing.set()
        self._is_refusing = False
        self._open: list[socket.socket] = []
        user = parts.netloc.partition("@")[0]
        self.url = f"postgresql://{user}@{ADDRESS}:{self._listener.getsockname()[1]}{parts.path}"
        threading.Thread(target=self._accept, daemon=True).start()

    def go_silent(self) -> None:
        self._flowing.clear()

    def break_off(self) -> None:
        """Every connection ends in the middle of what it does, and so does each new one."""
        self._is_refusing = True
        for each in self._open:
            _end(each)

    def go_on(self) -> None:
        self._is_refusing = False
        self._flowing.set()

    def close(self) -> None:
        self._listener.close()
        self._flowing.set()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._is_refusing:
                near.close()
                continue
            far = socket.socket(socket.AF_UNIX)
            far.connect(self._path)
            self._open += [near, far]
            if self._is_refusing:
                self.break_off()
            for source, sink in [(near, far), (far, near)]:
                threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                self._flowing.wait()
                sink.sendall(data)
        except OSError:
            pass
        for each in (source, sink):
            _end(each)


def _end(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def running(*settings: str, **options: Any) -> Cluster:
    assert executable().exists(), f"{executable()} is missing: run `make build`"
    assert os.environ.get("LATCHKEY_TEST_POSTGRES"), "nodes need a database that they can share: scripts/postgres run …"
    return Cluster(*settings, **options).start()


__all__ = ["Cluster", "Link", "Node", "RoutedBrowser", "User", "running"]
