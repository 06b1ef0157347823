"""A recording of which only the words are kept: shipping leaves it alone, whoever lets it fall due."""

from dataclasses import replace

import pytest

from connector.domain.options import TranscriptionOptions
from connector.domain.recording import Segment
from connector.domain.states import RecordingEvent, RecordingState
from connector.errors import DestinationRefused, DestinationUnreachable
from tests.builders import RECORDING
from tests.unit.services.desk import Desk
from tests.unit.services.yard import OPTIONS, Yard

WORDS_ONLY = TranscriptionOptions(enabled=True, keep_sound=False)


async def captured(yard: Yard, transcription: TranscriptionOptions = WORDS_ONLY) -> Segment:
    segment = yard.caller()
    options = replace(OPTIONS, transcription=transcription)
    await yard.captured(segment, options=options)
    return segment


async def test_no_step_of_shipping_touches_it(yard: Yard) -> None:
    segment = await captured(yard)
    before = await yard.everything()
    assert await yard.run() == ""
    assert await yard.everything() == before
    assert (await yard.recording()).state is RecordingState.CAPTURED
    assert yard.archive.objects == {}
    assert (yard.spool / segment.path).exists()
    assert await yard.dues() == []


async def test_a_retry_lets_it_be_heard_again_and_not_shipped(yard: Yard) -> None:
    await captured(yard)
    assert await yard.reviving.revive(RECORDING) is RecordingState.CAPTURED
    assert [due.kind for due in await yard.dues()] == ["transcribe"]


async def test_one_that_could_not_be_heard_is_taken_up_for_its_words(yard: Yard) -> None:
    await captured(yard)
    await yard.catalogue.shipping.moved(RECORDING, RecordingEvent.UNUSABLE, reason="no engine")
    assert await yard.reviving.revive(RECORDING) is RecordingState.CAPTURED
    assert [due.kind for due in await yard.dues()] == ["transcribe"]


async def test_its_words_are_shipped_until_they_are_there(desk: Desk) -> None:
    yard = desk.yard
    await desk.captured(keep_sound=False)
    assert await desk.run() == ""
    yard.archive.fail_next(DestinationUnreachable("archive does not answer"))
    await yard.run("store")
    assert {(due.kind, due.attempt) for due in await yard.dues()} == {("ship", 1), ("ship", 2)}
    yard.archive.fail_next(DestinationRefused("the key is wrong"))
    await yard.run("store", attempt=2)
    assert (await yard.recording()).state is RecordingState.FAILED_STORE
    assert await yard.reviving.revive(RECORDING) is RecordingState.RENDERED
    assert {due.kind for due in await yard.dues()} == {"ship"}
    await yard.run("store", attempt=3)
    assert (await yard.recording()).state is RecordingState.AVAILABLE


@pytest.mark.parametrize(
    "transcription",
    [
        TranscriptionOptions(keep_sound=False),
        TranscriptionOptions(enabled=False, keep_sound=False),
        TranscriptionOptions(enabled=True),
    ],
)
async def test_every_other_sound_is_stored(yard: Yard, transcription: TranscriptionOptions) -> None:
    await captured(yard, transcription)
    assert await yard.run() == ""
    assert (await yard.recording()).state is RecordingState.AVAILABLE
    assert list(yard.archive.objects) == ["call-1.wav"]
