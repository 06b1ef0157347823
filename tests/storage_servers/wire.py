"""HTTP/1.1 as bytes on a stream: where a head ends, and where a body. Knows no faults."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

PIECE_BYTES: Final = 65536
#: Heads, and lines between chunks.
HEAD_LIMIT_BYTES: Final = 1 << 18


@dataclass(frozen=True, slots=True)
class Head:
    """The first line and the headers, of a request or of a reply."""

    line: str
    headers: tuple[tuple[str, str], ...]

    @property
    def method(self) -> str:
        return self.line.split(" ", 1)[0]

    @property
    def target(self) -> str:
        return self.line.split(" ")[1]

    @property
    def path(self) -> str:
        """Without the query, and no longer quoted."""
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> str:
        return urlsplit(self.target).query

    @property
    def status(self) -> int:
        return int(self.line.split(" ")[1])

    @property
    def names(self) -> list[str]:
        """Of all headers, in lower case."""
        return [name.lower() for name, _ in self.headers]

    def header(self, name: str) -> str | None:
        return next((value for known, value in self.headers if known.lower() == name.lower()), None)

    def with_header(self, name: str, value: str) -> "Head":
        others = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        return Head(self.line, (*others, (name, value)))

    @property
    def is_last(self) -> bool:
        return (self.header("connection") or "").lower() == "close"

    @property
    def is_chunked(self) -> bool:
        return (self.header("transfer-encoding") or "").lower() == "chunked"

    @property
    def waits_for_leave(self) -> bool:
        """Whether the body comes only when the other side has said 100."""
        return (self.header("expect") or "").lower() == "100-continue"

    @property
    def raw(self) -> bytes:
        lines = [self.line, *(f"{name}: {value}" for name, value in self.headers), "", ""]
        return "\r\n".join(lines).encode("latin-1")


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """None when the other side has said all it wanted to."""
    try:
        raw = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None
    line, *rest = raw[:-4].decode("latin-1").split("\r\n")
    pairs = (header.partition(":") for header in rest)
    return Head(line, tuple((name, value.strip()) for name, _, value in pairs))


def has_body(reply: Head, request: Head) -> bool:
    return request.method != "HEAD" and reply.status >= 200 and reply.status not in (204, 304)


def chunked(body: bytes) -> bytes:
    return (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"


async def pieces(
    reader: asyncio.StreamReader, head: Head, most_bytes: int = PIECE_BYTES, *, until_end: bool = False
) -> AsyncIterator[bytes]:
    """The body as it is on the wire. `until_end`: with no length it goes on until the other side closes (a reply's)."""
    length = head.header("content-length")
    if head.is_chunked:
        async for piece in _chunks(reader, most_bytes):
            yield piece
    elif length is not None:
        async for piece in _exactly(reader, int(length), most_bytes):
            yield piece
    elif until_end:
        while piece := await reader.read(most_bytes):
            yield piece


async def _exactly(reader: asyncio.StreamReader, size_bytes: int, most_bytes: int) -> AsyncIterator[bytes]:
    left = size_bytes
    while left:
        piece = await reader.read(min(left, most_bytes))
        if not piece:
            raise asyncio.IncompleteReadError(b"", left)
        left -= len(piece)
        yield piece


async def _chunks(reader: asyncio.StreamReader, most_bytes: int) -> AsyncIterator[bytes]:
    size_bytes = -1
    while size_bytes:
        line = await reader.readuntil(b"\r\n")
        size_bytes = int(line.partition(b";")[0], 16)
        yield line
        if size_bytes:
            async for piece in _exactly(reader, size_bytes + 2, most_bytes):
                yield piece
    while line != b"\r\n":
        line = await reader.readuntil(b"\r\n")
        yield line
