"""The machine's clock for a long-lived process: wall time at the start, from then on only what really passed."""

import asyncio
import time
from collections.abc import Callable

from connector.domain.ids import Moment

#: Sleep no longer in one go: an event loop's timers drift over days.
_LONGEST_SLEEP_SECONDS = 3600.0
#: Two readings of two clocks are never quite the same moment.
_TOLERANCE_SECONDS = 0.05


class SystemClock:
    """The Clock port on the machine's two clocks."""

    def __init__(
        self, *, wall: Callable[[], float] = time.time, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._wall = wall
        self._monotonic = monotonic
        self._offset = wall() - monotonic()
        #: One for each who sleeps now.
        self._sleepers: set[asyncio.Future[None]] = set()

    def now(self) -> Moment:
        return self._offset + self._monotonic()

    async def sleep_until(self, moment: Moment) -> None:
        await asyncio.sleep(0)
        while (left := moment - self.now()) > 0:
            await self._sleep(min(left, _LONGEST_SLEEP_SECONDS))

    def drift_seconds(self) -> float:
        """How far the wall clock has moved away since the anchor: stepped by hand or NTP, or the machine slept."""
        return self._wall() - self.now()

    def resettle(self) -> float:
        """Go by the wall clock again, and return the step in seconds (0.0 when there was none). `now` jumps by it and
        sleepers reckon anew: only for callers that know that no call is live."""
        step = self.drift_seconds()
        if abs(step) < _TOLERANCE_SECONDS:
            return 0.0
        self._offset += step
        for sleeper in self._sleepers:
            _wake(sleeper)
        return step

    async def _sleep(self, seconds: float) -> None:
        """Or until the clock is set. A bare future: what is idle does little else, and a timeout costs three times as
        much."""
        loop = asyncio.get_running_loop()
        sleeper = loop.create_future()
        timer = loop.call_later(seconds, _wake, sleeper)
        self._sleepers.add(sleeper)
        try:
            await sleeper
        finally:
            self._sleepers.discard(sleeper)
            timer.cancel()


def _wake(sleeper: "asyncio.Future[None]") -> None:
    if not sleeper.done():
        sleeper.set_result(None)
