"""`latchkey backup` and `latchkey restore` (docs/backups.md)."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import databases
import pytest
from latchkey_server import Browser, Caller, LatchkeyServer, Page, error_of, eventually
from serving import Serving


def backup(server: LatchkeyServer, target: Path, *options: str) -> dict[str, Any]:
    return server.operate("backup", "--to", str(target), *options)


def restore(server: LatchkeyServer, source: Path, *options: str) -> Any:
    return server.command("restore", "--from", str(source), *options)


def test_a_backup_is_one_moment_of_a_server_at_work(own: LatchkeyServer, tmp_path: Path) -> None:
    user = own.new_user()
    tokens = own.grant(user, own.first)
    ended = threading.Event()
    count = 0

    def refresh() -> None:
        nonlocal count
        caller, latest = Caller(), tokens["refresh_token"]
        while not ended.is_set():
            answer = own.first.refresh(latest, caller)
            assert answer.status_code == 200, answer.text
            latest = answer.json()["refresh_token"]
            count += 1

    worker = threading.Thread(target=refresh)
    worker.start()
    target = tmp_path / "copy.sqlite"
    try:
        eventually(lambda: count > 0 or not worker.is_alive())
        made = backup(own, target)
    finally:
        ended.set()
        worker.join()
    assert count > 0
    assert made["file"] == str(target) and made["bytes"] == target.stat().st_size
    for path in [target, *own.data.glob("latchkey.sqlite*")]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert [path.name for path in tmp_path.iterdir()] == ["copy.sqlite"]
    with closing(sqlite3.connect(target)) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert copy.execute("SELECT COUNT(*) FROM users WHERE email = ?", [user.email]).fetchone() == (1,)

    kept = target.read_bytes()
    assert own.command("backup", "--to", str(target)).returncode == 1
    assert target.read_bytes() == kept, "a backup was replaced without being asked"
    backup(own, target, "--force")
    assert own.command("backup", "--to", str(tmp_path / "no" / "such" / "directory")).returncode == 1


def test_nothing_revoked_comes_back(own: LatchkeyServer, tmp_path: Path) -> None:
    """Issue, Done: nothing revoked comes back."""
    user = own.new_user()
    tokens, others = own.grant(user, own.first), own.grant(user, own.rs256)
    api_token = own.api_token(own.administrator)
    session = own.browser(own.administrator)
    target = tmp_path / "copy.sqlite"
    backup(own, target)
    assert own.first.revoke(tokens["refresh_token"]).status_code == 200
    assert not own.is_active(tokens["access_token"])
    before = sequence(own)

    refused = restore(own, target, "--force")
    assert refused.returncode == 1 and "is running" in refused.stderr
    assert own.is_active(others["access_token"])
    own.stop()
    refused = restore(own, target)
    assert refused.returncode == 1 and "--force" in refused.stderr
    done = restore(own, target, "--force")
    assert done.returncode == 0, done.stderr
    own.start()

    assert not own.is_active(tokens["access_token"])
    assert own.first.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert not own.is_active(others["access_token"]), "nobody knows whether this one was revoked too"
    assert session.page("/connected-apps").html.has_form_with("password"), "a session outlived the restore"
    assert own.manage("GET", "/accounts", api_token).status_code in (401, 403)
    page = Browser(own).sign_in(user.email, user.password)
    assert isinstance(page, Page) and "Connected apps" in page.text
    consent = Browser(own).consent_page(own.first.request(), user)
    assert consent.html.has_form_with("decision"), "an old consent was good without being asked again"
    assert sequence(own) > before + 1_000_000, "a follower of the outbox would take new events for old ones"
    assert list(own.data.glob("latchkey.sqlite.replaced-*")), "the database that was there is gone"
    assert own.command("audit", "verify").returncode == 0


def sequence(server: LatchkeyServer) -> int:
    with closing(sqlite3.connect(server.data / "latchkey.sqlite")) as database:
        return database.execute("SELECT MAX(sequence) FROM events").fetchone()[0]


def content(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as database:
        return list(database.iterdump())


def test_a_move_to_another_machine_keeps_everything(own: LatchkeyServer, tmp_path: Path) -> None:
    tokens = own.grant(own.new_user(), own.first)
    own.stop()
    target = tmp_path / "copy.sqlite"
    backup(own, target)
    for path in own.data.glob("latchkey.sqlite*"):
        path.unlink()
    done = restore(own, target, "--keep-access")
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE((own.data / "latchkey.sqlite").stat().st_mode) == 0o600
    own.start()
    assert own.is_active(tokens["access_token"])
    assert own.first.refresh(tokens["refresh_token"]).status_code == 200


def test_what_cannot_be_used_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    server = Serving(tmp_path)
    server.set_up().start()
    assert server.stop() == 0
    good = tmp_path / "good.sqlite"
    server.operate("backup", "--to", str(good))
    database = server.data / "latchkey.sqlite"
    key = ["--master-key-file", str(server.key)]

    def refused(source: Path, *options: str, code: int = 1) -> str:
        kept = content(database)
        done = server.run("restore", "--from", str(source), "--data", str(server.data), "--force", *options)
        assert done.returncode == code, done.stderr + done.stdout
        assert content(database) == kept
        assert sorted(path.name for path in server.data.iterdir()) == ["latchkey.sqlite"]
        return done.stderr

    refused(tmp_path / "missing", *key, code=3)
    damaged = tmp_path / "damaged.sqlite"
    damaged.write_bytes(good.read_bytes()[:20_000] + b"\xff" * 8192 + good.read_bytes()[28_192:])
    assert "damaged" in refused(damaged, *key)
    text = tmp_path / "text"
    text.write_text("this is no database, and long enough to be looked at\n" * 100)
    assert "damaged or no database" in refused(text, *key)
    other = tmp_path / "other.key"
    other.write_text("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
    assert "another master key" in refused(good, "--master-key-file", str(other))
    newer = tmp_path / "newer.sqlite"
    shutil.copy(good, newer)
    with closing(sqlite3.connect(newer)) as copy:
        copy.execute("INSERT INTO migrations (number, name, checksum, applied_at) VALUES (9999, 'later', 'x', 1)")
        copy.commit()
    assert "newer release" in refused(newer, *key)


@pytest.fixture
def empty() -> Iterator[str]:
    """Another database, for a backup to be put back into."""
    url = databases.new_database(always=True)
    assert url is not None
    yield url
    databases.drop(url)


@pytest.mark.skipif(not os.environ.get("LATCHKEY_TEST_POSTGRES"), reason="needs a cluster: scripts/postgres run …")
def test_nothing_revoked_comes_back_with_pg_restore(tmp_path: Path, empty: str) -> None:
    first = Serving(tmp_path, url=databases.new_database(always=True)).furnish().start()
    browser = first.browser()
    revoked, other = (first.client.tokens(browser.authorize(first.client.request(prompt="consent"))) for _ in range(2))
    file = tmp_path / "copy.dump"
    subprocess.run(["pg_dump", "--format=custom", f"--file={file}", str(first.url)], check=True)
    assert first.client.post("/oauth2/revoke", {"token": revoked["refresh_token"]}).status_code == 200
    assert first.stop() == 0
    with databases.opened(first.data, first.url) as rows:
        before = rows.execute("SELECT MAX(sequence) FROM events").fetchone()[0]

    key = ["--master-key-file", str(first.key)]
    nothing = first.run("restore", "--in-place", "--database", empty, *key)
    assert nothing.returncode == 3 and "nothing of Latchkey's" in nothing.stderr
    subprocess.run(["pg_restore", "--exit-on-error", f"--dbname={empty}", str(file)], check=True)
    wrong = tmp_path / "wrong.key"
    wrong.write_text("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
    refused = first.run("restore", "--in-place", "--database", empty, "--master-key-file", str(wrong))
    assert refused.returncode == 1 and "another master key" in refused.stderr and "Nothing was changed" in refused.stderr
    with databases.opened(first.data, empty) as rows:
        # As many rows take: longer than a server's statements may.
        rows.execute("CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(6); RETURN NULL; END'")
        rows.execute("CREATE TRIGGER slow BEFORE UPDATE ON authorizations EXECUTE FUNCTION slow()")
    done = first.run("restore", "--in-place", "--database", empty, *key)
    assert done.returncode == 0 and "1 connected apps with 2 installations" in done.stdout, done.stdout + done.stderr

    with databases.opened(first.data, empty) as rows:
        rows.execute("DROP FUNCTION slow CASCADE")
    old, first.url = first.url, empty
    databases.drop(old)
    first.start()
    for tokens in (revoked, other):
        assert not first.is_active(tokens["access_token"])
        assert error_of(first.client.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert browser.page("/connected-apps").html.has_form_with("password"), "a session outlived the restore"
    again = first.browser()
    tokens = first.client.tokens(again.authorize(first.client.request(prompt="consent")))
    assert first.is_active(tokens["access_token"])
    with databases.opened(first.data, empty) as rows:
        newest = rows.execute("SELECT MAX(sequence) FROM events").fetchone()[0]
    assert newest > before + 1_000_000, "a follower of the outbox would take new events for old ones"
    assert first.run("audit", "verify", *first.place, *key).returncode == 0
    first.kill()


def test_a_disk_that_was_set_back(tmp_path: Path) -> None:
    """A snapshot of the machine: nothing of Latchkey's was asked when it was made, or put back."""
    server = Serving(tmp_path).furnish().start()
    browser = server.browser()
    tokens = server.client.tokens(browser.authorize(server.client.request(prompt="consent")))
    here = ["restore", "--in-place", *server.place, "--master-key-file", str(server.key)]
    refused = server.run(*here)
    assert refused.returncode == 1 and "is running" in refused.stderr and server.is_active(tokens["access_token"])
    assert server.stop() == 0
    snapshot = tmp_path / "snapshot"
    shutil.copytree(server.data, snapshot)
    server.start()
    assert server.client.post("/oauth2/revoke", {"token": tokens["refresh_token"]}).status_code == 200
    assert server.stop() == 0
    shutil.rmtree(server.data)
    nothing = server.run(*here)
    assert nothing.returncode == 3 and "nothing of Latchkey's" in nothing.stderr
    shutil.copytree(snapshot, server.data, dirs_exist_ok=True)
    done = server.run(*here)
    assert done.returncode == 0 and "1 connected apps" in done.stdout, done.stdout + done.stderr
    server.start()
    assert not server.is_active(tokens["access_token"])
    assert error_of(server.client.refresh(tokens["refresh_token"])) == "invalid_grant"
    server.kill()


@pytest.mark.skipif(not os.environ.get("LATCHKEY_TEST_POSTGRES"), reason="needs a cluster: scripts/postgres run …")
def test_a_node_that_runs_is_noticed_and_forgets_what_was_ended(tmp_path: Path) -> None:
    server = Serving(tmp_path, url=databases.new_database(always=True)).furnish().start()
    try:
        tokens = server.client.tokens(server.browser().authorize(server.client.request(prompt="consent")))
        assert server.is_active(tokens["access_token"])
        here = ["restore", "--in-place", *server.place, "--master-key-file", str(server.key)]
        refused = server.run(*here)
        assert refused.returncode == 1 and "a node is running" in refused.stderr, refused.stdout + refused.stderr
        assert server.is_active(tokens["access_token"])
        done = server.run(*here, "--force")
        assert done.returncode == 0 and "1 connected apps" in done.stdout, done.stdout + done.stderr
        # It had the token in memory.
        eventually(lambda: not server.is_active(tokens["access_token"]), within=20)
        assert error_of(server.client.refresh(tokens["refresh_token"])) == "invalid_grant"
        assert server.stop() == 0
    finally:
        server.kill()
        databases.drop(server.url)


@pytest.mark.parametrize("engine", [
    "sqlite", pytest.param("postgresql", marks=pytest.mark.skipif(
        not os.environ.get("LATCHKEY_TEST_POSTGRES"), reason="needs a cluster: scripts/postgres run …"))])
def test_with_a_wrong_key_no_table_is_changed(tmp_path: Path, engine: str) -> None:
    """Nor is one that a release before this one left behind brought up to this one."""
    url = databases.new_database(always=True) if engine == "postgresql" else None
    server = Serving(tmp_path, url=url).set_up().start()
    assert server.stop() == 0
    with databases.opened(server.data, url) as rows:
        rows.execute("DELETE FROM migrations WHERE number > 1")
    wrong = tmp_path / "wrong.key"
    wrong.write_text("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
    for key, words in ((wrong, "another master key"), (tmp_path / "missing.key", "missing.key")):
        refused = server.run("restore", "--in-place", *server.place, "--master-key-file", str(key))
        assert refused.returncode != 0 and words in refused.stderr, refused.stderr
        with databases.opened(server.data, url) as rows:
            assert rows.execute("SELECT MAX(number) FROM migrations").fetchone()[0] == 1
    assert "Nothing was changed" in server.run("restore", "--in-place", *server.place, "--master-key-file", str(wrong)).stderr
    databases.drop(url)


def test_a_restore_that_was_cut_short_is_gone_on_with(tmp_path: Path) -> None:
    """No server starts on it, and the end tells of all that was ended."""
    server = Serving(tmp_path).furnish().start()
    server.client.tokens(server.browser().authorize(server.client.request(prompt="consent")))
    assert server.stop() == 0
    here = ["restore", "--in-place", *server.place, "--master-key-file", str(server.key)]
    with databases.opened(server.data, None) as rows:
        rows.execute("CREATE TRIGGER stop BEFORE UPDATE ON token_families BEGIN SELECT RAISE(ABORT, 'stop'); END")
    assert server.run(*here).returncode == 1
    started = server.run("serve", *server.options)
    assert started.returncode == 1 and "cut short" in started.stderr and "restore --in-place" in started.stderr
    found = server.run("doctor", *server.place)
    assert found.returncode == 1 and "cut short" in found.stdout + found.stderr
    with databases.opened(server.data, None) as rows:
        rows.execute("DROP TRIGGER stop")
    done = server.run(*here)
    assert done.returncode == 0 and "1 connected apps with 1 installations, 1 sessions" in done.stdout, done.stdout + done.stderr
    assert server.start().stop() == 0


def test_a_damaged_file_is_not_taken_as_it_is(tmp_path: Path) -> None:
    server = Serving(tmp_path).set_up()
    file = server.data / "latchkey.sqlite"
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'events'").fetchone()[0]
    good = file.read_bytes()
    file.write_bytes(good[:(page - 1) * 4096] + b"\xff" * 4096 + good[page * 4096:])
    done = server.run("restore", "--in-place", *server.place, "--master-key-file", str(server.key))
    assert done.returncode == 1 and "damaged" in done.stderr and "Nothing was changed" in done.stderr, done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, who alone gives files away")
@pytest.mark.parametrize("command", ["import", "restore"])
def test_what_root_makes_the_server_may_open(tmp_path: Path, command: str) -> None:
    """The file belongs to the one that the directory belongs to, as a service's own user has it."""
    server = Serving(tmp_path)
    server.data.mkdir()
    os.chown(server.data, 10001, 10001)
    server.set_up()
    key = ["--master-key-file", str(server.key)]
    if command == "restore":
        copy = tmp_path / "copy.sqlite"
        server.operate("backup", "--to", str(copy))
        assert copy.stat().st_uid == 0, "a backup was given to the owner of its directory"
        server.operate("restore", "--from", str(copy), "--force", *key)
    made = (server.data / "latchkey.sqlite").stat()
    assert (made.st_uid, made.st_gid) == (10001, 10001)
    assert stat.S_IMODE(made.st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, who alone gives files away")
def test_root_gives_away_no_file_that_a_link_leads_to(tmp_path: Path) -> None:
    """Whom the directory belongs to can put a link in the place of a file that root just made there."""
    server = Serving(tmp_path)
    server.data.mkdir()
    os.chown(server.data, 10001, 10001)
    server.set_up()
    copy, victim = tmp_path / "copy.sqlite", tmp_path / "victim"
    server.operate("backup", "--to", str(copy))
    victim.touch()
    before = content(server.data / "latchkey.sqlite")
    ready = server.data / "latchkey.sqlite.restored"
    # It makes the file, and waits for the backup to come through the pipe.
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def swap() -> None:
        eventually(ready.exists)
        ready.unlink()
        ready.symlink_to(victim)
        pipe.write_bytes(copy.read_bytes())

    worker = threading.Thread(target=swap, daemon=True)
    worker.start()
    done = server.run("restore", "--from", str(pipe), "--force", "--data", str(server.data), "--master-key-file", str(server.key))
    worker.join(timeout=30)
    assert not worker.is_alive()
    assert victim.stat().st_uid == 0 and victim.stat().st_size == 0
    assert done.returncode == 1 and "something else in its place" in done.stderr, done.stdout + done.stderr
    assert content(server.data / "latchkey.sqlite") == before
    assert not ready.is_symlink()


def test_what_is_put_back_is_said_in_one_way(tmp_path: Path) -> None:
    """Asked in a way that is not clear it touches nothing."""
    server = Serving(tmp_path).set_up()
    key = ["--master-key-file", str(server.key)]
    for options, words in (
        (["--from", "x", "--in-place", *server.place], "either --from FILE or"), (server.place, "either --from FILE or"),
        (["--from", "x", "--database", "postgresql://localhost/x"], "--in-place alone"),
    ):
        done = server.run("restore", *options, *key)
        assert done.returncode == 2 and words in done.stderr, done.stderr
