"""Times of the week as people write them: "mon-fri 08:00-18:00". Read in an organisation's own zone."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from connector.domain.ids import Moment
from connector.errors import ConfigError

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FORM = re.compile(
    r"(?P<days>[a-z]{3}(?:\s*[-,]\s*[a-z]{3})*)?\s*(?:(?P<start>\d{1,2}:\d{2})\s*-\s*(?P<end>\d{1,2}:\d{2}))?"
)
_DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class WeekTime:
    days: frozenset[int]
    start_minute: int
    #: Before the start: the time goes over midnight, and belongs to the day on which it began.
    end_minute: int
    #: As it was written.
    text: str = field(default="", compare=False)

    @staticmethod
    def parse(text: str) -> "WeekTime":
        """Raises ConfigError when it is no such time."""
        found = _FORM.fullmatch(text.strip().lower())
        if found is None or not text.strip():
            raise ConfigError(f"{text!r} is no time of the week: write it like mon-fri 08:00-18:00")
        start, end = _minute(text, found["start"] or "00:00"), _minute(text, found["end"] or "24:00")
        if start in {end, _DAY_MINUTES}:
            raise ConfigError(f"{text!r} is no time at all: it ends where it begins")
        return WeekTime(days=_days(text, found["days"]), start_minute=start, end_minute=end, text=text.strip())

    def holds(self, at: Moment, zone: str) -> bool:
        """Whether the clock on that zone's wall shows such a time; in an autumn night both hours count."""
        local = datetime.fromtimestamp(at, UTC).astimezone(_zone(zone))
        minute = local.hour * 60 + local.minute
        today, yesterday = local.weekday(), (local.weekday() - 1) % 7
        if self.start_minute < self.end_minute:
            return today in self.days and self.start_minute <= minute < self.end_minute
        return (today in self.days and minute >= self.start_minute) or (
            yesterday in self.days and minute < self.end_minute
        )

    def __str__(self) -> str:
        return self.text


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _days(text: str, days: str | None) -> frozenset[int]:
    if days is None:
        return frozenset(range(7))
    found: set[int] = set()
    for part in days.split(","):
        first, _, last = (day.strip() for day in part.partition("-"))
        for day in (first, last or first):
            if day not in _DAYS:
                raise ConfigError(f"{day!r} in {text!r} is no day: {', '.join(_DAYS)}")
        start, end = _DAYS.index(first), _DAYS.index(last or first)
        found.update((start + step) % 7 for step in range((end - start) % 7 + 1))
    return frozenset(found)


def _minute(text: str, clock: str) -> int:
    hours, minutes = map(int, clock.split(":"))
    minute = hours * 60 + minutes
    if minutes > 59 or minute > _DAY_MINUTES:
        raise ConfigError(f"{clock!r} in {text!r} is no time of the day")
    return minute
