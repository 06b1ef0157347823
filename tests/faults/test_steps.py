"""Work dies at every moment of every step that it has, again and again, and everything happens once."""

import asyncio

import pytest

from connector.catalogue.store import Catalogue
from connector.domain.decision import Due
from connector.domain.ids import RecordingId
from connector.domain.states import RecordingEvent
from connector.network.clock import SystemClock
from connector.roles import work
from connector.roles.house import opened
from tests.faults.conftest import Build
from tests.faults.house import House
from tests.faults.killable_work import MOMENTS
from tests.faults.proof import assert_each_copy_is_there_once, assert_nothing_lost, assert_sounds_whole, until_grown

#: Every kind of work and its steps, in order.
STEPS = {
    "ship": ("render", "store"),
    "remove": ("remove copies", "remove files", "forget"),
    #: Done without the engine; test_notifications kills it.
    "tell": ("tell",),
    #: These two are died at in test_transcripts.
    "transcribe": ("hear", "file"),
    "withdraw": ("withdraw",),
}


def deaths_of(kind: str) -> list[str]:
    """Of each step of that work every moment, in the order in which they come."""
    return [f"{kind}/{step}/{moment}" for step in STEPS[kind] for moment in MOMENTS]


def a_recorded_call(house: House, name: str = "first") -> None:
    call = house.pbx.call(name).answer()
    house.until_recording(name)
    until_grown(house, call, 0.5)
    call.hang_up()


def test_every_step_that_the_code_has_is_died_at(build: Build) -> None:
    house = build()

    async def steps() -> dict[str, tuple[str, ...]]:
        async with opened(house.config) as inside:
            plans = {**work.plans(inside), **work.direct_plans(inside), **work.side_plans(inside)}
            return {kind: tuple(name for name, _ in steps) for kind, steps in plans.items()}

    assert asyncio.run(steps()) == STEPS


def test_a_recording_is_shipped_once_though_work_dies_on_the_way(any_build: Build) -> None:
    house = any_build()
    points = ["ship/render/uncommitted", "half a copy", "ship/store/committed", "ship/store/after"]
    house.doom.plan(points)
    house.start()
    a_recorded_call(house)
    house.doom.until_died(points)
    assert_nothing_lost(house)
    assert_sounds_whole(house, house.pbx.calls[0])


@pytest.mark.slow
def test_a_recording_is_shipped_once_though_work_dies_everywhere(any_build: Build) -> None:
    house = any_build()
    files = ["half an artefact", "half a copy"]
    points = ["due row read", "work queued", *deaths_of("ship")]
    house.doom.plan(points)
    house.start()
    a_recorded_call(house)
    house.doom.until_died(points)
    house.until_settled()
    house.doom.plan([*points, *files])
    a_recorded_call(house, "second")
    house.doom.until_died([*points, *files])
    assert_nothing_lost(house)
    for call in house.pbx.calls:
        assert_sounds_whole(house, call)


@pytest.mark.slow
def test_a_recording_is_removed_once_though_work_dies_everywhere(any_build: Build) -> None:
    house = any_build()
    points = deaths_of("remove")
    house.start()
    a_recorded_call(house, "kept")
    a_recorded_call(house, "erased")
    house.until_settled()
    house.doom.plan(points)
    erase(house, house.rows.recording("erased")["id"])
    house.doom.until_died(points)
    house.until_state("erased", "removed")
    assert len(house.objects) == 2
    assert_each_copy_is_there_once(house)
    assert {copy["state"] for copy in house.rows.deliveries(house.rows.recording("erased")["id"])} == {"deleted"}
    assert not any(house.rows.recording("erased")["id"] in path.name for path in house.pbx.spool.iterdir())
    assert_nothing_lost(house)
    assert_sounds_whole(house, house.pbx.calls[0])


def erase(house: House, recording: str) -> None:
    """As the API will do it."""

    async def moved() -> None:
        clock = SystemClock()
        catalogue = Catalogue.open(house.rows.url, now=clock.now)
        due = Due(kind="remove", subject=recording, attempt=1, node="here", at=clock.now())
        await catalogue.shipping.moved(RecordingId(recording), RecordingEvent.ERASED, reason="erased", due=[due])
        await catalogue.close()

    asyncio.run(moved())
