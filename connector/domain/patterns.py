"""Patterns of the dialplan: 2XXX, Z, N, [1-5], . and !; and of names: PJSIP/carrier-*. Knows no call."""

import re
from functools import lru_cache

from connector.errors import ConfigError

_LETTERS = {"X": "[0-9]", "Z": "[1-9]", "N": "[2-9]"}
_TAILS = {".": ".+", "!": ".*"}
_TOKEN = re.compile(r"\[[^\]]*\]|.", re.DOTALL)
_SET = re.compile(r"\[(?:[0-9+*#](?:-[0-9])?|-(?=\]))+\]")
#: Without the underscore, only what is made of these is a pattern: Nina is a name.
_PATTERN_SIGNS = re.compile(r"[0-9XZN+*#.!\[\]-]+")


def number_expression(pattern: str) -> re.Pattern[str]:
    """The pattern as a regular expression; raises ConfigError when it is none."""
    if not pattern.removeprefix("_"):
        raise ConfigError("an empty pattern fits nothing: write a number or a pattern like 2XXX")
    if not pattern.startswith("_") and not {"[", "]"} & set(pattern) and not _PATTERN_SIGNS.fullmatch(pattern):
        return re.compile(re.escape(pattern))
    tokens = _TOKEN.findall(pattern.removeprefix("_"))
    last = len(tokens) - 1
    return re.compile("".join(_expression(token, pattern, is_last=i == last) for i, token in enumerate(tokens)))


def _expression(token: str, pattern: str, *, is_last: bool) -> str:
    is_dialplan = pattern.startswith("_")
    if token in _TAILS:
        if not is_last:
            raise ConfigError(f"pattern {pattern!r}: {token!r} can only stand at the end")
        return _TAILS[token]
    if token[0] in "[]":
        if not _SET.fullmatch(token):
            raise ConfigError(f"pattern {pattern!r}: {token!r} is no set of digits: write it like [1-5] or [139]")
        return token.replace("*", r"\*").replace("#", r"\#").replace("+", r"\+")
    # As in extensions.conf: after an underscore small letters count too, and a dash is only for the eye.
    if is_dialplan and token == "-":  # noqa: S105  # a dash
        return ""
    return _LETTERS.get(token.upper() if is_dialplan else token, re.escape(token))


@lru_cache(maxsize=1024)
def _number_expression(pattern: str) -> re.Pattern[str]:
    return number_expression(pattern)


@lru_cache(maxsize=1024)
def _name_expression(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.IGNORECASE)


@lru_cache(maxsize=8192)
def number_matches(number: str, pattern: str) -> bool:
    """A number as it stands, or a dialplan pattern of it."""
    return number == pattern or _number_expression(pattern).fullmatch(number) is not None


@lru_cache(maxsize=8192)
def device_matches(name: str, pattern: str) -> bool:
    """A device, queue or context in any case; * stands for anything."""
    return _name_expression(pattern).fullmatch(name) is not None


def is_one_number(pattern: str) -> bool:
    """Whether it fits what is written so and nothing else."""
    return _number_expression(pattern).pattern == re.escape(pattern)
