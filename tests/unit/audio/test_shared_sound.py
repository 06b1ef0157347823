from pathlib import Path

import numpy as np
import pytest

from connector.audio.samples import Samples
from connector.audio.shared_sound import MOST_SEARCHES, shared_offset, steps_between

from .sound import noise, tone, wav

WINDOW = 400


def offset(folder: Path, first: Samples, second: Samples, expected: int) -> int | None:
    return shared_offset(wav(folder / "1.wav", first), wav(folder / "2.wav", second), expected, WINDOW)


@pytest.mark.parametrize("true_offset", [5000, 4600, 5400, 4937])
def test_the_same_bits_are_found_where_they_are(tmp_path: Path, true_offset: int) -> None:
    sound = noise(40_000)
    assert offset(tmp_path, sound, sound[true_offset:], 5000) == true_offset


def test_bits_outside_the_window_are_not_found(tmp_path: Path) -> None:
    sound = noise(40_000)
    assert offset(tmp_path, sound, sound[5401:], 5000) is None


def test_a_recorder_that_began_with_a_silent_frame_is_placed_by_what_follows(tmp_path: Path) -> None:
    sound = noise(40_000)
    later = sound[5000:].copy()
    later[:160] = 0
    assert offset(tmp_path, sound, later, 5100) == 5000


def test_a_file_that_began_before_the_other_has_a_negative_offset(tmp_path: Path) -> None:
    sound = noise(40_000)
    assert offset(tmp_path, sound[200:], sound, 0) == -200


def test_one_run_of_160_samples_is_enough_and_one_of_159_is_not(tmp_path: Path) -> None:
    for run, expected in ((160, 1000), (159, None)):
        first, second = noise(8000, 1), noise(4000, 2)
        second[300 : 300 + run] = first[1300 : 1300 + run]
        # The neighbours must differ, whatever the generator gave.
        second[299], second[300 + run] = first[1299] ^ 1, first[1300 + run] ^ 1
        assert offset(tmp_path, first, second, 900) == expected


@pytest.mark.parametrize("sound", [np.zeros(20_000, np.int16), tone(20_000, 400), np.tile(noise(200), 100)])
def test_silence_a_tone_and_repeated_sound_say_nothing(tmp_path: Path, sound: Samples) -> None:
    assert offset(tmp_path, sound, sound[5000:], 5000) is None


def test_a_step_at_the_end_of_silence_says_nothing(tmp_path: Path) -> None:
    first, second = np.zeros(8000, np.int16), np.zeros(4000, np.int16)
    first[3000], second[1000] = 700, 700
    assert offset(tmp_path, first, second, 2100) is None


def test_different_rates_and_empty_files_say_nothing(tmp_path: Path) -> None:
    sound = noise(20_000)
    first = wav(tmp_path / "1.wav", sound)
    wide = wav(tmp_path / "2.wav", sound, 16000)
    empty = wav(tmp_path / "3.wav", sound[:0])
    assert shared_offset(first, wide, 0, WINDOW) is None
    assert shared_offset(first, empty, 0, WINDOW) is None
    assert shared_offset(empty, first, 0, WINDOW) is None


def steps(folder: Path, first: Samples, second: Samples, offset: int) -> list[tuple[int, int]]:
    files = wav(folder / "1.wav", first), wav(folder / "2.wav", second)
    return [(step.frame, step.later_frames) for step in steps_between(*files, offset, WINDOW, len(second))]


def test_files_that_run_on_in_step_have_no_step(tmp_path: Path) -> None:
    sound = noise(80_000)
    assert steps(tmp_path, sound, sound[3000:], 3000) == []
    assert steps(tmp_path, sound[3000:], sound, -3000) == []


@pytest.mark.parametrize("at", [8, 7_999, 20_000, 42_160])
def test_a_frame_that_one_file_lacks_is_a_step_where_it_is_lacking(tmp_path: Path, at: int) -> None:
    sound = noise(80_000)
    lacking = np.concatenate((sound[:at], sound[at + 160 :]))
    assert steps(tmp_path, sound, lacking, 0) == [(at, 160)]
    assert steps(tmp_path, lacking, sound, 0) == [(at + 160, -160)]


def test_each_step_is_found_and_the_next_one_from_there(tmp_path: Path) -> None:
    sound = noise(120_000)
    second = np.concatenate((sound[:30_000], sound[30_160:60_000], sound[60_320:]))
    first = np.concatenate((sound[:90_000], sound[90_160:]))
    assert steps(tmp_path, first, second, 0) == [(30_000, 160), (59_840, 320), (89_680, -160)]


def test_a_step_in_silence_is_found_by_the_sound_behind_it(tmp_path: Path) -> None:
    sound = noise(80_000)
    sound[20_000:50_000] = 0
    [(frame, later)] = steps(tmp_path, sound, np.concatenate((sound[:30_000], sound[30_160:])), 0)
    assert later == 160
    assert 20_000 <= frame <= 50_000


def test_what_only_one_file_holds_is_no_step_and_for_long_the_end_of_looking(tmp_path: Path) -> None:
    sound, other = noise(240_000), noise(240_000, 2)
    lacking = np.concatenate((sound[:200_000], sound[200_160:]))
    for foreign_seconds, expected in ((5, [(200_000, 160)]), (MOST_SEARCHES + 1, [])):
        second = lacking.copy()
        second[20_000 : 20_000 + foreign_seconds * 8000] = other[: foreign_seconds * 8000]
        assert steps(tmp_path, sound, second, 0) == expected


def test_a_tone_makes_no_steps(tmp_path: Path) -> None:
    sound = np.concatenate((noise(16_000), tone(64_000, 400)))
    assert steps(tmp_path, sound, np.concatenate((sound[:30_000], sound[30_160:])), 0) == []
