"""The server's certificate: loaded at start, and again while connections live. Knows files and ssl; knows no HTTP."""

import os
import ssl
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connector.errors import ConfigError

#: For TLS 1.2, as those of 1.3 are: keys that nobody can find out later, and sealed as they are enciphered.
_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
_LARGEST_BYTES = 1_000_000


class Certificate:
    """One context for as long as the server lives: what is loaded anew holds for connections that come then."""

    def __init__(self, certificate: str, key: str) -> None:
        """Raises ConfigError with what is wrong with the files."""
        self._certificate = Path(certificate)
        self._key = Path(key)
        self.context = _context()
        self.load()

    def load(self) -> None:
        """The files as they are now; with ConfigError the old pair stays."""
        contents = _content(self._certificate), _content(self._key)
        _refuse_open(self._key)
        try:
            with _as_file(contents[0]) as certificate, _as_file(contents[1]) as key:
                # A pair that does not fit together would leave the context with half of each: a spare one tries it.
                for context in (_context(), self.context):
                    context.load_cert_chain(certificate, key, _refuse_password)
        except (ssl.SSLError, OSError, ValueError) as error:
            raise ConfigError(
                f"{self._certificate} and {self._key} are no certificate with its key in PEM: {_said(error)}"
            ) from error


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    return context


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_BYTES)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read ({error.strerror}): is it there, and may callreel read it?"
        ) from error


def _refuse_open(key: Path) -> None:
    if key.stat().st_mode & (stat.S_IRWXO | stat.S_IWGRP):
        raise ConfigError(f"{key} is open to others: chmod 640 {key}")


@contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """In memory: what is tried and what is used is the same, whoever replaces the files meanwhile."""
    descriptor = os.memfd_create("callreel")
    try:
        os.write(descriptor, content)
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _refuse_password() -> str:
    # Otherwise OpenSSL would ask whoever sits at the terminal.
    raise ValueError("the key is protected by a word: write it without (openssl pkey -in KEY -out NEW)")


def _said(error: Exception) -> str:
    return getattr(error, "reason", None) or str(error)
