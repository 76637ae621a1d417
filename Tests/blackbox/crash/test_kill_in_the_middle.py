"""kill -9 in the middle of refreshes and revocations: nothing acknowledged is lost, nothing revoked lives (issue, Tests)."""

from __future__ import annotations

import http.client
import json
import threading
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

import issued
import pytest
from latchkey_server import Client, LatchkeyServer, error_of

LINES = 120
WORKERS = 8
ACTIONS = 1000


@dataclass
class Line:
    """One installation's token line as its client knows it."""

    refresh_token: str
    #: The newest refresh token whose response began to arrive.
    acknowledged: str
    access_tokens: list[str] = field(default_factory=list)
    #: A revocation was acknowledged.
    is_revoked: bool = False
    #: A revocation was sent, acknowledged or not.
    is_revocation_sent: bool = False


class Wire:
    """Posts forms and tells when the first byte of an answer came, whatever became of the rest (contract, Tokens: "Acknowledged")."""

    def __init__(self, server: LatchkeyServer) -> None:
        url = urlsplit(server.issuer)
        self._connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=10)

    def post(self, client: Client, path: str, form: dict[str, str]) -> tuple[int, bytes]:
        """The status and body.

        - Raises: OSError or HTTPException where the server was gone before the answer was complete.
        """
        options = client.authenticated(form)
        headers = {**options["headers"], "Content-Type": "application/x-www-form-urlencoded"}
        self._connection.request("POST", path, urlencode(options["data"]), headers)
        response = self._connection.getresponse()
        return response.status, response.read()

    def close(self) -> None:
        self._connection.close()


class Work:
    """Workers that refresh and revoke until the server is gone; every line belongs to one worker."""

    def __init__(self, server: LatchkeyServer, client: Client, lines: list[Line], kill_after: int) -> None:
        self.server, self.client, self.lines, self.kill_after = server, client, lines, kill_after
        self.done = 0
        self._lock = threading.Lock()
        self.is_time = threading.Event()

    def count(self) -> None:
        with self._lock:
            self.done += 1
            if self.done >= self.kill_after:
                self.is_time.set()

    def run(self, worker: int) -> None:
        wire, mine = Wire(self.server), self.lines[worker::WORKERS]
        try:
            for step in range(ACTIONS):
                line = mine[step % len(mine)]
                if line.is_revoked:
                    continue
                # Each line is refreshed a few times; every fifth line is revoked then.
                if (step // len(mine)) == 3 + step % 5 and (step % len(mine)) % 5 == 0:
                    line.is_revocation_sent = True
                    status, _ = wire.post(self.client, "/oauth2/revoke", {"token": line.refresh_token})
                    assert status == 200
                    line.is_revoked = True
                else:
                    status, body = wire.post(self.client, "/oauth2/token", {
                        "grant_type": "refresh_token", "refresh_token": line.refresh_token})
                    assert status == 200, body
                    answer = json.loads(body)
                    issued.record_json(answer)
                    line.refresh_token = line.acknowledged = answer["refresh_token"]
                    line.access_tokens = [answer["access_token"]]
                self.count()
        except (OSError, http.client.HTTPException):
            return
        finally:
            wire.close()


@pytest.mark.parametrize("round_number", range(2))
def test_nothing_acknowledged_is_lost_and_nothing_revoked_lives(own: LatchkeyServer, round_number: int) -> None:
    """Design §9: a crash that loses a revocation; contract: "acknowledged" is the first byte of the response."""
    client, user = own.first, own.administrator
    own.grant(user, client)
    lines = []
    for _ in range(LINES):
        tokens = client.tokens(own.browser(user).authorize(client.request(), user))
        lines.append(Line(tokens["refresh_token"], tokens["refresh_token"], [tokens["access_token"]]))
    work = Work(own, client, lines, kill_after=500 + 300 * round_number)
    threads = [threading.Thread(target=work.run, args=(worker,)) for worker in range(WORKERS)]
    for thread in threads:
        thread.start()
    assert work.is_time.wait(120), f"only {work.done} were done"
    own.kill()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    own.start()

    assert sum(line.is_revoked for line in lines) >= 5
    for line in lines:
        if line.is_revoked:
            assert error_of(client.refresh(line.refresh_token)) == "invalid_grant", "a revoked line lives"
            assert not any(own.is_active(token) for token in line.access_tokens), "a revoked line's access token lives"
        elif not line.is_revocation_sent:
            assert all(own.is_active(token) for token in line.access_tokens), "an acknowledged access token is lost"
            assert client.refresh(line.acknowledged).status_code == 200, "an acknowledged refresh token is lost"


def test_an_ended_installation_and_a_used_code_stay_so(own: LatchkeyServer) -> None:
    """Design §9, siblings: revocation on the page, the use of a code, reuse that was seen, a sign-out: all survive kill -9."""
    client, user = own.first, own.administrator
    browser = own.browser(user)
    used = browser.authorize(client.request(prompt="consent"), user)
    tokens = client.tokens(used)
    stolen = own.grant(user, client)
    second = client.refreshed(stolen["refresh_token"])
    client.refreshed(second["refresh_token"])
    assert error_of(client.refresh(stolen["refresh_token"])) == "invalid_grant"
    own.kill()
    own.start()
    assert error_of(client.refresh(second["refresh_token"])) == "invalid_grant"
    assert own.is_active(tokens["access_token"])
    assert error_of(client.exchange(used)) == "invalid_grant"
    assert not own.is_active(tokens["access_token"]), "the code's second use was not seen as one"

    other = own.grant(user, client)
    page = browser.page(browser.page("/connected-apps").html.link_with(client.name))
    browser.submit(page, page.html.form_with("action", "revoke"))
    kept = dict(browser.session.cookies)
    page = browser.page(own.line["pages"]["sign_out"])
    browser.submit(page, page.html.form_with("csrf"))
    own.kill()
    own.start()
    assert not own.is_active(other["access_token"])
    assert error_of(client.refresh(other["refresh_token"])) == "invalid_grant"
    browser.session.cookies.update(kept)
    assert browser.page("/connected-apps").html.has_form_with("password"), "the session that was ended lives"


def test_an_operators_change_survives(own: LatchkeyServer) -> None:
    """Contract, Start: what an operator command acknowledged is there after kill -9."""
    user = own.limited
    tokens = own.grant(user, own.first)
    own.operate("user", "disable", user.email)
    own.kill()
    own.start()
    assert not own.is_active(tokens["access_token"])
    own.operate("user", "enable", user.email)
    own.kill()
    own.start()
    assert own.is_active(tokens["access_token"])
