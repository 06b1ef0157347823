"""A transcript in JSON: ours, and the shapes of other services. Shapes, and how a transcript becomes ours; knows no
route."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from connector.domain.moments import iso
from connector.domain.states import TranscriptionState
from connector.domain.transcript import SpokenLine, Transcript
from connector.domain.transcript_forms import in_order
from connector.services.rehearing import Asked
from connector.web.option_bodies import ENGINE
from connector.web.talk_bodies import TalkBody, talk_body

_At = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
_RECORDING = r"^[^\x00-\x1f\x7f]+$"


class LineView(BaseModel):
    role: str = Field(description="caller or agent")
    party: str = Field(description="number or name")
    start_seconds: float = Field(description="on the recording's clock")
    end_seconds: float
    text: str
    confidence: float | None
    overlaps: bool = Field(description="somebody else speaks at the same time")


class TranscriptView(BaseModel):
    transcript: str = Field(description="as text, who speaks before each line")
    word_count: int
    language: str | None
    language_confidence: float | None = Field(description="null: the engine was told, or does not say")
    confidence: float | None = Field(description="of its words, in the middle")
    recording_id: str
    call_id: str
    state: str
    version: int = Field(description="counted from 1; made again it is one more")
    engine: str = Field(description="its name in the configuration; empty: not known")
    model: str = Field(description="what it listened with")
    made_at: _At | None
    facts: TalkBody | None = Field(description="who spoke for how long; null: not known")
    lines: list[LineView]


class SinchLineView(BaseModel):
    timestamp: float = Field(description="seconds from the start")
    speaker: str = Field(alias="speakerLabel")
    text: str


class SinchTranscriptView(BaseModel):
    text: str
    lines: list[SinchLineView]


class KrosTranscriptView(BaseModel):
    transcript: str = Field(description="[Agent]: … and [Caller]: …")
    word_count: int
    language: str | None
    confidence: float | None


class TurnView(BaseModel):
    role: str = Field(description="assistant or user")
    content: str
    timestamp: str


class DocumentWordView(BaseModel):
    w: str = Field(description="as it is written")
    s: float = Field(description="where it starts, in seconds on the recording's clock")
    e: float = Field(description="where it ends")
    c: float | None = Field(description="how sure the engine is, 0 to 1")


class DocumentTurnView(BaseModel):
    speaker: str
    role: str
    party: str
    channel: int | None
    start: float
    end: float
    text: str
    confidence: float | None
    overlap: bool
    words: list[DocumentWordView] = Field(description="empty: not known")


class DocumentView(BaseModel):
    """Everything that is kept of it."""

    version: int = Field(description="of this form")
    recording_id: str = Field(alias="recordingId")
    call_id: str = Field(alias="callId")
    transcript_version: int = Field(alias="transcriptVersion")
    made_at: _At | None = Field(alias="madeAt")
    started_at: _At = Field(alias="startedAt")
    duration_ms: int = Field(alias="durationMs")
    language: str | None
    language_probability: float | None = Field(alias="languageProbability")
    confidence: float | None
    engine: dict[str, str]
    channels: list[dict[str, Any]]
    turns: list[DocumentTurnView]
    talk: dict[str, Any] | None


class VersionView(BaseModel):
    version: int
    state: str = Field(description="waiting, done, failed or removed; an earlier one has the state of the newest")
    reason: str = Field(description="why there is none, or no newer one")
    engine: str
    model: str
    language: str | None
    confidence: float | None
    made_at: _At | None
    word_count: int


class VersionsView(BaseModel):
    recording_id: str
    versions: list[VersionView] = Field(description="the newest first")


class TranscriptWish(BaseModel):
    model_config = ConfigDict(extra="forbid")

    recording: Annotated[str, Field(min_length=1, max_length=200, pattern=_RECORDING)] | None = Field(
        default=None, description="the id of one of several; unsaid: the newest that can be had"
    )
    engine: Annotated[str, Field(pattern=ENGINE)] | None = Field(
        default=None, description="one of those that may hear the organisation's sound; unsaid: as before"
    )


class AskedView(BaseModel):
    recording_id: str
    version: int = Field(description="the one that is being made")
    state: str = Field(description="waiting: ask for the transcript later")
    engine: str


def transcript_view(transcript: Transcript) -> dict[str, object]:
    """As TranscriptView."""
    return {
        "transcript": transcript.labelled,
        "word_count": transcript.word_count,
        "language": transcript.language or None,
        "language_confidence": transcript.language_confidence,
        "confidence": transcript.confidence,
        "recording_id": transcript.recording_id,
        "call_id": transcript.call_id,
        "state": transcript.state,
        "version": transcript.version,
        "engine": transcript.engine,
        "model": transcript.model,
        "made_at": _iso(transcript.made_at),
        "facts": talk_body(transcript.facts),
        "lines": [_line(line) for line in in_order(transcript.lines)],
    }


def versions_view(recording_id: str, versions: Sequence[Transcript]) -> VersionsView:
    return VersionsView(recording_id=recording_id, versions=[_version(one) for one in versions])


def asked_view(asked: Asked) -> AskedView:
    return AskedView(
        recording_id=asked.recording_id,
        version=asked.version,
        state=TranscriptionState.WAITING.value,
        engine=asked.engine,
    )


def _line(line: SpokenLine) -> dict[str, object]:
    return {
        "role": line.role,
        "party": line.party,
        "start_seconds": line.start_seconds,
        "end_seconds": line.end_seconds,
        "text": line.text,
        "confidence": line.confidence,
        "overlaps": line.overlaps,
    }


def _version(one: Transcript) -> VersionView:
    return VersionView(
        version=one.version,
        state=one.state.value,
        reason=one.reason,
        engine=one.engine,
        model=one.model,
        language=one.language or None,
        confidence=one.confidence,
        made_at=_iso(one.made_at),
        word_count=one.word_count,
    )


def _iso(moment: float | None) -> str | None:
    return None if moment is None else iso(moment)
