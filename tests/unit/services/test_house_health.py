"""How each part of the house is, from what roles report and the catalogue counts."""

import shutil
from collections import namedtuple
from collections.abc import Collection, Mapping
from pathlib import Path

import pytest

from connector.errors import CatalogueUnavailable
from connector.ports.health_ledger import Copies, Queue, Standing
from connector.services.health import Health, RecentHealth
from connector.services.house_health import Disk, Equipment, HouseHealth, HouseReport, PbxHealth
from connector.services.reports import write_report
from tests.clocks import SimulatedClock
from tests.unit.services.memory_dues import MemoryDues
from tests.unit.web.health_site import MemorySearch

Usage = namedtuple("Usage", "total used free")
TOLD: dict[str, object] = {"is_connected": True, "version": "22.10.1", "live_calls": 3, "recorders": 2, "problems": []}


class MemoryHealth:
    """The HealthLedger."""

    def __init__(self) -> None:
        self.standing_of: dict[str | None, Standing] = {}
        self.is_available = True
        self.asked = 0

    async def standing(self, organisation: str | None, destinations: Collection[str]) -> Standing:
        self.asked += 1
        if not self.is_available:
            raise CatalogueUnavailable("it is locked")
        return self.standing_of.get(organisation, Standing(copies={name: Copies() for name in destinations}))


class Desk:
    def __init__(self, state: Path) -> None:
        self.state = state
        self.clock, self.search, self.ledger = SimulatedClock(), MemorySearch(), MemoryHealth()
        self.search.numbers = {"available": 7}
        self.equipment = {
            None: Equipment(
                node="here",
                pbxs={"office": "asterisk", "hotel": "freeswitch"},
                destinations={"archive": "s3"},
                folders={"state folder": state, "spool of office": state / "spool", "gone": state / "gone"},
            ),
            "default": Equipment(node="here", pbxs={}, destinations={"archive": "s3"}),
        }
        (state / "spool").mkdir()
        health = RecentHealth(Health(self.search, MemoryDues(), self.clock, state), self.clock)
        self.health = HouseHealth(health, self.ledger, lambda whose: self.equipment[whose], self.clock)
        self.capture(office=TOLD, hotel=TOLD)

    def capture(self, *problems: str, age: float = 0.0, **pbxs: Mapping[str, object]) -> None:
        facts = {"at": self.clock.now() - age, "node": "here", "pbxs": pbxs, "problems": problems}
        write_report(self.state / "health", "capture", facts)

    async def report(self, whose: str | None = None) -> HouseReport:
        await self.clock.advance(3)
        return await self.health.report(whose)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 0, 10**12))
    return Desk(tmp_path)


async def test_a_house_that_is_well_says_so_of_each_part(desk: Desk) -> None:
    desk.ledger.standing_of[None] = Standing(
        copies={"archive": Copies(waiting=2, stored_last=5.0)}, queues=[Queue(kind="ship", waiting=2, oldest_at=9.0)]
    )
    found = await desk.report()
    assert (found.is_well, found.problems, found.node) == (True, (), "here")
    office, hotel = (
        PbxHealth(name=name, kind=kind, node="here", is_connected=True, live_calls=3, recorders=2, version="22.10.1")
        for name, kind in (("office", "asterisk"), ("hotel", "freeswitch"))
    )
    assert found.pbxs == [office, hotel]
    assert [(one.name, one.kind, one.copies) for one in found.destinations] == [
        ("archive", "s3", Copies(waiting=2, stored_last=5.0))
    ]
    assert found.counts.recordings == {"available": 7}


async def test_a_pbx_that_is_down_is_a_problem_and_says_it_itself(desk: Desk) -> None:
    down = {**TOLD, "is_connected": False, "version": "", "problems": ["PBX office does not answer"]}
    desk.capture("PBX office does not answer", office=down, hotel=TOLD)
    found = await desk.report()
    assert found.problems == ("capture: PBX office does not answer",)
    office = found.pbxs[0]
    assert (office.is_connected, office.version, office.problems) == (False, None, ("PBX office does not answer",))


async def test_of_a_pbx_that_no_role_here_reports_nothing_is_claimed(desk: Desk) -> None:
    unknown = PbxHealth(name="office", kind="asterisk")
    desk.capture(hotel=TOLD)
    assert (await desk.report()).pbxs[0] == unknown
    desk.capture()
    assert (await desk.report()).pbxs[0] == unknown


async def test_an_old_report_says_nothing_of_now(desk: Desk) -> None:
    desk.capture(office=TOLD, age=15)
    found = await desk.report()
    assert found.pbxs[0].is_connected is None
    assert found.problems == ("capture: no sign of life for 18 s",)


@pytest.mark.parametrize(
    ("copies", "lost", "said"),
    [
        (Copies(refused=2, waiting=5, reason="403"), 2, "403"),
        (Copies(refused=1, gave_up=2), 3, "it said no"),
    ],
)
async def test_copies_that_nobody_tries_again_want_a_hand(desk: Desk, copies: Copies, lost: int, said: str) -> None:
    desk.ledger.standing_of[None] = Standing(copies={"archive": copies})
    found = await desk.report()
    assert not found.is_well
    mend = "mend what it says, then callreel recordings retry"
    assert found.problems == (f"destination archive: {lost} copies were not taken ({mend}): {said}",)


async def test_copies_that_could_not_be_deleted_want_a_hand(desk: Desk) -> None:
    left = Copies(undeletable=3, undeletable_reason="the key may not delete")
    desk.ledger.standing_of[None] = Standing(copies={"archive": left})
    found = await desk.report()
    assert not found.is_well
    mend = "it is tried again every night: give callreel the right to delete there, or delete them yourself"
    assert found.problems == (f"destination archive: 3 copies could not be deleted ({mend}): the key may not delete",)


async def test_a_destination_with_open_copies_that_is_not_in_the_configuration_any_more_is_named(desk: Desk) -> None:
    desk.ledger.standing_of[None] = Standing(copies={"archive": Copies(), "old": Copies(waiting=1)})
    found = await desk.report()
    assert [(one.name, one.kind) for one in found.destinations] == [("archive", "s3"), ("old", "unknown")]


async def test_each_disk_is_named_once_by_all_that_lies_there(desk: Desk) -> None:
    assert (await desk.report()).disks == [
        Disk(name="state folder, spool of office", free_bytes=10**12, total_bytes=10**12)
    ]


async def test_without_the_catalogue_it_says_what_it_knows_and_claims_nothing_else(desk: Desk) -> None:
    desk.search.is_available = desk.ledger.is_available = False
    found = await desk.report()
    assert found.problems == ("catalogue: it is locked",)
    assert found.standing is None
    assert [(one.name, one.copies) for one in found.destinations] == [("archive", None)]
    assert found.pbxs[0].is_connected
    with pytest.raises(CatalogueUnavailable):
        await desk.report("default")


async def test_an_organisation_hears_of_its_own_and_of_no_problem_of_the_house(desk: Desk) -> None:
    desk.capture("PBX office does not answer")
    desk.search.own = {"default": {"available": 3}}
    desk.ledger.standing_of = {None: Standing(copies={"theirs": Copies(refused=1)}), "default": Standing()}
    found = await desk.report("default")
    assert (found.is_well, found.problems) == (True, None)
    assert (found.pbxs, found.disks) == ([], [])
    assert found.counts.recordings == {"available": 3}
    assert [one.name for one in found.destinations] == ["archive"]


@pytest.mark.parametrize(
    ("recordings", "standing"),
    [
        ({"failed-at-store": 1}, Standing()),
        ({"failed-at-render": 1}, Standing()),
        ({}, Standing(notifications_dead=1)),
        ({}, Standing(copies={"archive": Copies(gave_up=1)})),
        ({}, Standing(copies={"archive": Copies(undeletable=1)})),
    ],
)
async def test_an_organisation_is_not_well_when_something_of_its_own_is_lost(
    desk: Desk, recordings: dict[str, int], standing: Standing
) -> None:
    desk.search.own = {"default": recordings}
    desk.ledger.standing_of["default"] = standing
    assert not (await desk.report("default")).is_well


async def test_many_who_look_at_once_ask_the_catalogue_once(desk: Desk) -> None:
    await desk.report()
    await desk.health.report(None)
    assert desk.ledger.asked == 1
