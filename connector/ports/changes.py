"""What has changed of calls and recordings, for whoever follows them as they go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from connector.domain.call import Call
from connector.domain.happenings import CallMark, RecordingMark
from connector.domain.ids import CallId, Moment, RecordingId
from connector.domain.recording import Recording


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How it is at one moment."""

    calls: Mapping[CallId, CallMark]
    recordings: Mapping[RecordingId, RecordingMark]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPicture:
    """One call, with what decides who may see it."""

    call: Call
    recordings: tuple[Recording, ...]
    #: The call's, its recordings' and those that people gave it.
    tags: tuple[str, ...]


class Changes(Protocol):
    """look and pictures raise CatalogueUnavailable when the catalogue cannot answer now."""

    def sign(self) -> object | None:
        """As long as it stays the same, so do all answers; None when that cannot be told. Costs next to nothing."""
        ...

    async def look(
        self, calls: Sequence[CallId], recordings: Sequence[RecordingId], *, since: Moment | None, most: int
    ) -> Look:
        """Of those named, as far as they are known, and of at most so many of the newest of each that began since then.
        With None of the newest whenever they began, and of those that run: recordings in capture, with their calls."""
        ...

    async def pictures(self, calls: Sequence[CallId]) -> Mapping[CallId, CallPicture]:
        """Of those that are known."""
        ...
