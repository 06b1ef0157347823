"""Asterisk's gateway protocol as the dialplan snippet speaks it: lines to a question, an answer to lines.

Pure: knows no socket, no call, and not what becomes of a question.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, unquote

from connector.domain.decision import CommandAnswered
from connector.domain.ids import ChannelId
from connector.domain.instruction import JSON_HINT
from connector.errors import IllegalInstruction

END_OF_HEAD: Final = b"\n\n"
OPTIONS_VARIABLE: Final = "CALLREEL_OPTIONS"
ACTIONS: Final = {
    "start": "STARTED",
    "stop": "STOPPED",
    "pause": "PAUSED",
    "resume": "RESUMED",
    "discard": "DISCARDED",
}
_LONGEST_REASON = 200
#: What would end a line, a quoted word or an expression of the dialplan, or begin one.
_UNSAFE = str.maketrans({"\r": " ", "\n": " ", "\0": " ", '"': "'", "\\": "/", "$": ""})
_ARGUMENT = re.compile(r"agi_arg_\d+: ?(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the dialplan wants of the call that it runs for."""

    #: "" when the dialplan names none.
    pbx: str
    action: str
    channel: ChannelId
    #: name=value,name=value
    options: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the dialplan reads in RECORDING_STATUS, RECORDING_ID and RECORDING_REASON."""

    status: str
    recording: str = ""
    reason: str = ""


def question(head: bytes) -> Question:
    """Raises IllegalInstruction, in words for whoever wrote the dialplan."""
    lines = head.decode(errors="replace").strip("\n").split("\n")
    arguments = _arguments(lines)
    said: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        # The first one counts: a caller's name with a line end in it could only forge a later one.
        said.setdefault(name, value.strip())
    pbx, action = _script(said.get("agi_network_script", ""))
    channel = said.get("agi_uniqueid", "")
    if not channel:
        raise IllegalInstruction("the request has no agi_uniqueid: it does not come from Asterisk's AGI()")
    if arguments[:1] in {"{", "["}:
        raise IllegalInstruction(JSON_HINT)
    return Question(pbx=pbx, action=action, channel=ChannelId(channel), options=arguments)


def options_wanted() -> bytes:
    """Asks for the channel variable that may hold JSON."""
    return f"GET VARIABLE {OPTIONS_VARIABLE}\n".encode()


def options_said(line: bytes) -> str:
    """The answer to it; "" when it is not set. Raises IllegalInstruction when it has more than one line."""
    text = line.decode(errors="replace").rstrip("\r\n")
    if not text.startswith("200 result=1"):
        return ""
    _, _, value = text.partition(" (")
    if not value.endswith(")"):
        raise IllegalInstruction(f"{OPTIONS_VARIABLE} has more than one line, or is too long: write it in one")
    return value[:-1]


def reply(question: Question, answered: CommandAnswered) -> Reply:
    recording = answered.recording or ""
    reason = answered.outcome if answered.outcome != recording else ""
    if not answered.is_done:
        return Reply(status="REFUSED", recording=recording, reason=reason)
    is_waiting = question.action == "start" and not recording
    status = "WAITING" if is_waiting else ACTIONS[question.action]
    return Reply(status=status, recording=recording, reason=reason)


def variables(reply: Reply) -> bytes:
    """The commands that give the dialplan its answer."""
    said = {"STATUS": reply.status, "ID": reply.recording, "REASON": reply.reason}
    return "".join(f'SET VARIABLE RECORDING_{name} "{harmless(text)}"\n' for name, text in said.items()).encode()


def harmless(text: str) -> str:
    """One line, of which no part means anything to the protocol or the dialplan."""
    cleaned = "".join(sign if sign.isprintable() else " " for sign in text.translate(_UNSAFE))
    return cleaned if len(cleaned) <= _LONGEST_REASON else cleaned[: _LONGEST_REASON - 1] + "…"


def _script(script: str) -> tuple[str, str]:
    """PBX and action of `start?pbx=office` or `office/start`."""
    path, _, query = script.partition("?")
    *folders, action = (unquote(part) for part in path.strip("/").split("/"))
    if action not in ACTIONS or len(folders) > 1:
        known = ", ".join(ACTIONS)
        raise IllegalInstruction(f"agi://…/{path} is unknown: write agi://HOST/ACTION, where ACTION is one of {known}")
    return parse_qs(query).get("pbx", folders or [""])[0], action


def _arguments(lines: list[str]) -> str:
    """Of the last lines alone; Gosub and AGI have split one text at its commas."""
    found: list[str] = []
    for line in reversed(lines):
        argument = _ARGUMENT.fullmatch(line)
        if argument is None:
            break
        found.insert(0, argument[1].strip())
    return ",".join(filter(None, found))
