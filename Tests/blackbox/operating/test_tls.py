"""TLS on the public listener, and certificates that change while it runs (docs/tls.md)."""

from __future__ import annotations

import http.client
import signal
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from latchkey_server import eventually
from serving import Serving
from throwaway_ca import Authority

METADATA = "/.well-known/oauth-authorization-server"


class Secured(Serving):
    """A server with a certificate of a throwaway CA."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, scheme="https")
        self.authority = Authority(directory)
        self.caller.verify = str(self.authority.path)
        self.certificate, self.private_key = directory / "cert.pem", directory / "key.pem"
        self.serial = self.renew()

    def renew(self, days: float = 30) -> int:
        """Writes a new certificate and its key, the certificate first."""
        certificate, key, serial = self.authority.issue(days)
        self.certificate.write_bytes(certificate)
        self.private_key.write_bytes(key)
        return serial

    @property
    def options(self) -> list[str]:
        return [*super().options, "--tls-certificate", str(self.certificate), "--tls-key", str(self.private_key)]

    def context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.authority.path))
        context.set_alpn_protocols(["h2", "http/1.1"])
        return context

    def connection(self) -> http.client.HTTPSConnection:
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10, context=self.context())
        connection.connect()
        return connection

    def shown(self) -> int:
        """The serial number of the certificate that a new connection gets."""
        connection = self.connection()
        try:
            return serial_of(connection)
        finally:
            connection.close()

    def expiry(self) -> float:
        text = self.caller.get(self.internal + "/metrics").text
        return next(float(line.split()[1]) for line in text.splitlines() if line.startswith("latchkey_tls_certificate_expiry_seconds "))


def serial_of(connection: http.client.HTTPSConnection) -> int:
    der = connection.sock.getpeercert(binary_form=True)
    return x509.load_der_x509_certificate(der).serial_number


def alive(connection: http.client.HTTPSConnection) -> bool:
    connection.request("GET", "/health/alive")
    answer = connection.getresponse()
    answer.read()
    return answer.status == 200


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[Secured]:
    server = Secured(tmp_path)
    yield server
    server.kill()


def test_the_public_listener_speaks_tls_and_the_internal_one_does_not(secured: Secured) -> None:
    secured.start()
    answer = secured.caller.get(secured.issuer + METADATA)
    assert answer.json()["issuer"] == secured.issuer
    assert answer.headers["Strict-Transport-Security"]
    assert secured.caller.get(secured.internal + "/health/ready").status_code == 200
    connection = secured.connection()
    assert connection.sock.selected_alpn_protocol() == "http/1.1"
    assert connection.sock.version() == "TLSv1.3"
    assert alive(connection) and alive(connection)
    connection.close()
    for version, is_spoken in [(ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_1, False)]:
        context = secured.context()
        context.set_ciphers("DEFAULT@SECLEVEL=0")
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, version
        with socket.create_connection(("127.0.0.1", secured.port), timeout=10) as raw:
            if is_spoken:
                assert context.wrap_socket(raw, server_hostname="127.0.0.1").version() == "TLSv1.2"
            else:
                with pytest.raises((ssl.SSLError, OSError)):
                    context.wrap_socket(raw, server_hostname="127.0.0.1")
    with socket.create_connection(("127.0.0.1", secured.port), timeout=10) as plain:
        plain.sendall(b"GET /health/alive HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"alive" not in plain.makefile("rb").read()
    assert 29 * 86_400 < secured.expiry() <= 30 * 86_400
    assert secured.stop() == 0


def test_a_renewed_certificate_is_taken_under_open_connections(secured: Secured) -> None:
    secured.start()
    before = secured.connection()
    assert alive(before) and serial_of(before) == secured.serial
    renewed = secured.renew(days=50)
    eventually(lambda: secured.shown() == renewed, within=30, every=0.2)
    assert alive(before) and serial_of(before) == secured.serial, "an open connection was disturbed"
    assert secured.expiry() > 49 * 86_400
    assert "the certificate was replaced" in secured.log()


def test_what_cannot_be_used_changes_nothing_and_is_said(secured: Secured) -> None:
    secured.start()
    assert secured.process is not None
    certificate, key, serial = secured.authority.issue()
    secured.private_key.write_bytes(key)
    eventually(lambda: "cannot be used" in secured.log(), within=30, every=0.2)
    assert "is not the key of the certificate" in secured.log()
    assert secured.shown() == secured.serial
    said = secured.log().count("cannot be used")
    secured.process.send_signal(signal.SIGHUP)
    eventually(lambda: secured.log().count("cannot be used") == said + 1)
    secured.certificate.write_bytes(certificate)
    secured.process.send_signal(signal.SIGHUP)
    eventually(lambda: secured.shown() == serial, within=20)
    for damage in (b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"\0" * 100):
        said = secured.log().count("holds no certificate")
        secured.certificate.write_bytes(damage)
        secured.process.send_signal(signal.SIGHUP)
        eventually(lambda said=said: secured.log().count("holds no certificate") > said, within=20)
    secured.certificate.unlink()
    secured.process.send_signal(signal.SIGHUP)
    eventually(lambda: "cert.pem: cannot be read" in secured.log(), within=20)
    assert secured.shown() == serial
    assert secured.stop() == 0


def test_a_server_does_not_start_with_a_certificate_that_cannot_be_used(secured: Secured) -> None:
    def complaint(*options: str) -> str:
        done = secured.run("serve", *Serving.options.fget(secured), *options)  # type: ignore[attr-defined]
        assert done.returncode == 2, done.stderr
        return done.stderr

    both = ("--tls-certificate", str(secured.certificate), "--tls-key", str(secured.private_key))
    assert "--tls-key: is missing" in complaint(*both[:2])
    assert "--tls-certificate: is missing" in complaint(*both[2:])
    secured.private_key.write_bytes(secured.authority.issue()[1])
    assert "is not the key of the certificate" in complaint(*both)
    secured.private_key.unlink()
    assert "cannot be read" in complaint(*both)
