"""From the dialplan's question to the Director that knows the call, and back, with PBXs in memory."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connector.catalogue.journal import Journal
from connector.domain import events
from connector.domain.director import Director
from connector.domain.ids import BridgeId, ChannelId
from connector.domain.pbx_commands import StartRecorder
from connector.errors import NotFound
from connector.services.answering import Answering
from connector.services.intake import Intake
from tests.clocks import SimulatedClock
from tests.unit.domain.offices import a_directory, policies
from tests.unit.services.memory_pbx import MemoryPbx

CALLER, AGENT = ChannelId("caller"), ChannelId("agent")


class NamedPbx(MemoryPbx):
    def __init__(self, name: str, clock: SimulatedClock) -> None:
        super().__init__(clock)
        self._name = name

    @property
    def name(self) -> str:
        return self._name


class House:
    """Two PBXs that record nothing by themselves."""

    def __init__(self, folder: Path) -> None:
        self.clock = SimulatedClock()
        self.journal = Journal(folder)
        self.pbxs = {name: NamedPbx(name, self.clock) for name in ("north", "south")}
        self.intakes = [
            Intake(pbx, Director(name, "here", a_directory(), policies("no")), self.journal, self.clock)
            for name, pbx in self.pbxs.items()
        ]
        self.answering = Answering(self.intakes, self.clock)

    async def hear(self, pbx: str, *told: events.CallEvent) -> None:
        self.pbxs[pbx].tell(*told)
        await self.clock.settle()

    async def talk(self, pbx: str) -> None:
        await self.hear(
            pbx,
            events.ChannelCreated(channel=CALLER, linked=CALLER, number="+4930123456", device="PJSIP/carrier-a"),
            events.ChannelCreated(channel=AGENT, linked=CALLER, number="201", device="PJSIP/201"),
            events.ChannelAnswered(channel=AGENT),
            events.BridgeEntered(channel=CALLER, bridge=BridgeId("b")),
            events.BridgeEntered(channel=AGENT, bridge=BridgeId("b")),
        )

    def recorded(self, pbx: str) -> list[ChannelId]:
        return [command.channel for command in self.pbxs[pbx].begun if isinstance(command, StartRecorder)]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    built = House(tmp_path)
    running = [asyncio.ensure_future(intake.run()) for intake in built.intakes]
    await built.clock.settle()
    yield built
    for pbx in built.pbxs.values():
        await pbx.close()
    await asyncio.gather(*running)
    built.journal.close()


async def test_a_start_begins_a_recording_and_names_it(house: House) -> None:
    await house.talk("north")
    answered = await house.answering.answer("north", CALLER, "start", "tags=vip")
    assert answered.is_done
    assert answered.recording
    assert house.recorded("north") == [CALLER, AGENT]


async def test_two_questions_are_two_instructions(house: House) -> None:
    await house.talk("north")
    started = await house.answering.answer("", CALLER, "start", "")
    stopped = await house.answering.answer("", CALLER, "stop", "")
    again = await house.answering.answer("", CALLER, "start", "")
    assert started.recording == stopped.recording != again.recording


async def test_without_a_name_the_pbx_is_found_by_its_channel(house: House) -> None:
    await house.talk("south")
    assert (await house.answering.answer("", AGENT, "start", "")).is_done
    assert (house.recorded("north"), house.recorded("south")) == ([], [CALLER, AGENT])


async def test_what_cannot_be_obeyed_is_refused_with_the_reason(house: House) -> None:
    await house.talk("north")
    answered = await house.answering.answer("north", CALLER, "start", "destinatoin=x")
    assert not answered.is_done
    assert "did you mean destination" in answered.outcome


async def test_a_question_that_is_faster_than_the_news_of_its_channel_waits_for_it(house: House) -> None:
    asking = asyncio.ensure_future(house.answering.answer("", CALLER, "start", ""))
    await house.clock.advance(0.05)
    assert not asking.done()
    await house.talk("south")
    await house.clock.advance(0.02)
    assert (await asking).is_done
    assert house.recorded("south") == [CALLER, AGENT]


async def test_a_channel_that_nobody_knows_is_refused(house: House) -> None:
    asking = asyncio.ensure_future(house.answering.answer("north", ChannelId("nobody"), "stop", ""))
    await house.clock.advance(0.2)
    answered = await asking
    assert (answered.is_done, answered.outcome) == (False, "no such call is live on this PBX")


async def test_of_several_pbxs_none_is_guessed(house: House) -> None:
    asking = asyncio.ensure_future(house.answering.answer("", ChannelId("nobody"), "stop", ""))
    await house.clock.advance(0.2)
    with pytest.raises(NotFound, match="north, south"):
        await asking


async def test_an_unknown_name_of_a_pbx_is_told_with_the_known_ones(house: House) -> None:
    with pytest.raises(NotFound, match=r"'east'.* north, south"):
        await house.answering.answer("east", CALLER, "stop", "")
