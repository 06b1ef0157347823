"""How long a connector takes to answer: from an event's writing to the command that it caused."""

import time
from collections.abc import Sequence

_NS_PER_MS = 1_000_000


class Answers:
    """For each channel: its BridgeEntered written, its first StartRecorder read after that."""

    def __init__(self) -> None:
        self._asked: dict[str, int] = {}
        self._delays_ns: list[int] = []

    def asked(self, channel: str) -> None:
        self._asked[channel] = time.monotonic_ns()

    def answered(self, channel: str, read_ns: int) -> None:
        asked_ns = self._asked.pop(channel, None)
        if asked_ns is not None:
            self._delays_ns.append(read_ns - asked_ns)

    def report(self) -> dict[str, float]:
        """In milliseconds."""
        return {"count": len(self._delays_ns), "unanswered": len(self._asked), **spread(self._delays_ns)}


def spread(delays_ns: Sequence[int]) -> dict[str, float]:
    """Percentiles in milliseconds; empty when there is nothing to say."""
    ordered = sorted(delays_ns)
    if not ordered:
        return {}
    at = {"p50_ms": 0.50, "p95_ms": 0.95, "p99_ms": 0.99, "max_ms": 1.0}
    last = len(ordered) - 1
    return {name: round(ordered[round(share * last)] / _NS_PER_MS, 3) for name, share in at.items()}
