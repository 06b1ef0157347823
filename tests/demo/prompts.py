"""Debian's prompts as people who take turns on the telephone. Knows sound, no call."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from tests.pbx import noise

SAMPLE_RATE: Final = 8000
#: From one turn to the same one's next; half of it he speaks.
PERIOD_SECONDS: Final = 4.0
_SEARCH_SECONDS: Final = 0.4
_FRAME: Final = 160
#: Longer than the demo's call: nothing is said twice in it.
_LONGEST_SECONDS: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    prompt: str
    #: Below 1: slower and deeper, so that it is another person.
    speed: float
    #: He listens first.
    begins_seconds: float

    def speech(self, sounds_folder: Path) -> noise.Samples:
        """As a telephone says it: with what µ-law leaves of it."""
        samples, rate = soundfile.read(sounds_folder / f"{self.prompt}.wav", dtype="int16")
        assert rate == SAMPLE_RATE
        places = np.arange(0, len(samples) - 1, self.speed)
        text = np.interp(places, np.arange(len(samples)), samples)
        spoken = _in_turns(text, round(self.begins_seconds * SAMPLE_RATE))
        return noise.LINEAR[noise.nearest_codes(spoken)]

    def write(self, sounds_folder: Path, path: Path) -> None:
        soundfile.write(path, self.speech(sounds_folder), SAMPLE_RATE, "PCM_16")


CALLER: Final = Speaker(prompt="demo-congrats", speed=1.0, begins_seconds=0.2)
AGENTS: Final = (
    Speaker(prompt="basic-pbx-ivr-main", speed=0.8, begins_seconds=2.2),
    Speaker(prompt="demo-instruct", speed=0.9, begins_seconds=2.2),
)


def _in_turns(text: NDArray[np.float64], begins: int) -> NDArray[np.float64]:
    """The text cut at pauses, a part for each of his turns."""
    period = round(PERIOD_SECONDS * SAMPLE_RATE)
    spoken = np.zeros(_LONGEST_SECONDS * SAMPLE_RATE)
    at = 0
    for start in range(begins, len(spoken), period):
        end = _pause(text, at + period // 2)
        part = text[at:end][: len(spoken) - start]
        spoken[start : start + len(part)] = part
        at = end
    return spoken


def _pause(text: NDArray[np.float64], near: int) -> int:
    """The quietest place around."""
    reach = round(_SEARCH_SECONDS * SAMPLE_RATE)
    places = range(near - reach, min(near + reach, len(text) - _FRAME), _FRAME)
    return min(places, key=lambda at: float((text[at : at + _FRAME] ** 2).sum()), default=len(text))
