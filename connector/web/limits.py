"""What no request may be, whoever asks: too large, too slow, ambiguous, no text. Looked at before any route does.

Knows HTTP; what JSON may be is web/strict_json.py.
"""

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Final

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connector.errors import BadRequest
from connector.ports.clock import Clock
from connector.web.metrics import Counting, RequestNumbers
from connector.web.problems import problem
from connector.web.proxies import Proxies, with_origins
from connector.web.strict_json import check_json

MOST_BODY_BYTES: Final = 1_000_000
#: For a whole body.
BODY_SECONDS: Final = 30.0
#: Of what is refused, so much is thrown away before the connection ends: who does not listen before all is said would
#: not hear why.
_THROWN_AWAY_BYTES: Final = 16_000_000
_THROWN_AWAY_SECONDS: Final = 5.0
#: What takes longer to look at is looked at in a thread.
_LONG_BYTES: Final = 16_384
_HOST: Final = re.compile(rb"(?:[A-Za-z0-9._~-]*|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")
_SECURITY_HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
}


class _TooLarge(Exception):
    """More than anybody has to say here."""

    def __init__(self, *, is_unread: bool) -> None:
        super().__init__()
        #: More of it may be on its way.
        self.is_unread = is_unread


class _Left(Exception):
    """Whoever asked has gone before he had said all."""


def guarded(
    app: ASGIApp,
    numbers: RequestNumbers,
    clock: Clock,
    *,
    trusted_proxies: Sequence[str] = (),
    origins: Sequence[str] = (),
) -> ASGIApp:
    """The application as it is to be served."""
    return Proxies(Counting(SecureAnswers(with_origins(Limits(app), origins)), numbers, clock), trusted_proxies)


class Limits:
    """Hands on what is within them, with its body read."""

    def __init__(self, app: ASGIApp, *, body_seconds: float = BODY_SECONDS) -> None:
        self._app = app
        self._body_seconds = body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            receive = await self._checked(scope, receive)
        except BadRequest as error:
            await _refuse(HTTPStatus.BAD_REQUEST, str(error), scope, receive, send)
        except _TooLarge as error:
            said = f"a body of at most {MOST_BODY_BYTES} bytes is wanted"
            await _refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, said, scope, receive, send, is_unread=error.is_unread)
        except TimeoutError:
            said = f"the body did not come within {self._body_seconds:g} s"
            await _refuse(HTTPStatus.REQUEST_TIMEOUT, said, scope, receive, send, is_unread=True)
        except _Left:
            return
        else:
            await self._app(scope, receive, send)

    async def _checked(self, scope: Scope, receive: Receive) -> Receive:
        """How the application is to read it."""
        headers = dict(scope["headers"])
        if not _HOST.fullmatch(headers.get(b"host", b"")):
            raise BadRequest("the Host header is none")
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            raise BadRequest("the address holds a NUL, which is no text")
        if not {b"content-length", b"transfer-encoding"} & headers.keys():
            return receive
        if int(headers.get(b"content-length", b"0")[:20]) > MOST_BODY_BYTES:
            raise _TooLarge(is_unread=True)
        async with asyncio.timeout(self._body_seconds):
            body = await _read(receive)
        if _is_json(headers.get(b"content-type", b""), body):
            await (asyncio.to_thread(check_json, body) if len(body) > _LONG_BYTES else _now(body))
        return _Read(body, receive)


class SecureAnswers:
    """Headers that keep browsers and caches from doing with an answer what it is not for; a route may say otherwise."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, secured)


class _Read:
    """A body that was read already, and then whatever comes."""

    def __init__(self, body: bytes, rest: Receive) -> None:
        self._body: bytes | None = body
        self._rest = rest

    async def __call__(self) -> Message:
        body, self._body = self._body, None
        if body is None:
            return await self._rest()
        return {"type": "http.request", "body": body, "more_body": False}


async def _read(receive: Receive) -> bytes:
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Left
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if size > MOST_BODY_BYTES:
            raise _TooLarge(is_unread=bool(message.get("more_body", False)))
        if not message.get("more_body", False):
            return b"".join(pieces)


def _is_json(content_type: bytes, body: bytes) -> bool:
    """Whatever it is called: some clients call it nothing, or a form."""
    return bool(body) and (b"json" in content_type.lower() or body.lstrip()[:1] in {b"{", b"["})


async def _now(body: bytes) -> None:
    check_json(body)


async def _refuse(
    status: int, said: str, scope: Scope, receive: Receive, send: Send, *, is_unread: bool = False
) -> None:
    # Without its headers, for a Host that is none has no address.
    headers = {"connection": "close"} if is_unread else {}
    answer = problem(status, said, Request({**scope, "headers": []}), headers=headers)
    await send({"type": "http.response.start", "status": status, "headers": answer.raw_headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": True})
    if is_unread:
        await _throw_away(receive)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _throw_away(receive: Receive) -> None:
    size, is_over = 0, False
    with suppress(TimeoutError):
        async with asyncio.timeout(_THROWN_AWAY_SECONDS):
            while not is_over and size < _THROWN_AWAY_BYTES:
                message = await receive()
                size += len(message.get("body", b""))
                is_over = not message.get("more_body", False)
