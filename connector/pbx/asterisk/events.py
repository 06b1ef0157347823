"""AMI's events to facts of the domain. Pure but for remembering whose number is known; decides nothing about calls.

Whatever is missing, odd or out of order in an event, it never raises.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from connector.domain.events import (
    AgentConnected,
    BridgeEntered,
    BridgeKind,
    BridgeLeft,
    CallerIdentified,
    CallEvent,
    ChannelAnswered,
    ChannelCreated,
    ChannelEnded,
    ChannelHeld,
    ChannelsLinked,
    ChannelUnheld,
    KeyPressed,
    QueueEntered,
    VariableSet,
)
from connector.domain.ids import BridgeId, ChannelId, Moment
from connector.pbx.asterisk import status
from connector.pbx.asterisk.ami_message import AmiMessage
from connector.pbx.asterisk.bridge_kinds import bridge_kind, bridge_name
from connector.pbx.asterisk.channel_names import device, dialled_number, is_helper, known, unescaped
from connector.pbx.asterisk.user_events import instruction
from connector.pbx.watched_variables import WatchedVariables

_UP = "6"
#: Who is transferred by whom to whom.
_TRANSFER_PARTIES = (
    "TransfereeUniqueid",
    "OrigTransfererUniqueid",
    "SecondTransfererUniqueid",
    "TransferTargetUniqueid",
)

Facts = tuple[CallEvent, ...]


def stamp_of(message: AmiMessage, received_at: Moment) -> Moment:
    """When it happened, on the PBX's clock; manager.conf has to ask for stamps."""
    try:
        stamp = float(message.get("Timestamp"))
    except ValueError:
        return received_at
    return stamp if math.isfinite(stamp) and stamp > 0.0 else received_at


class Translation:
    def __init__(self, variables: frozenset[str] = frozenset()) -> None:
        self._watched = WatchedVariables(variables)
        #: The number that a channel came with, or was dialled by: what the dialplan makes of it later is for others.
        self._numbers: dict[ChannelId, str] = {}
        #: Of legs that we have the PBX make: they come with the number that the other side is to see.
        self._expected: dict[ChannelId, str] = {}
        self._translators: dict[str, Callable[[AmiMessage, ChannelId], Facts]] = {
            "Newchannel": self._created,
            "Newstate": _answered,
            "NewCallerid": self._identified,
            "BridgeEnter": _entered,
            "BridgeLeave": _left,
            "Pickup": _picked_up,
            "QueueCallerJoin": _queued,
            "AgentConnect": _connected,
            "Hold": _held,
            "Unhold": _unheld,
            "VarSet": self._set,
            "DTMFEnd": _pressed,
            "Hangup": self._ended,
        }

    def facts(self, message: AmiMessage) -> Facts:
        """What the event tells, in order; nothing for events that are not ours."""
        match message.event:
            case "DialBegin":
                return self._dialled(message)
            case "BlindTransfer" | "AttendedTransfer":
                return _transferred(message)
            case "UserEvent":
                wanted = instruction(message)
                return (wanted,) if wanted is not None else ()
        translator = self._translators.get(message.event)
        uniqueid = message.get("Uniqueid")
        return translator(message, ChannelId(uniqueid)) if translator is not None and uniqueid else ()

    @contextmanager
    def expecting(self, channel: ChannelId, number: str) -> Iterator[None]:
        """Whose phone that channel is, whatever number it is given while it is made."""
        self._expected[channel] = number
        try:
            yield
        finally:
            del self._expected[channel]

    def resynchronised(self, items: Iterable[AmiMessage], bridges: Iterable[AmiMessage] = ()) -> Facts:
        """What lives now, as if it had just happened, from the lists `Status` (with AllVariables) and `BridgeList`."""
        facts = status.living(items, bridges, self._watched)
        created = [fact for fact in facts if isinstance(fact, ChannelCreated)]
        self._numbers = {fact.channel: self._numbers.get(fact.channel, fact.number) for fact in created if fact.number}
        return facts

    def _created(self, message: AmiMessage, channel: ChannelId) -> Facts:
        name = message.get("Channel")
        number = self._expected.get(channel) or known(message.get("CallerIDNum"))
        extension = message.get("Exten")
        if number and not is_helper(name):
            self._numbers[channel] = number
        return (
            ChannelCreated(
                channel=channel,
                linked=message.get("Linkedid") or channel,
                number=number,
                name=unescaped(known(message.get("CallerIDName"))),
                device=device(name),
                # What the PBX itself dials starts at s.
                dialled="" if extension == "s" else extension,
                context=message.get("Context"),
                is_local=is_helper(name),
            ),
        )

    def _identified(self, message: AmiMessage, channel: ChannelId) -> Facts:
        number, name = known(message.get("CallerIDNum")), unescaped(known(message.get("CallerIDName")))
        # The dialplan gives an agent's leg the company's number for outside: he still is who he was.
        if not number or is_helper(message.get("Channel")) or self._numbers.get(channel, number) != number:
            return ()
        return (CallerIdentified(channel=channel, number=number, name=name),)

    def _dialled(self, message: AmiMessage) -> Facts:
        channel, device_name = ChannelId(message.get("DestUniqueid")), message.get("DestChannel")
        told = known(message.get("DestCallerIDNum"))
        number = dialled_number(message.get("DialString"), device_name, told)
        if not channel or not number or is_helper(device_name) or channel in self._expected:
            return ()
        self._numbers[channel] = number
        name = unescaped(known(message.get("DestCallerIDName")))
        return (CallerIdentified(channel=channel, number=number, name=name),)

    def _set(self, message: AmiMessage, channel: ChannelId) -> Facts:
        name = self._watched.name(message.get("Variable"))
        return (VariableSet(channel=channel, name=name, value=unescaped(message.get("Value"))),) if name else ()

    def _ended(self, message: AmiMessage, channel: ChannelId) -> Facts:
        self._numbers.pop(channel, None)
        return (ChannelEnded(channel=channel, cause=known(message.get("Cause-txt"))),)


def _answered(message: AmiMessage, channel: ChannelId) -> Facts:
    return (ChannelAnswered(channel=channel),) if message.get("ChannelState") == _UP else ()


def _entered(message: AmiMessage, channel: ChannelId) -> Facts:
    bridge = BridgeId(message.get("BridgeUniqueid"))
    kind = bridge_kind(message)
    name = bridge_name(message) if kind is not BridgeKind.TALK else ""
    return (BridgeEntered(channel=channel, bridge=bridge, kind=kind, name=name),) if bridge else ()


def _left(message: AmiMessage, channel: ChannelId) -> Facts:
    bridge = BridgeId(message.get("BridgeUniqueid"))
    return (BridgeLeft(channel=channel, bridge=bridge),) if bridge else ()


def _picked_up(message: AmiMessage, channel: ChannelId) -> Facts:
    target = ChannelId(message.get("TargetUniqueid"))
    return (ChannelsLinked(channel=channel, other=target),) if target else ()


def _transferred(message: AmiMessage) -> Facts:
    if message.get("Result") != "Success":
        return ()
    parties = ("TransfereeUniqueid", "TransfererUniqueid") if message.event == "BlindTransfer" else _TRANSFER_PARTIES
    first, *others = [ChannelId(id) for id in map(message.get, parties) if id] or [ChannelId("")]
    return tuple(ChannelsLinked(channel=first, other=other) for other in others)


def _queued(message: AmiMessage, channel: ChannelId) -> Facts:
    return (QueueEntered(channel=channel, queue=message.get("Queue")),)


def _connected(message: AmiMessage, channel: ChannelId) -> Facts:
    agent = message.get("MemberName") or message.get("Interface")
    return (AgentConnected(channel=channel, queue=message.get("Queue"), agent=agent),)


def _held(_message: AmiMessage, channel: ChannelId) -> Facts:
    return (ChannelHeld(channel=channel),)


def _unheld(_message: AmiMessage, channel: ChannelId) -> Facts:
    return (ChannelUnheld(channel=channel),)


def _pressed(message: AmiMessage, channel: ChannelId) -> Facts:
    # What is passed on to the other leg is told there as sent.
    key = message.get("Digit") if message.get("Direction") == "Received" else ""
    return (KeyPressed(channel=channel, key=key),) if key else ()
