"""Where a configuration's values stand in its file. Knows names and lines; no value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

#: A path of keys; numbers of lists begin with 1.
Keys: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Written:
    #: The file's name, without its folder; empty: there is none.
    file: str = ""
    lines: Mapping[Keys, int] = field(default_factory=dict)

    def line(self, *path: str | int) -> int:
        """0: the file does not say it."""
        return self.lines.get(path, 0)
