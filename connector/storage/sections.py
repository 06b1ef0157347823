"""Sections of one file, read where they lie: seekable bodies for requests, without copies of them. Knows no store."""

import errno
import hashlib
import io
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from connector.errors import DestinationRefused
from connector.ports.object_store import Digest

PART_BYTES = 8 << 20

_PIECE_BYTES = 1 << 20


#: As many parts as S3 takes; what is larger goes in larger parts.
_MOST_PARTS = 10_000


class BrokenPromise(DestinationRefused):
    """The file is not what its digest says: no try can store it."""


class Extent(NamedTuple):
    """Where a section lies."""

    offset_bytes: int
    size_bytes: int


class Section(io.RawIOBase):
    """An extent of an open file as a file of its own. Several may be read at once: the file has no place of its own
    that they would fight for."""

    def __init__(self, fd: int, extent: Extent) -> None:
        super().__init__()
        self._fd = fd
        self._extent = extent
        self._place = 0

    def __len__(self) -> int:
        return self._extent.size_bytes

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._extent.size_bytes}[whence]
        self._place = max(0, start + offset)
        return self._place

    def read(self, size: int = -1) -> bytes:
        """As many bytes as asked for unless the section ends before, whatever the system gives at once."""
        left = max(0, self._extent.size_bytes - self._place)
        wanted = left if size is None or size < 0 else min(size, left)
        read = self._read(wanted)
        self._place += len(read)
        return read

    def _read(self, wanted: int) -> bytes:
        start = self._extent.offset_bytes + self._place
        read = os.pread(self._fd, wanted, start)
        while len(read) < wanted and (more := os.pread(self._fd, wanted - len(read), start + len(read))):
            read += more
        if len(read) < wanted:
            # A body that ends before its length would leave the server waiting for the rest.
            raise OSError(errno.EIO, "the file became shorter while it was read")
        return read

    def md5(self, also: "hashlib._Hash | None" = None) -> bytes:
        """Of the whole section; the same bytes go through `also`."""
        self.seek(0)
        md5 = hashlib.md5(usedforsecurity=False)
        while piece := self.read(_PIECE_BYTES):
            md5.update(piece)
            if also is not None:
                also.update(piece)
        self.seek(0)
        return md5.digest()


class SourceFile:
    """An open file that was promised by its digest. Blocking: open it and have it hashed in a thread."""

    def __init__(self, path: Path, digest: Digest) -> None:
        self.path = path
        self.digest = digest
        self._sha256 = hashlib.sha256()
        try:
            self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise _unreadable(path, error) from error

    def __enter__(self) -> "SourceFile":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        os.close(self._fd)

    def check_size(self) -> None:
        if os.fstat(self._fd).st_size != self.digest.size_bytes:
            raise self.broken_promise()

    def section(self, extent: Extent) -> Section:
        return Section(self._fd, extent)

    def whole(self) -> Section:
        return self.section(Extent(0, self.digest.size_bytes))

    def next_md5(self, extent: Extent) -> bytes:
        """That section's MD5. To be asked for every section in order: so the whole content is proven in one reading."""
        if extent.offset_bytes == 0:
            self._sha256 = hashlib.sha256()
        try:
            return self.section(extent).md5(self._sha256)
        except OSError as error:
            raise _unreadable(self.path, error) from error

    def check_content(self) -> None:
        """After the last section: whether all of them together are what was promised."""
        if self._sha256.hexdigest() != self.digest.sha256:
            raise self.broken_promise()

    def broken_promise(self) -> BrokenPromise:
        return BrokenPromise(
            f"{self.path} is not the file that was promised ({self.digest.size_bytes} bytes, or other content):"
            " remove it, then retry: it is made again"
        )


def _unreadable(path: Path, error: OSError) -> BrokenPromise:
    return BrokenPromise(f"cannot store {path}: {error.strerror}; mend that, then retry")


def part_bytes_for(size_bytes: int, part_bytes: int = PART_BYTES) -> int:
    """How large the parts of so large a file are; `part_bytes` wherever that will do."""
    while part_bytes * _MOST_PARTS < size_bytes:
        part_bytes *= 2
    return part_bytes


def extents(size_bytes: int, part_bytes: int) -> Iterator[Extent]:
    """A file's parts in order, all of one size but for the last; an empty file has one, which is empty."""
    for offset_bytes in range(0, max(size_bytes, 1), part_bytes):
        yield Extent(offset_bytes, min(part_bytes, size_bytes - offset_bytes))
