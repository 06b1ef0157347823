"""Two people's voices made by code, for a demo without Asterisk's own prompts. Knows no call."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
from numpy.typing import NDArray

Sound = NDArray[np.float64]

SAMPLE_RATE: Final = 16_000
#: Longer than a call: no word comes twice.
VOICE_SECONDS: Final = 30
#: The middle of the first three resonances of a mouth, in hertz: a, e, i, o, u.
_VOWELS: Final = ((800, 1200, 2600), (500, 1900, 2600), (300, 2300, 3000), (500, 900, 2500), (330, 800, 2400))
_LOUDNESS: Final = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    name: str
    #: How high the voice is.
    hertz: float
    seed: int
    #: He speaks in the turns that begin here, and listens in between.
    first_turn_seconds: float
    turn_seconds: float = 1.6

    def speech(self) -> Sound:
        """Syllables of vowels, in turns; always the same."""
        random = np.random.default_rng(self.seed)
        sound = np.zeros(VOICE_SECONDS * SAMPLE_RATE)
        for turn in np.arange(self.first_turn_seconds, VOICE_SECONDS - 1, 2 * self.turn_seconds):
            at = turn
            while at < min(turn + self.turn_seconds - 0.3, VOICE_SECONDS - 1):
                syllable = self._syllable(random)
                start = int(at * SAMPLE_RATE)
                sound[start : start + len(syllable)] += syllable
                at += len(syllable) / SAMPLE_RATE + random.uniform(0.01, 0.06)
        return sound

    def _syllable(self, random: np.random.Generator) -> Sound:
        time = np.arange(int(random.uniform(0.14, 0.26) * SAMPLE_RATE)) / SAMPLE_RATE
        pitch = self.hertz * random.uniform(0.9, 1.15) * (1 + 0.08 * np.sin(np.pi * time / time[-1]))
        phase = 2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE
        vowel = _VOWELS[random.integers(len(_VOWELS))]
        harmonics = range(1, int(3400 / self.hertz))
        tone = sum(_resonance(number * self.hertz, vowel) * np.sin(number * phase) for number in harmonics)
        breath = random.normal(0, 0.03, len(time))
        envelope = np.minimum(1, np.minimum(time, time[::-1]) / 0.03)
        voiced: Sound = (tone / np.abs(tone).max() + breath) * envelope * _LOUDNESS * random.uniform(0.7, 1.0)
        return voiced


CALLER: Final = Speaker(name="the caller", hertz=205, seed=1, first_turn_seconds=0.2)
AGENT: Final = Speaker(name="the agent", hertz=105, seed=2, first_turn_seconds=1.5)


def write_speech(speaker: Speaker, path: Path) -> None:
    soundfile.write(path, speaker.speech(), SAMPLE_RATE, "PCM_16")


def _resonance(hertz: float, vowel: tuple[int, int, int]) -> float:
    return float(sum(1 / (1 + ((hertz - middle) / 90) ** 2) / (order + 1) for order, middle in enumerate(vowel)))
