"""Words that Whisper really heard, apart from those that it made up. Pure; knows no model."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final, Protocol

from connector.domain.speech import Voice, Word
from connector.ports.workshop import VOICE_PADDING_SECONDS
from connector.transcription.tape import Tape

#: Whisper's own limits: no speech, and not sure of it either.
_NO_SPEECH: Final = 0.6
_UNSURE: Final = -1.0
#: Nobody says the same word more often in a row; a model that has lost its way does.
_MOST_REPEATED: Final = 5
#: So late Whisper says that a word begins which follows a pause, at most; what is later follows something unheard.
_MOST_LATE_SECONDS: Final = 0.5


class SpokenWord(Protocol):
    """As faster-whisper gives it."""

    word: str
    start: float
    end: float
    probability: float


class Segment(Protocol):
    no_speech_prob: float
    avg_logprob: float
    words: Sequence[SpokenWord] | None


def words_of(segments: Iterable[Segment], tape: Tape) -> list[Word]:
    """On the recording's clock."""
    heard = (segment for segment in segments if not is_made_up(segment))
    return [_word(word, tape) for segment in heard for word in segment.words or () if word.word.strip()]


def is_made_up(segment: Segment) -> bool:
    return segment.no_speech_prob > _NO_SPEECH and segment.avg_logprob < _UNSURE


def without_repetition(words: Sequence[Word]) -> tuple[Word, ...]:
    kept: list[Word] = []
    for _, run in groupby(words, key=_bare):
        same = list(run)
        kept += same[:1] if len(same) > _MOST_REPEATED else same
    return tuple(kept)


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


def _bare(word: Word) -> str:
    letters = "".join(sign for sign in word.text.casefold() if sign.isalnum())
    return letters or word.text


def _word(word: SpokenWord, tape: Tape) -> Word:
    start, end = tape.on_the_recording(float(word.start), float(word.end))
    return Word(word.word.strip(), round(start, 3), round(end, 3), round(float(word.probability), 4))
