"""Signatures of requests: those of Standard Webhooks, and Sinch's. Pure: knows secrets and bytes, no connection, no
clock and no body's meaning."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from connector.domain.ids import Moment
from connector.domain.secret import Secret
from connector.errors import ConfigError
from connector.settings import EndpointSettings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

CONTENT_TYPE: Final = "application/json"
#: How far the clock of a signed request may be off.
TOLERANCE_SECONDS: Final = 300.0

_HMAC, _ED25519, _PUBLIC = "whsec_", "whsk_", "whpk_"
_SEED_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRequest:
    """A request as it came: the path as it was written, without what stands behind the question mark."""

    method: str
    path: str
    #: Names in any case.
    headers: Mapping[str, str]
    body: bytes


def headers(endpoint: EndpointSettings, *, url: str, id: str, body: bytes, at: Moment) -> dict[str, str]:
    """What one try says of itself to `url` (the endpoint's or its fallback), names in lower case. Raises ConfigError
    for a secret that is none."""
    made = {"content-type": CONTENT_TYPE, "webhook-id": id, "webhook-timestamp": str(int(at))}
    secrets = {"secret": endpoint.secret, "next_secret": endpoint.next_secret}
    signed = f"{id}.{int(at)}.".encode() + body
    if signatures := [_signature(secret, signed, name) for name, secret in secrets.items() if secret]:
        made["webhook-signature"] = " ".join(signatures)
    if endpoint.application_key and endpoint.application_secret:
        request = SignedRequest(method="POST", path=_sent_path(url), headers=made, body=body)
        made |= sinch_headers(request, endpoint.application_key, endpoint.application_secret, at)
    return made


def public_key(secret: Secret) -> str:
    """whpk_…, by which a receiver verifies what is signed with this whsk_…; raises ConfigError for another secret."""
    if not secret.reveal().startswith(_ED25519):
        raise ConfigError("only a whsk_ secret has a public key: with whsec_ both sides know the secret itself")
    return _PUBLIC + _base64(_ed25519_key(secret, "secret").public_key().public_bytes_raw())


def sinch_headers(request: SignedRequest, key: str, secret: Secret, at: Moment) -> dict[str, str]:
    """What is to be added so that the request is signed as Sinch documents it."""
    sent_at = datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    signature = _sinch_signature(request, sent_at, secret)
    made = {"authorization": f"application {key}:{signature}", "x-timestamp": sent_at}
    return made | {"content-md5": _content_md5(request.body)} if request.body else made


def sinch_key(request: SignedRequest) -> str | None:
    """Whose signature it says it bears; None where it bears none."""
    claimed = _sinch_claim(request)
    return claimed[0] if claimed else None


def sinch_refusal(request: SignedRequest, key: str, secret: Secret, at: Moment) -> str:
    """Why it is not taken for one that the owner of the key has signed within the last minutes; empty: it is. The same
    request twice is good twice. Raises ConfigError for a secret that is none."""
    claimed, sent_at = _sinch_claim(request), _header(request, "x-timestamp")
    if claimed is None:
        return "not signed: Authorization: application KEY:SIGNATURE is wanted"
    moment = _moment(sent_at)
    if moment is None:
        return "x-timestamp is missing, or no moment like 2026-01-05T09:00:00Z"
    is_known = _same(claimed[0], key)
    # Reckoned for an unknown key too, so that the time taken does not tell which keys there are.
    is_signed = _same(claimed[1], _sinch_signature(request, sent_at, secret))
    if not (is_known and is_signed):
        return "the signature is not this application's, or not of this request"
    if abs(at - moment) > TOLERANCE_SECONDS:
        return f"x-timestamp is more than {TOLERANCE_SECONDS:.0f} s off: see to the clocks"
    return ""


# --- Standard Webhooks --------------------------------------------------------------------------------------------


def _signature(secret: Secret, signed: bytes, name: str) -> str:
    if secret.reveal().startswith(_ED25519):
        return f"v1a,{_base64(_ed25519_key(secret, name).sign(signed))}"
    key = _decoded(secret.reveal().removeprefix(_HMAC), name)
    return f"v1,{_base64(hmac.digest(key, signed, 'sha256'))}"


def _ed25519_key(secret: Secret, name: str) -> "Ed25519PrivateKey":
    # Few sign so: the others need not load it.
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    raw = _decoded(secret.reveal().removeprefix(_ED25519), name)
    if len(raw) not in {_SEED_BYTES, 2 * _SEED_BYTES}:
        raise ConfigError(f"{name}: a whsk_ secret is base64 of the 32 or 64 bytes of an ed25519 key")
    key = Ed25519PrivateKey.from_private_bytes(raw[:_SEED_BYTES])
    if raw[_SEED_BYTES:] not in {b"", key.public_key().public_bytes_raw()}:
        raise ConfigError(f"{name}: the two halves of this whsk_ secret are not one key's: make a new one")
    return key


# --- Sinch --------------------------------------------------------------------------------------------------------


def _sinch_signature(request: SignedRequest, sent_at: str, secret: Secret) -> str:
    lines = (
        request.method.upper(),
        _content_md5(request.body),
        _header(request, "content-type"),
        f"x-timestamp:{sent_at}",
        request.path,
    )
    key = _decoded(secret.reveal(), "application_secret")
    return _base64(hmac.digest(key, "\n".join(lines).encode(errors="surrogatepass"), "sha256"))


def _sent_path(url: str) -> str:
    """As it goes over the wire: what cannot stand in an address is written with %."""
    return quote(urlsplit(url).path, safe="/%:@!$&'()*+,;=") or "/"


def _content_md5(body: bytes) -> str:
    """Of no body there is none."""
    return _base64(hashlib.md5(body, usedforsecurity=False).digest()) if body else ""


def _sinch_claim(request: SignedRequest) -> tuple[str, str] | None:
    scheme, _, rest = _header(request, "authorization").partition(" ")
    key, colon, signature = rest.strip().rpartition(":")
    return (key, signature) if scheme.lower() == "application" and colon else None


def _moment(text: str) -> Moment | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo else None


# --- both ---------------------------------------------------------------------------------------------------------


def _header(request: SignedRequest, name: str) -> str:
    return next((value for given, value in request.headers.items() if given.lower() == name), "")


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(errors="surrogatepass"), other.encode(errors="surrogatepass"))


def _decoded(text: str, name: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raw = b""
    if not raw:
        raise ConfigError(f"{name} is no base64: make one by `openssl rand -base64 32`")
    return raw


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
