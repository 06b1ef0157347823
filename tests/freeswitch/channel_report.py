"""The variables that a leg gets when it is over: CHANNEL_HANGUP and CHANNEL_HANGUP_COMPLETE. Pure."""

from datetime import UTC, datetime
from typing import Final

from tests.freeswitch.legs import Leg, Value

_Q850: Final = {
    "NORMAL_CLEARING": 16,
    "USER_BUSY": 17,
    "NO_ANSWER": 19,
    "ORIGINATOR_CANCEL": 487,
    "SYSTEM_SHUTDOWN": 41,
}
_STAMPS: Final = {"start": "Channel-Created", "profile_start": "Profile-Created", "answer": "Channel-Answered"}
_STAMPS_LATER: Final = {"bridge": "Channel-Bridged", "progress": "Channel-Progress", "end": "Channel-Hangup"}
_IN: Final = (
    *("raw_bytes", "media_bytes", "packet_count", "media_packet_count", "skip_packet_count", "jitter_packet_count"),
    *("dtmf_packet_count", "cng_packet_count", "flush_packet_count", "largest_jb_size", "jitter_min_variance"),
    *("jitter_max_variance", "jitter_loss_rate", "jitter_burst_rate", "mean_interval", "flaw_total"),
    *("quality_percentage", "mos"),
)
_OUT: Final = (
    *("raw_bytes", "media_bytes", "packet_count", "media_packet_count", "skip_packet_count", "dtmf_packet_count"),
    "cng_packet_count",
)


def hang_up(leg: Leg) -> None:
    q850 = _Q850.get(leg.hangup_cause, 16)
    if leg.other_type == "originator":
        leg.variables.pop("bridge_to", None)
    leg.variables["sip_reason"] = f'Q.850;cause={q850};text="{leg.hangup_cause}"'
    if leg.inbound:
        leg.variables |= {
            "sip_term_status": "200",
            "proto_specific_hangup_cause": "sip:200",
            "sip_term_cause": str(q850),
        }
        if leg.text("last_bridge_to"):
            leg.variables["last_bridge_role"] = "originator"
    elif leg.text("last_bridge_to"):
        leg.variables |= {
            "sip_hangup_phrase": "OK",
            "last_bridge_hangup_cause": leg.hangup_cause,
            "last_bridge_proto_specific_hangup_cause": "sip:200",
        }


def complete(leg: Leg) -> None:
    leg.variables |= {
        "hangup_cause": leg.hangup_cause,
        "hangup_cause_q850": str(_Q850.get(leg.hangup_cause, 16)),
        "digits_dialed": "none",
        **_stamps(leg),
        **({"last_app": leg.application, "last_arg": leg.application_data} if leg.application else {}),
        "caller_id": f'"{leg.caller_name}" <{leg.caller_number}>',
        **_durations(leg),
    }
    if leg.text("last_bridge_to"):
        leg.variables["bridge_hangup_cause"] = leg.hangup_cause
    leg.variables |= {f"rtp_audio_in_{name}": "0" for name in _IN}
    leg.variables |= {f"rtp_audio_out_{name}": "0" for name in _OUT}
    leg.variables |= {"rtp_audio_rtcp_packet_count": "0", "rtp_audio_rtcp_octet_count": "0"}


def _stamps(leg: Leg) -> dict[str, Value]:
    found = {name: leg.times[key] for name, key in (_STAMPS | _STAMPS_LATER).items()}
    stamps: dict[str, Value] = {
        f"{name}_stamp": datetime.fromtimestamp(at / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S")
        for name, at in found.items()
        if at
    }
    found |= dict.fromkeys(("last_hold", "resurrect", "progress_media"), 0)
    for name, at in found.items():
        stamps |= {f"{name}_epoch": str(at // 1_000_000), f"{name}_uepoch": str(at)}
    return stamps | {f"hold_accum_{unit}": "0" for unit in ("seconds", "usec", "ms")}


def _durations(leg: Leg) -> dict[str, Value]:
    created, answered, end = (leg.times[f"Channel-{name}"] for name in ("Created", "Answered", "Hangup"))
    whole, billed = end - created, end - answered if answered else 0
    waited = answered - created if answered else 0
    spans = {"duration": whole, "bill": billed, "progress": 0, "answer": waited, "wait": waited}
    spans |= {"progress_media": 0, "flow_bill": whole}
    values: dict[str, Value] = {}
    for unit, letter, divisor in (("sec", "", 1_000_000), ("msec", "m", 1000), ("usec", "u", 1)):
        for name, length in spans.items():
            key = f"{letter}duration" if name == "duration" else f"{name}{unit}"
            values[key] = str(length // divisor)
    return values
