"""The audit log, which only grows."""

from collections.abc import Sequence
from typing import Protocol

from connector.domain.audit import AuditLine, Deed
from connector.domain.ids import Moment


class AuditLog(Protocol):
    """Every method raises CatalogueUnavailable when the catalogue cannot answer now."""

    async def add(self, deeds: Sequence[Deed], at: Moment) -> AuditLine:
        """All of them, one after the other, however many processes add at once; returns the last line."""
        ...

    async def page(
        self,
        organisation: str | None,
        *,
        limit: int,
        before: int | None = None,
        subject: str = "",
        action: str = "",
        by: str = "",
    ) -> Sequence[AuditLine]:
        """The newest first; `before` = the last number of the page before. `organisation` None: everybody's. `action`
        matches its beginning: `recording.` means all about recordings."""
        ...

    async def lines(self, after: int, limit: int) -> Sequence[AuditLine]:
        """The oldest first, for whoever reckons the chain again."""
        ...

    async def head(self) -> AuditLine | None:
        """The newest line."""
        ...
