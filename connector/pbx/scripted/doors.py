"""The sockets of the scripted PBX: lines come in, frames go out to everybody who listens. Knows no call."""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias, cast

from connector.errors import PbxUnreachable
from connector.pbx.scripted.wire import Lines

#: Who reads slower than this much is cut off, as a PBX does.
_LONGEST_BACKLOG_BYTES = 64 * 1024 * 1024

_log = logging.getLogger(__name__)


class Connection(asyncio.Protocol):
    """One driver."""

    def __init__(self, doors: "Doors") -> None:
        self._doors = doors
        self._lines = Lines()
        self._transport: asyncio.WriteTransport | None = None
        #: It has asked what lives: from then on it hears everything.
        self.is_listening = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)
        self._doors.came(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._doors.went(self)

    def data_received(self, data: bytes) -> None:
        received_ns = time.monotonic_ns()
        try:
            for line in self._lines.feed(data):
                self._doors.on_line(self, line, received_ns)
        except PbxUnreachable as error:
            _log.warning("a driver said what nobody understands: %s", error)
            self.cut()

    def write(self, frames: bytes) -> None:
        if self._transport is None:
            return
        self._transport.write(frames)
        if self._transport.get_write_buffer_size() > _LONGEST_BACKLOG_BYTES:
            _log.warning("a driver reads too slowly and is cut off")
            self.cut()

    def end(self) -> None:
        """After what was written."""
        if self._transport is not None:
            self._transport.close()

    def cut(self) -> None:
        if self._transport is not None:
            self._transport.abort()
            self._transport = None


#: The connection, the line without its end, when it was read (monotonic).
OnLine: TypeAlias = Callable[[Connection, bytes, int], None]


class Doors:
    def __init__(self, socket: Path, on_line: OnLine) -> None:
        self.on_line = on_line
        #: Somebody has listened at least once.
        self.was_heard = asyncio.Event()
        self._socket = socket
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()
        self._is_shut = False
        self._is_doubling = False
        self._held_back: list[bytes] = []
        self._group = 1
        self._random = random.Random(0)  # noqa: S311 - disorder, the same in each run

    async def open(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._socket.unlink()
        self._server = await asyncio.get_running_loop().create_unix_server(lambda: Connection(self), str(self._socket))

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.end()
        await asyncio.sleep(0)
        with contextlib.suppress(FileNotFoundError):
            self._socket.unlink()

    def shut(self) -> None:
        """Cut everybody off and let nobody in."""
        self._is_shut = True
        for connection in list(self._connections):
            connection.is_listening = False
            connection.cut()

    def reopen(self) -> None:
        self._is_shut = False

    @property
    def has_listeners(self) -> bool:
        return any(connection.is_listening for connection in self._connections)

    def double(self, *, is_on: bool) -> None:
        self._is_doubling = is_on

    def shuffle(self, group: int) -> None:
        """From now on frames go out in groups of that many, each in another order; 1 = as they come."""
        self._release()
        self._group = group

    def write(self, frame: bytes) -> None:
        """One event, to everybody who listens."""
        self._held_back += [frame] * (2 if self._is_doubling else 1)
        if len(self._held_back) >= self._group:
            self._release()

    def listen(self, connection: Connection) -> None:
        connection.is_listening = True
        self.was_heard.set()

    def came(self, connection: Connection) -> None:
        self._connections.add(connection)
        if self._is_shut:
            connection.cut()

    def went(self, connection: Connection) -> None:
        self._connections.discard(connection)

    def _release(self) -> None:
        frames, self._held_back = self._held_back, []
        if self._group > 1:
            self._random.shuffle(frames)
        together = b"".join(frames)
        for connection in list(self._connections):
            if connection.is_listening:
                connection.write(together)
