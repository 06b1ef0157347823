"""A TCP line between callreel and a port of the PBX that can be cut, stay dead for a while, or freeze.

Knows bytes and connections, nothing of what they say.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager


class Line:
    def __init__(self, port: int) -> None:
        self._far_port = port
        self._ends: set[asyncio.StreamWriter] = set()
        self._is_dead = False
        self._flows = asyncio.Event()
        self._flows.set()
        #: How often somebody connected.
        self.tries = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[int]:
        """Gives the port to connect to."""
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            self._flows.set()
            self.cut()
            server.close()

    def cut(self) -> None:
        """Once; whoever connects anew is carried."""
        for end in self._ends:
            end.transport.abort()

    @contextmanager
    def dead(self) -> Iterator[None]:
        """Cut, and nobody is carried meanwhile."""
        self._is_dead = True
        self.cut()
        yield
        self._is_dead = False

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """No byte arrives, and nobody is told so: a half-open connection."""
        self._flows.clear()
        yield
        self._flows.set()

    async def _carry(self, near: asyncio.StreamReader, near_end: asyncio.StreamWriter) -> None:
        self.tries += 1
        if self._is_dead:
            near_end.transport.abort()
            return
        await self._flows.wait()
        far, far_end = await asyncio.open_connection("127.0.0.1", self._far_port)
        ends = {near_end, far_end}
        self._ends |= ends
        await asyncio.gather(self._pass_on(near, far_end), self._pass_on(far, near_end))
        self._ends -= ends

    async def _pass_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                await self._flows.wait()
                target.write(data)
        except ConnectionError:
            pass
        finally:
            target.close()
