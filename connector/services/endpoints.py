"""What is remembered of one endpoint while the process lives, and what its answers mean.

Pure: knows no ledger, no clock and no connection.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from connector.domain.ids import Moment
from connector.domain.notification import Attempt, Notification, Told
from connector.network.backoff import NOTIFICATION_SCHEDULE_SECONDS, delay_seconds, next_try
from connector.ports.poster import Reply
from connector.settings import NotificationSettings

#: Notifications under way to one endpoint.
AT_ONCE: Final = 4
#: Waits for an endpoint that is down are no tries; what waited longer is dead.
LONGEST_WAIT_SECONDS: Final = sum(NOTIFICATION_SCHEDULE_SECONDS) + 86_400.0

_LONGEST_PROMISE_SECONDS: Final = 86_400.0
#: It sends away whoever comes.
_AWAY: Final = frozenset({429, 502, 503, 504})
_GONE: Final = 410
_FAILURES_IN_A_ROW: Final = 3
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 5.0, 300.0
#: Less than this the schedule never takes, whatever the draws.
_WHOLE_SCHEDULE_SECONDS: Final = 0.9 * sum(NOTIFICATION_SCHEDULE_SECONDS)
#: All that waits is hurried no more often: an endpoint that comes and goes would use up every try within minutes.
_HURRY_SECONDS: Final = 300.0
#: Nothing is given up for an outage of our own, while the network comes up.
_GIVEN_UP_SECONDS: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one try."""

    attempt: Attempt
    #: It would do the same to any other notification.
    says_down: bool = False
    #: It wants none any more (410).
    is_gone: bool = False
    #: False: it failed on our side, and says nothing of the endpoint.
    was_asked: bool = True
    #: For so long it does not want to be asked.
    wait_seconds: float = 0.0

    @property
    def is_taken(self) -> bool:
        return not self.attempt.reason


def answered(reply: Reply, at: Moment, *, is_fallback: bool) -> Outcome:
    return Outcome(
        attempt=Attempt(
            at=at, seconds=reply.seconds, status=reply.status, reason=_objection(reply.status), is_fallback=is_fallback
        ),
        says_down=reply.status in _AWAY,
        # A fallback that is gone says nothing of the endpoint.
        is_gone=reply.status == _GONE and not is_fallback,
        wait_seconds=min(max(reply.retry_after_seconds or 0.0, 0.0), _LONGEST_PROMISE_SECONDS),
    )


def _objection(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return f"it answers {status}, and nobody is sent on: write the address that it leads to"
    if status == _GONE:
        return f"it answers {status}: it is gone for good"
    return f"it answers {status}"


def next_moment(notification: Notification, outcome: Outcome, now: Moment, jitter: float) -> Moment | None:
    """When it is tried again after this failure; None when the tries are over. They are so after days only: what an
    endpoint that comes and goes was asked in vain meanwhile does not shorten them. Who tries an endpoint looks on."""
    if notification.told is Told.TEST:
        return None
    wait = next_try(notification.attempts + 1, jitter, NOTIFICATION_SCHEDULE_SECONDS)
    if wait is None:
        if now - notification.created_at >= _WHOLE_SCHEDULE_SECONDS:
            return None
        wait = NOTIFICATION_SCHEDULE_SECONDS[-1]
    return now + max(wait, outcome.wait_seconds)


class Standing:
    """Whether an address takes what it is sent. Each try begins in an era, which ends when the address is found down:
    what was sent before that and is answered later says nothing new."""

    def __init__(self) -> None:
        self.era = 0
        #: How many in a row it took.
        self.taken = 0
        self.down_since: Moment | None = None
        self.reason = ""
        self.rests_until: Moment = 0.0
        #: How often it was found down in a row.
        self.pauses = 0
        self._failures = 0
        self._failing_since: Moment = 0.0

    @property
    def is_trusted(self) -> bool:
        """It took the last one."""
        return self.taken > 0

    def is_resting(self, now: Moment) -> bool:
        return now < self.rests_until

    def took(self, era: int) -> bool:
        """Whether it was away until now, for all that we knew."""
        if era != self.era:
            return False
        was_away = self.down_since is not None or (self._failures == 0 and self.taken == 0)
        self.taken += 1
        self.down_since, self.reason, self.rests_until = None, "", 0.0
        self._failures = self.pauses = 0
        return was_away

    def failed(self, era: int, outcome: Outcome, now: Moment, jitter: float) -> bool:
        """Whether nothing is to be tried now but, after a pause, one more."""
        if era != self.era:
            return False
        self.taken = 0
        self._failing_since = self._failing_since if self._failures else now
        self._failures += 1
        if not outcome.says_down and self._failures < _FAILURES_IN_A_ROW:
            return False
        self.era += 1
        self.pauses += 1
        self.down_since, self.reason = self._failing_since, outcome.attempt.reason
        pause = delay_seconds(
            self.pauses,
            first=_FIRST_PAUSE_SECONDS,
            factor=2,
            limit=_LONGEST_PAUSE_SECONDS,
            # A thousand endpoints behind one cut line are not all asked in the same moment.
            jitter=0.8 + 0.2 * jitter,
        )
        self.rests_until = now + max(pause, outcome.wait_seconds)
        return True


class Turn(StrEnum):
    """What a try has changed for the endpoint's other notifications."""

    NONE = "none"
    #: It takes notifications, which was not known.
    BACK = "back"
    DOWN = "down"
    STILL_DOWN = "still down"


@dataclass(frozen=True, slots=True)
class Begun:
    """How it stood when a try began."""

    whole: Standing
    whole_era: int
    first: Standing
    first_era: int


@dataclass(slots=True, eq=False)
class Line:
    """The notifications of one endpoint that this process holds, and how it stands with the endpoint."""

    name: str
    settings: NotificationSettings
    #: It said that it is gone.
    is_disabled: bool = False
    #: With its fallback, where it has one.
    whole: Standing = field(default_factory=Standing)
    #: Its first address alone.
    first: Standing = field(default_factory=Standing)
    waiting: deque[Notification] = field(default_factory=deque)
    #: They may be begun until then: others may claim them afterwards.
    begin_before: Moment = 0.0
    under_way: int = 0
    #: The last batch for it was a full one.
    may_have_more: bool = False
    #: When all that waits is to fall due; None: there is no need.
    hurries_at: Moment | None = None
    _hurried_at: Moment = 0.0

    @property
    def held(self) -> int:
        return len(self.waiting) + self.under_way

    @property
    def room(self) -> int:
        """One alone, until it has taken one."""
        return min(AT_ONCE, 1 + self.whole.taken)

    def is_wanting(self, now: Moment) -> bool:
        """Whether more may be claimed for it."""
        if self.waiting or self.whole.is_resting(now):
            return False
        return self.whole.is_trusted or not self.under_way

    def take_in(self, notification: Notification, begin_before: Moment) -> None:
        self.waiting.append(notification)
        self.begin_before = begin_before

    def let_go(self) -> list[Notification]:
        """What is not begun yet."""
        waiting = list(self.waiting)
        self.waiting.clear()
        return waiting

    def may_begin(self, now: Moment) -> bool:
        return now <= self.begin_before and not self.is_disabled and not self.whole.is_resting(now)

    def spares_first(self, now: Moment) -> bool:
        """The fallback takes all while the first address is known to be down."""
        return bool(self.settings.fallback) and self.first.is_resting(now)

    def begun(self) -> Begun:
        return Begun(self.whole, self.whole.era, self.first, self.first.era)

    def ended(self, begun: Begun, outcomes: Sequence[Outcome], now: Moment, jitter: float) -> Turn:
        """What it has come to: the first address by its own outcome, the whole by the last one."""
        missed, last = outcomes[0], outcomes[-1]
        if missed is not last:
            begun.first.failed(begun.first_era, missed, now, jitter)
        elif not last.attempt.is_fallback and last.is_taken:
            begun.first.took(begun.first_era)
        if last.is_taken:
            return self._took(begun, now)
        if last.was_asked and begun.whole.failed(begun.whole_era, last, now, jitter):
            return Turn.STILL_DOWN if begun.whole.pauses > 1 else Turn.DOWN
        return Turn.NONE

    def _took(self, begun: Begun, now: Moment) -> Turn:
        if not begun.whole.took(begun.whole_era):
            return Turn.NONE
        self.hurries_at = max(now, self._hurried_at + _HURRY_SECONDS)
        return Turn.BACK

    def is_to_be_given_up(self, now: Moment) -> bool:
        """Whether the oldest that waits may be."""
        since = self.whole.down_since
        return since is not None and now - since >= _GIVEN_UP_SECONDS

    def is_to_hurry(self, now: Moment) -> bool:
        return self.whole.is_trusted and self.hurries_at is not None and self.hurries_at <= now

    def hurried(self, now: Moment) -> None:
        self.hurries_at, self._hurried_at = None, now

    def follow(self, settings: NotificationSettings) -> None:
        """Somebody may have mended it."""
        if settings != self.settings:
            self.settings, self.whole, self.first = settings, Standing(), Standing()
