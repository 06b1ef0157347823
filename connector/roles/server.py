"""Our HTTP server: where it listens, TLS, what clients may take their time for, and leaving in order.

Knows uvicorn; knows no route. What is asked is the application's.
"""

import asyncio
import logging
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final
from urllib.parse import urlsplit

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from connector.config.api_checks import api_contradictions
from connector.errors import ConfigError
from connector.roles.tls import Certificate
from connector.settings import ApiSettings

log = logging.getLogger(__name__)

#: What is being answered may end; a recording that is still on its way then is broken off, and gone on with by Range.
DRAIN_SECONDS: Final = 10
#: Method, URL and headers together.
MOST_HEAD_BYTES: Final = 16_384
#: Until a request's head is whole; who only opens a connection has no longer.
HEAD_SECONDS: Final = 20.0
#: Who takes nothing for so long is let go.
STALLED_SECONDS: Final = 300.0
_KEEP_ALIVE_SECONDS: Final = 30
_MOST_CONNECTIONS: Final = 1000
_BACKLOG: Final = 512


class Server:
    """`start`, `serve_until`, `stop`; `reload` in between."""

    def __init__(self, app: ASGIApp, api: ApiSettings, *, drain_seconds: int = DRAIN_SECONDS) -> None:
        """Raises ConfigError: a certificate that is none, an address that must not be served without one."""
        for key, text in api_contradictions(api):
            raise ConfigError(f"api.{key}: {text}")
        self._listen = api.listen
        self._certificate = Certificate(api.tls_certificate, api.tls_key) if api.tls_certificate else None
        self._server = _Uvicorn(_config(app, self._certificate, drain_seconds))
        self._serving: asyncio.Task[None] | None = None

    @property
    def addresses(self) -> list[tuple[str, int]]:
        """Where it listens now: what a port of 0 has become."""
        return [own.getsockname()[:2] for server in self._server.servers for own in server.sockets]

    async def start(self) -> None:
        """It answers when this returns. Raises ConfigError where it cannot listen."""
        sockets = await _listening(self._listen)
        self._serving = asyncio.create_task(self._server.serve(sockets), name="http")
        await self.serve_until(self._server.has_started)

    async def serve_until(self, stop: asyncio.Event) -> None:
        """Whatever it died of is raised here."""
        assert self._serving is not None, "start comes first"
        waiting = asyncio.create_task(stop.wait(), name="until the http server stops")
        await asyncio.wait({waiting, self._serving}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._serving.done():
            await self._serving

    def reload(self) -> None:
        """The certificate's files as they are now, for connections that come; a bad pair leaves the old one."""
        if self._certificate is None:
            return
        try:
            self._certificate.load()
        except ConfigError as error:
            log.error("certificate refused, the old one stays", extra={"hint": str(error)})
        else:
            log.info("certificate read again")

    async def stop(self) -> None:
        """Nobody new; what is being answered may end within the time."""
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving


class _Uvicorn(uvicorn.Server):
    """Signals are the lifeline's."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.servers = []
        self.has_started = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.has_started.set()


class _Protocol(H11Protocol):
    """uvicorn's, which waits for ever for a head that comes byte by byte and for a client that takes nothing."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._head: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self._watch_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._forget_head()
        self._forget_stall()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall = self.loop.call_later(STALLED_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._forget_stall()

    def _watch_head(self) -> None:
        if self.conn.their_state is not h11.IDLE or self.transport.is_closing():
            self._forget_head()
        elif self._head is None:
            self._head = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _forget_head(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _forget_stall(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None


def _config(app: ASGIApp, certificate: Certificate | None, drain_seconds: int) -> uvicorn.Config:
    context = certificate.context if certificate else None
    return uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        # Warnings are of requests that were none: whoever likes could fill the log with them.
        log_level=logging.ERROR,
        access_log=False,
        server_header=False,
        # Whom to believe is the application's business: web/proxies.py.
        proxy_headers=False,
        ssl_context_factory=(lambda *_: context) if context else None,
        limit_concurrency=_MOST_CONNECTIONS,
        backlog=_BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=drain_seconds,
        h11_max_incomplete_event_size=MOST_HEAD_BYTES,
    )


async def _listening(address: str) -> list[socket.socket]:
    """One socket for each address that the host's name means."""
    parts = urlsplit(f"//{address}")
    with ExitStack() as stack:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                parts.hostname, parts.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )
            sockets = [stack.enter_context(_bound(family, place)) for family, _, _, _, place in dict.fromkeys(found)]
        except OSError as error:
            hint = "does another program listen there, and may callreel? change api.listen"
            raise ConfigError(f"cannot listen on {address} ({error.strerror or error}): {hint}") from error
        stack.pop_all()
        return sockets


def _bound(family: int, place: Any) -> socket.socket:
    # By its name asyncio knows that it may send at once (TCP_NODELAY); otherwise each answer takes 40 ms more.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(place)
        made.setblocking(False)
    except OSError:
        made.close()
        raise
    return made
