"""What is heard on one channel of a recording: where there is voice, and which words. Pure; knows no engine, no turns.

All seconds are on the recording's clock.
"""

from dataclasses import dataclass
from typing import NamedTuple

from connector.domain.recording import ChannelLabel


class Voice(NamedTuple):
    """Somebody speaks from here to there."""

    start_seconds: float
    end_seconds: float


class Word(NamedTuple):
    #: As it is written, with what stands behind it: `Hello,`.
    text: str
    start_seconds: float
    end_seconds: float
    #: 0 to 1; None: the engine does not say.
    confidence: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One channel as an engine heard it."""

    words: tuple[Word, ...] = ()
    #: As `en`; empty: the engine does not say.
    language: str = ""
    language_confidence: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenChannel:
    """Everything that is known of one channel before turns are made of it."""

    label: ChannelLabel
    #: In order, none overlapping another.
    voice: tuple[Voice, ...]
    words: tuple[Word, ...]
