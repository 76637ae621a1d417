"""The audit log: through the unmodified SDK, on its page, in exports, and its tamper evidence."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import time
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from audit_chain import SEALED_WITHIN, flip_a_byte, seal_of, sealed, verify
from cloudflare import BadRequestError, Cloudflare, NotFoundError, PermissionDeniedError
from cloudflare.types.accounts.logs import AuditListResponse
from cloudflare.types.shared import AuditLog
from latchkey_server import Browser, Caller, LatchkeyServer, Page, User, eventually, wait_until


def sdk(server: LatchkeyServer, user: User | None = None) -> Cloudflare:
    return Cloudflare(api_token=server.api_token(user or server.administrator), base_url=server.management, max_retries=0)


def around_now() -> dict[str, Any]:
    now = datetime.now(timezone.utc)
    return {"since": (now - timedelta(days=1)).isoformat(), "before": (now + timedelta(days=1)).isoformat()}


def first_event(server: LatchkeyServer, kind: str, user: User) -> AuditLog:
    logs = sdk(server).audit_logs.list(account_id=server.accounts[0], action={"type": kind}, actor={"email": user.email})
    return next(iter(logs))


# MARK: The SDK's lists


def test_the_numbered_list_pages_until_it_is_empty(server: LatchkeyServer) -> None:
    """management-api.md, trap 1: asked for page after page until `result` is []."""
    client, account = sdk(server), server.accounts[0]
    small = [log.id for log in client.audit_logs.list(account_id=account, per_page=3)]
    assert len(small) > 6 and len(set(small)) == len(small)
    whole = [log.id for log in client.audit_logs.list(account_id=account, per_page=1000)]
    assert set(small) <= set(whole)
    past = client.audit_logs.list(account_id=account, page=10_000)
    assert past.result == []


def test_events_have_the_shape_of_the_models(server: LatchkeyServer, person: User) -> None:
    server.grant(person, server.first)
    log = first_event(server, "authorization.granted", person)
    assert log.action and log.action.type == "authorization.granted" and log.action.result is True
    assert log.actor and (log.actor.email, log.actor.type, log.actor.ip) == (person.email, "user", "127.0.0.1")
    assert log.when and abs(log.when - datetime.now(timezone.utc)) < timedelta(minutes=1)
    assert log.resource and log.resource.type == "authorization" and log.resource.id
    assert log.metadata["client_id"] == server.first.client_id  # type: ignore[index]
    assert set(server.first.required_scopes) <= set(log.metadata["scopes"])  # type: ignore[index]

    entries = list(sdk(server).accounts.logs.audit.list(account_id=server.accounts[0], limit=50, **around_now()))
    entry = next(each for each in entries if each.id == log.id)
    assert isinstance(entry, AuditListResponse)
    assert entry.action and (entry.action.type, entry.action.result) == ("authorization.granted", "success")
    assert entry.action.description == "Allowed an app to act" and entry.action.time == log.when
    assert entry.actor and (entry.actor.email, entry.actor.context, entry.actor.type) == (person.email, "dash", "user")
    assert entry.actor.ip_address == "127.0.0.1"
    assert entry.account and entry.account.id == server.accounts[0]
    assert entry.raw and entry.raw.user_agent and "blackbox" in entry.raw.user_agent


def test_dotted_filters_restrict(server: LatchkeyServer, person: User) -> None:
    """management-api.md, trap 6: nested query parameters come with dots."""
    server.grant(person, server.first)
    client, account = sdk(server), server.accounts[0]

    def ids(**filters: Any) -> list[str]:
        return [log.id or "" for log in client.audit_logs.list(account_id=account, **filters)]

    granted = first_event(server, "authorization.granted", person)
    assert ids(action={"type": "authorization.granted"}, actor={"email": person.email}) == [granted.id]
    assert ids(id=granted.id) == [granted.id]
    assert granted.id in ids(action={"type": "authorization"}, actor={"ip": "127.0.0.1"})
    assert granted.id in ids(actor={"email": person.email.upper()})
    assert ids(id=granted.id, actor={"ip": "192.0.2.1"}) == []
    assert ids(actor={"email": "nobody@example.org"}) == []
    assert ids(action={"type": "authorization.grant"}) == []
    assert granted.when is not None
    assert granted.id in ids(since=granted.when, before=granted.when + timedelta(seconds=1))
    assert ids(id=granted.id, before=granted.when) == []
    assert ids(id=granted.id, since=granted.when + timedelta(seconds=1)) == []
    own = {"action": {"type": "authorization"}, "actor": {"email": person.email}}
    server.grant(person, server.native)
    assert ids(direction="asc", **own) == list(reversed(ids(direction="desc", **own))) != []


def test_the_cursor_list_goes_through_everything_once(server: LatchkeyServer) -> None:
    client, account, window = sdk(server), server.accounts[0], around_now()
    down = [entry.id for entry in client.accounts.logs.audit.list(account_id=account, limit=3, **window)]
    up = [entry.id for entry in client.accounts.logs.audit.list(account_id=account, limit=4, direction="asc", **window)]
    assert len(set(down)) == len(down) > 6
    assert up == list(reversed(down))


@pytest.mark.parametrize(("query", "name"), [
    ("before=2026-01-01", "since"), ("since=2026-01-01", "before"), ("since=soon&before=2026-01-01", "since"),
    ("since=2026-01-01&before=2027-01-01&limit=0", "limit"), ("since=2026-01-01&before=2027-01-01&direction=up", "direction"),
    ("since=2026-01-01&before=2027-01-01&cursor=x", "cursor"),
])
def test_what_cannot_be_read_is_a_400_that_names_it(server: LatchkeyServer, query: str, name: str) -> None:
    answer = server.manage(
        "GET", f"/accounts/{server.accounts[0]}/logs/audit?{query}", server.api_token(server.administrator))
    assert answer.status_code == 400 and answer.json()["success"] is False
    assert any(name in error["message"] for error in answer.json()["errors"])


def test_the_sdk_raises_for_wrong_input(server: LatchkeyServer) -> None:
    with pytest.raises(BadRequestError):
        sdk(server).audit_logs.list(account_id=server.accounts[0], since="soon")


def test_a_member_without_the_permission_is_forbidden_and_a_stranger_finds_nothing(server: LatchkeyServer) -> None:
    """Brief: stranger → 404, member without permission → 403."""
    with pytest.raises(PermissionDeniedError):
        sdk(server, server.limited).audit_logs.list(account_id=server.accounts[0])
    for account in (server.accounts[1], "0" * 32, "x"):
        with pytest.raises(NotFoundError):
            sdk(server).audit_logs.list(account_id=account)
        with pytest.raises(NotFoundError):
            sdk(server).accounts.logs.audit.list(account_id=account, **around_now())


def test_a_user_reads_their_own_log_and_nobody_elses(server: LatchkeyServer) -> None:
    server.grant(server.limited, server.first, decline=server.first.optional_scopes)
    server.grant(server.administrator, server.first)
    logs = list(sdk(server, server.limited).user.audit_logs.list(per_page=7))
    assert "authorization.granted" in {log.action.type for log in logs if log.action}
    assert {log.actor.email for log in logs if log.actor} <= {server.limited.email, None}


# MARK: What is recorded


def test_signing_in_failing_and_out_are_events(server: LatchkeyServer, person: User) -> None:
    account, client = server.accounts[0], sdk(server)
    for _ in range(4):
        Browser(server, address="127.0.0.77").sign_in(person.email, "a wrong password")
    browser = Browser(server, address="127.0.0.78").signed_in_as(person)
    page = browser.page("/sign-out")
    browser.submit(page, page.html.form_with("csrf"))
    failed = [log for log in client.audit_logs.list(account_id=account, action={"type": "sign_in.failed"}, actor={"ip": "127.0.0.77"})]
    assert len(failed) == 1, "one for a user, an address and a minute"
    assert failed[0].action and failed[0].action.result is False
    assert failed[0].actor and failed[0].actor.email is None
    assert failed[0].metadata["reason"] == "wrong password"  # type: ignore[index]
    kinds = [log.action.type for log in client.audit_logs.list(account_id=account, actor={"ip": "127.0.0.78"}) if log.action]
    assert kinds == ["session.ended", "session.created"]


def test_use_of_codes_and_refresh_tokens_that_matters_is_recorded(strict: LatchkeyServer, strict_person: User) -> None:
    """Brief: code replay, refresh reuse, installation begun and ended."""
    client = strict.first
    response = strict.browser(strict_person).authorize(client.request(), strict_person)
    client.tokens(response)
    assert client.exchange(response).status_code == 400
    tokens = strict.grant(strict_person, client)
    client.refreshed(tokens["refresh_token"])
    assert client.refresh(tokens["refresh_token"]).status_code == 400
    assert client.revoke(strict.grant(strict_person, client)["refresh_token"]).status_code == 200
    logs = sdk(strict).audit_logs.list(account_id=strict.accounts[0], direction="asc", per_page=1000)
    seen = [log for log in logs if log.metadata and log.metadata.get("client_id") == client.client_id]  # type: ignore[union-attr]
    kinds = [log.action.type for log in seen if log.action]
    for kind in ("installation.began", "code.replayed", "refresh.reused", "installation.ended"):
        assert kind in kinds
    replayed = next(log for log in seen if log.action and log.action.type == "code.replayed")
    assert replayed.action and replayed.action.result is False
    assert replayed.metadata["actor_client_id"] == client.client_id  # type: ignore[index]


def test_the_owner_of_a_client_learns_that_it_was_authorized_but_not_by_whom(server: LatchkeyServer) -> None:
    """A person who is no member of the owner's account is not the owner's to know."""
    stranger = server.new_user(account=1)
    server.grant(stranger, server.first)
    account, client = server.accounts[0], sdk(server)
    logs = list(client.audit_logs.list(account_id=account, action={"type": "authorization.granted"}, per_page=1000))
    hidden = [log for log in logs if log.actor and log.actor.type == "user" and log.actor.email is None]
    assert hidden and hidden[0].actor
    assert (hidden[0].actor.id, hidden[0].actor.ip) == (None, None)
    assert "authorization_id" not in hidden[0].metadata and "accounts" not in hidden[0].metadata  # type: ignore[operator]
    assert list(client.audit_logs.list(account_id=account, actor={"email": stranger.email})) == []
    answer = server.manage("GET", f"/accounts/{account}/audit_logs?per_page=1000", server.api_token(server.administrator))
    assert stranger.email not in answer.text
    browser = server.browser(server.administrator)
    for form in ("audit", "audit.csv", "audit.jsonl"):
        assert stranger.email not in browser.session.get(f"{server.issuer}/accounts/{account}/{form}").text


def test_what_was_chosen_in_one_account_is_not_told_in_another(server: LatchkeyServer, person: User) -> None:
    token, here = server.operate("user", "token", person.email)["value"], server.accounts[0]
    there = server.manage("POST", "/accounts", token, json={"name": "Elsewhere"}).json()["result"]["id"]
    for account in (here, there):
        for zone in ("audited-1", "audited-2"):
            server.manage("PUT", f"/accounts/{account}/resources/zone/{zone}", token, json={"name": zone})
    chosen = {f"resources_{each}_zone": "some" for each in (here, there)}
    server.grant(
        person, server.first, accounts=[here, there], **chosen,
        resource=[f"{each}/zone/{zone}" for each in (here, there) for zone in ("audited-1", "audited-2")])
    id = next(each["id"] for each in server.manage("GET", "/user/authorizations", token).json()["result"]
        if each["client_id"] == server.first.client_id)

    def choose(**accounts: list[str]) -> None:
        body = {"resources": {account: {"zone": zones} for account, zones in accounts.items()}}
        assert server.manage("PATCH", f"/user/authorizations/{id}", token, json=body).status_code == 200

    def log(account: str, kind: str) -> list[dict[str, Any]]:
        events = server.manage("GET", f"/accounts/{account}/audit_logs?per_page=1000", token).json()["result"]
        return [each["metadata"] for each in events
            if each["action"]["type"] == kind and each["metadata"].get("authorization_id") == id]

    assert [each["resources"] for each in log(here, "authorization.granted")] == [{here: {"zone": 2}}]
    choose(**{there: ["audited-1"]})
    assert log(here, "authorization.resources_changed") == []
    choose(**{here: ["audited-1"], there: ["audited-2"]})
    [seen] = log(here, "authorization.resources_changed")
    assert (seen["resources"], seen["resources_before"]) == ({here: {"zone": 1}}, {here: {"zone": 2}})
    assert there not in str(seen)
    assert len(log(there, "authorization.resources_changed")) == 2
    # The same again is no change.
    choose(**{here: ["audited-1"]})
    assert len(log(here, "authorization.resources_changed")) == 1 and log(here, "authorization.narrowed") == []


def test_whoever_ends_a_client_is_nobody_to_the_accounts_that_had_granted_it(own: LatchkeyServer) -> None:
    """The act shows; the other account's person, address and token do not, neither to an account nor to the user."""
    user, client = own.new_user("Administrator", account=1), own.first
    own.grant(user, client)
    mine = own.operate("user", "token", user.email)["value"]
    assert sdk(own).iam.oauth_clients.delete(client.client_id, account_id=own.accounts[0])
    for path in (f"/accounts/{own.accounts[1]}/audit_logs", "/user/audit_logs"):
        answer = own.manage("GET", path + "?action.type=authorization.ended", mine)
        (ended,) = answer.json()["result"]
        assert (ended["actor"]["id"], ended["actor"]["email"], ended["actor"]["ip"]) == (None, None, None)
        assert own.administrator.email not in answer.text


def test_ones_own_log_is_not_searched_by_what_it_hides(own: LatchkeyServer) -> None:
    """An address or a person that is not shown is not found by a filter either."""
    user, app = own.new_user("Administrator", account=1), own.first
    own.grant(user, app)
    mine = own.operate("user", "token", user.email)["value"]
    elsewhere = Caller("127.0.0.91")
    answer = elsewhere.delete(
        f"{own.management}/accounts/{own.accounts[0]}/oauth_clients/{app.client_id}",
        headers={"Authorization": f"Bearer {own.api_token(own.administrator)}"})
    assert answer.status_code == 200, answer.text

    def found(filters: str) -> list[str]:
        listed = own.manage("GET", "/user/audit_logs?per_page=1000" + filters, mine)
        assert listed.status_code == 200
        return [each["action"]["type"] for each in listed.json()["result"]]

    assert "authorization.ended" in found("")
    for hidden in ("actor.ip=127.0.0.91", f"actor.email={own.administrator.email}", "actor.ip=operator", "actor.ip=demo"):
        for direction in ("asc", "desc"):
            assert found(f"&{hidden}&direction={direction}") == [], hidden
    assert "authorization.granted" in found("&actor.ip=127.0.0.1") and "authorization.granted" in found(f"&actor.email={user.email}")


# MARK: The page


def test_the_page_says_in_plain_words_what_happened(server: LatchkeyServer, person: User) -> None:
    server.grant(person, server.first)
    browser = server.browser(server.administrator)
    accounts = browser.page("/accounts")
    assert "Northwind" in accounts.text and "Audit log" in accounts.text
    page = browser.page(f"/accounts/{server.accounts[0]}/audit?actor={person.email}")
    assert page.status == 200
    assert "Allowed an app to act" in page.text and person.email in page.text and "DNS Pilot" in page.text
    form = page.html.form_with("kind")
    filtered = browser.submit(page, form, {"kind": "session.created", "actor": person.email})
    assert isinstance(filtered, Page) and "authorization.granted" not in _events(filtered)
    assert "session.created" in _events(filtered)
    nothing = browser.page(f"/accounts/{server.accounts[0]}/audit?actor=nobody@example.org")
    assert "No event fits these filters." in nothing.text
    assert browser.page(f"/accounts/{server.accounts[0]}/audit?since=soon").status == 400


def _events(page: Page) -> str:
    """The page behind its filters, whose options name every kind."""
    return page.text.split("Show everything", 1)[-1]


def test_the_page_goes_on_to_older_events(own: LatchkeyServer) -> None:
    for number in range(52):
        own.operate("account", "suspend" if number % 2 == 0 else "resume", own.accounts[0])
    browser = own.browser(own.administrator)
    url: str | None = f"/accounts/{own.accounts[0]}/audit?kind=account"
    seen: list[str] = []
    while url:
        page = browser.page(url)
        seen += [part.split('"')[0] for part in page.response.text.split('id="event-')[1:]]
        url = _older(page)
    assert len(seen) == len(set(seen)) == 53


def _older(page: Page) -> str | None:
    marker = 'rel="next" href="'
    text = page.response.text
    return text.split(marker, 1)[1].split('"', 1)[0].replace("&amp;", "&") if marker in text else None


def test_the_page_needs_the_permission(server: LatchkeyServer) -> None:
    path = f"/accounts/{server.accounts[0]}/audit"
    assert Browser(server).page(path).html.has_form_with("password")
    assert server.browser(server.limited).page(path).status == 403
    stranger = server.new_user(account=1)
    for each in (path, path + ".csv", path + ".jsonl"):
        assert server.browser(stranger).page(each).status == 404
    assert "Audit log" not in server.browser(server.limited).page("/accounts").text


def test_what_somebody_typed_is_shown_as_text(server: LatchkeyServer) -> None:
    page = server.browser(server.administrator).page(
        f"/accounts/{server.accounts[0]}/audit?address=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&actor=%3Cb%3E")
    assert "<script>alert" not in page.response.text and "<b>" not in page.response.text


# MARK: Exports


def test_exports_hold_every_event_and_no_formula(own: LatchkeyServer) -> None:
    """RFC 4180; cells that begin like a formula are texts."""
    own.operate(
        "client", "add", "=HYPERLINK(\"http://x\")", "--account", own.accounts[0], "--redirect-uri", "https://app.example.net/cb",
        "--scope", own.first.scopes[0])
    browser, path = own.browser(own.administrator), f"{own.issuer}/accounts/{own.accounts[0]}/audit"
    answer = browser.session.get(path + ".csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert f"audit-{own.accounts[0]}.csv" in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert answer.text.count("\r\n") == len(rows) + 1
    names = [row["client"] for row in rows if row["kind"] == "client.created"]
    assert "'=HYPERLINK(\"http://x\")" in names
    assert not [cell for row in rows for cell in row.values() if cell and cell[0] in "=+-@"]
    lines = [json.loads(line) for line in browser.session.get(path + ".jsonl").text.splitlines()]
    assert [str(line["id"]) for line in lines] == [row["id"] for row in rows]
    assert browser.session.get(path + ".csv?kind=keys").text.count("\r\n") == 1
    assert browser.session.get(path + ".csv?actor=nobody@example.org").text.count("\r\n") == 1
    command = [str(own.executable), "audit", "export", "--account", own.accounts[0], *own.place]
    written = subprocess.run(command, capture_output=True, check=True, timeout=30).stdout.decode()
    assert [row["id"] for row in csv.DictReader(io.StringIO(written, newline=""))] == [row["id"] for row in rows]


# MARK: Tamper evidence


def tamper(server: LatchkeyServer, statement: str, *values: Any) -> None:
    with server.rows() as database:
        assert database.execute(statement, values).rowcount > 0


def test_events_are_sealed_within_seconds_and_at_a_stop(own: LatchkeyServer) -> None:
    own.grant(own.administrator, own.first)
    report = sealed(own)
    assert report["holds"] and report["breaks"] == [] and report["seals"] > 0 and report["events"] > 0
    own.operate("account", "suspend", own.accounts[1])
    own.stop()
    code, after = verify(own)
    assert (code, after["unsealed"]) == (0, 0)
    assert after["events"] == report["events"] + 1


def test_a_flipped_byte_is_found(own: LatchkeyServer) -> None:
    """Issue, Done when: a flipped byte is found."""
    own.grant(own.administrator, own.first)
    sealed(own)
    own.stop()
    sequence = flip_a_byte(own, "authorization.granted")
    code, report = verify(own)
    assert code == 1 and report["holds"] is False
    assert report["breaks"] == [
        {"kind": "event_changed", "text": f"event {sequence} under seal {seal_of(own, sequence)} was changed"}]


@pytest.mark.parametrize(("statement", "kind"), [
    ("UPDATE events SET address = '192.0.2.1' WHERE sequence = 2", "event_changed"),
    ("DELETE FROM events WHERE sequence = 2", "event_missing"),
    ("DELETE FROM event_accounts WHERE sequence = (SELECT MIN(sequence) FROM event_accounts)", "event_changed"),
    ("UPDATE event_seals SET mac = (SELECT mac FROM event_seals WHERE number = 2) WHERE number = 1", "seal_changed"),
    ("DELETE FROM event_seals WHERE number = 1", "seal_missing"),
])
def test_where_it_broke_is_said(own: LatchkeyServer, statement: str, kind: str) -> None:
    own.operate("account", "suspend", own.accounts[1])
    sealed(own)
    own.operate("account", "resume", own.accounts[1])
    sealed(own)
    tamper(own, statement)
    code, report = verify(own)
    assert code == 1 and kind in {each["kind"] for each in report["breaks"]}, report
    plain = own.command("audit", "verify")
    assert plain.returncode == 1


def test_an_event_put_under_a_seal_later_is_found(own: LatchkeyServer) -> None:
    sealed(own)
    tamper(own, "INSERT INTO events (sequence, at, kind) VALUES (-5, 1, 'user.created')")
    code, report = verify(own)
    assert code == 1 and [each["kind"] for each in report["breaks"]] == ["event_inserted"]


def test_seals_that_were_cut_off_are_found_with_a_noted_one_and_not_sealed_over(own: LatchkeyServer) -> None:
    newest = sealed(own)["newest_seal"]
    assert verify(own, "--expect", newest)[0] == 0
    tamper(own, "DELETE FROM event_seals")
    tamper(own, "DELETE FROM events WHERE sequence > 2")
    eventually(lambda: "audit log was tampered with" in own.log(), SEALED_WITHIN)
    code, report = verify(own, "--expect", newest)
    assert code == 1 and [each["kind"] for each in report["breaks"]] == ["expected_seal_missing"]
    assert report["seals"] == 0, "it was sealed over"


def test_the_chain_holds_across_a_rotation_of_the_keys(own: LatchkeyServer) -> None:
    before = sealed(own)
    own.operate("keys", "rotate", "--lead", "2")
    wait_until(time.time() + 2)
    own.operate("account", "suspend", own.accounts[1])
    after = sealed(own)
    assert after["seals"] > before["seals"] and after["holds"]
    with own.rows() as database:
        (keys,) = database.execute("SELECT COUNT(DISTINCT key_id) FROM event_seals").fetchone()
    assert keys == 2


def test_another_master_key_verifies_nothing(own: LatchkeyServer, tmp_path: Any) -> None:
    wrong = tmp_path / "key"
    wrong.write_text("A" * 43 + "=")
    result = own.command("audit", "verify", "--master-key-file", str(wrong))
    assert result.returncode == 1 and result.stdout == ""


def test_the_operator_lists_events(server: LatchkeyServer, person: User) -> None:
    server.grant(person, server.first)
    listed = server.operate("audit", "list", "--kind", "authorization.granted", "--actor", person.email)
    assert [each["kind"] for each in listed] == ["authorization.granted"]
    assert listed[0]["actor"] == person.email and listed[0]["client"] == "DNS Pilot"
    assert server.operate("audit", "list", "--kind", "keys")[0]["actor"] == "the server"
    assert server.command("audit", "list", "--actor", "nobody@example.org").returncode == 3
    assert server.command("audit", "list", "--since", "soon").returncode == 2
