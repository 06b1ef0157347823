"""Looking calls up for people: with their recordings, tags, notes and transcripts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from connector.domain.access import NO_LIMITS, Limits
from connector.domain.call import Call, CallKind, CallState, Direction
from connector.domain.ids import CallId, Moment, RecordingId
from connector.domain.states import RecordingState
from connector.domain.transcript import Transcript
from connector.ports.call_marks import Note
from connector.ports.shipping_ledger import RecordingFile


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """All that is said must fit; what is not said fits everything."""

    #: None: everybody's.
    organisation: str | None = None
    #: What the asking key is limited to.
    limits: Limits = NO_LIMITS
    started_after: Moment | None = None
    started_before: Moment | None = None
    #: Matches the caller's or the called number, in part.
    number: str | None = None
    #: Whole, or its beginning: +4930* means all that begin so.
    from_number: str | None = None
    to_number: str | None = None
    direction: Direction | None = None
    kind: CallKind | None = None
    #: Id or name.
    agent: str | None = None
    queue: str | None = None
    tag: str | None = None
    pbx: str | None = None
    conference: str | None = None
    state: CallState | None = None
    #: A conference is, always.
    is_answered: bool | None = None
    #: Any of its recordings is in one of these.
    recording_states: tuple[RecordingState, ...] = ()
    #: Part of the words that say why it was recorded.
    rule: str | None = None
    #: Words of a transcript or of a note: all of them, in any order and any case.
    text: str | None = None


class CallPart(StrEnum):
    """What a list may do without: of all that belongs to a call it takes the longest and is the largest."""

    #: Lines and facts of its transcripts; that there are any is known all the same.
    WORDS = "words"
    #: Files and their copies.
    SOUND = "sound"
    LEGS = "legs"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPlace:
    """Where a page ends: the next one begins behind it."""

    started_at: Moment
    call_id: CallId


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFile:
    """Everything about one call, in one read."""

    call: Call
    #: In the order in which they were asked for, without their segments; those that joined another are not among
    #: them.
    recordings: tuple[RecordingFile, ...] = ()
    #: The call's, its recordings' and those that people gave it, each once.
    tags: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    #: Of its recordings, in their order.
    transcripts: tuple[Transcript, ...] = ()
    #: When the waiting copies of a recording are tried next. Known of a call that was asked for by its id; one that is
    #: missing then is tried now.
    next_tries: Mapping[RecordingId, Moment] = field(default_factory=dict)

    def transcript(self, recording_id: RecordingId) -> Transcript | None:
        return next((one for one in self.transcripts if one.recording_id == recording_id), None)


class CallSearch(Protocol):
    """Every method raises CatalogueUnavailable when the catalogue cannot answer now."""

    async def calls(
        self,
        wanted: CallFilter,
        *,
        limit: int,
        after: CallPlace | None = None,
        without: Collection[CallPart] = (),
    ) -> Sequence[CallFile]:
        """The newest first; calls that joined another one are left out. What they may be `without` need not be read."""
        ...

    async def call(self, call_id: CallId) -> CallFile | None:
        """All about it, whoever's it is; one that joined another is that other one. None when unknown."""
        ...
