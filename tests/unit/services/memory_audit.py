"""The audit log in memory, which may be away."""

from collections.abc import Sequence

from connector.domain.audit import BEGINNING, AuditLine, Deed, digest_of, written
from connector.domain.ids import Moment
from connector.errors import CatalogueUnavailable


class MemoryAuditLog:
    """The AuditLog; `batches` is how many lines came at a time."""

    def __init__(self) -> None:
        self.kept: list[AuditLine] = []
        self.batches: list[int] = []
        self.is_available = True

    @property
    def deeds(self) -> list[Deed]:
        return [line.deed for line in self.kept]

    async def add(self, deeds: Sequence[Deed], at: Moment) -> AuditLine:
        self._check()
        self.batches.append(len(deeds))
        for deed in map(written, deeds):
            number = len(self.kept) + 1
            previous = self.kept[-1].digest if self.kept else BEGINNING
            digest = digest_of(number, at, deed, previous)
            self.kept.append(AuditLine(number=number, at=at, deed=deed, previous=previous, digest=digest))
        return self.kept[-1]

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
        self._check()
        found = [
            line
            for line in self.kept[::-1]
            if organisation in {None, line.deed.organisation}
            and (before is None or line.number < before)
            and subject in {"", line.deed.subject}
            and line.deed.action.startswith(action)
            and by in {"", line.deed.by}
        ]
        return found[:limit]

    async def lines(self, after: int, limit: int) -> Sequence[AuditLine]:
        self._check()
        return [line for line in self.kept if line.number > after][:limit]

    async def head(self) -> AuditLine | None:
        self._check()
        return self.kept[-1] if self.kept else None

    def _check(self) -> None:
        if not self.is_available:
            raise CatalogueUnavailable("it is locked")
