"""From a row of the catalogue to the Director and back: each instruction is obeyed once and answered."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connector.domain.states import CommandState
from connector.errors import CatalogueUnavailable
from tests.unit.services.office import Office, opened_office
from tests.unit.services.yard import Yard


@pytest.fixture
async def office(yard: Yard, tmp_path: Path) -> AsyncIterator[Office]:
    async with opened_office(yard, tmp_path / "journal") as opened:
        yield opened


async def test_an_instruction_reaches_the_pbx_that_has_the_call_and_its_row_is_settled(office: Office) -> None:
    await office.post("stop-1", office.call, "stop")
    await office.instructing.hand_over()
    answered = await office.settled("stop-1")
    assert answered.state is CommandState.DONE
    assert len(office.stops) == 2
    assert office.pbxs[0].begun == []


async def test_a_row_that_is_not_answered_yet_is_handed_over_once(office: Office) -> None:
    await office.post("stop-1", office.call, "stop")
    for _ in range(3):
        await office.instructing.hand_over()
    await office.settled("stop-1")
    await office.instructing.hand_over()
    assert [intake.handed for intake in office.intakes] == [[], ["stop-1"]]


async def test_the_same_id_acts_once(office: Office) -> None:
    for _ in range(2):
        await office.post("stop-1", office.call, "stop")
        await office.instructing.hand_over()
        assert (await office.settled("stop-1")).state is CommandState.DONE
    assert len(office.stops) == 2


async def test_an_unknown_call_is_refused(office: Office) -> None:
    await office.post("stop-1", "nobody's", "stop")
    await office.instructing.hand_over()
    answered = await office.settled("stop-1")
    assert (answered.state, answered.outcome) == (CommandState.REFUSED, "no such call is live on this PBX")


async def test_an_instruction_that_came_too_late_is_never_obeyed(office: Office) -> None:
    await office.post("stop-1", office.call, "stop", seconds=2)
    await office.yard.clock.advance(3)
    await office.instructing.hand_over()
    assert (await office.settled("stop-1")).state is CommandState.EXPIRED
    assert office.stops == []


async def test_it_looks_again_and_outlasts_a_catalogue_that_is_away(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0
    look = office.yard.catalogue.commands.open_for

    async def locked_at_first(node: str, now: float) -> object:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise CatalogueUnavailable("it is locked")
        return await look(node, now)

    monkeypatch.setattr(office.yard.catalogue.commands, "open_for", locked_at_first)
    await office.post("stop-1", office.call, "stop")
    running = asyncio.ensure_future(office.instructing.run())
    assert (await office.settled("stop-1")).state is CommandState.DONE
    running.cancel()
    assert looks > 1
