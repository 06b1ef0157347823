"""Steps that outlast the catalogue's absence."""

import asyncio

import pytest

from connector.errors import BrokenAudio, CatalogueUnavailable
from connector.services.patience import patient
from tests.clocks import SimulatedClock


class Step:
    """Raises what it is given, then works."""

    def __init__(self, *troubles: Exception) -> None:
        self._troubles = list(troubles)
        self.calls: list[tuple[str, int]] = []

    async def __call__(self, subject: str, attempt: int) -> None:
        self.calls.append((subject, attempt))
        if self._troubles:
            raise self._troubles.pop(0)


async def test_a_step_begins_anew_with_growing_waits_until_the_catalogue_answers() -> None:
    clock = SimulatedClock()
    step = Step(*[CatalogueUnavailable("locked")] * 8)
    ((_, repeated),) = patient({"ship": [("store", step)]}, clock)["ship"]
    running = asyncio.ensure_future(repeated("recording-1", 3))
    waits = []
    while not running.done():
        await clock.settle()
        if clock.wakes_at:
            waits.append(clock.wakes_at[0] - clock.now())
            await clock.advance(waits[-1])
    assert [round(wait, 3) for wait in waits] == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0]
    assert step.calls == [("recording-1", 3)] * 9


async def test_every_other_error_ends_the_step_at_once() -> None:
    step = Step(BrokenAudio("no sound"))
    ((_, repeated),) = patient({"ship": [("render", step)]}, SimulatedClock())["ship"]
    with pytest.raises(BrokenAudio):
        await repeated("recording-1", 1)
    assert len(step.calls) == 1


async def test_kinds_names_and_order_of_steps_stay() -> None:
    plans = {"ship": [("render", Step()), ("store", Step())], "remove": [("forget", Step())]}
    found = patient(plans, SimulatedClock())
    assert {kind: [name for name, _ in steps] for kind, steps in found.items()} == {
        "ship": ["render", "store"],
        "remove": ["forget"],
    }
