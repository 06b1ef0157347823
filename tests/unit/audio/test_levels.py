import numpy as np
import pytest

from connector.audio.extremes import extremes
from connector.audio.levels import LevelMeter
from connector.audio.samples import Samples
from connector.domain.call import Side
from connector.domain.recording import Levels

from .sound import noise, tone


def levels(samples: Samples, block: int = 4000) -> Levels:
    meter = LevelMeter(Side.LEFT)
    for start in range(0, len(samples), block):
        part = samples[start : start + block]
        meter.hear(part, extremes(part, 80))
    return meter.levels()


def test_half_silence_is_half_silence() -> None:
    sound = np.concatenate((noise(8000, loudness=30), tone(8000, 400)))
    assert levels(sound).silence_ratio == pytest.approx(0.5, abs=0.01)


def test_clipped_samples_are_counted_exactly() -> None:
    sound = tone(16000, 400)
    sound[[5, 7000, 15999]] = [32767, -32768, 32767]
    measured = levels(sound)
    assert (measured.clipped_ratio, measured.peak) == (3 / 16000, 1.0)


def test_the_peak_may_be_a_low_one() -> None:
    sound = np.zeros(1000, np.int16)
    sound[500] = -16384
    assert levels(sound).peak == 0.5


@pytest.mark.parametrize(
    ("sound", "is_silent"),
    [
        (np.zeros(80_000, np.int16), True),
        (noise(80_000, loudness=100), True),
        (np.concatenate((tone(800, 400), np.zeros(80_000, np.int16))), True),
        (np.concatenate((tone(4000, 400), np.zeros(800_000, np.int16))), False),
        (tone(800, 400), False),
        (np.zeros(1, np.int16), True),
    ],
    ids=["nothing", "comfort noise", "a click", "one word in a long call", "a short sound", "one sample"],
)
def test_a_channel_is_silent_when_nobody_speaks_on_it(sound: Samples, is_silent: bool) -> None:
    assert levels(sound).is_silent is is_silent


def test_extremes_know_the_last_short_window() -> None:
    found = extremes(np.array([1, -5, 3, 2, 9, -7, 4], np.int16), 3)
    assert (found.lows.tolist(), found.highs.tolist()) == ([-5, -7, 4], [3, 9, 4])
