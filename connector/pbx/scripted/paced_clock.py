"""A clock whose seconds are shorter or longer than real ones, and that can stand still."""

import asyncio
import time

from connector.domain.ids import Moment


class PacedClock:
    """Starts at the present; `pace` of its seconds pass in a real one."""

    def __init__(self, pace: float = 1.0) -> None:
        self.pace = pace
        self._origin: Moment = time.time()
        self._started = time.monotonic()
        self._frozen_at: Moment | None = None

    def now(self) -> Moment:
        if self._frozen_at is not None:
            return self._frozen_at
        return self._origin + (time.monotonic() - self._started) * self.pace

    async def sleep_until(self, moment: Moment) -> None:
        remaining = moment - self.now()
        if remaining > 0:
            await asyncio.sleep(remaining / self.pace)

    async def stand_still(self, at: Moment, real_seconds: float) -> None:
        """It is `at` for that long, and time goes on from there: others may answer before it does."""
        self._frozen_at = at
        try:
            await asyncio.sleep(real_seconds)
        finally:
            self._origin, self._started = at, time.monotonic()
            self._frozen_at = None
