"""Times of the week, in the zone of whoever wrote them, the two nights of the clock change included."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.week import WeekTime
from connector.errors import ConfigError

LONDON = "Europe/London"


def at(utc: str) -> float:
    return datetime.fromisoformat(utc).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("written", "utc", "holds"),
    [
        # A Monday in winter, when London is on UTC.
        ("mon-fri 08:00-18:00", "2026-01-05T08:00", True),
        ("mon-fri 08:00-18:00", "2026-01-05T07:59:59", False),
        ("mon-fri 08:00-18:00", "2026-01-05T17:59:59", True),
        ("mon-fri 08:00-18:00", "2026-01-05T18:00", False),
        ("mon-fri 08:00-18:00", "2026-01-03T12:00", False),
        ("Mon-Fri 8:00-18:00", "2026-01-05T08:00", True),
        # A Monday in summer, an hour ahead.
        ("mon-fri 08:00-18:00", "2026-07-06T07:00", True),
        ("mon-fri 08:00-18:00", "2026-07-06T17:00", False),
        # Over midnight it belongs to the day on which it began.
        ("fri 22:00-06:00", "2026-01-02T22:00", True),
        ("fri 22:00-06:00", "2026-01-03T05:59", True),
        ("fri 22:00-06:00", "2026-01-03T06:00", False),
        ("fri 22:00-06:00", "2026-01-02T05:00", False),
        ("sun 22:00-06:00", "2026-01-05T05:00", True),
        ("22:00-06:00", "2026-01-07T03:00", True),
        ("sat,sun", "2026-01-04T23:59", True),
        ("sat,sun", "2026-01-05T00:00", False),
        ("fri-mon 00:00-24:00", "2026-01-05T12:00", True),
        ("fri-mon 00:00-24:00", "2026-01-06T12:00", False),
        ("mon-tue,fri 10:00-11:00", "2026-01-09T10:30", True),
        ("mon 22:00-00:00", "2026-01-05T23:59", True),
        ("mon 22:00-00:00", "2026-01-06T00:00", False),
    ],
)
def test_a_moment_is_in_it_or_not(written: str, utc: str, holds: bool) -> None:
    assert WeekTime.parse(written).holds(at(utc), LONDON) is holds


@pytest.mark.parametrize(
    ("written", "utc", "holds"),
    [
        # Spring: 01:00 to 02:00 does not exist on 2026-03-29; 00:59:59 UTC is 00:59:59, 01:00 UTC is 02:00.
        ("sun 01:30-03:00", "2026-03-29T00:59:59", False),
        ("sun 01:30-03:00", "2026-03-29T01:00", True),
        ("sun 01:30-03:00", "2026-03-29T02:00", False),
        ("sat 22:00-06:00", "2026-03-29T04:59", True),
        ("sat 22:00-06:00", "2026-03-29T05:00", False),
        # Autumn: 01:00 to 02:00 comes twice on 2026-10-25, at 00:00 UTC and at 01:00 UTC.
        ("sun 01:00-02:00", "2026-10-25T00:30", True),
        ("sun 01:00-02:00", "2026-10-25T01:30", True),
        ("sun 01:00-02:00", "2026-10-25T02:00", False),
        ("sun 00:00-01:00", "2026-10-25T00:00", False),
        ("sat 22:00-06:00", "2026-10-25T05:59", True),
        ("sat 22:00-06:00", "2026-10-25T06:00", False),
    ],
)
def test_the_nights_of_the_clock_change_follow_the_clock_on_the_wall(written: str, utc: str, holds: bool) -> None:
    assert WeekTime.parse(written).holds(at(utc), LONDON) is holds


@given(
    st.sampled_from(["2026-03-27", "2026-10-23"]),
    st.integers(0, 4 * 86_400),
    st.integers(0, 1439),
    st.integers(0, 1439),
)
def test_a_time_and_its_complement_share_the_day_between_them(day: str, second: int, start: int, end: int) -> None:
    if start == end:
        return
    stamp = at(day) + second
    clock = [f"{minute // 60:02}:{minute % 60:02}" for minute in (start, end)]
    inside = WeekTime.parse("-".join(clock)).holds(stamp, LONDON)
    outside = WeekTime.parse("-".join(reversed(clock))).holds(stamp, LONDON)
    assert inside is not outside
    local = (datetime.fromtimestamp(0, UTC) + timedelta(seconds=stamp)).astimezone(ZoneInfo(LONDON))
    minute = local.hour * 60 + local.minute
    assert inside is ((start <= minute < end) if start < end else (minute >= start or minute < end))


@pytest.mark.parametrize(
    "written",
    ["", "  ", "monday 08:00-18:00", "mon-fri 8-18", "25:00-26:00", "08:60-09:00", "08:00-08:00", "xyz", "mon,"],
)
def test_what_is_no_time_of_the_week_is_refused(written: str) -> None:
    with pytest.raises(ConfigError):
        WeekTime.parse(written)


def test_a_time_is_shown_as_it_was_written() -> None:
    assert str(WeekTime.parse(" mon-fri 08:00-18:00 ")) == "mon-fri 08:00-18:00"
