"""A place where artefacts go: a folder, a bucket."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """What a file's bytes are, known before the first one leaves."""

    size_bytes: int
    md5: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectFacts:
    size_bytes: int
    #: None where the store does not tell.
    md5: str | None = None
    sha256: str | None = None

    def is_same_as(self, digest: Digest) -> bool:
        """Whether size and every hash that the store knows agree; without any hash nothing is proven."""
        known = [(self.sha256, digest.sha256), (self.md5, digest.md5)]
        pairs = [(mine, theirs) for mine, theirs in known if mine is not None]
        return bool(pairs) and self.size_bytes == digest.size_bytes and all(a == b for a, b in pairs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """An address that whoever has it may fetch, without any other key, until it expires."""

    url: str
    expires_at: float


class ObjectStore(Protocol):
    """Every method raises DestinationRefused (permanent, says what to mend) or DestinationUnreachable (try later)."""

    async def put(self, name: str, source: Path, digest: Digest, *, overwrite: bool = False) -> None:
        """Store the file whole or not at all, and prove that what landed has this digest. An object of that name with
        our digest is success. Another's is ObjectExists unless `overwrite`. NoRoom where the store has no space."""
        ...

    async def facts(self, name: str) -> ObjectFacts | None:
        """What the store holds under that name; None when nothing."""
        ...

    def read(self, name: str, begin_at: int = 0) -> AsyncIterator[bytes]:
        """The object's bytes in pieces, from that byte on; nothing where it is not longer. What stands before is not
        fetched, and neither is the rest when the reading is let go of early."""
        ...

    async def remove(self, name: str) -> None:
        """Delete it; what is gone already is fine."""
        ...

    def url(self, name: str) -> str:
        """The object's address for notifications and the catalogue, without any secret."""
        ...

    async def link(self, name: str, seconds: float, *, filename: str = "") -> Link | None:
        """An address to fetch it from for that long or, where the store allows no more, less; browsers save it under
        that file name. None where a store has none of its own. Raises DestinationRefused where the key may not read."""
        ...

    async def abandon(self, name: str) -> None:
        """Nobody goes on with what was begun under that name: parts that are there are deleted, as far as the store
        can."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
