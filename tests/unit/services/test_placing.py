"""From an order of the API to the PBX and back: who may, how often, once, and what became of it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from connector.catalogue.journal import Journal
from connector.catalogue.journal_writer import JournalWriter
from connector.domain import events
from connector.domain.access import Limits
from connector.domain.director import Director
from connector.domain.ids import CallId
from connector.domain.outbound import ORIGINATE, CallWish
from connector.domain.states import CommandState
from connector.errors import (
    BadRequest,
    CatalogueUnavailable,
    Conflict,
    NotFound,
    NotPermitted,
    PbxRefused,
    PbxUnreachable,
    TooManyRequests,
)
from connector.ports.commands import Command
from connector.services.dialling import Dialling
from connector.services.instructing import Instructing
from connector.services.intake import Intake
from connector.services.placing import PlacedCall, Placing
from connector.settings.outbound import OutboundSettings
from tests.unit.domain.offices import a_directory, policies
from tests.unit.services.memory_pbx import MemoryPbx
from tests.unit.services.office import CountingIntake
from tests.unit.services.shop import Deeds, an_access
from tests.unit.services.yard import Yard

SETTINGS = OutboundSettings(
    pbx="office",
    context="from-internal",
    numbers=("+49X.",),
    endpoints={"ep_1": "PJSIP/2001"},
    caller_ids=("+4930555XX",),
    per_minute=3,
)
WISH = CallWish(from_number="+493055512", to_number="+498912345", endpoint_id="ep_1")


class Office:
    """Web and capture of one house, with a PBX that does what a test says."""

    def __init__(self, yard: Yard, folder: Path) -> None:
        self.yard = yard
        self.settings: OutboundSettings | None = SETTINGS
        self.deeds = Deeds()
        self.pbx = MemoryPbx(yard.clock)
        self.journal = Journal(folder)
        self.writer = JournalWriter(self.journal, yard.catalogue.calls, "here", yard.clock)
        self.dialling = Dialling([self.pbx], self.journal, yard.clock)
        director = Director("office", "here", a_directory(), policies())
        self.intake = Intake(self.pbx, director, self.journal, yard.clock, self.dialling.noticed)
        self.instructing = Instructing(yard.catalogue.commands, [self.intake], yard.clock, "here", self.dialling.take)
        self.placing = Placing(yard.catalogue.commands, self.deeds, lambda: self.settings, "here", yard.clock)

    async def ordered(self, wish: CallWish = WISH, command_id: str = "order-1", *, is_taken: bool = True) -> PlacedCall:
        """As web has waited for it, and capture has taken it."""
        placing = asyncio.ensure_future(self.placing.place(an_access(), wish, command_id))
        # Time stands still until the order is there: the catalogue is real, and takes its own.
        while not placing.done() and await self._found(command_id) is None:
            pass
        if is_taken:
            await self.instructing.hand_over()
        while not placing.done():
            await self._found(command_id)
            await self.yard.clock.advance(0.1)
        return placing.result()

    async def _found(self, command_id: str) -> Command | None:
        return await self.yard.catalogue.commands.find(f"default:{command_id}")

    async def moment_passes(self) -> None:
        """A moment passes, in the catalogue as well."""
        await self._found("order-1")
        await self.yard.clock.advance(0.1)

    async def settled(self, command_id: str = "order-1") -> PlacedCall:
        while True:
            found = await self.placing.placed(an_access(), command_id)
            if found.state is not CommandState.OPEN:
                return found
            await self.yard.clock.advance(0.1)


@pytest.fixture
async def office(yard: Yard, tmp_path: Path) -> AsyncIterator[Office]:
    opened = Office(yard, tmp_path / "journal")
    async with asyncio.TaskGroup() as tasks:
        writing = tasks.create_task(opened.writer.run())
        intake = tasks.create_task(opened.intake.run())
        yield opened
        await opened.pbx.close()
        await asyncio.wait([intake])
        await opened.dialling.close()
        writing.cancel()
    opened.journal.close()


async def test_an_order_rings_and_is_answered_with_its_call(office: Office) -> None:
    queued = await office.ordered()
    assert queued == PlacedCall(command_id="order-1", state=CommandState.OPEN)
    [(wanted, answered)] = office.pbx.placing
    assert (wanted.device, wanted.number, wanted.caller_id) == ("PJSIP/2001", "+498912345", "+493055512")
    office.pbx.tell(events.ChannelCreated(channel=wanted.channel, linked=wanted.channel, device="PJSIP/2001"))
    answered.set_result(None)
    placed = await office.settled()
    assert placed.state is CommandState.DONE
    assert placed.call_id
    assert office.intake.director.knows(placed.call_id)
    assert office.deeds.subjects("call.placed") == ["default:order-1"]


@pytest.mark.parametrize("error", [PbxRefused("the device is busy"), PbxUnreachable("nobody knows")])
async def test_why_it_came_to_nothing_is_said(office: Office, error: Exception) -> None:
    await office.ordered()
    office.pbx.placing[0][1].set_exception(error)
    placed = await office.settled()
    assert (placed.state, placed.reason) == (CommandState.REFUSED, str(error))


async def test_a_driver_that_is_broken_breaks_nothing_else(office: Office) -> None:
    await office.ordered()
    office.pbx.placing[0][1].set_exception(RuntimeError("a bug"))
    placed = await office.settled()
    assert "a fault of callreel's: RuntimeError" in placed.reason
    assert office.intake.director.live_calls == 0


async def test_a_call_whose_leg_is_never_told_of_is_answered_without_its_id(office: Office) -> None:
    await office.ordered()
    office.pbx.placing[0][1].set_result(None)
    placed = await office.settled()
    assert (placed.state, placed.call_id) == (CommandState.DONE, None)


async def test_an_order_that_nobody_takes_is_over_in_the_end(office: Office) -> None:
    assert (await office.ordered(is_taken=False)).state is CommandState.OPEN
    await office.yard.clock.advance(60.0)
    placed = await office.placing.placed(an_access(), "order-1")
    assert (placed.state, "has not said" in placed.reason) == (CommandState.EXPIRED, True)


async def test_the_same_id_places_one_call_and_another_order_under_it_is_refused(office: Office) -> None:
    first = await office.ordered()
    assert await office.ordered() == first
    assert len(office.pbx.placing) == 1
    with pytest.raises(Conflict):
        await office.ordered(replace(WISH, to_number="+4911111"))


async def test_capture_that_began_anew_places_nothing_twice(office: Office) -> None:
    await office.ordered()
    anew = Dialling([office.pbx], office.journal, office.yard.clock)
    other = Instructing(office.yard.catalogue.commands, [office.intake], office.yard.clock, "here", anew.take)
    await other.hand_over()
    assert len(office.pbx.placing) == 1
    assert "may have been placed" in (await office.settled()).reason


async def test_an_order_that_comes_too_late_is_not_placed(office: Office) -> None:
    await office.ordered(is_taken=False)
    await office.yard.clock.advance(10.0)
    await office.instructing.hand_over()
    assert "too late" in (await office.settled()).reason
    assert office.pbx.placing == []


async def test_a_pbx_that_is_not_here_is_named(office: Office) -> None:
    office.settings = replace(SETTINGS, pbx="branch")
    await office.ordered()
    assert "no PBX is called 'branch'" in (await office.settled()).reason


async def test_an_order_that_cannot_be_read_is_answered(office: Office) -> None:
    commands = office.yard.catalogue.commands
    expires_at = office.yard.clock.now() + 60
    row = Command(
        id="default:x", node="here", call_id=CallId(""), action=ORIGINATE, options="{}", expires_at=expires_at
    )
    await commands.post(row)
    await office.instructing.hand_over()
    while (found := await commands.find("default:x")) and found.state is CommandState.OPEN:
        await office.yard.clock.advance(0.1)
    assert found is not None
    assert found.state is CommandState.REFUSED


async def test_without_the_setting_no_call_is_placed(office: Office) -> None:
    office.settings = None
    with pytest.raises(NotPermitted, match=r"api\.outbound"):
        await office.placing.place(an_access(), WISH)
    assert office.deeds.done_so_far == []


@pytest.mark.parametrize(
    ("limits", "wish"),
    [
        (Limits(numbers=("+4989*",)), replace(WISH, to_number="+4911")),
        (Limits(agents=("201",)), WISH),
        (Limits(tags=("vip",)), WISH),
    ],
)
async def test_a_key_that_is_limited_places_only_calls_that_it_sees(
    office: Office, limits: Limits, wish: CallWish
) -> None:
    with pytest.raises(NotPermitted, match="limited"):
        await office.placing.place(an_access(limits=limits), wish)


async def test_more_than_so_many_in_a_minute_are_refused_until_the_minute_is_over(office: Office) -> None:
    for number in range(3):
        await office.ordered(command_id=f"order-{number}")
    with pytest.raises(TooManyRequests) as refused:
        await office.ordered(command_id="order-3")
    await office.yard.clock.advance(refused.value.retry_after_seconds)
    await office.ordered(command_id="order-3")
    assert len(office.pbx.placing) == 4


async def test_all_web_roles_share_the_minute_and_one_that_was_started_again_remembers_it(office: Office) -> None:
    for number in range(3):
        await office.ordered(command_id=f"order-{number}")
    clock = office.yard.clock
    office.placing = Placing(office.yard.catalogue.commands, office.deeds, lambda: SETTINGS, "here", clock)
    with pytest.raises(TooManyRequests):
        await office.ordered(command_id="order-3")
    await clock.advance(60)
    await office.ordered(command_id="order-3")
    assert len(office.pbx.placing) == 4


async def test_of_many_that_come_at_once_no_more_than_so_many_are_placed(office: Office) -> None:
    wishes = [office.placing.place(an_access(), WISH, f"order-{number}") for number in range(5)]
    asked = asyncio.gather(*wishes, return_exceptions=True)
    while not asked.done():
        await office.moment_passes()
    refused = [one for one in await asked if isinstance(one, TooManyRequests)]
    assert len(refused) == 2


async def test_what_is_refused_costs_nothing_of_the_minute(office: Office) -> None:
    for _ in range(5):
        with pytest.raises(BadRequest):
            await office.placing.place(an_access(), replace(WISH, endpoint_id="x"))
    assert (await office.ordered()).state is CommandState.OPEN


async def test_what_cannot_be_written_down_is_not_placed(office: Office) -> None:
    office.deeds.is_away = True
    with pytest.raises(CatalogueUnavailable):
        await office.placing.place(an_access(), WISH, "order-1")
    await office.instructing.hand_over()
    assert office.pbx.placing == []


async def test_another_organisations_order_is_not_found(office: Office) -> None:
    await office.ordered()
    with pytest.raises(NotFound):
        await office.placing.placed(an_access("another"), "order-1")
    with pytest.raises(NotFound):
        await office.placing.placed(an_access(), "order-2")


async def test_other_instructions_go_to_the_call_as_before(office: Office) -> None:
    counting = CountingIntake(office.pbx, office.intake.director, office.journal, office.yard.clock)
    instructing = Instructing(
        office.yard.catalogue.commands, [counting], office.yard.clock, "here", office.dialling.take
    )
    expires_at = office.yard.clock.now() + 60
    await office.yard.catalogue.commands.post(
        Command(id="stop-1", node="here", call_id=CallId("x"), action="stop", expires_at=expires_at)
    )
    await instructing.hand_over()
    assert counting.handed == ["stop-1"]
