"""The api commands that are about one leg: uuid_*. Knows no socket.

Measured: every answer's words; `-ERR Cannot locate session!` where uuid_record's leg is gone, `-ERR No such channel!`
for the others, `-ERR no reply` for uuid_buglist; uuid_dump says nothing of recordings.
"""

import shlex
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from tests.freeswitch import bridges, headers, recording, transfers
from tests.freeswitch.exchange import Exchange
from tests.freeswitch.legs import Leg
from tests.freeswitch.telephony import PROMPT, Telephony

_RECORD: Final = "-USAGE: <uuid> [start|stop|mask|unmask] <path> [<limit>] [<recording_vars>]\n"
_GONE: Final = "-ERR No such channel!\n"
_NO_SESSION: Final = "-ERR Cannot locate session!\n"


class LegCommands:
    def __init__(self, telephony: Telephony) -> None:
        self._telephony = telephony
        self.table: dict[str, Callable[[str], Awaitable[str]]] = {
            "uuid_record": self._record,
            "uuid_exists": self._exists,
            "uuid_dump": self._dump,
            "uuid_getvar": self._getvar,
            "uuid_setvar": self._setvar,
            "uuid_buglist": self._buglist,
            "uuid_kill": self._kill,
            "uuid_answer": self._answer,
            "uuid_hold": self._hold,
            "uuid_park": self._park,
            "uuid_bridge": self._bridge,
            "uuid_transfer": self._transfer,
            "uuid_broadcast": self._broadcast,
            "uuid_displace": self._displace,
            "uuid_break": self._break,
        }

    @property
    def _exchange(self) -> Exchange:
        return self._telephony.exchange

    def _leg(self, words: list[str]) -> Leg | None:
        return self._exchange.legs.get(words[0]) if words else None

    async def _record(self, argument: str) -> str:
        words = _words(argument)
        if len(words) < 3:
            return _RECORD
        leg, action = self._leg(words), words[1].lower()
        if leg is None:
            return _NO_SESSION
        if action == "start":
            return await recording.start(self._exchange, leg, words[2:])
        if action == "stop":
            return recording.stop(self._exchange, leg, words[2])
        if action in {"mask", "unmask", "pause", "resume"}:
            return recording.change(self._exchange, leg, action, words[2])
        return _RECORD

    async def _exists(self, argument: str) -> str:
        return "true" if argument in self._exchange.legs else "false"

    async def _dump(self, argument: str) -> str:
        words = argument.split()
        leg = self._leg(words)
        if leg is None:
            return _GONE
        facts = {**self._exchange.core.headers("CHANNEL_DATA", self._exchange.clock.stamp()), **headers.channel(leg)}
        if words[1:] == ["json"]:
            return msgspec.json.encode(facts).decode()
        return "".join(f"{name}: {value}\n" for name, value in facts.items()) + "\n"

    async def _getvar(self, argument: str) -> str:
        words = argument.split()
        leg = self._leg(words)
        if len(words) < 2:
            return "-USAGE: <uuid> <var>\n"
        if leg is None:
            return _GONE
        return leg.text(words[1]) if words[1] in leg.variables else "_undef_"

    async def _setvar(self, argument: str) -> str:
        words = argument.split(maxsplit=2)
        leg = self._leg(words)
        if len(words) < 2:
            return "-USAGE: <uuid> <var> [value]\n"
        if leg is None:
            return _GONE
        if len(words) == 2:
            leg.variables.pop(words[1], None)
        else:
            leg.variables[words[1]] = words[2]
        return "+OK\n"

    async def _buglist(self, argument: str) -> str:
        leg = self._leg(argument.split())
        return recording.listed(self._exchange, leg) if leg is not None else "-ERR no reply\n"

    async def _kill(self, argument: str) -> str:
        words = argument.split()
        leg = self._leg(words)
        if leg is None:
            return _GONE
        bridges.hang_up(self._exchange, leg, words[1] if len(words) > 1 else "NORMAL_CLEARING")
        return "+OK\n"

    async def _answer(self, argument: str) -> str:
        leg = self._leg(argument.split())
        if leg is None:
            return _GONE
        bridges.answer(self._exchange, leg)
        return "+OK\n"

    async def _hold(self, argument: str) -> str:
        words = argument.split()
        is_off = words[:1] == ["off"]
        leg = self._leg(words[1:] if is_off or words[:1] == ["toggle"] else words)
        if leg is None:
            return "-ERR Operation failed\n"
        if is_off or (words[0] == "toggle" and leg.is_held):
            bridges.unhold(self._exchange, leg)
        else:
            bridges.hold(self._exchange, leg)
        return "+OK Success\n"

    async def _park(self, argument: str) -> str:
        leg = self._leg(argument.split())
        if leg is None:
            return "-ERR Operation failed\n"
        transfers.park(self._exchange, leg)
        return "+OK\n"

    async def _bridge(self, argument: str) -> str:
        words = argument.split()
        if len(words) != 2:
            return "-USAGE: <uuid> <other_uuid>\n"
        one, other = self._leg(words), self._leg(words[1:])
        if one is None or other is None:
            return "-ERR Invalid uuid\n"
        transfers.bridge(self._exchange, one, other)
        return f"+OK {other.uuid}\n"

    async def _transfer(self, argument: str) -> str:
        words = argument.split()
        leg = self._leg(words)
        if len(words) < 2:
            return "-USAGE: <uuid> [-bleg|-both] <dest-exten> [<dialplan>] [<context>]\n"
        if leg is None:
            return "-ERR No such channel!\n"
        number = words[2] if words[1].startswith("-") else words[1]
        kept = leg.peer if words[1] == "-bleg" and leg.peer is not None else leg
        self._telephony.begin(self._telephony.transfer(kept, number))
        return "+OK\n"

    async def _broadcast(self, argument: str) -> str:
        words = argument.split()
        leg = self._leg(words)
        if len(words) < 2:
            return "-USAGE: <uuid> <path> [aleg|bleg|holdb|both]\n"
        if leg is None:
            return "-ERR invalid uuid\n"
        side = words[2] if len(words) > 2 else "aleg"
        heard_by = {"bleg": (leg.peer,), "both": (leg, leg.peer)}.get(side, (leg,))
        for one in filter(None, heard_by):
            await self._telephony.play(one, PROMPT)
        return "+OK Message sent\n"

    async def _displace(self, argument: str) -> str:
        words = _words(argument)
        leg = self._leg(words)
        if len(words) < 3:
            return "-USAGE: <uuid> [start|stop] <path> [<limit>] [mux]\n"
        if leg is None:
            return _NO_SESSION
        if words[1] == "start":
            await self._telephony.play(leg, PROMPT, mixed="mux" in words[3:])
        elif leg.playing is None:
            return "-ERR Cannot stop displace session!\n"
        else:
            await self._telephony.stop_playing(leg)
        return "+OK Success\n"

    async def _break(self, argument: str) -> str:
        leg = self._leg(argument.split())
        if leg is None:
            return _GONE
        await self._telephony.stop_playing(leg)
        return "+OK\n"


def _words(argument: str) -> list[str]:
    """A path with blanks stands between single quotes (measured); braces keep theirs together."""
    lexer = shlex.shlex(argument, posix=True)
    lexer.whitespace_split, lexer.quotes, lexer.escape, lexer.commenters = True, "'", "", ""
    return list(lexer)
