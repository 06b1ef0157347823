"""The event socket: takes connections, lets some in, and can be cut, stalled and forged. Knows no call."""

import asyncio
import contextlib
import socket
from typing import Final

from tests.freeswitch.exchange import Exchange
from tests.freeswitch.listener import GOODBYE, Api, Listener

#: Measured: what a client outside of the ACL is told.
_RUDE: Final = "Access Denied, go away.\n"


class EslServer:
    def __init__(self, exchange: Exchange, password: str, api: Api) -> None:
        self.listeners: set[Listener] = set()
        self.refuse_acl = False
        self.password = password
        self._exchange, self._api = exchange, api
        self._server: asyncio.Server | None = None
        self._may_speak = asyncio.Event()
        self._may_speak.set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self, port: int) -> int:
        """The port that it got."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", port, limit=1 << 24, backlog=256)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self, *, politely: bool) -> None:
        """Resets what is open unless it was closed politely already."""
        if self._server is not None:
            self._server.close()
        if not politely:
            self.cut()
        self.go_on()
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def cut(self) -> None:
        """Every connection is reset, as by a firewall or a dead process."""
        for listener in tuple(self.listeners):
            transport = listener.writer.transport
            with contextlib.suppress(OSError, AttributeError):
                transport.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00"
                )
            transport.abort()

    def stall(self) -> None:
        """Half-open: connections stay, are accepted even, and nothing is read or said any more."""
        self._may_speak.clear()

    def go_on(self) -> None:
        self._may_speak.set()
        for listener in self.listeners:
            listener.flush()

    def forge(self, data: bytes) -> None:
        """These bytes, as they are, to everyone who is logged in."""
        for listener in self.listeners:
            if listener.is_authenticated:
                listener.writer.write(data)

    def say_goodbye(self, text: str) -> None:
        for listener in tuple(self.listeners):
            listener.disconnect(text)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._may_speak.wait()
            if self.refuse_acl:
                await self._refuse(writer)
                return
            listener = Listener(self._exchange, reader, writer, self.password, self._api, self._may_speak)
            self.listeners.add(listener)
            try:
                await listener.serve()
            finally:
                self.listeners.discard(listener)
        except (asyncio.CancelledError, ConnectionError):
            writer.transport.abort()
        finally:
            self._tasks.discard(task)

    async def _refuse(self, writer: asyncio.StreamWriter) -> None:
        notice = f"Content-Type: text/disconnect-notice\nContent-Length: {len(GOODBYE)}\n\n{GOODBYE}"
        writer.write(f"Content-Type: text/rude-rejection\nContent-Length: {len(_RUDE)}\n\n{_RUDE}{notice}".encode())
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()
