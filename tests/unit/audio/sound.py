"""Known sound, files that hold it, and plans over them."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import soundfile

from connector.audio.samples import Samples
from connector.domain.assembly import AssemblyPlan, Blank, Piece
from connector.domain.call import Role, Side
from connector.domain.options import AudioFormat
from connector.domain.recording import ArtefactKind, ChannelLabel
from connector.ports.workshop import Job, Product

RATE = 8000
CHANNELS = (
    ChannelLabel(index=0, role=Role.CALLER, party="+4930123456"),
    ChannelLabel(index=1, role=Role.AGENT, party="201"),
)


def noise(frames: int, seed: int = 1, loudness: int = 32768) -> Samples:
    return np.random.default_rng(seed).integers(-loudness, loudness, frames).astype(np.int16)


def tone(frames: int, hertz: float, rate: int = RATE, loudness: float = 8000) -> Samples:
    return np.rint(loudness * np.sin(2 * np.pi * hertz * np.arange(frames) / rate)).astype(np.int16)


def wav(path: Path, samples: Samples, rate: int = RATE) -> Path:
    soundfile.write(path, samples, rate, subtype="PCM_16", format="WAV")
    return path


def read(path: Path) -> Samples:
    samples: Samples = soundfile.read(path, dtype="int16")[0]
    return samples


def piece(
    source: str,
    frames: int,
    *,
    side: Side = Side.LEFT,
    row: int | None = None,
    at_frame: int = 0,
    source_frame: int = 0,
    source_rate: int = RATE,
) -> Piece:
    return Piece(
        source=source,
        source_rate=source_rate,
        source_frame=source_frame,
        frames=frames,
        row=(Side.LEFT, Side.RIGHT).index(side) if row is None else row,
        at_frame=at_frame,
    )


def plan(
    frames: int,
    *pieces: Piece,
    blanks: Iterable[tuple[int, int]] = (),
    rate: int = RATE,
    sides: tuple[Side, ...] | None = None,
) -> AssemblyPlan:
    """Of a call; with `sides`, of a conference with a row for each."""
    return AssemblyPlan(
        sample_rate=rate,
        frames=frames,
        pieces=pieces,
        blanks=tuple(Blank(start_frame=start, end_frame=end) for start, end in blanks),
        gaps=(),
        channels=CHANNELS if sides is None else participants(len(sides)),
        sides=sides or (Side.LEFT, Side.RIGHT),
    )


def participants(count: int) -> tuple[ChannelLabel, ...]:
    return tuple(ChannelLabel(index=row, role=Role.AGENT, party=str(200 + row)) for row in range(count))


#: Every kind that has any.
SOUNDING = tuple(kind for kind in ArtefactKind if kind.is_sound)


def product(folder: Path, kind: ArtefactKind, form: AudioFormat, bitrate: int | None = None) -> Product:
    return Product(kind=kind, format=form, path=folder / f"{kind}.{form}", bitrate=bitrate)


def job(
    wanted: AssemblyPlan,
    sources: dict[str, Path],
    *products: Product,
    peaks: Path | None = None,
    tags: dict[str, str] | None = None,
) -> Job:
    return Job(plan=wanted, sources=sources, products=products, peaks=peaks, tags=tags or {})
