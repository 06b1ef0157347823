"""JSON lines between the scripted PBX and its driver: each frame names its type. Knows no call and no socket."""

from dataclasses import dataclass
from typing import Any, TypeAlias, get_args

import msgspec

from connector.domain.events import CallEvent, Stamped
from connector.domain.ids import Moment
from connector.domain.pbx_commands import PbxCommand, PlaceCall
from connector.errors import PbxUnreachable

EVENTS: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(CallEvent)}
COMMANDS: dict[str, type[Any]] = {kind.__name__: kind for kind in (*get_args(PbxCommand), PlaceCall)}

#: A line longer than this is no frame of ours. A snapshot of 10,000 calls has about 2 MB.
LONGEST_LINE_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """The first answer of the PBX: how many seconds of its time pass in a second."""

    pace: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """The PBX says that it obeyed the command of this number. Like a real one, it may lie."""

    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What became of the call of this number: somebody answered, or the reason why nobody did."""

    id: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resynchronise:
    """From the driver: tell me what lives, and from then on everything that happens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    id: int
    command: PbxCommand | PlaceCall


FromPlayer: TypeAlias = Stamped | Welcome | Confirmed | Placed
FromDriver: TypeAlias = Numbered | Resynchronise


def event_frame(at: Moment, event: CallEvent) -> bytes:
    return _frame({"type": type(event).__name__, "at": at, **msgspec.to_builtins(event)})


def answer_frame(answer: Welcome | Confirmed | Placed | Resynchronise) -> bytes:
    return _frame({"type": type(answer).__name__, **msgspec.to_builtins(answer)})


def command_frame(number: int, command: PbxCommand | PlaceCall) -> bytes:
    return _frame({"type": type(command).__name__, "id": number, **msgspec.to_builtins(command)})


def from_player(line: bytes) -> FromPlayer:
    """Raises PbxUnreachable for what is no frame."""
    try:
        said = msgspec.json.decode(line)
        kind = said["type"]
        if kind == "Confirmed":
            return Confirmed(id=said["id"])
        if kind == "Placed":
            return Placed(id=said["id"], reason=said["reason"])
        if kind == "Welcome":
            return Welcome(pace=said["pace"])
        return Stamped(at=float(said["at"]), event=msgspec.convert(said, EVENTS[kind]))
    except _BROKEN as error:
        raise _unreadable(line, error) from error


def from_driver(line: bytes) -> FromDriver:
    """Raises PbxUnreachable for what is no frame."""
    try:
        said = msgspec.json.decode(line)
        if said["type"] == "Resynchronise":
            return Resynchronise()
        return Numbered(id=said["id"], command=msgspec.convert(said, COMMANDS[said["type"]]))
    except _BROKEN as error:
        raise _unreadable(line, error) from error


class Lines:
    """Cuts what arrives into whole lines; the rest waits for more."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Raises PbxUnreachable when a line does not end."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LONGEST_LINE_BYTES:
            raise PbxUnreachable(f"a line of more than {LONGEST_LINE_BYTES} bytes came: is this a scripted PBX?")
        return lines


_BROKEN = (msgspec.MsgspecError, KeyError, TypeError, ValueError)


def _frame(content: dict[str, Any]) -> bytes:
    return msgspec.json.encode(content) + b"\n"


def _unreadable(line: bytes, error: Exception) -> PbxUnreachable:
    return PbxUnreachable(
        f"the line {line[:80]!r} is no frame of a scripted PBX ({error!r}): is the socket the right one?"
    )
