"""What ends a recording and what keeps it: expiry, extension, legal hold, removal; and the transcripts' own end."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from connector.domain.call import Call
from connector.domain.ids import CallId, Moment, RecordingId
from connector.domain.keeping import Hold, Keeping
from connector.domain.options import RecordingOptions
from connector.domain.recording import Delivery, Recording
from connector.domain.retention import Ending
from connector.domain.states import RecordingEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A recording that has ended, with its call."""

    recording: Recording
    #: None: a damaged journal line took it along.
    call: Call | None
    keeping: Keeping


@dataclass(frozen=True, slots=True, kw_only=True)
class Undeleted:
    """A copy of a removed recording that could not be deleted."""

    delivery: Delivery
    organisation: str


class KeepingLedger(Protocol):
    """Every method raises CatalogueUnavailable when the catalogue cannot answer now. None holds SQLite's lock for
    longer than a slice of work."""

    async def keepings(self, recording_ids: Sequence[RecordingId]) -> Mapping[RecordingId, Keeping]:
        """Of those that are known."""
        ...

    async def without_expiry(self, limit: int, after: str = "") -> Sequence[Ended]:
        """Recordings that have ended (CAPTURED or later, not removed) and whose end is not reckoned yet, by id."""
        ...

    async def reckoned(self, organisation: str | None, limit: int, after: str = "") -> Sequence[Ended]:
        """The same whose end is reckoned, which nobody has extended and nothing holds. None: everybody's."""
        ...

    async def reckon(self, ends: Mapping[RecordingId, Moment | None]) -> None:
        """From now on they end then; those that somebody has extended meanwhile stay as they are."""
        ...

    async def extend(self, recording_id: RecordingId, expires_at: Moment | None) -> None:
        """It ends then, and no changed setting shortens that."""
        ...

    async def expired(self, now: Moment, limit: int) -> Sequence[Ending]:
        """AVAILABLE or failed, past its end, not on hold, no copy waiting: those whose end came first, first."""
        ...

    async def ending(self, until: Moment, limit: int, organisation: str | None = None) -> Sequence[Ending]:
        """All whose end comes before that moment, the first one first, also those that something keeps."""
        ...

    async def remove(
        self,
        recording_id: RecordingId,
        event: RecordingEvent,
        reason: str,
        now: Moment,
        *,
        by: str,
        is_left: Callable[[Delivery], bool] = lambda _: False,
    ) -> bool:
        """Move it by ERASED or EXPIRED to REMOVING and let its removal fall due, in one transaction that finds no hold:
        raises OnHold then, NotFound, IllegalTransition when its state does not allow it. Copies that are left stay
        where they are. Its transcript goes, too, unless it has expired and the transcript has days of its own. False:
        it was on its way out already; ERASED then takes up the copies that were left."""
        ...

    async def take_up_undeleted(self, now: Moment, limit: int, after: str = "") -> Sequence[RecordingId]:
        """Recordings by id, removed or not, of which a copy that was to go could not be deleted and nobody tries now:
        it falls due again."""
        ...

    async def undeleted(self, limit: int, organisation: str | None = None) -> Sequence[Undeleted]: ...

    async def hold(self, hold: Hold) -> bool:
        """False: it was held already; whoever has asked for its release has done so in vain. Raises NotFound, and
        NoLongerThere for one that is on its way out."""
        ...

    async def ask_release(self, recording_id: RecordingId, by: str, at: Moment) -> Hold | None:
        """The first one's wish is written down, another's releases it (`by` differs): then None is left. Raises
        NotFound when nothing holds it."""
        ...

    async def holds(self, organisation: str | None, limit: int, after: str = "") -> Sequence[tuple[Hold, CallId]]:
        """By the recordings' ids."""
        ...

    async def remove_transcripts(
        self,
        recording_ids: Collection[RecordingId],
        reason: str,
        is_left: Callable[[Delivery], bool] = lambda _: False,
    ) -> int:
        """Their words are gone, in the search too; that there was one stays. Where the sound stays, the file beside it
        is to be deleted, or is left to its bucket. Those on hold stay; returns how many went. Twice does no harm."""
        ...

    async def transcripts_without_expiry(self, limit: int) -> Sequence[tuple[RecordingId, Moment, RecordingOptions]]:
        """Transcripts whose own end is not reckoned yet: whose they are, when their recordings ended, with which
        options."""
        ...

    async def reckon_transcripts(self, ends: Mapping[RecordingId, Moment | None]) -> None: ...

    async def expired_transcripts(self, now: Moment, limit: int) -> Sequence[RecordingId]:
        """Past their own end, not on hold."""
        ...

    async def last_run(self) -> Moment | None:
        """When the daily job ran last."""
        ...

    async def claim_run(self, last: Moment | None, now: Moment) -> bool:
        """Whether this one's is the run of now: of several nodes that saw the same last one, one's is."""
        ...
