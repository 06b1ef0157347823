"""A real Asterisk under a call of two real phones, and its driver behind a line that can be cut."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from connector.domain.events import BridgeEntered, ChannelCreated, Stamped
from connector.domain.ids import ChannelId
from connector.domain.secret import Secret
from connector.network.clock import SystemClock
from connector.pbx.asterisk.driver import AsteriskPbx
from connector.settings import AsteriskSettings, Endpoint
from tests.pbx.asterisk import Asterisk
from tests.pbx.leg import Leg
from tests.pbx.line import Line
from tests.pbx.phone import Phone
from tests.pbx.sounds import WIDE

_PATIENCE_SECONDS = 20.0


class AsteriskRig:
    def __init__(
        self, asterisk: Asterisk, spool: Path, line: Line, port: int, phone: Phone, tasks: asyncio.TaskGroup
    ) -> None:
        self.spool = spool
        self.version = asterisk.version
        self.heard: list[Stamped] = []
        self._line = line
        self._tasks = tasks
        self._phone = phone
        self._legs: dict[ChannelId, Leg] = {}
        self._news = asyncio.Event()
        login = Endpoint(
            user=asterisk.driver.user, password=Secret(asterisk.driver.secret), host="127.0.0.1", port=port
        )
        self._settings = AsteriskSettings(ami=login, spool=str(spool))
        self.pbx = self._driver()

    async def call(self, *, wideband: bool = False) -> tuple[ChannelId, ChannelId]:
        known = len(self._told_channels())
        if wideband:
            caller = await self._phone.call("wide_agent1", user="wide", coding=WIDE)
        else:
            caller = await self._phone.call("to_agent1")
        agent = await self._phone.answered("agent1")
        await self.until(lambda: len([one for one in self.heard if isinstance(one.event, BridgeEntered)]) >= known + 2)
        dialled, answered = self._told_channels()[known:]
        self._legs |= {dialled: caller, answered: agent}
        return dialled, answered

    async def hang_up(self, channel: ChannelId) -> None:
        await self._legs[channel].hang_up()

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
        self._line.cut()

    async def listen(self) -> None:
        async for stamped in self.pbx.events():
            self.heard.append(stamped)
            self._news.set()

    def _driver(self) -> AsteriskPbx:
        return AsteriskPbx("asterisk", self._settings, clock=SystemClock())

    def _told_channels(self) -> list[ChannelId]:
        return [one.event.channel for one in self.heard if isinstance(one.event, ChannelCreated)]


@asynccontextmanager
async def running(asterisk: Asterisk, folder: Path) -> AsyncIterator[AsteriskRig]:
    """Calls, driver and spool of one test; no call outlives it."""
    spool = folder / "spool"
    spool.mkdir()
    line = Line(asterisk.ports.ami)
    async with (
        Phone(asterisk.ports.sip, asterisk.ports.phone) as phone,
        line.open() as port,
        asyncio.TaskGroup() as tasks,
    ):
        rig = AsteriskRig(asterisk, spool, line, port, phone, tasks)
        tasks.create_task(rig.listen())
        await rig.until(lambda: rig.heard)
        yield rig
        await rig.pbx.close()
        await phone.hang_up_all()
        await asterisk.idle()
