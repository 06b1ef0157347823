"""An HTTP proxy as offices have them: passes TLS on for those who know its password."""

import asyncio
import base64
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import quote

from tests.storage_servers.ports import free_ports
from tests.storage_servers.wire import read_head


class Tunnel:
    def __init__(self, user: str, password: str) -> None:
        self._user = user
        self._expected = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self._port = free_ports(1)[0]
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()
        #: How many connections it has made for somebody.
        self.passages = 0

    def url(self, password: str) -> str:
        return f"http://{self._user}:{quote(password)}@127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", self._port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        await asyncio.gather(*self._open)
        await self._server.wait_closed()

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        with suppress(ConnectionError):
            await self._served(reader, writer)
        writer.close()

    async def _served(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await read_head(reader)
        if head is None:
            return
        if head.method != "CONNECT" or head.header("proxy-authorization") != self._expected:
            writer.write(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        host, _, port = head.target.partition(":")
        self.passages += 1
        beyond_reader, beyond = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Go on\r\n\r\n")
        await asyncio.gather(_passed(reader, beyond), _passed(beyond_reader, writer))


async def _passed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    writer.close()
