"""`latchkey serve` from nothing, as the README tells it."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import databases
import pytest
from latchkey_server import Browser, Page, executable, quickest
from ports import free_port
from serving import EMAIL, PASSWORD, Serving


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Serving]:
    url = databases.new_database()
    server = Serving(tmp_path, url=url)
    try:
        yield server.set_up().start("--trusted-proxies", "127.0.0.2, 10.0.0.0/8")
    finally:
        server.kill()
        databases.drop(url)


def test_a_user_signs_in_and_the_server_ends_when_asked(served: Serving) -> None:
    page = Browser(served).sign_in(EMAIL, PASSWORD)  # type: ignore[arg-type]
    assert isinstance(page, Page) and "Connected apps" in page.text

    def stopping() -> float:
        if served.process is None:
            served.start()
        began = time.monotonic()
        assert served.stop() == 0
        return time.monotonic() - began

    quickest(stopping, at_most=5)


@pytest.mark.parametrize("peer,shown", [("127.0.0.2", "198.51.100.7"), ("127.0.0.3", "127.0.0.3")])
def test_where_somebody_signed_in_from_is_said_by_trusted_proxies_alone(served: Serving, peer: str, shown: str) -> None:
    """Everybody behind a proxy would share its address, and with it the limit of wrong passwords."""
    browser = Browser(served, address=peer)  # type: ignore[arg-type]
    browser.session.headers["X-Forwarded-For"] = "192.0.2.66, 198.51.100.7, 10.1.2.3"
    page = browser.sign_in(EMAIL, PASSWORD)
    assert isinstance(page, Page) and "Connected apps" in page.text
    sessions = browser.page("/sessions").text
    assert shown in sessions
    assert "192.0.2.66" not in sessions


def test_commands_find_the_server_in_its_own_file(served: Serving, tmp_path: Path) -> None:
    """One file with settings, named once in the environment or by each command, is enough for all of them."""
    settings = {
        "issuer": served.issuer, "data": served.data, "master-key-file": served.key, "internal-listen": served.internal.removeprefix("http://"),
        **({"database": served.url} if served.url else {}),
    }
    file = tmp_path / "latchkey.yaml"
    file.write_text("".join(f"{name}: \"{value}\"\n" for name, value in settings.items()))

    def run(*arguments: str, named: str | Path | None = file, **more: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **({"LATCHKEY_CONFIG": str(named)} if named else {}), **more}
        return subprocess.run(
            [str(executable()), *arguments], capture_output=True, text=True, timeout=60, env=environment, check=False)

    for command in [("account", "list"), ("account", "list", "--config", str(file)), ("migrate", "status"), ("keys", "rotate"), ("health",)]:
        done = run(*command, named=None if "--config" in command else file)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        if command[0] == "account":
            assert "Northwind" in done.stdout
    assert run("account", "list", named=None).returncode == 2, "the database is named nowhere else"
    # A flag beats the file.
    empty = tmp_path / "empty"
    elsewhere = run("account", "list", "--data", str(empty))
    assert elsewhere.returncode == 3 and str(empty) in elsewhere.stderr
    wrong_key = run("keys", "rotate", "--master-key-file", str(served.document))
    assert wrong_key.returncode == 2 and f"--master-key-file: {served.document}: " in wrong_key.stderr
    # The environment beats the file, also where one names a file and the other holds the key itself.
    other_key = run("keys", "rotate", LATCHKEY_MASTER_KEY="AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
    assert other_key.returncode == 1 and "another master key" in other_key.stderr, other_key.stderr
    no_key = run("keys", "rotate", LATCHKEY_MASTER_KEY="nonsense")
    assert no_key.returncode == 2 and "LATCHKEY_MASTER_KEY: " in no_key.stderr and "nonsense" not in no_key.stderr
    assert run("keys", "rotate", "--master-key-file", served.key, LATCHKEY_MASTER_KEY="nonsense").returncode == 0
    # What is no document and no password is never read from standard input.
    assert "-: there is no such file" in run("keys", "rotate", "--master-key-file", "-").stderr
    # Whether the server is ready does not hang on a file that is being edited: where it listens is known without it, or stands in it.
    file.write_text(file.read_text() + "dataa: x\n")
    listener = settings["internal-listen"]
    broken = tmp_path / "broken.yaml"
    broken.write_text("issuer: [\n")
    for named in (broken, tmp_path / "nothing.yaml"):
        assert run("health", "--internal-listen", listener, named=named).stdout == "ready\n"
        assert run("health", named=named, LATCHKEY_INTERNAL_LISTEN=listener).stdout == "ready\n"
        unknown = run("health", named=named)
        assert unknown.returncode == 2 and str(named) in unknown.stderr
    assert run("health").stdout == "ready\n"
    # What the server would refuse is not guessed at.
    refused = run("account", "list")
    assert refused.returncode == 2 and f"{file}: \"dataa\" is no setting." in refused.stderr
    missing = run("account", "list", named=tmp_path / "nothing.yaml")
    assert missing.returncode == 2 and "there is no such file" in missing.stderr


def test_settings_that_cannot_be_are_named_together(tmp_path: Path) -> None:
    done = subprocess.run(
        [str(executable()), "serve", "--data", str(tmp_path), "--trusted-proxies", "10.0.0.0/99", "--issuer", "nonsense"],
        capture_output=True, text=True, timeout=30)
    assert done.returncode == 2
    for setting in ["--trusted-proxies: ", "--issuer: ", "--master-key-file: "]:
        assert setting in done.stderr


def test_an_address_that_is_taken_is_named(served: Serving, tmp_path: Path) -> None:
    taken = served.issuer.removeprefix("http://")
    done = subprocess.run(
        [str(executable()), "serve", "--issuer", "http://127.0.0.1:8400", "--listen", taken, "--internal-listen", f"127.0.0.1:{free_port()}",
         "--data", str(tmp_path / "other"), "--master-key-file", str(tmp_path / "master.key")],
        capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1 and taken in done.stderr and "--listen" in done.stderr and "bind(" not in done.stderr, done.stderr
