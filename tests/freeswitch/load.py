"""Many simple calls at an even pace, each talking for as long as the others. Knows no clients."""

import asyncio

from tests.freeswitch.telephony import Telephony


class Load:
    def __init__(self, telephony: Telephony, calls: int, per_second: float, talk_seconds: float) -> None:
        self._telephony = telephony
        self._calls, self._per_second, self._talk_seconds = calls, per_second, talk_seconds

    async def run(self) -> None:
        """Returns when the last one is over."""
        clock = asyncio.get_running_loop()
        begun = clock.time()
        async with asyncio.TaskGroup() as group:
            for number in range(self._calls):
                await asyncio.sleep(begun + number / self._per_second - clock.time())
                group.create_task(self._call(number))

    async def _call(self, number: int) -> None:
        a_leg, _ = await self._telephony.call(f"{10000 + number}", f"{20000 + number}")
        await asyncio.sleep(self._talk_seconds)
        await self._telephony.hang_up(a_leg)
