"""The event socket's text: bytes to frames, however the network cut them, frames to events, commands to bytes.

Pure: knows framing and JSON, no socket, and not what an event means.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast

import msgspec

from connector.pbx.freeswitch.esl_event import EslEvent

API_RESPONSE, COMMAND_REPLY, EVENT_JSON = "api/response", "command/reply", "text/event-json"
LONGEST_HEAD_BYTES = 1 << 20
LONGEST_BODY_BYTES = 64 << 20
_LONGEST_DIGITS = 10
_END = b"\n\n"
_FORBIDDEN = frozenset("\r\n\0")
#: Of these the first one counts, of all else the last: FreeSWITCH writes these before what a dialplan puts into an
#: event, and what it says about the channel after that.
_WRITTEN_FIRST = frozenset({"Event-Name", "Event-Subclass", "Event-Date-Timestamp", "Event-Sequence", "Core-UUID"})
_WRITTEN_FIRST_NAMES = tuple(f'"{name}":'.encode() for name in sorted(_WRITTEN_FIRST))

_strings = msgspec.json.Decoder(dict[str, str])
_strings_and_lists = msgspec.json.Decoder(dict[str, str | list[str]])


@dataclass(frozen=True, slots=True)
class Frame:
    """Headers and, where they give a length, a body. Of a header that stands twice the first one counts."""

    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def content_type(self) -> str:
        return self.headers.get("Content-Type", "")

    @property
    def reply_text(self) -> str:
        """What is answered to anything but `api`."""
        return self.headers.get("Reply-Text", "")

    @property
    def text(self) -> str:
        """The body as text, bad bytes replaced."""
        return self.body.decode("utf-8", "replace")

    @property
    def answer(self) -> str:
        """What is answered, to `api` or anything else."""
        return (self.text if self.content_type == API_RESPONSE else self.reply_text).strip()


class BrokenStream(ValueError):
    """Framing that nobody can trust any more: nothing behind it can be read."""

    def __init__(self, reason: str, frames: Iterable[Frame] = ()) -> None:
        super().__init__(reason)
        #: What came whole before the break.
        self.frames = tuple(frames)


class Frames:
    """Cuts what arrives into frames. Looks at no byte twice, and copies a body once."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._start = 0
        self._looked_at = 0
        self._headers: dict[str, str] | None = None
        self._length = 0

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are whole now. Raises BrokenStream, which holds the frames before the break."""
        self._buffer += data
        frames: list[Frame] = []
        try:
            while (headers := self._head()) is not None:
                end = self._start + self._length
                if len(self._buffer) < end:
                    break
                with memoryview(self._buffer) as view:
                    frames.append(Frame(headers, bytes(view[self._start : end])))
                self._start, self._headers = end, None
        except BrokenStream as error:
            raise BrokenStream(str(error), frames) from None
        del self._buffer[: self._start]
        self._looked_at -= self._start
        self._start = 0
        return frames

    def _head(self) -> dict[str, str] | None:
        if self._headers is not None:
            return self._headers
        # A body may be followed by an empty line too many.
        while self._buffer.startswith(b"\n", self._start):
            self._start += 1
        end = self._buffer.find(_END, max(self._start, self._looked_at))
        if end < 0:
            self._looked_at = max(len(self._buffer) - 1, self._start)
            self._check_beginning()
            return None
        with memoryview(self._buffer) as view:
            headers = _headers(bytes(view[self._start : end]))
        self._length = _length(headers)
        self._start = self._looked_at = end + len(_END)
        self._headers = headers
        return headers

    def _check_beginning(self) -> None:
        """Whoever is no event socket is found out by the first line, not by the waiting."""
        line = self._buffer.find(b"\n", self._start)
        if line >= 0 and self._buffer.find(b":", self._start, line) < 0:
            raise _no_frame(bytes(self._buffer[self._start : line]))
        if len(self._buffer) - self._start > LONGEST_HEAD_BYTES:
            raise BrokenStream(f"headers of more than {LONGEST_HEAD_BYTES >> 20} MB")


def _headers(head: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in head.decode("utf-8", "replace").split("\n"):
        name, colon, value = line.partition(":")
        if colon:
            headers.setdefault(name, value.strip())
    # Everything that FreeSWITCH sends to a client that connected to it says what it is.
    if "Content-Type" not in headers:
        raise _no_frame(head)
    return headers


def _length(headers: Mapping[str, str]) -> int:
    text = headers.get("Content-Length", "0")
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_DIGITS):
        raise BrokenStream(f"a Content-Length that is no number: {text[:40]!r}")
    if (length := int(text)) > LONGEST_BODY_BYTES:
        raise BrokenStream(f"a body of {length} bytes, which is more than {LONGEST_BODY_BYTES >> 20} MB")
    return length


def _no_frame(head: bytes) -> BrokenStream:
    return BrokenStream(f"what is no event socket's: {head[:60].decode('utf-8', 'replace').strip()!r}")


def event_of(frame: Frame) -> EslEvent | None:
    """None for what is no event, or none that can be read."""
    if frame.content_type != EVENT_JSON:
        return None
    headers = _quickly(frame.body) or _carefully(frame.text)
    if headers is None:
        return None
    return EslEvent(headers, headers.pop("_body", ""))


def _quickly(body: bytes) -> dict[str, str] | None:
    """None for what needs care: no UTF-8, no strict JSON, or a name twice of which the first one counts."""
    try:
        has_lists = b'":[' in body
        headers = _without_lists(_strings_and_lists.decode(body)) if has_lists else _strings.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    # A quotation mark in a value is escaped: no name is missed here, though the end of a value may be taken for one.
    if body.count(b'":') != len(headers) and any(body.count(name) > 1 for name in _WRITTEN_FIRST_NAMES):
        return None
    return headers


def _without_lists(headers: dict[str, str | list[str]]) -> dict[str, str]:
    """The same dictionary: few of its many values are lists."""
    for name in [name for name, value in headers.items() if value.__class__ is list]:
        headers[name] = _string(headers[name])
    return cast("dict[str, str]", headers)


def _carefully(text: str) -> dict[str, str] | None:
    try:
        pairs = json.loads(text, object_pairs_hook=_Pairs, strict=False)
    except (ValueError, RecursionError):
        return None
    if not isinstance(pairs, _Pairs):
        return None
    headers: dict[str, str] = {}
    for name, value in pairs:
        if not (name in headers and name in _WRITTEN_FIRST):
            headers[name] = _whole(_string(value))
    return headers


class _Pairs(list[tuple[str, object]]):
    """An object of JSON with all its names, also those that stand twice."""


def _string(value: object) -> str:
    """Lists as `event plain` and the dialplan write them."""
    if isinstance(value, list):
        return "ARRAY::" + "|:".join(map(str, value))
    return "" if value is None else str(value)


def _whole(value: str) -> str:
    """Half of a surrogate pair could not be written anywhere."""
    return value.encode("utf-8", "replace").decode()


def command_bytes(command: str, headers: Mapping[str, str] | None = None) -> bytes:
    """Raises ValueError for what would be read as another line, and for nothing, which is never answered."""
    lines = [command, *(f"{name}: {value}" for name, value in (headers or {}).items())]
    if not all(line.strip() and _FORBIDDEN.isdisjoint(line) for line in lines):
        raise ValueError("it is empty, or has a line break or NUL in it")
    return "\n".join((*lines, "", "")).encode()
