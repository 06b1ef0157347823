"""Whom notifications are sent to, in a process of its own: an endpoint that takes all, a port that is closed, and one
that takes connections and never answers. Standard library only.

Says its ports, then answers each line on standard input with one of JSON: `count`, or `take`, which begins anew.
"""

import asyncio
import json
import socket
import sys
import time
from typing import Final

_ID: Final = b"\r\nwebhook-id: "
_LENGTH: Final = b"\r\ncontent-length: "
_TAKEN: Final = b"HTTP/1.1 204 No Content\r\n\r\n"


class Received:
    """When each came; a monotonic clock's moments are the same in every process."""

    def __init__(self) -> None:
        self.moments: dict[str, float] = {}
        #: Of one that had come before.
        self.again = 0

    def note(self, id: str, at: float) -> None:
        self.again += id in self.moments
        self.moments.setdefault(id, at)

    def answer(self, command: str) -> dict[str, object]:
        if command != "take":
            return {"count": len(self.moments)}
        told = {"moments": self.moments, "again": self.again}
        self.moments, self.again = {}, 0
        return told


class Living(asyncio.Protocol):
    """Each letter has a connection of its own."""

    def __init__(self, received: Received) -> None:
        self._received = received
        self._transport: asyncio.WriteTransport | None = None
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._transport is not None and (id := letter_id(self._buffer)):
            self._received.note(id, time.monotonic())
            self._transport.write(_TAKEN)
            self._transport.close()
            self._transport = None


class Silent(asyncio.Protocol):
    """Not even a reader."""


def letter_id(data: bytes) -> str:
    """Of a letter that is there as a whole; else empty."""
    head, end, body = data.partition(b"\r\n\r\n")
    if not end or len(body) < int(_value(head, _LENGTH) or 0):
        return ""
    return _value(head, _ID).decode()


def _value(head: bytes, name: bytes) -> bytes:
    start = head.lower().find(name)
    return head[start + len(name) :].partition(b"\r\n")[0].strip() if start >= 0 else b""


async def serve() -> None:
    loop, received = asyncio.get_running_loop(), Received()
    living = await loop.create_server(lambda: Living(received), "127.0.0.1", 0, backlog=1024)
    silent = await loop.create_server(Silent, "127.0.0.1", 0, backlog=1024)
    with socket.socket() as closed:
        # Nobody else can have this port, and nobody listens there.
        closed.bind(("127.0.0.1", 0))
        ports = {name: one.getsockname()[1] for name, one in (("living", living.sockets[0]), ("closed", closed))}
        _say(ports | {"silent": silent.sockets[0].getsockname()[1]})
        while line := await asyncio.to_thread(sys.stdin.readline):
            _say(received.answer(line.strip()))


def _say(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(serve())
