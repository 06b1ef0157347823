"""Files by signed links: who has one needs no other key; and how any file of ours is answered over HTTP."""

import logging
from typing import Protocol
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse, StreamingResponse
from starlette.types import Receive, Scope, Send

from connector.domain.disposition import disposition
from connector.errors import CatalogueUnavailable, DestinationRefused, DestinationUnreachable, LinkRefused, NotFound
from connector.services.fetching import Fetched, Fetching
from connector.services.file_links import FileLinks, Linked
from connector.web import ranges

log = logging.getLogger(__name__)

_STATUSES = {
    LinkRefused: 403,
    NotFound: 404,
    DestinationRefused: 502,
    DestinationUnreachable: 503,
    CatalogueUnavailable: 503,
}
#: A link is a key: neither it nor what it opens is to lie in caches of others.
NOT_KEPT = {"cache-control": "private, no-store", "referrer-policy": "no-referrer"}


class JobAudited(Protocol):
    """The audit log, as far as it is needed here."""

    async def done_by(
        self, by: str, action: str, *, subject: str = "", organisation: str | None = None, **details: object
    ) -> None: ...


class FileAnswers:
    """A stored file as HTTP gives it: whole or in part, with what tells whether it is still the same one."""

    def __init__(self, hand_over: str = "") -> None:
        """`hand_over` is where nginx has the folders of this machine: it gives the bytes then, and the parts."""
        self._hand_over = hand_over

    async def answer(self, request: Request, fetched: Fetched, filename: str) -> Response:
        """Lets go of the file when it is not to be sent. Raises what a store raises that does not give the part."""
        made = self._answer(request, fetched, filename)
        if isinstance(made, _Stream):
            await made.begin()
        else:
            await fetched.pieces.close()
        return made

    def _answer(self, request: Request, fetched: Fetched, filename: str) -> Response:
        headers = headers_of(fetched.content_type, fetched.sha256, filename)
        if ranges.has_it(request.headers.get("if-none-match"), headers["etag"]):
            return Response(status_code=304, headers=headers)
        if self._hand_over and fetched.lies_plain:
            return Response(headers=headers | {"x-accel-redirect": self._handed_over(*fetched.lies_plain)})
        return _in_parts(request, fetched, headers)

    def _handed_over(self, destination: str, name: str) -> str:
        """Where one prefix is for one folder; `{destination}` in it tells several apart."""
        return self._hand_over.replace("{destination}", quote(destination, safe="")) + quote(name)


def files_router(
    links: FileLinks, fetching: Fetching, auditing: JobAudited | None = None, hand_over: str = ""
) -> APIRouter:
    router = APIRouter()
    answers = FileAnswers(hand_over)

    @router.api_route("/files/{recording_id}/{kind}", methods=["GET", "HEAD"], include_in_schema=False)
    async def file(recording_id: str, kind: str, request: Request) -> Response:
        """What a link of ours is to."""
        try:
            linked = links.opened(recording_id, kind, request.query_params)
            fetched = await fetching.fetched(linked)
            if auditing is not None and request.method == "GET":
                await _written_down(auditing, linked, fetched)
            return await answers.answer(request, fetched, linked.filename)
        except tuple(_STATUSES) as error:
            return _refusal(error, recording_id)

    return router


def headers_of(content_type: str, etag: str, filename: str) -> dict[str, str]:
    """Of any sound that is handed out; without a name it is shown where it is opened."""
    headers = {
        **NOT_KEPT,
        "accept-ranges": "bytes",
        "etag": f'"{etag}"',
        "content-type": content_type,
        "x-content-type-options": "nosniff",
    }
    if filename:
        headers["content-disposition"] = disposition(filename)
    return headers


class _Stream(StreamingResponse):
    """Lets go of the file however it ends: whoever asked may leave early, even before the first byte."""

    def __init__(self, fetched: Fetched, part: ranges.Extent, status: int, headers: dict[str, str]) -> None:
        size_bytes = part.end - part.start
        super().__init__(ranges.cut(fetched.pieces, ranges.Extent(0, size_bytes)), status_code=status, headers=headers)
        self._fetched = fetched
        self._start = part.start

    async def begin(self) -> None:
        """Before a status is said: what cannot be had from there on is an error, not an answer that breaks off."""
        try:
            await self._fetched.pieces.begin_at(self._start)
        except BaseException:
            await self._fetched.pieces.close()
            raise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._fetched.pieces.close()


def _in_parts(request: Request, fetched: Fetched, headers: dict[str, str]) -> Response:
    # Whoever goes on with another file than this one gets this one whole.
    is_same = request.headers.get("if-range", headers["etag"]) == headers["etag"]
    try:
        extent = ranges.asked(request.headers.get("range") if is_same else None, fetched.size_bytes)
    except ranges.Unsatisfiable:
        return Response(status_code=416, headers=headers | {"content-range": f"bytes */{fetched.size_bytes}"})
    part = extent or ranges.Extent(0, fetched.size_bytes)
    headers["content-length"] = str(part.end - part.start)
    if extent is not None:
        headers["content-range"] = f"bytes {part.start}-{part.end - 1}/{fetched.size_bytes}"
    status = 206 if extent is not None else 200
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    return _Stream(fetched, part, status, headers)


def _refusal(error: Exception, recording_id: str) -> Response:
    status = next(status for kind, status in _STATUSES.items() if isinstance(error, kind))
    if status >= 500:
        log.error("link not answered", extra={"recording_id": recording_id, "hint": str(error)})
    # What is wrong in our house is nothing to whoever was given a link.
    said = str(error) if status < 500 else "the recording cannot be had now: try again later"
    return PlainTextResponse(said, status_code=status, headers=NOT_KEPT)


async def _written_down(auditing: JobAudited, linked: Linked, fetched: Fetched) -> None:
    """Before the first byte leaves; what cannot be written down is not handed out."""
    action, subject, organisation = "recording.downloaded", linked.recording_id, fetched.organisation
    try:
        await auditing.done_by("link", action, subject=subject, organisation=organisation, kind=linked.kind.value)
    except BaseException:
        await fetched.pieces.close()
        raise
