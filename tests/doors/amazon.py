"""Amazon's S3 at its own address, on this machine: one bucket, one pair of keys, TLS with a certificate of its name.

A machine is told twice what is no client's business: where the name leads, and whose certificates to believe.
"""

import base64
import hashlib
import hmac
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NAME: Final = "s3.ap-south-1.amazonaws.com"
_SIGNED: Final = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<scope>\d{8}/ap-south-1/s3/aws4_request),"
    r" ?SignedHeaders=(?P<names>[a-z0-9;-]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)


class Amazon(ThreadingHTTPServer):
    """Knows the bucket, and the keys, of osmTalk's page."""

    bucket = "your-recordings-bucket"
    access_key = "AKIA..."
    secret_key = "..."

    def __init__(self, certificate: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Asked)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.objects: dict[str, bytes] = {}
        #: Every request, as `PUT 200`.
        self.answered: list[str] = []


@contextmanager
def amazon_here(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Amazon]:
    certificate = _certificate(folder)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    with Amazon(certificate) as amazon:
        _lead(monkeypatch, amazon.server_address[1])
        thread = threading.Thread(target=amazon.serve_forever, kwargs={"poll_interval": 0.05}, name="amazon")
        thread.start()
        try:
            yield amazon
        finally:
            amazon.shutdown()
            thread.join()


def _lead(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    """As a name server would."""
    elsewhere = socket.getaddrinfo

    def addresses(host: Any, *rest: Any, **more: Any) -> Any:
        if host == NAME:
            return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", port))]
        return elsewhere(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", addresses)


class _Asked(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Amazon

    def handle_expect_100(self) -> bool:
        # Who is refused is not asked for the body, as with the real one.
        return not self._is_refused() and super().handle_expect_100()

    def do_PUT(self) -> None:
        if "100-continue" not in self.headers.get("expect", "") and self._is_refused():
            return
        content = self.rfile.read(int(self.headers["content-length"]))
        digest = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
        if self.headers.get("content-md5", digest) != digest:
            self._answer(400, _error("BadDigest"))
        elif self.headers.get("if-none-match") == "*" and self.path in self.server.objects:
            self._answer(412, _error("PreconditionFailed"))
        else:
            self.server.objects[self.path] = content
            self._answer(200, etag=hashlib.md5(content, usedforsecurity=False).hexdigest())

    def do_GET(self) -> None:
        if self._is_refused():
            return
        content = self.server.objects.get(self.path)
        if content is None:
            self._answer(404, _error("NoSuchKey"))
        else:
            self._answer(200, content, etag=hashlib.md5(content, usedforsecurity=False).hexdigest())

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_DELETE(self) -> None:
        if not self._is_refused():
            self.server.objects.pop(self.path, None)
            self._answer(204)

    def log_message(self, *_: Any) -> None:
        return None

    def _is_refused(self) -> bool:
        if not self._is_signed():
            self._answer(403, _error("SignatureDoesNotMatch"))
            return True
        if not self.path.startswith(f"/{self.server.bucket}/"):
            self._answer(404, _error("NoSuchBucket"))
            return True
        return False

    def _is_signed(self) -> bool:
        said = _SIGNED.fullmatch(self.headers.get("authorization", ""))
        if said is None or said["key"] != self.server.access_key:
            return False
        path, _, query = self.path.partition("?")
        lines = "".join(f"{name}:{self.headers.get(name, '').strip()}\n" for name in said["names"].split(";"))
        request = "\n".join((self.command, path, query, lines, said["names"], self.headers["x-amz-content-sha256"]))
        digest = hashlib.sha256(request.encode()).hexdigest()
        text = "\n".join(("AWS4-HMAC-SHA256", self.headers["x-amz-date"], said["scope"], digest))
        key = f"AWS4{self.server.secret_key}".encode()
        for word in said["scope"].split("/"):
            key = hmac.digest(key, word.encode(), "sha256")
        return hmac.compare_digest(hmac.new(key, text.encode(), "sha256").hexdigest(), said["signature"])

    def _answer(self, status: int, content: bytes = b"", etag: str = "") -> None:
        self.server.answered.append(f"{self.command} {status}")
        self.send_response(status)
        if etag:
            self.send_header("ETag", f'"{etag}"')
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        if status >= 400:
            # Its body may not have been taken.
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


def _error(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()


def _certificate(folder: Path) -> Path:
    """With its key; whoever is told to believe it believes it alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)]), datetime.now(UTC)
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), now - timedelta(hours=1), now + timedelta(days=1)
    )
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
    signed = builder.sign(key, hashes.SHA256())
    path = folder / "amazon.pem"
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(secret + signed.public_bytes(pem))
    return path
