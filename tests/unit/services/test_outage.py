"""A bucket that is down for an hour, on a simulated clock and by the due rows: late, and nothing is lost."""

import asyncio
import hashlib
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest

from connector.domain.ids import RecordingId
from connector.domain.states import DeliveryState, RecordingState
from connector.errors import ConnectorError, DestinationUnreachable
from connector.network.backoff import SCHEDULE_SECONDS
from connector.ports.object_store import Digest
from connector.ports.shipping_ledger import RecordingFile
from connector.storage.memory import MemoryStore
from tests.builders import a_call, a_delivery, a_due, a_recording, a_rendering, an_artefact
from tests.unit.services.yard import OPTIONS, Yard

AWAY = DestinationUnreachable("archive does not answer")
MINUTE, HOUR = 60.0, 3600.0


class Bucket(MemoryStore):
    """Away until a moment; remembers when it was asked for what."""

    def __init__(self, yard: Yard, away_until: float = 0.0) -> None:
        super().__init__()
        self._clock = yard.clock
        self._away_until = away_until
        self.asked: list[tuple[str, float]] = []

    async def put(self, name: str, source: Path, digest: Digest, *, overwrite: bool = False) -> None:
        self.asked.append((name, self._clock.now()))
        if self._clock.now() < self._away_until:
            raise AWAY
        await super().put(name, source, digest, overwrite=overwrite)

    def moments(self, name: str) -> list[float]:
        return [moment for asked, moment in self.asked if asked == name]


class Shift:
    """Work's hours: what is due is done when its time has come, for as many recordings as there are."""

    def __init__(self, yard: Yard) -> None:
        self._yard = yard
        self.arrived_at: dict[str, float] = {}

    async def arrives(self, id: str, *destinations: str) -> None:
        yard, content = self._yard, f"what was said in {id}".encode()
        path = Path("work", f"{id}.wav")
        await asyncio.to_thread((yard.state / "work").mkdir, exist_ok=True)
        await asyncio.to_thread((yard.state / path).write_bytes, content)
        call = a_call(id=f"call-{id}")
        state = RecordingState.CAPTURED
        await yard.apply(call, a_recording(id=id, call_id=call.id, state=state, options=OPTIONS))
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        facts = {"size_bytes": len(content), "md5": md5, "sha256": hashlib.sha256(content).hexdigest()}
        artefact = an_artefact(recording_id=id, format="wav", path=str(path), **facts)
        deliveries = [a_delivery(recording_id=id, destination=name) for name in destinations]
        await yard.catalogue.shipping.rendered(RecordingId(id), a_rendering(artefacts=(artefact,)), deliveries)
        await yard.catalogue.dues.add([a_due(subject=id, at=yard.clock.now())])
        self.arrived_at[id] = yard.clock.now()

    async def until(self, end: float) -> None:
        yard = self._yard
        while (dues := await yard.dues()) and dues[0].at <= end:
            await yard.clock.advance(max(dues[0].at - yard.clock.now(), 0.0))
            await yard.catalogue.dues.forwarded(dues[:1])
            with suppress(ConnectorError):
                for _, step in yard.shipping.steps:
                    await step(dues[0].subject, dues[0].attempt)
        await yard.clock.advance(end - yard.clock.now())

    async def file(self, id: str) -> RecordingFile:
        file = await self._yard.catalogue.shipping.file(RecordingId(id))
        assert file is not None
        return file

    async def through_an_hour(self, *destinations: str) -> None:
        """One recording every six minutes while it lasts, then a night."""
        begin = self._yard.clock.now()
        for number in range(11):
            await self.until(begin + 360 * number)
            await self.arrives(f"{number:02}", *destinations)
        await self.until(begin + 12 * HOUR)

    def contents(self) -> dict[str, bytes]:
        return {f"call-{id}.wav": f"what was said in {id}".encode() for id in self.arrived_at}


def tries(arrived_at: float, back_at: float) -> list[float]:
    """By the schedule, up to the first one that succeeds."""
    moments = [arrived_at]
    for wait in SCHEDULE_SECONDS:
        if moments[-1] < back_at:
            moments.append(moments[-1] + wait)
    return moments


async def test_a_bucket_that_is_down_for_an_hour_gets_everything_by_the_schedule_and_delays_nobody_else(
    yard: Yard,
) -> None:
    back_at = yard.clock.now() + HOUR
    archive = yard.destinations.stores["archive"] = Bucket(yard, away_until=back_at)
    other = yard.destinations.stores["other"] = Bucket(yard)
    shift = Shift(yard)
    await shift.through_an_hour("archive", "other")
    assert archive.objects == other.objects == shift.contents()
    for id, arrived_at in shift.arrived_at.items():
        name = f"call-{id}.wav"
        assert other.moments(name) == [arrived_at]
        assert archive.moments(name) == pytest.approx(tries(arrived_at, back_at))
        file = await shift.file(id)
        assert file.recording.state is RecordingState.AVAILABLE
        counted = {one.destination: (one.state, one.attempts) for one in file.deliveries}
        attempts = len(tries(arrived_at, back_at))
        assert counted == {"archive": (DeliveryState.STORED, attempts), "other": (DeliveryState.STORED, 1)}
    assert await yard.dues() == []


async def test_a_bucket_that_is_down_for_an_hour_is_stood_in_for_at_once_and_gets_everything_afterwards(
    yard: Yard,
) -> None:
    begin = yard.clock.now()
    archive = yard.destinations.stores["archive"] = Bucket(yard, away_until=begin + HOUR)
    spare = yard.destinations.stores["spare"] = Bucket(yard)
    yard.destinations.backups = {"archive": "spare"}
    shift = Shift(yard)
    await shift.through_an_hour("archive")
    late = f"call-{max(shift.arrived_at)}.wav"
    assert archive.objects == shift.contents()
    assert spare.objects == {name: content for name, content in shift.contents().items() if name != late}
    for id, arrived_at in shift.arrived_at.items():
        name = f"call-{id}.wav"
        assert spare.moments(name) == ([arrived_at] if name != late else [])
        (delivery,) = [one for one in (await shift.file(id)).deliveries if one.destination == "archive"]
        # What asked nobody was no try.
        assert delivery.attempts == len(archive.moments(name))
        assert archive.moments(name)[-1] < begin + HOUR + 2 * HOUR + MINUTE
    asked = sorted(moment for _, moment in archive.asked if moment < begin + HOUR)
    assert all(later - earlier >= MINUTE for earlier, later in pairwise(asked))
    assert await yard.dues() == []
