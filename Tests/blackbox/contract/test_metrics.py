"""`GET /metrics` of the internal listener, traces, and when the server says that it is ready (docs/metrics.md)."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from latchkey_server import LatchkeyServer, User, eventually
from serving import Serving

SAMPLE = re.compile(r'^([a-z_]+)(?:\{((?:[a-z_]+="[^"\\]*",?)*)\})? (-?[0-9.e+-]+)$')
NAMES = {
    "latchkey_requests_total": "counter", "latchkey_request_duration_seconds": "histogram", "latchkey_tokens_issued_total": "counter",
    "latchkey_refresh_reuse_detected_total": "counter", "latchkey_refresh_grace_replays_total": "counter",
    "latchkey_cache_lookups_total": "counter", "latchkey_cache_entries": "gauge", "latchkey_write_queue_depth": "gauge",
    "latchkey_database_connections": "gauge", "latchkey_database_wait_seconds": "histogram",
    "latchkey_database_errors_total": "counter", "latchkey_feed_lag_seconds": "gauge", "latchkey_feed_trusted": "gauge",
    "latchkey_events_total": "counter", "latchkey_sweep_backlog": "gauge", "latchkey_webhook_deliveries_waiting": "gauge",
    "latchkey_key_age_seconds": "gauge", "latchkey_connections_open": "gauge", "latchkey_change_feed_subscribers": "gauge",
    "process_resident_memory_bytes": "gauge", "process_cpu_seconds_total": "counter", "process_open_fds": "gauge",
    "process_start_time_seconds": "gauge", "latchkey_build_info": "gauge",
}


def read(server: LatchkeyServer | Serving) -> dict[str, float]:
    """Each sample with its labels as they stand there; fails where a line is none of the text format."""
    answer = server.caller.get(server.internal + "/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    samples: dict[str, float] = {}
    families: dict[str, str] = {}
    for line in answer.text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in families
            families[name] = kind
        elif not line.startswith("# HELP "):
            match = SAMPLE.match(line)
            assert match, line
            key = line.rsplit(" ", 1)[0]
            assert key not in samples, f"{key} twice"
            family = match[1] if match[1] in families else re.sub("_(bucket|sum|count)$", "", match[1])
            assert family == list(families)[-1], f"{line} stands outside of its family"
            samples[key] = float(match[3])
    assert {name: families.get(name) for name in NAMES} == NAMES
    return samples


def grown(server: LatchkeyServer, before: dict[str, float], name: str) -> float:
    return read(server)[name] - before[name]


def test_tokens_and_requests_are_counted(server: LatchkeyServer, person: User) -> None:
    before = read(server)
    tokens = server.grant(person, server.first)
    fresh = server.first.refreshed(tokens["refresh_token"])
    for _ in range(3):
        assert server.is_active(fresh["access_token"])
    assert server.verify("GET", "/accounts", "nonsense").status_code == 401
    assert server.first.refresh("nonsense").status_code == 400
    assert server.caller.get(server.issuer + "/no-such-page").status_code == 404
    assert grown(server, before, 'latchkey_tokens_issued_total{grant="authorization_code"}') >= 1
    assert grown(server, before, 'latchkey_tokens_issued_total{grant="refresh_token"}') >= 1
    assert grown(server, before, 'latchkey_requests_total{endpoint="/oauth2/token",outcome="ok"}') >= 2
    assert grown(server, before, 'latchkey_requests_total{endpoint="/oauth2/token",outcome="client_error"}') >= 1
    assert grown(server, before, 'latchkey_requests_total{endpoint="/oauth2/introspect",outcome="ok"}') >= 3
    assert grown(server, before, 'latchkey_requests_total{endpoint="/verify",outcome="refused"}') >= 1
    assert grown(server, before, 'latchkey_requests_total{endpoint="pages",outcome="ok"}') >= 1
    assert grown(server, before, 'latchkey_requests_total{endpoint="unknown",outcome="client_error"}') >= 1
    assert grown(server, before, 'latchkey_cache_lookups_total{cache="standings",result="hit"}') >= 2
    assert grown(server, before, "latchkey_events_total") >= 1
    after = read(server)
    name = 'latchkey_request_duration_seconds_bucket{endpoint="/oauth2/introspect",outcome="ok",le="%s"}'
    buckets = [value for key, value in after.items() if key.startswith(name.split("le=")[0])]
    assert buckets == sorted(buckets) and len(buckets) > 10
    assert after[name % "+Inf"] == after['latchkey_requests_total{endpoint="/oauth2/introspect",outcome="ok"}']
    assert after['latchkey_connections_open{listener="internal"}'] >= 1
    eventually(lambda: (now := read(server))["latchkey_feed_trusted"] == 1 and now["latchkey_feed_lag_seconds"] < 5)


def test_a_repeated_refresh_and_a_stolen_one_are_told_apart(server: LatchkeyServer, strict: LatchkeyServer) -> None:
    before = read(server)
    tokens = server.grant(server.new_user(), server.first)
    assert server.first.refreshed(tokens["refresh_token"])["refresh_token"] == server.first.refreshed(tokens["refresh_token"])["refresh_token"]
    assert grown(server, before, "latchkey_refresh_grace_replays_total") >= 1
    before = read(strict)
    tokens = strict.grant(strict.new_user(), strict.first)
    strict.first.refreshed(tokens["refresh_token"])
    assert strict.first.refresh(tokens["refresh_token"]).status_code == 400
    assert grown(strict, before, "latchkey_refresh_reuse_detected_total") >= 1


def test_metrics_name_nobody_and_are_not_public(server: LatchkeyServer, person: User) -> None:
    server.grant(person, server.first)
    assert server.caller.get(server.issuer + "/metrics").status_code == 404
    text = server.caller.get(server.internal + "/metrics").text
    assert person.email not in text and server.first.client_id not in text and server.first.name not in text
    assert not re.search("[0-9a-f]{32}", text)


# MARK: Traces


def lines_with(server: LatchkeyServer, text: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in server.log().splitlines() if text in line]


def test_a_trace_is_in_each_line_of_its_request_and_nothing_where_there_is_none(server: LatchkeyServer) -> None:
    trace = secrets.token_hex(16)
    parent = secrets.token_hex(8)
    answer = server.caller.get(server.issuer + "/health/alive", headers={"traceparent": f"00-{trace}-{parent}-01"})
    line, = eventually(lambda: lines_with(server, trace))
    assert line["trace_id"] == trace and re.fullmatch("[0-9a-f]{16}", line["span_id"]) and line["span_id"] != parent
    assert line["request"] == answer.headers["X-Request-Id"]
    for value in (None, f"00-{trace}-{parent}", f"00-{'0' * 32}-{parent}-01", f"01-{trace}-{parent}-01", "x\" onerror=1"):
        headers = {"traceparent": value} if value else {}
        answer = server.caller.get(server.issuer + "/health/alive", headers=headers)
        line, = eventually(lambda: lines_with(server, f'"{answer.headers["X-Request-Id"]}"'))
        assert "trace_id" not in line and "span_id" not in line


# MARK: Ready


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    serving = Serving(tmp_path)
    yield serving
    serving.kill()


def test_ready_turns_first_when_the_server_is_to_stop(serving: Serving) -> None:
    serving.start("--shutdown-delay", "10")
    assert serving.caller.get(serving.issuer + "/health/ready").json() == {"status": "ready"}
    assert serving.process is not None
    serving.process.terminate()

    def stopping() -> bool:
        answer = serving.caller.get(serving.issuer + "/health/ready")
        return answer.status_code == 503 and answer.json() == {"status": "not_ready", "reasons": ["stopping"]}

    eventually(stopping, within=8)
    assert serving.caller.get(serving.issuer + "/.well-known/openid-configuration").status_code == 200
    assert serving.process.wait(30) == 0
