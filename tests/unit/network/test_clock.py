"""The machine's clock goes on evenly, whatever is done to the wall clock."""

import asyncio
from dataclasses import dataclass

import pytest

from connector.network.clock import SystemClock
from connector.ports.clock import Clock


@dataclass
class Machine:
    """A machine's two clocks, moved by hand."""

    wall: float = 1_800_000_000.0
    monotonic: float = 500.0

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds

    def clock(self) -> SystemClock:
        return SystemClock(wall=lambda: self.wall, monotonic=lambda: self.monotonic)


def test_it_begins_with_the_wall_and_goes_on_with_what_passes() -> None:
    machine = Machine()
    clock = machine.clock()
    assert clock.now() == 1_800_000_000.0
    machine.passes(7.25)
    assert clock.now() == 1_800_000_007.25


@pytest.mark.parametrize("step", [-7200.0, 3600.0])
def test_a_step_of_the_wall_clock_does_not_move_it(step: float) -> None:
    machine = Machine()
    clock = machine.clock()
    machine.wall += step
    machine.passes(1)
    assert clock.now() == 1_800_000_001.0
    assert clock.drift_seconds() == step


@pytest.mark.parametrize("step", [-7200.0, 3600.0])
def test_resettling_goes_by_the_wall_again_and_names_the_step(step: float) -> None:
    machine = Machine()
    clock = machine.clock()
    machine.wall += step
    assert clock.resettle() == step
    assert clock.now() == machine.wall
    assert clock.resettle() == 0.0


def test_a_drift_too_small_to_measure_is_left_alone() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.wall += 0.01
    assert clock.resettle() == 0.0
    assert clock.now() == 1_800_000_000.0


async def test_a_sleeper_wakes_when_resettling_has_passed_its_moment() -> None:
    machine = Machine()
    clock = machine.clock()
    sleeper = asyncio.create_task(clock.sleep_until(clock.now() + 1000))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    machine.wall += 2000
    clock.resettle()
    await asyncio.wait_for(sleeper, 1)


async def test_a_sleeper_sleeps_on_when_resettling_went_backwards() -> None:
    machine = Machine()
    clock = machine.clock()
    sleeper = asyncio.create_task(clock.sleep_until(clock.now() + 1000))
    await asyncio.sleep(0)
    machine.wall -= 2000
    clock.resettle()
    for _ in range(5):
        await asyncio.sleep(0)
    assert not sleeper.done()
    sleeper.cancel()


async def test_on_the_real_machine_it_sleeps_until_the_moment_and_not_before() -> None:
    clock: Clock = SystemClock()
    moment = clock.now() + 0.02
    await clock.sleep_until(moment)
    assert moment <= clock.now() < moment + 5


async def test_a_moment_that_is_over_is_not_waited_for() -> None:
    machine = Machine()
    clock = machine.clock()
    await asyncio.wait_for(clock.sleep_until(clock.now() - 1), 1)
