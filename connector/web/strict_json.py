"""JSON that means one thing to everybody and can be kept: no name twice, no depth without end, no number without end,
no half of a sign. Pure; knows no request."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final, NoReturn

from connector.errors import BadRequest

MOST_DEPTH: Final = 32
#: Nobody means more lists and objects than that, and each takes its time.
MOST_PARTS: Final = 20_000
#: Each that nobody wants is an error of its own, which takes its time, too.
MOST_MEMBERS: Final = 1_000
_LARGEST_NUMBER: Final = 2**63 - 1
#: What PostgreSQL's text or UTF-8 cannot hold.
_NO_TEXT: Final = re.compile("[\x00\ud800-\udfff]")
#: Only what has any of these can hold what is not kept: an escape, a long number, a large power of ten.
_SUSPICIOUS: Final = re.compile(rb"\\u|[0-9]{19}|[eE]\+?[0-9]{3}")
#: A whole string, or a bracket; so written that no input is gone through twice.
_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)


def check_json(body: bytes) -> None:
    """Raises BadRequest, which says what is wrong."""
    _refuse_sprawling(body)
    try:
        said = json.loads(body.decode("utf-8-sig"), object_pairs_hook=_once_each, parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        raise BadRequest("the body is no text in UTF-8") from None
    except ValueError as error:
        raise BadRequest(f"the body is no JSON: {error}") from None
    if _SUSPICIOUS.search(body):
        for value in _leaves(said):
            _refuse_unkept(value)


def _refuse_sprawling(body: bytes) -> None:
    opened = body.count(b"[") + body.count(b"{")
    if opened > MOST_PARTS:
        raise BadRequest(f"the body has more than {MOST_PARTS} parts")
    if opened > MOST_DEPTH:
        _refuse_deep(body)


def _refuse_deep(body: bytes) -> None:
    depth = 0
    for token in _TOKEN.finditer(body):
        sign = token[0]
        if sign in b"[{":
            depth += 1
        elif sign in b"]}":
            depth -= 1
        if depth > MOST_DEPTH:
            raise BadRequest(f"the body is nested more than {MOST_DEPTH} levels deep")


def _once_each(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(pairs) > MOST_MEMBERS:
        raise BadRequest(f"an object in the body has more than {MOST_MEMBERS} members")
    said: dict[str, object] = {}
    for name, value in pairs:
        if name in said:
            raise BadRequest(f"{name[:100]!r} stands twice in one object: which one is meant?")
        said[name] = value
    return said


def _refuse_constant(written: str) -> NoReturn:
    raise ValueError(f"{written} is no number")


def _leaves(said: Any) -> Iterator[Any]:
    """Every value that holds no other, and every name."""
    waiting = [said]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield from one
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
        else:
            yield one


def _refuse_unkept(value: Any) -> None:
    if isinstance(value, str) and _NO_TEXT.search(value):
        raise BadRequest("a text in the body holds a NUL or half of a surrogate pair, which is no text")
    if isinstance(value, float) and not math.isfinite(value):
        raise BadRequest("a number in the body is larger than any that is kept")
    if isinstance(value, int) and abs(value) > _LARGEST_NUMBER:
        raise BadRequest("a number in the body is larger than any that is kept")
