"""Retrying, limited and metered stores: what each adds, and that it adds nothing else."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connector.errors import ConnectorError, DestinationRefused, DestinationUnreachable, NoRoom, ObjectExists
from connector.ports.object_store import Digest, Link
from connector.storage.limited import Limited
from connector.storage.memory import MemoryStore
from connector.storage.metered import Measured, Metered, Outcome
from connector.storage.retrying import Retrying
from tests.clocks import SimulatedClock
from tests.contract.storage.places import digest_of

SOUND = b"the sound of a call " * 10_000
DIGEST = digest_of(SOUND)
AWAY = DestinationUnreachable("the bucket does not answer")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.mp3"
    path.write_bytes(SOUND)
    return path


class Gated(MemoryStore):
    """Every call waits at the gate; tells how many wait there."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.inside = 0

    async def put(self, name: str, source: Path, digest: Digest, *, overwrite: bool = False) -> None:
        self.inside += 1
        await self.gate.wait()
        await super().put(name, source, digest, overwrite=overwrite)
        self.inside -= 1


class Linking(MemoryStore):
    """Signs links, and remembers what was given up."""

    def __init__(self) -> None:
        super().__init__()
        self.abandoned: list[str] = []

    async def link(self, name: str, seconds: float, *, filename: str = "") -> Link | None:
        self._trouble()
        return Link(url=f"https://bucket/{name}?as={filename}", expires_at=seconds)

    async def abandon(self, name: str) -> None:
        self._trouble()
        self.abandoned.append(name)


class Breaking(MemoryStore):
    """Breaks off in the middle of the first readings."""

    def __init__(self, objects: dict[str, bytes], *, pieces_before: list[int]) -> None:
        super().__init__(objects)
        self._pieces_before = pieces_before
        self.closed_readings = 0

    async def read(self, name: str, begin_at: int = 0) -> AsyncIterator[bytes]:
        left = self._pieces_before.pop(0) if self._pieces_before else 1000
        try:
            async for piece in super().read(name, begin_at):
                if left == 0:
                    raise AWAY
                left -= 1
                yield piece
        finally:
            self.closed_readings += 1


async def test_a_passing_failure_is_tried_again_after_growing_pauses(source: Path) -> None:
    memory, clock = MemoryStore(), SimulatedClock(start=0.0)
    memory.fail_next(AWAY, AWAY)
    put = asyncio.create_task(Retrying(memory, clock, draw=lambda: 1.0).put("x.mp3", source, DIGEST))
    await clock.until_sleeping()
    assert clock.wakes_at == [0.5]
    await clock.advance(0.5)
    assert clock.wakes_at == [2.5]
    await clock.advance(2)
    await put
    assert memory.objects == {"x.mp3": SOUND}


async def test_after_the_last_try_the_failure_is_told(source: Path) -> None:
    memory, clock = MemoryStore(), SimulatedClock()
    memory.fail_next(AWAY, AWAY, AWAY)
    put = asyncio.create_task(Retrying(memory, clock).put("x.mp3", source, DIGEST))
    await clock.advance(60)
    with pytest.raises(DestinationUnreachable):
        await put
    assert memory.objects == {}


@pytest.mark.parametrize("trouble", [DestinationRefused("no"), ObjectExists("taken"), NoRoom("full")])
async def test_what_time_does_not_mend_is_told_at_once(source: Path, trouble: ConnectorError) -> None:
    memory, clock = MemoryStore(), SimulatedClock()
    memory.fail_next(trouble)
    store = Retrying(memory, clock)
    with pytest.raises(type(trouble)):
        await asyncio.wait_for(store.put("x.mp3", source, DIGEST), 1)


def asking(seconds: float) -> DestinationUnreachable:
    return DestinationUnreachable("the bucket is busy", retry_after_seconds=seconds)


async def test_a_store_that_asks_for_a_short_while_gets_at_least_that(source: Path) -> None:
    memory, clock = MemoryStore(), SimulatedClock(start=0.0)
    memory.fail_next(asking(4.0), asking(0.0))
    put = asyncio.create_task(Retrying(memory, clock, draw=lambda: 1.0).put("x.mp3", source, DIGEST))
    await clock.until_sleeping()
    assert clock.wakes_at == [4.0]
    await clock.advance(4)
    # Asked for nothing: the pause is ours.
    assert clock.wakes_at == [6.0]
    await clock.advance(2)
    await put
    assert memory.objects == {"x.mp3": SOUND}


async def test_a_store_that_asks_for_longer_than_anybody_waits_is_left_alone_at_once(source: Path) -> None:
    memory, clock = MemoryStore({"x.mp3": SOUND}), SimulatedClock()
    store = Retrying(memory, clock)
    for asked in (lambda: store.put("y.mp3", source, DIGEST), lambda: _read(store)):
        memory.fail_next(asking(5.5))
        with pytest.raises(DestinationUnreachable) as busy:
            await asyncio.wait_for(asked(), 1)
        assert busy.value.retry_after_seconds == 5.5
    assert memory.objects.keys() == {"x.mp3"}


async def test_looking_and_removing_are_tried_again_too(source: Path) -> None:
    memory, clock = MemoryStore({"x.mp3": SOUND}), SimulatedClock()
    store = Retrying(memory, clock)
    memory.fail_next(AWAY)
    looking = asyncio.create_task(store.facts("x.mp3"))
    await clock.advance(1)
    facts = await looking
    assert facts is not None
    assert facts.is_same_as(DIGEST)
    memory.fail_next(AWAY)
    removing = asyncio.create_task(store.remove("x.mp3"))
    await clock.advance(1)
    await removing
    assert memory.objects == {}


async def _read(store: Retrying) -> bytes:
    return b"".join([piece async for piece in store.read("x.mp3")])


async def test_a_reading_begins_anew_only_while_nothing_was_given() -> None:
    clock = SimulatedClock()
    store = Breaking({"x.mp3": SOUND}, pieces_before=[0, 0])
    reading = asyncio.create_task(_read(Retrying(store, clock)))
    await clock.advance(60)
    assert await reading == SOUND


async def test_a_reading_that_breaks_off_later_is_told() -> None:
    clock = SimulatedClock()
    store = Breaking({"x.mp3": SOUND}, pieces_before=[1])
    with pytest.raises(DestinationUnreachable):
        await asyncio.wait_for(_read(Retrying(store, clock)), 1)


async def test_linking_and_giving_up_are_tried_again_too() -> None:
    linking, clock = Linking(), SimulatedClock()
    store = Retrying(linking, clock)
    linking.fail_next(AWAY)
    link = asyncio.create_task(store.link("x.mp3", 60.0, filename="call.mp3"))
    await clock.advance(1)
    assert await link == Link(url="https://bucket/x.mp3?as=call.mp3", expires_at=60.0)
    linking.fail_next(AWAY)
    giving_up = asyncio.create_task(store.abandon("x.mp3"))
    await clock.advance(1)
    await giving_up
    assert linking.abandoned == ["x.mp3"]


async def test_every_decorator_passes_links_and_giving_up_on() -> None:
    for decorated in (lambda store: Limited(store, 1), lambda store: Metered(store, SimulatedClock(), lambda _: None)):
        linking = Linking()
        store = decorated(linking)
        assert await store.link("x.mp3", 60.0, filename="call.mp3") == Link(
            url="https://bucket/x.mp3?as=call.mp3", expires_at=60.0
        )
        await store.abandon("x.mp3")
        assert linking.abandoned == ["x.mp3"]
        linking.fail_next(DestinationRefused("may not read"))
        with pytest.raises(DestinationRefused):
            await store.link("x.mp3", 60.0)


async def test_a_limited_store_lets_only_so_many_in_and_loses_none(source: Path) -> None:
    gated = Gated()
    store = Limited(gated, 3)
    async with asyncio.TaskGroup() as group:
        for number in range(10):
            group.create_task(store.put(f"{number}.mp3", source, DIGEST))
        await SimulatedClock().settle()
        assert gated.inside == 3
        gated.gate.set()
    assert len(gated.objects) == 10


async def test_who_reads_to_copy_does_not_wait_for_himself(source: Path) -> None:
    store = Limited(MemoryStore({"x.mp3": SOUND}), 1)

    async def copied() -> None:
        async for _ in store.read("x.mp3"):
            await store.put("y.mp3", source, DIGEST)

    await asyncio.wait_for(copied(), 1)


async def test_a_reading_that_is_left_early_frees_its_place() -> None:
    inner = Breaking({"x.mp3": SOUND}, pieces_before=[])
    store = Limited(Metered(inner, SimulatedClock(), lambda _: None), 1)
    for _ in range(3):
        pieces = store.read("x.mp3")
        await asyncio.wait_for(anext(pieces), 1)
        await pieces.aclose()  # type: ignore[attr-defined]  # read is an async generator
    assert inner.closed_readings == 3


async def test_a_metered_store_tells_outcome_bytes_and_time(source: Path) -> None:
    told: list[Measured] = []
    memory, clock = Gated(), SimulatedClock()
    store = Metered(memory, clock, told.append)
    put = asyncio.create_task(store.put("x.mp3", source, DIGEST))
    await clock.advance(1.5)
    memory.gate.set()
    await put
    await store.facts("x.mp3")
    _ = [piece async for piece in store.read("x.mp3")]
    await store.remove("x.mp3")
    await store.link("x.mp3", 60.0)
    await store.abandon("x.mp3")
    assert told[0].seconds == 1.5
    assert [(one.operation, one.outcome, one.size_bytes) for one in told] == [
        ("put", Outcome.DONE, len(SOUND)),
        ("facts", Outcome.DONE, 0),
        ("read", Outcome.DONE, len(SOUND)),
        ("remove", Outcome.DONE, 0),
        ("link", Outcome.DONE, 0),
        ("abandon", Outcome.DONE, 0),
    ]


@pytest.mark.parametrize(
    ("trouble", "outcome"),
    [
        (AWAY, Outcome.UNREACHABLE),
        (DestinationRefused("no"), Outcome.REFUSED),
        (ObjectExists("taken"), Outcome.EXISTS),
        (NoRoom("full"), Outcome.NO_ROOM),
        (ConnectorError("a bug"), Outcome.BROKEN_OFF),
    ],
)
async def test_a_metered_store_tells_failures_apart_and_passes_them_on(
    source: Path, trouble: ConnectorError, outcome: Outcome
) -> None:
    told: list[Measured] = []
    memory = MemoryStore()
    memory.fail_next(trouble)
    with pytest.raises(type(trouble)):
        await Metered(memory, SimulatedClock(), told.append).put("x.mp3", source, DIGEST)
    assert [(one.operation, one.outcome, one.size_bytes) for one in told] == [("put", outcome, 0)]


async def test_closing_reaches_the_store_through_every_decorator() -> None:
    memory, clock = MemoryStore(), SimulatedClock()
    await Retrying(Limited(Metered(memory, clock, lambda _: None), 1), clock).close()
    assert memory.is_closed
