"""Bytes of files in pieces: proven, sealed or plain, given up when nobody waits. Knows no folder."""

import hashlib
import os
import threading
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from connector.errors import DestinationRefused
from connector.ports.object_store import Digest, ObjectFacts
from connector.storage.file_threads import Abandoned, Stop
from connector.storage.sealing import MAGIC, KeyRing, SealedFile

PIECE_BYTES = 1 << 20


def facts_of(pieces: Iterable[bytes]) -> ObjectFacts:
    """Size and SHA-256 of what they hold together."""
    size_bytes, sha256 = 0, hashlib.sha256()
    for piece in pieces:
        size_bytes += len(piece)
        sha256.update(piece)
    return ObjectFacts(size_bytes=size_bytes, sha256=sha256.hexdigest())


class Plain:
    """The plain side of an open file, whether it is sealed or not."""

    def __init__(self, file: BinaryIO, path: Path, ring: KeyRing) -> None:
        is_sealed = file.read(len(MAGIC)) == MAGIC
        self._file = file
        size_bytes = os.fstat(file.fileno()).st_size
        self._sealed = SealedFile(file, size_bytes, ring, str(path)) if is_sealed else None

    def pieces(self, begin_at: int = 0) -> Iterator[bytes]:
        """From that byte of the plain side on."""
        if self._sealed:
            return self._sealed.pieces(begin_at)
        self._file.seek(begin_at)
        return pieces_of(self._file)

    def proven_facts(self) -> ObjectFacts:
        """What the file holds, after every byte of it was read."""
        if self._sealed is None:
            return facts_of(self.pieces())
        # Every sealed chunk proves itself, and the trailer the hashes: no need to reckon them again.
        for _ in self.pieces():
            pass
        return self._sealed.facts


class PieceReader:
    """One object being read by several threads in turn, so that the caller may go away at any moment."""

    def __init__(self, pieces: Generator[bytes, None, None]) -> None:
        self._pieces = pieces
        self._lock = threading.Lock()
        self._is_abandoned = False

    def next_piece(self, _stop: Stop) -> bytes:
        """The next bytes; empty at the end."""
        with self._lock:
            piece = b"" if self._is_abandoned else next(self._pieces, b"")
        if self._is_abandoned:
            self.close()
        return piece

    def close(self) -> None:
        """Let go of the file; while a thread still reads, that thread will."""
        self._is_abandoned = True
        if self._lock.acquire(blocking=False):
            try:
                self._pieces.close()
            finally:
                self._lock.release()


def pieces_of(file: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: file.read(PIECE_BYTES), b"")


def check_source(source: Path, digest: Digest, stop: Stop) -> None:
    """DestinationRefused when our own file is not what the digest says."""
    with opened_source(source) as file:
        facts = facts_of(unless_stopped(pieces_of(file), stop))
    if not facts.is_same_as(digest):
        raise DestinationRefused(
            f"{source} is not the file that was promised ({facts.size_bytes} bytes of {digest.size_bytes}, or other"
            " content): remove it, then retry: it is made again"
        )


def unless_stopped(pieces: Iterable[bytes], stop: Stop) -> Iterator[bytes]:
    for piece in pieces:
        give_up_if(stop)
        yield piece


def give_up_if(stop: Stop) -> None:
    if stop.is_set():
        raise Abandoned


@contextmanager
def opened_source(source: Path) -> Iterator[BinaryIO]:
    """Our own file; when it cannot be opened no destination is to blame, and no later try will help."""
    try:
        file = source.open("rb")
    except OSError as error:
        raise DestinationRefused(f"cannot store {source}: {error.strerror}; mend that, then retry") from error
    with file:
        yield file
