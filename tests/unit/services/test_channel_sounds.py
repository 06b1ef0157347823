"""From a recording to the sound of each channel: by each of the ways, with known sound as the oracle."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from connector.audio.samples import Samples
from connector.domain.call import CallKind, Role, Side
from connector.domain.ids import ChannelId, RecordingId
from connector.domain.options import AudioFormat, ChannelLayout, RecordingOptions
from connector.domain.recording import ArtefactKind, FlushPoint
from connector.domain.secret import Secret
from connector.domain.states import RecordingState
from connector.errors import BrokenAudio, ConnectorError, DestinationRefused, DestinationUnreachable, NoRoom, NotFound
from connector.ports.shipping_ledger import RecordingFile
from connector.services.channel_sounds import FOLDER, ChannelSounds, MadeSound
from connector.services.fetching import Fetching
from connector.services.file_links import FileLinks
from connector.storage.memory import MemoryStore
from tests.builders import MORNING, RECORDING, a_call, a_delivery, a_leg, a_segment
from tests.unit.audio.sound import RATE, noise, read, wav
from tests.unit.services.yard import Yard

SECONDS = 4
FRAMES = SECONDS * RATE
WAV, MP3, FLAC, OPUS = AudioFormat.WAV, AudioFormat.MP3, AudioFormat.FLAC, AudioFormat.OPUS


def said(seed: int, rate: int = RATE) -> Samples:
    """One second of silence, two of noise in syllables, and silence again."""
    time = np.arange(2 * rate) / rate
    loud = noise(2 * rate, seed, 8000) * np.sin(2 * np.pi * 2.5 * time) ** 2
    return np.concatenate((np.zeros(rate), loud, np.zeros(rate))).astype(np.int16)


CALLER, AGENT = said(1), said(2)


@pytest.fixture
def sounds(yard: Yard) -> ChannelSounds:
    links = FileLinks("https://calls.example.com", Secret("key"), yard.clock)
    fetching = Fetching(yard.catalogue.shipping, yard.destinations, links)
    return ChannelSounds(yard.renderer, fetching, yard.workshop, yard.state)


async def captured(yard: Yard, rate: int = RATE, **options: Any) -> None:
    """The caller says one thing, the agent another."""
    end = MORNING + 4.1 + SECONDS
    over: dict[str, Any] = {"stopped_at": end, "flushes": (FlushPoint(at=end, frames=SECONDS * rate),)}
    segments = yard.caller(sample_rate=rate, **over), yard.agent(sample_rate=rate, **over)
    for segment, seed in zip(segments, (1, 2), strict=True):
        wav(yard.spool / segment.path, said(seed, rate), rate)
    await yard.captured(*segments, options=RecordingOptions(**options))


async def shipped(yard: Yard, **options: Any) -> RecordingFile:
    """Stored where it belongs; no file of ours or of the PBX is left."""
    await captured(yard, **options)
    assert await yard.run() == ""
    file = await yard.file()
    await yard.removing.remove_local(file)
    return file


def sound_of(made: MadeSound) -> Samples:
    sound = read(made.sound.path)
    assert made.sound.duration_seconds == pytest.approx(len(sound) / made.sound.sample_rate)
    return sound.reshape(-1, len(made.labels))


def parties(made: MadeSound) -> list[tuple[int, str, str]]:
    return [(label.index, str(label.role), label.party) for label in made.labels]


def left_in(yard: Yard) -> list[str]:
    return sorted(path.name for path in (yard.state / FOLDER).rglob("*"))


def written(yard: Yard) -> dict[str, int]:
    """When each file of a recording was."""
    folders = (yard.state / "work", yard.state / "peaks", yard.spool)
    return {str(path): path.stat().st_mtime_ns for folder in folders for path in folder.rglob("*.*")}


CALLER_AND_AGENT = [(0, "caller", "+4930123456"), (1, "agent", "201")]


async def test_of_the_segments_each_party_has_its_channel(yard: Yard, sounds: ChannelSounds) -> None:
    await captured(yard)
    made = await sounds.made(await yard.file())
    assert np.array_equal(sound_of(made), np.stack((CALLER, AGENT), axis=1))
    assert parties(made) == CALLER_AND_AGENT
    assert (made.sound.sample_rate, made.is_mixed) == (RATE, False)
    assert made.sound.path == yard.state / "hearing" / RECORDING / "channels.wav"
    for (voice,) in made.sound.voices:
        assert (voice.start_seconds, voice.end_seconds) == pytest.approx((0.8, 3.2), abs=0.05)


async def test_a_recording_whose_files_are_of_one_channel_is_heard_apart_all_the_same(
    yard: Yard, sounds: ChannelSounds
) -> None:
    await captured(yard, format=MP3, channels=ChannelLayout.MONO)
    assert await yard.run("render") == ""
    made = await sounds.made(await yard.file())
    assert np.array_equal(sound_of(made), np.stack((CALLER, AGENT), axis=1))


async def test_hearing_changes_nothing_of_what_is_rendered(yard: Yard, sounds: ChannelSounds) -> None:
    await captured(yard, channels=ChannelLayout.BOTH, separate=True, format=WAV)
    before = await yard.renderer.render(await yard.file())
    lying_here = written(yard)
    await sounds.made(await yard.file())
    await sounds.drop(RecordingId(RECORDING))
    assert written(yard) == lying_here
    assert await yard.renderer.render(await yard.file()) == before


async def test_wideband_stays_wideband(yard: Yard, sounds: ChannelSounds) -> None:
    await captured(yard, rate=2 * RATE)
    made = await sounds.made(await yard.file())
    assert made.sound.sample_rate == 2 * RATE
    assert np.array_equal(sound_of(made), np.stack((said(1, 2 * RATE), said(2, 2 * RATE)), axis=1))


@pytest.mark.parametrize("is_shipped", [False, True])
async def test_swapped_the_labels_are_swapped_with_the_sound(
    yard: Yard, sounds: ChannelSounds, is_shipped: bool
) -> None:
    await (shipped if is_shipped else captured)(yard, swap=True, format=WAV, channels=ChannelLayout.STEREO)
    made = await sounds.made(await yard.file())
    assert np.array_equal(sound_of(made), np.stack((AGENT, CALLER), axis=1))
    assert parties(made) == [(0, "agent", "201"), (1, "caller", "+4930123456")]


async def test_of_a_conference_each_participant_has_a_channel(yard: Yard, sounds: ChannelSounds) -> None:
    segments = []
    for row in range(3):
        start = MORNING + 10 + row
        wav(yard.spool / f"{row}.wav", said(row))
        over = {"id": f"of-{row}", "channel": ChannelId(f"c{row}"), "role": Role.AGENT, "side": Side.RIGHT}
        times = {"started_at": start, "stopped_at": start + SECONDS, "flushes": ()}
        segments.append(a_segment(path=f"{row}.wav", **over, **times))
    await yard.captured(*segments)
    legs = tuple(a_leg(channel=ChannelId(f"c{row}"), number=str(200 + row)) for row in range(3))
    call = a_call(kind=CallKind.CONFERENCE, conference="77", legs=legs)
    made = await sounds.made(replace(await yard.file(), call=call))
    sound = sound_of(made)
    assert parties(made) == [(row, "agent", str(200 + row)) for row in range(3)]
    for row in range(3):
        assert np.array_equal(sound[row * RATE : (row + SECONDS) * RATE, row], said(row))


@pytest.mark.parametrize("form", [WAV, FLAC])
async def test_where_the_segments_are_gone_the_stored_file_is_heard(
    yard: Yard, sounds: ChannelSounds, form: AudioFormat
) -> None:
    await shipped(yard, format=form)
    made = await sounds.made(await yard.file())
    assert np.array_equal(sound_of(made), np.stack((CALLER, AGENT), axis=1))
    assert (parties(made), made.is_mixed) == (CALLER_AND_AGENT, False)
    assert left_in(yard) == ["channels.wav", RECORDING]


@pytest.mark.parametrize(("form", "rate"), [(MP3, RATE), (OPUS, 2 * RATE)])
async def test_a_stored_file_that_has_lost_a_little_still_says_who_speaks(
    yard: Yard, sounds: ChannelSounds, form: AudioFormat, rate: int
) -> None:
    await shipped(yard, rate=rate, format=form)
    made = await sounds.made(await yard.file())
    assert made.sound.sample_rate == rate
    sound = sound_of(made).astype(float)
    for channel, seed in enumerate((1, 2)):
        source = said(seed, rate).astype(float)
        frames = min(len(sound), len(source))
        likeness = [np.corrcoef(sound[:frames, row], source[:frames])[0, 1] for row in range(2)]
        assert likeness[channel] > 4 * abs(likeness[1 - channel])


async def test_a_file_for_each_side_is_as_good(yard: Yard, sounds: ChannelSounds) -> None:
    file = await shipped(yard, format=FLAC, channels=ChannelLayout.MONO, separate=True)
    assert {one.kind for one in file.deliveries} == {ArtefactKind.MONO, ArtefactKind.LEFT, ArtefactKind.RIGHT}
    made = await sounds.made(await yard.file())
    assert np.array_equal(sound_of(made), np.stack((CALLER, AGENT), axis=1))
    assert (parties(made), made.is_mixed) == (CALLER_AND_AGENT, False)
    assert left_in(yard) == ["channels.wav", RECORDING]


async def test_of_a_mix_alone_everybody_is_on_one_channel_and_that_is_said(yard: Yard, sounds: ChannelSounds) -> None:
    await shipped(yard, format=WAV, channels=ChannelLayout.MONO)
    made = await sounds.made(await yard.file())
    assert np.array_equal(sound_of(made)[:, 0], (CALLER.astype(int) + AGENT) >> 1)
    assert parties(made) == [(0, "caller", "+4930123456, 201")]
    assert made.is_mixed


async def test_a_file_that_lies_here_need_not_be_fetched(yard: Yard, sounds: ChannelSounds) -> None:
    await captured(yard, format=WAV)
    assert await yard.run("render") == ""
    for path in yard.spool.iterdir():
        path.unlink()
    made = await sounds.made(await yard.file())
    assert np.array_equal(sound_of(made), np.stack((CALLER, AGENT), axis=1))


async def test_segments_that_are_partly_gone_give_way_to_the_whole_file(yard: Yard, sounds: ChannelSounds) -> None:
    await captured(yard, format=WAV)
    assert await yard.run() == ""
    (yard.spool / "agent.wav").unlink()
    made = await sounds.made(await yard.file())
    assert np.array_equal(sound_of(made), np.stack((CALLER, AGENT), axis=1))


async def test_a_segment_that_was_missing_already_is_no_loss(yard: Yard, sounds: ChannelSounds) -> None:
    await captured(yard, format=MP3, channels=ChannelLayout.MONO)
    (yard.spool / "agent.wav").unlink()
    assert (await sounds.made(await yard.file())).labels
    assert await yard.run() == ""
    made = await sounds.made(await yard.file())
    assert np.array_equal(sound_of(made), np.stack((CALLER, 0 * AGENT), axis=1))
    assert not made.is_mixed


async def test_what_can_be_had_later_is_not_replaced_by_something_worse(yard: Yard, sounds: ChannelSounds) -> None:
    await shipped(yard, format=WAV, channels=ChannelLayout.BOTH)
    yard.archive.fail_next(DestinationUnreachable("the archive is down"))
    with pytest.raises(DestinationUnreachable, match="the archive is down"):
        await sounds.made(await yard.file())
    assert left_in(yard) == []
    assert not (await sounds.made(await yard.file())).is_mixed


async def test_what_can_never_be_had_is_replaced(yard: Yard, sounds: ChannelSounds) -> None:
    await shipped(yard, format=WAV, channels=ChannelLayout.BOTH)
    yard.archive.fail_next(DestinationRefused("the stereo file is sealed with a lost key"))
    assert (await sounds.made(await yard.file())).is_mixed


async def test_another_copy_is_taken_when_the_first_cannot_be_had(yard: Yard, sounds: ChannelSounds) -> None:
    yard.destinations.stores["second"] = MemoryStore()
    await captured(yard, format=WAV)
    await yard.catalogue.shipping.rendered(RECORDING, *(await _rendered_to_both(yard)))
    assert await yard.run("store") == ""
    await yard.removing.remove_local(await yard.file())
    yard.archive.fail_next(DestinationUnreachable("the archive is down"))
    made = await sounds.made(await yard.file())
    assert np.array_equal(sound_of(made), np.stack((CALLER, AGENT), axis=1))


@pytest.mark.parametrize("change", [lambda sound: sound[:-100], lambda sound: sound[:-2] + b"\x07\x07"])
async def test_a_copy_that_is_not_what_was_stored_is_not_heard(yard: Yard, sounds: ChannelSounds, change: Any) -> None:
    await shipped(yard, format=WAV, channels=ChannelLayout.STEREO)
    (name,) = yard.archive.objects
    yard.archive.objects[name] = change(yard.archive.objects[name])
    with pytest.raises(BrokenAudio, match="the stereo at 'archive' is not what was stored there"):
        await sounds.made(await yard.file())
    assert left_in(yard) == []


async def test_of_nothing_nothing_is_heard_and_what_to_do_is_said(yard: Yard, sounds: ChannelSounds) -> None:
    await yard.captured()
    with pytest.raises(NotFound, match=r"there is no sound of recording recording-1 .*bring one of them back"):
        await sounds.made(await yard.file())
    assert left_in(yard) == []


async def test_a_pbx_that_nobody_knows_any_more_is_said_where_there_is_no_copy(
    yard: Yard, sounds: ChannelSounds
) -> None:
    await captured(yard)
    yard.sources.clear()
    with pytest.raises(ConnectorError, match="not in the configuration any more"):
        await sounds.made(await yard.file())


@pytest.mark.parametrize("state", [RecordingState.REMOVING, RecordingState.REMOVED])
async def test_what_is_on_its_way_out_is_not_heard(yard: Yard, sounds: ChannelSounds, state: RecordingState) -> None:
    await captured(yard)
    file = await yard.file()
    with pytest.raises(NotFound, match=f"recording-1 is {state}"):
        await sounds.made(replace(file, recording=replace(file.recording, state=state)))


async def test_where_nothing_can_be_written_there_is_no_room(yard: Yard, sounds: ChannelSounds) -> None:
    await captured(yard)
    (yard.state / FOLDER).write_text("in the way")
    with pytest.raises(NoRoom, match="cannot be made"):
        await sounds.made(await yard.file())


async def test_dropped_nothing_is_left_and_what_a_kill_left_is_no_hindrance(yard: Yard, sounds: ChannelSounds) -> None:
    await captured(yard)
    folder = yard.state / FOLDER / RECORDING
    folder.mkdir(parents=True)
    for name in ("channels.wav", ".channels.wav.part", "stereo-copy.mp3"):
        (folder / name).write_bytes(b"half of it")
    made = await sounds.made(await yard.file())
    assert np.array_equal(sound_of(made), np.stack((CALLER, AGENT), axis=1))
    for _ in range(2):
        await sounds.drop(RecordingId(RECORDING))
        assert left_in(yard) == []


async def _rendered_to_both(yard: Yard) -> tuple[Any, Any]:
    rendering = await yard.renderer.render(await yard.file())
    assert rendering is not None
    names = ("archive", "second")
    kinds = [artefact.kind for artefact in rendering.artefacts]
    return rendering, [a_delivery(kind=kind, destination=name) for name in names for kind in kinds]
