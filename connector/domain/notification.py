"""What is told to an endpoint about a recording, and how far that is. Knows no body's form, no HTTP and no table."""

import uuid
from dataclasses import dataclass
from enum import StrEnum

from connector.domain.decision import Due
from connector.domain.ids import Moment, RecordingId, derived_id
from connector.domain.states import NotificationState

#: The work that finds out what there is to tell of a recording.
TELLING = "tell"


class Told(StrEnum):
    """What an endpoint can hear, in the order in which it hears it of one recording."""

    FINISHED = "recording_finished"
    AVAILABLE = "recording_available"
    FAILED = "recording_failed"
    ABSENT = "recording_absent"
    TRANSCRIBED = "transcription_available"
    #: Somebody tries the endpoint.
    TEST = "test"


class Shape(StrEnum):
    """How an endpoint wants its bodies."""

    SINCH = "sinch"
    #: The envelope of Standard Webhooks: type, timestamp, data.
    STANDARD = "standard"
    #: One call of onCallComplete, when its recording is there or is known to be none.
    DIALGEN = "dialgen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One thing told to one endpoint; the id is the same on every try, and the same whenever it is reckoned."""

    id: str
    endpoint: str
    organisation: str
    #: Empty for a test.
    recording_id: str
    call_id: str
    told: Told
    #: The destination that it speaks of, by name; empty where it speaks of none.
    destination: str = ""
    #: JSON, as it is sent. Holds no secret: what only lives for a while (a link) is put in on each try.
    body: str
    #: When it came to pass; those of one recording to one endpoint are sent in this order.
    created_at: Moment
    state: NotificationState = NotificationState.WAITING
    attempts: int = 0
    #: Not before that.
    next_at: Moment
    #: Why the last try failed, or why there will be none.
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to deliver a notification, for the log of them."""

    at: Moment
    seconds: float
    #: None: nothing was answered.
    status: int | None
    #: Empty: it was taken.
    reason: str
    is_fallback: bool = False


def notification_id(recording_id: RecordingId, told: Told, destination: str, endpoint: str) -> str:
    return f"msg_{uuid.UUID(derived_id('notification', recording_id, told, destination, endpoint)).hex}"


def telling(recording_id: RecordingId, why: str, at: Moment) -> Due:
    """Work for any node, to be written with the state that gives something to tell. `why` tells one of a recording's
    from the next."""
    return Due(kind=TELLING, subject=f"{recording_id}/{why}", at=at)
