"""A call in JSON: KrosAI's keys first, then ours. Shapes, and how a call becomes one; knows no route."""

from collections.abc import Collection, Sequence
from enum import StrEnum

from pydantic import BaseModel, Field

from connector.domain.call import Asked, Call, CallKind, CallState, Direction, Leg, Role, Verdict
from connector.domain.hits import Hit, best, hits, note_hit
from connector.domain.moments import iso
from connector.domain.states import TranscriptionState
from connector.ports.call_marks import Note
from connector.ports.call_search import CallFile, CallPart
from connector.ports.object_store import Link
from connector.ports.shipping_ledger import RecordingFile
from connector.services.absences import transcript_of
from connector.services.marking import given_tags
from connector.web.body_parts import At, Json, iso_or_none
from connector.web.recording_bodies import CallRecording, recording_body


class CallStatus(StrEnum):
    """A conference never rings: it is in progress, then completed."""

    RINGING = "ringing"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    #: It ended before anybody answered.
    NO_ANSWER = "no_answer"


class CallAgent(BaseModel):
    id: str
    name: str


class CallLegHold(BaseModel):
    started_at: At
    ended_at: At | None


class CallLeg(BaseModel):
    number: str
    name: str
    device: str
    dialled: str
    created_at: At
    answered_at: At | None
    ended_at: At | None
    holds: list[CallLegHold] = Field(description="when it had the call on hold: music or silence")


class CallVerdict(BaseModel):
    record: bool = Field(description="whether it is, or was, to be recorded")
    reason: str = Field(description="the rule or the wish that decided it")


class CallConsent(BaseModel):
    asked_at: At | None = Field(description="null: the dialplan asked")
    key: str = Field(description="what was pressed; empty: nothing")
    by: str
    answered_at: At | None


class CallNote(BaseModel):
    id: str
    text: str
    by: str
    at: At


class CallHit(BaseModel):
    recording_id: str | None = Field(description="null: it is a note")
    line: int | None = Field(description="its place among the transcript's lines, from 0")
    start_seconds: float | None = Field(description="on the recording's clock: play from here")
    role: Role | None
    text: str


class CallBody(BaseModel):
    id: str
    status: CallStatus
    duration: int = Field(description="whole seconds that were talked; 0 while it lasts")
    from_number: str
    to_number: str
    recording_url: str | None = Field(description="null: there is none, or the key may not listen")
    transcript: str | None = Field(description="[Agent]: … and [Caller]: …; null: as above")
    created_at: At
    organisation: str
    kind: CallKind
    conference: str
    direction: Direction
    pbx: str
    queue: str
    agent: CallAgent
    started_at: At
    answered_at: At | None
    ended_at: At | None
    legs: list[CallLeg]
    verdict: CallVerdict | None
    consent: CallConsent | None = Field(description="null: nobody had to be asked")
    tags: list[str]
    fixed_tags: list[str] = Field(description="those of them that rules or the dialplan gave: nobody removes them here")
    notes: list[CallNote] = Field(description="the oldest first")
    recordings: list[CallRecording] = Field(description="the oldest first")
    recording_url_expires_at: At | None
    hits: list[CallHit] = Field(description="where the words of `text` stand, the best first; empty without a search")


class CallPage(BaseModel):
    calls: list[CallBody] = Field(description="the newest first")
    next_cursor: str | None = Field(description="null: this is the end")


class CallTags(BaseModel):
    tags: list[str] = Field(description="all that the call has now")


#: What of a status SQL can say.
STATUS_FACTS: dict[CallStatus, tuple[CallState, bool]] = {
    CallStatus.RINGING: (CallState.LIVE, False),
    CallStatus.IN_PROGRESS: (CallState.LIVE, True),
    CallStatus.COMPLETED: (CallState.ENDED, True),
    CallStatus.NO_ANSWER: (CallState.ENDED, False),
}


def call_body(
    file: CallFile,
    link: Link | None,
    words: str | None,
    found: Sequence[Hit] = (),
    without: Collection[CallPart] = (),
) -> Json:
    """`link` to its sound, `words` of its transcript and where words were found, for whoever may have them."""
    call, given = file.call, given_tags(file)
    return {
        "id": call.id,
        "status": status_of(call),
        "duration": _talked_seconds(call),
        "from_number": call.from_number,
        "to_number": call.to_number,
        "recording_url": None if link is None else link.url,
        "transcript": words,
        "created_at": iso(call.started_at),
        "organisation": call.organisation,
        "kind": call.kind,
        "conference": call.conference,
        "direction": call.direction,
        "pbx": call.pbx,
        "queue": call.queue,
        "agent": {"id": call.agent_id, "name": call.agent_name},
        "started_at": iso(call.started_at),
        "answered_at": iso_or_none(call.answered_at),
        "ended_at": iso_or_none(call.ended_at),
        "legs": [] if CallPart.LEGS in without else [_leg(leg) for leg in call.legs],
        "verdict": _verdict(call.verdict),
        "consent": _consent(call.consent),
        "tags": list(file.tags),
        "fixed_tags": [tag for tag in file.tags if tag in given],
        "notes": [note_body(note) for note in file.notes],
        "recordings": [recording_body(one, file, without) for one in file.recordings],
        "recording_url_expires_at": None if link is None else iso(link.expires_at),
        "hits": [_hit(one) for one in found],
    }


def words_of(file: CallFile, recording: RecordingFile | None) -> str | None:
    """What GET …/transcript gives, too, when `recording` is the call's main one; None: nothing is written."""
    found = transcript_of(file, recording, is_named=False)
    return found.labelled if found is not None and found.state is TranscriptionState.DONE else None


def hits_of(file: CallFile, text: str) -> tuple[Hit, ...]:
    """In all that was said and noted of it."""
    if not text:
        return ()
    spoken = [hit for one in file.transcripts for hit in hits(one, text)]
    noted = [hit for note in file.notes if (hit := note_hit(note.text, text)) is not None]
    return best((*spoken, *noted))


def status_of(call: Call) -> CallStatus:
    is_answered = call.answered_at is not None or call.kind is CallKind.CONFERENCE
    return next(status for status, facts in STATUS_FACTS.items() if facts == (call.state, is_answered))


def note_body(note: Note) -> Json:
    return {"id": note.id, "text": note.text, "by": note.by, "at": iso(note.at)}


def _hit(hit: Hit) -> Json:
    return {
        "recording_id": hit.recording_id,
        "line": hit.line,
        "start_seconds": hit.start_seconds,
        "role": hit.role,
        "text": hit.text,
    }


def _talked_seconds(call: Call) -> int:
    """Clients of KrosAI reckon with a number."""
    if call.answered_at is None or call.ended_at is None:
        return 0
    return max(round(call.ended_at - call.answered_at), 0)


def _leg(leg: Leg) -> Json:
    return {
        "number": leg.number,
        "name": leg.name,
        "device": leg.device,
        "dialled": leg.dialled,
        "created_at": iso(leg.created_at),
        "answered_at": iso_or_none(leg.answered_at),
        "ended_at": iso_or_none(leg.ended_at),
        "holds": [{"started_at": iso(one.start), "ended_at": iso_or_none(one.end)} for one in leg.holds],
    }


def _verdict(verdict: Verdict | None) -> Json | None:
    return None if verdict is None else {"record": verdict.record, "reason": verdict.reason}


def _consent(asked: Asked | None) -> Json | None:
    if asked is None:
        return None
    return {
        "asked_at": iso_or_none(asked.since),
        "key": asked.key,
        "by": asked.by,
        "answered_at": iso_or_none(asked.at),
    }
