"""A call's recording in JSON: its sound, its copies, its end. Shapes, and how one becomes that; knows no route."""

from collections.abc import Collection, Sequence

from pydantic import BaseModel, Field

from connector.domain.call import Role, Side
from connector.domain.file_clock import GapKind, gap_kind
from connector.domain.ids import Moment
from connector.domain.keeping import Hold
from connector.domain.moments import iso
from connector.domain.recording import Artefact, ArtefactKind, ChannelLabel, Delivery, Gap
from connector.domain.retention import Tombstone, tombstone
from connector.domain.states import DeliveryState, RecordingState, TranscriptionState
from connector.ports.call_search import CallFile, CallPart
from connector.ports.shipping_ledger import RecordingFile
from connector.web.body_parts import At, Json, iso_or_none
from connector.web.talk_bodies import TalkBody, talk_body


class RecordingGap(BaseModel):
    kind: GapKind = Field(description="missing; hold and quiet: nobody sent anything, so nothing is")
    side: Side
    party: str
    start_seconds: float
    end_seconds: float
    uncertain_seconds: float = Field(description="how exactly its place is known")
    reason: str


class RecordingPause(BaseModel):
    started_at: At
    ended_at: At | None


class RecordingChannel(BaseModel):
    index: int
    role: Role
    party: str


class RecordingFileBody(BaseModel):
    kind: ArtefactKind
    format: str
    size_bytes: int
    sha256: str
    duration_seconds: float


class RecordingDelivery(BaseModel):
    kind: ArtefactKind
    destination: str
    state: DeliveryState
    reason: str
    stored_at: At | None
    attempts: int = Field(description="tries so far, since the last retry")
    next_try_at: At | None = Field(
        description="of a copy that waits, when the call is asked for by its id; null in lists, when nobody will, and"
        " while it is being tried"
    )


class RecordingHold(BaseModel):
    at: At
    by: str
    reason: str
    release_by: str | None = Field(description="who has asked first that it be released")


class RecordingRemoval(BaseModel):
    at: At | None = Field(description="since when it is on its way out; null: it was discarded with its call")
    by: str = Field(description="the retention job, a key; empty: as above")
    is_expired: bool = Field(description="its days were over; false: somebody wanted it gone")


class CallRecording(BaseModel):
    id: str
    state: RecordingState
    reason: str = Field(description="why it is absent, failed or removed")
    rule: str = Field(description="why it was recorded")
    started_at: At | None
    ended_at: At | None
    duration_seconds: float | None = Field(description="of the sound; null before it is rendered")
    is_partial: bool = Field(description="something is missing: see gaps")
    gaps: list[RecordingGap]
    pauses: list[RecordingPause]
    channels: list[RecordingChannel] = Field(description="who is where in a file of several channels")
    format: str | None
    files: list[RecordingFileBody]
    deliveries: list[RecordingDelivery]
    expires_at: At | None = Field(description="null: without end, or not known yet")
    is_expiry_known: bool = Field(description="expires_at holds; false while it runs, and for a moment afterwards")
    hold: RecordingHold | None
    removal: RecordingRemoval | None = Field(description="of one that is being removed, or was; null: it is there")
    talk: TalkBody | None = Field(description="who spoke for how long; null: it has no transcript (yet)")
    transcript_state: TranscriptionState | None = Field(description="null: no transcript was asked for")


def recording_body(file: RecordingFile, call: CallFile, without: Collection[CallPart]) -> Json:
    recording, rendering, keeping = file.recording, file.rendering, file.keeping
    transcript, next_try_at = call.transcript(recording.id), call.next_tries.get(recording.id)
    has_sound, has_words = CallPart.SOUND not in without, CallPart.WORDS not in without
    artefacts = rendering.artefacts if rendering and has_sound else ()
    sounds = [one for one in artefacts if one.kind.is_sound]
    return {
        "id": recording.id,
        "state": recording.state,
        "reason": recording.reason,
        "rule": recording.rule,
        "started_at": iso_or_none(recording.started_at),
        "ended_at": iso_or_none(recording.ended_at),
        "duration_seconds": rendering.duration_seconds if rendering else None,
        "is_partial": rendering.is_partial if rendering else False,
        "gaps": [_gap(gap) for gap in (rendering.gaps if rendering else ())],
        "pauses": [{"started_at": iso(one.start), "ended_at": iso_or_none(one.end)} for one in recording.pauses],
        "channels": _channels(rendering.channels if rendering and has_sound else ()),
        "format": sounds[0].format if sounds else None,
        "files": [_file(one) for one in artefacts],
        "deliveries": [_delivery(one, next_try_at) for one in file.deliveries] if has_sound else [],
        "expires_at": iso_or_none(keeping.expires_at),
        "is_expiry_known": keeping.is_reckoned,
        "hold": _hold(keeping.hold),
        "removal": _removal(tombstone(file)),
        "talk": talk_body(transcript.facts) if transcript and has_words else None,
        "transcript_state": transcript and transcript.state,
    }


def _gap(gap: Gap) -> Json:
    return {
        "kind": gap_kind(gap.reason),
        "side": gap.side,
        "party": gap.party,
        "start_seconds": gap.start_seconds,
        "end_seconds": gap.end_seconds,
        "uncertain_seconds": gap.uncertain_seconds,
        "reason": gap.reason,
    }


def _channels(labels: Sequence[ChannelLabel]) -> list[Json]:
    return [{"index": label.index, "role": label.role, "party": label.party} for label in labels]


def _file(artefact: Artefact) -> Json:
    return {
        "kind": artefact.kind,
        "format": artefact.format,
        "size_bytes": artefact.size_bytes,
        "sha256": artefact.sha256,
        "duration_seconds": artefact.duration_seconds,
    }


def _delivery(delivery: Delivery, next_try_at: Moment | None) -> Json:
    return {
        "kind": delivery.kind,
        "destination": delivery.destination,
        "state": delivery.state,
        "reason": delivery.reason,
        "stored_at": iso_or_none(delivery.stored_at),
        "attempts": delivery.attempts,
        "next_try_at": iso_or_none(next_try_at) if delivery.state is DeliveryState.WAITING else None,
    }


def _hold(hold: Hold | None) -> Json | None:
    if hold is None:
        return None
    release_by = hold.release_by or None
    return {"at": iso(hold.at), "by": hold.by, "reason": hold.reason, "release_by": release_by}


def _removal(of: Tombstone | None) -> Json | None:
    return None if of is None else {"at": iso_or_none(of.removed_at), "by": of.by, "is_expired": of.is_expired}
