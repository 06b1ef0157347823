"""Where a list goes on: opaque to whoever carries it, plain values to us. Pure; knows no list."""

import base64
import binascii
import json
from typing import Any, Final

from connector.errors import BadRequest

LONGEST_CURSOR: Final = 1000
#: What every database can hold.
_LARGEST: Final = 2**63


def encoded(*values: str | float) -> str:
    """Safe in an address. Begin with a word that names the list, and look at it again when the cursor comes back."""
    said = json.dumps(values, separators=(",", ":"))
    return base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")


def decoded(text: str, *kinds: type, pointer: str = "cursor") -> tuple[Any, ...]:
    """The values, each of its kind: str, int or float. Raises BadRequest for what we did not write."""
    values = _values(text)
    is_ours = len(values) == len(kinds) and all(map(_is_of, values, kinds))
    if not is_ours or encoded(*values) != text:
        raise foreign(pointer)
    return tuple(values)


def foreign(pointer: str = "cursor") -> BadRequest:
    """For a cursor of another list, too."""
    return BadRequest("this cursor is none of ours: take next_cursor of the page before", pointer=pointer)


def _values(text: str) -> list[Any]:
    if len(text) > LONGEST_CURSOR:
        return []
    try:
        said = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        values = json.loads(said)
    except (binascii.Error, ValueError, RecursionError):
        return []
    return values if isinstance(values, list) else []


def _is_of(value: object, kind: type) -> bool:
    if type(value) is not kind:
        return False
    if isinstance(value, str):
        return value.isprintable()
    return isinstance(value, int | float) and abs(value) < _LARGEST
