"""The forms of text that settings name: each reader raises ValueError or ConfigError, and gives the text to keep."""

import base64
import binascii
import re
from collections.abc import Callable, Container, Mapping
from typing import Final

from connector.config import addresses
from connector.domain.option_values import language
from connector.domain.patterns import number_expression
from connector.domain.time_pattern import zone
from connector.settings.transcription import AUTO_MODEL

_KEY_BYTES = 32
_SIGNING_BYTES: Final[Mapping[str, Container[int]]] = {"whsec_": range(24, 65), "whsk_": (32, 64)}


def timezone(text: str) -> str:
    zone(text)
    return text


def path(text: str) -> str:
    if not text.startswith("/") or "\0" in text:
        raise ValueError(f"{text!r} must be a whole path, from / on")
    return text.rstrip("/") or "/"


def pattern(text: str) -> str:
    number_expression(text)
    return text


def mode(text: str) -> str:
    if not re.fullmatch(r"0?[0-7]{3}", text):
        raise ValueError(f"{text!r} are no permissions; write them like 0640")
    return text


def clock(text: str) -> str:
    if not re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d", text, re.ASCII):
        raise ValueError(f"{text!r} is no time of the day; write it like 03:30")
    return text


def model(text: str) -> str:
    """Never by a name alone, which would have to be fetched from somewhere."""
    try:
        return text if text == AUTO_MODEL else path(text)
    except ValueError:
        raise ValueError(f"{text!r}: a folder's whole path is wanted, from / on, or {AUTO_MODEL}") from None


def key(text: str) -> str:
    for decode in (bytes.fromhex, lambda written: base64.b64decode(written, validate=True)):
        try:
            if len(decode(text.strip())) == _KEY_BYTES:
                return text
        except (ValueError, binascii.Error):
            continue
    raise ValueError("a key is 32 random bytes in base64 or hex: make one by `openssl rand -base64 32`")


def signing(text: str) -> str:
    """A secret of Standard Webhooks: whsec_ and base64 of 24 to 64 bytes, or whsk_ and an ed25519 key's 32 or 64."""
    for prefix, lengths in _SIGNING_BYTES.items():
        if text.startswith(prefix):
            return _of_length(text, text.removeprefix(prefix), lengths)
    return _of_length(text, text, _SIGNING_BYTES["whsec_"])


def application_secret(text: str) -> str:
    return _of_length(text, text, range(1, 257))


def _of_length(text: str, encoded: str, lengths: Container[int]) -> str:
    try:
        length = len(base64.b64decode(encoded, validate=True))
    except (ValueError, binascii.Error):
        length = 0
    if length not in lengths:
        raise ValueError("this is no such secret: make one by `openssl rand -base64 32`")
    return text


FORMS: Final[Mapping[str, Callable[[str], str]]] = {
    "url": addresses.url,
    "proxy": addresses.proxy,
    "place": addresses.place,
    "template": addresses.template,
    "database": addresses.database,
    "listen": addresses.listen,
    "network": addresses.network,
    "origin": addresses.origin,
    "prefix": addresses.prefix,
    "timezone": timezone,
    "path": path,
    "pattern": pattern,
    "mode": mode,
    "clock": clock,
    "key": key,
    "language": language,
    "model": model,
    "signing": signing,
    "application_secret": application_secret,
}
