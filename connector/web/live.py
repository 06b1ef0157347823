"""Live events over HTTP: a stream of server-sent events (text/event-stream). Speaks HTTP in, services out."""

import json
from collections.abc import AsyncIterator
from functools import lru_cache
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from starlette.types import Receive, Scope, Send

from connector.domain.access import Access, KeyRole
from connector.domain.call import Call, CallKind, Direction
from connector.domain.happenings import Happened
from connector.domain.ids import Moment
from connector.domain.moments import iso
from connector.domain.recording import Recording
from connector.domain.states import RecordingState
from connector.services.live_events import Heard, LiveEvent, LiveEvents, Reader, Resync
from connector.web.body_parts import At
from connector.web.call_bodies import CallAgent, CallStatus, CallVerdict, status_of
from connector.web.door import Door
from connector.web.problems import PROBLEMS

#: Proxies must not wait for more of it.
_HEADERS: Final = {"cache-control": "no-store", "x-accel-buffering": "no"}
_RETRY_MILLISECONDS: Final = 3000
_WORDS_KEPT: Final = 256


class LiveCall(BaseModel):
    """The keys of a call in a list, but for what takes long to find out or may only be heard."""

    id: str
    status: CallStatus
    duration: int = Field(description="whole seconds that were talked; 0 while it lasts")
    from_number: str
    to_number: str
    created_at: At
    organisation: str
    kind: CallKind
    conference: str
    direction: Direction
    pbx: str
    queue: str
    agent: CallAgent
    answered_at: At | None
    ended_at: At | None
    verdict: CallVerdict | None = Field(description="null: nothing is decided yet")
    tags: list[str]
    joined: str | None = Field(description="the call that this one turned out to be part of")


class LiveRecording(BaseModel):
    id: str
    state: RecordingState = Field(description="as it was noticed with this event")
    reason: str = Field(description="why it is absent, failed or removed")
    rule: str = Field(description="why it was recorded")
    started_at: At | None
    ended_at: At | None


class LiveEventBody(BaseModel):
    """What `data` holds."""

    type: Happened
    created_at: At = Field(description="when it was noticed, about a second after it happened at most")
    call: LiveCall
    recording: LiveRecording | None = Field(description="null in what happens to a call")


class ResyncBody(BaseModel):
    """Events may be missing: ask for the calls anew."""

    type: Literal["resync"]


_STREAM: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "model": LiveEventBody | ResyncBody,
        "description": "Events without end: `event` is the type, `data` this body, `id` the place in the stream.",
    }
}


def live_router(events: LiveEvents, door: Door) -> APIRouter:
    router = APIRouter(tags=["live events"])

    @router.get(
        "/v1/events",
        operation_id="follow_events",
        status_code=200,
        response_class=_EventStream,
        responses=PROBLEMS | _STREAM,
    )
    async def follow_events(
        access: Annotated[Access, door.needs(KeyRole.READ)],
        last_event_id: Annotated[
            str | None, Header(max_length=64, description="The `id` heard last: goes on behind it")
        ] = None,
    ) -> StreamingResponse:
        """What happens to calls and recordings, as it happens, as server-sent events.

        A line that begins with a colon says every 15 seconds that nothing has happened. `event: resync` says that
        events may be missing: ask for the calls anew. The stream ends when the key does; connect again then, with the
        header `Last-Event-ID`.
        """
        return _EventStream(events.join(access, last_event_id or ""), events)

    return router


class _EventStream(StreamingResponse):
    """Lets go of its reader however it ends: whoever asked may leave before the first byte."""

    media_type = "text/event-stream"

    def __init__(self, reader: Reader, events: LiveEvents) -> None:
        super().__init__(_words(reader), headers=_HEADERS)
        self._reader = reader
        self._events = events

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._events.leave(self._reader)


async def _words(reader: Reader) -> AsyncIterator[str]:
    yield f"retry: {_RETRY_MILLISECONDS}\n\n"
    async for heard in reader:
        yield _said(heard)


def _said(heard: Heard) -> str:
    if isinstance(heard, LiveEvent):
        return f"id: {heard.id}\nevent: {heard.what}\ndata: {_body(heard)}\n\n"
    if isinstance(heard, Resync):
        return f'id: {heard.id}\nevent: resync\ndata: {{"type":"resync"}}\n\n'
    return ":\n\n"


@lru_cache(_WORDS_KEPT)
def _body(event: LiveEvent) -> str:
    """Once for all who hear it."""
    recordings = (one for one in event.picture.recordings if one.id == event.recording_id)
    body = LiveEventBody(
        type=event.what,
        created_at=iso(event.at),
        call=_call(event.picture.call, event.picture.tags),
        recording=next((_recording(one, event) for one in recordings), None),
    )
    return json.dumps(body.model_dump(), ensure_ascii=False, separators=(",", ":"))


def _call(call: Call, tags: tuple[str, ...]) -> LiveCall:
    talked_seconds = (call.ended_at or 0.0) - call.answered_at if call.answered_at is not None else 0.0
    return LiveCall(
        id=call.id,
        status=status_of(call),
        duration=max(round(talked_seconds), 0),
        from_number=call.from_number,
        to_number=call.to_number,
        created_at=iso(call.started_at),
        organisation=call.organisation,
        kind=call.kind,
        conference=call.conference,
        direction=call.direction,
        pbx=call.pbx,
        queue=call.queue,
        agent=CallAgent(id=call.agent_id, name=call.agent_name),
        answered_at=_iso_or_none(call.answered_at),
        ended_at=_iso_or_none(call.ended_at),
        verdict=None if call.verdict is None else CallVerdict(record=call.verdict.record, reason=call.verdict.reason),
        tags=list(tags),
        joined=call.joined,
    )


def _recording(recording: Recording, event: LiveEvent) -> LiveRecording:
    return LiveRecording(
        id=recording.id,
        state=event.state or recording.state,
        reason=recording.reason,
        rule=recording.rule,
        started_at=_iso_or_none(recording.started_at),
        ended_at=_iso_or_none(recording.ended_at),
    )


def _iso_or_none(moment: Moment | None) -> str | None:
    return None if moment is None else iso(moment)
