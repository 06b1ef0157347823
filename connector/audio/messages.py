"""What the workshop and its processes say to each other: a length, then msgpack. The parent loads it: no numpy."""

import struct
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

import msgspec

from connector.domain.speech import Voice
from connector.errors import BrokenAudio, ConnectorError, NoRoom, SourceMissing
from connector.ports.workshop import Job, Step

LENGTH: Final = struct.Struct("<I")
#: Said by a process as soon as it has a request: from then on its death is that job's.
TAKEN: Final = b"\x06"
T = TypeVar("T")


class SharedOffsetWanted(msgspec.Struct, tag=True, frozen=True):
    first: Path
    second: Path
    expected_frames: int
    window_frames: int


class StepsWanted(msgspec.Struct, tag=True, frozen=True):
    first: Path
    second: Path
    offset_frames: int
    window_frames: int
    frames: int


class RenderingWanted(msgspec.Struct, tag=True, frozen=True):
    job: Job


class VoicesWanted(msgspec.Struct, tag=True, frozen=True):
    source: Path


class DecodingWanted(msgspec.Struct, tag=True, frozen=True):
    source: Path
    target: Path


Request: TypeAlias = SharedOffsetWanted | StepsWanted | RenderingWanted | VoicesWanted | DecodingWanted


class SharedOffset(msgspec.Struct, frozen=True):
    frames: int | None


class Steps(msgspec.Struct, frozen=True):
    steps: tuple[Step, ...]


class Voices(msgspec.Struct, frozen=True):
    channels: tuple[tuple[Voice, ...], ...]


class Answer(msgspec.Struct, frozen=True):
    """Either a value or the name of one of ERRORS with its message."""

    value: msgspec.Raw = msgspec.Raw(b"\xc0")
    error: str = ""
    message: str = ""


ERRORS: Final[dict[str, type[ConnectorError]]] = {kind.__name__: kind for kind in (BrokenAudio, NoRoom, SourceMissing)}


def packed(message: object) -> bytes:
    """The bytes of a message without its length."""
    return msgspec.msgpack.encode(message, enc_hook=_plain)


def framed(message: object) -> bytes:
    content = packed(message)
    return LENGTH.pack(len(content)) + content


def unpacked(content: bytes | msgspec.Raw, kind: type[T]) -> T:
    return msgspec.msgpack.decode(content, type=kind, dec_hook=_rich)


def request_of(content: bytes) -> Request:
    return _REQUESTS.decode(content)


def _plain(value: object) -> object:
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(f"{type(value).__name__} does not travel")


def _rich(kind: type, value: object) -> object:
    if kind is Path:
        return Path(str(value))
    raise NotImplementedError(f"{kind.__name__} does not travel")


_REQUESTS: Final[msgspec.msgpack.Decoder[Request]] = msgspec.msgpack.Decoder(Request, dec_hook=_rich)
