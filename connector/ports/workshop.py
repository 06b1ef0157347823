"""The workshop that turns segments into artefacts; what wants a codec, in processes of its own."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from connector.domain.assembly import AssemblyPlan
from connector.domain.options import AudioFormat
from connector.domain.recording import ArtefactKind, Levels
from connector.domain.speech import Voice

#: By so much each voice is wider, at both ends, than what was heard of it.
VOICE_PADDING_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a source file really holds, read from its bytes and not from its header."""

    frames: int
    sample_rate: int
    #: "" when it is whole, else what is wrong and what may be lost: unclosed, truncated, empty, no sound file.
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One file to make in the pass."""

    kind: ArtefactKind
    format: AudioFormat
    path: Path
    #: kbit/s; None = the format's default.
    bitrate: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    plan: AssemblyPlan
    #: Where each source of the plan lies.
    sources: dict[str, Path]
    products: tuple[Product, ...]
    peaks: Path | None
    #: Written into each file, next to the channel map: title, date, comment …
    tags: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    kind: ArtefactKind
    format: AudioFormat
    path: Path
    size_bytes: int
    md5: str
    sha256: str
    duration_seconds: float
    sample_rate: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    made: tuple[Made, ...]
    levels: tuple[Levels, ...]


class Step(NamedTuple):
    """From that frame on the sound stands so many frames later in the other file than before; negative: earlier."""

    frame: int
    later_frames: int


class Workshop(Protocol):
    """A crash of a workshop process raises BrokenAudio for the job that it was at, and for no other."""

    async def survey(self, source: Path) -> Survey:
        """What the file holds. Raises SourceMissing; anything else unreadable is a Survey with trouble."""
        ...

    async def shared_offset(self, first: Path, second: Path, expected_frames: int, window_frames: int) -> int | None:
        """Where the start of `second` sounds in `first`, in frames, when the same sound stands bit by bit in both
        within the window around the expected place and nowhere else in it; None when that cannot be said."""
        ...

    async def steps(
        self, first: Path, second: Path, offset_frames: int, window_frames: int, frames: int
    ) -> tuple[Step, ...]:
        """How the first `frames` of `second`, whose start sounds at `offset_frames` of `first`, go on: where the same
        sound goes out of step by no more than the window. Silence, and what only one of them holds, says nothing."""
        ...

    async def make(self, job: Job) -> Result:
        """Every product in one pass and bounded memory, each whole (written beside, then renamed) or not at all. Raises
        BrokenAudio or NoRoom; the sources are never touched."""
        ...

    async def voices(self, path: Path) -> tuple[tuple[Voice, ...], ...]:
        """For each channel of a WAV file: where there is voice. Silence, noise and the tones of the line are none.
        In order, padded, and half a second apart at least. Raises SourceMissing, and BrokenAudio for what is no
        such file."""
        ...

    async def decode(self, source: Path, target: Path) -> None:
        """A sound of any format as a WAV file of 16 bits with all its channels, at its own rate or at 16 kHz if that is
        higher; whole or not at all. Raises SourceMissing, BrokenAudio or NoRoom; the source is never touched."""
        ...

    async def close(self) -> None:
        """End the processes."""
        ...
