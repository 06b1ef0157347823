"""What we ask Asterisk to tell us, as regular expressions for its `Filter` action. Pure.

The events that pass have to fit one of them; the same syntax is understood by Asterisk 16 and 22.
"""

from collections.abc import Iterable

#: Events that we use whatever is in them.
EVENTS = (
    "AgentConnect",
    "AttendedTransfer",
    "BlindTransfer",
    "BridgeEnter",
    "BridgeLeave",
    "DTMFEnd",
    "DialBegin",
    "Hangup",
    "HangupRequest",
    "Hold",
    "MixMonitorStart",
    "MixMonitorStop",
    "NewCallerid",
    "Newchannel",
    "Newstate",
    "OriginateResponse",
    "Pickup",
    "QueueCallerJoin",
    "Unhold",
)
#: A line of an action may have 1024 bytes, and no more than this of them is ours.
_LONGEST = 900
#: The end of a line: a line break itself cannot be written into an action.
_EOL = "[[:cntrl:]]"
#: Ours, in Asterisk's spelling and in FreeSWITCH's.
_OUR_VARIABLES = ("CALLREEL[^[:cntrl:]]*", "callreel_[^[:cntrl:]]*")


def expressions(variables: Iterable[str]) -> tuple[str, ...]:
    """One for the events, one for our own user events, and as many as it takes for the variables."""
    names = [*_OUR_VARIABLES, *(_literal(name) for name in sorted(variables))]
    return (
        f"^Event: ({'|'.join(EVENTS)}){_EOL}",
        f"^Event: UserEvent{_EOL}.*{_EOL}UserEvent: [Cc][Aa][Ll][Ll][Rr][Ee][Ee][Ll]{_EOL}",
        *(f"^Event: VarSet{_EOL}.*{_EOL}Variable: _?_?({some}){_EOL}" for some in _joined(names)),
    )


def _literal(text: str) -> str:
    """What could be special is any one character here: too much may pass, never too little."""
    return "".join(one if one.isalnum() or one == "_" else "." for one in text)


def _joined(names: Iterable[str]) -> list[str]:
    lines: list[str] = []
    for name in names:
        if lines and len(lines[-1]) + len(name) < _LONGEST:
            lines[-1] += f"|{name}"
        else:
            lines.append(name)
    return lines
