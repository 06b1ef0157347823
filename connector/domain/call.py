"""A call as we know it: its legs, who is who, and how the recording of it was decided."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from connector.domain.ids import CallId, ChannelId, Moment


class Side(StrEnum):
    LEFT = "left"
    RIGHT = "right"

    @property
    def other(self) -> "Side":
        return Side.RIGHT if self is Side.LEFT else Side.LEFT


class Role(StrEnum):
    #: Who called in from outside, or was called outside; in an internal call, who dialled.
    CALLER = "caller"
    #: The party that serves: extension, queue member, voice bot.
    AGENT = "agent"


class Direction(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"
    UNKNOWN = "unknown"


class CallKind(StrEnum):
    CALL = "call"
    #: Its legs are the stays of its participants, who are in calls of their own besides.
    CONFERENCE = "conference"


class CallState(StrEnum):
    LIVE = "live"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time; `end` is None while it lasts."""

    start: Moment
    end: Moment | None = None


def closed_spans(spans: Iterable[Span], end: Moment) -> tuple[Span, ...]:
    """The spans with an open last one ended at `end`."""
    return tuple(span if span.end is not None else Span(start=span.start, end=end) for span in spans)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One real channel of a call."""

    channel: ChannelId
    linked: str
    number: str = ""
    name: str = ""
    #: The technology and peer, without the running number: PJSIP/carrier-a.
    device: str = ""
    dialled: str = ""
    context: str = ""
    sample_rate: int = 8000
    created_at: Moment
    answered_at: Moment | None = None
    ended_at: Moment | None = None
    holds: tuple[Span, ...] = ()
    #: Variables of the channel that the configuration or the dialplan lines of ours name.
    variables: tuple[tuple[str, str], ...] = ()

    def variable(self, name: str) -> str | None:
        return dict(self.variables).get(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether to record, and the rule or wish that decided it, in words."""

    record: bool
    #: force and never: neither a call's own wish nor an instruction changes it.
    is_final: bool = False
    #: Somebody stopped the recording: rules do not start it again, except force.
    is_by_hand: bool = False
    reason: str


def stay(legs: Iterable[Leg], channel: ChannelId, moment: Moment) -> Leg | None:
    """The channel's leg at that moment: in a conference the same one may come and go several times."""
    own = [leg for leg in legs if leg.channel == channel]
    return next((leg for leg in reversed(own) if leg.created_at <= moment), own[0] if own else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Somebody wants a call recorded, whatever rules say but for force and never."""

    by: str
    #: Recording options as written.
    options: str = ""
    #: Whether it is recorded stays with the rules: only the options are wanted.
    is_only_how: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whether the parties want to be recorded: the question and the answer, as evidence."""

    #: When we asked; None where the dialplan did.
    since: Moment | None = None
    #: Empty: nobody has answered.
    key: str = ""
    by: str = ""
    at: Moment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One conversation, however many channels, bridges and transfers it went through."""

    id: CallId
    organisation: str
    pbx: str
    node: str
    kind: CallKind = CallKind.CALL
    #: What people call the conference; its number.
    conference: str = ""
    state: CallState = CallState.LIVE
    direction: Direction = Direction.UNKNOWN
    legs: tuple[Leg, ...] = ()
    from_number: str = ""
    to_number: str = ""
    queue: str = ""
    agent_id: str = ""
    agent_name: str = ""
    started_at: Moment
    answered_at: Moment | None = None
    ended_at: Moment | None = None
    verdict: Verdict | None = None
    wanted: Wanted | None = None
    #: None: nobody had to be asked.
    consent: Asked | None = None
    #: Set when this call turned out to be part of another one (transfer, pickup).
    joined: CallId | None = None
    tags: tuple[str, ...] = ()

    @property
    def is_wanted(self) -> bool:
        """Somebody asked for its recording by hand."""
        return self.wanted is not None and not self.wanted.is_only_how
