"""Links to the recordings of calls, and which one runs."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from connector.domain.access import Access, KeyRole
from connector.domain.moments import iso
from connector.errors import ConnectorError, DestinationRefused, DestinationUnreachable, NotFound
from connector.ports.shipping_ledger import RecordingFile
from connector.services.absences import chosen, current
from connector.services.converting import Source, copies_of, source_of
from connector.services.fetching import LONGEST_LINK_SECONDS, Fetching
from connector.services.ordering import Audited
from connector.web.door import Door
from connector.web.files import NOT_KEPT
from connector.web.problems import PROBLEMS
from connector.web.sound_forms import (
    NOT_ACCEPTABLE,
    CallLookup,
    CallName,
    WhichFormat,
    WhichKind,
    WhichRecording,
    artefact_kind,
    heard,
    not_stored,
)

_Seconds = Annotated[
    int | None,
    Query(ge=1, le=int(LONGEST_LINK_SECONDS), description="how long the link is good for; unsaid: as is configured"),
]


class ChannelView(BaseModel):
    index: int
    role: str = Field(description="caller or agent")
    party: str = Field(description="number or name")


class RecordingLink(BaseModel):
    recording_url: str = Field(description="whoever has it may fetch it, until it expires")
    expires_at: str
    duration_seconds: float
    format: str
    size_bytes: int = Field(description="of the very bytes that the link gives")
    recording_id: str
    kind: str = Field(description="mono, stereo, left, right or participants")
    channels: list[ChannelView] = Field(description="who is on which channel")
    sample_rate: int
    sha256: str


class RunningRecording(BaseModel):
    recording_id: str
    call_id: str
    state: str = Field(description="requested, recording or paused")
    requested_at: str
    started_at: str | None
    pauses: int = Field(description="how many there were, the present one too")


def recordings_router(door: Door, lookup: CallLookup, fetching: Fetching, auditing: Audited) -> APIRouter:
    router = APIRouter(tags=["recordings"], responses=PROBLEMS)
    linking = _Linking(fetching, auditing)

    @router.get(
        "/v1/calls/{call_id}/recording",
        operation_id="get_recording",
        response_model=RecordingLink,
        responses=dict(NOT_ACCEPTABLE),
    )
    async def recording(
        request: Request,
        access: Annotated[Access, door.needs(KeyRole.LISTEN)],
        call_id: CallName,
        kind: WhichKind = None,
        format: WhichFormat = None,
        seconds: _Seconds = None,
        recording: WhichRecording = None,
    ) -> Response:
        """A link to the sound, and what it is to."""
        call = await lookup.call(access, call_id)
        file = heard(request, call, chosen(call, recording or ""))
        if isinstance(file, Response):
            return file
        copies = copies_of(file, artefact_kind(kind), format)
        if not copies:
            return not_stored(request, file, source_of(file, artefact_kind(kind), format))
        return await linking.answer(access, file, copies, seconds)

    @router.get("/v1/calls/{call_id}/recording/current", operation_id="get_current_recording")
    async def running(access: Annotated[Access, door.needs(KeyRole.READ)], call_id: CallName) -> RunningRecording:
        """The recording that runs."""
        return _running(current(await lookup.call(access, call_id)))

    return router


class _Linking:
    def __init__(self, fetching: Fetching, auditing: Audited) -> None:
        self._fetching = fetching
        self._auditing = auditing

    async def answer(
        self, access: Access, file: RecordingFile, copies: Sequence[Source], seconds: int | None
    ) -> Response:
        """To the first copy that a link can be had to: some keys may only write."""
        trouble: ConnectorError | None = None
        for source in copies:
            details = {"call_id": file.call.id, "kind": source.kind.value, "destination": source.delivery.destination}
            try:
                link = await self._fetching.link(file, source.delivery, seconds)
            except (DestinationRefused, DestinationUnreachable, NotFound) as error:
                trouble = error
                continue
            await self._auditing.done(
                access,
                "recording.linked",
                subject=file.recording.id,
                organisation=file.recording.organisation,
                **details,
            )
            view = _link_view(source, link.url, link.expires_at)
            return JSONResponse(view.model_dump(), headers=NOT_KEPT)
        raise trouble or NotFound("there is no copy")


def _link_view(source: Source, url: str, expires_at: float) -> RecordingLink:
    artefact = source.artefact
    return RecordingLink(
        recording_url=url,
        expires_at=iso(expires_at),
        duration_seconds=artefact.duration_seconds,
        format=artefact.format,
        size_bytes=artefact.size_bytes,
        recording_id=artefact.recording_id,
        kind=source.kind.value,
        channels=[ChannelView(index=one.index, role=one.role, party=one.party) for one in artefact.channels],
        sample_rate=artefact.sample_rate,
        sha256=artefact.sha256,
    )


def _running(file: RecordingFile) -> RunningRecording:
    recording = file.recording
    return RunningRecording(
        recording_id=recording.id,
        call_id=recording.call_id,
        state=recording.state.value,
        requested_at=iso(recording.requested_at),
        started_at=None if recording.started_at is None else iso(recording.started_at),
        pauses=len(recording.pauses),
    )
