"""What the dialplan wants of us by the `event` application: CUSTOM callreel::record, Action=start,Destination=archive.

Pure. The event carries all headers of its leg behind what the dialplan wrote.
"""

import json
import uuid
from collections.abc import Iterator

from connector.domain.events import InstructionGiven
from connector.domain.ids import ChannelId, derived_id
from connector.pbx.freeswitch.esl_event import EslEvent

SUBCLASS = "callreel::record"
#: What says whom and what; everything else that the dialplan wrote is a recording option.
_OWN = frozenset({"action", "commandid", "command-id", "command_id", "conference", "options"})
#: The first header of a leg: it and all that follow are FreeSWITCH's.
_LEG_BEGINS = "Channel-State"
_FREESWITCH_S = (
    *("Answer-State", "Call-Direction", "Caller-", "Channel-", "Content-", "Core-", "Event-", "FreeSWITCH-"),
    *("Hangup-Cause", "Other-", "Presence-", "Session-", "Unique-ID", "scope_variable_", "variable_"),
)
#: Added to events that come from another event socket or a script.
_SENDERS = frozenset({"command", "priority"})


def instruction(event: EslEvent) -> InstructionGiven | None:
    """None for the events of others. The instruction may be one that nobody can obey: who answers it says why."""
    if event.name != SUBCLASS:
        return None
    written = dict(_written(event))
    given = next((value for name, value in written.items() if name in _OWN and name.startswith("command")), "")
    return InstructionGiven(
        command_id=given or _command_id(event),
        action=written.get("action", "").lower(),
        channel=ChannelId(event.channel) if event.channel else None,
        conference=written.get("conference", ""),
        options=_options(written),
        by="dialplan",
    )


def _written(event: EslEvent) -> Iterator[tuple[str, str]]:
    for name, value in event.headers.items():
        if name == _LEG_BEGINS:
            return
        plain = name.strip().lower()
        if plain and plain not in _SENDERS and not name.startswith(_FREESWITCH_S):
            yield plain, value.strip()


def _command_id(event: EslEvent) -> str:
    told = [event.get(name) for name in ("Core-UUID", "Event-Sequence", "Event-Date-Timestamp")]
    # Without them the same words may be meant again.
    return derived_id("dialplan event", event.channel, *told) if any(told[1:]) else str(uuid.uuid4())


def _options(written: dict[str, str]) -> str:
    if whole := written.get("options"):
        return whole
    said = {name: value for name, value in written.items() if name not in _OWN}
    if any("," in value for value in said.values()):
        return json.dumps(said, ensure_ascii=False)
    return ",".join(f"{name}={value}" for name, value in said.items())
