"""The one place where a fault test lets time pass: it looks again until what it waits for has come."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")

LIMIT_SECONDS = 40.0
_PAUSE_SECONDS = 0.02


def until(claim: Callable[[], Answer], what: str | Callable[[], str], seconds: float = LIMIT_SECONDS) -> Answer:
    """Return the claim's first answer that is true; fail with `what` when there is none in time."""
    never = threading.Event()
    limit = time.monotonic() + seconds
    while not (answer := claim()):
        if time.monotonic() > limit:
            raise AssertionError(f"it never came: {what if isinstance(what, str) else what()}")
        never.wait(_PAUSE_SECONDS)
    return answer
