"""A Clock that stands still until a test moves it."""

import asyncio
import heapq
import itertools

from connector.domain.ids import Moment

#: Turns of the event loop that woken tasks get to run in; none of it is real time.
_TURNS = 50


class SimulatedClock:
    """The Clock port without real time: `advance` wakes sleepers in order, at exactly their moments."""

    def __init__(self, start: Moment = 1767603600.0) -> None:
        self._now = start
        self._order = itertools.count()
        self._sleepers: list[tuple[Moment, int, asyncio.Future[None]]] = []
        self._arrived = asyncio.Event()

    def now(self) -> Moment:
        return self._now

    async def sleep_until(self, moment: Moment) -> None:
        await asyncio.sleep(0)
        if moment <= self._now:
            return
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (moment, next(self._order), woken))
        self._arrived.set()
        await woken

    @property
    def wakes_at(self) -> list[Moment]:
        """When each task that sleeps now wants to wake, the first one first."""
        return sorted(moment for moment, _, woken in self._sleepers if not woken.done())

    async def until_sleeping(self, count: int = 1) -> None:
        """Return as soon as that many tasks sleep."""
        while len(self.wakes_at) < count:
            self._arrived.clear()
            await self._arrived.wait()

    async def advance(self, seconds: float) -> None:
        """Let the time pass; each sleeper wakes at its moment and its task runs before time goes on."""
        end = self._now + seconds
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            moment, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                self._now = max(self._now, moment)
                woken.set_result(None)
                await self.settle()
        self._now = end
        await self.settle()

    async def settle(self) -> None:
        """Let every task run that can run at this moment."""
        for _ in range(_TURNS):
            await asyncio.sleep(0)
