"""A file that appears whole or not at all, and whose hashes are known when it does. Knows bytes, no sound, no numpy."""

import contextlib
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from connector.errors import NoRoom

READ_BYTES: Final = 1 << 20

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    size_bytes: int
    md5: str
    sha256: str


def part_path(path: Path) -> Path:
    """Where the file grows until it is whole; the next try overwrites what a crash left there."""
    return path.with_name(f".{path.name}.part")


class _Hashes:
    def __init__(self) -> None:
        self.md5 = hashlib.md5(usedforsecurity=False)
        self.sha256 = hashlib.sha256()

    def update(self, data: bytes | memoryview) -> None:
        self.md5.update(data)
        self.sha256.update(data)


class ArtefactFile:
    """Every OSError of writing becomes NoRoom: the sources are fine, trying again later can succeed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._part = part_path(path)
        self._hashes = _Hashes()
        self._size = 0
        self._position = 0
        self._is_patched = False
        self._file = self._guarded(lambda: self._part.open("wb", buffering=1 << 16))

    def will_be_patched(self) -> None:
        """It is hashed at its end: what was hashed as it grew would be hashed again."""
        self._is_patched = True

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Append, or patch where `seek` went; what only grows is hashed as it goes."""
        if not (view := memoryview(data)).nbytes:
            return 0
        view = view.cast("B")
        self._guarded(lambda: self._file.write(view))
        if self._position != self._size:
            self._is_patched = True
        if not self._is_patched:
            self._hashes.update(view)
        self._position += len(view)
        self._size = max(self._size, self._position)
        return len(view)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._position = self._guarded(lambda: self._file.seek(offset, whence))
        return self._position

    def tell(self) -> int:
        return self._position

    def seekable(self) -> bool:
        return True

    def finish(self) -> Fingerprint:
        """Everything on the disk, but not yet under its name."""
        self._guarded(self._flush)
        if self._is_patched:
            self._hash_again()
        return Fingerprint(
            size_bytes=self._size, md5=self._hashes.md5.hexdigest(), sha256=self._hashes.sha256.hexdigest()
        )

    def appear(self) -> None:
        """Under its name, for good. After `finish`."""
        self._guarded(lambda: self._part.replace(self.path))
        self._guarded(lambda: _sync_folder(self.path.parent))

    def discard(self) -> None:
        """Leave nothing. May be called after anything."""
        # What cannot be flushed is thrown away anyhow.
        with contextlib.suppress(OSError):
            self._file.close()
        self._part.unlink(missing_ok=True)

    def _flush(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def _hash_again(self) -> None:
        self._hashes = _Hashes()
        with self._part.open("rb") as file:
            while data := file.read(READ_BYTES):
                self._hashes.update(data)

    def _guarded(self, action: Callable[[], T]) -> T:
        try:
            return action()
        except OSError as error:
            raise NoRoom(
                f"{self.path} cannot be written ({error.strerror}): make room, or give its folder back; "
                "the sources are kept"
            ) from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
