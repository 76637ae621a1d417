"""Where a load's codes and tokens come from: files, a program, or a user who signs in on Latchkey's own page."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

from scenarios import Credentials, Server, code_exchange
from wrk import SCRIPTS, Load, WrongAnswer, run

COMMAND_SECONDS = 600
EXCHANGE_SECONDS = 180
# wrk asks its script for one request that it never sends, and some are under way at the end.
SPARE_CODES = 64


class AuthorizationRequest:
    """One request for all codes: each code is bound to its challenge all the same (RFC 7636 §4.2)."""

    def __init__(self, server: Server, client: Credentials, redirect_uri: str, scope: str | None) -> None:
        self.verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
        self.parameters = {
            "response_type": "code", "client_id": client.client_id, "redirect_uri": redirect_uri, "state": secrets.token_urlsafe(16),
            "code_challenge": challenge, "code_challenge_method": "S256", **({"scope": scope} if scope else {})}
        self.url = server.endpoint("authorization_endpoint") + "?" + urlencode(self.parameters)


class Codes(Protocol):
    def write(self, count: int, path: Path) -> None:
        """Appends that many codes to the file, one a line."""


class CodesOfFile:
    """Codes that somebody made before, bound to no challenge or to the verifier given with them."""

    def __init__(self, path: Path) -> None:
        self.left = path.read_text().split()

    def write(self, count: int, path: Path) -> None:
        taken, self.left = self.left[:count], self.left[count:]
        path.write_text("".join(f"{code}\n" for code in taken))


class CodesOfCommand:
    """`COMMAND COUNT` prints codes for the request whose URL stands in $AUTHORIZATION_REQUEST, one a line."""

    def __init__(self, command: str, request: AuthorizationRequest) -> None:
        self.command = shlex.split(command)
        self.request = request

    def write(self, count: int, path: Path) -> None:
        result = subprocess.run(
            [*self.command, str(count)], capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False,
            env={**os.environ, "AUTHORIZATION_REQUEST": self.request.url})
        if result.returncode != 0:
            raise WrongAnswer(f"{self.command[0]} ended with {result.returncode}: {result.stderr[-500:]}")
        path.write_text(result.stdout)


class CodesOfSignIn:
    """Signs in on Latchkey's page and consents once, as a browser without scripts would; what is granted redirects at once."""

    def __init__(self, server: Server, request: AuthorizationRequest, email: str, password: str) -> None:
        sys.path.insert(0, str(SCRIPTS.parent / "Tests" / "blackbox"))
        from latchkey_server import Browser, User  # noqa: PLC0415

        browser: Any = Browser(server)  # type: ignore[arg-type]
        browser.authorize(request, User(email, password))
        self.request = request
        self.cookies = "; ".join(f"{each.name}={each.value}" for each in browser.session.cookies)

    def write(self, count: int, path: Path) -> None:
        path.write_text("")
        load = Load("authorize", "authorize.lua", self.request.url, {"LOAD_OUTPUT": str(path), "LOAD_COOKIE": self.cookies})
        while path.read_text().count("\n") < count:
            told = run(load, 32, 3)
            if told["wrong"]:
                raise WrongAnswer(f"{told['wrong']} of {told['requests']} authorization requests brought no code")


class Supply:
    """Codes, refresh tokens and access tokens for the measures."""

    def __init__(
        self, server: Server, client: Credentials, codes: Codes | None, redirect_uri: str, verifier: str | None, directory: Path,
        access_tokens: Path | None = None, refresh_tokens: Path | None = None,
    ) -> None:
        self.server = server
        self.client = client
        self.source = codes
        self.redirect_uri = redirect_uri
        self.verifier = verifier
        self.directory = directory
        self.given_access_tokens = access_tokens
        self.given_refresh_tokens = CodesOfFile(refresh_tokens) if refresh_tokens else None
        self.number = 0

    def _file(self) -> Path:
        self.number += 1
        return self.directory / f"supply-{self.number}"

    def _codes(self, count: int) -> Path:
        if self.source is None:
            raise WrongAnswer("codes are needed: --codes, --authorize-command or --sign-in")
        path = self._file()
        self.source.write(count, path)
        lines = path.read_text().split()
        if len(lines) < count:
            raise WrongAnswer(f"{count} codes are needed, {len(lines)} came")
        return path

    def exchange(self, count: int) -> Load:
        return code_exchange(self.server, self.client, self._codes(count), self.redirect_uri, self.verifier)

    def _pairs(self, count: int) -> list[list[str]]:
        """An access token and a refresh token each, of installations of their own."""
        output = self._file()
        output.write_text("")
        codes = self._codes(count + SPARE_CODES)
        load = code_exchange(self.server, self.client, codes, self.redirect_uri, self.verifier, output)
        load.environment["LOAD_COUNT"] = str(count)
        run(load, min(count, 32), EXCHANGE_SECONDS)
        pairs = [line.split() for line in output.read_text().splitlines()]
        if len(pairs) < count:
            raise WrongAnswer(f"{count} codes brought {len(pairs)} pairs of tokens")
        return pairs

    def access_tokens(self, count: int) -> Path:
        if self.given_access_tokens:
            return self.given_access_tokens
        path = self._file()
        path.write_text("".join(f"{pair[0]}\n" for pair in self._pairs(count)))
        return path

    def refresh_tokens(self, count: int) -> Path:
        path = self._file()
        if self.given_refresh_tokens:
            self.given_refresh_tokens.write(count, path)
        else:
            path.write_text("".join(f"{pair[1]}\n" for pair in self._pairs(count)))
        return path
