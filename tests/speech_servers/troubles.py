"""What may befall a request instead of an answer: each is given to a server, and holds until it is taken away."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

Trouble = Callable[[web.Request], Awaitable[web.StreamResponse]]


def refuses(status: int, body: str = "", *, headers: dict[str, str] | None = None) -> Trouble:
    """After all of the sound was taken."""

    async def befall(request: web.Request) -> web.StreamResponse:
        await request.read()
        return web.Response(status=status, text=body, content_type="application/json", headers=headers)

    return befall


def says(content: bytes, content_type: str = "application/json") -> Trouble:
    """This, whatever it is asked."""

    async def befall(request: web.Request) -> web.StreamResponse:
        await request.read()
        return web.Response(body=content, content_type=content_type)

    return befall


def pours(piece: bytes, count: int) -> Trouble:
    """The piece, so often, of no length that was told."""

    async def befall(request: web.Request) -> web.StreamResponse:
        await request.read()
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(count):
            await response.write(piece)
        return response

    return befall


def stops_reading(status: int) -> Trouble:
    """A refusal before the sound is there, and no more is taken: as proxies with a limit do."""

    async def befall(request: web.Request) -> web.StreamResponse:
        response = web.Response(status=status, text="too large", headers={"Connection": "close"})
        await response.prepare(request)
        await response.write_eof()
        _cut(request)
        return response

    return befall


def cut_off(before: bytes = b'{"text": "hel') -> Trouble:
    """In the middle of an answer that was to be longer."""

    async def befall(request: web.Request) -> web.StreamResponse:
        await request.read()
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(before)
        _cut(request)
        return response

    return befall


def hangs_up() -> Trouble:
    """Without a word."""

    async def befall(request: web.Request) -> web.StreamResponse:
        await request.read()
        _cut(request)
        return web.Response()

    return befall


def silent(asked: asyncio.Event) -> Trouble:
    """Takes everything, and never answers."""

    async def befall(request: web.Request) -> web.StreamResponse:
        await request.read()
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError("nobody waits for ever")

    return befall


def _cut(request: web.Request) -> None:
    assert request.transport is not None
    request.transport.close()
