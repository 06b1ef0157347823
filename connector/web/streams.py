"""The sound of recordings itself, over HTTP: in parts as players ask for them, or made into another form."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from connector.domain.access import Access, KeyRole
from connector.domain.options import AudioFormat
from connector.domain.recording import ArtefactKind
from connector.errors import ConnectorError, DestinationRefused, DestinationUnreachable, NotFound
from connector.ports.call_search import CallFile
from connector.ports.shipping_ledger import RecordingFile
from connector.services.absences import chosen
from connector.services.converting import Conversion, Converting, Source, copies_of, source_of
from connector.services.fetching import Fetched, Fetching, filename_of
from connector.services.listenings import Listenings
from connector.web import ranges
from connector.web.door import Door
from connector.web.files import FileAnswers, headers_of
from connector.web.problems import problem
from connector.web.sound_forms import (
    STREAM_HEADERS,
    STREAMED,
    CallLookup,
    CallName,
    RecordingName,
    WhichFormat,
    WhichKind,
    WhichRecording,
    artefact_kind,
    heard,
    not_stored,
)


def streams_router(
    door: Door,
    lookup: CallLookup,
    fetching: Fetching,
    converting: Converting,
    listenings: Listenings,
    hand_over: str = "",
) -> APIRouter:
    router = APIRouter(tags=["recordings"])
    listener = door.needs(KeyRole.LISTEN)
    streaming = _Streaming(fetching, converting, listenings, FileAnswers(hand_over))

    async def stream(
        request: Request,
        access: Annotated[Access, listener],
        call_id: CallName,
        kind: WhichKind = None,
        format: WhichFormat = None,
        recording: WhichRecording = None,
    ) -> Response:
        """The sound itself: in parts as players ask for them, or made into another form while it is read."""
        call = await lookup.call(access, call_id)
        file = chosen(call, recording or "")
        return await streaming.answer(request, access, call, file, artefact_kind(kind), format)

    async def stream_by_id(
        request: Request,
        access: Annotated[Access, listener],
        recording_id: RecordingName,
        kind: WhichKind = None,
        format: WhichFormat = None,
    ) -> Response:
        """The same, of a recording by its own id."""
        call, file = await recording_of(lookup, fetching, access, recording_id)
        return await streaming.answer(request, access, call, file, artefact_kind(kind), format)

    for path, name, route in (
        ("/v1/calls/{call_id}/recording/stream", "stream_recording", stream),
        ("/v1/recordings/{recording_id}/stream", "stream_recording_by_id", stream_by_id),
    ):
        described = router.get(
            path, operation_id=name, response_class=Response, responses=STREAMED, openapi_extra=STREAM_HEADERS
        )
        described(route)
        router.head(path, include_in_schema=False)(route)
    return router


class _Streaming:
    def __init__(
        self, fetching: Fetching, converting: Converting, listenings: Listenings, answers: FileAnswers
    ) -> None:
        self._fetching = fetching
        self._converting = converting
        self._listenings = listenings
        self._answers = answers

    async def answer(
        self,
        request: Request,
        access: Access,
        call: CallFile,
        wanted: RecordingFile | None,
        kind: ArtefactKind | None,
        form: AudioFormat | None,
    ) -> Response:
        file = heard(request, call, wanted)
        if isinstance(file, Response):
            return file
        copies = copies_of(file, kind, form)
        source = copies[0] if copies else source_of(file, kind, form)
        if source is None:
            return not_stored(request, file, None)
        headers = headers_of(source.content_type, source.etag, _filename(file, source))
        if ranges.has_it(request.headers.get("if-none-match"), headers["etag"]):
            return Response(status_code=304, headers=headers)
        if source.made_into is not None:
            return await self._made(request, access, file, source, headers | {"accept-ranges": "none"})
        fetched = await self._opened(request, access, file, copies)
        return _said(request, await self._answers.answer(request, fetched, _filename(file, source)))

    async def _made(
        self, request: Request, access: Access, file: RecordingFile, source: Source, headers: dict[str, str]
    ) -> Response:
        if request.method == "HEAD":
            return Response(headers=headers)
        self._converting.check()
        fetched = await self._opened(request, access, file, [source])
        return _Conversion(await self._converting.converted(source, fetched), headers)

    async def _opened(self, request: Request, access: Access, file: RecordingFile, copies: Sequence[Source]) -> Fetched:
        """The first copy that can be read, once it is written down who hears it."""
        fetched, source = await self._first(file, copies)
        if request.method == "HEAD":
            return fetched
        try:
            await self._listenings.heard(access, file, source.kind)
        except BaseException:
            await fetched.pieces.close()
            raise
        return fetched

    async def _first(self, file: RecordingFile, copies: Sequence[Source]) -> tuple[Fetched, Source]:
        trouble: ConnectorError | None = None
        for source in copies:
            try:
                return await self._fetching.opened(file, source.delivery), source
            except (DestinationRefused, DestinationUnreachable, NotFound) as error:
                trouble = error
        raise trouble or NotFound("there is no copy")


class _Conversion(StreamingResponse):
    """Ends the process however it ends: whoever asked may leave early, even before the first byte."""

    def __init__(self, conversion: Conversion, headers: dict[str, str]) -> None:
        super().__init__(conversion, headers=headers)
        self._conversion = conversion

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._conversion.close()


async def recording_of(
    lookup: CallLookup, fetching: Fetching, access: Access, recording_id: str
) -> tuple[CallFile, RecordingFile | None]:
    """By its own id, with its call. Raises NotFound: another's, and none, are the same answer."""
    unknown = NotFound(f"there is no recording {recording_id!r}")
    try:
        file = await fetching.file(recording_id)
        call = await lookup.call(access, file.call.id)
        return call, chosen(call, recording_id)
    except NotFound:
        raise unknown from None


def _said(request: Request, answer: Response) -> Response:
    """What went wrong is said as everywhere in the API."""
    if answer.status_code != 416:
        return answer
    headers = {"content-range": answer.headers["content-range"], "accept-ranges": "bytes"}
    return problem(416, "nothing of the recording is in that range", request, headers=headers)


def _filename(file: RecordingFile, source: Source) -> str:
    if source.made_into is None:
        return filename_of(file, source.delivery)
    return f"{file.call.id}.{source.kind}.{source.made_into}"
