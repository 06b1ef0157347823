"""What we ask of a PBX: imperatives without a reply. What became of one comes back as an event."""

from dataclasses import dataclass
from typing import TypeAlias

from connector.domain.ids import CallId, ChannelId, SegmentId
from connector.domain.recording import Heard


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRecorder:
    call: CallId
    segment: SegmentId
    channel: ChannelId
    path: str
    sample_rate: int
    heard: Heard = Heard.RX


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRecorder:
    call: CallId
    segment: SegmentId
    channel: ChannelId


@dataclass(frozen=True, slots=True, kw_only=True)
class MuteRecorder:
    """Write silence instead of sound: the length stays."""

    call: CallId
    segment: SegmentId
    channel: ChannelId


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmuteRecorder:
    call: CallId
    segment: SegmentId
    channel: ChannelId


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaySound:
    """Beep or announcement, to this channel."""

    call: CallId
    channel: ChannelId
    sound: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceCall:
    """Have a device of ours ring and, once somebody has answered there, connect it with a number. It is about no call
    yet: `Pbx.place` does it, and says what became of it."""

    #: The name that the device's leg is to have.
    channel: ChannelId
    #: As the PBX dials it: PJSIP/2001, user/2001.
    device: str
    number: str
    #: Of the dialplan, where the number is dialled.
    context: str
    #: What the number's owner sees.
    caller_id: str
    #: Whether it is recorded; None: the rules decide.
    record: bool | None = None
    #: Recording options as the dialplan writes them: name=value,name=value.
    options: str = ""
    agent: str = ""


#: How long a device rings, before nobody is there.
RING_SECONDS = 30.0

PbxCommand: TypeAlias = StartRecorder | StopRecorder | MuteRecorder | UnmuteRecorder | PlaySound
