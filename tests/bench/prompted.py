"""Telephone prompts as sound for benches: a conversation on two channels, and one long row of them to count errors in.
Knows sound and what is said in it; measures nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from connector.audio.voices import voices
from connector.domain.speech import Word
from connector.ports.transcriber import ChannelSound
from tests.pbx import noise
from tests.transcripts.prompt_list import SAMPLE_RATE, NoPrompts, Prompt, held_out, tuning
from tests.transcripts.word_errors import plain_words, word_errors

from .tool import BenchBroken

#: So that each side speaks a third of the time, as people on telephones do.
_PAUSE_SECONDS: Final = 1.6
#: A word belongs to a prompt within this.
_REACH_SECONDS: Final = 0.5
_RUSTLE: Final = 10


@dataclass(frozen=True, slots=True)
class Row:
    """Prompts one after the other."""

    path: Path
    said: Sequence[tuple[Prompt, float, float]]

    def error_rate(self, words: Sequence[Word]) -> float:
        wrong = count = 0
        for prompt, start, end in self.said:
            own = [word for word in words if start - _REACH_SECONDS <= _middle(word) <= end + _REACH_SECONDS]
            expected = plain_words(prompt.text)
            wrong += word_errors(expected, plain_words(" ".join(word.text for word in own)))
            count += len(expected)
        return 100 * wrong / count


def judged() -> list[Prompt]:
    """Nobody looked at them while a rule was made."""
    try:
        return held_out()
    except NoPrompts as error:
        raise BenchBroken(str(error)) from error


def write_row(path: Path, prompts: Sequence[Prompt], *, slower: float = 1.0) -> Row:
    parts: list[NDArray[np.int16]] = []
    said = []
    at = 0
    pause = np.zeros(round(_PAUSE_SECONDS * SAMPLE_RATE), np.int16)
    for prompt in prompts:
        samples = prompt.samples(slower=slower)
        said.append((prompt, at / SAMPLE_RATE, (at + len(samples)) / SAMPLE_RATE))
        parts += [samples, pause]
        at += len(samples) + len(pause)
    _write(path, np.concatenate(parts)[:, None])
    return Row(path, said)


def write_talk(path: Path, seconds: int) -> None:
    """Two people who take turns, on two channels; the same prompts again and again."""
    sound = np.zeros((seconds * SAMPLE_RATE, 2), np.int16)
    prompts = [prompt.samples() for prompt in tuning()]
    at = turn = 0
    while at + len(prompts[turn % len(prompts)]) < len(sound):
        samples = prompts[turn % len(prompts)]
        sound[at : at + len(samples), turn % 2] = samples
        at += len(samples) + round(_PAUSE_SECONDS * SAMPLE_RATE)
        turn += 1
    _write(path, sound)


def as_mono(stereo: Path, path: Path) -> None:
    samples, _ = soundfile.read(stereo, dtype="int16")
    soundfile.write(path, samples.astype(np.int32).sum(axis=1).clip(-32768, 32767).astype(np.int16), SAMPLE_RATE)


def as_sides(stereo: Path, left: Path, right: Path) -> None:
    samples, _ = soundfile.read(stereo, dtype="int16")
    for channel, path in enumerate((left, right)):
        soundfile.write(path, samples[:, channel], SAMPLE_RATE)


def sound_of(path: Path) -> ChannelSound:
    """As the work hands it to an engine."""
    return ChannelSound(
        path=path, sample_rate=SAMPLE_RATE, duration_seconds=soundfile.info(path).duration, voices=voices(path)
    )


def _write(path: Path, sound: NDArray[np.int16]) -> None:
    """With the rustle of a line, and what µ-law leaves of it."""
    rustle = np.random.default_rng(1).normal(0, _RUSTLE, sound.shape)
    limited = np.clip(np.rint(sound + rustle), -32000, 32000).astype(np.int64)
    coded = [noise.LINEAR[noise.nearest_codes(channel)] for channel in limited.T]
    soundfile.write(path, np.stack(coded, axis=1), SAMPLE_RATE, "PCM_16")


def _middle(word: Word) -> float:
    return (word.start_seconds + word.end_seconds) / 2
