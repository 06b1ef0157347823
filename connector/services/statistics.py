"""Calls counted over time, hour by hour. What is long past hardly changes: it is counted seldom. Knows no SQL."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from connector.domain.ids import Moment
from connector.ports.clock import Clock
from connector.ports.statistics_ledger import HOUR_SECONDS, StatisticsLedger, Tally

#: How long an hour's figures are taken for true: a share of its age, for what is older changes less.
_KEPT_SHARE: Final = 0.01
_KEPT_LEAST_SECONDS: Final = 5.0
_KEPT_MOST_SECONDS: Final = 86_400.0
#: Asked for at once: a day of a busy house takes the catalogue a twentieth of a second.
_SLICE_HOURS: Final = 24
_ORGANISATIONS_KEPT: Final = 64
_NONE: Final = Tally()


@dataclass(frozen=True, slots=True)
class _Kept:
    tally: Tally
    until: Moment


class Statistics:
    def __init__(self, ledger: StatisticsLedger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        #: By whose they are; who was asked for last stands last.
        self._kept: OrderedDict[str | None, dict[int, _Kept]] = OrderedDict()
        self._asking = asyncio.Lock()

    async def tallies(self, organisation: str | None, first: int, end: int, hours_each: int) -> Sequence[Tally]:
        """From hour `first` to before hour `end`, so many hours together. Raises CatalogueUnavailable."""
        kept = self._of(organisation)
        for begin, stop in _slices(self._missing(kept, first, end)):
            # Who asks for the same meanwhile waits, and finds it here; who asks for less is not held up for long.
            async with self._asking:
                if self._missing(kept, begin, stop):
                    await self._count(organisation, kept, begin, stop)
        return [
            sum((kept[hour].tally for hour in range(begin, min(begin + hours_each, end))), _NONE)
            for begin in range(first, end, hours_each)
        ]

    def _of(self, organisation: str | None) -> dict[int, _Kept]:
        kept = self._kept.setdefault(organisation, {})
        self._kept.move_to_end(organisation)
        if len(self._kept) > _ORGANISATIONS_KEPT:
            self._kept.popitem(last=False)
        return kept

    def _missing(self, kept: dict[int, _Kept], first: int, end: int) -> list[int]:
        now = self._clock.now()
        return [hour for hour in range(first, end) if hour not in kept or kept[hour].until <= now]

    async def _count(self, organisation: str | None, kept: dict[int, _Kept], first: int, end: int) -> None:
        found = {one.hour: one.tally for one in await self._ledger.hours(organisation, first, end)}
        now = self._clock.now()
        for hour in range(first, end):
            kept[hour] = _Kept(found.get(hour, _NONE), now + _kept_seconds(now - (hour + 1) * HOUR_SECONDS))


def _kept_seconds(age_seconds: float) -> float:
    return min(max(age_seconds * _KEPT_SHARE, _KEPT_LEAST_SECONDS), _KEPT_MOST_SECONDS)


def _slices(hours: Sequence[int]) -> list[tuple[int, int]]:
    """Neighbours together, each with the hour behind its last."""
    slices: list[tuple[int, int]] = []
    for hour in hours:
        first, end = slices[-1] if slices else (hour, hour)
        if slices and hour == end and end - first < _SLICE_HOURS:
            slices[-1] = (first, hour + 1)
        else:
            slices.append((hour, hour + 1))
    return slices
