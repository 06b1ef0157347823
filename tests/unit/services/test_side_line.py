"""Work beside the engine: so much at once, to the end before its row goes, and nobody else's."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from connector.domain.decision import Due
from connector.errors import CatalogueUnavailable
from connector.services.guarding import Postponed
from connector.services.side_line import SideLine
from tests.clocks import SimulatedClock
from tests.unit.services.memory_dues import MemoryDues

NOON = 1_000.0


def due(subject: str, at: float = NOON, *, kind: str = "hear", node: str | None = None, attempt: int = 1) -> Due:
    return Due(kind=kind, subject=subject, node=node, at=at, attempt=attempt)


class Line:
    """A side line of two at once, whose work waits until it is let go."""

    def __init__(self, *dues: Due) -> None:
        self.dues = MemoryDues(*dues)
        self.clock = SimulatedClock(NOON)
        self.at_once = 2
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.troubles: dict[str, list[Exception]] = {}
        self.gates: dict[str, asyncio.Event] = {}
        steps = (("hear", self._hear), ("file", self._file))
        self.line = SideLine("hear", steps, self.dues, self.clock, "here", lambda: self.at_once)

    async def _hear(self, subject: str, attempt: int) -> None:
        self.begun.append(subject)
        await self.gates.setdefault(subject, asyncio.Event()).wait()
        if self.troubles.get(subject):
            raise self.troubles[subject].pop(0)

    async def _file(self, subject: str, attempt: int) -> None:
        self.ended.append(subject)

    async def let_go(self, *subjects: str) -> None:
        for subject in subjects:
            self.gates[subject].set()
        await self.clock.advance(1.0)


@pytest.fixture
def line() -> Line:
    return Line(due("first", NOON - 2), due("second", NOON - 1), due("third"))


@pytest.fixture
async def running(line: Line) -> AsyncIterator[Line]:
    task = asyncio.create_task(line.line.run())
    await line.clock.advance(1.0)
    yield line
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_the_oldest_begin_and_the_others_wait_for_room(running: Line) -> None:
    assert running.begun == ["first", "second"]
    await running.let_go("second")
    assert (running.begun, running.ended) == (["first", "second", "third"], ["second"])


async def test_two_rows_of_one_subject_are_done_one_after_the_other(running: Line) -> None:
    await running.dues.add([due("first", NOON - 1.5, attempt=2)])
    await running.let_go("second")
    assert running.begun == ["first", "second", "third"]
    await running.let_go("first", "third")
    await running.clock.advance(1.0)
    assert running.begun == ["first", "second", "third", "first"]


async def test_a_row_goes_when_its_work_has_come_to_an_end(running: Line) -> None:
    assert await running.dues.waiting() == 3
    await running.let_go("first")
    assert sorted(running.dues.rows) == ["hear/second/1", "hear/third/1"]


async def test_what_is_cut_off_begins_again_with_the_next_process(line: Line) -> None:
    task = asyncio.create_task(line.line.run())
    await line.clock.advance(1.0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert await line.dues.waiting() == 3
    again = Line(*line.dues.rows.values())
    task = asyncio.create_task(again.line.run())
    await again.clock.advance(1.0)
    assert again.begun == ["first", "second"]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_what_is_postponed_goes_and_ends_there(running: Line) -> None:
    running.troubles["first"] = [Postponed("its sound comes first")]
    await running.let_go("first")
    assert "hear/first/1" not in running.dues.rows
    assert running.ended == []


async def test_without_the_catalogue_the_work_begins_anew(running: Line) -> None:
    running.troubles["first"] = [CatalogueUnavailable("it is locked")]
    await running.let_go("first")
    assert "hear/first/1" in running.dues.rows
    await running.clock.advance(10.0)
    assert running.ended == ["first"]
    assert running.begun.count("first") == 2


async def test_an_absent_catalogue_is_waited_for(line: Line) -> None:
    line.dues.is_available = False
    task = asyncio.create_task(line.line.run())
    await line.clock.advance(20.0)
    assert line.begun == []
    line.dues.is_available = True
    await line.clock.advance(20.0)
    assert line.begun == ["first", "second"]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_other_kinds_other_nodes_and_later_rows_are_left_alone(running: Line) -> None:
    await running.dues.add([due("ship", kind="ship"), due("elsewhere", node="there"), due("later", NOON + 3600)])
    await running.let_go("first", "second")
    await running.let_go("third")
    assert running.begun == ["first", "second", "third"]
    assert sorted(running.dues.rows) == ["hear/elsewhere/1", "hear/later/1", "ship/ship/1"]


async def test_how_many_at_once_is_what_the_configuration_says_now(running: Line) -> None:
    running.at_once = 3
    await running.clock.advance(1.0)
    assert running.begun == ["first", "second", "third"]
