"""Lengths of time as people write them: 90, 120s, 2m, 1h30m, 7d."""

import re

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "": 1.0}
_FORM = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[smhd]))+|\d+(?:\.\d+)?", re.ASCII)
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhd]?)", re.ASCII)
#: Longer than anything here can mean.
LONGEST_SECONDS = 10 * 366 * 86_400.0


def seconds_of(value: object) -> float:
    """Seconds; raises ValueError when it is no length of time."""
    text = str(value).strip().lower()
    if isinstance(value, bool) or len(text) > 40 or _FORM.fullmatch(text) is None:
        raise ValueError(f"{value!r} is no length of time: write 90, 120s, 2m, 1h30m or 7d")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    if seconds > LONGEST_SECONDS:
        raise ValueError(f"{value!r} is longer than ten years")
    return seconds
