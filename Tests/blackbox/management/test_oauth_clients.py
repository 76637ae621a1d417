"""OAuth clients through the unmodified SDK (management-api.md: paths, rules, traps 2 to 5)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import cloudflare as sdk_package
import pytest
from cloudflare import Cloudflare
from latchkey_server import Departure, LatchkeyServer, Page, User, error_of
from sdk import app, create, ours, rotate, sdk

ID = re.compile(r"[0-9a-f]{32}")
MEMBERS = {
    "client_id", "visibility", "client_name", "client_uri", "client_uri_verification", "logo_uri", "policy_uri", "tos_uri", "redirect_uris",
    "post_logout_redirect_uris", "allowed_cors_origins", "grant_types", "response_types", "scopes", "optional_scopes",
    "token_endpoint_auth_method", "has_rotated_secret", "created_at", "updated_at", "promoted_at",
}


@pytest.fixture
def account(server: LatchkeyServer) -> str:
    return server.accounts[0]


@pytest.fixture
def admin(server: LatchkeyServer) -> Cloudflare:
    return sdk(server, server.administrator)


def pointers(error: sdk_package.BadRequestError) -> list[str]:
    """The members that an answer finds wrong."""
    return [problem.get("source", {}).get("pointer", "") for problem in error.body["errors"]]  # type: ignore[index,call-overload]


def own_calls(cloudflare: Cloudflare, account: str, client_id: str) -> dict[str, Any]:
    """Every call about an account's clients, by name; the list and the single client are for looking."""
    clients = cloudflare.iam.oauth_clients
    path = f"/accounts/{account}/oauth_clients/{client_id}"
    return {
        "list": lambda: list(clients.list(account_id=account)),
        "get": lambda: clients.get(client_id, account_id=account),
        "create": lambda: create(cloudflare, account, client_name="Made by a role"),
        "update": lambda: clients.update(client_id, account_id=account, client_name="Renamed by a role"),
        "rotate_secret": lambda: rotate(cloudflare, account, client_id),
        "delete_rotated_secret": lambda: clients.delete_rotated_secret(client_id, account_id=account),
        "freeze": lambda: ours(cloudflare, "post", path + "/freeze"),
        "thaw": lambda: ours(cloudflare, "post", path + "/thaw"),
        "delete": lambda: clients.delete(client_id, account_id=account),
    }


# MARK: Create, get, list


def test_a_client_is_created_shown_and_listed(server: LatchkeyServer, admin: Cloudflare, account: str) -> None:
    """management-api.md, Paths: create answers the client with its secret, which get and list never show again."""
    made = create(
        admin, account, optional_scopes=["dns.read"], post_logout_redirect_uris=["https://painter.example/bye"],
        allowed_cors_origins=["https://painter.example"], policy_uri="https://painter.example/privacy",
        tos_uri="https://painter.example/terms", logo_uri="https://painter.example/logo.png")
    assert ID.fullmatch(made.client_id) and made.client_secret and made.client_secret.startswith("lks_")
    assert (made.visibility, made.client_name, made.has_rotated_secret, made.promoted_at) == ("private", "Zone Painter", False, None)
    assert set(made.scopes or []) == {"account.read", "zone.read", "dns.read", "offline_access"}
    assert made.optional_scopes == ["dns.read"] and made.allowed_cors_origins == ["https://painter.example"]
    assert made.logo_uri == "https://painter.example/logo.png" and made.client_uri is None and made.client_uri_verification is None
    assert isinstance(made.created_at, datetime) and made.created_at == made.updated_at and made.created_at.tzinfo is not None

    shown = admin.iam.oauth_clients.get(made.client_id, account_id=account)
    assert set(shown.to_dict()) >= MEMBERS
    assert {**shown.to_dict(), "client_secret": made.client_secret} == made.to_dict()
    listed = {each.client_id: each for each in admin.iam.oauth_clients.list(account_id=account)}
    assert listed[made.client_id].to_dict() == shown.to_dict()
    assert server.first.client_id in listed and server.private.client_id not in listed
    raw = server.manage("GET", f"/accounts/{account}/oauth_clients", server.api_token(server.administrator))
    assert made.client_secret not in raw.text
    assert raw.json()["result_info"] == {"count": len(listed), "page": 1, "per_page": 1000, "total_count": len(listed)}


def test_a_new_client_works_at_once_for_members_of_its_account_only(
    server: LatchkeyServer, admin: Cloudflare, account: str
) -> None:
    """management-api.md, Rules: new clients are private: only members of the owning account may authorize them."""
    client = app(server, account, create(admin, account))
    tokens = server.grant(server.administrator, client)
    assert server.is_active(tokens["access_token"])
    assert client.refresh(tokens["refresh_token"]).status_code == 200
    stranger = server.new_user(account=1)
    answer = server.browser(stranger).ask(client.request())
    assert isinstance(answer, Page) and not answer.html.has_form_with("decision")


def test_a_public_client_has_no_secret_and_uses_pkce(server: LatchkeyServer, admin: Cloudflare, account: str) -> None:
    """management-api.md, Rules: public clients: `none`, PKCE S256, no secret, no rotation."""
    made = create(
        admin, account, client_name="painterctl", token_endpoint_auth_method="none",
        redirect_uris=["http://127.0.0.1/callback", "com.example.painter:/callback"])
    assert made.client_secret is None and "client_secret" not in made.to_dict()
    client = app(server, account, made)
    assert server.grant(server.administrator, client)["refresh_token"]
    without = server.browser(server.administrator).ask(client.request(code_challenge=None, code_challenge_method=None))
    assert isinstance(without, Departure) and without.parameters["error"] == "invalid_request"
    with pytest.raises(sdk_package.BadRequestError):
        rotate(admin, account, made.client_id)


@pytest.mark.parametrize(("response_types", "grant_types", "implied"), [
    (["code"], ["authorization_code"], set()),
    (["code"], ["authorization_code", "refresh_token"], {"offline_access"}),
    (["code", "id_token"], ["authorization_code", "refresh_token"], {"openid", "offline_access"}),
])
def test_protocol_scopes_follow_from_the_types(
    admin: Cloudflare, account: str, response_types: list[str], grant_types: list[str], implied: set[str]
) -> None:
    """management-api.md, Rules: `openid` and `offline_access` are added or removed by the server."""
    for named in ([], ["openid", "offline_access"]):
        made = create(admin, account, scopes=["zone.read", *named], response_types=response_types, grant_types=grant_types)
        assert set(made.scopes or []) == {"zone.read"} | implied
    narrower = admin.iam.oauth_clients.update(made.client_id, account_id=account, grant_types=["authorization_code"])
    assert "offline_access" not in (narrower.scopes or [])


def test_everything_that_is_wrong_is_told_at_once(admin: Cloudflare, account: str) -> None:
    """management-api.md, trap 2 and Envelope: a 400 with one error per mistake, each with its JSON pointer."""
    with pytest.raises(sdk_package.BadRequestError) as refused:
        create(
            admin, account, client_name=" ", grant_types=["authorization_code", "implicit"], response_types=["token"],
            redirect_uris=["https://painter.example/ok", "http://painter.example/plain"], scopes=["zone.read", "no.such"],
            optional_scopes=["dns.write", "openid"], allowed_cors_origins=["https://painter.example/path"],
            logo_uri="http://painter.example/logo.png", client_uri="https://192.0.2.7/", token_endpoint_auth_method="none!",
            extra_body={"purposes": {"zone.read": "x" * 201}, "visibility": "public"})
    assert set(pointers(refused.value)) == {
        "/client_name", "/grant_types/1", "/response_types/0", "/response_types", "/redirect_uris/1", "/scopes/1", "/optional_scopes/0",
        "/optional_scopes/1", "/allowed_cors_origins/0", "/logo_uri", "/client_uri", "/token_endpoint_auth_method",
        "/purposes/zone.read", "/visibility",
    }
    with pytest.raises(sdk_package.BadRequestError) as missing:
        admin.post(f"/accounts/{account}/oauth_clients", cast_to=object, body={"client_name": 7})
    assert set(pointers(missing.value)) == {
        "/client_name", "/grant_types", "/redirect_uris", "/response_types", "/scopes", "/token_endpoint_auth_method"}
    for body in (b"[]", b"{", b"\xff"):
        with pytest.raises(sdk_package.BadRequestError):
            admin.post(f"/accounts/{account}/oauth_clients", cast_to=object, content=body)


# MARK: Update


def test_an_update_changes_what_it_names_and_nothing_else(server: LatchkeyServer, admin: Cloudflare, account: str) -> None:
    """management-api.md, Paths: PATCH takes any create field and answers the client without a secret."""
    made = create(admin, account, optional_scopes=["dns.read"], tos_uri="https://painter.example/terms")
    after = admin.iam.oauth_clients.update(
        made.client_id, account_id=account, client_name="Zone Painter 2", redirect_uris=["https://painter.example/new"])
    assert "client_secret" not in after.to_dict()
    before = {name: value for name, value in made.to_dict().items() if name != "client_secret"}
    changed = {name for name, value in after.to_dict().items() if before[name] != value}
    assert {"client_name", "redirect_uris"} <= changed <= {"client_name", "redirect_uris", "updated_at"}
    client = app(server, account, after, made.client_secret)
    assert server.grant(server.administrator, client)["access_token"]
    client.redirect_uri = "https://painter.example/callback"
    assert isinstance(server.browser(server.administrator).ask(client.request()), Page)
    cleared = ours(admin, "patch", f"/accounts/{account}/oauth_clients/{made.client_id}", body={"tos_uri": None})
    assert cleared["tos_uri"] is None


def test_a_client_url_begins_the_proof_of_its_host(admin: Cloudflare, account: str) -> None:
    """management-api.md, Rules: a TXT record at the host of `client_uri`, value `latchkey-client-publisher=…`."""
    made = create(admin, account, client_uri="https://painter.example/about")
    proof = made.client_uri_verification
    assert proof is not None and proof.status in ("pending", "in_progress")
    assert re.fullmatch(r"latchkey-client-publisher=\S{16,}", proof.text or "")
    again = admin.iam.oauth_clients.update(made.client_id, account_id=account, client_uri="https://painter.example/about")
    assert again.client_uri_verification is not None and again.client_uri_verification.text == proof.text
    moved = admin.iam.oauth_clients.update(made.client_id, account_id=account, client_uri="https://other.example/")
    assert moved.client_uri_verification is not None and moved.client_uri_verification.text != proof.text


def test_publishing_takes_a_logo_and_a_proven_host(admin: Cloudflare, account: str) -> None:
    """management-api.md, Rules: `visibility: public` needs a name, a logo, a URL whose host is proven, a scope of the API."""
    made = create(admin, account, scopes=[])
    with pytest.raises(sdk_package.BadRequestError) as refused:
        admin.iam.oauth_clients.update(made.client_id, account_id=account, visibility="public")
    assert set(pointers(refused.value)) == {"/logo_uri", "/client_uri", "/scopes"}
    with pytest.raises(sdk_package.BadRequestError) as unproven:
        admin.iam.oauth_clients.update(
            made.client_id, account_id=account, visibility="public", scopes=["zone.read"], logo_uri="https://painter.example/l.png",
            client_uri="https://painter.example/")
    assert pointers(unproven.value) == ["/client_uri"]
    assert admin.iam.oauth_clients.get(made.client_id, account_id=account).visibility == "private"


def test_back_to_private_ends_what_strangers_granted(server: LatchkeyServer, admin: Cloudflare, account: str) -> None:
    """Issue, Visibility: existing authorizations outside the owner's members end, at once."""
    client = server.new_client("Public Painter")
    outsider, insider = server.new_user(account=1), server.new_user()
    theirs, ours = server.grant(outsider, client), server.grant(insider, client)
    shown = admin.iam.oauth_clients.get(client.client_id, account_id=account)
    assert shown.visibility == "public" and shown.promoted_at is not None
    after = admin.iam.oauth_clients.update(client.client_id, account_id=account, extra_body={"visibility": "private"})
    assert after.visibility == "private" and after.promoted_at is None
    assert not server.is_active(theirs["access_token"]) and server.is_active(ours["access_token"])
    assert error_of(client.refresh(theirs["refresh_token"])) == "invalid_grant"
    assert client.refresh(ours["refresh_token"]).status_code == 200
    assert client.name not in server.browser(outsider).page("/connected-apps").text


def test_the_purpose_of_a_scope_stands_on_the_consent_page(server: LatchkeyServer, admin: Cloudflare, account: str) -> None:
    """Issue, OAuth clients: a purpose text per scope that the consent page shows; design §9: no HTML rendered unescaped."""
    purpose = "To draw a map of <b>your</b> zones"
    made = create(admin, account, extra_body={"purposes": {"zone.read": purpose}})
    page = server.browser(server.administrator).consent_page(app(server, account, made).request(prompt="consent"))
    assert purpose in page.text and "<b>your</b>" not in page.response.text


# MARK: Secrets


def authenticates(server: LatchkeyServer, client: Any) -> bool:
    """Whether the token endpoint takes the client for who it says it is; the code is wrong either way."""
    error = error_of(client.post("/oauth2/token", {"grant_type": "authorization_code", "code": "wrong"}))
    assert error in ("invalid_client", "invalid_grant")
    return error == "invalid_grant"


def test_a_secret_is_rotated_without_a_moment_in_between(server: LatchkeyServer, admin: Cloudflare, account: str) -> None:
    """management-api.md, Rules: at most two secrets; the older one is deleted; a third is refused until then; trap 5: no body."""
    clients = admin.iam.oauth_clients
    made = create(admin, account)
    old = app(server, account, made)
    new = app(server, account, made, rotate(admin, account, made.client_id))
    assert new.client_secret != old.client_secret
    assert authenticates(server, old) and authenticates(server, new)
    assert clients.get(made.client_id, account_id=account).has_rotated_secret is True
    with pytest.raises(sdk_package.BadRequestError):
        rotate(admin, account, made.client_id)
    assert clients.delete_rotated_secret(made.client_id, account_id=account).id == made.client_id
    assert not authenticates(server, old) and authenticates(server, new)
    assert clients.get(made.client_id, account_id=account).has_rotated_secret is False
    with pytest.raises(sdk_package.BadRequestError):
        clients.delete_rotated_secret(made.client_id, account_id=account)


def test_the_last_use_of_each_secret_is_shown(server: LatchkeyServer, admin: Cloudflare, account: str) -> None:
    """Issue, guided rotation: second secret, watch the old one's last use, delete it."""
    made = create(admin, account)
    path = f"/accounts/{account}/oauth_clients/{made.client_id}"

    def secrets() -> list[dict[str, Any]]:
        return ours(admin, "get", path)["secrets"]

    assert [secret["last_used_at"] for secret in secrets()] == [None]
    new = app(server, account, made, rotate(admin, account, made.client_id))
    wrong = app(server, account, made, "lks_wrong")
    assert authenticates(server, new) and not authenticates(server, wrong)
    assert [secret["last_used_at"] is not None for secret in secrets()] == [False, True]


def test_a_change_of_method_takes_the_secret_along(server: LatchkeyServer, admin: Cloudflare, account: str) -> None:
    """A client that keeps no secret any more is not let in by the one it had; it gets another when it does again."""
    made = create(admin, account)
    public = admin.iam.oauth_clients.update(made.client_id, account_id=account, token_endpoint_auth_method="none")
    assert not authenticates(server, app(server, account, made)) and authenticates(server, app(server, account, public))
    again = admin.iam.oauth_clients.update(made.client_id, account_id=account, token_endpoint_auth_method="client_secret_post")
    assert not authenticates(server, app(server, account, again, made.client_secret))
    assert authenticates(server, app(server, account, again, rotate(admin, account, made.client_id)))


# MARK: Delete, freeze


def test_deleting_a_client_ends_every_authorization_at_once(server: LatchkeyServer, admin: Cloudflare, account: str) -> None:
    """management-api.md, Rules; trap 4: the answer is a 200 with the id."""
    client = app(server, account, create(admin, account))
    tokens = server.grant(server.administrator, client)
    assert admin.iam.oauth_clients.delete(client.client_id, account_id=account).to_dict() == {"id": client.client_id}
    assert not server.is_active(tokens["access_token"])
    assert error_of(client.refresh(tokens["refresh_token"])) == "invalid_client"
    with pytest.raises(sdk_package.NotFoundError):
        admin.iam.oauth_clients.get(client.client_id, account_id=account)
    with pytest.raises(sdk_package.NotFoundError):
        admin.iam.oauth_clients.delete(client.client_id, account_id=account)


def test_a_frozen_client_stands_still_everywhere_and_goes_on_when_thawed(
    server: LatchkeyServer, admin: Cloudflare, account: str
) -> None:
    """Issue, Break-glass: every authorization pauses at once, everywhere; secrets can be rotated; thaw brings all of it back."""
    made = create(admin, account)
    client = app(server, account, made)
    browser = server.browser(server.administrator)
    tokens = server.grant(server.administrator, client)
    waiting = browser.authorize(client.request(prompt="consent"))
    open_page = browser.consent_page(client.request(prompt="consent"))
    path = f"/accounts/{account}/oauth_clients/{made.client_id}"
    target = f"/accounts/{account}/zones"
    assert server.verify("GET", target, tokens["access_token"]).status_code == 200

    frozen = ours(admin, "post", path + "/freeze")
    assert frozen["status"] == "frozen" and frozen["frozen_at"]
    assert server.inspect(tokens["access_token"]) == {"active": False} and server.inspect(tokens["refresh_token"]) == {"active": False}
    refused = server.verify("GET", target, tokens["access_token"])
    assert refused.status_code == 401 and "frozen" in refused.json()["error_description"]
    assert server.userinfo(tokens["access_token"]).status_code == 401
    for answer in (client.refresh(tokens["refresh_token"]), client.exchange(waiting)):
        assert answer.status_code == 400 and error_of(answer) == "unauthorized_client"
        assert "frozen" in answer.json()["error_description"]
    for parameters in ({}, {"prompt": "none"}):
        page = browser.ask(client.request(**parameters))
        assert isinstance(page, Page) and page.status == 400 and "paused" in page.text
    decided = browser.decide(open_page)
    assert isinstance(decided, Page) and "paused" in decided.text
    new = app(server, account, made, rotate(admin, account, made.client_id))
    assert ours(admin, "post", path + "/freeze")["frozen_at"] == frozen["frozen_at"]

    thawed = ours(admin, "post", path + "/thaw")
    assert thawed["status"] == "active" and thawed["frozen_at"] is None
    assert server.is_active(tokens["access_token"])
    assert server.verify("GET", target, tokens["access_token"]).status_code == 200
    assert new.refresh(tokens["refresh_token"]).status_code == 200 and client.exchange(waiting).status_code == 200


def test_a_frozen_client_can_still_revoke(server: LatchkeyServer, admin: Cloudflare, account: str) -> None:
    """RFC 7009 §2.1: giving access back is always possible."""
    client = app(server, account, create(admin, account))
    tokens = server.grant(server.administrator, client)
    path = f"/accounts/{account}/oauth_clients/{client.client_id}"
    ours(admin, "post", path + "/freeze")
    assert client.revoke(tokens["refresh_token"]).status_code == 200
    ours(admin, "post", path + "/thaw")
    assert not server.is_active(tokens["access_token"])


# MARK: Who may


def test_roles_decide_who_may_do_what(server: LatchkeyServer, admin: Cloudflare, account: str) -> None:
    """management-api.md, Rules: changing takes a role that may; a member without it gets 403, a stranger 404."""
    made = create(admin, account)
    looking = {"list", "get"}
    people: dict[str, tuple[User, dict[bool, type[Exception] | None]]] = {
        "Member": (server.member_of_both, {True: None, False: sdk_package.PermissionDeniedError}),
        "Viewer": (server.limited, {True: None, False: sdk_package.PermissionDeniedError}),
        "stranger": (
            server._user(lambda user: [each["account_id"] for each in user["memberships"]] == server.accounts[1:2]),
            {True: sdk_package.NotFoundError, False: sdk_package.NotFoundError}),
        "Administrator": (server.administrator, {True: None, False: None}),
    }
    for role, (user, expected) in people.items():
        for name, call in own_calls(sdk(server, user), account, made.client_id).items():
            error = expected[name in looking]
            if error is None:
                call()
                continue
            with pytest.raises(error):
                call()
                pytest.fail(f"{role} may {name}")


def test_a_client_of_another_account_does_not_exist(server: LatchkeyServer, admin: Cloudflare, account: str) -> None:
    """Issue: a foreign account's object is a 404, whichever account the path names."""
    for client_id in (server.private.client_id, "0" * 32, "nonsense", server.private.client_id.upper()):
        for name, call in own_calls(admin, account, client_id).items():
            if name in ("list", "create"):
                continue
            with pytest.raises(sdk_package.NotFoundError):
                call()
    for other in (server.accounts[1], "0" * 32, "nonsense"):
        for call in own_calls(admin, other, server.private.client_id).values():
            with pytest.raises(sdk_package.NotFoundError):
                call()


def test_an_apps_access_token_does_not_reach_the_clients(server: LatchkeyServer, account: str) -> None:
    """management-api.md, Envelope: an access token may use this API within its scopes."""
    tokens = server.grant(server.administrator, server.first)
    borrowed = Cloudflare(api_token=tokens["access_token"], base_url=server.management)
    with pytest.raises(sdk_package.PermissionDeniedError):
        list(borrowed.iam.oauth_clients.list(account_id=account))
    nobody = Cloudflare(api_token="lkt_nobody", base_url=server.management)
    with pytest.raises(sdk_package.AuthenticationError):
        list(nobody.iam.oauth_clients.list(account_id=account))


# MARK: Scopes, pages


def test_the_scopes_are_listed_and_the_list_ends(server: LatchkeyServer) -> None:
    """management-api.md, Paths: [{id, name, category?, scopes?[]}] for any authenticated caller; trap 1."""
    scopes = list(sdk(server, server.limited).iam.oauth_scopes.list())
    labels = [scope.id for scope in scopes]
    assert len(labels) == len(set(labels)) and {"zone.read", "dns.write"} <= set(labels)
    assert all(scope.name and scope.category and scope.scopes for scope in scopes)


def test_a_page_behind_the_last_is_empty(server: LatchkeyServer, admin: Cloudflare, account: str) -> None:
    """management-api.md, trap 1: a server that ignores `page` makes the SDK loop for ever."""
    count = len(list(admin.iam.oauth_clients.list(account_id=account)))
    path = f"/accounts/{account}/oauth_clients"
    assert ours(admin, "get", path, options={"params": {"page": 2}}) == []
    assert len(ours(admin, "get", path, options={"params": {"page": 2, "per_page": 2}})) == min(2, count - 2)


def test_a_refusal_is_sent_once(server: LatchkeyServer, account: str) -> None:
    """management-api.md, trap 3: a rotation under way is a 400, which no SDK sends again."""
    sent: list[str] = []
    admin = sdk(server, server.administrator)
    admin._client.event_hooks["request"].append(lambda request: sent.append(f"{request.method} {request.url.path}"))
    made = create(admin, account)
    rotate(admin, account, made.client_id)
    sent.clear()
    with pytest.raises(sdk_package.BadRequestError):
        rotate(admin, account, made.client_id)
    assert len(sent) == 1, sent


def test_a_body_is_not_demanded_where_none_is_needed(server: LatchkeyServer, admin: Cloudflare, account: str) -> None:
    """management-api.md, trap 5: `Content-Length: 0` with `Content-Type: application/json`."""
    made = create(admin, account)
    for verb in ("rotate_secret", "freeze", "thaw"):
        answer = server.manage(
            "POST", f"/accounts/{account}/oauth_clients/{made.client_id}/{verb}", server.api_token(server.administrator),
            headers={"Content-Type": "application/json", "Content-Length": "0"})
        assert answer.status_code == 200, answer.text
