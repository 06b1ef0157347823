"""What a PBX, a person or time tells us: facts, in the past tense. Drivers make them, the Director reads them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from connector.domain.ids import BridgeId, CallId, ChannelId, Moment, SegmentId
from connector.domain.recording import Heard


class BridgeKind(StrEnum):
    #: Who meets here talks with each other: one conversation.
    TALK = "talk"
    #: Parking and waiting: strangers may be in it together.
    HOLDING = "holding"
    #: A conference: each participant stays a call of its own.
    CONFERENCE = "conference"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelCreated:
    channel: ChannelId
    #: The PBX's own idea of what belongs together (Linkedid); one clue among several.
    linked: str
    number: str = ""
    name: str = ""
    device: str = ""
    dialled: str = ""
    context: str = ""
    sample_rate: int = 8000
    #: A helper channel of the PBX (Local/…): it joins conversations and is never recorded.
    is_local: bool = False
    #: The PBX has brought it back to life after its own death, under the name that it had.
    is_back: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelAnswered:
    channel: ChannelId
    #: When that was, if it is told late because nobody listened.
    since: Moment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerIdentified:
    """The number or name of a channel became known or changed."""

    channel: ChannelId
    number: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeEntered:
    channel: ChannelId
    bridge: BridgeId
    kind: BridgeKind = BridgeKind.TALK
    #: What people call it; a conference's number.
    name: str = ""
    #: Since when it is there, when that is told late because nobody listened.
    since: Moment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BridgeLeft:
    channel: ChannelId
    bridge: BridgeId


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelsLinked:
    """Pickup, transfer: two channels turned out to be of one conversation."""

    channel: ChannelId
    other: ChannelId


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEntered:
    channel: ChannelId
    queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentConnected:
    """A queue gave the call to a member."""

    channel: ChannelId
    queue: str
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelHeld:
    channel: ChannelId


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelUnheld:
    channel: ChannelId


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableSet:
    channel: ChannelId
    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPressed:
    """A key of a party's phone, for consent. Told only while somebody is asked for it."""

    channel: ChannelId
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelEnded:
    channel: ChannelId
    cause: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderStarted:
    """The recorder's file is there: verified on disk, not by a success reply."""

    segment: SegmentId
    #: What it really writes, where that is not what was asked for: another name, the phone's wideband.
    path: str = ""
    sample_rate: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderFound:
    """A recorder that the dialplan itself started ("must record"), whether it still runs or its call is over; the event
    is stamped with its start. Told again after each reconnect."""

    channel: ChannelId
    linked: str
    path: str
    sample_rate: int = 8000
    heard: Heard = Heard.RX
    #: Set when its channel is gone: nobody will tell anything else of that call.
    ended_at: Moment | None = None
    number: str = ""
    device: str = ""
    dialled: str = ""
    context: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderRefused:
    segment: SegmentId
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderFlushed:
    """The file grew to `frames`: one point of the map between the file's time and the wall's."""

    segment: SegmentId
    frames: int
    #: The disk took only a part of what was to be written.
    is_torn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderStalled:
    """The file does not grow while sound flows."""

    segment: SegmentId


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderClosed:
    """The file is complete: its header says so, or nothing writes to it any more."""

    segment: SegmentId
    #: It is written on, but what comes now is another leg's.
    is_moved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandTimedOut:
    """The PBX did not answer a command about this segment in time, or cannot do it now, for that reason."""

    segment: SegmentId
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PbxResynchronised:
    """After every (re)connect: what lives on the PBX now. What is not in it has ended unseen."""

    channels: tuple[ChannelId, ...]
    recorders: tuple[RecorderStarted, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PbxLost:
    """The connection is gone. The PBX goes on recording."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InstructionGiven:
    """Somebody wants something of a call: the dialplan, the API, a callback's answer, the command line."""

    #: The same id acts once.
    command_id: str
    #: start, stop, pause, resume, discard or options.
    action: str
    #: One of them says which call. With a channel, a conference's name `*` means the one that the channel is in.
    channel: ChannelId | None = None
    call: CallId | None = None
    conference: str = ""
    #: Recording options as written, JSON or key=value pairs; parsed with the sender's spelling.
    options: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimePassed:
    """The moment that a decision asked to be woken at."""


CallEvent: TypeAlias = (
    ChannelCreated
    | ChannelAnswered
    | CallerIdentified
    | BridgeEntered
    | BridgeLeft
    | ChannelsLinked
    | QueueEntered
    | AgentConnected
    | ChannelHeld
    | ChannelUnheld
    | VariableSet
    | KeyPressed
    | ChannelEnded
    | RecorderStarted
    | RecorderFound
    | RecorderRefused
    | RecorderFlushed
    | RecorderStalled
    | RecorderClosed
    | CommandTimedOut
    | PbxResynchronised
    | PbxLost
    | InstructionGiven
    | TimePassed
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamped:
    """An event and when it happened, on the PBX's clock made steady by the driver."""

    at: Moment
    event: CallEvent
