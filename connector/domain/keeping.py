"""How long a recording is kept, and what keeps it longer: days, extension, legal hold. Pure."""

from dataclasses import dataclass

from connector.domain.ids import Moment, RecordingId

DAY_SECONDS = 86_400.0
#: As `retentionDays` says it: without end.
UNLIMITED = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A legal hold: whatever says that the recording must go has to wait."""

    recording_id: RecordingId
    organisation: str
    by: str
    at: Moment
    reason: str = ""
    #: Who has asked first that it be released; somebody else must ask, too.
    release_by: str = ""
    release_at: Moment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """What is known of one recording's end."""

    #: None: without end, or it has not ended yet.
    expires_at: Moment | None = None
    #: `expires_at` holds. No: the recording runs, or ended a moment ago.
    is_reckoned: bool = False
    #: Somebody has extended it: a changed setting does not shorten it.
    is_extended: bool = False
    hold: Hold | None = None
    #: Since when it is on its way out, and who wanted that: RETENTION, or a key. Unsaid: discarded with its call.
    removed_at: Moment | None = None
    removed_by: str = ""


#: Of a recording of which nothing is known yet.
NOT_RECKONED = Keeping()


def expiry(ended_at: Moment, days: int) -> Moment | None:
    return None if days == UNLIMITED else ended_at + days * DAY_SECONDS


def extended(keeping: Keeping, now: Moment, days: int) -> Moment | None:
    """Counted from today; never sooner than it was."""
    if days == UNLIMITED or keeping.expires_at is None:
        return None
    return max(keeping.expires_at, now + days * DAY_SECONDS)


def within(days: int, most: int) -> int:
    """So many days, but no more than that."""
    return most if is_beyond(days, most) else days


def is_beyond(days: int, most: int) -> bool:
    return most != UNLIMITED and (days == UNLIMITED or days > most)


def days_text(days: int) -> str:
    """As people say it."""
    return "without end" if days == UNLIMITED else f"{days} day" if days == 1 else f"{days} days"
