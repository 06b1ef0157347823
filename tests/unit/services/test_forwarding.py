"""The forwarder: what is due goes into the engine, the oldest first, and never more than it may hold."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.decision import Due
from connector.engine.dbos import DbosEngine
from connector.engine.memory import MemoryEngine
from connector.network.clock import SystemClock
from connector.ports.engine import Plans
from connector.services.forwarding import Forwarder
from tests.clocks import SimulatedClock
from tests.unit.services.memory_dues import MemoryDues

NOON = 1_000.0


def due(subject: str, at: float = NOON, *, kind: str = "ship", node: str | None = None) -> Due:
    return Due(kind=kind, subject=subject, node=node, at=at)


class Works:
    """What the engine ran, in order; the work waits at the gate."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.gate = asyncio.Event()
        self.plans: Plans = {"ship": [("store", self._store)]}

    async def _store(self, subject: str, attempt: int) -> None:
        self.begun.append(subject)
        await self.gate.wait()


@pytest.fixture
def works() -> Works:
    return Works()


@pytest.fixture
async def engine(works: Works) -> AsyncIterator[MemoryEngine]:
    engine = MemoryEngine(concurrency=2)
    await engine.start(works.plans)
    yield engine
    await engine.drain(0)


def forwarder(dues: MemoryDues, engine: MemoryEngine, clock: SimulatedClock) -> Forwarder:
    return Forwarder(dues, engine, clock, "here")


async def until_idle(engine: MemoryEngine, clock: SimulatedClock) -> None:
    async with asyncio.timeout(5):
        while await engine.unfinished():
            await clock.settle()


async def test_what_is_due_is_forwarded_and_its_row_deleted(engine: MemoryEngine, works: Works) -> None:
    dues = MemoryDues(due("now"), due("later", NOON + 60), due("elsewhere", node="there"), due("ours", node="here"))
    assert await forwarder(dues, engine, SimulatedClock(NOON)).forward() == 2
    assert set(dues.rows) == {"ship/later/1", "ship/elsewhere/1"}
    assert await engine.unfinished() == 2


async def test_the_loop_forwards_work_soon_after_its_time_has_come(engine: MemoryEngine, works: Works) -> None:
    works.gate.set()
    clock, dues = SimulatedClock(NOON), MemoryDues(due("later", NOON + 60))
    running = asyncio.create_task(forwarder(dues, engine, clock).run())
    await clock.advance(59.9)
    assert works.begun == []
    await clock.advance(0.2)
    assert works.begun == ["later"]
    running.cancel()


async def test_it_looks_often_while_there_is_work_and_seldom_when_there_was_none(
    engine: MemoryEngine, works: Works
) -> None:
    works.gate.set()
    clock, dues = SimulatedClock(NOON), MemoryDues(due("first", NOON + 60.1), due("second", NOON + 61.1))
    running = asyncio.create_task(forwarder(dues, engine, clock).run())
    await clock.advance(60.2)
    assert works.begun == []
    await clock.advance(0.1)
    assert works.begun == ["first"]
    await clock.advance(0.9)
    assert works.begun == ["first", "second"]
    running.cancel()


async def test_a_crash_between_queueing_and_deleting_runs_nothing_twice(engine: MemoryEngine, works: Works) -> None:
    works.gate.set()
    clock, dues = SimulatedClock(NOON), MemoryDues(due("one"))
    dues.deletes = False
    running = asyncio.create_task(forwarder(dues, engine, clock).run())
    await clock.advance(1)
    running.cancel()
    dues.deletes = True
    assert await forwarder(dues, engine, clock).forward() == 1
    await until_idle(engine, clock)
    assert works.begun == ["one"]
    assert dues.rows == {}


async def test_a_full_engine_is_given_no_more_until_it_has_room(engine: MemoryEngine, works: Works) -> None:
    clock, dues = SimulatedClock(NOON + 100), MemoryDues(*(due(str(number), NOON + number) for number in range(9)))
    forward = forwarder(dues, engine, clock)
    assert await forward.forward() == 4
    assert await forward.forward() == 0
    assert await dues.waiting() == 5
    works.gate.set()
    await until_idle(engine, clock)
    assert await forward.forward() == 4
    await until_idle(engine, clock)
    assert await forward.forward() == 1
    await until_idle(engine, clock)
    assert works.begun == [str(number) for number in range(9)]


async def test_what_is_done_at_once_waits_behind_nothing_that_waits_for_the_engine(engine: MemoryEngine) -> None:
    done: list[str] = []

    async def tell(subject: str, attempt: int) -> None:
        done.append(subject)

    backlog = [due(f"recording-{number}", NOON - 60) for number in range(20)]
    dues = MemoryDues(*backlog, due("news", NOON, kind="tell"))
    forwarding = Forwarder(dues, engine, SimulatedClock(NOON), "here", direct={"tell": [("tell", tell)]})
    assert await forwarding.forward() == 5
    assert done == ["news"]
    assert await forwarding.forward() == 0
    assert len(dues.rows) == 16


async def test_an_absent_catalogue_is_asked_less_and_less_often_and_then_again_at_once(
    engine: MemoryEngine, works: Works
) -> None:
    clock, dues = SimulatedClock(NOON), MemoryDues(due("one"))
    dues.is_available = False
    running = asyncio.create_task(forwarder(dues, engine, clock).run())
    pauses = []
    for _ in range(8):
        await clock.until_sleeping()
        pauses.append(round(clock.wakes_at[0] - clock.now(), 3))
        await clock.advance(pauses[-1])
    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]
    dues.is_available = True
    await clock.advance(10)
    assert works.begun == ["one"]
    dues.is_available = False
    await clock.advance(0.1)
    assert clock.wakes_at[0] - clock.now() <= 0.4
    running.cancel()


async def test_a_stopped_engine_is_waited_for(engine: MemoryEngine, works: Works) -> None:
    clock, dues = SimulatedClock(NOON), MemoryDues(due("one"))
    await engine.drain(0)
    running = asyncio.create_task(forwarder(dues, engine, clock).run())
    await clock.advance(3)
    assert not running.done()
    assert await dues.waiting() == 1
    await engine.start(works.plans)
    await clock.advance(10)
    assert works.begun == ["one"]
    running.cancel()


async def test_rows_that_nobody_can_run_stay_and_hold_up_nobody(
    engine: MemoryEngine, works: Works, caplog: pytest.LogCaptureFixture
) -> None:
    strange = [due(f"strange-{number}", NOON - 60, kind="sing") for number in range(5)]
    clock, dues = SimulatedClock(NOON), MemoryDues(*strange, due("good"))
    running = asyncio.create_task(forwarder(dues, engine, clock).run())
    await clock.advance(2)
    assert works.begun == ["good"]
    assert set(dues.rows) == {row.id for row in strange}
    assert len([record for record in caplog.records if record.getMessage() == "due row skipped"]) == len(strange)
    running.cancel()


@given(
    moments=st.lists(st.integers(min_value=0, max_value=50), max_size=30, unique=True),
    concurrency=st.integers(min_value=1, max_value=4),
)
def test_the_oldest_goes_first_and_nothing_is_more_than_the_engine_wants(moments: list[int], concurrency: int) -> None:
    async def run() -> None:
        works, engine, clock = Works(), MemoryEngine(concurrency), SimulatedClock(NOON)
        works.gate.set()
        await engine.start(works.plans)
        dues = MemoryDues(*(due(str(moment), NOON - moment) for moment in moments))
        forward = Forwarder(dues, engine, clock, "here")
        while dues.rows:
            room = await engine.room()
            assert await forward.forward() <= room
            await until_idle(engine, clock)
        assert works.begun == [str(moment) for moment in sorted(moments, reverse=True)]
        await engine.drain(0)

    asyncio.run(run())


@pytest.mark.slow
async def test_two_thousand_calls_that_end_at_once_cost_no_memory(tmp_path: Path) -> None:
    done = asyncio.Event()
    count = 0
    resident_at: dict[int, float] = {}

    async def store(subject: str, attempt: int) -> None:
        nonlocal count
        count += 1
        resident_at[count] = _resident_megabytes()
        if count == len(rows):
            done.set()

    rows = [due(f"recording-{number}") for number in range(2_000)]
    dues, engine = MemoryDues(*rows), DbosEngine(f"sqlite:///{tmp_path}/engine.db", "here", 20)
    await engine.start({"ship": [("store", store)]})
    running = asyncio.create_task(Forwarder(dues, engine, SystemClock(), "here").run())
    async with asyncio.timeout(100):
        await done.wait()
    running.cancel()
    await engine.drain(5)
    assert resident_at[2_000] - resident_at[200] < 10


def _resident_megabytes() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6
