"""What is spoken in a channel, put one behind the other on tapes as long as a model listens to at once, and where
on the recording's clock each moment of a tape was. Pure; knows no engine.
"""

from dataclasses import dataclass, field
from typing import Final

#: Whisper always hears 30 s, and is given silence up to there.
LONGEST_SECONDS: Final = 29.0
#: Without it words grow together.
GAP_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True)
class Cut:
    """A piece of the recording that lies on the tape."""

    tape_seconds: float
    recording_seconds: float
    length_seconds: float


@dataclass(slots=True)
class Tape:
    cuts: list[Cut] = field(default_factory=list)

    @property
    def length_seconds(self) -> float:
        return self.cuts[-1].tape_seconds + self.cuts[-1].length_seconds + GAP_SECONDS if self.cuts else 0.0

    def has_room_for(self, length_seconds: float) -> bool:
        return not self.cuts or self.length_seconds + length_seconds <= LONGEST_SECONDS

    def add(self, recording_seconds: float, length_seconds: float) -> None:
        self.cuts.append(Cut(self.length_seconds, recording_seconds, length_seconds))

    def on_the_recording(self, start_seconds: float, end_seconds: float) -> tuple[float, float]:
        """Where what lies there on the tape was spoken: within one cut, for no word goes on after a pause."""
        middle = (start_seconds + end_seconds) / 2
        cut = min(self.cuts, key=lambda cut: _distance(cut, middle))
        return _recorded(cut, start_seconds), _recorded(cut, end_seconds)


def _distance(cut: Cut, tape_seconds: float) -> float:
    return max(cut.tape_seconds - tape_seconds, tape_seconds - cut.tape_seconds - cut.length_seconds, 0.0)


def _recorded(cut: Cut, tape_seconds: float) -> float:
    return cut.recording_seconds + min(max(tape_seconds - cut.tape_seconds, 0.0), cut.length_seconds)
