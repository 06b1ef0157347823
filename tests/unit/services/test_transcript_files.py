"""The file of a transcript beside the sound: when its days are over, and when a newer version takes its place."""

from typing import Any

import pytest

from connector.domain.recording import ArtefactKind, Delivery
from connector.domain.states import DeliveryEvent, DeliveryState, RecordingEvent, RecordingState
from connector.errors import ConnectorError, DestinationRefused, DestinationUnreachable, NotFound, ObjectExists
from connector.services.fetching import stored
from tests.builders import MORNING, RECORDING
from tests.unit.services.desk import Desk


async def filed(desk: Desk, **transcription: Any) -> Delivery:
    """Heard, and its file stored beside the sound."""
    await desk.captured(**transcription)
    assert await desk.yard.run() == ""
    assert await desk.run() == ""
    assert await desk.yard.run(attempt=2) == ""
    await desk.yard.catalogue.dues.forwarded(await desk.yard.dues())
    return await desk.yard.delivery_of("archive", ArtefactKind.TRANSCRIPT)


async def withdrawn(desk: Desk, attempt: int = 1) -> str:
    try:
        for _, step in desk.yard.removing.withdrawal:
            await step(RECORDING, attempt)
    except ConnectorError as error:
        return str(error)
    return ""


async def test_the_file_of_a_transcript_whose_days_are_over_goes_and_the_sound_stays(desk: Desk) -> None:
    delivery = await filed(desk)
    assert await desk.yard.catalogue.keeping.remove_transcripts([delivery.recording_id], "over") == 1
    assert [due.kind for due in await desk.yard.dues()] == ["withdraw"]
    assert await withdrawn(desk) == ""
    assert [name.endswith(".wav") for name in desk.yard.archive.objects] == [True]
    assert (await desk.yard.delivery_of("archive", ArtefactKind.TRANSCRIPT)).state is DeliveryState.DELETED
    assert (await desk.yard.recording()).state is RecordingState.AVAILABLE
    assert not list((desk.yard.state / "work").rglob("transcript.json"))
    assert await desk.ledger.words(delivery.recording_id, 1) == []
    files = await desk.yard.catalogue.shipping.files_to_remove("here", MORNING + 1e9, 9)
    assert files == [delivery.recording_id]


async def test_a_destination_that_is_away_keeps_the_file_until_it_is_back(desk: Desk) -> None:
    delivery = await filed(desk)
    await desk.yard.catalogue.keeping.remove_transcripts([delivery.recording_id], "over")
    await desk.yard.catalogue.dues.forwarded(await desk.yard.dues())
    desk.yard.archive.fail_next(DestinationUnreachable("it is away"))
    assert "away" in await withdrawn(desk)
    assert [(due.kind, due.attempt) for due in await desk.yard.dues()] == [("withdraw", 2)]
    assert await withdrawn(desk, 2) == ""
    assert delivery.object_name not in desk.yard.archive.objects


async def test_a_bucket_of_the_users_own_keeps_the_file_to_its_own_rules(desk: Desk) -> None:
    delivery = await filed(desk)
    await desk.yard.catalogue.keeping.remove_transcripts([delivery.recording_id], "over", lambda _: True)
    assert await desk.yard.dues() == []
    assert delivery.object_name in desk.yard.archive.objects
    assert (await desk.yard.delivery_of("archive", ArtefactKind.TRANSCRIPT)).state is DeliveryState.LEFT


# --- the file of a newer version ----------------------------------------------------------------------------------


async def renewed(desk: Desk, text: str = "Hello, it is 4711 0815.") -> Delivery:
    """Heard again by another engine, which hears that; its file is on its way to where the earlier one lies."""
    desk.engines["cloud"].sentences = [text, "Thank you!"]
    await desk.ledger.again((await desk.yard.recording()).id, "cloud", desk.yard.clock.now())
    assert await desk.run((await desk.transcript()).version + 1) == ""
    return await desk.yard.delivery_of("archive", ArtefactKind.TRANSCRIPT)


def lying(desk: Desk, delivery: Delivery) -> str:
    return desk.yard.archive.objects[delivery.object_name].decode()


async def test_the_file_of_a_newer_version_takes_the_earlier_ones_place_and_is_told_of(desk: Desk) -> None:
    earlier = await filed(desk)
    waiting = await renewed(desk)
    assert (waiting.state, waiting.stored_at, waiting.has_earlier) == (DeliveryState.WAITING, earlier.stored_at, True)
    assert "my number is" in lying(desk, waiting)
    await desk.yard.clock.advance(60.0)
    assert "ship" in [due.kind for due in await desk.yard.dues()]
    assert await desk.yard.run(attempt=3) == ""
    found = await desk.yard.delivery_of("archive", ArtefactKind.TRANSCRIPT)
    assert (found.state, found.object_name, found.version) == (DeliveryState.STORED, earlier.object_name, 2)
    assert found.stored_at == desk.yard.clock.now()
    assert "it is 4711" in lying(desk, found)
    assert len(desk.yard.archive.objects) == 2
    assert f"{RECORDING}/stored/archive/transcript/2" in await desk.yard.tellings()
    newer, older = await desk.ledger.versions(found.recording_id)
    assert (newer.version, older.version, older.lines[0].text[:11]) == (2, 1, "Hello my nu")


async def test_a_destination_that_is_away_gets_the_newer_file_when_it_is_back(desk: Desk) -> None:
    await filed(desk)
    await renewed(desk)
    desk.yard.archive.fail_next(DestinationUnreachable("it is away"))
    assert await desk.yard.run(attempt=3) == ""
    waiting = await desk.yard.delivery_of("archive", ArtefactKind.TRANSCRIPT)
    assert (waiting.state, waiting.attempts, waiting.reason) == (DeliveryState.WAITING, 1, "it is away")
    assert "my number is" in lying(desk, waiting)
    assert await desk.yard.run(attempt=4) == ""
    assert "it is 4711" in lying(desk, waiting)


async def kept(desk: Desk) -> None:
    """The earlier file is what is stored, and the delivery says so."""
    found = await desk.yard.delivery_of("archive", ArtefactKind.TRANSCRIPT)
    assert (found.state, found.version) == (DeliveryState.STORED, 1)
    assert found.reason.startswith("an earlier version lies there still")
    assert "my number is" in lying(desk, found)
    assert not any(name.endswith("-2-transcript.json") for name in desk.yard.archive.objects)
    with pytest.raises(NotFound, match="earlier version"):
        await desk.fetching.opened(await desk.yard.file(), found)
    assert ArtefactKind.TRANSCRIPT not in {one.kind for one in stored(await desk.yard.file())}


@pytest.mark.parametrize("trouble", [DestinationRefused("it is locked (403)"), ObjectExists("it is there")])
async def test_where_nothing_can_be_replaced_the_earlier_file_stays_and_is_named(
    desk: Desk, trouble: ConnectorError
) -> None:
    await filed(desk)
    await renewed(desk)
    desk.yard.archive.fail_next(trouble)
    assert await desk.yard.run(attempt=3) == ""
    await kept(desk)
    assert (await desk.yard.recording()).state is RecordingState.AVAILABLE


async def test_a_destination_that_stays_away_or_that_nobody_waits_for_keeps_the_earlier_file(desk: Desk) -> None:
    delivery = await filed(desk)
    await renewed(desk)
    for attempt in range(3, 15):
        desk.yard.archive.fail_next(DestinationUnreachable("it is away"))
        assert await desk.yard.run(attempt=attempt) == ""
    await kept(desk)
    await renewed(desk)
    assert [one.kind for one in await desk.yard.shipping.waive(RECORDING, "archive")] == [delivery.kind]
    await kept(desk)


async def test_one_more_version_goes_where_the_last_one_could_not(desk: Desk) -> None:
    await filed(desk)
    await renewed(desk)
    desk.yard.archive.fail_next(DestinationRefused("it is locked (403)"))
    assert await desk.yard.run(attempt=3) == ""
    await renewed(desk, "Hello once more")
    assert await desk.yard.run(attempt=4) == ""
    found = await desk.yard.delivery_of("archive", ArtefactKind.TRANSCRIPT)
    assert (found.state, found.version, found.reason) == (DeliveryState.STORED, 3, "")
    assert "once more" in lying(desk, found)


async def test_a_newer_version_waits_while_nobody_knows_whether_the_earlier_file_has_landed(desk: Desk) -> None:
    await desk.captured()
    assert await desk.yard.run() == ""
    assert await desk.run() == ""
    desk.yard.archive.fail_next(DestinationUnreachable("it is away"))
    assert await desk.yard.run(attempt=2) == ""
    await desk.ledger.again((await desk.yard.recording()).id, "cloud", desk.yard.clock.now())
    assert "it comes first" in await desk.run(attempt=2)
    assert await desk.yard.run(attempt=3) == ""
    assert await desk.run(attempt=3) == ""
    assert await desk.yard.run(attempt=4) == ""
    assert (await desk.yard.delivery_of("archive", ArtefactKind.TRANSCRIPT)).version == 2
    assert [name.endswith("-transcript.json") for name in desk.yard.archive.objects] == [False, True]


async def test_words_that_are_removed_while_their_newer_file_is_on_its_way_take_both_with_them(desk: Desk) -> None:
    await filed(desk)
    delivery = await renewed(desk)
    assert await desk.yard.catalogue.keeping.remove_transcripts([delivery.recording_id], "over") == 1
    assert await withdrawn(desk) == ""
    assert delivery.object_name not in desk.yard.archive.objects
    assert not list((desk.yard.state / "work").rglob("transcript*.json"))
    # A try that was under way all the while lands now.
    desk.yard.archive.objects[delivery.object_name] = b"late"
    await desk.yard.catalogue.shipping.delivery_moved(delivery, DeliveryEvent.STORED, version=2)
    late = await desk.yard.delivery_of("archive", ArtefactKind.TRANSCRIPT)
    assert late.state is DeliveryState.DELETING
    assert await withdrawn(desk, 2) == ""
    assert delivery.object_name not in desk.yard.archive.objects


async def test_a_recording_that_is_erased_while_its_newer_file_is_on_its_way_leaves_neither(desk: Desk) -> None:
    await filed(desk)
    await renewed(desk)
    keeping = desk.yard.catalogue.keeping
    id = (await desk.yard.recording()).id
    assert await keeping.remove(id, RecordingEvent.ERASED, "asked for", desk.yard.clock.now(), by="somebody")
    for _, step in desk.yard.removing.steps:
        await step(RECORDING, 1)
    assert desk.yard.archive.objects == {}
    assert (await desk.yard.recording()).state is RecordingState.REMOVED
