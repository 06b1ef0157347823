"""What the Transcriber and its processes say to each other: JSON, a line each. Both load it: no numpy, no model."""

from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from connector.domain.speech import Voice, Word
from connector.errors import BrokenAudio, ConnectorError, EngineRefused, NoRoom, SourceMissing
from connector.transcription.models import Model


class Channel(msgspec.Struct, frozen=True):
    """One channel of a sound."""

    path: Path
    number: int
    #: How many the sound has.
    channels: int
    voices: tuple[Voice, ...]


class LanguageWanted(msgspec.Struct, tag=True, frozen=True):
    model: Model
    channel: Channel


class WordsWanted(msgspec.Struct, tag=True, frozen=True):
    model: Model
    channel: Channel
    #: As the model calls it.
    language: str
    beam: int


Request: TypeAlias = LanguageWanted | WordsWanted


class Answer(msgspec.Struct, frozen=True):
    """What was wanted, or the name of one of ERRORS with its message."""

    words: tuple[Word, ...] = ()
    language: str = ""
    language_confidence: float | None = None
    error: str = ""
    message: str = ""


ERRORS: Final[dict[str, type[ConnectorError]]] = {
    kind.__name__: kind for kind in (BrokenAudio, EngineRefused, NoRoom, SourceMissing)
}


def line_of(message: object) -> bytes:
    return msgspec.json.encode(message, enc_hook=_plain) + b"\n"


def request_of(line: bytes) -> Request:
    return _REQUESTS.decode(line)


def answer_of(line: bytes) -> Answer:
    """ValueError for what is none."""
    return msgspec.json.decode(line, type=Answer)


def _plain(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(f"{type(value).__name__} does not travel")


def _rich(kind: type, value: object) -> object:
    if kind is Path:
        return Path(str(value))
    raise NotImplementedError(f"{kind.__name__} does not travel")


_REQUESTS: Final[msgspec.json.Decoder[Request]] = msgspec.json.Decoder(Request, dec_hook=_rich)
