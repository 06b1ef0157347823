"""Something breaks in the middle of many calls at once: each call says when it is where it wants to be hit.

Knows moments only: neither what breaks nor what the calls do meanwhile.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

Told = TypeVar("Told")
#: Returns when it is done; nothing in it may hold up the phones.
Act = Callable[[], Awaitable[object]]


class Outage:
    """For so many calls, of which each awaits `comes` and then `goes`, once."""

    def __init__(self, calls: int) -> None:
        self._hit_ready = asyncio.Barrier(calls + 1)
        self._end_ready = asyncio.Barrier(calls + 1)
        self._broken = asyncio.Event()
        self._whole = asyncio.Event()
        #: Wall clock: when it broke, and when it was whole again.
        self.began = self.ended = 0.0

    async def comes(self) -> None:
        """Until it is broken; every other call is where it wants to be, too."""
        await self._hit_ready.wait()
        await self._broken.wait()

    async def goes(self) -> None:
        """All is done that should be done meanwhile; until it is whole again."""
        await self._end_ready.wait()
        await self._whole.wait()

    async def happens(self, breaks: Act, mends: Act) -> None:
        await self._hit_ready.wait()
        self.began = time.time()
        await breaks()
        self._broken.set()
        await self._end_ready.wait()
        await mends()
        self.ended = time.time()
        self._whole.set()


async def through(calls: Iterable[Callable[[Outage], Awaitable[Told]]], breaks: Act, mends: Act) -> list[Told]:
    """All those calls through one outage; what each of them tells, in their order."""
    ways = list(calls)
    outage = Outage(len(ways))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(outage.happens(breaks, mends))
        going = [tasks.create_task(_whole(way, outage)) for way in ways]
    return [one.result() for one in going]


async def _whole(way: Callable[[Outage], Awaitable[Told]], outage: Outage) -> Told:
    return await way(outage)
