"""Tallies by the hour: what is asked of the ledger, and how long an answer holds."""

import asyncio
from collections.abc import Sequence

import pytest

from connector.ports.statistics_ledger import HOUR_SECONDS, HourlyTally, Tally
from connector.services.statistics import Statistics
from tests.clocks import SimulatedClock

#: The hour that runs.
NOW = int(SimulatedClock().now()) // HOUR_SECONDS


class MemoryStatistics:
    """The StatisticsLedger: in each hour of its list so many calls."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self.calls: dict[tuple[str | None, int], int] = {}
        #: What was asked for.
        self.asked: list[tuple[str | None, int, int]] = []

    async def hours(self, organisation: str | None, first: int, end: int) -> Sequence[HourlyTally]:
        self.asked.append((organisation, first, end))
        await asyncio.sleep(0)
        found = ((hour, self.calls.get((organisation, hour), 0)) for hour in range(first, end))
        return [HourlyTally(hour, Tally(calls=calls)) for hour, calls in found if calls]


class Desk:
    def __init__(self) -> None:
        self.clock = SimulatedClock()
        self.ledger = MemoryStatistics(self.clock)
        self.statistics = Statistics(self.ledger, self.clock)

    async def calls(self, first: int, end: int, each: int = 1, of: str | None = None) -> list[int]:
        """Hours before now."""
        return [one.calls for one in await self.statistics.tallies(of, NOW + first, NOW + end, each)]


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_hours_without_a_call_are_there_too(desk: Desk) -> None:
    desk.ledger.calls = {(None, NOW - 3): 4, (None, NOW - 1): 2}
    assert await desk.calls(-4, 0) == [0, 4, 0, 2]


async def test_hours_are_added_up_to_days_and_the_last_one_may_be_shorter(desk: Desk) -> None:
    desk.ledger.calls = {(None, NOW + hour): 1 for hour in range(-50, 0)}
    assert await desk.calls(-50, 0, 24) == [24, 24, 2]


async def test_a_long_time_is_asked_for_day_by_day(desk: Desk) -> None:
    await desk.calls(-60, 0)
    assert [(first - NOW, end - NOW) for _, first, end in desk.ledger.asked] == [(-60, -36), (-36, -12), (-12, 0)]


async def test_who_asks_again_at_once_costs_the_catalogue_nothing(desk: Desk) -> None:
    await desk.calls(-24, 1)
    desk.ledger.asked.clear()
    await desk.calls(-24, 1)
    assert desk.ledger.asked == []


async def test_the_hour_that_runs_is_counted_anew_after_five_seconds_and_older_ones_later(desk: Desk) -> None:
    await desk.calls(-100, 1)
    desk.ledger.asked.clear()
    desk.ledger.calls = {(None, NOW): 1, (None, NOW - 1): 1, (None, NOW - 100): 1}
    await desk.clock.advance(4.9)
    assert (await desk.calls(-100, 1))[-1] == 0
    await desk.clock.advance(0.2)
    assert (await desk.calls(-100, 1))[-2:] == [1, 1]
    assert desk.ledger.asked == [(None, NOW - 1, NOW + 1)]
    # A hundredth of its age.
    await desk.clock.advance(99 * HOUR_SECONDS / 100)
    assert (await desk.calls(-100, 1))[0] == 1


async def test_hours_that_are_counted_anew_are_asked_for_together_and_the_others_not_at_all(desk: Desk) -> None:
    await desk.calls(-48, -24)
    desk.ledger.asked.clear()
    await desk.calls(-50, -20)
    assert [(first - NOW, end - NOW) for _, first, end in desk.ledger.asked] == [(-50, -48), (-24, -20)]


async def test_many_who_ask_for_the_same_ask_the_catalogue_once(desk: Desk) -> None:
    await asyncio.gather(*(desk.calls(-48, 0) for _ in range(20)))
    assert len(desk.ledger.asked) == 2


async def test_an_organisation_s_are_kept_apart(desk: Desk) -> None:
    desk.ledger.calls = {("acme", NOW - 1): 3, ("globex", NOW - 1): 5}
    assert [await desk.calls(-1, 0, of=of) for of in ("acme", "globex", None, "acme")] == [[3], [5], [0], [3]]


async def test_of_very_many_organisations_those_asked_for_last_are_kept(desk: Desk) -> None:
    for number in range(65):
        await desk.calls(-1, 0, of=f"organisation {number}")
    desk.ledger.asked.clear()
    await desk.calls(-1, 0, of="organisation 64")
    assert desk.ledger.asked == []
    await desk.calls(-1, 0, of="organisation 0")
    assert len(desk.ledger.asked) == 1
