"""As much of an event socket as a client needs to log in and to ask what lives: nothing does. Knows no event.

Single-threaded and without pauses between bytes and their handling, so that its clock is the wire's.
"""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from typing import Any, Final, cast

CORE_UUID: Final = "b2893743-040d-4a0a-8341-39b6f6a05802"
_ANSWERS: Final = {
    "global_getvar core_uuid": CORE_UUID,
    "show channels as json": '{"row_count":0}',
    "conference json_list": "[]",
}


class Connection(asyncio.Protocol):
    def __init__(self, server: "Server") -> None:
        self._server = server
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self.kind = "plain"
        #: When the command at hand came.
        self.arrived_at = 0.0
        self.has_room = asyncio.Event()
        self.has_room.set()

    @property
    def transport(self) -> asyncio.Transport:
        assert self._transport is not None
        return self._transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.transport.write(b"Content-Type: auth/request\n\n")

    def connection_lost(self, error: Exception | None) -> None:
        self.has_room.set()
        self._server.lost(self)

    def pause_writing(self) -> None:
        self.has_room.clear()

    def resume_writing(self) -> None:
        self.has_room.set()

    def data_received(self, data: bytes) -> None:
        self.arrived_at = time.perf_counter()
        *commands, self._buffer = (self._buffer + data).split(b"\n\n")
        for command in commands:
            self._obey(command.decode().lstrip("\n"))

    def reply(self, text: str) -> None:
        self.transport.write(f"Content-Type: command/reply\nReply-Text: {text}\n\n".encode())

    def answer(self, text: str) -> None:
        self.transport.write(b"Content-Type: api/response\nContent-Length: %d\n\n%b" % (len(text), text.encode()))

    def _obey(self, command: str) -> None:
        line, _, rest = command.partition("\n")
        verb, _, argument = line.partition(" ")
        if verb == "api":
            self.answer(self._server.asked(argument))
        elif verb == "bgapi":
            job = rest.removeprefix("Job-UUID: ").strip()
            self.reply(f"+OK Job-UUID: {job}\nJob-UUID: {job}")
            self._server.ordered(self, argument, job)
        elif verb == "event":
            self.kind, _, names = argument.partition(" ")
            self.reply(f"+OK event listener enabled {self.kind}")
            if names != "BACKGROUND_JOB":
                self._server.subscribed(self)
        else:
            self.reply("+OK accepted")


class Server:
    """Takes connections on any port and says which on standard output, as JSON."""

    def __init__(self) -> None:
        #: Who wants events.
        self.news: Connection | None = None

    async def serve(self, during: Callable[[], Any]) -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Connection(self), "127.0.0.1", 0)
        sys.stdout.write(json.dumps({"port": server.sockets[0].getsockname()[1]}) + "\n")
        sys.stdout.flush()
        await during()
        server.close()

    def subscribed(self, connection: Connection) -> None:
        self.news = connection

    def lost(self, connection: Connection) -> None:
        if connection is self.news:
            self.news = None

    def asked(self, command: str) -> str:
        return _ANSWERS.get(command, "-ERR command not found")

    def ordered(self, connection: Connection, command: str, job: str) -> None:
        """A background job; whoever measures does it."""
