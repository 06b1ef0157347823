"""What is said on a call, when, and how it sounds: 440 Hz on the left, 880 Hz on the right, in bursts like syllables.

Knows no call, no catalogue and no page.
"""

import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from connector.domain.call import Role
from connector.domain.speech import Voice, Word

RATE: Final = 8000
#: By who speaks, in Hz.
PITCH: Final = {Role.CALLER: 440.0, Role.AGENT: 880.0}
#: Before the first word, between two who speak, and after the last word.
BREATH_SECONDS: Final = 0.6
_SYLLABLES_A_SECOND: Final = 4.5
_LETTERS_A_SECOND: Final = 14.0

Stretch = tuple[float, float]


class Said(NamedTuple):
    role: Role
    words: tuple[Word, ...]

    @property
    def start_seconds(self) -> float:
        return self.words[0].start_seconds

    @property
    def end_seconds(self) -> float:
        return self.words[-1].end_seconds


class Quiet(NamedTuple):
    """Nobody speaks: `hold` (the caller waits), `pause` (nothing is recorded), `gap` (the agent's recorder is away)."""

    why: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    said: tuple[Said, ...]
    seconds: float
    holds: tuple[Stretch, ...] = ()
    pauses: tuple[Stretch, ...] = ()
    gaps: tuple[Stretch, ...] = ()

    def of(self, role: Role) -> list[Said]:
        return [one for one in self.said if one.role is role]

    def voices(self, role: Role) -> list[Voice]:
        return [Voice(one.start_seconds, one.end_seconds) for one in self.of(role)]

    def sound(self, role: Role) -> "np.typing.NDArray[np.int16]":
        """The whole channel of whoever that is."""
        moments = np.arange(round(self.seconds * RATE)) / RATE
        loudness = np.zeros(len(moments))
        for number, word in enumerate(word for one in self.of(role) for word in one.words):
            first, last = round(word.start_seconds * RATE), round(word.end_seconds * RATE)
            beats = max(1, round((word.end_seconds - word.start_seconds) * _SYLLABLES_A_SECOND))
            swell = np.sin(np.linspace(0, beats * np.pi, last - first)) ** 2
            loudness[first:last] = swell * (0.35 + 0.25 * (number * 7 % 11) / 10)
        tone = np.sin(2 * np.pi * PITCH[role] * moments)
        return (loudness * tone * 32_000).astype(np.int16)


def conversation(*course: tuple[Role, str] | Quiet) -> Conversation:
    """One after the other, at the pace of people who speak calmly."""
    said: list[Said] = []
    quiet: dict[str, list[Stretch]] = {"hold": [], "pause": [], "gap": []}
    now = BREATH_SECONDS
    for one in course:
        if isinstance(one, Quiet):
            quiet[one.why].append((now, now + one.seconds))
            now += one.seconds + BREATH_SECONDS
        else:
            said.append(_spoken(*one, now))
            now = said[-1].end_seconds + BREATH_SECONDS
    return Conversation(
        said=tuple(said),
        seconds=now,
        holds=tuple(quiet["hold"]),
        pauses=tuple(quiet["pause"]),
        gaps=tuple(quiet["gap"]),
    )


def write_channel(path: Path, frames: "np.typing.NDArray[np.int16]") -> None:
    """As a PBX leaves it: one channel, 16 bits."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(frames.tobytes())


def _spoken(role: Role, text: str, start: float) -> Said:
    words: list[Word] = []
    for place, word in enumerate(text.split()):
        seconds = max(0.15, len(word) / _LETTERS_A_SECOND)
        # Not every word is heard equally well.
        words.append(Word(word, start, start + seconds, 0.62 if place % 9 == 5 else 0.95))
        start += seconds + 0.05
    return Said(role, tuple(words))


def stretches(total: float, without: Sequence[Stretch]) -> list[Stretch]:
    """What is left of 0 to `total`."""
    edges = [0.0, *(edge for stretch in without for edge in stretch), total]
    return [(edges[at], edges[at + 1]) for at in range(0, len(edges), 2)]
