"""What the work role's report says of each destination."""

import json
from pathlib import Path

import pytest

from connector.errors import DestinationRefused, DestinationUnreachable
from connector.storage.memory import MemoryStore
from connector.storage.meters import Meters
from tests.clocks import SimulatedClock
from tests.contract.storage.places import digest_of

SOUND = b"the sound of a call " * 100
DIGEST = digest_of(SOUND)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.mp3"
    path.write_bytes(SOUND)
    return path


async def test_calls_bytes_and_failures_are_counted_for_each_destination(source: Path) -> None:
    meters, archive, cloud = Meters(SimulatedClock()), MemoryStore(), MemoryStore()
    # A wrapper for each time that somebody asks for the destination; the numbers are the name's.
    for number in range(3):
        await meters.over("archive", archive).put(f"{number}.mp3", source, DIGEST)
    cloud.fail_next(DestinationUnreachable("no answer"), DestinationRefused("no"), DestinationUnreachable("no answer"))
    for _ in range(3):
        with pytest.raises((DestinationUnreachable, DestinationRefused)):
            await meters.over("cloud", cloud).put("x.mp3", source, DIGEST)
    assert await meters.over("cloud", cloud).facts("x.mp3") is None
    assert meters.numbers == {
        "archive": {"put": {"done": {"calls": 3, "seconds": 0.0, "bytes": 3 * len(SOUND)}}},
        "cloud": {
            "facts": {"done": {"calls": 1, "seconds": 0.0, "bytes": 0}},
            "put": {
                "refused": {"calls": 1, "seconds": 0.0, "bytes": 0},
                "unreachable": {"calls": 2, "seconds": 0.0, "bytes": 0},
            },
        },
    }
    assert json.loads(json.dumps(meters.numbers)) == meters.numbers


class SlowStore(MemoryStore):
    """Each look takes two and a half seconds."""

    def __init__(self, clock: SimulatedClock) -> None:
        super().__init__()
        self._clock = clock

    async def facts(self, name: str) -> None:
        await self._clock.advance(2.5)


async def test_seconds_add_up() -> None:
    clock = SimulatedClock()
    meters, slow = Meters(clock), SlowStore(clock)
    for _ in range(2):
        await meters.over("archive", slow).facts("x.mp3")
    assert meters.numbers["archive"]["facts"]["done"]["seconds"] == 5.0


async def test_before_anybody_was_asked_there_is_nothing_to_say() -> None:
    meters = Meters(SimulatedClock())
    meters.over("archive", MemoryStore())
    assert meters.numbers == {}
