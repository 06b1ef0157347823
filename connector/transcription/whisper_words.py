"""Words that Whisper really heard, apart from those that it made up, here or in a server. Pure; knows no model."""

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final, Protocol

from connector.domain.speech import Word
from connector.domain.wording import UNSPACED, confidence_of
from connector.transcription.tape import Tape

#: Whisper's own limits: no speech, and not sure of it either.
_NO_SPEECH: Final = 0.6
_UNSURE: Final = -1.0
#: Nobody says the same word more often in a row; a model that has lost its way does.
_MOST_REPEATED: Final = 5
_STANDS_ALONE: Final = re.compile(rf"[{UNSPACED}]")


class SpokenWord(Protocol):
    """As faster-whisper gives it."""

    word: str
    start: float
    end: float
    probability: float


class Doubtful(Protocol):
    """How sure it is of a sentence; None: it is not said."""

    @property
    def no_speech_prob(self) -> float | None: ...
    @property
    def avg_logprob(self) -> float | None: ...


class Segment(Doubtful, Protocol):
    words: Sequence[SpokenWord] | None


def words_of(segments: Iterable[Segment], tape: Tape) -> list[Word]:
    """On the recording's clock."""
    heard = (segment for segment in segments if not is_made_up(segment))
    spoken = (segment.words or () for segment in heard)
    return [word for words in spoken for word in whole(_word(word, tape) for word in words if word.word.strip())]


def whole(words: Iterable[Word]) -> list[Word]:
    """Of pieces as Whisper writes them, with a space before each that begins a word: `n` and `'est`, `17` and `.50` are
    one. Where words stand without spaces, each piece is one."""
    found: list[Word] = []
    for word in words:
        if found and not word.text[0].isspace() and not _STANDS_ALONE.match(word.text):
            found[-1] = _together(found[-1], word)
        else:
            found.append(word)
    return [word._replace(text=word.text.strip()) for word in found]


def is_made_up(segment: Doubtful) -> bool:
    no_speech, logprob = segment.no_speech_prob, segment.avg_logprob
    return no_speech is not None and no_speech > _NO_SPEECH and logprob is not None and logprob < _UNSURE


def without_repetition(words: Sequence[Word]) -> tuple[Word, ...]:
    kept: list[Word] = []
    for _, run in groupby(words, key=_bare):
        same = list(run)
        kept += same[:1] if len(same) > _MOST_REPEATED else same
    return tuple(kept)


def _bare(word: Word) -> str:
    letters = "".join(sign for sign in word.text.casefold() if sign.isalnum())
    return letters or word.text


def _together(word: Word, more: Word) -> Word:
    return Word(word.text + more.text, word.start_seconds, more.end_seconds, confidence_of((word, more)))


def _word(word: SpokenWord, tape: Tape) -> Word:
    start, end = tape.on_the_recording(float(word.start), float(word.end))
    return Word(word.word, round(start, 3), round(end, 3), round(float(word.probability), 4))
