"""What was said in a recording, line by line. Pure; knows no engine that hears it."""

from dataclasses import dataclass

from connector.domain.call import Role
from connector.domain.ids import CallId, Moment, RecordingId
from connector.domain.states import TranscriptionState
from connector.domain.talk import TalkFacts

#: The work that hears a recording.
TRANSCRIBING = "transcribe"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenLine:
    role: Role
    party: str = ""
    #: On the recording's clock.
    start_seconds: float
    end_seconds: float
    text: str
    confidence: float | None = None
    #: Somebody else speaks at the same time.
    overlaps: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    recording_id: RecordingId
    call_id: CallId
    organisation: str
    state: TranscriptionState = TranscriptionState.WAITING
    #: Why it FAILED or was REMOVED.
    reason: str = ""
    language: str = ""
    #: How sure the engine is of the language; None: it was told, or does not say.
    language_confidence: float | None = None
    #: Of its words, in the middle.
    confidence: float | None = None
    #: Counted from 1; made again with another engine it is one more, and the older one is kept.
    version: int = 1
    #: The name of the engine in the configuration, and what it listens with.
    engine: str = ""
    model: str = ""
    #: None: made by an engine of before that was known.
    facts: TalkFacts | None = None
    lines: tuple[SpokenLine, ...] = ()
    made_at: Moment | None = None
    #: None: it is kept without end.
    expires_at: Moment | None = None

    @property
    def word_count(self) -> int:
        return sum(len(line.text.split()) for line in self.lines)

    @property
    def labelled(self) -> str:
        """As text, who speaks before each line: [Agent]: … and [Caller]: …"""
        return "\n".join(f"[{line.role.capitalize()}]: {line.text}" for line in self.lines)
