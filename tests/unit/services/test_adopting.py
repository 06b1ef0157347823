"""Files left behind, in memory: which of them reach the Director, and when."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import suppress

import pytest

from connector.domain import events
from connector.domain.director import Director
from connector.domain.events import RecorderFound, Stamped
from connector.domain.ids import ChannelId
from connector.errors import SourceMissing
from connector.services.adopting import Adopting
from connector.services.intake import Intake
from tests.clocks import SimulatedClock
from tests.unit.domain.offices import a_directory, policies
from tests.unit.services.memory_pbx import MemoryPbx
from tests.unit.services.test_intake import MemoryJournal


class Folder:
    """The LeftBehind port and the catalogue's known paths, as a test sets them."""

    def __init__(self) -> None:
        self.lying: list[str] = []
        self.known: set[str] = set()
        self.trouble = ""

    async def found(self, known: Collection[str]) -> list[Stamped]:
        if self.trouble:
            raise SourceMissing(self.trouble)
        return [
            Stamped(at=100.0, event=RecorderFound(channel=ChannelId(path), linked=path, path=path, ended_at=160.0))
            for path in self.lying
            if path not in known
        ]

    async def known_paths(self, pbx: str) -> set[str]:
        assert pbx == "office"
        return set(self.known)


class Place:
    def __init__(self) -> None:
        self.clock = SimulatedClock()
        self.pbx = MemoryPbx(self.clock)
        director = Director("office", "here", a_directory(), policies())
        self.intake = Intake(self.pbx, director, MemoryJournal(self.pbx), self.clock)
        self.folder = Folder()
        self.adopting = Adopting(self.intake, self.folder, self.folder.known_paths, self.clock)
        self.told: list[str] = []
        self.intake.tell = self._told  # type: ignore[method-assign]  # what reaches the stream is what is asked here

    async def _told(self, stamped: Stamped) -> None:
        assert isinstance(stamped.event, RecorderFound)
        self.told.append(stamped.event.path)

    async def connect(self) -> None:
        self.pbx.tell(events.PbxResynchronised(channels=(), recorders=()))
        await self.clock.settle()


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    opened = Place()
    running = asyncio.ensure_future(opened.intake.run())
    looking = asyncio.ensure_future(opened.adopting.run())
    await opened.clock.settle()
    yield opened
    looking.cancel()
    await opened.pbx.close()
    await running
    with suppress(asyncio.CancelledError):
        await looking


async def test_nothing_is_left_behind_before_the_pbx_has_said_what_lives(place: Place) -> None:
    place.folder.lying = ["must_1"]
    await place.clock.advance(60)
    assert place.told == []
    await place.connect()
    await place.clock.advance(31)
    assert place.told == ["must_1"]


async def test_a_file_is_told_once_even_while_the_catalogue_is_behind(place: Place) -> None:
    place.folder.lying = ["must_1"]
    await place.connect()
    await place.clock.advance(200)
    assert place.told == ["must_1"]


async def test_a_file_that_a_recording_refers_to_is_nobodys_find(place: Place) -> None:
    place.folder.lying, place.folder.known = ["must_1", "must_2"], {"must_1"}
    await place.connect()
    await place.clock.advance(31)
    assert place.told == ["must_2"]


async def test_files_that_cannot_be_seen_now_are_found_later_and_the_reason_is_said_once(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.folder.lying, place.folder.trouble = ["must_1"], "the spool is not mounted"
    await place.connect()
    await place.clock.advance(120)
    assert place.told == []
    assert [record.hint for record in caplog.records if hasattr(record, "hint")] == ["the spool is not mounted"]
    place.folder.trouble = ""
    await place.clock.advance(31)
    assert place.told == ["must_1"]
