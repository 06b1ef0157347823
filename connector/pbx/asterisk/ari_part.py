"""A file while it is being fetched: beside its place, then there at once and whole, or never. Blocking."""

import os
import tempfile
from pathlib import Path

from connector.pbx.wav_head import HEAD_BYTES, is_final

_ENDING = ".part"


class Part:
    """Write, settle, publish; `discard` in the end removes what was not published."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o750)
        fd, name = tempfile.mkstemp(prefix=".", suffix=_ENDING, dir=folder)
        self._path = Path(name)
        self._file = os.fdopen(fd, "wb")
        self._head = b""
        self.size_bytes = 0

    @property
    def is_final(self) -> bool:
        return is_final(self._head, self.size_bytes)

    def write(self, piece: bytes) -> None:
        self._head += piece[: HEAD_BYTES - len(self._head)]
        self.size_bytes += len(piece)
        self._file.write(piece)

    def settle(self) -> None:
        """The bytes are on the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def publish(self, place: Path) -> None:
        self._path.replace(place)
        folder = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def discard(self) -> None:
        self._path.unlink(missing_ok=True)
        self._file.close()


def remove_leftovers(folder: Path) -> None:
    """What killed processes were fetching."""
    for left in folder.rglob(f".*{_ENDING}"):
        left.unlink(missing_ok=True)
