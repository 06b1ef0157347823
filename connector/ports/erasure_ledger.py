"""Wishes that all of a call or of a number be gone, how far they are, and what of a person a call's rows hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from connector.domain.call import Call
from connector.domain.ids import CallId, Moment, RecordingId
from connector.ports.shipping_ledger import RecordingFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """Somebody's wish that all of a call or of a number be gone; kept, so that a restored backup hears of it again."""

    id: str
    #: None: everybody's (the house's own administrator).
    organisation: str | None
    #: One of both.
    call_id: str = ""
    number: str = ""
    by: str
    at: Moment
    #: No: only the recordings and their words; the call's own facts stay.
    is_whole: bool = True


class ErasureState(StrEnum):
    ERASED = "erased"
    UNDER_WAY = "under way"
    #: Somebody has to do something first: see the reason.
    CANNOT = "cannot be"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    noted_at: Moment
    searched_at: Moment | None = None
    settled_at: Moment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasedCall:
    call_id: CallId
    state: ErasureState
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRemains:
    """What there still is of one call."""

    call: Call
    files: tuple[RecordingFile, ...]
    #: On legal hold, and why.
    holds: Mapping[RecordingId, str]
    #: Whose files at the PBX are still there, as far as we know.
    with_sources: frozenset[RecordingId]
    #: With words.
    with_transcript: frozenset[RecordingId]


class ErasureLedger(Protocol):
    """Every method raises CatalogueUnavailable when the catalogue cannot answer now."""

    async def erase(self, erasure: Erasure, now: Moment) -> bool:
        """Written down; the same id twice changes nothing, and is False."""
        ...

    async def find(self, erasure_id: str) -> tuple[Erasure, Progress] | None: ...

    async def unsettled(self, limit: int) -> Sequence[tuple[Erasure, Progress]]:
        """The oldest first."""
        ...

    async def searched(self, erasure_id: str, at: Moment) -> None: ...

    async def settled(self, erasure_id: str, at: Moment) -> None:
        """The number itself is forgotten with it."""
        ...

    async def note_calls(self, erasure_id: str, calls: Sequence[ErasedCall]) -> None:
        """What has become of them by now."""
        ...

    async def erased_calls(
        self, erasure_id: str, limit: int, after: str = "", states: Sequence[ErasureState] = ()
    ) -> Sequence[ErasedCall]:
        """By id; without states those in all of them."""
        ...

    async def counts(self, erasure_id: str) -> Mapping[ErasureState, int]: ...

    async def calls_of_number(
        self, organisation: str | None, number: str, *, limit: int, after: str = "", before: Moment | None = None
    ) -> Sequence[CallId]:
        """Of which a leg, the caller or the called one has that number, by id; those that joined another are among
        them. `before`: that began no later."""
        ...

    async def calls_of_call(self, call_id: str) -> Sequence[CallId]:
        """The call and all that became part of it; none when it is unknown."""
        ...

    async def remains(self, call_id: CallId) -> CallRemains | None: ...

    async def forget_person(self, call_id: CallId, number: str) -> None:
        """The number and its name are taken out of an ended call's row, its recordings', notes and texts; without a
        number everybody's. What is left says when and how long. Names of copies go with the copies, paths of files with
        the files. Raises OnHold when a recording of it is held. Twice does no harm."""
        ...
