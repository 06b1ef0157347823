"""The headers of events, name by name and in the order of the transcripts. Pure.

Measured: every channel event has the whole channel (Unique-ID, Channel-Call-UUID, Caller-*, Other-Leg-*, variable_*);
a conference's member events have the channel without Caller-* and variables; a conference's own have neither.
"""

import itertools
from datetime import UTC, datetime
from typing import Final

from tests.freeswitch.legs import TIMES, Leg, Value

#: File, function and line that fire each event, as the transcripts have them.
SOURCES: Final = {
    "CHANNEL_CREATE": ("switch_core_state_machine.c", "switch_core_session_run", 626),
    "CHANNEL_PROGRESS": ("switch_channel.c", "switch_channel_perform_mark_ring_ready_value", 3507),
    "CHANNEL_PROGRESS_MEDIA": ("switch_channel.c", "switch_channel_perform_mark_pre_answered", 3627),
    "CHANNEL_ANSWER": ("switch_channel.c", "switch_channel_perform_mark_answered", 3848),
    "CHANNEL_BRIDGE": ("switch_ivr_bridge.c", "switch_ivr_multi_threaded_bridge", 1689),
    "CHANNEL_UNBRIDGE": ("switch_ivr_bridge.c", "switch_ivr_multi_threaded_bridge", 1879),
    "CHANNEL_HOLD": ("switch_ivr.c", "switch_ivr_hold", 1558),
    "CHANNEL_UNHOLD": ("switch_ivr.c", "switch_ivr_unhold", 1638),
    "CHANNEL_PARK": ("switch_ivr.c", "switch_ivr_park", 1002),
    "CHANNEL_UNPARK": ("switch_ivr.c", "switch_ivr_park", 1213),
    "CHANNEL_HANGUP": ("switch_channel.c", "switch_channel_perform_hangup", 3447),
    "CHANNEL_HANGUP_COMPLETE": ("switch_core_state_machine.c", "switch_core_session_reporting_state", 943),
    "CHANNEL_DESTROY": ("switch_core_session.c", "switch_core_session_perform_destroy", 1588),
    "RECORD_START": ("switch_ivr_async.c", "record_callback", 1482),
    "RECORD_STOP": ("switch_ivr_async.c", "send_record_stop_event", 1241),
    "BACKGROUND_JOB": ("mod_event_socket.c", "api_exec", 1580),
    "HEARTBEAT": ("switch_core.c", "send_heartbeat", 95),
    "SHUTDOWN": ("switch_core.c", "switch_core_destroy", 3033),
    "DTMF": ("switch_channel.c", "switch_channel_dequeue_dtmf", 764),
    "CHANNEL_DATA": ("mod_commands.c", "uuid_dump_function", 6416),
}
_UNKNOWN: Final = ("switch_core.c", "switch_core", 1)


class Core:
    """What every event of one run of the switch begins with."""

    def __init__(self, core_uuid: str) -> None:
        self.uuid = core_uuid
        self._numbers = itertools.count(1)

    def headers(
        self, name: str, stamp: int, subclass: str = "", source: tuple[str, str, int] = ("", "", 0)
    ) -> dict[str, Value]:
        file, function, line = source if source[0] else SOURCES.get(name, _UNKNOWN)
        at = datetime.fromtimestamp(stamp / 1_000_000, UTC)
        headers: dict[str, Value] = {"Event-Subclass": subclass} if subclass else {}
        return headers | {
            "Event-Name": name,
            "Core-UUID": self.uuid,
            "FreeSWITCH-Hostname": "switch",
            "FreeSWITCH-Switchname": "switch",
            "FreeSWITCH-IPv4": "192.0.2.2",
            "FreeSWITCH-IPv6": "fd00::2",
            "Event-Date-Local": at.strftime("%Y-%m-%d %H:%M:%S"),
            "Event-Date-GMT": at.strftime("%a, %d %b %Y %H:%M:%S GMT"),
            "Event-Date-Timestamp": str(stamp),
            "Event-Calling-File": file,
            "Event-Calling-Function": function,
            "Event-Calling-Line-Number": str(line),
            "Event-Sequence": str(next(self._numbers)),
        }


def channel(leg: Leg) -> dict[str, Value]:
    """The whole channel."""
    return state(leg) | profile(leg, "Caller") | _other(leg) | variables(leg)


def state(leg: Leg, read_codec: tuple[str, str] | None = None) -> dict[str, Value]:
    headers: dict[str, Value] = {
        "Channel-State": leg.state,
        "Channel-Call-State": leg.call_state,
        "Channel-State-Number": str(leg.state_number),
        "Channel-Name": leg.channel_name,
        "Unique-ID": leg.uuid,
        "Call-Direction": _direction(leg),
        "Presence-Call-Direction": _direction(leg),
        "Channel-HIT-Dialplan": "true" if leg.inbound else "false",
        "Channel-Call-UUID": leg.text("call_uuid") or leg.uuid,
        "Answer-State": leg.answer_state,
    }
    if leg.hangup_cause:
        headers["Hangup-Cause"] = leg.hangup_cause
    if leg.text("read_codec"):
        name, bit_rate = read_codec or (codec(leg), "64000")
        headers |= _codec("Read", name, leg.rate, bit_rate) | _codec("Write", codec(leg), leg.rate, "64000")
    return headers


def profile(leg: Leg, prefix: str) -> dict[str, Value]:
    """Caller-* of a leg, or Other-Leg-* of the one it met."""
    is_own = prefix == "Caller"
    has_dialplan = leg.inbound or leg.originator is not None
    headers: dict[str, Value] = {
        f"{prefix}-Direction": _direction(leg),
        f"{prefix}-Logical-Direction": _direction(leg) if is_own else "inbound",
    }
    if has_dialplan:
        headers |= {f"{prefix}-Username": leg.caller_number, f"{prefix}-Dialplan": "XML"}
    for kind in ("Caller-ID", "Orig-Caller-ID"):
        headers |= {f"{prefix}-{kind}-Name": leg.caller_name, f"{prefix}-{kind}-Number": leg.caller_number}
    if leg.callee_name:
        headers |= {f"{prefix}-Callee-ID-Name": leg.callee_name, f"{prefix}-Callee-ID-Number": leg.callee_number}
    if has_dialplan:
        headers[f"{prefix}-Network-Addr"] = "127.0.0.1"
    headers |= {
        f"{prefix}-ANI": leg.caller_number,
        f"{prefix}-Destination-Number": leg.dialled,
        f"{prefix}-Unique-ID": leg.uuid,
        f"{prefix}-Source": "mod_sofia" if has_dialplan else "src/switch_ivr_originate.c",
        f"{prefix}-Context": leg.context,
        f"{prefix}-Channel-Name": leg.channel_name,
    }
    if is_own:
        headers[f"{prefix}-Profile-Index"] = "1"
    headers |= {f"{prefix}-{name}-Time": str(leg.times[name]) for name in TIMES}
    rest = {"Channel-Last-Hold": str(leg.last_hold), "Channel-Hold-Accum": str(leg.hold_accum), "Screen-Bit": "true"}
    rest |= {"Privacy-Hide-Name": "false", "Privacy-Hide-Number": "false"}
    return headers | {f"{prefix}-{name}": value for name, value in rest.items()}


def met(leg: Leg, other: Leg, other_type: str) -> None:
    """From now on its events say who the other leg is: originator or originatee."""
    leg.other_type = other_type
    leg.other = {name: str(value) for name, value in profile(other, "Other-Leg").items()}


def variables(leg: Leg) -> dict[str, Value]:
    return {f"variable_{name}": value for name, value in leg.variables.items()}


def codec(leg: Leg) -> str:
    return "PCMU" if leg.rate == 8000 else "L16"


def _other(leg: Leg) -> dict[str, Value]:
    return {"Other-Type": leg.other_type, **leg.other} if leg.other_type else {}


def _codec(side: str, name: str, rate: int, bit_rate: str) -> dict[str, Value]:
    prefix = f"Channel-{side}-Codec"
    return {f"{prefix}-Name": name, f"{prefix}-Rate": str(rate), f"{prefix}-Bit-Rate": bit_rate}


def _direction(leg: Leg) -> str:
    return "inbound" if leg.inbound else "outbound"
