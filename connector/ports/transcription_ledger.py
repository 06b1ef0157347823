"""What work knows and writes of transcripts."""

from collections.abc import Sequence
from typing import Protocol

from connector.domain.decision import Due
from connector.domain.ids import Moment, RecordingId
from connector.domain.speech import Word
from connector.domain.transcript import Transcript


class TranscriptionLedger(Protocol):
    """Every method raises CatalogueUnavailable when the catalogue cannot answer now."""

    async def begun(self, transcript: Transcript) -> Transcript:
        """It is WAITING from now on, if nothing was known of that recording's; returns what is there. Of a recording on
        its way out nothing is written, and REMOVED is returned. Raises NotFound for an unknown recording."""
        ...

    async def asked(self, transcript: Transcript, engine: str, now: Moment) -> None:
        """A recording that nobody wished to hear until now: it is WAITING, for that engine, and the work falls due.
        Raises NotFound for an unknown recording, IllegalTransition when its transcript is known, and when it goes."""
        ...

    async def current(self, recording_id: RecordingId) -> Transcript | None: ...

    async def done(self, transcript: Transcript, words: Sequence[Sequence[Word]], due: Sequence[Due] = ()) -> bool:
        """WAITING or DONE becomes DONE with that version, lines and each line's words; in the same transaction the
        words that calls are found by, and the due rows. A version that was DONE is kept beside it; the same version
        again changes nothing. False: it was removed meanwhile, and nothing is written."""
        ...

    async def failed(self, recording_id: RecordingId, reason: str, due: Sequence[Due] = ()) -> None:
        """WAITING becomes FAILED; `made_at` is when. One that is DONE stays so, with the reason why there is no newer
        version."""
        ...

    async def postponed(self, recording_id: RecordingId, reason: str, due: Due) -> None:
        """A passing failure: remember why, count it, fall due again; nothing when it has FAILED or was removed. One
        that is DONE, and that nobody wishes again, only falls due."""
        ...

    async def again(self, recording_id: RecordingId, engine: str, now: Moment) -> int:
        """FAILED becomes WAITING, DONE stays DONE; the engine (empty: the usual one; of what is DONE, the one that
        heard it) is remembered, and the work falls due. Returns the version that will be made. Raises NotFound, and
        IllegalTransition for one that is WAITING, REMOVED or being made again, and when its recording goes."""
        ...

    async def engine_wished(self, recording_id: RecordingId) -> str:
        """By whoever asked for it again; empty: nobody."""
        ...

    async def attempts(self, recording_id: RecordingId) -> int:
        """How often it was put off since it was wished last."""
        ...

    async def versions(self, recording_id: RecordingId) -> Sequence[Transcript]:
        """The newest first: the current one, in whatever state it is, and those that it has replaced."""
        ...

    async def words(self, recording_id: RecordingId, version: int) -> Sequence[Sequence[Word]]:
        """Of each line; none when they are not known."""
        ...

    async def stuck(self, node: str, limit: int) -> Sequence[Due]:
        """For each WAITING one of this node's recordings without a due row: a new due row of the next attempt. Not
        written: the caller does so."""
        ...
