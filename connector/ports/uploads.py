"""How far uploads in parts have come, kept where the next process finds it."""

from dataclasses import dataclass, replace
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One object on its way in parts of one size."""

    #: Which store it is at, without any secret: s3://bucket at its endpoint.
    place: str
    name: str
    #: The whole content's, so that another file of the same name never goes on with these parts.
    sha256: str
    #: The store's own name for it.
    upload_id: str
    part_bytes: int
    #: What the store called each part that is there, the first one first; "" for one that is still missing before it.
    parts: tuple[str, ...] = ()

    def with_part(self, etag: str) -> "Upload":
        return replace(self, parts=(*self.parts, etag))


class Uploads(Protocol):
    async def find(self, place: str, name: str) -> Upload | None:
        """None when nothing is under way there under that name."""
        ...

    async def keep(self, upload: Upload) -> None:
        """Durably, in place of what was kept for the same place and name."""
        ...

    async def forget(self, place: str, name: str) -> None:
        """It is complete, or given up; what nobody knows is fine."""
        ...

    async def under_way(self, place: str) -> list[Upload]:
        """All that were begun at that place and neither completed nor given up."""
        ...
