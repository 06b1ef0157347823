"""A store that follows what the last trial found, while it runs."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connector.errors import CatalogueUnavailable
from connector.ports.object_store import Link, ObjectFacts
from connector.ports.pins import Pin
from connector.storage.memory import MemoryStore
from connector.storage.pinned import LOOK_SECONDS, Pinned
from tests.builders import MORNING
from tests.clocks import SimulatedClock
from tests.contract.storage.places import digest_of

FOUND = Pin(region="eu-central-1")
SOUND = b"a call"


class MemoryPins:
    """The Pins; may be away."""

    def __init__(self) -> None:
        self.kept: dict[str, Pin] = {}
        self.asked = 0
        self.is_away = False

    async def find(self, place: str) -> Pin | None:
        self.asked += 1
        if self.is_away:
            raise CatalogueUnavailable("locked")
        return self.kept.get(place)

    async def keep(self, place: str, pin: Pin) -> None:
        self.kept[place] = pin


class Recording(MemoryStore):
    """Notes which pin it followed when it was asked."""

    def __init__(self) -> None:
        super().__init__({"a": SOUND})
        self.pin = Pin()
        self.spoken: list[Pin] = []

    async def facts(self, name: str) -> ObjectFacts | None:
        self.spoken.append(self.pin)
        return await super().facts(name)

    def follow(self, pin: Pin) -> None:
        self.pin = pin


class Rig:
    def __init__(self) -> None:
        self.pins = MemoryPins()
        self.inner = Recording()
        self.clock = SimulatedClock(MORNING)
        self.store = Pinned(self.inner, self.inner.follow, self.pins, "here", self.clock)


@pytest.fixture
def rig() -> Rig:
    return Rig()


async def test_the_first_request_is_made_as_the_trial_found(rig: Rig) -> None:
    await rig.pins.keep("here", FOUND)
    await rig.store.facts("a")
    assert rig.inner.spoken == [FOUND]


async def test_a_pin_of_another_place_is_none_of_ours(rig: Rig) -> None:
    await rig.pins.keep("there", FOUND)
    await rig.store.facts("a")
    assert rig.inner.spoken == [Pin()]


async def test_what_is_pinned_later_is_followed_within_a_minute(rig: Rig) -> None:
    await rig.store.facts("a")
    await rig.pins.keep("here", FOUND)
    await rig.store.facts("a")
    await rig.clock.advance(LOOK_SECONDS)
    await rig.store.facts("a")
    assert rig.inner.spoken == [Pin(), Pin(), FOUND]
    assert rig.pins.asked == 2


async def test_a_catalogue_that_is_away_stops_nobody_and_changes_nothing(rig: Rig) -> None:
    await rig.pins.keep("here", FOUND)
    await rig.store.facts("a")
    rig.pins.is_away = True
    await rig.clock.advance(LOOK_SECONDS)
    await rig.store.facts("a")
    assert rig.inner.spoken == [FOUND, FOUND]
    await rig.pins.keep("here", Pin())
    rig.pins.is_away = False
    await rig.store.facts("a")
    assert rig.inner.spoken[-1] == Pin()


@pytest.mark.parametrize("act", ["put", "read", "remove", "link", "abandon"])
async def test_whatever_is_asked_first_is_asked_in_the_right_manner(rig: Rig, act: str, tmp_path: Path) -> None:
    await rig.pins.keep("here", FOUND)
    source = tmp_path / "a"
    source.write_bytes(SOUND)
    if act == "put":
        await rig.store.put("b", source, digest_of(SOUND))
    elif act == "read":
        assert b"".join([piece async for piece in rig.store.read("a")]) == SOUND
    else:
        await {"remove": rig.store.remove, "abandon": rig.store.abandon}.get(act, lambda _: _link(rig.store))("a")
    assert rig.inner.pin == FOUND
    assert rig.store.url("a") == rig.inner.url("a")
    await rig.store.close()
    assert rig.inner.is_closed


async def _link(store: Pinned) -> Link | None:
    return await store.link("a", 60.0)


async def test_a_reading_that_is_left_early_is_let_go_of(rig: Rig) -> None:
    released: list[str] = []

    class Held(Recording):
        async def read(self, name: str, begin_at: int = 0) -> AsyncIterator[bytes]:
            try:
                yield b"one"
                yield b"two"
            finally:
                released.append(name)

    inner = Held()
    pieces = Pinned(inner, inner.follow, rig.pins, "here", rig.clock).read("a")
    assert await anext(pieces) == b"one"
    await pieces.aclose()  # type: ignore[attr-defined]  # an async generator
    assert released == ["a"]
