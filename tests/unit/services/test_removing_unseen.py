"""What removal makes of a copy that nobody may look at: it may be there, and somebody has to be told."""

import pytest

from connector.domain.states import DeliveryState, RecordingEvent, RecordingState
from connector.errors import ConnectorError, DestinationRefused
from connector.ports.object_store import ObjectFacts
from connector.storage.memory import MemoryStore
from tests.builders import RECORDING
from tests.unit.services.yard import SOUND, Yard


class WriteOnly(MemoryStore):
    """As a bucket whose key may put, and nothing else."""

    async def facts(self, name: str) -> ObjectFacts | None:
        raise DestinationRefused("cannot look: the key may only write")

    async def remove(self, name: str) -> None:
        raise DestinationRefused("cannot delete: may the key delete objects there?")


@pytest.fixture
def bucket(yard: Yard) -> WriteOnly:
    store = yard.destinations.stores["archive"] = WriteOnly()
    return store


async def removed(yard: Yard) -> None:
    for _, step in yard.removing.steps:
        try:
            await step(RECORDING, 1)
        except ConnectorError:
            return


async def test_a_copy_that_is_known_to_be_there_is_undeletable_and_says_why(yard: Yard, bucket: WriteOnly) -> None:
    await yard.rendered()
    await yard.run()
    await yard.catalogue.shipping.moved(RECORDING, RecordingEvent.ERASED, reason="by ada")
    await removed(yard)
    named = await yard.delivery()
    assert (named.state, named.reason) == (
        DeliveryState.UNDELETABLE,
        "cannot delete: may the key delete objects there?",
    )
    assert (await yard.recording()).state is RecordingState.REMOVED
    assert await yard.dues() == []


async def test_a_copy_that_a_crash_may_have_left_is_undeletable_and_says_where_to_look(
    yard: Yard, bucket: WriteOnly
) -> None:
    """It may be somebody else's as well: nothing is deleted that nobody may look at."""
    bucket.objects["landed.wav"] = SOUND
    await yard.rendered()
    await yard.catalogue.shipping.named(await yard.delivery(), "landed.wav", "the place of archive")
    await yard.catalogue.shipping.moved(RECORDING, RecordingEvent.ERASED, reason="by ada")
    await removed(yard)
    named = await yard.delivery()
    assert named.state is DeliveryState.UNDELETABLE
    assert "a copy may lie there as 'landed.wav': see for yourself, and delete it" in named.reason
    assert "the key may only write" in named.reason
    assert (await yard.recording()).state is RecordingState.REMOVED
    assert bucket.objects == {"landed.wav": SOUND}
    before = await yard.everything()
    await removed(yard)
    assert await yard.everything() == before


async def tried_again(yard: Yard) -> None:
    """As the daily job has it."""
    await yard.catalogue.dues.forwarded(await yard.catalogue.dues.fallen("here", yard.clock.now(), 9))
    assert await yard.catalogue.keeping.take_up_undeleted(yard.clock.now(), 9) == [RECORDING]
    await removed(yard)


async def test_what_nobody_has_seen_is_looked_for_before_it_is_deleted_at_a_later_try(
    yard: Yard, bucket: WriteOnly
) -> None:
    bucket.objects["landed.wav"] = b"another's"
    await yard.rendered()
    await yard.catalogue.shipping.named(await yard.delivery(), "landed.wav", "the place of archive")
    await yard.catalogue.shipping.moved(RECORDING, RecordingEvent.ERASED, reason="by ada")
    await removed(yard)
    before = await yard.delivery()
    await tried_again(yard)
    assert await yard.delivery() == before
    readable = yard.destinations.stores["archive"] = MemoryStore()
    readable.objects |= bucket.objects
    await tried_again(yard)
    assert (await yard.delivery()).state is DeliveryState.DELETED
    assert readable.objects == {"landed.wav": b"another's"}


async def test_what_was_never_begun_is_no_copy_to_look_for(yard: Yard, bucket: WriteOnly) -> None:
    await yard.rendered()
    await yard.catalogue.shipping.moved(RECORDING, RecordingEvent.ERASED, reason="by ada")
    await removed(yard)
    assert (await yard.delivery()).state is DeliveryState.WAITING
    assert (await yard.recording()).state is RecordingState.REMOVED


async def test_a_place_that_nobody_knows_any_more_is_named_for_what_may_lie_there(yard: Yard) -> None:
    await yard.rendered()
    await yard.catalogue.shipping.named(await yard.delivery(), "landed.wav", "the place of archive")
    await yard.catalogue.shipping.moved(RECORDING, RecordingEvent.ERASED, reason="by ada")
    del yard.destinations.stores["archive"]
    yard.destinations.places.clear()
    await removed(yard)
    named = await yard.delivery()
    assert named.state is DeliveryState.UNDELETABLE
    assert "not in the configuration any more" in named.reason
    assert "'landed.wav'" in named.reason
