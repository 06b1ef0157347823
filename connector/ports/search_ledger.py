"""Looking recordings and their transcripts up for people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from connector.domain.ids import Moment, RecordingId
from connector.domain.states import RecordingState, TranscriptionState
from connector.domain.transcript import Transcript
from connector.ports.shipping_ledger import RecordingFile


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingFilter:
    organisation: str | None = None
    states: tuple[RecordingState, ...] = ()
    #: Matches the caller's or the called number, in part.
    number: str | None = None
    agent: str | None = None
    started_after: Moment | None = None
    started_before: Moment | None = None
    call_id: str | None = None
    id_begins_with: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptFilter:
    organisation: str | None = None
    states: tuple[TranscriptionState, ...] = ()
    #: Done or given up since then.
    made_after: Moment | None = None


class SearchLedger(Protocol):
    """Every method raises CatalogueUnavailable when the catalogue cannot answer now."""

    async def recordings(
        self, wanted: RecordingFilter, *, limit: int, after: RecordingId | None = None
    ) -> Sequence[RecordingFile]:
        """The newest first; `after` = the last id of the page before."""
        ...

    async def counts(self, organisation: str | None = None) -> dict[str, int]:
        """How many recordings are in each state."""
        ...

    async def transcripts(
        self, wanted: TranscriptFilter, *, limit: int, after: RecordingId | None = None
    ) -> Sequence[Transcript]:
        """The current ones, those of the newest recordings first; `after` = the last recording of the page before."""
        ...

    async def transcript_counts(self, organisation: str | None = None) -> dict[str, int]:
        """How many transcripts are in each state."""
        ...
