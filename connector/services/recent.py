"""An answer that is good for a moment: whoever asks the same within it gets the same, and is waited for together."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, Generic, TypeVar

from connector.domain.ids import Moment
from connector.ports.clock import Clock

_KEPT_SECONDS: Final = 2.0

About = TypeVar("About", bound=Hashable)
Answer = TypeVar("Answer")


class Recent(Generic[About, Answer]):
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[About, tuple[Moment, Answer]] = {}
        self._asking = asyncio.Lock()

    async def answer(self, about: About, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        async with self._asking:
            asked_at, found = self._kept.get(about, (float("-inf"), None))
            if found is None or self._clock.now() >= asked_at + _KEPT_SECONDS:
                found = await ask()
                self._kept[about] = self._clock.now(), found
        return found
