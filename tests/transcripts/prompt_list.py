"""All sentences of Debian's telephone prompts, the English ones in two halves: one to find rules by, one to judge them.
Knows sound and what is said in it, no engine.

The sounds are not ours and not here: scripts/get-prompts has them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from tests.getting import got
from tests.transcripts.prompts import TEXTS

SAMPLE_RATE: Final = 8000
#: Where the list says what it is rather than what is said, or leaves out how it is said.
_NOTES: Final = frozenset("[]<>()/*#@")
_FEWEST_WORDS: Final = 6
_SHORTEST_SECONDS: Final = 1.5
_LONGEST_SECONDS: Final = 8.0
#: What is quieter than this belongs to no word.
_QUIET: Final = 300


class NoPrompts(Exception):
    """Debian's packages can't be had here; the message is for whoever reads why a test did not run."""


@dataclass(frozen=True, slots=True)
class Prompt:
    name: str
    text: str
    path: Path

    @property
    def folder(self) -> Path:
        """Below it, its name leads to it."""
        return self.path.parents[self.name.count("/")]

    def samples(self, *, slower: float = 1.0) -> NDArray[np.int16]:
        """From the first word to the last; slower by that factor it is a deeper voice, too."""
        samples, sample_rate = soundfile.read(self.path, dtype="int16")
        assert sample_rate == SAMPLE_RATE
        loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > _QUIET)
        spoken = samples[loud[0] : loud[-1] + 1]
        return np.asarray(spoken if slower == 1.0 else soxr.resample(spoken, SAMPLE_RATE, SAMPLE_RATE * slower))


def tuning() -> list[Prompt]:
    """For whoever looks for a better rule. NoPrompts where there are none."""
    listed, tuned = _listed(), set(TEXTS)
    return [one for place, one in enumerate(listed) if place % 2 == 0 or one.name in tuned]


def held_out() -> list[Prompt]:
    """Nobody looked at them while a rule was made: only these may be judged by. NoPrompts where there are none."""
    tuned = {one.name for one in tuning()}
    return [one for one in _listed() if one.name not in tuned]


def spoken_in(language: str) -> Sequence[Prompt]:
    """Every sentence once. NoPrompts where there are none."""
    folder, reason = got("get-prompts", language)
    if folder is None:
        raise NoPrompts(f"no prompts to hear: {reason}")
    found = {prompt.text.casefold(): prompt for prompt in _sentences(folder)}
    return sorted(found.values(), key=lambda prompt: prompt.name)


def _listed() -> Sequence[Prompt]:
    return spoken_in("en")


def _sentences(folder: Path) -> Iterator[Prompt]:
    for line in (folder / "texts").read_text(encoding="utf-8-sig").splitlines():
        name, _, text = line.partition(": ")
        path = folder / "sounds" / f"{name}.wav"
        if _is_sentence(text.strip()) and path.exists():
            info = soundfile.info(path)
            if _SHORTEST_SECONDS <= info.duration <= _LONGEST_SECONDS:
                yield Prompt(name, text.strip(), path)


def _is_sentence(text: str) -> bool:
    is_whole = "..." not in text and not _NOTES.intersection(text)
    return is_whole and len(text.split()) >= _FEWEST_WORDS
