"""Two PBXs, one with a live call, whose instructions come and are answered through a real catalogue."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from connector.catalogue.journal import Journal
from connector.catalogue.journal_writer import JournalWriter
from connector.domain import events
from connector.domain.director import Director
from connector.domain.ids import BridgeId, CallId, ChannelId
from connector.domain.pbx_commands import StopRecorder
from connector.domain.states import CommandState
from connector.ports.commands import Command
from connector.services.instructing import Instructing
from connector.services.intake import Intake
from tests.clocks import SimulatedClock
from tests.unit.domain.offices import a_directory, policies
from tests.unit.services.memory_pbx import MemoryPbx
from tests.unit.services.yard import Yard


class CountingIntake(Intake):
    """Knows what it was handed."""

    def __init__(self, pbx: MemoryPbx, director: Director, journal: Journal, clock: SimulatedClock) -> None:
        super().__init__(pbx, director, journal, clock)
        self.handed: list[str] = []

    async def instruct(self, instruction: events.InstructionGiven) -> None:
        self.handed.append(instruction.command_id)
        await super().instruct(instruction)


class Office:
    """Two PBXs, one with a live call; the journal really goes into the catalogue."""

    def __init__(self, yard: Yard, folder: Path) -> None:
        self.yard = yard
        self.journal = Journal(folder)
        self.writer = JournalWriter(self.journal, yard.catalogue.calls, "here", yard.clock)
        self.pbxs = [MemoryPbx(yard.clock) for _ in range(2)]
        self.intakes = [
            CountingIntake(pbx, Director(name, "here", a_directory(), policies()), self.journal, yard.clock)
            for name, pbx in zip(("branch", "office"), self.pbxs, strict=True)
        ]
        self.instructing = Instructing(yard.catalogue.commands, self.intakes, yard.clock, "here")

    async def post(self, id: str, call: str, action: str, seconds: float = 1000.0) -> None:
        expires_at = self.yard.clock.now() + seconds
        await self.yard.catalogue.commands.post(
            Command(id=id, node="here", call_id=CallId(call), action=action, by="ada", expires_at=expires_at)
        )

    async def settled(self, id: str) -> Command:
        """The command, when it is answered."""
        while True:
            found = await self.yard.catalogue.commands.find(id)
            assert found is not None
            if found.state is not CommandState.OPEN:
                return found
            await self.yard.clock.advance(0.03)

    @property
    def call(self) -> str:
        return next(command.call for command in self.pbxs[1].begun)

    @property
    def stops(self) -> list[StopRecorder]:
        return [command for command in self.pbxs[1].begun if isinstance(command, StopRecorder)]


@asynccontextmanager
async def opened_office(yard: Yard, folder: Path) -> AsyncIterator[Office]:
    """With a caller and agent 201 in one bridge, recorded."""
    opened = Office(yard, folder)
    async with asyncio.TaskGroup() as tasks:
        writing = tasks.create_task(opened.writer.run())
        intakes = [tasks.create_task(intake.run()) for intake in opened.intakes]
        caller, agent = ChannelId("caller"), ChannelId("agent")
        opened.pbxs[1].tell(
            events.ChannelCreated(channel=caller, linked=caller, number="+4930123456", device="PJSIP/carrier-a"),
            events.ChannelCreated(channel=agent, linked=caller, number="201", device="PJSIP/201"),
            events.ChannelAnswered(channel=agent),
            events.BridgeEntered(channel=caller, bridge=BridgeId("1")),
            events.BridgeEntered(channel=agent, bridge=BridgeId("1")),
        )
        await yard.clock.settle()
        assert len(opened.pbxs[1].begun) == 2
        yield opened
        for pbx in opened.pbxs:
            await pbx.close()
        await asyncio.wait(intakes)
        writing.cancel()
    opened.journal.close()
