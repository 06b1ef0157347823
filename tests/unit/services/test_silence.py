"""A destination that asks to be left alone is: nobody comes sooner, and nobody waits for ever on its word."""

import pytest

from connector.domain.states import DeliveryState, RecordingEvent
from connector.errors import DestinationUnreachable
from connector.network.backoff import SCHEDULE_SECONDS
from connector.storage.memory import MemoryStore
from tests.builders import RECORDING
from tests.unit.services.yard import SOUND, Yard

DAY = 86_400.0
FIRST = SCHEDULE_SECONDS[0]


def asking(seconds: float) -> DestinationUnreachable:
    return DestinationUnreachable("the archive is busy", retry_after_seconds=seconds)


@pytest.mark.parametrize(
    ("asked", "earliest", "latest"),
    [(0.0, FIRST, FIRST), (2.0, FIRST, FIRST), (600.0, 600.0, 660.0), (30 * DAY, DAY, 1.1 * DAY)],
)
async def test_the_next_try_is_due_when_the_silence_is_over_and_not_sooner(
    yard: Yard, asked: float, earliest: float, latest: float
) -> None:
    await yard.rendered()
    yard.archive.fail_next(asking(asked))
    await yard.run()
    (due,) = await yard.dues()
    assert earliest <= due.at - yard.clock.now() <= latest
    assert (await yard.delivery()).reason == "the archive is busy"
    await yard.clock.advance(latest)
    await yard.run(attempt=due.attempt)
    assert yard.archive.objects == {"call-1.wav": SOUND}


async def test_what_falls_due_for_another_destination_breaks_no_silence(yard: Yard) -> None:
    """The attempt that both share comes when the first of them is due."""
    yard.destinations.stores["other"] = MemoryStore()
    await yard.rendered("archive", "other")
    yard.archive.fail_next(asking(600.0))
    yard.destinations.stores["other"].fail_next(DestinationUnreachable("no answer"))
    await yard.run()
    (due,) = await yard.dues()
    assert due.at == yard.clock.now() + FIRST
    await yard.clock.advance(FIRST)
    await yard.run(attempt=2)
    assert await yard.states() == {
        ("archive", "stereo"): DeliveryState.WAITING,
        ("other", "stereo"): DeliveryState.STORED,
    }
    (due,) = [one for one in await yard.dues() if one.attempt == 3]
    assert due.at >= yard.clock.now() + 600.0 - FIRST
    await yard.clock.advance(600.0 - FIRST)
    await yard.run(attempt=3)
    assert yard.archive.objects == {"call-1.wav": SOUND}


async def test_a_silence_that_outlasts_the_minute_of_a_backup_is_kept_as_well(yard: Yard) -> None:
    yard.destinations.stores["spare"] = MemoryStore()
    yard.destinations.backups = {"archive": "spare"}
    await yard.rendered()
    yard.archive.fail_next(asking(600.0))
    await yard.run()
    assert yard.destinations.stores["spare"].objects == {"call-1.wav": SOUND}
    await yard.clock.advance(599.0)
    await yard.run(attempt=2)
    assert yard.archive.objects == {}
    await yard.clock.advance(1.0)
    await yard.run(attempt=3)
    assert yard.archive.objects == {"call-1.wav": SOUND}


async def test_what_is_to_be_removed_waits_for_the_silence_to_end(yard: Yard) -> None:
    await yard.rendered()
    await yard.run()
    await yard.catalogue.shipping.moved(RECORDING, RecordingEvent.ERASED, reason="by ada")
    yard.archive.fail_next(asking(600.0))
    await dict(yard.removing.steps)["remove copies"](RECORDING, 1)
    (due,) = [one for one in await yard.dues() if one.kind == "remove"]
    assert due.at == yard.clock.now() + 600.0
