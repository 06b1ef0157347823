"""Idempotency-Key: the same request again does not act again, and gets the same answer.

Knows requests and answers; which of several is the first, the request book knows.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Request, Response
from fastapi.routing import APIRoute

from connector.domain.access import Access, KeyRole
from connector.errors import CatalogueUnavailable, Conflict
from connector.ports.clock import Clock
from connector.ports.request_book import BookedRequest, RequestBook
from connector.web.door import Door
from connector.web.problems import problem

log = logging.getLogger(__name__)

REPLAYED: Final = "idempotency-replayed"
_Key = Annotated[
    str | None,
    Header(
        alias="idempotency-key",
        min_length=1,
        max_length=255,
        description="the same key with the same request acts once; its answer is kept for 24 hours",
    ),
]


class Once:
    """For routes of an `APIRouter(route_class=OnceRoute)`:
    `access: Annotated[Access, once.needs(KeyRole.CONTROL)]` instead of the door's."""

    def __init__(self, door: Door, book: RequestBook, clock: Clock) -> None:
        self._door = door
        self._book = book
        self._clock = clock

    def needs(self, role: KeyRole) -> Any:
        """Whoever asks, with a key of that role; goes on to the route only when it is to act."""

        async def booked(
            request: Request, access: Annotated[Access, self._door.needs(role)], key: _Key = None
        ) -> Access:
            if key is not None:
                await self._book_in(request, f"{access.key.id}/{key}")
            return access

        return Depends(booked)

    async def _book_in(self, request: Request, id: str) -> None:
        asked = BookedRequest(id=id, digest=await _digest(request), at=self._clock.now())
        earlier = await self._book.begin(asked)
        if earlier is not None:
            raise _AskedBeforeError(_said_again(earlier, asked, request))
        request.state.booked = _Booked(self._book, id)


class OnceRoute(APIRoute):
    """Keeps the answers of those that were booked."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                response = await handler(request)
            except _AskedBeforeError as known:
                return known.answer
            except Exception:
                await _settle(request, None)
                raise
            await _settle(request, response)
            return response

        return answered


class _AskedBeforeError(Exception):
    """There is nothing to do any more."""

    def __init__(self, answer: Response) -> None:
        super().__init__()
        self.answer = answer


class _Booked:
    def __init__(self, book: RequestBook, id: str) -> None:
        self._book = book
        self._id = id

    async def settle(self, response: Response | None) -> None:
        """What went wrong has not acted, and may be tried again with the same key."""
        if response is None or response.status_code >= HTTPStatus.BAD_REQUEST:
            await self._book.withdraw(self._id)
        else:
            await self._book.end(self._id, response.status_code, _kept(response))


async def _settle(request: Request, response: Response | None) -> None:
    booked: _Booked | None = getattr(request.state, "booked", None)
    if booked is None:
        return
    try:
        await booked.settle(response)
    except CatalogueUnavailable as error:
        # It has acted: whoever asked has to know. The same again waits until this one is taken for lost.
        log.warning("answer not kept", extra={"path": request.url.path, "hint": str(error)})


def _kept(response: Response) -> str:
    """Nothing of what must not lie anywhere: a new key, for one."""
    if "no-store" in response.headers.get("cache-control", ""):
        return ""
    with suppress(UnicodeDecodeError):
        return bytes(getattr(response, "body", b"")).decode()
    return ""


def _said_again(earlier: BookedRequest, asked: BookedRequest, request: Request) -> Response:
    if earlier.digest != asked.digest:
        detail = "this Idempotency-Key was another request's: choose a new one for each request"
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, detail, request)
    if not earlier.status:
        raise Conflict("the same request is still under way: ask again for its answer")
    if not earlier.body and earlier.status != HTTPStatus.NO_CONTENT:
        raise Conflict(f"this was done already ({earlier.status}), and its answer is not kept: it held a secret")
    media_type = "application/json" if earlier.body else None
    return Response(earlier.body, earlier.status, {REPLAYED: "true"}, media_type=media_type)


async def _digest(request: Request) -> str:
    body = hashlib.sha256(await request.body()).hexdigest()
    said = [request.method, request.url.path, request.url.query, body]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()
