"""The api commands that are about the switch as a whole, and how every command finds its way. Knows no socket.

Measured: the words of each answer, `-ERR <name> Command not found!` for a command that is not there.
"""

import asyncio
import functools
import json
import re
import shlex
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

from tests.freeswitch.conferences import Conference, listed
from tests.freeswitch.exchange import Exchange
from tests.freeswitch.leg_commands import LegCommands
from tests.freeswitch.legs import Leg
from tests.freeswitch.lies import Lies
from tests.freeswitch.telephony import Telephony

_USAGE_CONFERENCE: Final = "-USAGE: conference <confname> recording [start|stop|check|pause|resume|all] <path>\n"

Command = Callable[[str], Awaitable[str]]


class ApiCommands:
    def __init__(self, telephony: Telephony) -> None:
        self._telephony = telephony
        of_legs = LegCommands(telephony)
        self._commands: dict[str, Command] = {
            "status": self._status,
            "version": self._version,
            "uptime": self._uptime,
            "show": self._show,
            "module_exists": self._module_exists,
            "global_getvar": self._global_getvar,
            "eval": self._eval,
            "echo": self._eval,
            "msleep": self._msleep,
            "conference": self._conference,
            "originate": self._originate,
            **of_legs.table,
        }

    async def answer(self, command: str) -> str:
        name, _, argument = command.strip().partition(" ")
        if self._lies.api_delay_seconds:
            await asyncio.sleep(self._lies.api_delay_seconds)
        found = self._commands.get(name)
        if found is None:
            return f"-ERR {name} Command not found!\n"
        return await found(argument.strip())

    @property
    def _exchange(self) -> Exchange:
        return self._telephony.exchange

    @property
    def _lies(self) -> Lies:
        return self._exchange.lies

    async def _status(self, _: str) -> str:
        up = self._exchange.clock.up_seconds()
        days, hours, minutes = int(up // 86400), int(up // 3600 % 24), int(up // 60 % 60)
        milliseconds, microseconds = int(up * 1000 % 1000), int(up * 1_000_000 % 1000)
        live, version = len(self._exchange.legs), self._exchange.nature.version
        peak = self._exchange.legs_peak
        return (
            f"UP 0 years, {days} days, {hours} hours, {minutes} minutes, {int(up % 60)} seconds, "
            f"{milliseconds} milliseconds, {microseconds} microseconds\n"
            f"FreeSWITCH (Version {version}  64bit) is ready\n"
            f"{self._exchange.legs_since_startup} session(s) since startup\n"
            f"{live} session(s) - peak {peak}, last 5min {peak} \n"
            f"0 session(s) per Sec out of max 300, peak 8, last 5min 0 \n"
            "1000 session(s) max\nmin idle cpu 0.00/90.00\nCurrent Stack Size/Max 240K/8192K\n"
        )

    async def _version(self, what: str) -> str:
        version = self._exchange.nature.version
        if what == "short":
            return version.partition("-")[0]
        return f"FreeSWITCH Version {version}~64bit ( 64bit)\n"

    async def _uptime(self, unit: str) -> str:
        scales = {"": 1, "s": 1, "seconds": 1, "ms": 1000, "milliseconds": 1000, "us": 1_000_000}
        if unit not in scales:
            return "-USAGE: [us|ms|s|m|h|d|microseconds|milliseconds|seconds|minutes|hours|days]\n"
        return f"{int(self._exchange.clock.up_seconds() * scales[unit])}\n"

    async def _module_exists(self, name: str) -> str:
        return "false" if name in self._lies.missing_modules else "true"

    async def _global_getvar(self, name: str) -> str:
        if not name:
            return "".join(f"{key}={value}\n" for key, value in self._exchange.globals.items())
        return str(self._exchange.globals.get(name, ""))

    async def _eval(self, text: str) -> str:
        for name, value in self._exchange.globals.items():
            text = text.replace("${" + name + "}", value).replace("$${" + name + "}", value)
        return text

    async def _msleep(self, milliseconds: str) -> str:
        await asyncio.sleep(int(milliseconds) / 1000)
        return "+OK\n"

    async def _show(self, what: str) -> str:
        words = what.split()
        if words[:1] not in (["channels"], ["calls"], ["modules"]):
            return "-USAGE: codec|endpoint|application|api|dialplan|file|timer|calls [count]|channels [count]\n"
        rows = [] if words[0] == "modules" else [_row(leg) for leg in self._exchange.legs.values()]
        if words[0] == "calls":
            rows = [_row(leg) for leg in self._exchange.legs.values() if leg.peer is not None and leg.inbound]
        if words[-1] == "count":
            return f"\n{len(rows)} total.\n"
        if words[-2:] != ["as", "json"]:
            return "\n".join(",".join(row.values()) for row in rows) + f"\n\n{len(rows)} total.\n"
        document = {"row_count": len(rows), "rows": rows}
        return json.dumps(document, separators=(",", ":")) if rows else '{"row_count": 0}\n'

    # --- conferences ----------------------------------------------------------------------------------------------

    async def _conference(self, argument: str) -> str:
        rooms: dict[str, Conference] = self._exchange.conferences
        words = shlex.split(argument)
        if words[:1] == ["json_list"]:
            return listed(rooms.values())
        if words[:1] == ["list"]:
            return "".join(f"+OK Conference {name}\n" for name in rooms) or "+OK No active conferences.\n"
        room = rooms.get(words[0]) if words else None
        if room is None:
            return f"-ERR Conference {words[0] if words else ''} not found\n"
        if words[1:2] == ["json_list"]:
            return listed([room])
        if words[1:2] != ["recording"] or len(words) < 3:
            return _USAGE_CONFERENCE
        return self._recording(room, words[2], words[3] if len(words) > 3 else "")

    def _recording(self, room: Conference, action: str, path: str) -> str:
        frame = self._exchange.clock.frame()
        room.advance(frame)
        if action == "check":
            return room.check()
        if action == "start":
            known = path in room.mixes
            said = room.start(path, frame)
            if not known:
                self._later(functools.partial(room.started, path))
            return said
        if action == "stop":
            said = room.stop(path)
            for known_path in list(room.mixes) if path == "all" else [path]:
                self._later(functools.partial(_stop, room, known_path))
            return said
        if action in {"pause", "resume"}:
            return room.pause(path, action)
        return _USAGE_CONFERENCE

    def _later(self, act: Callable[[], object]) -> None:
        """The work is asynchronous: its event comes after the answer (measured)."""
        asyncio.get_running_loop().call_soon(act)

    # --- originate ------------------------------------------------------------------------------------------------

    async def _originate(self, argument: str) -> str:
        variables: dict[str, str] = {}
        if argument.startswith("{"):
            inner, _, argument = argument[1:].partition("}")
            # A comma with a backslash before it is a part of its value.
            pairs = [pair.replace("\\,", ",") for pair in re.split(r"(?<!\\),", inner)]
            variables = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
        url, _, then = argument.partition(" ")
        number = url.rpartition("/")[2].partition("@")[0]
        leg = await self._telephony.originate(
            number,
            variables=variables,
            leg_uuid=variables.get("origination_uuid", ""),
            caller_name=variables.get("origination_caller_id_name", ""),
            caller_number=variables.get("origination_caller_id_number", "0000000000"),
        )
        await self._telephony.reach(leg, number)
        await leg.answered.wait()
        name, _, rest = then.removeprefix("&").partition("(")
        if then.startswith("&"):
            await self._telephony.execute(leg, name, rest.removesuffix(")"))
        elif then:
            self._telephony.begin(self._telephony.route(leg, then.split()[0]))
        return f"+OK {leg.uuid}\n"


def _stop(room: Conference, path: str) -> None:
    if path in room.mixes:
        room.stopped(path)


def _row(leg: Leg) -> dict[str, str]:
    """As `show channels as json` has it: every value a string."""
    created = leg.times["Channel-Created"] // 1_000_000
    has_codec = bool(leg.text("read_codec"))
    codec = {
        "codec": leg.text("read_codec") if has_codec else "",
        "rate": str(leg.rate) if has_codec else "",
        "bit_rate": "64000" if has_codec else "",
    }
    address = "127.0.0.1" if leg.inbound or leg.originator is not None else ""
    return {
        "uuid": leg.uuid,
        "direction": "inbound" if leg.inbound else "outbound",
        "created": datetime.fromtimestamp(created, UTC).strftime("%Y-%m-%d %H:%M:%S"),
        "created_epoch": str(created),
        "name": leg.channel_name,
        "state": leg.state,
        "cid_name": leg.caller_name,
        "cid_num": leg.caller_number,
        "ip_addr": address,
        "dest": leg.dialled,
        "application": leg.application,
        "application_data": leg.application_data,
        "dialplan": "XML" if address else "",
        "context": leg.context,
        **{f"{side}_{name}": value for side in ("read", "write") for name, value in codec.items()},
        "secure": "",
        "hostname": "switch",
        "presence_id": "",
        "presence_data": "",
        "accountcode": "",
        "callstate": leg.call_state,
        "callee_name": leg.callee_name,
        "callee_num": leg.callee_number,
        "callee_direction": "SEND" if leg.callee_name else "",
        "call_uuid": leg.text("call_uuid") if leg.peer is not None or not leg.inbound else "",
        "sent_callee_name": leg.text("last_sent_callee_id_name"),
        "sent_callee_num": leg.text("last_sent_callee_id_number"),
        "initial_cid_name": leg.caller_name,
        "initial_cid_num": leg.caller_number,
        "initial_ip_addr": address,
        "initial_dest": leg.dialled,
        "initial_dialplan": "XML" if address else "",
        "initial_context": leg.context,
    }
