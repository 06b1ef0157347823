"""A scripted PBX and its driver in one event loop, with time moved by hand."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from connector.domain.events import ChannelEnded, Stamped
from connector.domain.ids import ChannelId
from connector.pbx.scripted.conversation import Conversation
from connector.pbx.scripted.driver import ScriptedPbx
from connector.pbx.scripted.exchange import Manners
from connector.pbx.scripted.player import Player
from connector.pbx.scripted.script import Fault, Line, Misbehaves, Script
from tests.clocks import SimulatedClock

_PATIENCE_SECONDS = 30.0


class ScriptedRig:
    def __init__(self, folder: Path, manners: Manners | None = None) -> None:
        self.clock = SimulatedClock()
        self.spool = folder / "spool"
        self.spool.mkdir()
        self.socket = folder / "pbx.socket"
        self.player = Player(self.socket, self.spool, clock=self.clock, manners=manners)
        self.pbx = ScriptedPbx("scripted", self.socket, clock=self.clock)
        self.heard: list[Stamped] = []
        self._calls = 0

    async def call(self) -> tuple[ChannelId, ChannelId]:
        self._calls += 1
        conversation = Conversation(caller="+4930123", agent="201", prefix=f"call{self._calls}").ringing(1).answer()
        self.player.add(conversation.script())
        await self.clock.advance(1.5)
        return conversation.channel("caller"), conversation.channel("agent")

    async def hang_up(self, channel: ChannelId) -> None:
        prefix = channel.rsplit("-", 1)[0]
        ends = [ChannelEnded(channel=ChannelId(f"{prefix}-{name}"), cause="normal") for name in ("caller", "201")]
        self.player.add(Script(lines=tuple(Line(offset_seconds=0.0, what=end) for end in ends)))
        await self.clock.settle()

    async def misbehave(self, wrong: Misbehaves) -> None:
        self.player.add(Script(lines=(Line(offset_seconds=0.0, what=wrong),)))
        await self.clock.settle()

    async def pass_time(self, seconds: float) -> None:
        await self.clock.advance(seconds)

    async def until(self, claim: Callable[[], object]) -> None:
        waited = 0.0
        await self.clock.settle()
        while not claim():
            assert waited < _PATIENCE_SECONDS, f"it never came: {[s.event for s in self.heard]}"
            await self.clock.advance(0.02)
            waited += 0.02

    async def lose_connection(self) -> None:
        await self.misbehave(Misbehaves(fault=Fault.CUT, seconds=0.01))

    async def listen(self) -> None:
        async for stamped in self.pbx.events():
            self.heard.append(stamped)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["ScriptedRig"]:
        async with self.player.attended(), asyncio.TaskGroup() as tasks:
            tasks.create_task(self.listen())
            await self.until(lambda: self.heard)
            yield self
            await self.pbx.close()
