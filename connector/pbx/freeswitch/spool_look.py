"""Looks at the files of running recorders in a thread: whether they are there, how many frames they hold and when.

Knows the spool folder and WAV heads; sends nothing to the PBX and tells nobody anything.
"""

import asyncio
import os
import shutil
import struct
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from connector.domain.ids import Moment
from connector.pbx.wav_head import HEAD_BYTES

#: Less than a second of one recorder.
_NO_ROOM_BYTES: Final = 32768
_BLOCK_BYTES: Final = 512

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Head:
    """What the head of a WAV file says of the sound behind it. Sizes of an open file are no sizes."""

    data_at: int
    frame_bytes: int
    sample_rate: int

    def frames(self, size_bytes: int) -> int:
        return max(0, size_bytes - self.data_at) // self.frame_bytes


def head_of(data: bytes) -> Head | None:
    """None while there is not enough of it, or when it is no WAV."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        return None
    at, rate, frame_bytes = 12, 0, 0
    while at + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, at)
        at += 8
        if name == b"data":
            return Head(at, frame_bytes, rate) if frame_bytes and rate else None
        if name == b"fmt " and at + 16 <= len(data):
            rate, frame_bytes = struct.unpack_from("<4xI4xH", data, at)
        at += length + length % 2
    return None


@dataclass(frozen=True, slots=True)
class Sight:
    """A file that is there. Without `head` it cannot be read (yet)."""

    at: Moment
    head: Head | None
    frames: int = 0
    #: Its size is one of whole blocks of the disk, as where a full one ends it.
    ends_block: bool = False


class SpoolLook:
    def __init__(self, root: Path, now: Callable[[], Moment]) -> None:
        self._root = root
        self._now = now
        # A disk that hangs must hold up nothing else.
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spool look")
        self._heads: dict[str, Head] = {}
        self._has_looked = False
        self.is_visible = False
        self._unseen_trouble = ""
        self._read_trouble = ""
        self._room_trouble = ""

    @property
    def trouble(self) -> str:
        return self._unseen_trouble or self._read_trouble or self._room_trouble

    @property
    def has_room(self) -> bool:
        """As far as was seen when somebody looked around last."""
        return not self._room_trouble

    def close(self) -> None:
        self._executor.shutdown(wait=False)

    async def look_around(self) -> None:
        """Whether the folder is here, and has room."""
        await self._in_thread(self._looked_around)

    async def looks(self, paths: Iterable[str]) -> dict[str, Sight]:
        """Those that are there."""
        wanted = tuple(paths)
        return await self._in_thread(lambda: self._looked_at(wanted)) if wanted else {}

    async def is_there(self, path: str) -> bool:
        """Whether nothing speaks against FreeSWITCH's word that it writes that file: where it cannot be seen, it is
        believed."""
        if not self._has_looked:
            await self.look_around()
        return not self.is_visible or await self._in_thread(lambda: self._exists(path))

    def keep(self, paths: Iterable[str]) -> None:
        """Forget the heads of all others."""
        self._heads = {path: head for path in paths if (head := self._heads.get(path)) is not None}

    def _exists(self, path: str) -> bool:
        try:
            (self._root / path).stat()
        except PermissionError as error:
            self._unreadable(path, error)
        except OSError:
            return False
        return True

    def _looked_around(self) -> None:
        self._has_looked = True
        try:
            free_bytes = shutil.disk_usage(self._root).free
            os.scandir(self._root).close()
        except OSError as error:
            self.is_visible = False
            self._unseen_trouble = (
                f"the spool {self._root} of FreeSWITCH cannot be seen here ({error.strerror}): mount it under the same "
                "name and add callreel's user to FreeSWITCH's group; until then nothing is fetched, and holds are "
                "placed by FreeSWITCH's word alone"
            )
            return
        self.is_visible, self._unseen_trouble, self._room_trouble = True, "", ""
        if free_bytes < _NO_ROOM_BYTES:
            self._room_trouble = f"the spool {self._root} has no room left: what is said now is lost. Make room there"

    def _looked_at(self, paths: tuple[str, ...]) -> dict[str, Sight]:
        return {path: sight for path in paths if (sight := self._sight(path)) is not None}

    def _sight(self, path: str) -> Sight | None:
        place = f"{self._root}/{path}"
        try:
            size = os.stat(place).st_size
            at = self._now()
            head = self._heads.get(path) or self._head(path, place)
        except PermissionError as error:
            self._unreadable(path, error)
            return None
        except OSError:
            return None
        return Sight(at, head, head.frames(size) if head is not None else 0, size % _BLOCK_BYTES == 0)

    def _head(self, path: str, place: str) -> Head | None:
        with open(place, "rb") as file:
            head = head_of(file.read(HEAD_BYTES))
        if head is not None:
            self._heads[path] = head
            self._read_trouble = ""
        return head

    def _unreadable(self, path: str, error: PermissionError) -> None:
        self._read_trouble = (
            f"{self._root}/{path} cannot be read ({error.strerror}): add callreel's user to FreeSWITCH's group, which "
            "makes folders that others may not enter"
        )

    async def _in_thread(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)
