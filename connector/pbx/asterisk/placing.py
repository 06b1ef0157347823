"""Places calls by AMI's Originate, and tells what became of each from OriginateResponse.

Knows one device and one number at a time; whether a call may be placed is decided before it comes here.
"""

import asyncio
import re
from collections.abc import Mapping
from typing import Any, Final, Protocol

from connector.domain.pbx_commands import RING_SECONDS, PlaceCall
from connector.errors import PbxRefused, PbxUnreachable
from connector.pbx.asterisk.ami_message import AmiMessage
from connector.ports.clock import Clock

#: What Asterisk says when the ringing is over may come a little later.
_ANSWER_SECONDS: Final = RING_SECONDS + 5.0
#: Between two events of one end.
_CAUSE_SECONDS: Final = 0.5
_DEVICE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*/[A-Za-z0-9_.@:+/-]+", re.ASCII)
_CONTEXT: Final = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)
#: What Asterisk would take apart in a list of variables.
_SPECIAL: Final = re.compile(r"([^A-Za-z0-9_.=])")
#: What hung the device's leg up, in Asterisk's words; the reason alone often says nothing.
_CAUSES: Final = {
    "17": "the device is busy",
    "18": "the device did not answer",
    "19": "nobody answered at the device",
    "20": "the device is not registered",
    "21": "the device refused the call",
}
#: Reasons of OriginateResponse, as frames of control are numbered.
_REASONS: Final = {
    "0": "the PBX could not dial the device: is there such a one, and is it registered?",
    "1": "it was hung up",
    "3": "nobody answered at the device",
    "5": "the device is busy",
    "8": "the device cannot be reached",
}


class Acts(Protocol):
    """Of the manager interface what is used here."""

    async def act(self, action: str, fields: Mapping[str, Any], limit_seconds: float = ...) -> Any: ...


class Placing:
    def __init__(self, name: str, ami: Acts, clock: Clock) -> None:
        self._name = name
        self._ami = ami
        self._clock = clock
        #: By the ActionID: what OriginateResponse says.
        self._awaited: dict[str, asyncio.Future[AmiMessage]] = {}
        #: By the same: why its leg was hung up.
        self._causes: dict[str, asyncio.Future[str]] = {}

    async def place(self, wanted: PlaceCall) -> None:
        """Returns when somebody has answered at the device. Raises PbxRefused and PbxUnreachable."""
        if not _DEVICE.fullmatch(wanted.device) or not _CONTEXT.fullmatch(wanted.context):
            raise PbxRefused(
                f"{wanted.device!r} in {wanted.context!r} is nothing that Asterisk can dial: write PJSIP/2001 under "
                "api.outbound.endpoints, and a plain name for api.outbound.context"
            )
        id = _action_id(wanted.channel)
        loop = asyncio.get_running_loop()
        answered = self._awaited[id] = loop.create_future()
        hung_up = self._causes[id] = loop.create_future()
        try:
            await self._ami.act("Originate", fields(wanted, id))
            message = await self._within(answered)
            if message.response != "Success":
                raise PbxRefused(f"PBX {self._name}: {await self._reason(message, hung_up)}")
        except PbxRefused as error:
            raise PbxRefused(_with_remedy(str(error))) from error
        except TimeoutError as error:
            raise PbxUnreachable(f"PBX {self._name} did not say what became of the call") from error
        finally:
            del self._awaited[id], self._causes[id]

    def heard(self, message: AmiMessage) -> None:
        hung_up = self._causes.get(_action_id(message.get("Uniqueid"))) if message.event == "Hangup" else None
        if hung_up is not None and not hung_up.done():
            hung_up.set_result(message.get("Cause"))
        for id in message.all("ActionID") if message.event == "OriginateResponse" else ():
            awaited = self._awaited.get(id)
            if awaited is not None and not awaited.done():
                awaited.set_result(message)

    def forget(self) -> None:
        """The connection is lost: nobody will say any more what became of them."""
        for awaited in self._awaited.values():
            awaited.cancel()

    async def _reason(self, message: AmiMessage, hung_up: "asyncio.Future[str]") -> str:
        """Asterisk says that it came to nothing, and of the leg that was hung up: one before the other or after it."""
        await self._first(hung_up, _CAUSE_SECONDS)
        cause = hung_up.result() if hung_up.done() else ""
        return _CAUSES.get(cause) or _REASONS.get(message.get("Reason"), "the PBX could not place it")

    async def _within(self, answered: "asyncio.Future[AmiMessage]") -> AmiMessage:
        await self._first(answered, _ANSWER_SECONDS)
        if answered.cancelled():
            raise PbxUnreachable(f"PBX {self._name} was lost while the device rang: nobody knows what became of it")
        if not answered.done():
            raise TimeoutError
        return answered.result()

    async def _first(self, awaited: "asyncio.Future[Any]", seconds: float) -> None:
        """Until it is there, or the time is over."""
        alarm = asyncio.ensure_future(self._clock.sleep_until(self._clock.now() + seconds))
        try:
            await asyncio.wait((awaited, alarm), return_when=asyncio.FIRST_COMPLETED)
        finally:
            alarm.cancel()


def fields(wanted: PlaceCall, id: str) -> dict[str, str | list[str]]:
    """Of the action. Raises nothing: what AMI would take for another line, the connection refuses."""
    return {
        "ActionID": id,
        "ChannelId": wanted.channel,
        "Channel": wanted.device,
        "Context": wanted.context,
        "Exten": wanted.number,
        "Priority": "1",
        "Timeout": str(round(1000 * RING_SECONDS)),
        "Async": "true",
        "CallerID": f"<{wanted.caller_id}>",
        "Variable": [f"{name}={_SPECIAL.sub(_escaped, value)}" for name, value in _variables(wanted).items()],
    }


def own_number(device: str) -> str:
    """2001 of PJSIP/2001 and of PJSIP/2001@phones."""
    return device.partition("/")[2].rpartition("/")[2].partition("@")[0]


def _action_id(channel: str) -> str:
    return f"originate-{channel}"


def _variables(wanted: PlaceCall) -> dict[str, str]:
    said = {"CALLREEL_OPTIONS": wanted.options, "CALLREEL_AGENT": wanted.agent}
    if wanted.record is not None:
        said["CALLREEL"] = "yes" if wanted.record else "no"
    return {name: value for name, value in said.items() if value}


def _escaped(sign: re.Match[str]) -> str:
    return f"\\{sign[0]}"


def _with_remedy(said: str) -> str:
    if "permission" in said.lower():
        return f"{said}: add originate to write= of our user in manager.conf, then: asterisk -rx 'manager reload'"
    return said
