"""What lives on an Asterisk now, from the lists `Status` and `BridgeList`, as facts. Pure."""

import re
from collections.abc import Iterable

from connector.domain.events import (
    BridgeEntered,
    BridgeKind,
    CallEvent,
    ChannelAnswered,
    ChannelCreated,
    VariableSet,
)
from connector.domain.ids import BridgeId, ChannelId
from connector.pbx.asterisk.ami_message import AmiMessage
from connector.pbx.asterisk.bridge_kinds import bridge_kind, bridge_name, kind_by_application
from connector.pbx.asterisk.channel_names import device, dialled_number, is_helper, known, unescaped
from connector.pbx.watched_variables import WatchedVariables

_UP = "6"
_WAS_DIALLED = frozenset({"AppDial", "AppDial2", "AppQueue"})


def living(
    status: Iterable[AmiMessage], bridges: Iterable[AmiMessage], watched: WatchedVariables
) -> tuple[CallEvent, ...]:
    """The eldest channel first, and who is in which bridge last: when that is told, all else is known."""
    channels = sorted((message for message in status if message.get("Uniqueid")), key=_age)
    kinds = {bridge.get("BridgeUniqueid"): (bridge_kind(bridge), bridge_name(bridge)) for bridge in bridges}
    return (
        *(_created(message) for message in channels),
        *(fact for message in channels for fact in _variables(message, watched)),
        *(ChannelAnswered(channel=_id(message)) for message in channels if message.get("ChannelState") == _UP),
        *(_entered(message, kinds) for message in channels if message.get("BridgeID")),
    )


def _created(message: AmiMessage) -> ChannelCreated:
    name = message.get("Channel")
    return ChannelCreated(
        channel=_id(message),
        linked=message.get("Linkedid") or _id(message),
        number=_number(message),
        name=unescaped(known(message.get("CallerIDName"))),
        device=device(name),
        dialled=message.get("DNID"),
        context=message.get("Context"),
        is_local=is_helper(name),
    )


def _number(message: AmiMessage) -> str:
    told = known(message.get("CallerIDNum"))
    # Who was dialled has dialled nothing himself; who picked the call up has, and stands in the place of another.
    if message.get("Application") not in _WAS_DIALLED or message.get("DNID"):
        return told
    return dialled_number(dict(_pairs(message)).get("DIALEDPEERNUMBER", ""), message.get("Channel"), told)


def _variables(message: AmiMessage, watched: WatchedVariables) -> Iterable[VariableSet]:
    for written, value in _pairs(message):
        if name := watched.name(written):
            yield VariableSet(channel=_id(message), name=name, value=value)


def _pairs(message: AmiMessage) -> list[tuple[str, str]]:
    return [(name, value) for name, _, value in (line.partition("=") for line in message.all("Variable"))]


def _entered(message: AmiMessage, kinds: dict[str, tuple[BridgeKind, str]]) -> BridgeEntered:
    bridge = message.get("BridgeID")
    kind, name = kinds.get(bridge) or kind_by_application(message)
    name = name if kind is not BridgeKind.TALK else ""
    return BridgeEntered(channel=_id(message), bridge=BridgeId(bridge), kind=kind, name=name)


def _id(message: AmiMessage) -> ChannelId:
    return ChannelId(message.get("Uniqueid"))


def _age(message: AmiMessage) -> tuple[int, ...]:
    """A unique id ends with the second and the running number of the channel's birth: rig-1795250388.63."""
    return tuple(int(part) for part in re.findall(r"[0-9]{1,18}", message.get("Uniqueid"))[-2:])
