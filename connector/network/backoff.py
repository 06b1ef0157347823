"""How long to wait before the next try. Pure: the caller draws the jitter and owns the clock."""

from collections.abc import Sequence

_MINUTE, _HOUR = 60.0, 3600.0

#: Waits after the first, second … failed try of a delivery: 99 h 35 min in all, about four days, so that what breaks on
#: a Friday evening can be mended on Tuesday.
SCHEDULE_SECONDS = (
    5.0,
    30.0,
    5 * _MINUTE,
    30 * _MINUTE,
    2 * _HOUR,
    5 * _HOUR,
    10 * _HOUR,
    14 * _HOUR,
    20 * _HOUR,
    24 * _HOUR,
    24 * _HOUR,
)

#: The same of a notification, as Standard Webhooks 1.0.0 has it: ten tries in 75 h 35 min 5 s.
NOTIFICATION_SCHEDULE_SECONDS = (
    5.0,
    5 * _MINUTE,
    30 * _MINUTE,
    2 * _HOUR,
    5 * _HOUR,
    10 * _HOUR,
    14 * _HOUR,
    20 * _HOUR,
    24 * _HOUR,
)

#: How far `next_try` moves off the schedule, so that a thousand uploads that failed together do not come together.
_SCHEDULE_SPREAD = 0.2


def delay_seconds(attempt: int, *, first: float, factor: float, limit: float, jitter: float) -> float:
    """The wait after failed try number `attempt` (from 1). `jitter` is the caller's draw from 0..1: 1 waits the whole
    of it, 0 half of it; never more than `limit`."""
    try:
        whole = first * factor ** max(attempt - 1, 0)
    except OverflowError:
        whole = limit
    return min(whole, limit) * (0.5 + 0.5 * jitter)


def next_try(attempt: int, jitter: float = 0.5, schedule: Sequence[float] = SCHEDULE_SECONDS) -> float | None:
    """The wait after failed try number `attempt` (from 1) by a schedule of days; None when the tries are over.
    `jitter` is the caller's draw from 0..1: a tenth earlier to a tenth later."""
    if attempt > len(schedule):
        return None
    return schedule[max(attempt, 1) - 1] * (1.0 + _SCHEDULE_SPREAD * (jitter - 0.5))
