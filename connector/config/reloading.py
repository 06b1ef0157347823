"""What a changed configuration means for a daemon that runs: what holds at once, and what waits for a restart."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from connector.config.reader import key_of
from connector.domain.options import RecordingOptions
from connector.domain.policy import When
from connector.domain.secret import Secret
from connector.settings import Endpoint, Settings

#: Read anew by the roles on SIGHUP; none of them touches a recording that runs. * stands for any name.
LIVE = (
    "rules",
    "defaults",
    "organisations",
    "agents",
    "destinations",
    "credentials",
    "plans",
    "notifications",
    "callbacks",
    "transcription",
    "timezone",
    "log",
    "pbx.*.internal",
    "pbx.*.trunks",
)
#: Values that are one thing to whoever wrote them.
_WHOLE = (Secret, Endpoint, When, RecordingOptions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    live: tuple[str, ...]
    needs_restart: tuple[str, ...]


def changes(old: Settings, new: Settings) -> Changes:
    """The settings that differ, by whether they hold at once."""
    differing = list(_differing(old, new, ()))
    return Changes(
        live=tuple(".".join(path) for path in differing if _is_live(path)),
        needs_restart=tuple(".".join(path) for path in differing if not _is_live(path)),
    )


def _differing(old: Any, new: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if old == new:
        return
    if is_dataclass(new) and type(old) is type(new) and not isinstance(new, _WHOLE):
        for field in (one for one in fields(new) if one.compare):
            here = path if field.metadata.get("rest") else (*path, key_of(field))
            yield from _differing(getattr(old, field.name), getattr(new, field.name), here)
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in (*old, *(key for key in new if key not in old)):
            yield from _differing(old.get(key), new.get(key), (*path, key))
    elif isinstance(old, tuple) and isinstance(new, tuple) and len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True), start=1):
            yield from _differing(one, other, (*path[:-1], f"{path[-1]}[{number}]"))
    else:
        yield path


def _is_live(path: tuple[str, ...]) -> bool:
    names = [name.partition("[")[0] for name in path]
    return any(
        len(names) >= len(parts := live.split("."))
        and all(part in ("*", name) for part, name in zip(parts, names, strict=False))
        for live in LIVE
    )
