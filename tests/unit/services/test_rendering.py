"""From real WAV files of a PBX to what the catalogue says of a recording."""

import struct

import numpy as np
import pytest
import soundfile

from connector.domain.call import Side, Span
from connector.domain.recording import FlushPoint, Heard, Rendering
from tests.builders import MORNING, a_segment
from tests.unit.audio.sound import RATE, noise, read, tone, wav
from tests.unit.services.yard import SECONDS, Yard


async def the_rendering(yard: Yard) -> Rendering:
    assert await yard.run("render") == ""
    rendering = (await yard.file()).rendering
    assert rendering is not None
    return rendering


async def test_the_caller_is_left_and_the_agent_right(yard: Yard) -> None:
    await yard.captured(yard.caller(), yard.agent())
    rendering = await the_rendering(yard)
    sound = read(yard.state / rendering.artefacts[0].path)
    frames = SECONDS * RATE
    assert np.array_equal(sound, np.column_stack((tone(frames, 440), tone(frames, 880))))
    assert [(label.index, str(label.role), label.party) for label in rendering.channels] == [
        (0, "caller", "+4930123456"),
        (1, "agent", "201"),
    ]
    assert (yard.state / rendering.peaks_path).stat().st_size > 0


async def test_the_same_sources_give_the_same_bytes_again(yard: Yard) -> None:
    await yard.captured(yard.caller(), yard.agent())
    first = await yard.renderer.render(await yard.file())
    second = await yard.renderer.render(await yard.file())
    assert first is not None
    assert first == second


async def test_a_missing_segment_makes_the_recording_partial_and_is_named(yard: Yard) -> None:
    gone = yard.agent()
    (yard.spool / gone.path).unlink()
    await yard.captured(yard.caller(), gone)
    rendering = await the_rendering(yard)
    assert rendering.is_partial
    (trouble,) = rendering.troubles
    assert trouble.startswith("agent.wav: ")
    assert "was it moved or deleted?" in trouble


async def test_a_damaged_segment_is_used_as_far_as_it_goes_and_named(yard: Yard) -> None:
    # Of this much the PBX had told before the file was cut.
    cut = yard.agent(flushes=(FlushPoint(at=MORNING + 4.6, frames=RATE // 2),))
    whole = (yard.spool / cut.path).read_bytes()
    (yard.spool / cut.path).write_bytes(whole[: len(whole) // 2])
    await yard.captured(yard.caller(), cut)
    rendering = await the_rendering(yard)
    assert rendering.is_partial
    assert rendering.troubles[0].startswith("agent.wav: ")
    right = read(yard.state / rendering.artefacts[0].path)[:, 1]
    assert np.array_equal(right[: RATE // 2], tone(RATE // 2, 880))


async def test_a_hold_does_not_make_a_recording_partial(yard: Yard) -> None:
    held = Span(start=MORNING + 5.1, end=MORNING + 8.1)
    end = MORNING + 4.1 + SECONDS + 3
    over = {"holds": (held,), "stopped_at": end, "flushes": (FlushPoint(at=end, frames=SECONDS * RATE),)}
    await yard.captured(yard.caller(**over), yard.agent(**over))
    rendering = await the_rendering(yard)
    assert [round(gap.end_seconds - gap.start_seconds, 1) for gap in rendering.gaps] == [3.0, 3.0]
    assert {gap.side for gap in rendering.gaps} == set(Side)
    assert not rendering.is_partial


async def test_sound_that_was_lost_makes_it_partial(yard: Yard) -> None:
    end = MORNING + 4.1 + SECONDS + 3
    await yard.captured(yard.caller(), yard.agent(stopped_at=end))
    rendering = await the_rendering(yard)
    assert rendering.gaps
    assert rendering.is_partial


@pytest.mark.parametrize("stop_late_seconds", [0.0, 0.02])
async def test_sound_that_two_files_share_places_them_to_the_frame(yard: Yard, stop_late_seconds: float) -> None:
    said = noise(6 * RATE)
    wav(yard.spool / "one.wav", said[: 4 * RATE])
    # By its stamps the second recorder began 20 ms later than it really did.
    wav(yard.spool / "two.wav", said[3 * RATE :])
    await yard.captured(
        a_segment(
            id="one",
            path="one.wav",
            started_at=MORNING,
            stopped_at=MORNING + 4 + stop_late_seconds,
            flushes=_flushed(MORNING + 4, 4),
        ),
        a_segment(
            id="two",
            path="two.wav",
            started_at=MORNING + 3.02,
            stopped_at=MORNING + 6.02,
            flushes=_flushed(MORNING + 6.02, 3),
        ),
    )
    rendering = await the_rendering(yard)
    left = read(yard.state / rendering.artefacts[0].path)[:, 0]
    assert np.array_equal(left[: len(said)], said)
    assert rendering.duration_seconds <= 6.03


async def test_what_a_party_was_played_is_not_taken_for_its_voice(yard: Yard) -> None:
    played = yard.agent(id="played", heard=Heard.TX)
    await yard.captured(yard.caller(), yard.agent(), played)
    rendering = await the_rendering(yard)
    right = read(yard.state / rendering.artefacts[0].path)[:, 1]
    assert np.array_equal(right, tone(SECONDS * RATE, 880))


async def test_a_file_of_another_rate_keeps_its_length(yard: Yard) -> None:
    wide = yard.agent()
    soundfile.write(yard.spool / wide.path, tone(SECONDS * 16_000, 880, rate=16_000), 16_000, subtype="PCM_16")
    await yard.captured(yard.caller(), wide)
    rendering = await the_rendering(yard)
    assert (rendering.artefacts[0].sample_rate, round(rendering.duration_seconds, 1)) == (16_000, 2.0)


async def test_wideband_and_narrowband_recorders_of_one_call_stand_on_one_clock(yard: Yard) -> None:
    wide = tone(RATE * 2, 6000, rate=2 * RATE)
    wav(yard.spool / "anew.wav16", wide, 2 * RATE)
    end = MORNING + 4.1 + SECONDS
    anew = {"started_at": end, "stopped_at": end + 1, "sample_rate": 2 * RATE, "flushes": ()}
    await yard.captured(yard.caller(), a_segment(id="anew", path="anew.wav16", **anew), yard.agent())
    rendering = await the_rendering(yard)
    sound = read(yard.state / rendering.artefacts[0].path)
    assert (rendering.artefacts[0].sample_rate, rendering.duration_seconds) == (2 * RATE, 3.0)
    narrow = 2 * RATE * SECONDS
    assert np.array_equal(sound[narrow:, 0], wide)
    for side, hertz in enumerate((440, 880)):
        expected = tone(narrow, hertz, rate=2 * RATE).astype(int)
        assert np.abs(sound[500 : narrow - 500, side] - expected[500:-500]).max() <= 3
    assert not sound[narrow:, 1].any()
    assert not rendering.is_partial


async def test_a_voice_and_what_it_was_played_are_left_and_right(yard: Yard) -> None:
    wav(yard.spool / "prompts.wav", noise(SECONDS * RATE))
    caller = yard.caller()
    played = {"id": "played", "heard": Heard.TX, "side": Side.RIGHT, "path": "prompts.wav"}
    stamps = {"stopped_at": caller.stopped_at, "flushes": caller.flushes}
    await yard.captured(caller, a_segment(**played, **stamps))
    rendering = await the_rendering(yard)
    sound = read(yard.state / rendering.artefacts[0].path)
    assert np.array_equal(sound, np.column_stack((tone(SECONDS * RATE, 440), noise(SECONDS * RATE))))
    assert [label.party for label in rendering.channels] == ["+4930123456", "prompts"]


@pytest.mark.parametrize(("rate", "path", "lost"), [(8000, "agent.wav", "2.0 s"), (16_000, "agent.wav16", "1.0 s")])
async def test_what_a_killed_pbx_had_written_is_kept_and_the_loss_is_named(
    yard: Yard, rate: int, path: str, lost: str
) -> None:
    said, cut = noise(SECONDS * rate), yard.agent(path=path, sample_rate=rate, stopped_at=None, flushes=())
    (yard.spool / path).write_bytes(_killed(rate) + said.tobytes() + b"\x07")
    await yard.captured(yard.caller(), cut)
    rendering = await the_rendering(yard)
    sound = read(yard.state / rendering.artefacts[0].path)
    assert np.array_equal(sound[: len(said), 1], said)
    assert rendering.is_partial
    (trouble,) = rendering.troubles
    assert trouble.startswith(f"{path}: unclosed")
    assert f"up to {lost} behind its end are lost" in trouble


async def test_a_file_that_a_killed_pbx_left_with_its_header_alone_is_a_gap_of_that_reason(yard: Yard) -> None:
    empty = yard.agent(path="agent.wav16", sample_rate=16_000)
    (yard.spool / "agent.wav16").write_bytes(_killed(16_000))
    await yard.captured(yard.caller(), empty)
    rendering = await the_rendering(yard)
    (gap,) = rendering.gaps
    assert (gap.side, gap.party, gap.reason) == (Side.RIGHT, "201", "the file holds no sound")
    (trouble,) = rendering.troubles
    assert trouble.startswith("agent.wav16: empty")
    assert "up to 1.0 s are lost" in trouble


def _killed(rate: int) -> bytes:
    """The 44 bytes that Asterisk begins a file with; their sizes are written when it ends the file, and only then."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16)
    return struct.pack("<4sI4s", b"RIFF", 0, b"WAVE") + form + struct.pack("<4sI", b"data", 0)


def _flushed(at: float, seconds: int) -> tuple[FlushPoint, ...]:
    return (FlushPoint(at=at, frames=seconds * RATE),)
