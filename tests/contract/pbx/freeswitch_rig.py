"""A scripted FreeSWITCH and its driver, behind its real event socket and on real files."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from connector.domain.events import BridgeEntered, Stamped
from connector.domain.ids import ChannelId
from connector.domain.secret import Secret
from connector.network.clock import SystemClock
from connector.pbx.freeswitch.driver import FreeSwitchPbx
from connector.settings import Endpoint, FreeswitchSettings
from tests.freeswitch.legs import Leg
from tests.freeswitch.switch import ScriptedSwitch

_PATIENCE_SECONDS = 15.0


class FreeSwitchRig:
    def __init__(self, switch: ScriptedSwitch, tasks: asyncio.TaskGroup) -> None:
        self.switch = switch
        self.spool = switch.recordings
        self.heard: list[Stamped] = []
        self._tasks = tasks
        self._legs: dict[ChannelId, Leg] = {}
        self._news = asyncio.Event()
        self.pbx = self._driver()

    async def call(self, *, rate: int = 8000) -> tuple[ChannelId, ChannelId]:
        caller = await self.switch.inbound("+4930123", "201", rate=rate)
        agent = await self.switch.dial(caller, "201")
        await self.switch.answer(agent)
        legs = {ChannelId(leg.uuid): leg for leg in (caller, agent)}
        self._legs |= legs
        await self.until(lambda: legs.keys() <= self._entered())
        dialled, answered = legs
        return dialled, answered

    def leg(self, channel: ChannelId) -> Leg:
        return self._legs[channel]

    async def hang_up(self, channel: ChannelId) -> None:
        await self.switch.hang_up(self._legs[channel])

    async def pass_time(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def until(self, claim: Callable[[], object]) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while not claim():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"it never came: {[one.event for one in self.heard]}, {self.pbx.troubles()}") from None

    async def begin_anew(self) -> None:
        """Another driver in place of this one, as after a restart."""
        await self.pbx.close()
        self.heard.clear()
        self.pbx = self._driver()
        self._tasks.create_task(self.listen())

    async def lose_connection(self) -> None:
        await self.switch.cut()

    async def listen(self) -> None:
        async for stamped in self.pbx.events():
            self.heard.append(stamped)
            self._news.set()

    def _driver(self) -> FreeSwitchPbx:
        login = Endpoint(user="", password=Secret(self.switch.password), host="127.0.0.1", port=self.switch.port)
        return FreeSwitchPbx("freeswitch", FreeswitchSettings(esl=login, spool=str(self.spool)), clock=SystemClock())

    def _entered(self) -> set[ChannelId]:
        return {one.event.channel for one in self.heard if isinstance(one.event, BridgeEntered)}


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[FreeSwitchRig]:
    async with ScriptedSwitch(folder) as switch, asyncio.TaskGroup() as tasks:
        rig = FreeSwitchRig(switch, tasks)
        tasks.create_task(rig.listen())
        await rig.until(lambda: rig.heard)
        yield rig
        await rig.pbx.close()
