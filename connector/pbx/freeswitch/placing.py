"""Places calls by a job `originate`: its command (pure), and what its answer means.

Knows one device and one number at a time; whether a call may be placed is decided before it comes here.
"""

import re
from typing import Final, Protocol

from connector.domain.pbx_commands import RING_SECONDS, PlaceCall
from connector.errors import PbxRefused, PbxUnreachable

#: What FreeSWITCH says when the ringing is over may come a little later.
_ANSWER_SECONDS: Final = RING_SECONDS + 5.0
_DEVICE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*/[A-Za-z0-9_.@:+/-]+", re.ASCII)
_CONTEXT: Final = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)
_CHANNEL: Final = re.compile(r"[A-Za-z0-9-]+", re.ASCII)
_NUMBER: Final = re.compile(r"\+?[0-9]+", re.ASCII)
#: What neither a blank nor a comma nor a brace takes apart; a comma is written as \,
_VALUE: Final = re.compile(r"[A-Za-z0-9_./:@+=~|,-]*", re.ASCII)
_MEND: Final = "see api.outbound.endpoints"
#: As 1.10 and 1.11 say them (measured); the words in which a phone refuses are SIP's.
_REASONS: Final = {
    "USER_BUSY": "the device is busy",
    "NO_ANSWER": "nobody answered at the device",
    "NO_USER_RESPONSE": "the device did not answer",
    "ORIGINATOR_CANCEL": "it was hung up",
    "USER_NOT_REGISTERED": "the device is not registered",
    "SUBSCRIBER_ABSENT": "there is no such device, or it is not registered",
    "CALL_REJECTED": "the device refused the call",
    "UNALLOCATED_NUMBER": "there is no such device",
    "NUMBER_CHANGED": "there is no such device any more",
    "NORMAL_TEMPORARY_FAILURE": "the device cannot be reached, or is out of order",
    "NETWORK_OUT_OF_ORDER": "the device cannot be reached",
    "RECOVERY_ON_TIMER_EXPIRE": "the device did not answer",
    "INCOMPATIBLE_DESTINATION": "the device and the PBX have no codec in common",
    "CHAN_NOT_IMPLEMENTED": f"it has no such kind of device: {_MEND}",
    "INVALID_PROFILE": f"it has no such SIP profile: {_MEND}",
    "INVALID_GATEWAY": f"it has no such gateway: {_MEND}",
    "NO_ROUTE_DESTINATION": f"it knows no way to the device: {_MEND}",
}


class Asks(Protocol):
    """Of the event socket what is used here."""

    async def job(self, command: str, limit_seconds: float = ...) -> str: ...


async def place(name: str, esl: Asks, wanted: PlaceCall) -> None:
    """Returns when somebody has answered at the device. Raises PbxRefused and PbxUnreachable."""
    try:
        await esl.job(originate(wanted), _ANSWER_SECONDS)
    except PbxRefused as error:
        cause = str(error).rpartition("-ERR ")[2].strip()
        raise PbxRefused(f"PBX {name}: {_REASONS[cause]}" if cause in _REASONS else str(error)) from error
    except TimeoutError as error:
        raise PbxUnreachable(f"PBX {name} did not say what became of the call") from error


def originate(wanted: PlaceCall) -> str:
    """The command. Raises PbxRefused for words that FreeSWITCH would take apart."""
    checks = (
        (_DEVICE, wanted.device),
        (_CONTEXT, wanted.context),
        (_CHANNEL, wanted.channel),
        (_NUMBER, wanted.number),
        (_NUMBER, wanted.caller_id),
        (_VALUE, wanted.options),
        (_VALUE, wanted.agent),
    )
    wrong = next((text for form, text in checks if not form.fullmatch(text)), None)
    if wrong is not None:
        raise PbxRefused(
            f"{wrong!r} cannot be dialled by FreeSWITCH: write user/2001 under api.outbound.endpoints, and a plain "
            "name for api.outbound.context"
        )
    variables = ",".join(f"{name}={_escaped(value)}" for name, value in _variables(wanted).items())
    shown = wanted.caller_id
    return f"originate {{{variables}}}{wanted.device} {wanted.number} XML {wanted.context} {shown} {shown}"


def _variables(wanted: PlaceCall) -> dict[str, str]:
    said = {
        "origination_uuid": wanted.channel,
        "origination_caller_id_number": wanted.caller_id,
        "origination_caller_id_name": wanted.caller_id,
        # On the way out a leg that was called itself is shown by the number that it was called by: an extension.
        "effective_caller_id_number": wanted.caller_id,
        "effective_caller_id_name": wanted.caller_id,
        # Else a phone that only rings counts as answered.
        "ignore_early_media": "true",
        "originate_timeout": str(round(RING_SECONDS)),
        "callreel_options": wanted.options,
        "callreel_agent": wanted.agent,
    }
    if wanted.record is not None:
        said["callreel_record"] = "yes" if wanted.record else "no"
    return {name: value for name, value in said.items() if value}


def _escaped(value: str) -> str:
    return value.replace(",", "\\,")
