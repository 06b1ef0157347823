"""The clock of the tests: tasks wake in order, at exactly their moments, and no real time passes."""

import asyncio

from connector.ports.clock import Clock
from tests.clocks import SimulatedClock


async def test_sleepers_wake_in_order_at_their_own_moments() -> None:
    clock = SimulatedClock(start=100.0)
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, moment: float) -> None:
        await clock.sleep_until(moment)
        woken.append((name, clock.now()))

    async with asyncio.TaskGroup() as group:
        for name, moment in [("late", 130.0), ("early", 110.0), ("over", 90.0), ("beyond", 131.0)]:
            group.create_task(sleeper(name, moment))
        await clock.advance(30)
        assert woken == [("over", 100.0), ("early", 110.0), ("late", 130.0)]
        assert clock.now() == 130.0
        await clock.advance(1)
    assert woken[-1] == ("beyond", 131.0)


async def test_a_task_that_sleeps_again_wakes_again_within_one_advance() -> None:
    clock = SimulatedClock(start=0.0)
    ticks: list[float] = []

    async def ticking() -> None:
        while True:
            await clock.sleep_until(clock.now() + 10)
            ticks.append(clock.now())

    ticker = asyncio.create_task(ticking())
    await clock.advance(35)
    assert ticks == [10.0, 20.0, 30.0]
    ticker.cancel()


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    clock: SimulatedClock = SimulatedClock(start=0.0)
    as_port: Clock = clock
    sleeper = asyncio.create_task(as_port.sleep_until(10))
    await clock.until_sleeping()
    sleeper.cancel()
    await clock.settle()
    assert clock.wakes_at == []
    await clock.advance(20)


async def test_a_test_can_wait_until_tasks_sleep() -> None:
    clock = SimulatedClock(start=0.0)
    async with asyncio.TaskGroup() as group:
        group.create_task(clock.sleep_until(5))
        group.create_task(clock.sleep_until(7))
        await clock.until_sleeping(2)
        assert clock.wakes_at == [5, 7]
        await clock.advance(7)
