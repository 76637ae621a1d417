"""The pages of OAuth clients as a browser without scripts uses them (issue 3, OAuth clients, for developers)."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import issued
import pytest
import requests
from html_forms import Form
from latchkey_server import Browser, Departure, LatchkeyServer, Page, User, eventually

HOSTILE = "<script>alert(1)</script>"
SECRET = re.compile(r"lks_[\w-]{20,}")


@pytest.fixture(scope="module")
def developing() -> Iterator[LatchkeyServer]:
    server = LatchkeyServer("--log-level", "debug").start()
    yield server
    server.dispose()


class Developer:
    """Somebody at the pages of account 1's clients."""

    def __init__(self, server: LatchkeyServer, role: str = "Administrator") -> None:
        self.server = server
        self.user = server.new_user(role)
        self.account = self.user.accounts[0]
        self.browser: Browser = server.browser(self.user)
        self.path = f"/accounts/{self.account}/oauth-clients"

    def page(self, path: str = "", status: int = 200) -> Page:
        page = self.browser.page(self.path + path)
        assert page.status == status, page.text[:500]
        return page

    def send(self, page: Page, action: str, changes: dict[str, Any] | None = None, status: int = 200) -> Page:
        """Pushes the button of that action, in whatever form it stands."""
        form = page.html.form_with("action", action)
        answer = self.browser.submit(page, form, changes, ("action", action))
        assert isinstance(answer, Page) and answer.status == status, answer.text[:800] if isinstance(answer, Page) else answer
        return answer

    def create(self, name: str, kind: str = "web", **changes: Any) -> tuple[str, Page]:
        uri = "http://127.0.0.1/callback" if kind == "native" else "https://app.example.com/cb"
        fields = {"client_name": name, "redirect_uris": uri, "use_zone.read": "required", **changes}
        page = self.send(self.page(f"/new?kind={kind}"), "create", fields)
        return page.html.link_with("Secrets").split("/")[-2], page

    def api(self, method: str, client_id: str, path: str = "", user: User | None = None, **options: Any) -> requests.Response:
        token = self.server.api_token(user or self.server.administrator)
        return self.server.manage(method, f"/accounts/{self.account}/oauth_clients/{client_id}{path}", token, **options)

    def result(self, method: str, client_id: str, path: str = "", **options: Any) -> dict[str, Any]:
        answer = self.api(method, client_id, path, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]


@pytest.fixture
def developer(developing: LatchkeyServer) -> Developer:
    return Developer(developing)


def secret_on(page: Page) -> str:
    found = re.findall(r'id="client-secret">(lks_[\w-]+)<', page.response.text)
    assert len(found) == 1, found
    return found[0]


def tokens_with(developer: Developer, client_id: str, secret: str) -> requests.Response:
    """What the token endpoint says to that secret: invalid_client, or invalid_grant once the client is known."""
    return developer.server.caller.post(
        developer.server.issuer + "/oauth2/token", auth=(client_id, secret),
        data={"grant_type": "refresh_token", "refresh_token": "nothing"})


# MARK: Creating


@pytest.mark.parametrize(("kind", "method", "response_types"), [
    ("web", "client_secret_basic", ["code", "id_token"]), ("spa", "none", ["code"]), ("native", "none", ["code"]),
    ("agent", "client_secret_basic", ["code"])])
def test_each_kind_gets_the_settings_that_fit_it(
    developer: Developer, kind: str, method: str, response_types: list[str]
) -> None:
    choice = developer.page("/new")
    assert developer.browser.page(next(link.href for link in choice.html.links if link.href.endswith(f"kind={kind}"))).status == 200
    client_id, page = developer.create(f"Kind {kind}", kind, **{
        "use_dns.read": "optional", "purpose_dns.read": "To list your records", "purpose_dns.write": "not used, so not kept"})
    made = developer.result("GET", client_id)
    assert made["token_endpoint_auth_method"] == method and made["response_types"] == response_types
    assert set(made["grant_types"]) == {"authorization_code", "refresh_token"} and made["visibility"] == "private"
    assert {"zone.read", "dns.read"} <= set(made["scopes"]) and made["optional_scopes"] == ["dns.read"]
    assert made["purposes"] == {"dns.read": "To list your records"}
    if method == "none":
        assert not SECRET.search(page.text)
        assert "no secret" in developer.page(f"/{client_id}/secrets").text
    else:
        assert tokens_with(developer, client_id, secret_on(page)).json()["error"] == "invalid_grant"
    assert f"Kind {kind}" in developer.page().text


def test_a_secret_is_shown_once_and_never_again(developer: Developer) -> None:
    client_id, page = developer.create("Shown Once")
    secret = secret_on(page)
    assert page.response.headers["Cache-Control"] == "no-store"
    for path in ["", "/secrets", "/visibility", "/try", "/stop"]:
        shown = developer.page(f"/{client_id}{path}")
        assert secret not in shown.response.text and not SECRET.search(shown.response.text), path


def test_what_is_wrong_is_said_at_its_field_and_everything_is_kept(developer: Developer) -> None:
    page = developer.send(developer.page("/new?kind=web"), "create", {
        "client_name": "Kept \u202e Name", "redirect_uris": "https://app.example.com/cb\nhttp://evil.example.com/x\nhttps://*.example.com/",
        "use_zone.read": "optional", "purpose_zone.read": "x" * 300}, status=400)
    form = page.html.form_with("action", "create")
    assert form.value("client_name") == "Kept \u202e Name"
    assert form.value("redirect_uris") == "https://app.example.com/cb\nhttp://evil.example.com/x\nhttps://*.example.com/"
    assert form.value("use_zone.read") == "optional" and form.value("purpose_zone.read") == "x" * 300
    assert form.value("use_dns.read") == ""
    for text in ["U+202E", "“http://evil.example.com/x”: It should begin with https://", "no wildcard", "at most 200 characters"]:
        assert text in page.text, text
    invalid = [values["name"] for tag, values in page.html.tags if values.get("aria-invalid") == "true"]
    assert invalid == ["client_name", "redirect_uris"]
    assert "Kept" not in developer.page().text


def test_the_server_says_what_is_wrong_while_somebody_types(developer: Developer) -> None:
    page = developer.page("/new?kind=web")
    form = page.html.form_with("action", "create")
    fields = dict(form.fields()) | {"client_name": "Typed", "redirect_uris": "ftp://example.com/", "check": "1"}
    answer = developer.browser.session.post(page.url.split("?")[0], data=fields)
    assert answer.status_code == 200 and "dangerous" not in answer.text
    assert list(answer.json()) == ["redirect_uris"] and "“ftp://example.com/”: " in answer.json()["redirect_uris"][0]
    assert "Typed" not in developer.page().text
    client_id, _ = developer.create("Typed Later")
    page = developer.page(f"/{client_id}")
    fields = dict(page.html.form_with("action", "save").fields()) | {"logo_uri": "http://x.example/", "check": "1"}
    answer = developer.browser.session.post(page.url, data=fields)
    assert list(answer.json()) == ["logo_uri"]
    assert developer.result("GET", client_id)["logo_uri"] is None


# MARK: Settings


def without_dns(client: dict[str, Any]) -> dict[str, Any]:
    """What is seen in DNS moves on by itself."""
    proof = client["client_uri_verification"]
    return {**client, "client_uri_verification": {name: proof[name] for name in ("host", "text")}}


def test_settings_save_everything_and_keep_what_was_not_touched(developer: Developer) -> None:
    client_id, _ = developer.create("Settled", **{"use_dns.read": "optional", "purpose_dns.read": "Why not"})
    before = developer.result("GET", client_id)
    page = developer.send(developer.page(f"/{client_id}"), "save")
    assert "Saved." in page.text
    after = developer.result("GET", client_id)
    assert after == before
    developer.send(page, "save", {
        "client_name": "Settled Anew", "redirect_uris": "https://a.example/cb\r\n\r\n https://b.example/cb ",
        "post_logout_redirect_uris": "https://a.example/bye", "allowed_cors_origins": "https://a.example",
        "logo_uri": "https://a.example/logo.png", "policy_uri": "https://a.example/privacy", "tos_uri": "https://a.example/terms",
        "client_uri": "https://settled.test/", "id_token_signed_response_alg": "RS256", "signs_in": None, "stays_connected": None,
        "token_endpoint_auth_method": "client_secret_post", "use_dns.read": "required", "use_zone.read": ""})
    changed = developer.result("GET", client_id)
    wanted = {
        "client_name": "Settled Anew", "redirect_uris": ["https://a.example/cb", "https://b.example/cb"],
        "post_logout_redirect_uris": ["https://a.example/bye"], "allowed_cors_origins": ["https://a.example"],
        "logo_uri": "https://a.example/logo.png", "policy_uri": "https://a.example/privacy", "tos_uri": "https://a.example/terms",
        "client_uri": "https://settled.test/", "id_token_signed_response_alg": "RS256", "grant_types": ["authorization_code"],
        "response_types": ["code"], "token_endpoint_auth_method": "client_secret_post", "scopes": ["dns.read"], "optional_scopes": [],
        "purposes": {"dns.read": "Why not"}}
    assert {name: changed[name] for name in wanted} == wanted
    page = developer.send(developer.page(f"/{client_id}"), "save", {"client_uri": "http://settled.test/", "tos_uri": "no"}, status=400)
    form = page.html.form_with("action", "save")
    assert form.value("client_uri") == "http://settled.test/" and form.value("tos_uri") == "no"
    assert without_dns(developer.result("GET", client_id)) == without_dns(changed)


def test_saving_other_settings_does_not_begin_the_proof_anew(developer: Developer) -> None:
    client_id, _ = developer.create("Proving")
    developer.send(developer.page(f"/{client_id}"), "save", {"client_uri": "https://proving.test/"})
    kinds = lambda: [  # noqa: E731
        event["action"]["type"] for event in developer.server.manage(
            "GET", f"/accounts/{developer.account}/audit_logs?per_page=1000", developer.server.api_token(developer.server.administrator)
        ).json()["result"] if client_id in str(event)]
    assert kinds().count("client.host_proof_started") == 1
    developer.send(developer.page(f"/{client_id}"), "save", {"client_name": "Proving Still"})
    assert kinds().count("client.host_proof_started") == 1


# MARK: Secrets


def test_a_secret_is_rotated_in_three_steps(developer: Developer) -> None:
    client_id, page = developer.create("Rotating")
    old = secret_on(page)
    tokens_with(developer, client_id, old)
    page = developer.page(f"/{client_id}/secrets")
    assert not page.html.has_form_with("action", "delete_old")
    page = developer.send(page, "rotate")
    new = secret_on(page)
    assert new != old
    for secret in (old, new):
        assert tokens_with(developer, client_id, secret).json()["error"] == "invalid_grant"
    page = developer.page(f"/{client_id}/secrets")
    assert "The old secret" in page.text and "The new secret" in page.text and not page.html.has_form_with("action", "rotate")
    assert "used less than a minute ago" in page.text and "will be refused" in page.text
    page = developer.send(page, "delete_old", status=400)
    assert "not deleted" in page.text and tokens_with(developer, client_id, old).json()["error"] == "invalid_grant"
    page = developer.send(page, "delete_old", {"sure": "1"})
    assert "rotation is complete" in page.text
    assert tokens_with(developer, client_id, old).json()["error"] == "invalid_client"
    assert tokens_with(developer, client_id, new).json()["error"] == "invalid_grant"


def test_an_old_secret_that_nothing_uses_goes_without_a_question(developing: LatchkeyServer, developer: Developer) -> None:
    client_id, _ = developer.create("Idle")
    page = developer.send(developer.page(f"/{client_id}/secrets"), "rotate")
    tokens_with(developer, client_id, secret_on(page))
    page = developer.page(f"/{client_id}/secrets")
    assert "Nothing used it in the last day." in page.text and not page.html.form_with("action", "delete_old").has("sure")
    assert "rotation is complete" in developer.send(page, "delete_old").text


# MARK: Visibility


def test_publishing_says_what_is_missing(developer: Developer) -> None:
    client_id, _ = developer.create("Unready")
    page = developer.page(f"/{client_id}/visibility")
    assert [text for text in ("Logo missing", "Website with a proven host missing", "At least one permission done") if text not in page.text] == []
    form = page.html.form_with("action", "publish")
    assert all(control.is_disabled for control in form.buttons())
    page = developer.send(page, "publish", status=400)
    assert "needs a logo" in page.text and developer.result("GET", client_id)["visibility"] == "private"


def test_checking_now_is_limited_by_page_and_api(developer: Developer) -> None:
    client_id, _ = developer.create("Checked")
    assert developer.api("POST", client_id, "/check_host").status_code == 400
    developer.send(developer.page(f"/{client_id}"), "save", {"client_uri": "https://checked.invalid/"})
    eventually(lambda: developer.result("GET", client_id)["client_uri_verification"]["checked_at"], within=20)
    page = developer.page(f"/{client_id}/visibility")
    value = developer.result("GET", client_id)["client_uri_verification"]["text"]
    assert value in page.text and "checked.invalid" in page.text and "Next check" in page.text
    answer = developer.api("POST", client_id, "/check_host")
    assert answer.status_code == 429 and 1 <= int(answer.headers["Retry-After"]) <= 10 and answer.headers["x-should-retry"] == "false"
    page = developer.send(page, "check", status=429)
    assert "a moment ago" in page.text and int(page.response.headers["Retry-After"]) >= 1
    checked_at = developer.result("GET", client_id)["client_uri_verification"]["checked_at"]
    with developer.server.rows() as database:
        database.execute(
            "UPDATE client_proofs SET checked_at = checked_at - 11, next_check_at = next_check_at + 600 WHERE client_id = ?", (client_id,))
    answer = developer.api("POST", client_id, "/check_host")
    assert answer.status_code == 200, answer.text
    assert answer.json()["result"]["client_uri_verification"]["checked_at"] >= checked_at


def test_the_proof_of_a_client_that_the_operator_made_is_begun_by_page(developer: Developer) -> None:
    client_id = developer.server.first.client_id
    assert developer.result("GET", client_id)["client_uri_verification"] is None
    page = developer.send(developer.page(f"/{client_id}/visibility"), "restart")
    verification = developer.result("GET", client_id)["client_uri_verification"]
    assert verification["text"] in page.text and verification["host"] in page.text


def public_client(developer: Developer, name: str) -> str:
    """A public client of account 1: made by page, its host proven by the hand of the test."""
    client_id, _ = developer.create(name)
    developer.send(developer.page(f"/{client_id}"), "save", {
        "client_uri": f"https://{client_id}.test/", "logo_uri": "https://a.example/logo.png"})
    eventually(lambda: developer.result("GET", client_id)["client_uri_verification"]["checked_at"], within=20)
    with developer.server.rows() as database:
        database.execute("UPDATE client_proofs SET status = 'verified', next_check_at = NULL WHERE client_id = ?", (client_id,))
    page = developer.send(developer.page(f"/{client_id}/visibility"), "publish")
    assert "It is public now." in page.text
    return client_id


def authorize(developer: Developer, client_id: str, user: User) -> Departure:
    """That user allows the client, through the link on its page Try it."""
    browser = developer.server.browser(user)
    page = developer.page(f"/{client_id}/try")
    answer = browser.get(page.html.link_with("Try the consent page"))
    assert isinstance(answer, Page), answer
    answer = browser.decide(answer)
    assert isinstance(answer, Departure), answer.text[:500]
    return answer


def test_a_public_client_becomes_private_after_a_page_that_counts(developer: Developer) -> None:
    client_id = public_client(developer, "Withdrawn")
    outsider = developer.server.new_user(account=1)
    authorize(developer, client_id, outsider)
    authorize(developer, client_id, developer.user)
    reach = developer.result("GET", client_id, "/consequences")
    assert reach["private"] == {"users": 1, "accounts": 1, "authorizations": 1, "installations": 0}
    assert reach["delete"]["users"] == 2 and reach["freeze"] == reach["delete"]
    page = developer.browser.page(developer.page(f"/{client_id}/visibility").html.link_with("Make it private again"))
    assert re.search("person ?1", page.text)
    assert developer.result("GET", client_id)["visibility"] == "public"
    page = developer.send(page, "private")
    assert "It is private now." in page.text
    assert developer.result("GET", client_id, "/consequences")["delete"]["users"] == 1
    assert "Withdrawn" not in developer.server.browser(outsider).page("/connected-apps").text
    assert "Withdrawn" in developer.browser.page("/connected-apps").text


def test_the_consent_page_tells_proven_and_unproven_apart(developer: Developer) -> None:
    client_id = public_client(developer, "Proven App")
    page = developer.browser.page(developer.page(f"/{client_id}/try").html.link_with("Try the consent page"))
    assert f"Verified {client_id}.test." in page.text and "Unproven" not in page.text
    other, _ = developer.create("Unproven App")
    developer.send(developer.page(f"/{other}"), "save", {"client_uri": "https://bank.test/"})
    page = developer.browser.page(developer.page(f"/{other}/try").html.link_with("Try the consent page"))
    assert "Unproven." in page.text and "says that it is from bank.test" in page.text and "Verified" not in page.text
    with developer.server.rows() as database:
        database.execute("UPDATE clients SET is_platform_owned = 1 WHERE id = ?", (other,))
    developer.send(developer.page(f"/{other}"), "save", {"client_name": "Platform App"})
    page = developer.browser.page(developer.page(f"/{other}/try").html.link_with("Try the consent page"))
    assert "Made by Nimbus Cloud." in page.text and "Unproven" not in page.text and "Verified" not in page.text


# MARK: Trying


def test_the_try_page_runs_the_client_s_own_consent_and_its_verifier_redeems_the_code(developer: Developer) -> None:
    client_id, made = developer.create("Tried")
    page = developer.page(f"/{client_id}/try")
    url = page.html.link_with("Try the consent page")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert asked["client_id"] == client_id and asked["redirect_uri"] == "https://app.example.com/cb"
    (verifier,) = [word for word in re.findall(r">([\w-]{43})<", page.response.text)
                   if base64.urlsafe_b64encode(hashlib.sha256(word.encode()).digest()).rstrip(b"=").decode() == asked["code_challenge"]]
    assert verifier not in url
    again = developer.page(f"/{client_id}/try").html.link_with("Try the consent page")
    assert parse_qs(urlsplit(again).query)["code_challenge"] != [asked["code_challenge"]]
    consent = developer.browser.page(url)
    assert "Tried wants access" in consent.text
    answer = developer.browser.decide(consent)
    assert isinstance(answer, Departure)
    tokens = developer.server.caller.post(developer.server.issuer + "/oauth2/token", auth=(client_id, secret_on(made)), data={
        "grant_type": "authorization_code", "code": answer.parameters["code"], "redirect_uri": asked["redirect_uri"],
        "code_verifier": verifier})
    assert tokens.status_code == 200, tokens.text


def test_example_code_holds_the_real_values_and_no_secret(developer: Developer) -> None:
    for kind, language in [("web", "Authlib"), ("spa", "crypto.subtle"), ("native", "openssl"), ("agent", "Authlib")]:
        client_id, _ = developer.create(f"Coded {kind}", kind)
        text = developer.page(f"/{client_id}/try").text
        assert language in text and "curl" in text and text.count(client_id) > 2 and developer.server.issuer in text
        assert not SECRET.search(text)


def code_on(page: Page, name: str) -> str:
    found = re.search(rf'<pre class="listing" id="code-{name}"[^>]*>(.*?)</pre>', page.response.text, re.DOTALL)
    assert found, page.text
    return html.unescape(found[1])


def test_the_python_example_connects(developer: Developer, monkeypatch: pytest.MonkeyPatch) -> None:
    client_id, made = developer.create("In Python", "web", **{"use_dns.read": "optional"})
    monkeypatch.setenv("CLIENT_SECRET", secret_on(made))
    # The library wants https, which loopback has no need of.
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    names: dict[str, Any] = {}
    exec(code_on(developer.page(f"/{client_id}/try"), "python"), names)
    answer = developer.browser.decide(developer.browser.page(names["url"]))
    assert isinstance(answer, Departure)
    access, refresh = names["on_callback"](answer.location)
    issued.record("access_token", access)
    assert developer.server.is_active(access) and refresh.startswith("lkr_")


def test_the_shell_example_connects(developer: Developer, tmp_path: Path) -> None:
    client_id, _ = developer.create("In a Shell", "native")
    script = tmp_path / "connect.sh"
    script.write_text(code_on(developer.page(f"/{client_id}/try"), "shell"))
    with subprocess.Popen(
            ["bash", str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        assert process.stdout.readline().startswith("Open this")
        answer = developer.browser.decide(developer.browser.page(process.stdout.readline().strip()))
        assert isinstance(answer, Departure)
        output, _ = process.communicate(answer.location + "\n", timeout=20)
    tokens = json.loads(output)
    issued.record_json(tokens)
    assert developer.server.is_active(tokens["access_token"])


# MARK: Freezing and deleting


def test_freezing_stops_everything_and_is_seen_by_everybody(developer: Developer) -> None:
    server = developer.server
    client = server.new_client("Glacier", account=0)
    token = server.grant(server.member_of_both, client)["access_token"]
    assert server.is_active(token)
    page = developer.page(f"/{client.client_id}/stop")
    assert re.search("person ?1", page.text)
    page = developer.send(page, "freeze")
    assert "Glacier is frozen." in page.text and not server.is_active(token)
    for path in ["", "/secrets", "/visibility", "/try", "/stop"]:
        assert "Frozen since" in developer.page(f"/{client.client_id}{path}").text, path
    assert "frozen" in developer.page().text
    elsewhere = server.new_user(account=1)
    log = server.browser(elsewhere).page(f"/accounts/{server.accounts[1]}/audit?kind=client.frozen")
    assert "OAuth client frozen" in log.text and "Glacier" in log.text and developer.user.email not in log.text
    own = server.manage("GET", "/user/audit_logs?action.type=client.frozen", server.api_token(server.member_of_both))
    assert own.status_code == 200 and client.client_id in own.text and developer.user.email not in own.text, own.text
    strangers = server.manage("GET", "/user/audit_logs?action.type=client.frozen", server.api_token(server.limited))
    assert strangers.status_code == 200 and client.client_id not in strangers.text
    assert "paused" in server.browser(server.member_of_both).page("/connected-apps").text.lower()
    developer.send(page, "thaw")
    assert server.is_active(token)


def test_deleting_takes_the_name_typed(developer: Developer) -> None:
    client_id, _ = developer.create("Mistyped <b>")
    page = developer.page(f"/{client_id}/stop")
    for typed in ["", "mistyped <b>", "Mistyped"]:
        page = developer.send(page, "delete", {"typed_name": typed}, status=400)
        assert "nothing was deleted" in page.text
    page = developer.send(page, "delete", {"typed_name": " Mistyped <b> "})
    assert "The client is deleted." in page.text and "Mistyped" not in page.text
    assert developer.api("GET", client_id).status_code == 404 and developer.page(f"/{client_id}", status=404)


# MARK: Who may


def test_roles_decide_what_the_pages_offer_and_allow(developing: LatchkeyServer, developer: Developer) -> None:
    client_id, made = developer.create("Guarded")
    writer, viewer = Developer(developing, "OAuth Client Write"), Developer(developing, "Viewer")
    assert writer.page().html.link_with("Create a client")
    writer.send(writer.page(f"/{client_id}"), "save", {"client_name": "Guarded Still"})
    assert "Create a client" not in viewer.page().text
    assert viewer.browser.page(viewer.path + "/new").status == 403
    paths = {"": "save", "/secrets": "rotate", "/visibility": "publish", "/stop": "freeze"}
    for path, action in paths.items():
        page = viewer.page(f"/{client_id}{path}")
        assert not page.html.has_form_with("action", action), path
        csrf = re.search(r'name="csrf" value="([^"]+)"', viewer.browser.page("/sign-out").response.text)
        assert csrf
        answer = viewer.browser.post(f"{viewer.path}/{client_id}{path}", {"csrf": csrf[1], "action": action, "client_name": "Taken"})
        assert isinstance(answer, Page) and answer.status == 403, path
    viewer_new = viewer.browser.post(viewer.path + "/new", {"csrf": csrf[1], "kind": "web", "action": "create"})
    assert isinstance(viewer_new, Page) and viewer_new.status == 403
    assert viewer.browser.page(f"{viewer.path}/{client_id}/private").status == 403
    after = developer.result("GET", client_id)
    assert after["client_name"] == "Guarded Still" and after["status"] == "active" and not after["has_rotated_secret"]


def test_another_account_s_client_does_not_exist(developing: LatchkeyServer, developer: Developer) -> None:
    foreign = developing.private.client_id
    for path in ["", "/secrets", "/visibility", "/private", "/try", "/stop"]:
        assert developer.browser.page(f"{developer.path}/{foreign}{path}").status == 404, path
        assert developer.browser.page(f"/accounts/{developing.accounts[1]}/oauth-clients/{foreign}{path}").status == 404, path
    assert developer.browser.page(f"/accounts/{developing.accounts[1]}/oauth-clients").status == 404
    assert developer.browser.page(f"{developer.path}/nonsense").status == 404
    csrf = developer.page("/new?kind=web").html.form_with("kind").value("csrf")
    for path, action in [("", "save"), ("/secrets", "rotate"), ("/visibility", "private"), ("/stop", "freeze"), ("/stop", "delete")]:
        answer = developer.browser.post(
            f"{developer.path}/{foreign}{path}", {"csrf": csrf, "action": action, "typed_name": developing.private.name})
        assert isinstance(answer, Page) and answer.status == 404, (path, action)
    for path, method in [("/consequences", "GET"), ("/check_host", "POST")]:
        assert developer.api(method, foreign, path).status_code == 404, path


def test_every_form_needs_its_token(developer: Developer) -> None:
    client_id, _ = developer.create("Forged")
    for path in ["/new", f"/{client_id}", f"/{client_id}/secrets", f"/{client_id}/visibility", f"/{client_id}/stop"]:
        for csrf in [{}, {"csrf": "x" * 43}]:
            answer = developer.browser.post(developer.path + path, {
                "kind": "web", "action": "freeze", "client_name": "Taken", "redirect_uris": "https://a.example/", **csrf})
            assert isinstance(answer, Page) and answer.status == 403, path
    assert developer.result("GET", client_id)["status"] == "active"


def test_signing_in_comes_first(developing: LatchkeyServer, developer: Developer) -> None:
    client_id, _ = developer.create("Unseen")
    stranger = developing.browser()
    for path in ["", "/new", f"/{client_id}", f"/{client_id}/secrets", f"/{client_id}/private", f"/{client_id}/try", f"/{client_id}/stop"]:
        page = stranger.page(developer.path + path)
        assert page.html.has_form_with("password") and "Unseen" not in page.text, path


def test_no_field_is_more_than_text(developer: Developer) -> None:
    client_id, _ = developer.create(HOSTILE, **{"purpose_zone.read": HOSTILE})
    for path in ["", f"/{client_id}", f"/{client_id}/secrets", f"/{client_id}/visibility", f"/{client_id}/try", f"/{client_id}/stop"]:
        page = developer.page(path)
        assert HOSTILE not in page.response.text and HOSTILE in page.text + page.html.title, path
    page = developer.send(developer.page(f"/{client_id}"), "save", {
        "redirect_uris": f"https://x/{HOSTILE}\n</textarea>{HOSTILE}", "logo_uri": HOSTILE, "client_uri": '"><img src=x>'}, status=400)
    assert HOSTILE not in page.response.text and "<img" not in page.response.text
    assert "alert(1)" not in developer.browser.page(developer.path + "?page=9&deleted=" + HOSTILE).response.text


@pytest.mark.parametrize("fields", [
    {"client_name": "x" * 30_000}, {"redirect_uris": "\n".join(f"https://a.example/{number}" for number in range(101))},
    {"use_nothing.here": "required"}, {"use_zone.read": "sometimes"}, {"kind": "toaster"}, {"client_name": ""}, {"redirect_uris": " \n "},
    {"purpose_zone.read": "a\x0bb"}])
def test_bad_input_is_refused_in_words(developer: Developer, fields: dict[str, str]) -> None:
    form = developer.page("/new?kind=web")
    changes = {"client_name": "Bad Input", "redirect_uris": "https://a.example/", "use_zone.read": "required", **fields}
    if fields.get("use_zone.read") == "sometimes":
        client_page = developer.send(form, "create", changes)
        assert "ready" in client_page.text
        return
    page = developer.send(form, "create", changes, status=400)
    assert page.html.has_form_with("action", "create") or "What are you building?" in page.text


def test_a_form_that_is_too_large_is_refused(developer: Developer) -> None:
    page = developer.page("/new?kind=web")
    form: Form = page.html.form_with("action", "create")
    answer = developer.browser.submit(page, form, {"client_name": "x" * 70_000}, ("action", "create"))
    assert isinstance(answer, Page) and answer.status == 413
    