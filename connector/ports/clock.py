"""Time, as the house sees it."""

from typing import Protocol

from connector.domain.ids import Moment


class Clock(Protocol):
    def now(self) -> Moment:
        """Seconds since the epoch, UTC; never jumps while the process lives, whatever happens to the wall clock."""
        ...

    async def sleep_until(self, moment: Moment) -> None:
        """Return at `moment` or as soon after as can be; at once when it is over."""
        ...
