"""What of a callback's endpoint contradicts itself. Pure; each finding is the key below it and what to do."""

import re
from collections.abc import Iterator
from typing import Final

from connector.domain.notification import Shape
from connector.domain.secret import Secret
from connector.errors import ConfigError
from connector.network.signing import public_key
from connector.settings import EndpointSettings, NotificationSettings

#: Those that we set ourselves, and those that would break the request.
_OURS: Final = frozenset(
    {"host", "content-length", "content-type", "content-md5", "transfer-encoding", "connection", "x-timestamp"}
)
_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


def endpoint_contradictions(endpoint: EndpointSettings) -> Iterator[tuple[str, str]]:
    yield from _addresses(endpoint)
    yield from _secrets(endpoint)
    for name, value in endpoint.headers.items():
        if not _HEADER.fullmatch(name) or name.lower() in _OURS or name.lower().startswith("webhook-"):
            yield "headers", f"{name!r} is no header that can be added"
        elif name.lower() == "authorization" and endpoint.application_key:
            yield "headers", "Authorization is where the signature of `application_key` stands: leave out one of both"
        elif not value.reveal().isprintable():
            yield "headers", f"the value of {name!r} holds something that no header can"


def _addresses(endpoint: EndpointSettings) -> Iterator[tuple[str, str]]:
    addresses = {"url": endpoint.url}
    if isinstance(endpoint, NotificationSettings):
        addresses["fallback"] = endpoint.fallback
        if endpoint.format is Shape.DIALGEN and endpoint.events:
            yield "events", "not with `format: dialgen`, which tells one thing: that the call is complete"
    for key, address in addresses.items():
        if address.startswith("http://") and not endpoint.allow_private:
            yield key, "without TLS only inside: write https://, or name the private network in allow_private"


def _secrets(endpoint: EndpointSettings) -> Iterator[tuple[str, str]]:
    if bool(endpoint.application_key) != bool(endpoint.application_secret):
        yield "application_key", "goes with `application_secret`, and that with it: write both or none"
    if endpoint.next_secret and not endpoint.secret:
        yield "next_secret", "goes with `secret`, which it will replace: write that"
    for key, secret in (("secret", endpoint.secret), ("next_secret", endpoint.next_secret)):
        if (trouble := _trouble(secret)) is not None:
            yield key, trouble


def _trouble(secret: Secret | None) -> str | None:
    """Of a key that has the right length and is none."""
    if secret is None or not secret.reveal().startswith("whsk_"):
        return None
    try:
        public_key(secret)
    except ConfigError as error:
        return str(error)
    return None
