"""The files that a PBX writes, as the work role sees them."""

from pathlib import Path
from typing import Protocol


class SegmentSource(Protocol):
    async def collect(self, path: str) -> Path:
        """The segment as a local file, complete; the same path again gives the same file. Raises SourceMissing when the
        PBX has none, NoRoom when there is no space for it, PbxUnreachable while nobody can tell."""
        ...

    async def known(self) -> list[str]:
        """Every file that lies in the PBX's spool, relative to it."""
        ...

    async def close(self) -> None:
        """Let go of threads and connections."""
        ...

    async def remove(self, path: str) -> None:
        """Delete the segment wherever it lies; what is gone already is fine."""
        ...
