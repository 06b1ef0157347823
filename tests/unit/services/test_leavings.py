"""A trial that ends before its end leaves nothing behind, or names it."""

import asyncio
from pathlib import Path

import pytest

from connector.domain.diagnosis import Finding, Level
from connector.errors import DestinationRefused, DestinationUnreachable
from connector.ports.feeler import Felt, Way
from connector.ports.fetcher import Page
from connector.ports.object_store import Digest, ObjectFacts
from connector.ports.pins import ADDRESSING, CONDITIONS, Pin
from connector.services.leavings import Leavings
from connector.services.probing import OnTrial, Probing
from connector.storage.memory import MemoryStore
from tests.builders import MORNING
from tests.clocks import SimulatedClock
from tests.unit.services.memory_feeler import MemoryFeeler
from tests.unit.services.test_probing import Bucket, Web


class Slow(Bucket):
    """Takes the large file's parts, and is never done with it."""

    def __init__(self) -> None:
        super().__init__()
        self.is_at_it = asyncio.Event()
        self.parts: set[str] = set()
        self.opened: list[Pin] = []

    async def put(self, name: str, source: Path, digest: Digest, *, overwrite: bool = False) -> None:
        if digest.size_bytes < 1 << 20:
            await super().put(name, source, digest, overwrite=overwrite)
            return
        self.parts.add(name)
        self.is_at_it.set()
        await asyncio.Event().wait()

    async def abandon(self, name: str) -> None:
        self.parts.discard(name)


class Keeping(Slow):
    async def remove(self, name: str) -> None:
        raise DestinationRefused("object lock until 2030")

    async def abandon(self, name: str) -> None:
        if name in self.parts:
            raise DestinationRefused("may the key abort uploads?")


async def interrupted(bucket: Slow, feeler: MemoryFeeler | None = None) -> list[Finding]:
    findings: list[Finding] = []

    def opened(pin: Pin) -> Slow:
        bucket.opened.append(pin)
        return bucket

    probing = Probing(Web(bucket), SimulatedClock(MORNING))
    on_trial = OnTrial(folder="calls/", opened=opened, feeler=feeler)
    task = asyncio.create_task(probing.run(on_trial, findings.append))
    await bucket.is_at_it.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert bucket.is_closed
    return findings


async def test_a_trial_that_is_interrupted_takes_objects_and_parts_away() -> None:
    bucket = Slow()
    *_, said, last = await interrupted(bucket)
    assert (said.subject, last.subject, last.level) == ("interrupted", "deleting", Level.OK)
    assert (bucket.objects, bucket.parts) == ({}, set())


async def test_what_stays_of_an_interrupted_trial_is_named_by_how_sure_it_is() -> None:
    bucket = Keeping()
    *_, last = await interrupted(bucket)
    (small,), (large,) = bucket.objects, bucket.parts
    assert last.level is Level.NOTE
    assert last.what == (
        f"{bucket.url(small)} stay: object lock until 2030; "
        f"{bucket.url(large)} may have stayed: may the key abort uploads?; object lock until 2030"
    )


async def test_interrupted_while_it_feels_its_way_it_speaks_as_it_did_last() -> None:
    bucket = Slow()

    class Standing(MemoryFeeler):
        async def put(self, name: str, content: bytes, manner: Pin, way: Way = Way.REPLACING) -> Felt:
            felt = await super().put(name, content, manner, way)
            if felt.error is None:
                bucket.is_at_it.set()
                await asyncio.Event().wait()
            return felt

    feeler = Standing(
        bucket.objects,
        is_open=frozenset({ADDRESSING, CONDITIONS}),
        addressings=("path", "virtual"),
        addressing="virtual",
    )
    *_, last = await interrupted(bucket, feeler)
    assert bucket.opened == [Pin(addressing="virtual")]
    assert (last.subject, bucket.objects) == ("interrupted", {})
    assert feeler.is_closed


async def test_our_own_mistake_in_the_middle_leaves_nothing_either() -> None:
    bucket = Bucket()
    findings: list[Finding] = []

    class Broken(Web):
        async def fetch(self, url: str, *, most_bytes: int) -> Page:
            raise ZeroDivisionError

    probing = Probing(Broken(bucket), SimulatedClock(MORNING))
    with pytest.raises(ZeroDivisionError):
        await probing.run(OnTrial(folder="", opened=lambda pin: bucket), findings.append)
    assert bucket.objects == {}
    assert findings[-1].subject == "deleting"


async def test_what_was_refused_was_never_there_and_needs_no_right_to_delete() -> None:
    class NoDeleting(MemoryStore):
        async def remove(self, name: str) -> None:
            raise DestinationRefused("may the key delete?")

    leavings = Leavings()
    leavings.begun("a")
    leavings.ended("a", DestinationRefused("may the key put?"))
    assert await leavings.cleared(NoDeleting()) is None


async def test_what_nobody_heard_the_end_of_is_taken_away_to_be_sure() -> None:
    store = MemoryStore({"a": b"it came after all"})
    leavings = Leavings()
    leavings.begun("a")
    leavings.ended("a", DestinationUnreachable("the answer was lost"))
    assert await leavings.cleared(store) is None
    assert store.objects == {}


async def test_where_nothing_arrived_and_nobody_answers_one_question_is_enough() -> None:
    class Away(MemoryStore):
        asked = 0

        async def remove(self, name: str) -> None:
            self.asked += 1
            raise DestinationUnreachable("nobody answers")

    store, leavings = Away(), Leavings()
    for name in ("a", "b"):
        leavings.begun(name)
        leavings.ended(name, DestinationUnreachable("nobody answers"))
    finding = await leavings.cleared(store)
    assert finding is not None
    assert finding.what == "memory:///a and memory:///b may have stayed: nobody answers; nobody was asked once more"
    assert store.asked == 1


async def test_a_second_put_that_is_refused_makes_the_first_no_less_there() -> None:
    store = MemoryStore({"a": b"the first one"})
    leavings = Leavings()
    for error in (None, DestinationRefused("no more")):
        leavings.begun("a")
        leavings.ended("a", error)
    finding = await leavings.cleared(store)
    assert finding is not None
    assert store.objects == {}


async def test_a_delete_that_deletes_nothing_is_found_out() -> None:
    class Pretending(MemoryStore):
        async def remove(self, name: str) -> None:
            """Says yes."""

        async def facts(self, name: str) -> ObjectFacts | None:
            return ObjectFacts(size_bytes=1)

    leavings = Leavings()
    leavings.begun("a")
    leavings.ended("a", None)
    finding = await leavings.cleared(Pretending())
    assert finding is not None
    assert "it is there still after it was deleted" in finding.what
