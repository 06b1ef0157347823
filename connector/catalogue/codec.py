"""Domain values as rows and as journal lines, and back. Knows field names and JSON; knows no table and no file."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from connector.domain.call import Call
from connector.domain.decision import Change, CommandAnswered, Due
from connector.domain.notification import Attempt, Notification
from connector.domain.recording import Artefact, Delivery, Recording, Rendering, Segment
from connector.domain.storable import storable
from connector.ports.commands import Command
from connector.ports.uploads import Upload

Thing = TypeVar("Thing")
#: One row, as the driver wants it.
Row = dict[str, object]


class ReadRow(Protocol):
    """One row, as it comes back."""

    def __getitem__(self, name: str, /) -> Any: ...


_KINDS: dict[str, type[Change]] = {
    "call": Call,
    "recording": Recording,
    "segment": Segment,
    "due": Due,
    "command-answered": CommandAnswered,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}
_ENCODER = msgspec.json.Encoder()
_TAGGED = msgspec.json.Decoder(list[tuple[str, msgspec.Raw]])
_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {name: msgspec.json.Decoder(kind) for name, kind in _KINDS.items()}


def json_text(value: object) -> str:
    return _ENCODER.encode(value).decode()


class RowCodec(Generic[Thing]):
    """One dataclass as a row: `nested` fields are JSON text, `left_out` ones stand elsewhere."""

    def __init__(self, kind: type[Thing], *, nested: Sequence[str] = (), left_out: Sequence[str] = ()) -> None:
        names = [field.name for field in fields(kind) if field.name not in left_out]  # type: ignore[arg-type]  # a dataclass
        self._kind = kind
        self._nested = tuple(name for name in names if name in nested)
        self.columns = tuple(names)
        self._values: Callable[[Thing], tuple[object, ...]] = attrgetter(*names)

    def row(self, thing: Thing) -> Row:
        row: Row = dict(zip(self.columns, self._values(thing), strict=True))
        for name in self._nested:
            value = row[name]
            row[name] = None if value is None else json_text(value)
        return row

    def thing(self, row: ReadRow, **left_out: object) -> Thing:
        values: dict[str, object] = {name: row[name] for name in self.columns}
        for name in self._nested:
            text = row[name]
            values[name] = None if text is None else msgspec.json.decode(text)
        return msgspec.convert(values | left_out, self._kind)


CALL = RowCodec(Call, nested=("legs", "verdict", "wanted", "consent", "tags"))
RECORDING = RowCodec(Recording, nested=("options", "destinations", "pauses"))
SEGMENT = RowCodec(Segment, nested=("flushes", "holds"))
RENDERING = RowCodec(Rendering, nested=("gaps", "channels", "levels", "troubles"), left_out=("artefacts",))
ARTEFACT = RowCodec(Artefact, nested=("channels",))
DELIVERY = RowCodec(Delivery)
DUE = RowCodec(Due)
COMMAND = RowCodec(Command)
UPLOAD = RowCodec(Upload, nested=("parts",))
NOTIFICATION = RowCodec(Notification)
ATTEMPT = RowCodec(Attempt)


def encoded(changes: Sequence[Change]) -> bytes:
    """One journal line, its end included; what no catalogue could hold is replaced here, once for all."""
    try:
        line = _ENCODER.encode([(_NAMES[type(change)], change) for change in changes])
    except UnicodeEncodeError:
        return _encoded_storable(changes)
    return _encoded_storable(changes) if b"\\u0000" in line else line + b"\n"


def decoded(line: bytes) -> tuple[Change, ...]:
    """The changes of a line; raises ValueError when it is none."""
    try:
        return tuple(_DECODERS[name].decode(raw) for name, raw in _TAGGED.decode(line))
    except KeyError as error:
        raise ValueError(f"a change of the unknown kind {error}") from error


def change_count(line: bytes) -> int:
    """How many changes a line holds; 0 when it is damaged."""
    try:
        return len(decoded(line))
    except ValueError:
        return 0


def _encoded_storable(changes: Sequence[Change]) -> bytes:
    tagged = [(_NAMES[type(change)], _storable(msgspec.to_builtins(change))) for change in changes]
    return _ENCODER.encode(tagged) + b"\n"


def _storable(value: object) -> object:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, dict):
        return {name: _storable(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(inner) for inner in value]
    return value
