"""Whether the oracle sees what it must see, on sound made here: it may not be kinder than a listener."""

from collections.abc import Callable

import numpy as np
import pytest

from tests.pbx import mixture, noise, proof
from tests.pbx.noise import Run, Samples
from tests.pbx.proof import Recording, Voice

BEGAN = 1_700_000_000.0
CALLER, AGENT = 11, 12


def a_voice(stream: int, *, seconds: int = 3, began: float = BEGAN) -> Voice:
    return Voice(name=f"voice {stream}", stream=stream, began=began, sample_rate=8000, expected=((0, seconds * 8000),))


def a_recording(
    mend_left: Callable[[Samples], Samples] = lambda left: left, *, start: float | None = BEGAN
) -> Recording:
    left = mend_left(noise.linear(CALLER, 0, 24000))
    return Recording(left=left, right=noise.linear(AGENT, 0, 24000), sample_rate=8000, start=start)


def assert_found_wrong(recording: Recording, *words: str) -> None:
    with pytest.raises(AssertionError) as caught:
        proof.assert_complete(recording, left=[a_voice(CALLER)], right=[a_voice(AGENT)])
    for word in words:
        assert word in str(caught.value)


def without(first: int, end: int) -> Callable[[Samples], Samples]:
    return lambda left: np.concatenate((left[:first], left[end:]))


def silenced(first: int, end: int) -> Callable[[Samples], Samples]:
    return lambda left: np.concatenate((left[:first], np.zeros(end - first, np.int16), left[end:]))


def test_a_whole_recording_is_complete() -> None:
    found = proof.assert_complete(a_recording(), left=[a_voice(CALLER)], right=[a_voice(AGENT)])
    assert found.lags() == [0.0]
    assert not any(finding.lost or finding.doubled for finding in found.all)


def test_a_single_frame_may_be_lost_and_two_in_a_row_may_not() -> None:
    found = proof.assert_complete(a_recording(silenced(8000, 8160)), left=[a_voice(CALLER)], right=[a_voice(AGENT)])
    assert found.left[0].lost_inside_seconds == (0.02,)
    assert_found_wrong(a_recording(silenced(8000, 8320)), "voice 11", "40 ms lost inside", "from 1.000 s")


def test_forty_milliseconds_may_be_lost_at_the_start_and_sixty_may_not() -> None:
    proof.assert_complete(a_recording(silenced(0, 320)), left=[a_voice(CALLER)], right=[a_voice(AGENT)])
    assert_found_wrong(a_recording(silenced(0, 480)), "60 ms lost at its start")


def test_many_single_frames_are_too_many() -> None:
    def often(left: Samples) -> Samples:
        for first in (4000, 8000, 12000, 16000):
            left = silenced(first, first + 160)(left)
        return left

    assert_found_wrong(a_recording(often), "4 holes, more than 3")


def test_a_named_gap_excuses_what_was_lost_in_it() -> None:
    recording = a_recording(silenced(8000, 16000))
    assert_found_wrong(recording, "1000 ms lost inside")
    proof.assert_complete(recording, left=[a_voice(CALLER)], right=[a_voice(AGENT)], gaps=[(BEGAN + 1.0, BEGAN + 2.0)])


def test_a_silent_side_a_stranger_and_music_are_named() -> None:
    assert_found_wrong(a_recording(np.zeros_like), "left, voice 11 (stream 11): silent; 3.00 s are expected")
    swapped = Recording(left=noise.linear(AGENT, 0, 24000), right=noise.linear(CALLER, 0, 24000), sample_rate=8000)
    assert_found_wrong(
        swapped, "left: 3000 ms of stream 12, which does not belong there", "right: 3000 ms of stream 11"
    )
    music = noise.linear(noise.MUSIC, 0, 1600)
    assert_found_wrong(a_recording(lambda left: np.concatenate((left, music))), "200 ms of music on hold")


def test_what_is_there_twice_is_named() -> None:
    assert_found_wrong(
        a_recording(lambda left: np.concatenate((left[:8000], left[6400:]))), "200 ms are there twice", "-200 ms"
    )


def test_a_side_that_is_shifted_or_beside_the_clock_is_named() -> None:
    late = a_recording(lambda left: np.concatenate((np.zeros(560, np.int16), left)))
    assert_found_wrong(late, "right is -70 ms later than in truth")
    assert_found_wrong(a_recording(start=BEGAN + 0.1), "-100 ms beside the wall clock")
    closed = a_recording(without(8000, 9600))
    assert_found_wrong(closed, "200 ms lost inside", "+200 ms")


def test_a_length_is_compared_with_the_clock() -> None:
    proof.assert_length(a_recording(), begins=BEGAN, ends=BEGAN + 3.05)
    with pytest.raises(AssertionError, match="-100 ms"):
        proof.assert_length(a_recording(), begins=BEGAN, ends=BEGAN + 3.1)


# --- noise --------------------------------------------------------------------------------------------------------


def test_noise_is_found_wherever_it_begins_and_chance_makes_none() -> None:
    hidden = np.concatenate((np.zeros(163, np.int16), noise.linear(7, 1600, 3200), noise.linear(8, 0, 80)))
    assert noise.runs(hidden) == [Run(7, 163, 1600, 3200), Run(8, 3363, 0, 80)]
    random = np.random.default_rng(1).choice(noise.linear(1, 0, 8000), 2_000_000)
    assert noise.runs(random) == []


def test_every_stream_is_found_at_its_begin_and_after_half_an_hour() -> None:
    for stream in (0, 1, noise.MUSIC, noise.PROMPT):
        for first in (0, 30 * 60 * 8000):
            assert noise.runs(noise.linear(stream, first, 160)) == [Run(stream, 0, first, 160)]


def test_a_voice_in_a_mix_is_found_by_correlation_and_an_absent_one_is_not() -> None:
    mix = np.zeros(24000, np.int16)
    for stream, at in ((21, 0), (22, 4000), (23, 9000)):
        mix[at : at + 12000] += noise.linear(stream, 0, 12000) // 2
    found = mixture.trace(mix, 22, 0, 8000)
    assert found.is_there
    assert found.at == 4000
    assert not mixture.trace(mix, 24, 0, 8000).is_there
