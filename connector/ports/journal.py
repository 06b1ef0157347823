"""The capture journal: what happened, written down before any command leaves and before the catalogue knows."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from connector.domain.decision import Change
from connector.ports.call_ledger import JournalPosition


class Journal(Protocol):
    def append(self, changes: Sequence[Change]) -> None:
        """Write the changes of one decision, whole or not at all, and return at once: never waits, never raises. What
        finds no room on the disk is kept in memory, said in the log, and written when there is room again."""
        ...

    def replay(self, after: JournalPosition | None) -> Iterator[tuple[tuple[Change, ...], JournalPosition]]:
        """What was appended after that position, in order, each with the position behind it. A position that this
        journal does not have gives everything."""
        ...
