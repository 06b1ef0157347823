"""Files that the dialplan's own recorders ("must record") wrote of calls which came and went without us."""

from collections.abc import Collection
from typing import Protocol

from connector.domain.events import Stamped


class LeftBehind(Protocol):
    async def found(self, known: Collection[str]) -> list[Stamped]:
        """RecorderFound, with its end, for each such file that is complete and whose path is not known; stamped with
        the file's beginning. Raises SourceMissing when the PBX's files cannot be seen, NoRoom, PbxUnreachable."""
        ...
