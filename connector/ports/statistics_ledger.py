"""Calls counted by the hour in which they began."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

#: Seconds of an hour; the hours of the epoch are those of UTC.
HOUR_SECONDS = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Of the calls of some span of time. Conferences are none: their participants are in calls of their own."""

    calls: int = 0
    answered: int = 0
    #: A recording of it is there, on its way, or was removed since; and none failed.
    recorded: int = 0
    #: A recording of it failed, whatever became of others.
    failed: int = 0
    #: Answered, and nothing of it was recorded.
    not_recorded: int = 0
    #: Of those that have ended.
    talked_seconds: float = 0.0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            calls=self.calls + other.calls,
            answered=self.answered + other.answered,
            recorded=self.recorded + other.recorded,
            failed=self.failed + other.failed,
            not_recorded=self.not_recorded + other.not_recorded,
            talked_seconds=self.talked_seconds + other.talked_seconds,
        )


@dataclass(frozen=True, slots=True)
class HourlyTally:
    #: Since the epoch.
    hour: int
    tally: Tally


class StatisticsLedger(Protocol):
    async def hours(self, organisation: str | None, first: int, end: int) -> Sequence[HourlyTally]:
        """Those from `first` on and before `end` in which a call of that organisation, or of any, began. Raises
        CatalogueUnavailable."""
        ...
