"""What a bridge of Asterisk's is for: talk, waiting, or a conference. Pure."""

from connector.domain.events import BridgeKind
from connector.pbx.asterisk.ami_message import AmiMessage
from connector.pbx.asterisk.channel_names import known

_WAITING_CREATORS = frozenset({"BridgeWait", "Parking"})
_WAITING_TYPES = frozenset({"holding", "parking"})


def bridge_kind(message: AmiMessage) -> BridgeKind:
    """Of an event or a list item that shows a bridge. An ARI application's bridge is talk unless it only holds."""
    if message.get("BridgeTechnology") == "holding_bridge" or message.get("BridgeType") in _WAITING_TYPES:
        return BridgeKind.HOLDING
    if message.get("BridgeCreator") in _WAITING_CREATORS:
        return BridgeKind.HOLDING
    return BridgeKind.CONFERENCE if message.get("BridgeCreator") == "ConfBridge" else BridgeKind.TALK


def bridge_name(message: AmiMessage) -> str:
    return known(message.get("BridgeName"))


def kind_by_application(message: AmiMessage) -> tuple[BridgeKind, str]:
    """Kind and name of the bridge that a channel of `Status` is in, by what its dialplan runs: less sure, and the only
    way where the bridge is on no list."""
    match message.get("Application"):
        case "ConfBridge":
            return BridgeKind.CONFERENCE, message.get("Data").partition(",")[0]
        case "Park" | "ParkAndAnnounce" | "BridgeWait":
            return BridgeKind.HOLDING, ""
    return BridgeKind.TALK, ""
