"""Fetching an address as anybody would, without a key: to see whether links are good."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    status: int
    content: bytes
    #: What the server takes for now; None where it does not say.
    at: float | None


class Fetcher(Protocol):
    async def fetch(self, url: str, *, most_bytes: int) -> Page:
        """At most so many bytes of it. Raises DestinationUnreachable when no server answers there."""
        ...
