"""What servers answer in JSON, read without trust: of any size, depth and kind. Pure; knows no engine's words."""

from typing import Any, Final, TypeVar

import msgspec

T = TypeVar("T")

_LONGEST_QUOTATION: Final = 160
#: No refusal is longer.
_MOST_SENTENCE_BYTES: Final = 1 << 16


def decoded(content: bytes | bytearray, kind: type[T]) -> T:
    """ValueError, with what is wrong."""
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.ValidationError as error:
        raise ValueError(f"other JSON than was expected ({error})") from error
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise ValueError("no JSON") from error


def complaint(content: bytes | bytearray, hidden: str = "") -> str:
    """What a server says is wrong: its own sentence where it is found, else how the answer begins. Without what is
    `hidden`, though it may be sent back to us."""
    beginning = bytes(content[:_MOST_SENTENCE_BYTES])
    try:
        said = _sentence(msgspec.json.decode(beginning))
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        said = ""
    said = said or beginning.decode(errors="replace")
    for spelling in filter(None, (hidden, hidden.replace("/", "\\/"))):
        said = said.replace(spelling, "***")
    return _shortened(said)


def _sentence(said: Any) -> str:
    """Under the names that servers give it."""
    match said:
        case str():
            return said
        case {"error": (dict() | str()) as inner} | {"detail": (dict() | str()) as inner}:
            return _sentence(inner)
        case {"message": str(text)} | {"err_msg": str(text)} | {"reason": str(text)}:
            return text
    return ""


def _shortened(text: str) -> str:
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return line if len(line) <= _LONGEST_QUOTATION else f"{line[: _LONGEST_QUOTATION - 1]}…"
