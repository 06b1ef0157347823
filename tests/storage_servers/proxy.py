"""A proxy between a store and its server that passes on HTTP, notes every request, and breaks what it is told to.

Knows which fault is due for which request; the faults themselves are another module's.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeAlias
from urllib.parse import urlsplit

from tests.storage_servers.authority import Authority
from tests.storage_servers.faults import Fault, Nothing
from tests.storage_servers.passage import Broken, Exchange, Passage
from tests.storage_servers.ports import free_ports
from tests.storage_servers.waiting import LIMIT_SECONDS
from tests.storage_servers.wire import HEAD_LIMIT_BYTES, Head

Choice: TypeAlias = Callable[[Head], bool]

#: Small, so that a sender feels it soon when nobody reads.
_BUFFER_BYTES: Final = 1 << 16
_GONE: Final = (Broken, ConnectionError, asyncio.IncompleteReadError, ssl.SSLError)


def any_request(_head: Head) -> bool:
    return True


def uploads(head: Head) -> bool:
    """Requests that carry an object's bytes, or a part's."""
    return head.method == "PUT"


@dataclass(slots=True, eq=False)
class Order:
    """A fault that is due for some requests."""

    fault: Fault
    when: Choice
    #: How many of them it leaves alone first.
    spared: int
    #: How many it befalls then; None: all.
    times: int | None
    befallen: list[Exchange] = field(default_factory=list)

    def takes(self, exchange: Exchange) -> bool:
        if not self.when(exchange.head) or (self.times is not None and len(self.befallen) >= self.times):
            return False
        if self.spared:
            self.spared -= 1
            return False
        self.befallen.append(exchange)
        return True


class FaultProxy:
    """`async with FaultProxy(server.endpoint) as proxy:` and give the store `proxy.endpoint`. With an authority it
    speaks TLS to the client, whatever the server speaks; a server behind TLS needs `server_ca_file`."""

    def __init__(self, target: str, *, authority: Authority | None = None, server_ca_file: Path | None = None) -> None:
        self._target = urlsplit(target)
        self._authority = authority
        self._server_tls = ssl.create_default_context(cafile=server_ca_file) if self._target.scheme == "https" else None
        self._port = free_ports(1)[0]
        self._orders: list[Order] = []
        self._listening: asyncio.Server | None = None
        self._passages: set[asyncio.Task[None]] = set()
        self._change = asyncio.Event()
        #: All requests since the proxy was made, in the order in which their heads came.
        self.exchanges: list[Exchange] = []

    @property
    def endpoint(self) -> str:
        scheme = "https" if self._authority else "http"
        return f"{scheme}://127.0.0.1:{self._port}{self._target.path}"

    @property
    def heads(self) -> list[Head]:
        return [exchange.head for exchange in self.exchanges]

    def order(self, fault: Fault, *, times: int | None = 1, spared: int = 0, when: Choice = any_request) -> Order:
        """Let `fault` befall the next requests that `when` chooses, after `spared` of them; times=None: all from then
        on. Of several orders the one given first has the first choice."""
        order = Order(fault, when, spared, times)
        self._orders.append(order)
        return order

    def clear(self) -> None:
        """No order holds any more; what is under way stays as it is."""
        self._orders.clear()

    async def until(self, claim: Callable[[], bool], limit_seconds: float = LIMIT_SECONDS) -> None:
        """Until the claim holds; it is looked at again whenever something has passed."""
        async with asyncio.timeout(limit_seconds):
            while not claim():
                self._change.clear()
                await self._change.wait()

    async def start(self) -> None:
        """Listen; after a stop() on the same port again."""
        assert self._listening is None, "it listens already"
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        raw.bind(("127.0.0.1", self._port))
        tls = self._authority.serving() if self._authority else None
        self._listening = await asyncio.start_server(self._accepted, sock=raw, ssl=tls, limit=HEAD_LIMIT_BYTES)

    async def stop(self) -> None:
        """Nobody listens any more, and every connection is reset."""
        if self._listening is None:
            return
        self._listening.close()
        for passage in self._passages:
            passage.cancel()
        await asyncio.gather(*self._passages)
        await self._listening.wait_closed()
        self._listening = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.stop()

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._passages.add(task)
        passage = Passage(reader, writer, self._connected, self._change.set)
        try:
            await self._served(passage)
            await passage.gone()
        except asyncio.CancelledError:
            # Only stop() does that; the streams would report it as an accident.
            passage.reset()
            await passage.gone()
        self._passages.discard(task)
        self._change.set()

    async def _served(self, passage: Passage) -> None:
        try:
            await self._one_after_the_other(passage)
        except* _GONE:
            passage.reset()

    async def _one_after_the_other(self, passage: Passage) -> None:
        while passage.is_open and (head := await passage.next_head()):
            exchange = Exchange(head)
            self.exchanges.append(exchange)
            self._change.set()
            await self._due(exchange).befall(exchange, passage)
        passage.close()

    def _due(self, exchange: Exchange) -> Fault:
        return next((order.fault for order in self._orders if order.takes(exchange)), Nothing())

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        with contextlib.suppress(OSError):
            return await asyncio.open_connection(
                self._target.hostname, self._target.port, ssl=self._server_tls, limit=HEAD_LIMIT_BYTES
            )
        raise Broken("the server behind the proxy does not answer")
