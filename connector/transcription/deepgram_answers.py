"""What servers that speak as Deepgram's /v1/listen answer, as the words of each channel. Pure; knows no HTTP."""

import msgspec

from connector.domain.speech import Heard, Word
from connector.transcription.json_answers import decoded
from connector.transcription.languages import code_of
from connector.transcription.pieces import Piece
from connector.transcription.word_times import mended, share


class _Word(msgspec.Struct):
    start: float
    end: float
    word: str = ""
    punctuated_word: str | None = None
    confidence: float | None = None


class _Alternative(msgspec.Struct):
    words: list[_Word] | None = None


class _Channel(msgspec.Struct):
    alternatives: list[_Alternative]
    detected_language: str | None = None
    language_confidence: float | None = None


class _Results(msgspec.Struct):
    channels: list[_Channel]


class _Answer(msgspec.Struct):
    results: _Results


def heard(content: bytes | bytearray, channels: int, piece: Piece) -> list[Heard]:
    """Of as many channels as were sent. ValueError for what is no answer to that."""
    found = decoded(content, _Answer).results.channels
    if len(found) != channels:
        raise ValueError(f"{len(found)} channels instead of {channels}")
    return [_heard(channel, piece) for channel in found]


def _heard(channel: _Channel, piece: Piece) -> Heard:
    # The first one is the best.
    words = channel.alternatives[0].words or [] if channel.alternatives else []
    return Heard(
        words=mended((_word(word) for word in words), piece),
        language=code_of(channel.detected_language),
        language_confidence=share(channel.language_confidence),
    )


def _word(word: _Word) -> Word:
    return Word(word.punctuated_word or word.word, word.start, word.end, word.confidence)
