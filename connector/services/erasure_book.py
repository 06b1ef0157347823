"""The book of erasures: a file apart from the catalogue, which only grows, so that a restored catalogue hears of them
again. Knows lines and a file; carries nothing out."""

import asyncio
import fcntl
import json
import logging
import os
from dataclasses import asdict, fields
from pathlib import Path

from connector.errors import CatalogueUnavailable
from connector.ports.erasure_ledger import Erasure

log = logging.getLogger(__name__)

FILE_NAME = "erasures.jsonl"
#: The numbers stand in it as they are: it is what they are erased by.
_MODE = 0o600
_NAMES = {field.name for field in fields(Erasure)}


class ErasureBook:
    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE_NAME

    async def write(self, erasure: Erasure) -> None:
        """Returns when it is on the disk; raises CatalogueUnavailable when it is not: then begin nothing."""
        line = json.dumps(asdict(erasure), ensure_ascii=False).encode() + b"\n"
        try:
            await asyncio.to_thread(self._append, line)
        except OSError as error:
            raise CatalogueUnavailable(
                f"{self._file} cannot be written ({error.strerror}): nothing is erased"
            ) from error

    async def read(self) -> list[Erasure]:
        """All of them, the oldest first. What a crash left unfinished was never begun."""
        try:
            text = await asyncio.to_thread(self._file.read_bytes)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise CatalogueUnavailable(f"{self._file} cannot be read ({error.strerror}): give it to us") from error
        found = [_erasure(line) for line in text.splitlines() if line.strip()]
        return [one for one in found if one is not None]

    def _append(self, line: bytes) -> None:
        is_new = not self._file.exists()
        descriptor = os.open(self._file, os.O_RDWR | os.O_APPEND | os.O_CREAT, _MODE)
        try:
            # Web and work may write at the same time.
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            _write_whole(descriptor, _line_end(descriptor) + line)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if is_new:
            _sync_folder(self._file.parent)


def _line_end(descriptor: int) -> bytes:
    """What a torn last line wants before the next one."""
    size = os.fstat(descriptor).st_size
    return b"\n" if size and os.pread(descriptor, 1, size - 1) != b"\n" else b""


def _write_whole(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _erasure(line: bytes) -> Erasure | None:
    try:
        said = json.loads(line)
        return Erasure(**{name: value for name, value in said.items() if name in _NAMES})
    except (ValueError, TypeError, AttributeError):
        log.error("line of the erasure book not read", extra={"hint": "a crash cut it off, or somebody changed it"})
        return None
