"""What became of all that each destination was asked for since this process began, in numbers for its report.

Knows destinations by their names alone.
"""

from dataclasses import dataclass
from typing import TypeAlias

from connector.ports.clock import Clock
from connector.ports.object_store import ObjectStore
from connector.storage.metered import Measured, Metered

#: By destination, by operation (put, facts, read, remove, link, abandon), by outcome: calls, seconds, bytes.
Numbers: TypeAlias = dict[str, dict[str, dict[str, dict[str, float]]]]


@dataclass(slots=True)
class _Sum:
    calls: int = 0
    seconds: float = 0.0
    size_bytes: int = 0

    def add(self, measured: Measured) -> None:
        self.calls += 1
        self.seconds += measured.seconds
        self.size_bytes += measured.size_bytes


class Meters:
    """One for the process: they only grow, and begin anew with it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sums: dict[tuple[str, str, str], _Sum] = {}

    def over(self, name: str, store: ObjectStore) -> ObjectStore:
        """The same store, counted under that destination's name: what a delivery saw, with quick retries and the wait
        for its turn."""
        return Metered(store, self._clock, lambda measured: self._add(name, measured))

    @property
    def numbers(self) -> Numbers:
        found: Numbers = {}
        for (name, operation, outcome), total in sorted(self._sums.items()):
            told = {"calls": total.calls, "seconds": round(total.seconds, 3), "bytes": total.size_bytes}
            found.setdefault(name, {}).setdefault(operation, {})[outcome] = told
        return found

    def _add(self, name: str, measured: Measured) -> None:
        self._sums.setdefault((name, measured.operation, measured.outcome), _Sum()).add(measured)
