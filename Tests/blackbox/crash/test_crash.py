"""kill -9 in the middle of a thousand refreshes and revocations: nothing acknowledged is lost, nothing revoked lives."""

from __future__ import annotations

import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import requests
from latchkey_server import Browser, Caller, LatchkeyServer, User

THREADS = 8
LINES = 24
ACKNOWLEDGED_BEFORE_THE_KILL = 1000


def test_what_was_acknowledged_before_a_kill_is_there_after_it(own: LatchkeyServer) -> None:
    """Issue, Tests: kill -9, restart, nothing acknowledged is lost and nothing revoked lives. Design §9."""
    user = own.new_user()
    first = own.grant(user, own.first)
    browser = own.browser(user)
    lines = [first["refresh_token"]]
    for _ in range(LINES - 1):
        lines.append(own.first.tokens(browser.authorize(own.first.request(own.first.scopes)))["refresh_token"])

    acknowledged: list[str] = list(lines)
    revoked: list[str] = []
    # Lines whose revocation was sent and not answered: either may have happened.
    uncertain: set[int] = set()
    count = 0
    lock = threading.Lock()
    enough = threading.Event()
    deadline = time.monotonic() + 120

    def work(thread: int) -> None:
        nonlocal count
        caller = Caller()
        mine = list(range(thread, LINES, THREADS))
        turn = 0
        while not enough.is_set() and time.monotonic() < deadline:
            line = mine[turn % len(mine)]
            turn += 1
            try:
                if turn == 60:
                    access = own.first.refresh(acknowledged[line], caller).json()["access_token"]
                    uncertain.add(line)
                    answer = own.first.post("/oauth2/revoke", {"token": acknowledged[line]}, caller)
                    assert answer.status_code in (200, 503), answer.text
                    uncertain.discard(line)
                    if answer.status_code == 200:
                        revoked.extend([acknowledged[line], access])
                        mine.remove(line)
                    continue
                answer = own.first.refresh(acknowledged[line], caller)
            except requests.RequestException:
                return
            if answer.status_code == 200:
                acknowledged[line] = answer.json()["refresh_token"]
                with lock:
                    count += 1
                    if count == ACKNOWLEDGED_BEFORE_THE_KILL:
                        enough.set()
                        own.kill()

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))
    assert count >= ACKNOWLEDGED_BEFORE_THE_KILL

    own.start()
    ended = set(revoked)
    for line, token in enumerate(acknowledged):
        if line in uncertain:
            continue
        answer = own.first.refresh(token)
        if token in ended:
            assert answer.status_code == 400 and answer.json()["error"] == "invalid_grant"
        else:
            # The last one acknowledged is current, or the one before an answer that nobody saw: either way it goes on.
            assert answer.status_code == 200, answer.text
    assert revoked, "nothing was revoked before the kill"
    for token in revoked:
        assert not own.is_active(token)


def test_a_first_start_that_was_killed_is_gone_on_with() -> None:
    """Issue, Tests: kill -9, restart. Wherever the first start was cut short, the next one prints people who can sign in."""
    for moment in (0.15, 0.3, 0.45, 0.6, 0.8):
        server = LatchkeyServer()
        command = [str(server.executable), "demo", "--json", "--port", str(server.port), *server.place]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                process.wait(moment)
            except subprocess.TimeoutExpired:
                process.kill()
        server.start()
        for entry in server.line["users"]:
            Browser(server).signed_in_as(User(entry["email"], entry["password"]))
        for token in server.line["api_tokens"]:
            assert server.manage("GET", "/user/authorizations", token["value"]).status_code == 200
        assert server.grant(server.administrator, server.first)["access_token"]
        server.dispose()


def test_what_was_deleted_stays_deleted(own: LatchkeyServer) -> None:
    """A demo starts again as it was: what its owner removed does not come back."""
    gone = own.rs256
    own.operate("client", "delete", gone.client_id)
    own.operate("user", "delete", own.member_of_both.email)
    own.stop()
    own.start()
    assert gone.client_id not in {each["client_id"] for each in own.operate("client", "list")}
    assert own.member_of_both.email not in {each["email"] for each in own.operate("user", "list")}
