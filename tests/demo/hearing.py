"""Whose voice a piece of recorded sound is, sample by sample, and how much of anything else is in it.

Knows voices and samples; no call, no side and no file's meaning.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Samples = NDArray[np.int16]
Mask = NDArray[np.bool_]

#: So many samples in a row are looked up in a voice; what is found is followed to both sides.
_GRAIN: Final = 64
#: A quieter grain may stand in several places.
_AUDIBLE: Final = 100
#: A shorter run is chance.
_LEAST_RUN: Final = 160
_MOST_LEAK_DECIBELS: Final = -60.0
#: Asterisk itself may lose a frame of 20 ms where a phone comes or goes.
_LEAST_COMPLETE: Final = 0.98
_WEIGHTS: Final = np.random.default_rng(7).integers(1 << 62, size=_GRAIN, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of a voice without a break."""

    #: Where it stands in the sound, and which sample of the voice that is.
    at: int
    source: int
    length: int


class Voice:
    """One that is known, and can be found again bit by bit."""

    def __init__(self, samples: Samples) -> None:
        self.samples = samples
        names, is_audible = _grains(samples)
        order = np.argsort(names, kind="stable")
        order = order[is_audible[order]]
        self._names, self._places = names[order], order

    @classmethod
    def read(cls, path: Path) -> "Voice":
        return cls(soundfile.read(path, dtype="int16")[0])

    def runs(self, sound: Samples) -> list[Run]:
        """Where it stands in that sound, in order."""
        if len(sound) < _GRAIN or not len(self._names):
            return []
        names, is_audible = _grains(sound)
        near = np.minimum(np.searchsorted(self._names, names), len(self._names) - 1)
        candidates = np.flatnonzero((self._names[near] == names) & is_audible)
        found: list[Run] = []
        end = 0
        for at in candidates:
            if at >= end:
                run = self._around(sound, int(at), int(self._places[near[at]]), end)
                if run.length >= _LEAST_RUN:
                    found.append(run)
                    end = run.at + run.length
        return sorted([*found, *self._splinters(sound, found)], key=lambda run: run.at)

    def _splinters(self, sound: Samples, found: Sequence[Run]) -> Iterator[Run]:
        """The few samples that stand beyond a hole from where they belong: a hole's place is known to a frame. They
        are too short to be known by themselves, but go before the next run or after the last one."""
        for before, after in pairwise(found):
            at = before.at + before.length
            heard = np.flatnonzero(sound[at : after.at])
            if not len(heard):
                continue
            early, late = int(heard[-1]) + 1, after.at - at - int(heard[0])
            beyond = before.source + before.length
            if np.array_equal(sound[at : at + early], self.samples[after.source - early : after.source]):
                yield Run(at, after.source - early, early)
            elif np.array_equal(sound[after.at - late : after.at], self.samples[beyond : beyond + late]):
                yield Run(after.at - late, beyond, late)

    def spoken(self, runs: Iterable[Run]) -> Mask:
        """Which of its audible samples these runs hold."""
        mask = np.zeros(len(self.samples), bool)
        for run in runs:
            mask[run.source : run.source + run.length] = True
        mask &= self.samples != 0
        return mask

    def _around(self, sound: Samples, at: int, source: int, earliest: int) -> Run:
        ahead = _same(sound[at:], self.samples[source:])
        behind = _same(sound[earliest:at][::-1], self.samples[:source][::-1])
        return Run(at - behind, source - behind, behind + ahead)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What is heard on one side of a recording."""

    #: How long its own voices are heard there, pauses left out.
    own_seconds: float
    #: Of what the other side's phones heard of these voices, how much is in the recording; None where nobody knows.
    complete: float | None
    #: How loud everything else on it is beside the other side's voices. One step of one sample is the least.
    leak_decibels: float

    @property
    def is_only_own(self) -> bool:
        return self.own_seconds > 0 and self.leak_decibels <= _MOST_LEAK_DECIBELS

    @property
    def is_complete(self) -> bool:
        return self.complete is None or self.complete >= _LEAST_COMPLETE


def side(channel: Samples, rate: int, *, own: Sequence[Voice], other: Samples, heard: Sequence[Samples] = ()) -> Side:
    """`other` is the recording's other channel; `heard` what the phones at the other end heard of this one's."""
    runs = [voice.runs(channel) for voice in own]
    rest = channel.astype(np.float64)
    for run in (run for found in runs for run in found):
        rest[run.at : run.at + run.length] = 0
    rest_energy = float((rest**2).sum())
    own_samples = np.count_nonzero(channel) - np.count_nonzero(rest)
    leak = 10 * np.log10(max(rest_energy, 1.0) / max(float((other.astype(np.float64) ** 2).sum()), 1.0))
    return Side(
        own_seconds=own_samples / rate,
        complete=_completeness(own, runs, heard) if heard else None,
        leak_decibels=round(float(leak), 1),
    )


def _completeness(own: Sequence[Voice], runs: Sequence[list[Run]], heard: Sequence[Samples]) -> float:
    wanted = present = 0
    for voice, found in zip(own, runs, strict=True):
        truth = voice.spoken(run for sound in heard for run in voice.runs(sound))
        wanted += int(truth.sum())
        present += int((truth & voice.spoken(found)).sum())
    return round(present / max(wanted, 1), 5)


def _grains(sound: Samples) -> tuple[NDArray[np.int64], Mask]:
    """A number for each stretch of that length, and whether it can be heard."""
    if len(sound) < _GRAIN:
        return np.zeros(0, np.int64), np.zeros(0, bool)
    # Integers that overflow still tell one stretch from another.
    names = sliding_window_view(sound.astype(np.int64), _GRAIN) @ _WEIGHTS
    loud = np.concatenate(([0], np.cumsum(np.abs(sound.astype(np.int32)) >= _AUDIBLE)))
    return names, loud[_GRAIN:] - loud[:-_GRAIN] >= _GRAIN // 4


def _same(one: Samples, other: Samples) -> int:
    """How far both agree from their beginnings."""
    length = min(len(one), len(other))
    differs = np.flatnonzero(one[:length] != other[:length])
    return int(differs[0]) if len(differs) else length
