"""Moments in names: yyyyMMddHHmmss and the like, in UTC or in a zone, with the offset wherever an hour stands."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connector.domain.ids import Moment
from connector.errors import ConfigError

#: What stands for what; the longest first.
LETTERS = {
    "yyyy": "the year",
    "yy": "the year in two digits",
    "MM": "the month",
    "dd": "the day",
    "HH": "the hour, 00 to 23",
    "mm": "the minute",
    "ss": "the second",
    "SSS": "the millisecond",
    "x": "the offset from UTC, p0100 or m0500",
}
_TOKEN = re.compile("|".join(LETTERS))
_LITERAL = re.compile(r"[TZ0-9._/-]+")
_LONGEST_OFFSET = 5


@dataclass(frozen=True, slots=True)
class TimePattern:
    text_pattern: str

    @classmethod
    def parse(cls, pattern: str, template: str) -> "TimePattern":
        rest = _LITERAL.sub("", _TOKEN.sub("", pattern))
        if not pattern or rest:
            raise ConfigError(
                f"name template {template!r}: {rest or pattern!r} is no part of a time; known: {', '.join(LETTERS)},"
                " between them only digits, T, Z, '-', '_', '.' and '/'"
            )
        return cls(pattern)

    @property
    def stand_in(self) -> str:
        """As long as the text can become, with its dots and slashes where they will stand."""
        shape = _TOKEN.sub(
            lambda token: "x" * (_LONGEST_OFFSET if token[0] == "x" else len(token[0])), self.text_pattern
        )
        return shape + "x" * (_LONGEST_OFFSET * self.text_pattern.count("HH"))

    def text(self, moment: Moment, timezone: str | None) -> str:
        """The moment in UTC (None) or in that zone. In local time the pattern's own x, or one added at its end, tells
        the two hours of an autumn night apart; always, not only that night, so that names keep one shape."""
        local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=moment)).astimezone(zone(timezone or "UTC"))
        shown = _TOKEN.sub(lambda token: _part(token[0], local), self.text_pattern)
        is_plain = timezone is None or "HH" not in self.text_pattern or "x" in self.text_pattern
        return shown if is_plain else shown + _offset(local)


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """The zone of that IANA name; ConfigError when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(f"timezone {name!r} is unknown: use a name like Europe/London") from error


def _part(letters: str, local: datetime) -> str:
    parts = {
        "yyyy": f"{local.year:04}",
        "yy": f"{local.year % 100:02}",
        "MM": f"{local.month:02}",
        "dd": f"{local.day:02}",
        "HH": f"{local.hour:02}",
        "mm": f"{local.minute:02}",
        "ss": f"{local.second:02}",
        "SSS": f"{local.microsecond // 1000:03}",
        "x": _offset(local),
    }
    return parts[letters]


def _offset(local: datetime) -> str:
    # A plus in a name is a space to many web servers: p and m are not.
    minutes = round((local.utcoffset() or timedelta()).total_seconds() / 60)
    return f"{'m' if minutes < 0 else 'p'}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"
