"""The oracle of tests/pbx for the legs of the scripted switch. Knows sound and clocks only."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.freeswitch.legs import Leg
from tests.freeswitch.voices import FRAMES_PER_SECOND
from tests.pbx import noise, proof
from tests.pbx.proof import Findings, Recording, Voice
from tests.pbx.spans import overlap


def voice(leg: Leg, *, between: tuple[float, float] | None = None, name: str = "") -> Voice:
    """What that leg said from its first bridge on, or between two times of this machine's clock."""
    spans = leg.said()
    size = leg.rate // FRAMES_PER_SECOND
    if between is not None:
        first, end = (_samples(leg, wall) for wall in between)
        spans = overlap(spans, [(first, end)])
    elif leg.bridged_frame is not None and leg.began_frame is not None:
        spans = overlap(spans, [((leg.bridged_frame - leg.began_frame) * size, 1 << 40)])
    return Voice(
        name=name or leg.number, stream=leg.stream, began=leg.began, sample_rate=leg.rate, expected=tuple(spans)
    )


def assert_said(
    path: Path,
    *,
    left: Leg | Sequence[Leg],
    right: Leg | Sequence[Leg],
    between: tuple[float, float] | None = None,
    start: float | None = None,
    **limits: Any,
) -> Findings:
    """A stereo recording against the phones; the limits are those of `proof.assert_complete`."""
    sides = [[side] if isinstance(side, Leg) else list(side) for side in (left, right)]
    voices = [[voice(leg, between=between) for leg in side] for side in sides]
    return proof.assert_complete(proof.read(path, start), left=voices[0], right=voices[1], **limits)


def read_mono(path: Path) -> Recording:
    """A file of one channel, as the left side."""
    import soundfile

    with contextlib.closing(soundfile.SoundFile(path)) as file:
        samples = file.read(dtype="int16", always_2d=True)[:, 0]
        return Recording(left=samples, right=np.zeros_like(samples), sample_rate=file.samplerate)


def assert_alone(path: Path, leg: Leg, *, between: tuple[float, float] | None = None, **limits: Any) -> Findings:
    """A one-leg file has that leg's voice and nobody else's."""
    return proof.assert_complete(read_mono(path), left=[voice(leg, between=between)], right=[], **limits)


def _samples(leg: Leg, wall: float) -> int:
    return round(max(0.0, (wall - leg.began) * leg.rate) / noise.GROUP) * noise.GROUP
