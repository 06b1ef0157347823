"""Pseudo-noise in µ-law that says in every millisecond whose it is and where in its stream it stands, found again in
recorded sound bit by bit.

Eight codes carry 48 scrambled bits: the stream, the position, a check. So nothing is searched for: any eight samples of
a recording are unscrambled, and they either say who they are or they are no noise of ours. At 16 kHz the same codes are
sent as linear samples, twice as fast.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tests.pbx.spans import Span, united

Codes = NDArray[np.uint8]
Samples = NDArray[np.int16]

#: Codes that carry one position: 1 ms at 8 kHz.
GROUP: Final = 8
FRAME: Final = 160
STREAMS: Final = 1 << 11
#: 35 minutes at 8 kHz; then a stream begins again.
GROUPS: Final = 1 << 21

#: Streams that Asterisk itself plays.
PROMPT: Final = STREAMS - 1
MUSIC: Final = STREAMS - 2

_MASK: Final = np.uint64((1 << 48) - 1)
_FACTORS: Final = (np.uint64(0xD6E8FEB86659 | 1), np.uint64(0xA5CB3DE1F1B7))
_INVERSES: Final = tuple(np.uint64(pow(int(factor), -1, 1 << 48)) for factor in _FACTORS)
_SHIFT: Final = np.uint64(24)
_CHECK: Final = np.uint64(0xB5C3)
_SILENT_CODE: Final = 255


def _decoded_codes() -> Samples:
    codes = ~np.arange(256, dtype=np.int32) & 0xFF
    magnitudes = (((codes & 0x0F) << 3) + 0x84 << ((codes & 0x70) >> 4)) - 0x84
    return np.where(codes & 0x80, -magnitudes, magnitudes).astype(np.int16)


#: The linear sample of each code.
LINEAR: Final = _decoded_codes()
_LOUDNESS: Final = np.abs(LINEAR.astype(np.int32))
#: Sixty-four codes: audible, not loud, and never the code of silence.
_ALPHABET: Final = np.flatnonzero((_LOUDNESS > 400) & (_LOUDNESS < 2000)).astype(np.uint8)


def _code_of_sample() -> Codes:
    """Exact for the samples that µ-law has; 255 for all others."""
    table = np.full(65536, _SILENT_CODE, np.uint8)
    table[LINEAR.astype(np.int32) + 32768] = np.arange(256, dtype=np.uint8)
    return table


_CODES: Final = _code_of_sample()
_NO_SYMBOL: Final = 64
_SYMBOLS: Final = np.full(256, _NO_SYMBOL, np.uint8)
_SYMBOLS[_ALPHABET] = np.arange(64, dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of one stream without a break, in samples of the sound it was found in."""

    stream: int
    #: Where in the sound.
    at: int
    #: Which sample of the stream stands there.
    source: int
    length: int

    @property
    def end(self) -> int:
        return self.at + self.length

    @property
    def source_end(self) -> int:
        return self.source + self.length


def codes(stream: int, position: int, length: int) -> Codes:
    """A piece of a stream. Position and length in samples, whole groups."""
    assert 0 <= stream < STREAMS
    assert position % GROUP == 0 == length % GROUP
    groups = np.arange(position // GROUP, (position + length) // GROUP, dtype=np.uint64) % np.uint64(GROUPS)
    values = _scrambled(groups | np.uint64(stream << 21))
    symbols = values[:, None] >> (np.arange(GROUP, dtype=np.uint64) * np.uint64(6)) & np.uint64(63)
    return _ALPHABET[symbols.astype(np.intp)].reshape(-1)


def linear(stream: int, position: int, length: int) -> Samples:
    return LINEAR[codes(stream, position, length)]


def encoded(samples: Samples) -> Codes:
    """µ-law of samples that µ-law has; 255 where it has none."""
    return _CODES[samples.astype(np.int32) + 32768]


def nearest_codes(samples: NDArray[np.int64] | NDArray[np.float64] | Samples) -> Codes:
    """µ-law of any sound, for phones that speak."""
    order = np.argsort(LINEAR, kind="stable")
    levels = LINEAR[order].astype(np.int32)
    places = np.clip(np.searchsorted(levels, samples), 1, 255)
    is_lower = samples - levels[places - 1] <= levels[places] - samples
    return order[np.where(is_lower, places - 1, places)].astype(np.uint8)


def runs(samples: Samples, *, streams: Iterable[int] | None = None) -> list[Run]:
    """All noise of ours in recorded mono sound."""
    return runs_of_codes(encoded(samples), streams=streams)


def runs_of_codes(sound: Codes, *, streams: Iterable[int] | None = None) -> list[Run]:
    """The same in µ-law. In the sound's order; a break is where a sample is missing, doubled or another's.

    A run has at least two groups, so chance (one in 65536 for each eight samples) makes none.
    """
    stream_of, source_of, places = _recognised(sound)
    if streams is not None:
        wanted = np.isin(stream_of, list(streams))
        stream_of, source_of, places = stream_of[wanted], source_of[wanted], places[wanted]
    if not len(places):
        return []
    # By lines first: what chance put between two groups of a run must not break it.
    order = np.lexsort((places, source_of - places, stream_of))
    stream_of, source_of, places = stream_of[order], source_of[order], places[order]
    same = (np.diff(places) == GROUP) & (np.diff(source_of) == GROUP) & (np.diff(stream_of) == 0)
    starts = np.concatenate(([0], np.flatnonzero(~same) + 1))
    counts = np.diff(np.concatenate((starts, [len(places)])))
    found = [
        Run(int(stream_of[start]), int(places[start]), int(source_of[start]), int(count) * GROUP)
        for start, count in zip(starts, counts, strict=True)
        if count > 1
    ]
    return sorted(found, key=lambda run: run.at)


def _recognised(sound: Codes) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Stream, source sample and place of every group, wherever in the sound it begins."""
    if len(sound) < GROUP:
        nothing = np.zeros(0, np.int64)
        return nothing, nothing, nothing
    symbols = _SYMBOLS[sound]
    count = len(sound) - GROUP + 1
    values = np.zeros(count, np.uint64)
    is_whole = np.ones(count, np.bool_)
    for offset in range(GROUP):
        piece = symbols[offset : offset + count]
        is_whole &= piece != _NO_SYMBOL
        values |= piece.astype(np.uint64) << np.uint64(6 * offset)
    places = np.flatnonzero(is_whole)
    plain = _unscrambled(values[places])
    names = plain & np.uint64((1 << 32) - 1)
    is_ours = plain >> np.uint64(32) == _checks(names)
    names = names[is_ours]
    return (
        (names >> np.uint64(21)).astype(np.int64),
        (names & np.uint64(GROUPS - 1)).astype(np.int64) * GROUP,
        places[is_ours].astype(np.int64),
    )


def _checks(names: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return (names ^ names >> np.uint64(16) ^ _CHECK) & np.uint64(0xFFFF)


def _scrambled(names: NDArray[np.uint64]) -> NDArray[np.uint64]:
    values = names | _checks(names) << np.uint64(32)
    for factor in _FACTORS:
        values = values * factor & _MASK
        values ^= values >> _SHIFT
    return values


def _unscrambled(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    # A shift by half of the bits undoes itself.
    for inverse in reversed(_INVERSES):
        values = values ^ values >> _SHIFT
        values = values * inverse & _MASK
    return values


def said_in(pieces: Iterable[Run]) -> list[Span]:
    """The samples of the stream that are there at all."""
    return united((piece.source, piece.source_end) for piece in pieces)
