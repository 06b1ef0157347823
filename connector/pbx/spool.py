"""A spool folder that we share with the PBX. Knows files and paths; no call and no recording."""

import asyncio
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

from connector.errors import PbxUnreachable, SourceMissing
from connector.pbx.wav_head import HEAD_BYTES, is_final

#: How long a file whose header is not final has to stay the same to be taken as it is.
SETTLE_SECONDS = 0.1

_P = ParamSpec("_P")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Look:
    size_bytes: int
    changed_ns: int
    is_final: bool


class SpoolFolder:
    """Implements ports.segment_source.SegmentSource. `endings` are those by which a file that we know as `x.wav` may
    really be called: a PBX that names the format by the ending, and a start that nobody saw."""

    def __init__(self, root: Path, *, endings: tuple[str, ...] = (), settle_seconds: float = SETTLE_SECONDS) -> None:
        self._root = root
        self._endings = endings
        self._settle_seconds = settle_seconds
        self._executor = ThreadPoolExecutor(max_workers=2, thread_name_prefix="spool")

    async def collect(self, path: str) -> Path:
        """Raises PbxUnreachable while the folder itself is not there."""
        place, look = await self._in_thread(self._looked_at, path)
        while not look.is_final:
            # The PBX may still be writing the last buffer and the header.
            await asyncio.sleep(self._settle_seconds)
            before = look
            place, look = await self._in_thread(self._looked_at, path)
            if look == before:
                break
        return place

    async def known(self) -> list[str]:
        """Raises SourceMissing when the folder itself is not there: nothing is known then, which is not "none"."""
        return await self._in_thread(self._names)

    async def remove(self, path: str) -> None:
        """Raises SourceMissing for a path that leads out of the folder."""
        await self._in_thread(self._unlink, path)

    async def close(self) -> None:
        """Let go of the threads."""
        self._executor.shutdown(wait=False)

    async def _in_thread(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, lambda: work(*args, **kwargs))

    def _place(self, path: str) -> Path:
        root = self._root.resolve()
        place = root / path
        # Written with a link or with .., the resolved place is another one.
        if "\0" in path or place == root or os.path.normpath(place) != str(place) or place.resolve() != place:
            raise SourceMissing(f"{path!r} is no plain path inside the spool {root}: links and .. are not followed")
        if not place.is_relative_to(root):
            raise SourceMissing(f"{path!r} is outside the spool {root}: the PBX must write into it")
        return place

    def _present(self, path: str) -> Path:
        """Its place, or that of its namesake with another ending when only this one is there."""
        place = self._place(path)
        namesakes = (self._place(str(Path(path).with_suffix(ending))) for ending in self._endings)
        if self._endings and not os.path.exists(place):
            return next((other for other in namesakes if os.path.exists(other)), place)
        return place

    def _looked_at(self, path: str) -> tuple[Path, _Look]:
        place = self._present(path)
        try:
            with place.open("rb") as file:
                status = os.fstat(file.fileno())
                is_whole = is_final(file.read(HEAD_BYTES), status.st_size)
        except FileNotFoundError as error:
            if not self._root.is_dir():
                # A mount that was lost: the PBX goes on writing, and its files come back.
                raise PbxUnreachable(f"the spool {self._root} is not there: is it mounted?") from error
            raise SourceMissing(f"{path!r} is not in the spool {self._root}: was it moved or deleted?") from error
        except OSError as error:
            raise SourceMissing(f"{place} cannot be read ({error.strerror}): may we read the PBX's files?") from error
        return place, _Look(status.st_size, status.st_mtime_ns, is_whole)

    def _names(self) -> list[str]:
        if not self._root.is_dir():
            raise SourceMissing(f"the spool {self._root} is not there: is it mounted?")
        sounds = {".wav", *self._endings}
        # Where the endings are known, what has another is no segment: notes beside it, say.
        places = (place for place in _plain_files(self._root) if not self._endings or place.suffix in sounds)
        return sorted(str(place.relative_to(self._root)) for place in places)

    def _unlink(self, path: str) -> None:
        place = self._present(path)
        try:
            place.unlink(missing_ok=True)
        except NotADirectoryError:
            return
        except OSError as error:
            raise SourceMissing(f"{place} cannot be deleted ({error.strerror}): may we write to the spool?") from error


def _plain_files(root: Path) -> Iterator[Path]:
    for folder, _, names in os.walk(root):
        for name in names:
            place = Path(folder, name)
            if place.is_file() and not place.is_symlink():
                yield place
