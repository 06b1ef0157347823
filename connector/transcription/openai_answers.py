"""What servers that speak as OpenAI's /v1/audio/transcriptions answer, as words: with times for each, for sentences,
or for none. Pure; knows no HTTP but the numbers of its refusals."""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Final

import msgspec

from connector.domain.speech import Heard, Voice, Word
from connector.transcription.json_answers import complaint, decoded
from connector.transcription.languages import code_of
from connector.transcription.pieces import Piece
from connector.transcription.whisper_words import is_made_up, whole, without_repetition
from connector.transcription.word_times import begun_with_voice, mended, share, spread

#: Some servers write it where they reckon none.
_NO_LOGPROB: Final = -1.0
#: No sound is so long; LocalAI wrote nanoseconds once.
_NANOSECONDS_FROM: Final = 1e8
#: So many words of a text are looked through for the one that was heard.
_NEAR_WORDS: Final = 6


class Detail(Enum):
    """How much a server is asked to tell, and the fields that say so."""

    WORDS = (("response_format", "verbose_json"), ("timestamp_granularities[]", "word segment"))
    SENTENCES = (("response_format", "verbose_json"),)
    TEXT = (("response_format", "json"),)

    @property
    def fields(self) -> list[tuple[str, str]]:
        return [(name, value) for name, values in self.value for value in values.split()]


class _Word(msgspec.Struct):
    word: str = ""
    start: float | None = None
    end: float | None = None
    probability: float | None = None


class _Segment(msgspec.Struct):
    text: str = ""
    start: float | None = None
    end: float | None = None
    avg_logprob: float | None = None
    no_speech_prob: float | None = None
    words: list[_Word] | None = None


class _Answer(msgspec.Struct):
    text: str | None = None
    language: str | None = None
    language_probability: float | None = None
    words: list[_Word] | None = None
    segments: list[_Segment] | None = None


def plainer(asked: Detail, status: int, content: bytes | bytearray) -> Detail | None:
    """What to ask for instead, when that is what the server does not know; None: something else is wrong."""
    if status not in {400, 422}:
        return None
    said = complaint(content).lower()
    if "response_format" in said or "verbose_json" in said:
        return Detail.TEXT if asked is not Detail.TEXT else None
    return Detail.SENTENCES if asked is Detail.WORDS and "timestamp_granularities" in said else None


def heard(content: bytes | bytearray, piece: Piece, voices: Sequence[Voice]) -> Heard:
    """The words of a piece of a channel with that voice, on the recording's clock. ValueError for what is no answer."""
    answer = decoded(content, _Answer)
    if answer.text is None and answer.words is None and answer.segments is None:
        raise ValueError("JSON without any text in it")
    words = without_repetition(mended(_words(answer, piece, voices), piece))
    return Heard(
        # Behind it is Whisper as a rule, which begins the first word after a pause too late.
        words=begun_with_voice(words, voices) if _tells_times(answer) else words,
        language=code_of(answer.language),
        language_confidence=share(answer.language_probability),
    )


def _tells_times(answer: _Answer) -> bool:
    return bool(answer.words) or any(segment.words for segment in answer.segments or ())


def _words(answer: _Answer, piece: Piece, voices: Sequence[Voice]) -> Sequence[Word]:
    segments = answer.segments or []
    if answer.words:
        words = _whole(list(_timed(answer.words, _Confidences(segments))))
        written = _written(words, answer.text or "".join(segment.text for segment in segments))
        return _without_made_up(written, segments)
    if segments:
        heard = (segment for segment in segments if not is_made_up(segment))
        return [word for segment in heard for word in _of_segment(segment, piece, voices)]
    return spread(answer.text or "", piece, voices)


def _without_made_up(words: Sequence[Word], segments: Sequence[_Segment]) -> list[Word]:
    made_up = [(_seconds(one.start, 0.0), _seconds(one.end, math.inf)) for one in segments if is_made_up(one)]
    return [word for word in words if not any(start <= word.start_seconds < end for start, end in made_up)]


def _of_segment(segment: _Segment, piece: Piece, voices: Sequence[Voice]) -> Sequence[Word]:
    if segment.words:
        return _written(_whole(list(_timed(segment.words, _Confidences([segment])))), segment.text)
    length = piece.end_seconds - piece.start_seconds
    start = _seconds(segment.start, 0.0)
    end = _seconds(segment.end, length)
    start, end = min(max(start, 0.0), length), min(max(end, 0.0), length)
    if not start < end:
        start, end = min(start, end), length
    sentence = Piece(piece.start_seconds + start, piece.start_seconds + end)
    shift = sentence.start_seconds - piece.start_seconds
    return [
        word._replace(start_seconds=word.start_seconds + shift, end_seconds=word.end_seconds + shift)
        for word in spread(segment.text, sentence, voices, _confidence(segment))
    ]


class _Confidences:
    """By the time of a word: that of the sentence it stands in, when its own is not said."""

    def __init__(self, segments: Sequence[_Segment]) -> None:
        timed = sorted((_seconds(segment.start, 0.0), _confidence(segment)) for segment in segments)
        self._starts = [start for start, _ in timed]
        self._values = [value for _, value in timed]

    def at(self, seconds: float) -> float | None:
        place = bisect_right(self._starts, seconds)
        return self._values[max(place - 1, 0)] if self._values else None


def _timed(words: Sequence[_Word], confidences: _Confidences) -> Iterator[Word]:
    # A word without a time, a number as a rule, follows the one before it.
    end = 0.0
    for word in words:
        start = _seconds(word.start, end)
        end = _seconds(word.end, start)
        confidence = word.probability if word.probability is not None else confidences.at((start + end) / 2)
        yield Word(word.word, start, end, confidence)


def _whole(words: Sequence[Word]) -> list[Word]:
    """Some servers write words as Whisper does, with the spaces before them."""
    if any(word.text[:1].isspace() for word in words):
        return whole(word for word in words if word.text.strip())
    return list(words)


def _written(words: list[Word], text: str) -> list[Word]:
    """With the signs that stand behind each in the text: OpenAI's words come bare."""
    tokens = text.split()
    bare = [_bare(token) for token in tokens]
    place = 0
    written = []
    for word in words:
        wanted = _bare(word.text)
        near = range(place, min(place + _NEAR_WORDS, len(tokens)))
        found = next((index for index in near if wanted and bare[index] == wanted), None)
        written.append(word if found is None else word._replace(text=tokens[found]))
        place = place if found is None else found + 1
    return written


def _bare(text: str) -> str:
    return "".join(sign for sign in text.casefold() if sign.isalnum())


def _confidence(segment: _Segment) -> float | None:
    logprob = segment.avg_logprob
    if logprob is None or not -10.0 < logprob < 0.0 or logprob == _NO_LOGPROB:
        return None
    return math.exp(logprob)


def _seconds(said: float | None, otherwise: float) -> float:
    if said is None:
        return otherwise
    return said / 1e9 if said >= _NANOSECONDS_FROM else said
