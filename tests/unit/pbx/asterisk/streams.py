"""What real Asterisks (22.10.1 and 16.28) sent during one call of each kind, and short names for its channels."""

from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path

from connector.domain.events import CallEvent, ChannelCreated
from connector.pbx.asterisk.ami_message import AmiMessage, Messages

_FOLDER = Path(__file__).parent / "streams"


def stream(name: str, version: str = "22") -> list[AmiMessage]:
    messages = Messages()
    raw = b"Asterisk Call Manager/11.0.0\r\n" + (_FOLDER / version / f"{name}.ami").read_bytes()
    return [AmiMessage.parsed(one) for one in messages.feed(raw)]


def items(name: str, version: str = "22") -> list[AmiMessage]:
    """The items of a list, without its head and its end."""
    return stream(name, version)[1:-1]


def message(**lines: str) -> AmiMessage:
    return AmiMessage(tuple((name.replace("_", "-"), value) for name, value in lines.items()))


def outline(facts: Iterable[CallEvent]) -> list[str]:
    """One line a fact; channels are a, b, c … in the order of their creation, bridges 1, 2, 3 …"""
    short: dict[str, str] = {}
    return [_line(fact, short) for fact in facts]


def _line(fact: CallEvent, short: dict[str, str]) -> str:
    words = [type(fact).__name__]
    if isinstance(fact, ChannelCreated):
        short.setdefault(fact.channel, chr(ord("a") + sum(name.isalpha() for name in short.values())))
    for one in fields(fact):
        value = getattr(fact, one.name)
        if one.name == "bridge":
            short.setdefault(value, str(1 + sum(name.isdecimal() for name in short.values())))
        if value not in {"", None, False, 8000}:
            words.append(short.get(value, str(value)))
    return " ".join(words)
