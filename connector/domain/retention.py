"""When recordings have to go by themselves: whose days hold, what stays all the same, when the daily job is due. Pure.

Knows policies and plans; knows no settings, no clock and no row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from connector.domain.call import Call, CallKind
from connector.domain.ids import CallId, Moment, RecordingId
from connector.domain.instruction import options_text, wish
from connector.domain.keeping import UNLIMITED, Keeping, expiry, is_beyond, within
from connector.domain.options import RecordingOptions
from connector.domain.organisation import Directory
from connector.domain.policy import Policy, Wish
from connector.domain.recording import Delivery, Recording
from connector.domain.rulings import call_facts
from connector.domain.states import DeliveryState, RecordingState
from connector.domain.time_pattern import zone
from connector.errors import BadRequest, IllegalInstruction

#: Who removes what has expired, as the audit log and tombstones name it.
RETENTION = "retention job"
#: Where nothing was ever said of a recording: it was made by an early version.
USUAL_DAYS = 90
_FOLDER = "file://"
_REMAINS = frozenset({DeliveryState.LEFT, DeliveryState.UNDELETABLE, DeliveryState.DELETING, DeliveryState.STORED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The most that anybody's wish reaches."""

    name: str
    most_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the configuration of now says about days."""

    #: By organisation; one without a plan is not limited.
    plans: Mapping[str, Plan] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    #: Who is who on each PBX.
    directories: Mapping[str, Directory] = field(default_factory=dict)
    #: Of each destination by name: whether what has expired is deleted there.
    deletes_expired: Mapping[str, bool] = field(default_factory=dict)

    def days(self, organisation: str, wanted: int | None) -> int:
        """Of a recording that asked for so many."""
        if wanted is None:
            policy = self.policies.get(organisation)
            wanted = _days(policy.organisation_options.over(policy.default_options)) if policy else USUAL_DAYS
        plan = self.plans.get(organisation)
        return wanted if plan is None else within(wanted, plan.most_days)

    def days_now(self, recording: Recording, call: Call | None) -> int:
        """As if it were recorded today, by the rules that hold now and with all that was asked for then."""
        options = self._options_now(call) if call else None
        days = recording.options.retention_days if options is None else _days(options)
        return self.days(recording.organisation, days)

    def check_extension(self, organisation: str, days: int) -> None:
        """BadRequest when the organisation's plan does not reach so far."""
        plan = self.plans.get(organisation)
        if plan is not None and is_beyond(days, plan.most_days):
            wanted = "unlimited" if days == UNLIMITED else str(days)
            text = f"{wanted} is beyond plan {plan.name!r}: it allows at most {plan.most_days} days from today"
            raise BadRequest(text, pointer="/days")

    def is_left(self, delivery: Delivery) -> bool:
        """Whether an expired copy stays where it is: buckets have lifecycle rules of their own."""
        said = self.deletes_expired.get(delivery.destination)
        return not (delivery.url.startswith(_FOLDER) if said is None else said)

    def _options_now(self, call: Call) -> RecordingOptions | None:
        """None where the PBX or the organisation is not configured any more."""
        policy, directory = self.policies.get(call.organisation), self.directories.get(call.pbx)
        if policy is None or directory is None:
            return None
        ruling = policy.decide(call_facts(call, directory, call.started_at), _wish(call))
        return ruling.options


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A recording whose days are over, or will be."""

    recording_id: RecordingId
    call_id: CallId
    organisation: str
    expires_at: Moment
    #: Why it does not go; empty when it does.
    stays: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """What is left of a removed recording."""

    recording_id: RecordingId
    call_id: CallId
    organisation: str
    #: When it was decided; None when it was thrown away with its call.
    removed_at: Moment | None
    by: str
    reason: str
    #: Its days were over; else somebody wanted it.
    is_expired: bool
    #: Every copy that we could reach is gone.
    is_gone: bool
    #: Left to its bucket, or nobody may delete it.
    remaining: tuple[Delivery, ...] = ()


class Filed(Protocol):
    """What is known of one recording, as the catalogue gives it."""

    @property
    def recording(self) -> Recording: ...

    @property
    def deliveries(self) -> tuple[Delivery, ...]: ...

    @property
    def keeping(self) -> Keeping: ...


def tombstone(file: Filed) -> Tombstone | None:
    """None for one that is not removed."""
    recording, keeping = file.recording, file.keeping
    if recording.state not in {RecordingState.REMOVING, RecordingState.REMOVED}:
        return None
    return Tombstone(
        recording_id=recording.id,
        call_id=recording.call_id,
        organisation=recording.organisation,
        removed_at=keeping.removed_at,
        by=keeping.removed_by,
        reason=recording.reason,
        is_expired=keeping.removed_by == RETENTION,
        is_gone=recording.state is RecordingState.REMOVED,
        remaining=tuple(one for one in file.deliveries if one.state in _REMAINS),
    )


def transcript_expiry(ended_at: Moment, options: RecordingOptions) -> Moment | None:
    """Of a transcript with days of its own. None: without end, or with its recording."""
    days = options.transcript_retention_days
    return None if days is None else expiry(ended_at, days)


def last_hour(now: Moment, daily_at: str, timezone: str) -> Moment:
    """When that time of the day was last."""
    hour, minute = map(int, daily_at.split(":"))
    local = datetime.fromtimestamp(now, UTC).astimezone(zone(timezone))
    today = local.replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0)
    moments = ((today - timedelta(days=days)).timestamp() for days in range(3))
    return next(moment for moment in moments if moment <= now)


def _days(options: RecordingOptions) -> int:
    return USUAL_DAYS if options.retention_days is None else options.retention_days


def _wish(call: Call) -> Wish:
    """As it was ruled then: of all parties who answered, and of who dialled."""
    legs = sorted(call.legs, key=lambda leg: leg.created_at)
    parties = () if call.kind is CallKind.CONFERENCE else legs[1:]
    heard = [*legs[:1], *(leg for leg in parties if leg.answered_at is not None)]
    said = wish(dict(pair for leg in heard for pair in leg.variables))
    if call.wanted is None:
        return said
    try:
        wanted = options_text(call.wanted.options)
    except IllegalInstruction:
        return said
    return Wish(record=said.record, options=wanted.over(said.options), by=said.by, trouble=said.trouble)
