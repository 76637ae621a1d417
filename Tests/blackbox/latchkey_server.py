"""A Latchkey process under test, and the programs that talk to it over HTTP: a browser, and OAuth clients."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import databases
import issued
import requests
from html_forms import Document, Form
from ports import free_ports
from requests.adapters import HTTPAdapter

REPOSITORY = Path(__file__).resolve().parents[2]
REQUEST_SECONDS = 30
START_SECONDS = 30

_running: list[LatchkeyServer] = []
_registry_lock = threading.Lock()


def executable() -> Path:
    """`$LATCHKEY_BIN`, or what `make build` leaves."""
    return Path(os.environ.get("LATCHKEY_BIN") or REPOSITORY / "bin" / "latchkey")


def all_servers() -> list[LatchkeyServer]:
    """Every server that this run started, ended ones included."""
    return list(_running)


# MARK: Time


def eventually(check: Callable[[], Any], within: float = 20.0, every: float = 0.02) -> Any:
    """Asks until the answer is truthy; fails with the last answer after `within` seconds."""
    deadline = time.monotonic() + within
    pause = threading.Event()
    while True:
        answer = check()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise AssertionError(f"not so within {within} s: {answer!r}")
        pause.wait(every)


def quickest(attempt: Callable[[], float], at_most: float) -> None:
    """Tries up to three times for an attempt, which returns its seconds, that is quick enough: a busy machine says nothing about the rest."""
    seconds: list[float] = []
    while len(seconds) < 3:
        seconds.append(attempt())
        if seconds[-1] <= at_most:
            return
    raise AssertionError(f"none within {at_most} s: {seconds}")


def wait_until(moment: float) -> None:
    """Returns when the wall clock has passed the moment, in epoch seconds."""
    eventually(lambda: time.time() > moment, within=max(0.0, moment - time.time()) + 1)


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Runs the work in that many threads, which all begin at the same moment."""
    barrier = threading.Barrier(count)

    def one(index: int) -> Any:
        barrier.wait()
        return work(index)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


# MARK: HTTP


class _FromAddress(HTTPAdapter):
    """Connects from a chosen loopback address."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__(max_retries=0, pool_maxsize=64)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        options["source_address"] = (self._address, 0)
        super().init_poolmanager(*args, **options)


class Caller(requests.Session):
    """An HTTP client that never follows redirects by itself and remembers every secret it is given."""

    def __init__(self, address: str | None = None) -> None:
        super().__init__()
        self.trust_env = False
        if address:
            self.mount("http://", _FromAddress(address))
        else:
            self.mount("http://", HTTPAdapter(max_retries=0, pool_maxsize=64))

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]
        options.setdefault("timeout", REQUEST_SECONDS)
        options["allow_redirects"] = False
        response = super().request(method, url, **options)
        issued.record_response(response)
        return response


@dataclass
class Page:
    """What the browser shows: the last answer, and its HTML."""

    response: requests.Response
    html: Document

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def url(self) -> str:
        return self.response.url

    @property
    def text(self) -> str:
        return " ".join(self.html.text.split())


@dataclass
class Departure:
    """The browser was sent to an address outside the server, which nobody needs to answer."""

    location: str
    response: requests.Response

    @property
    def parameters(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.location).query, keep_blank_values=True))

    @property
    def target(self) -> str:
        return self.location.split("?", 1)[0]


class Browser:
    """A browser without scripts: keeps cookies, follows redirects inside the server, submits forms."""

    def __init__(self, server: LatchkeyServer, address: str | None = None, user_agent: str | None = None) -> None:
        self.server = server
        self.session = Caller(address)
        self.session.headers["User-Agent"] = user_agent or "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0 blackbox"
        self.session.headers["Accept"] = "text/html,application/xhtml+xml"

    def get(self, url: str, **options: Any) -> Page | Departure:
        return self._settle(self.session.get(urljoin(self.server.issuer + "/", url), **options))

    def post(self, url: str, data: Any, **options: Any) -> Page | Departure:
        headers = {"Origin": self.server.issuer, **options.pop("headers", {})}
        return self._settle(self.session.post(urljoin(self.server.issuer + "/", url), data=data, headers=headers, **options))

    def page(self, url: str, **options: Any) -> Page:
        page = self.get(url, **options)
        assert isinstance(page, Page), f"left for {page.location}"
        return page

    def submit(
        self, page: Page, form: Form, changes: dict[str, Any] | None = None, button: tuple[str, str] | None = None
    ) -> Page | Departure:
        """Submits a form with some controls set: a list for a repeated one, None for one left out."""
        fields = form.fields()
        for name, value in (changes or {}).items():
            fields = [(key, old) for key, old in fields if key != name]
            if isinstance(value, (list, tuple, set)):
                fields += [(name, each) for each in value]
            elif value is not None:
                fields.append((name, value))
        if button:
            fields.append(button)
        url = urljoin(page.url, form.action or page.url)
        if form.method == "get":
            return self.get(url + "?" + urlencode(fields))
        return self.post(url, fields)

    def _settle(self, response: requests.Response) -> Page | Departure:
        for _ in range(10):
            location = response.headers.get("Location")
            if not (300 <= response.status_code < 400 and location):
                return Page(response, Document(response.text))
            url = urljoin(response.url, location)
            if url.split("#")[0] != self.server.issuer and not url.startswith((self.server.issuer + "/", self.server.issuer + "?")):
                return Departure(url, response)
            response = self.session.get(url)
        raise AssertionError(f"redirected in a circle at {response.url}")

    # MARK: Signing in

    def sign_in(self, email: str, password: str, page: Page | None = None) -> Page | Departure:
        """Signs in on the given sign-in page, or on the server's own."""
        page = page or self.page("/login")
        return self.submit(page, page.html.form_with("password"), {"email": email, "password": password})

    def signed_in_as(self, user: User) -> Browser:
        answer = self.sign_in(user.email, user.password)
        assert isinstance(answer, Page) and answer.status == 200 and not answer.html.has_form_with("password"), answer
        return self

    # MARK: Authorizing

    def ask(self, request: AuthorizationRequest) -> Page | Departure:
        return self.get(request.url)

    def consent_page(self, request: AuthorizationRequest, user: User | None = None) -> Page:
        """Goes to the request's consent page, signing in on the way where that is asked."""
        answer = self.ask(request)
        if isinstance(answer, Page) and answer.html.has_form_with("password"):
            assert user is not None, "the server asks to sign in"
            answer = self.sign_in(user.email, user.password, answer)
        assert isinstance(answer, Page), f"no consent was asked: {answer.location}"
        assert answer.html.has_form_with("decision"), answer.text[:600]
        return answer

    def decide(
        self,
        page: Page,
        decision: str = "allow",
        accounts: Iterable[str] | None = None,
        scopes: Iterable[str] | None = None,
        decline: Iterable[str] = (),
        lifetime: str | None = None,
        **changes: Any,
    ) -> Page | Departure:
        """Submits the consent form. None of accounts and scopes leaves them as rendered, but for one account where none is chosen."""
        form = page.html.form_with("decision")
        if accounts is not None:
            changes["account"] = list(accounts)
        elif not form.chosen("account"):
            changes["account"] = form.choices("account")
        kept = list(scopes) if scopes is not None else form.chosen("scope")
        changes["scope"] = [label for label in kept if label not in set(decline)]
        if lifetime is not None:
            changes["lifetime"] = lifetime
        return self.submit(page, form, changes, ("decision", decision))

    def authorize(self, request: AuthorizationRequest, user: User | None = None, **choices: Any) -> AuthorizationResponse:
        """Goes through sign-in and consent where they are asked, and returns with what the client gets."""
        answer = self.ask(request)
        if isinstance(answer, Page) and answer.html.has_form_with("password"):
            assert user is not None, "the server asks to sign in"
            answer = self.sign_in(user.email, user.password, answer)
        if isinstance(answer, Page):
            assert answer.html.has_form_with("decision"), f"{answer.status} {answer.text[:600]}"
            answer = self.decide(answer, **choices)
        assert isinstance(answer, Departure), f"{answer.status} {answer.text[:600]}"
        return AuthorizationResponse(request, answer.parameters, answer.location)


# MARK: OAuth


@dataclass(frozen=True)
class User:
    email: str
    password: str = field(repr=False)
    accounts: tuple[str, ...] = ()


def pkce_pair() -> tuple[str, str]:
    """A verifier and its S256 challenge (RFC 7636 §4.1, §4.2)."""
    verifier = secrets.token_urlsafe(48)
    issued.record("code_verifier", verifier)
    return verifier, challenge_of(verifier)


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


@dataclass
class AuthorizationRequest:
    """An authorization request, and what its client keeps to itself."""

    server: LatchkeyServer
    client: Client
    parameters: dict[str, str]
    verifier: str

    @property
    def url(self) -> str:
        return self.server.issuer + "/oauth2/auth?" + urlencode(self.parameters)


@dataclass
class AuthorizationResponse:
    request: AuthorizationRequest
    parameters: dict[str, str]
    location: str

    @property
    def code(self) -> str:
        assert "code" in self.parameters, self.parameters
        return self.parameters["code"]


@dataclass
class Client:
    """An OAuth client as registered, and how it talks to the token endpoint."""

    server: LatchkeyServer = field(repr=False)
    client_id: str
    client_secret: str | None = field(repr=False)
    name: str
    method: str
    redirect_uri: str
    scopes: list[str]
    optional_scopes: list[str]
    post_logout_redirect_uris: list[str]
    visibility: str
    account_id: str
    signing_algorithm: str = "ES256"

    @property
    def required_scopes(self) -> list[str]:
        return [scope for scope in self.scopes if scope not in self.optional_scopes]

    def request(self, scopes: Iterable[str] | str | None = None, **parameters: Any) -> AuthorizationRequest:
        """An authorization request; a parameter given as None is left out."""
        verifier, challenge = pkce_pair()
        values: dict[str, Any] = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "state": secrets.token_urlsafe(9),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        if scopes is not None:
            values["scope"] = scopes if isinstance(scopes, str) else " ".join(scopes)
        values.update(parameters)
        return AuthorizationRequest(
            self.server, self, {name: value for name, value in values.items() if value is not None}, verifier
        )

    def authenticated(self, form: Any, headers: dict[str, str] | None = None) -> dict[str, Any]:
        """Options of a request that carries the client's credentials in its registered way."""
        fields = list(form.items()) if isinstance(form, dict) else list(form)
        headers = dict(headers or {})
        if self.method == "client_secret_basic":
            headers["Authorization"] = basic(self.client_id, self.client_secret or "")
        else:
            fields.append(("client_id", self.client_id))
            if self.method == "client_secret_post":
                fields.append(("client_secret", self.client_secret or ""))
        return {"data": fields, "headers": headers}

    def post(self, path: str, form: Any, caller: Caller | None = None) -> requests.Response:
        return (caller or self.server.caller).post(self.server.issuer + path, **self.authenticated(form))

    def exchange(self, response: AuthorizationResponse, caller: Caller | None = None, **changes: Any) -> requests.Response:
        """Redeems a code (RFC 6749 §4.1.3); a change of None leaves the parameter out."""
        form: dict[str, Any] = {
            "grant_type": "authorization_code",
            "code": response.parameters.get("code"),
            "redirect_uri": response.request.parameters.get("redirect_uri"),
            "code_verifier": response.request.verifier,
        }
        form.update(changes)
        return self.post("/oauth2/token", {name: value for name, value in form.items() if value is not None}, caller)

    def tokens(self, response: AuthorizationResponse, **changes: Any) -> dict[str, Any]:
        answer = self.exchange(response, **changes)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refresh(self, refresh_token: str, caller: Caller | None = None, **parameters: str) -> requests.Response:
        return self.post("/oauth2/token", {"grant_type": "refresh_token", "refresh_token": refresh_token, **parameters}, caller)

    def refreshed(self, refresh_token: str, **parameters: str) -> dict[str, Any]:
        answer = self.refresh(refresh_token, **parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def revoke(self, token: str, **parameters: str) -> requests.Response:
        return self.post("/oauth2/revoke", {"token": token, **parameters})

    def introspect(self, token: str, **parameters: str) -> requests.Response:
        return self.post("/oauth2/introspect", {"token": token, **parameters})


def basic(client_id: str, client_secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()


def error_of(response: requests.Response) -> str:
    """The OAuth error code of an answer that must be an error in the RFC's JSON (RFC 6749 §5.2)."""
    assert 400 <= response.status_code < 500, f"{response.status_code} {response.text}"
    body = response.json()
    assert isinstance(body.get("error"), str), body
    description = body.get("error_description", "")
    assert all(0x20 <= ord(character) < 0x7F and character not in '"\\' for character in description), description
    return body["error"]


# MARK: The process


def end(process: subprocess.Popen[Any], signal_number: int, within: float) -> int:
    """Its exit code, after the signal; nothing runs on after it."""
    process.send_signal(signal_number)
    try:
        return process.wait(within)
    except subprocess.TimeoutExpired as expired:
        process.kill()
        process.wait()
        raise AssertionError(f"still running {within} s after the signal") from expired


class LatchkeyServer:
    """`latchkey demo` on a directory of its own, on four free ports unless told which; 0 leaves the choice to the server."""

    def __init__(self, *options: str, port: int | None = None) -> None:
        self.options = options
        #: Set for the server alone, on top of this process's own environment.
        self.environment: dict[str, str] = {}
        #: A program, with its arguments, that becomes the server.
        self.prefix: list[str] = []
        self.executable = executable()
        self.data = Path(tempfile.mkdtemp(prefix="latchkey-blackbox-"))
        self.database_url = databases.new_database()
        self.log_path = Path(tempfile.mkstemp(prefix="latchkey-blackbox-", suffix=".log")[1])
        self.process: subprocess.Popen[bytes] | None = None
        self.lines: list[bytes] = []
        self.line: dict[str, Any] = {}
        self.caller = Caller()
        self.port = free_ports(4)[0] if port is None else port
        self._browsers: dict[str, Browser] = {}
        self._lock = threading.RLock()
        self._people = 0
        with _registry_lock:
            _running.append(self)

    # MARK: Life

    def start(self) -> LatchkeyServer:
        """Starts, after the first time on the same directory and with the same options; returns when the line is there."""
        command = [*self.prefix, str(self.executable), "demo", "--json", "--port", str(self.port), *self.place]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, *self.options], stdout=subprocess.PIPE, stderr=log, env={**os.environ, **self.environment})
        killer = threading.Timer(START_SECONDS, self.process.kill)
        killer.start()
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        killer.cancel()
        assert line.endswith(b"\n"), f"no line within {START_SECONDS} s: {line!r}; log: {self.log()[-2000:]}"
        self.lines.append(line)
        self.line = json.loads(line)
        issued.record_json(self.line)
        return self

    def stop(self, signal_number: int = signal.SIGTERM, within: float = 20.0) -> int:
        """Ends the process and returns its exit code."""
        process = self.process
        assert process is not None
        code = end(process, signal_number, within)
        assert process.stdout is not None
        rest = process.stdout.read()
        process.stdout.close()
        assert rest == b"", f"more on standard output: {rest!r}"
        self.process = None
        return code

    def kill(self) -> None:
        self.stop(signal.SIGKILL)

    def dispose(self) -> None:
        """Ends the process where it still runs; the files stay until `remove_files`."""
        if self.process is not None:
            self.stop()

    @property
    def place(self) -> list[str]:
        """The options that say where everything is kept."""
        return ["--data", str(self.data), *databases.of_command(self.database_url)]

    @contextmanager
    def rows(self) -> Iterator[databases.Connection]:
        """What is stored, beside the server; what is changed is committed at the end."""
        with databases.opened(self.data, self.database_url) as connection:
            yield connection

    def remove_files(self) -> None:
        databases.drop(self.database_url)
        shutil.rmtree(self.data, ignore_errors=True)
        self.log_path.unlink(missing_ok=True)

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    # MARK: What the line says

    @property
    def issuer(self) -> str:
        return self.line["issuer"]

    @property
    def internal(self) -> str:
        return self.line["internal"]

    @property
    def management(self) -> str:
        return self.line["management"]

    @property
    def accounts(self) -> list[str]:
        return [account["id"] for account in self.line["accounts"]]

    def _user(self, matches: Callable[[dict[str, Any]], bool]) -> User:
        entry = next(user for user in self.line["users"] if matches(user))
        return User(entry["email"], entry["password"], tuple(each["account_id"] for each in entry["memberships"]))

    @property
    def administrator(self) -> User:
        """An administrator of account 1."""
        return self._user(lambda user: any(
            each["account_id"] == self.accounts[0] and "admin" in each["role"].lower() for each in user["memberships"]))

    @property
    def member_of_both(self) -> User:
        return self._user(lambda user: len(user["memberships"]) > 1)

    @property
    def limited(self) -> User:
        """A member of account 1 only, whose role lacks a write scope of the first client."""
        return self._user(lambda user: [each["account_id"] for each in user["memberships"]] == self.accounts[:1]
            and user["email"] != self.administrator.email)

    def _client(self, matches: Callable[[dict[str, Any]], bool]) -> Client:
        entry = next(client for client in self.line["clients"] if matches(client))
        return Client(
            server=self, client_id=entry["client_id"], client_secret=entry["client_secret"], name=entry["client_name"],
            method=entry["token_endpoint_auth_method"], redirect_uri=entry["redirect_uris"][0], scopes=entry["scopes"],
            optional_scopes=entry["optional_scopes"], post_logout_redirect_uris=entry["post_logout_redirect_uris"],
            visibility=entry["visibility"], account_id=entry["account_id"],
            signing_algorithm=entry["id_token_signed_response_alg"])

    @property
    def first(self) -> Client:
        """A confidential client of account 1 with public visibility."""
        return self._client(lambda client: client is self.line["clients"][0])

    @property
    def private(self) -> Client:
        """A private confidential client of account 2."""
        return self._client(lambda client: client["visibility"] == "private")

    @property
    def native(self) -> Client:
        """A client without a secret, at any port of the loopback interface."""
        return self._client(lambda client: client["token_endpoint_auth_method"] == "none")

    @property
    def rs256(self) -> Client:
        return self._client(lambda client: client["id_token_signed_response_alg"] == "RS256")

    @property
    def resource_server(self) -> Client:
        entry = self.line["resource_server"]
        return Client(
            server=self, client_id=entry["client_id"], client_secret=entry["client_secret"], name="resource server",
            method="client_secret_basic", redirect_uri="", scopes=[], optional_scopes=[], post_logout_redirect_uris=[],
            visibility="private", account_id="")

    def api_token(self, user: User) -> str:
        return next(each["value"] for each in self.line["api_tokens"] if each["user"] == user.email)

    # MARK: The operator's commands

    def command(self, *arguments: str, standard_input: str | None = None) -> subprocess.CompletedProcess[str]:
        """Runs a command of the operator beside the server."""
        result = subprocess.run(
            [str(self.executable), *arguments, *self.place, "--json"], capture_output=True, text=True,
            input=standard_input, timeout=REQUEST_SECONDS, check=False)
        if result.returncode == 0 and result.stdout.strip():
            issued.record_json(json.loads(result.stdout))
        return result

    def operate(self, *arguments: str, standard_input: str | None = None) -> Any:
        """Runs a command that must succeed, and returns its JSON."""
        result = self.command(*arguments, standard_input=standard_input)
        assert result.returncode == 0, f"{arguments}: {result.returncode} {result.stderr}"
        return json.loads(result.stdout)

    def new_user(self, role: str = "Administrator", account: int = 0) -> User:
        """Adds a user whom no other test knows."""
        with self._lock:
            self._people += 1
            email = f"person{self._people}@example.org"
        entry = self.operate("user", "add", email, "--account", self.accounts[account], "--role", role)
        return User(email, entry["password"], (self.accounts[account],))

    def new_client(self, name: str, *options: str, account: int = 0, redirect_uri: str = "https://app.example.net/callback") -> Client:
        """Adds a public client that asks for three scopes of the demo, two of them optional."""
        scopes = self.first.scopes[:3]
        entry = self.operate(
            "client", "add", name, "--account", self.accounts[account], "--redirect-uri", redirect_uri, "--scope",
            " ".join(scopes), "--optional-scope", " ".join(scopes[1:]), "--public", *options)
        return Client(
            server=self, client_id=entry["client_id"], client_secret=entry.get("client_secret"), name=name,
            method=entry["token_endpoint_auth_method"], redirect_uri=redirect_uri, scopes=scopes, optional_scopes=scopes[1:],
            post_logout_redirect_uris=[], visibility="public", account_id=self.accounts[account])

    # MARK: Shortcuts

    def browser(self, user: User | None = None) -> Browser:
        """A signed-in browser, the same one for each call with this user; without a user a new, empty one."""
        if user is None:
            return Browser(self)
        with self._lock:
            if user.email not in self._browsers:
                self._browsers[user.email] = Browser(self).signed_in_as(user)
            return self._browsers[user.email]

    def grant(self, user: User, client: Client, asked: Iterable[str] | str | None = None, **choices: Any) -> dict[str, Any]:
        """Tokens of a new installation, from the user's own signed-in browser; the choices are those of `Browser.decide`."""
        request = client.request(asked, prompt="consent")
        return client.tokens(self.browser(user).authorize(request, user, **choices))

    def inspect(self, token: str) -> dict[str, Any]:
        """What introspection tells the resource server (RFC 7662 §2.2)."""
        answer = self.resource_server.introspect(token)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def is_active(self, token: str) -> bool:
        return self.inspect(token)["active"]

    def verify(
        self, method: str, target: str, token: str | None = None, headers: dict[str, str] | None = None, caller: Caller | None = None
    ) -> requests.Response:
        """Asks the gateway check in the forward-auth form."""
        values = {"X-Forwarded-Method": method, "X-Forwarded-Uri": target, **(headers or {})}
        if token is not None:
            values["Authorization"] = f"Bearer {token}"
        return (caller or self.caller).get(self.internal + "/verify/forward-auth", headers=values)

    def userinfo(self, token: str | None) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        return self.caller.get(self.issuer + "/oauth2/userinfo", headers=headers)

    def manage(self, method: str, path: str, token: str | None, **options: Any) -> requests.Response:
        """Calls the management API with a bearer token."""
        headers = {**({"Authorization": f"Bearer {token}"} if token is not None else {}), **options.pop("headers", {})}
        return self.caller.request(method, self.management + path, headers=headers, **options)

    def metadata(self) -> dict[str, Any]:
        return self.caller.get(self.issuer + "/.well-known/openid-configuration").json()
