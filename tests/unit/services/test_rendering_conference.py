"""From the files of a conference's participants to its mix and one channel for each, and their way in and out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from connector.domain.call import CallKind, Role, Side
from connector.domain.ids import ChannelId
from connector.domain.options import AudioFormat, RecordingOptions
from connector.domain.recording import ArtefactKind, Rendering, Segment
from connector.domain.states import DeliveryState, RecordingEvent, RecordingState
from tests.builders import MORNING, RECORDING, a_call, a_leg, a_segment
from tests.unit.audio.sound import RATE, noise, read, wav
from tests.unit.services.yard import Yard

SECONDS = 3
PEOPLE = 4


def said(row: int) -> np.typing.NDArray[np.int16]:
    return noise(SECONDS * RATE, row, 4000)


def participant(yard: Yard, row: int) -> Segment:
    """They come one after the other, a second apart."""
    start = MORNING + 10 + row
    wav(yard.spool / f"{row}.wav", said(row))
    return a_segment(
        id=f"of-{row}",
        channel=ChannelId(f"c{row}"),
        role=Role.AGENT,
        side=Side.RIGHT,
        path=f"{row}.wav",
        started_at=start,
        stopped_at=start + SECONDS,
        flushes=(),
    )


async def rendered(yard: Yard, options: RecordingOptions) -> Rendering:
    await yard.captured(*(participant(yard, row) for row in range(PEOPLE)), options=options)
    legs = tuple(a_leg(channel=ChannelId(f"c{row}"), number=str(200 + row)) for row in range(PEOPLE))
    call = a_call(kind=CallKind.CONFERENCE, conference="77", legs=legs)
    rendering = await yard.renderer.render(replace(await yard.file(), call=call))
    assert rendering is not None
    return rendering


def sound_of(yard: Yard, rendering: Rendering, kind: ArtefactKind) -> np.typing.NDArray[np.int16]:
    (artefact,) = [artefact for artefact in rendering.artefacts if artefact.kind is kind]
    return read(yard.state / artefact.path)


@pytest.mark.parametrize("form", [AudioFormat.WAV, AudioFormat.FLAC])
async def test_each_participant_has_a_channel_on_the_clock_of_all(yard: Yard, form: AudioFormat) -> None:
    rendering = await rendered(yard, RecordingOptions(separate=True, format=form))
    apart = sound_of(yard, rendering, ArtefactKind.PARTICIPANTS)
    assert apart.shape == ((SECONDS + PEOPLE - 1) * RATE, PEOPLE)
    for row in range(PEOPLE):
        assert np.array_equal(apart[row * RATE : (row + SECONDS) * RATE, row], said(row))
        assert np.count_nonzero(apart[:, row]) == np.count_nonzero(said(row))
    assert np.array_equal(sound_of(yard, rendering, ArtefactKind.MONO), apart.astype(int).sum(axis=1) >> 1)
    assert [(label.index, label.party) for label in rendering.channels] == [
        (row, str(200 + row)) for row in range(PEOPLE)
    ]
    assert (rendering.gaps, rendering.is_partial) == ((), False)
    assert len(rendering.levels) == 2


async def test_where_the_format_has_too_few_channels_the_participants_are_wav_beside_the_mix(yard: Yard) -> None:
    rendering = await rendered(yard, RecordingOptions(separate=True, format=AudioFormat.MP3))
    assert [(artefact.kind, artefact.format, Path(artefact.path).suffix) for artefact in rendering.artefacts] == [
        (ArtefactKind.MONO, "mp3", ".mp3"),
        (ArtefactKind.PARTICIPANTS, "wav", ".wav"),
    ]


async def test_without_the_wish_a_conference_is_its_mix_alone(yard: Yard) -> None:
    rendering = await rendered(yard, RecordingOptions())
    assert [artefact.kind for artefact in rendering.artefacts] == [ArtefactKind.MONO]


async def test_the_mix_and_the_participants_are_stored_beside_each_other_and_go_together(yard: Yard) -> None:
    await yard.rendered("archive", kinds=(ArtefactKind.MONO, ArtefactKind.PARTICIPANTS))
    assert await yard.run("store") == ""
    assert (await yard.recording()).state is RecordingState.AVAILABLE
    assert [name for name in yard.archive.objects if name.endswith(".participants.wav")]
    assert len(yard.archive.objects) == 2
    await yard.catalogue.shipping.moved(RECORDING, RecordingEvent.ERASED, reason="asked for")
    for _, step in yard.removing.steps:
        await step(RECORDING, 1)
    assert yard.archive.objects == {}
    assert {one.state for one in (await yard.file()).deliveries} == {DeliveryState.DELETED}
    assert not (yard.state / "work" / RECORDING).exists()
