"""A script: what happens in calls on a time line, and where the PBX misbehaves. Data only; plays nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

import msgspec

from connector.domain.events import CallEvent
from connector.domain.ids import ChannelId
from connector.errors import ConfigError
from connector.pbx.scripted.wire import EVENTS


class Says(StrEnum):
    """What comes from a phone."""

    SOUND = "sound"
    #: It sends, but exact zeros: a muted phone.
    SILENCE = "silence"
    #: It sends nothing at all: held, or quiet and sparing (DTX).
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundChanged:
    """No event tells of it. What is None stays as it was."""

    channel: ChannelId
    says: Says | None = None
    hears_music: bool | None = None


class Fault(StrEnum):
    #: The next `count` recorders are refused for `reason`.
    REFUSE = "refuse"
    #: The next `count` commands are neither obeyed nor answered.
    SILENT = "silent"
    #: The next `count` recorders are confirmed and never start.
    LIE = "lie"
    #: The next `count` recorders are said to run, and write nothing.
    FORGE = "forge"
    #: The files of `channel` (of all channels without one) stop growing.
    STALL = "stall"
    #: Every call dies, files stay unclosed without their unflushed tail; back after `seconds`.
    CRASH = "crash"
    #: No connection for `seconds`, while calls go on.
    CUT = "cut"
    #: For `seconds`, every event comes twice.
    DUPLICATE = "duplicate"
    #: For `seconds`, events come in another order within groups of `count`.
    REORDER = "reorder"
    #: For `seconds`, the spool has no room.
    FILL_DISK = "fill-disk"
    #: The PBX's wall clock is set forward by `seconds`, or back when negative.
    CLOCK_STEP = "clock-step"


@dataclass(frozen=True, slots=True, kw_only=True)
class Misbehaves:
    fault: Fault
    count: int = 1
    seconds: float = 0.0
    channel: ChannelId | None = None
    reason: str = "refused by the script"


What: TypeAlias = CallEvent | SoundChanged | Misbehaves

_KINDS: Mapping[str, type[Any]] = {**EVENTS, "SoundChanged": SoundChanged, "Misbehaves": Misbehaves}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    offset_seconds: float
    what: What


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Lines in the order of time."""

    lines: tuple[Line, ...] = ()
    #: What channels say, as sound.voice reads it; a channel that is not in it says noise of its own.
    voices: Mapping[ChannelId, str] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        return self.lines[-1].offset_seconds if self.lines else 0.0

    def later(self, seconds: float) -> "Script":
        lines = tuple(Line(offset_seconds=line.offset_seconds + seconds, what=line.what) for line in self.lines)
        return Script(lines=lines, voices=self.voices)


def together(*scripts: Script) -> Script:
    """All of them on one time line."""
    return Script(
        lines=in_order(line for script in scripts for line in script.lines),
        voices={channel: voice for script in scripts for channel, voice in script.voices.items()},
    )


def in_order(lines: Iterable[Line]) -> tuple[Line, ...]:
    return tuple(sorted(lines, key=lambda line: line.offset_seconds))


def as_data(script: Script) -> dict[str, Any]:
    """The script as plain data: JSON or YAML can hold it, and script_of reads it back."""
    lines = [
        {"at": line.offset_seconds, "type": type(line.what).__name__, **msgspec.to_builtins(line.what)}
        for line in script.lines
    ]
    return {"lines": lines, "voices": dict(script.voices)}


def lines_of(data: Iterable[Mapping[str, Any]]) -> tuple[Line, ...]:
    """Raises ConfigError that names the line."""
    return in_order(_line(entry) for entry in data)


def _line(entry: Mapping[str, Any]) -> Line:
    try:
        kind = _KINDS[entry["type"]]
        return Line(offset_seconds=float(entry["at"]), what=msgspec.convert(dict(entry), kind))
    except (KeyError, TypeError, ValueError, msgspec.ValidationError) as error:
        known = ", ".join(sorted(_KINDS))
        raise ConfigError(
            f"the line {entry!r} is wrong ({error}): it needs `at`, `type` (one of {known}) and its fields"
        ) from error
