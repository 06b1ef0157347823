"""Recordings, transcripts and all about a person in one answer. Parses, authorises, delegates."""

import re
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from starlette.types import Receive, Scope, Send

from connector.domain.access import Access, KeyRole
from connector.domain.call import CallKind
from connector.domain.export_rows import Row
from connector.domain.recording import ArtefactKind
from connector.errors import BadRequest
from connector.ports.call_search import CallFilter
from connector.ports.clock import Clock
from connector.services.exporting import MOST_RECORDINGS, Exporting
from connector.services.person_files import PersonFiles
from connector.services.transcript_files import WRITERS
from connector.services.zipping import zipped
from connector.web.call_filters import AskedCalls
from connector.web.door import Door
from connector.web.problems import PROBLEMS

_NUMBER: Final = re.compile(r"\+?[0-9*#]{1,40}", re.ASCII)
_NUMBER_PATTERN: Final[dict[str, Any]] = {"pattern": f"^{_NUMBER.pattern}$"}
#: What is handed out is nobody's to keep on the way.
_NOT_KEPT: Final = {
    "cache-control": "private, no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_ZIP: Final = "application/zip"
_BINARY: Final = {"schema": {"type": "string", "format": "binary"}}


class TranscriptFormat(StrEnum):
    JSON = "json"
    CSV = "csv"


_MEDIA_TYPES: Final = {
    TranscriptFormat.JSON: "application/json",
    TranscriptFormat.CSV: "text/csv; charset=utf-8; header=present",
}


class ExportFilter(AskedCalls):
    """As the list of calls has them, but for what pages need; all that is said must fit."""

    call_kind: CallKind | None = Field(None, description="a call, or a conference")

    def wanted(self, access: Access) -> CallFilter:
        """Only of what the key sees."""
        asked = self.of_kind(self.call_kind)
        return replace(asked, organisation=access.asked_of(asked.organisation), limits=access.key.limits)


class BatchFilter(ExportFilter):
    kind: list[ArtefactKind] = Field(
        default_factory=list, description="these files of each recording; default: the best one that there is"
    )


class BatchSize(BaseModel):
    calls: int
    recordings: int = Field(description="of those calls; what has no file is named in the manifest")
    files: int
    size_bytes: int = Field(description="of the files together")


class TranscriptRow(BaseModel):
    call_id: str
    from_: str = Field(alias="from")
    to: str
    duration: int | None = Field(description="whole seconds that were talked; null while it lasts")
    transcript: str
    timestamp: str = Field(description="when the call began", json_schema_extra={"format": "date-time"})


class TranscriptFilter(ExportFilter):
    format: TranscriptFormat = TranscriptFormat.JSON


def batch_router(door: Door, exporting: Exporting, persons: PersonFiles, clock: Clock) -> APIRouter:
    router = APIRouter(responses=PROBLEMS)

    @router.get(
        "/v1/recordings/batch",
        operation_id="download_recordings",
        tags=["recordings"],
        response_class=StreamingResponse,
        responses=_documented(_ZIP, f"A ZIP of at most {MOST_RECORDINGS} recordings; manifest.json is its last entry"),
    )
    async def recordings(
        asked: Annotated[BatchFilter, Query()], access: Annotated[Access, door.needs(KeyRole.LISTEN)]
    ) -> StreamingResponse:
        """The recordings of all calls that fit, and a manifest that says what is missing and why."""
        consignment = await exporting.consigned(access, asked.wanted(access), tuple(dict.fromkeys(asked.kind)))
        now = clock.now()
        return Handing(zipped(exporting, access, consignment, now), _ZIP, f"recordings-{_stamp(now)}.zip")

    @router.get("/v1/recordings/batch/size", operation_id="measure_recordings", tags=["recordings"])
    async def size(
        asked: Annotated[BatchFilter, Query()], access: Annotated[Access, door.needs(KeyRole.LISTEN)]
    ) -> BatchSize:
        """How much that would be. Refused as the batch itself is: so it can be known before."""
        found = await exporting.gathered(access, asked.wanted(access), tuple(dict.fromkeys(asked.kind)))
        return BatchSize(
            calls=len(found.calls),
            recordings=found.recordings,
            files=len(found.fetchable),
            size_bytes=sum(file.size_bytes for file in found.fetchable),
        )

    @router.get(
        "/v1/transcripts/export",
        operation_id="export_transcripts",
        tags=["transcripts"],
        response_class=StreamingResponse,
        responses={
            200: {
                "model": list[TranscriptRow],
                "description": "An array of rows; as CSV with format=csv",
                "content": {"text/csv": {"schema": {"type": "string"}}},
            }
        },
    )
    async def transcripts(
        asked: Annotated[TranscriptFilter, Query()], access: Annotated[Access, door.needs(KeyRole.LISTEN)]
    ) -> StreamingResponse:
        """call_id, from, to, duration, transcript and timestamp of all calls that fit, the newest first."""
        pages = exporting.transcripts(access, asked.wanted(access))
        # Asked for now: what cannot be is said before anything is answered.
        first: list[Row] = await anext(pages, [])
        content = WRITERS[asked.format](_all(first, pages))
        return Handing(content, _MEDIA_TYPES[asked.format], f"transcripts-{_stamp(clock.now())}.{asked.format}")

    _add_person(router, door, exporting, persons, clock)
    return router


def _add_person(router: APIRouter, door: Door, exporting: Exporting, persons: PersonFiles, clock: Clock) -> None:
    @router.get(
        "/v1/persons/{number}/export",
        operation_id="export_person",
        tags=["persons"],
        response_class=StreamingResponse,
        responses=_documented(_ZIP, "A ZIP with an index of it"),
    )
    async def person(
        number: Annotated[str, Path(max_length=60, json_schema_extra=_NUMBER_PATTERN)],
        access: Annotated[Access, door.needs(KeyRole.ADMIN)],
    ) -> StreamingResponse:
        """All that is kept about a telephone number: recordings, words, facts, notes, notifications, consent, audit."""
        if not _NUMBER.fullmatch(number):
            raise BadRequest("a number is wanted: digits, with or without + before them", pointer="number")
        now = clock.now()
        found = await persons.found(access, number, now)
        content = zipped(exporting, access, found.consignment, now, persons.texts(access, found))
        return Handing(content, _ZIP, f"person-{_stamp(now)}.zip")


class Handing(StreamingResponse):
    """Lets go of everything however it ends: whoever asked may leave early, even before the first byte."""

    def __init__(self, content: AsyncGenerator[bytes, None], media_type: str, filename: str) -> None:
        headers = _NOT_KEPT | {"content-disposition": f'attachment; filename="{filename}"', "content-type": media_type}
        super().__init__(content, headers=headers)
        self._content = content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._content.aclose()


async def _all(first: list[Row], pages: AsyncIterator[list[Row]]) -> AsyncIterator[list[Row]]:
    yield first
    async for page in pages:
        yield page


def _documented(media_type: str, text: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": text, "content": {media_type: _BINARY}}}


def _stamp(now: float) -> str:
    return f"{datetime.fromtimestamp(now, UTC):%Y%m%d-%H%M%S}"
