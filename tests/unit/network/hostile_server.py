"""A server on this machine that answers each connection as a test says, in raw bytes, well or badly."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

Answering = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Hostile:
    host: str
    port: int = 0
    answering: Answering | None = None
    connections: int = 0
    #: Heads and bodies of what was asked.
    asked: list[bytes] = field(default_factory=list)
    #: Released with each of them.
    came: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    sent_bytes: int = 0
    #: As soon as a peer has gone away while it was answered.
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                assert self.answering is not None
                await self.answering(reader, writer)
            writer.close()
            with suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()
        finally:
            writer.transport.abort()

    async def request(self, reader: asyncio.StreamReader) -> bytes:
        """One that tells the length of its body; it is kept."""
        head = await reader.readuntil(b"\r\n\r\n")
        lengths = [line for line in head.lower().splitlines() if line.startswith(b"content-length:")]
        body = await reader.readexactly(int(lengths[0].split(b":")[1])) if lengths else b""
        self.asked.append(head + body)
        self.came.release()
        return head + body

    def says(self, *pieces: bytes, stays: bool = False) -> None:
        """These bytes to each request; then it closes, or `stays` and is silent until the peer goes."""

        async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self.request(reader)
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
            if stays:
                await self._until_left(reader)

        self.answering = answering

    def repeats(self, beginning: bytes, piece: bytes) -> None:
        """The piece for ever, as fast as the peer takes it."""

        async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self.request(reader)
            writer.write(beginning)
            try:
                while True:
                    writer.write(piece)
                    await writer.drain()
                    self.sent_bytes += len(piece)
                    # drain does not give way while the peer keeps up.
                    await asyncio.sleep(0)
            finally:
                self.left.set()

        self.answering = answering

    def drips(self, beginning: bytes, piece: bytes) -> None:
        """The piece for ever, a little at a time."""

        async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self.request(reader)
            writer.write(beginning)
            leaving = asyncio.ensure_future(self._until_left(reader))
            while not leaving.done():
                writer.write(piece)
                await asyncio.wait([leaving], timeout=0.02)
            await leaving

        self.answering = answering

    def resets(self, *, after: bytes = b"") -> None:
        async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self.request(reader)
            writer.write(after)
            await writer.drain()
            # Closing it then resets it.
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

        self.answering = answering

    async def _until_left(self, reader: asyncio.StreamReader) -> None:
        with suppress(ConnectionError):
            await reader.read()
        self.left.set()


@asynccontextmanager
async def hostile(
    host: str = "127.0.0.1", *, port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Hostile]:
    made = Hostile(host)
    made.says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    serving: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        await made.serve(reader, writer)

    server = await asyncio.start_server(accept, host, port, ssl=tls, limit=1 << 20)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        await server.wait_closed()
