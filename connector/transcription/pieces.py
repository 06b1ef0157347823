"""Which channels of a sound are worth hearing, and where one is cut that is too long. Pure; knows no file and no
engine."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from connector.domain.speech import Voice

#: In less no engine hears a word, but many invent one.
LEAST_VOICE_SECONDS: Final = 0.3


class Piece(NamedTuple):
    """From here to there on the recording's clock."""

    start_seconds: float
    end_seconds: float


def voice_seconds(voices: Sequence[Voice]) -> float:
    return sum(voice.end_seconds - voice.start_seconds for voice in voices)


def heard_channels(voices: Sequence[Sequence[Voice]]) -> list[int]:
    """Those with enough voice, the one with most of it first: from it the language is learned best."""
    seconds = [voice_seconds(channel) for channel in voices]
    worth = [channel for channel, its in enumerate(seconds) if its >= LEAST_VOICE_SECONDS]
    return sorted(worth, key=lambda channel: -seconds[channel])


def pieces(voices: Sequence[Voice], duration_seconds: float, longest_seconds: float) -> tuple[Piece, ...]:
    """One channel in pieces no longer than that, cut in silences where there are any; silent ones are left out."""
    found = []
    start = 0.0
    while start < duration_seconds:
        end = _cut(voices, start, duration_seconds, longest_seconds)
        found.append(Piece(start, end))
        start = end
    return tuple(piece for piece in found if within(voices, piece))


def within(voices: Sequence[Voice], piece: Piece) -> tuple[Voice, ...]:
    """What of them lies in the piece."""
    clipped = (
        Voice(max(voice.start_seconds, piece.start_seconds), min(voice.end_seconds, piece.end_seconds))
        for voice in voices
    )
    return tuple(voice for voice in clipped if voice.start_seconds < voice.end_seconds)


def _cut(voices: Sequence[Voice], start: float, duration_seconds: float, longest_seconds: float) -> float:
    if duration_seconds - start <= longest_seconds:
        return duration_seconds
    last = start + longest_seconds
    silences = _silences(voices, Piece(start + longest_seconds / 2, last))
    if not silences:
        return last
    best = max(silences, key=lambda silence: silence.end_seconds - silence.start_seconds)
    return (best.start_seconds + best.end_seconds) / 2


def _silences(voices: Sequence[Voice], piece: Piece) -> list[Piece]:
    spoken = within(voices, piece)
    begins = [piece.start_seconds, *(voice.end_seconds for voice in spoken)]
    ends = [*(voice.start_seconds for voice in spoken), piece.end_seconds]
    return [Piece(begin, end) for begin, end in zip(begins, ends, strict=True) if begin < end]
