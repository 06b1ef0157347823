"""What the dialplan wants of us by `UserEvent(Callreel,Action: start,Destination: archive)`. Pure."""

import json
import uuid

from connector.domain.events import InstructionGiven
from connector.domain.ids import ChannelId, derived_id
from connector.pbx.asterisk.ami_message import AmiMessage

_NAME = "callreel"
#: What says whom and what; everything else behind the event's name is a recording option.
_OWN = frozenset({"action", "actionid", "commandid", "conference", "options"})


def instruction(message: AmiMessage) -> InstructionGiven | None:
    """None for the events of others. The instruction may be one that nobody can obey: who answers it says why."""
    if message.get("UserEvent").casefold() != _NAME:
        return None
    uniqueid = message.get("Uniqueid")
    return InstructionGiven(
        command_id=message.get("CommandId").strip() or _command_id(message, uniqueid),
        action=message.get("Action").strip().lower(),
        channel=ChannelId(uniqueid) if uniqueid else None,
        conference=message.get("Conference").strip(),
        options=_options(message),
        by="dialplan",
    )


def _command_id(message: AmiMessage, uniqueid: str) -> str:
    stamp = message.get("Timestamp")
    # Without time stamps the same words may be meant again.
    return derived_id("user event", uniqueid, stamp) if stamp else str(uuid.uuid4())


def _options(message: AmiMessage) -> str:
    """Behind the event's name stands what the dialplan wrote; before it, the channel as Asterisk knows it."""
    if written := message.get("Options").strip():
        return written
    names = [name.lower() for name, _ in message.lines]
    said: dict[str, str] = {}
    for name, value in message.lines[names.index("userevent") + 1 :]:
        key = name.strip().lower()
        if key and key not in _OWN:
            said.setdefault(key, value.strip())
    if any("," in text for text in said.values()):
        return json.dumps(said, ensure_ascii=False)
    return ",".join(f"{name}={value}" for name, value in said.items())
