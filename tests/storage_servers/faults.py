"""What can befall a request on its way to a bucket. Each knows one mishap, and not how often it is due."""

import asyncio
import base64
from dataclasses import dataclass, field
from typing import Protocol

from tests.storage_servers.passage import Broken, Exchange, OnPiece, Passage
from tests.storage_servers.wire import PIECE_BYTES


class Fault(Protocol):
    async def befall(self, exchange: Exchange, passage: Passage) -> None:
        """See the request to its end, whatever that is. Broken: the connection is gone."""
        ...


@dataclass(frozen=True)
class Nothing:
    """It arrives, and so does the answer."""

    async def befall(self, exchange: Exchange, passage: Passage) -> None:
        await passage.pass_on(exchange)


@dataclass(frozen=True)
class Answered:
    """The server hears nothing of it; the client is told this. Without a body of its own the error's word stands where
    S3 and Azure have it; cloud_answers knows how they say it really."""

    status: int
    code: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None

    async def befall(self, exchange: Exchange, passage: Passage) -> None:
        await passage.answer(exchange, self.status, *self._said())

    def _said(self) -> tuple[dict[str, str], bytes]:
        if self.body is not None:
            return self.headers, self.body
        text = f'<?xml version="1.0"?><Error><Code>{self.code}</Code><Message>told by the proxy</Message></Error>'
        return {"content-type": "application/xml", "x-ms-error-code": self.code} | self.headers, text.encode()


SLOW_DOWN = Answered(503, "SlowDown")
ACCESS_DENIED = Answered(403, "AccessDenied")


def _cut(after_bytes: int) -> OnPiece:
    async def cut(offset: int, piece: bytes) -> bytes:
        if offset + len(piece) > after_bytes:
            raise Broken(f"cut after {after_bytes} bytes", last=piece[: after_bytes - offset])
        return piece

    return cut


@dataclass(frozen=True)
class Reset:
    """Both connections are reset when so many bytes of the body have passed. A body no longer than that is unharmed."""

    after_bytes: int = 0

    async def befall(self, exchange: Exchange, passage: Passage) -> None:
        await passage.pass_on(exchange, up=_cut(self.after_bytes))


@dataclass(frozen=True)
class ReplyLost:
    """The server has done what it was asked to; the connection breaks before the client hears of it."""

    async def befall(self, exchange: Exchange, passage: Passage) -> None:
        await passage.pass_on(exchange, replies=False)
        raise Broken("the reply was lost")


@dataclass(frozen=True)
class ReplyCut:
    """The connection breaks when so many bytes of the reply's body have come back."""

    after_bytes: int = 0

    async def befall(self, exchange: Exchange, passage: Passage) -> None:
        await passage.pass_on(exchange, down=_cut(self.after_bytes))


@dataclass(frozen=True)
class Silence:
    """The whole body is taken, and no answer ever comes. The server hears nothing of it."""

    async def befall(self, exchange: Exchange, passage: Passage) -> None:
        await passage.give_leave(exchange)
        await passage.drop_body(exchange)
        await asyncio.Event().wait()


@dataclass(frozen=True)
class Deaf:
    """Nothing is read any more once so many bytes of the body have passed: the sender's buffers fill."""

    after_bytes: int = 0

    async def befall(self, exchange: Exchange, passage: Passage) -> None:
        async def stopped(offset: int, piece: bytes) -> bytes:
            if offset + len(piece) > self.after_bytes:
                await asyncio.Event().wait()
            return piece

        await passage.pass_on(exchange, up=stopped)


@dataclass(frozen=True)
class SlowLink:
    """Both bodies creep, a twentieth of a second's worth at a time: even a few bytes per second never stand still."""

    bytes_per_second: float

    async def befall(self, exchange: Exchange, passage: Passage) -> None:
        piece_bytes = min(PIECE_BYTES, max(1, int(self.bytes_per_second / 20)))
        await passage.pass_on(exchange, up=self._paced, down=self._paced, piece_bytes=piece_bytes)

    async def _paced(self, _offset: int, piece: bytes) -> bytes:
        await asyncio.sleep(len(piece) / self.bytes_per_second)
        return piece


@dataclass(frozen=True)
class WrongMd5:
    """The Content-MD5 is another content's. It is signed as a rule, so that strict servers may answer 403 instead of
    BadDigest; Flipped gets BadDigest."""

    async def befall(self, exchange: Exchange, passage: Passage) -> None:
        other = base64.b64encode(bytes(16)).decode()
        await passage.pass_on(exchange, head=exchange.head.with_header("Content-MD5", other))


@dataclass(frozen=True)
class Flipped:
    """One bit of the body is another when it arrives. A server that trusts TLS alone would store it."""

    at_byte: int = 0

    async def befall(self, exchange: Exchange, passage: Passage) -> None:
        async def flipped(offset: int, piece: bytes) -> bytes:
            place = self.at_byte - offset
            if not 0 <= place < len(piece):
                return piece
            return piece[:place] + bytes([piece[place] ^ 1]) + piece[place + 1 :]

        await passage.pass_on(exchange, up=flipped)


@dataclass(frozen=True)
class GoogleFrontEnd:
    """What Google's front end does to a request before its signature is looked at: a header that is signed by others'
    clients is another one when it arrives."""

    async def befall(self, exchange: Exchange, passage: Passage) -> None:
        accepted = exchange.head.header("accept-encoding")
        changed = f"{accepted},gzip(gfe)" if accepted else "gzip(gfe)"
        await passage.pass_on(exchange, head=exchange.head.with_header("Accept-Encoding", changed))
