"""Sound for benches: two people who take turns, like speech in loudness and pauses, over the noise of a line."""

from pathlib import Path
from typing import Final

import numpy as np
import soundfile
from numpy.typing import NDArray

TURN_SECONDS: Final = 4
LINE_NOISE: Final = 20


def write_conversation(left: Path, right: Path, *, seconds: int, sample_rate: int = 8000) -> None:
    """Two mono WAV files on one clock; the left one speaks first. Always the same bits."""
    for turn_of, path in enumerate((left, right)):
        random = np.random.default_rng(turn_of)
        with soundfile.SoundFile(path, "w", sample_rate, 1, "PCM_16") as file:
            for turn in range(-(-seconds // TURN_SECONDS)):
                frames = min(TURN_SECONDS, seconds - turn * TURN_SECONDS) * sample_rate
                file.write(_turn(random, frames, sample_rate, speaks=turn % 2 == turn_of))


def leak_decibels(stereo: NDArray[np.float64], sample_rate: int) -> float:
    """How loud the right channel is beside the left one while only the left speaks: the median of 20-ms windows. The
    first and last half second of each turn are left out, so an encoder's delay does not matter."""
    window = sample_rate // 50
    ratios = []
    for start in range(0, len(stereo), 2 * TURN_SECONDS * sample_rate):
        turn = stereo[start + sample_rate // 2 : start + (2 * TURN_SECONDS - 1) * sample_rate // 2]
        windows = turn[: len(turn) // window * window].reshape(-1, window, 2)
        loudness = np.sqrt((windows**2).mean(axis=1))
        speaking = loudness[loudness[:, 0] > loudness[:, 0].mean() / 2]
        ratios.append((speaking[:, 1] + 1e-9) / speaking[:, 0])
    return float(20 * np.log10(np.median(np.concatenate(ratios))))


def _turn(random: np.random.Generator, frames: int, sample_rate: int, *, speaks: bool) -> NDArray[np.int16]:
    sound = random.normal(0, LINE_NOISE, frames)
    if speaks:
        time = np.arange(frames) / sample_rate
        breath = np.convolve(random.normal(0, 1, frames), np.hanning(9) / 4, "same")
        pitch = np.sign(np.sin(2 * np.pi * (120 * time + 3 * np.sin(2 * np.pi * 0.7 * time)))) / 2
        sound += (breath + pitch) * np.sin(2 * np.pi * 1.6 * time) ** 2 * 4000
    return np.clip(sound, -32768, 32767).astype(np.int16)
