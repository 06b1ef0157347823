"""Requests that must act once however often they come: by their Idempotency-Key."""

from dataclasses import dataclass
from typing import Protocol

from connector.domain.ids import Moment

#: As long as an answer is kept: a key that is older is a new one.
KEPT_SECONDS = 86_400.0
#: One that is under way for so long is taken for lost with the process that had it.
LOST_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedRequest:
    #: With the key's id before it: each key has its own.
    id: str
    #: Of method, path and body: another one under the same id is refused.
    digest: str
    #: 0: it is under way.
    status: int = 0
    body: str = ""
    at: Moment


class RequestBook(Protocol):
    """Every method raises CatalogueUnavailable when the catalogue cannot answer now."""

    async def begin(self, request: BookedRequest) -> BookedRequest | None:
        """None: it is new, and is booked; else the earlier one as it stands. The same request under way since a minute
        is taken for lost, and one of a day ago is forgotten: they begin anew. Of several at once one does."""
        ...

    async def end(self, request_id: str, status: int, body: str) -> None:
        """It was answered so."""
        ...

    async def withdraw(self, request_id: str) -> None:
        """It has come to nothing: the same again is a new one. An answered one stays."""
        ...

    async def forget(self, before: Moment) -> int:
        """Those that began before that moment."""
        ...
