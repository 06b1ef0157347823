"""An answer that is good for a moment."""

import asyncio

import pytest

from connector.errors import CatalogueUnavailable
from connector.services.recent import Recent
from tests.clocks import SimulatedClock


class Teller:
    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self) -> int:
        self.asked += 1
        await asyncio.sleep(0)
        return self.asked


async def test_whoever_asks_within_two_seconds_gets_the_same() -> None:
    clock, teller = SimulatedClock(), Teller()
    recent = Recent[str, int](clock)
    assert await asyncio.gather(*(recent.answer("a", teller) for _ in range(3))) == [1, 1, 1]
    await clock.advance(1.9)
    assert await recent.answer("a", teller) == 1
    await clock.advance(0.1)
    assert await recent.answer("a", teller) == 2


async def test_another_question_has_its_own_answer() -> None:
    teller = Teller()
    recent = Recent[str | None, int](SimulatedClock())
    assert [await recent.answer(about, teller) for about in ("a", None, "a")] == [1, 2, 1]


async def test_what_could_not_be_answered_is_asked_again() -> None:
    async def fails() -> int:
        raise CatalogueUnavailable("it is locked")

    recent, teller = Recent[str, int](SimulatedClock()), Teller()
    with pytest.raises(CatalogueUnavailable):
        await recent.answer("a", fails)
    assert await recent.answer("a", teller) == 1
