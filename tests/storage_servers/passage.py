"""One client's connection through the proxy, and the one to the server behind it: passes on, withholds, breaks.

Does what a fault tells it; which fault is due, the proxy knows.
"""

import asyncio
import contextlib
import fcntl
import socket
import struct
import termios
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from tests.storage_servers.waiting import until
from tests.storage_servers.wire import PIECE_BYTES, Head, chunked, has_body, pieces, read_head


@dataclass(slots=True, eq=False)
class Exchange:
    """A request as the proxy saw it, and what became of it. Grows while it passes."""

    head: Head
    body_bytes: int = 0
    #: What the server answered; None as long as it did not, or was not asked.
    server_status: int | None = None
    #: What the client was told; None when nothing.
    status: int | None = None


class Broken(Exception):
    """This connection ends here, as a cable does; `last` still passes."""

    def __init__(self, why: str, last: bytes = b"") -> None:
        super().__init__(why)
        self.last = last


#: Asked for each piece of the body, with where in it the piece begins; returns what goes on.
OnPiece: TypeAlias = Callable[[int, bytes], Awaitable[bytes]]
Connect: TypeAlias = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


async def unchanged(_offset: int, piece: bytes) -> bytes:
    return piece


#: A server that answers before it has heard all goes on listening a little, or its answer would be lost in the reset.
_LINGER_SECONDS: Final = 0.5


class Passage:
    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        connect: Connect,
        changed: Callable[[], None],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._connect = connect
        self._changed = changed
        self._behind: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        #: Whether the client may send another request.
        self.is_open = True

    async def next_head(self) -> Head | None:
        return await read_head(self._reader)

    async def pass_on(
        self,
        exchange: Exchange,
        *,
        head: Head | None = None,
        up: OnPiece = unchanged,
        down: OnPiece = unchanged,
        replies: bool = True,
        piece_bytes: int = PIECE_BYTES,
    ) -> None:
        """The request to the server and its reply to the client, in pieces of that size at most. Without `replies` the
        client hears leave to send its body and nothing else."""
        reader, writer = await self._server()
        writer.write((head or exchange.head).raw)
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(self._send(exchange, writer, up, piece_bytes))
            await self._bring_back(exchange, reader, down, piece_bytes, replies=replies)
            if not sending.done():
                # It has answered without hearing the rest, which would be taken for the next request.
                self.is_open = False
                await asyncio.wait({sending}, timeout=_LINGER_SECONDS)
                sending.cancel()

    async def answer(self, exchange: Exchange, status: int, headers: dict[str, str], body: bytes) -> None:
        """Instead of the server, which hears nothing of it. The headers decide whether the body comes in chunks, and
        whether the connection ends."""
        if exchange.head.waits_for_leave:
            self.is_open = False
        else:
            await self.drop_body(exchange)
        head = Head(f"HTTP/1.1 {status} Told by the proxy", tuple(headers.items()))
        if not head.is_chunked:
            head = head.with_header("Content-Length", str(len(body)))
        if not self.is_open:
            head = head.with_header("Connection", "close")
        self.is_open = not head.is_last
        self._writer.write(head.raw)
        if has_body(head, exchange.head):
            self._writer.write(chunked(body) if head.is_chunked else body)
        await self._writer.drain()
        exchange.status = status
        self._changed()

    async def drop_body(self, exchange: Exchange) -> None:
        async for piece in pieces(self._reader, exchange.head):
            exchange.body_bytes += len(piece)
            self._changed()

    async def give_leave(self, exchange: Exchange) -> None:
        if exchange.head.waits_for_leave:
            self._writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            await self._writer.drain()

    def reset(self) -> None:
        """Both connections end at once: no farewell, and what is under way is lost."""
        for writer in self._writers:
            # None when a TLS connection has ended already.
            raw: socket.socket | None = writer.get_extra_info("socket")
            if raw and raw.fileno() != -1:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    def close(self) -> None:
        for writer in self._writers:
            writer.close()

    async def gone(self) -> None:
        """Until nothing of the two connections is left."""
        for writer in self._writers:
            with contextlib.suppress(OSError):
                # Shielded, for who is cancelled in it waits for the same once more.
                await asyncio.shield(writer.wait_closed())

    @property
    def _writers(self) -> list[asyncio.StreamWriter]:
        return [self._writer, self._behind[1]] if self._behind else [self._writer]

    async def _server(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._behind and self._behind[0].at_eof():
            # It lets go of idle connections sooner than the client does.
            self._behind[1].close()
            self._behind = None
        if self._behind is None:
            self._behind = await self._connect()
        return self._behind

    async def _send(self, exchange: Exchange, writer: asyncio.StreamWriter, up: OnPiece, piece_bytes: int) -> None:
        async for piece in pieces(self._reader, exchange.head, piece_bytes):
            passed = await _passed(up, exchange.body_bytes, piece, writer)
            exchange.body_bytes += len(piece)
            writer.write(passed)
            # A server that has gone away may have answered before.
            with contextlib.suppress(ConnectionError):
                await writer.drain()
            self._changed()

    async def _bring_back(
        self, exchange: Exchange, reader: asyncio.StreamReader, down: OnPiece, piece_bytes: int, *, replies: bool
    ) -> None:
        reply = await self._reply(reader)
        while reply.status < 200:
            self._writer.write(reply.raw)
            reply = await self._reply(reader)
        exchange.server_status = reply.status
        self.is_open = self.is_open and not reply.is_last and not exchange.head.is_last
        if replies:
            self._writer.write(reply.raw)
            exchange.status = reply.status
        if has_body(reply, exchange.head):
            offset = 0
            async for piece in pieces(reader, reply, piece_bytes, until_end=True):
                passed = await _passed(down, offset, piece, self._writer)
                offset += len(piece)
                if replies:
                    self._writer.write(passed)
                    await self._writer.drain()
        await self._writer.drain()
        self._changed()

    async def _reply(self, reader: asyncio.StreamReader) -> Head:
        reply = await read_head(reader)
        if reply is None:
            raise Broken("the server went away without an answer")
        return reply


async def _passed(on_piece: OnPiece, offset: int, piece: bytes, writer: asyncio.StreamWriter) -> bytes:
    try:
        return await on_piece(offset, piece)
    except Broken as broken:
        writer.write(broken.last)
        await _arrived(writer)
        raise


async def _arrived(writer: asyncio.StreamWriter) -> None:
    """Until the other side's system has taken all: a reset would take the rest away."""
    writer.transport.set_write_buffer_limits(high=0)
    await writer.drain()
    raw: socket.socket | None = writer.get_extra_info("socket")

    def has_arrived() -> bool:
        if not raw or raw.fileno() == -1:
            return True
        return not int.from_bytes(fcntl.ioctl(raw.fileno(), termios.TIOCOUTQ, bytes(4)), "little")

    # Somebody who reads no more gets the reset all the same.
    with contextlib.suppress(AssertionError):
        await until(has_arrived, lambda: "somebody who reads what was sent", limit_seconds=5.0)
