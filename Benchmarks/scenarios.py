"""What is asked of an OAuth server, made from its metadata (RFC 8414)."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import requests
from wrk import Load, WrongAnswer, size_of

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Credentials:
    """A client's id and secret, as `client_secret_basic` sends them (RFC 6749 §2.3.1)."""

    client_id: str
    client_secret: str = field(repr=False)

    @property
    def header(self) -> str:
        pair = f"{quote(self.client_id, safe='')}:{quote(self.client_secret, safe='')}"
        return "Basic " + base64.b64encode(pair.encode()).decode()


class Server:
    """An authorization server, as its metadata describes it."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer.rstrip("/")
        self.session = requests.Session()
        self.session.trust_env = False
        self.metadata_url, self.metadata = self._metadata()

    def _metadata(self) -> tuple[str, dict[str, Any]]:
        parts = urlsplit(self.issuer)
        origin = f"{parts.scheme}://{parts.netloc}"
        places = [
            f"{origin}/.well-known/oauth-authorization-server{parts.path}", f"{origin}/.well-known/openid-configuration{parts.path}",
            f"{self.issuer}/.well-known/openid-configuration"]
        for place in places:
            answer = self.session.get(place, timeout=10)
            if answer.status_code == 200 and answer.json().get("issuer", "").rstrip("/") == self.issuer:
                return place, answer.json()
        raise WrongAnswer(f"no metadata of {self.issuer} at {', '.join(places)}")

    def endpoint(self, name: str) -> str:
        if name not in self.metadata:
            raise WrongAnswer(f"the metadata names no {name}")
        return self.metadata[name]

    def offers_grant(self, grant: str) -> bool:
        return grant in self.metadata.get("grant_types_supported", ["authorization_code", "implicit"])


def fixed(
    server: Server, name: str, method: str, url: str, headers: dict[str, str], body: str | None, check: Callable[[requests.Response], bool],
) -> Load:
    """The same request again and again."""

    def sample() -> int | None:
        answer = server.session.request(
            method, url, headers={**headers, "Accept-Encoding": "identity"}, data=body, timeout=10, allow_redirects=False)
        assert check(answer), f"{answer.status_code} {answer.text[:300]}"
        return size_of(answer)

    environment = {"LOAD_METHOD": method, "LOAD_HEADERS": "\n".join(f"{key}: {value}" for key, value in headers.items())}
    if body is not None:
        environment["LOAD_BODY"] = body
    return Load(name, "fixed.lua", url, environment, sample)


def each_token(
    server: Server, name: str, method: str, url: str, headers: dict[str, str], body: str, tokens: Path,
    check: Callable[[requests.Response], bool],
) -> Load:
    """A request for each token of a file in turn; `TOKEN` stands for it in headers and body."""
    known = tokens.read_text().split()
    if not known:
        raise WrongAnswer(f"{name}: {tokens} holds no tokens")

    def sample() -> int | None:
        token = secrets.choice(known)
        answer = server.session.request(
            method, url, headers={**{key: value.replace("TOKEN", token) for key, value in headers.items()}, "Accept-Encoding": "identity"},
            data=body.replace("TOKEN", quote(token, safe="")) or None, timeout=10, allow_redirects=False)
        assert check(answer), f"{answer.status_code} {answer.text[:300]}"
        return size_of(answer)

    environment = {
        "LOAD_METHOD": method, "LOAD_HEADERS": "\n".join(f"{key}: {value}" for key, value in headers.items()), "LOAD_BODY": body,
        "LOAD_INPUT": str(tokens)}
    return Load(name, "tokens.lua", url, environment, sample, warm_up=len(known))


def bare(server: Server, url: str) -> Load:
    return fixed(server, "bare", "GET", url, {}, None, lambda answer: answer.status_code == 200)


def metadata(server: Server) -> Load:
    return fixed(server, "metadata", "GET", server.metadata_url, {}, None, lambda answer: answer.json()["issuer"] == server.metadata["issuer"])


def jwks(server: Server) -> Load:
    return fixed(server, "jwks", "GET", server.endpoint("jwks_uri"), {}, None, lambda answer: len(answer.json()["keys"]) > 0)


def client_credentials(server: Server, client: Credentials, scope: str | None) -> Load:
    """RFC 6749 §4.4."""
    fields = {"grant_type": "client_credentials", **({"scope": scope} if scope else {})}
    return fixed(
        server, "client credentials", "POST", server.endpoint("token_endpoint"), {"Content-Type": FORM, "Authorization": client.header},
        urlencode(fields), lambda answer: answer.status_code == 200 and bool(answer.json()["access_token"]))


def introspection(server: Server, client: Credentials, tokens: Path) -> Load:
    """RFC 7662, of as many live tokens as the file holds."""
    return each_token(
        server, "introspection", "POST", server.endpoint("introspection_endpoint"), {"Content-Type": FORM, "Authorization": client.header},
        "token=TOKEN", tokens, lambda answer: answer.json()["active"] is True)


def verify(server: Server, url: str, method: str, target: str, tokens: Path) -> Load:
    """Latchkey's check for a gateway, in its forward-auth form."""
    headers = {"Authorization": "Bearer TOKEN", "X-Forwarded-Method": method, "X-Forwarded-Uri": target}
    return each_token(
        server, "verify", "GET", url, headers, "", tokens,
        lambda answer: answer.status_code == 200 and bool(answer.headers["X-Latchkey-User"]))


def refresh(server: Server, client: Credentials, tokens: Path) -> Load:
    """RFC 6749 §6: a line of tokens for each connection, each refreshed by the token that came before."""
    url = server.endpoint("token_endpoint")
    return Load("refresh", "refresh.lua", url, {"LOAD_INPUT": str(tokens), "LOAD_PATH": path_of(url), "LOAD_CREDENTIALS": client.header})


def code_exchange(
    server: Server, client: Credentials, codes: Path, redirect_uri: str, verifier: str | None, output: Path | None = None
) -> Load:
    """RFC 6749 §4.1.3: every code once. What comes of them is written to the output, access and refresh token a line."""
    url = server.endpoint("token_endpoint")
    fields = {"grant_type": "authorization_code", "redirect_uri": redirect_uri, **({"code_verifier": verifier} if verifier else {})}
    environment = {
        "LOAD_INPUT": str(codes), "LOAD_PATH": path_of(url), "LOAD_CREDENTIALS": client.header, "LOAD_BODY": urlencode(fields)}
    if output:
        environment["LOAD_OUTPUT"] = str(output)
    return Load("code exchange", "exchange.lua", url, environment)


def path_of(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
