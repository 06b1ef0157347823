"""Where a request comes from: from behind trusted proxies, and from pages of other origins.

Knows headers; knows no route, and not which keys are good.
"""

from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from fastapi import Request
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

_ASKED_HEADERS: Final = ("authorization", "x-api-key", "content-type", "idempotency-key", "last-event-id", "range")
_SHOWN_HEADERS: Final = (
    "accept-ranges",
    "content-disposition",
    "content-range",
    "etag",
    "idempotency-replayed",
    "link",
    "retry-after",
)
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


class Proxies:
    """Puts right who asks, when one of ours passes it on; of anybody else such headers say nothing."""

    def __init__(self, app: ASGIApp, networks: Sequence[str]) -> None:
        self._app = app
        self._networks = [ip_network(network) for network in networks]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope.get("client") and self._is_trusted(scope["client"][0]):
            scope = {**scope, **self._told(scope)}
        await self._app(scope, receive, send)

    def _told(self, scope: Scope) -> dict[str, object]:
        told: dict[str, object] = {"client": (self._client(scope), 0)}
        protocol = _said(scope, b"x-forwarded-proto")[-1:]
        if protocol in (["http"], ["https"]):
            told["scheme"] = protocol[0]
        return told

    def _client(self, scope: Scope) -> str:
        """The last one that is no proxy of ours: what stands before it is whatever that one wrote."""
        found = _plain(scope["client"][0])
        for written in reversed(_said(scope, b"x-forwarded-for")):
            address = _address(written)
            if not address:
                break
            found = address
            if not self._is_trusted(address):
                break
        return found

    def _is_trusted(self, host: str) -> bool:
        try:
            address = ip_address(_plain(host))
        except ValueError:
            return False
        return any(address in network for network in self._networks)


def with_origins(app: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    """Pages of these origins may ask, with a key of their own; our page's cookie is of no use to them."""
    if not origins:
        return app
    return CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=_METHODS,
        allow_headers=_ASKED_HEADERS,
        expose_headers=_SHOWN_HEADERS,
        allow_credentials=False,
    )


def shown_key(request: Request) -> str:
    """The key that came with it, for routes that can do without; empty when there is none."""
    kind, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if kind.lower() == "bearer" and key.strip() else request.headers.get("x-api-key", "")


def _said(scope: Scope, header: bytes) -> list[str]:
    values = [value.decode("latin-1") for name, value in scope["headers"] if name == header]
    return [one.strip() for one in ",".join(values).split(",") if one.strip()]


def _address(written: str) -> str:
    """Perhaps with a port: 192.0.2.1:4711, [2001:db8::1]:4711; empty when it is none."""
    inner, _, _ = written.removeprefix("[").partition("]") if written.startswith("[") else (written, "", "")
    without_port = inner.rpartition(":")[0] if inner.count(":") == 1 else inner
    try:
        return _plain(str(ip_address(without_port)))
    except ValueError:
        return ""


def _plain(host: str) -> str:
    """Of an IPv4 address that is written as an IPv6 one."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped or address)
