"""Words as engines give them, set right: on the recording's clock, within the sound, in order. Pure; knows no
format."""

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Final

from connector.domain.speech import Voice, Word
from connector.ports.workshop import VOICE_PADDING_SECONDS
from connector.transcription.pieces import Piece, voice_seconds, within

#: So late Whisper says that a word begins which follows a pause, at most; what is later follows something unheard.
_MOST_LATE_SECONDS: Final = 0.5


def mended(words: Iterable[Word], piece: Piece) -> tuple[Word, ...]:
    """Of times within the piece times on the recording's clock. ValueError for what is no time at all."""
    placed = (_placed(word, piece) for word in words if word.text.strip())
    return tuple(sorted(placed, key=lambda word: word.start_seconds))


def spread(text: str, piece: Piece, voices: Sequence[Voice], confidence: float | None = None) -> list[Word]:
    """The words of a text of which only the beginning and the end are known, evenly over the voice in between, each
    whole within one; times from the piece's beginning on."""
    texts = text.split()
    spoken = within(voices, piece) or (Voice(*piece),)
    each = voice_seconds(spoken) / max(len(texts), 1)
    words = []
    voice, passed = 0, 0.0
    for index, written in enumerate(texts):
        while (index + 0.5) * each > passed + _length(spoken[voice]) and voice + 1 < len(spoken):
            passed += _length(spoken[voice])
            voice += 1
        begin, end = spoken[voice]
        start = max(begin, begin + index * each - passed)
        stop = min(end, begin + (index + 1) * each - passed)
        words.append(Word(written, start - piece.start_seconds, stop - piece.start_seconds, confidence))
    return words


def begun_with_voice(words: Sequence[Word], voices: Sequence[Voice]) -> tuple[Word, ...]:
    """The first word of each voice begins with it, as far as it can be that word's beginning."""
    placed = sorted(words, key=lambda word: word.start_seconds)
    starts = [word.start_seconds for word in placed]
    for voice in voices:
        begin = voice.start_seconds + VOICE_PADDING_SECONDS
        first = bisect_left(starts, voice.start_seconds)
        if first < len(placed) and starts[first] - _MOST_LATE_SECONDS <= begin < placed[first].end_seconds:
            placed[first] = placed[first]._replace(start_seconds=round(begin, 3))
    return tuple(placed)


def share(number: float | None) -> float | None:
    """A confidence; None for what is none."""
    return number if number is not None and 0.0 <= number <= 1.0 else None


def _placed(word: Word, piece: Piece) -> Word:
    if not (math.isfinite(word.start_seconds) and math.isfinite(word.end_seconds)):
        raise ValueError("a word stands at no time")
    start = _clamped(piece.start_seconds + word.start_seconds, piece)
    end = _clamped(piece.start_seconds + word.end_seconds, piece)
    return Word(word.text.strip(), start, max(start, end), share(word.confidence))


def _clamped(seconds: float, piece: Piece) -> float:
    return min(max(seconds, piece.start_seconds), piece.end_seconds)


def _length(voice: Voice) -> float:
    return voice.end_seconds - voice.start_seconds
