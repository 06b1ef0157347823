"""An engine that hears words in sound."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from connector.domain.speech import Heard, Voice


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSound:
    """A WAV of 16 bits with every channel of a recording on its clock, silence included."""

    path: Path
    sample_rate: int
    duration_seconds: float
    #: For each channel: where there is voice. Nothing is heard in a channel without any.
    voices: Sequence[Sequence[Voice]]


class Transcriber(Protocol):
    @property
    def model(self) -> str:
        """What it listens with, for people: `tiny.en`, `whisper-1`."""
        ...

    def check(self, locale: str) -> None:
        """Raises EngineRefused when it does not know that language (BCP 47; empty: it is to find out)."""
        ...

    async def hear(self, sound: ChannelSound, locale: str) -> Sequence[Heard]:
        """The words of each channel, in the order of the channels. Raises EngineUnreachable, EngineRefused, and
        BrokenAudio for what is no such sound."""
        ...

    async def close(self) -> None: ...


class Transcribers(Protocol):
    """The engines of the configuration as it is now."""

    def chosen(self, organisation: str, wished: str) -> tuple[str, Transcriber]:
        """The engine of that name (empty: the organisation's usual one), and its name. Raises EngineRefused when there
        is none, or when it may not hear that organisation's sound."""
        ...
