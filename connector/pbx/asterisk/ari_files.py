"""Segments fetched from Asterisk through ARI into a folder of ours. Knows names and WAV headers; no call, no recording.

Asterisk names a stored recording without its ending and gives whichever file of that name it finds first.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import TypeVar

from connector.errors import ConfigError, NoRoom, PbxRefused, PbxUnreachable, SourceMissing
from connector.pbx.asterisk.ari import Ari, StoredFile
from connector.pbx.asterisk.ari_http import AriRefused
from connector.pbx.asterisk.ari_part import Part, remove_leftovers

#: Longer than Asterisk's buffer of 32 KiB takes to fill at 8 kHz: a file that stayed the same so long is not written.
SETTLE_SECONDS = 2.5
_NOT_FOUND = 404
_RECORDINGS = "recording"

_T = TypeVar("_T")


def folder_below_recordings(spool: str) -> str:
    """Where a spool lies in the folder that ARI serves (<astspooldir>/recording): "" is that folder itself."""
    parts = PurePosixPath(spool).parts
    if _RECORDINGS not in parts:
        raise ConfigError(
            f"spool {spool!r} cannot be fetched through ARI: it must be Asterisk's folder …/recording or one in it"
        )
    last = len(parts) - 1 - parts[::-1].index(_RECORDINGS)
    return "/".join(parts[last + 1 :])


class _Gone(SourceMissing):
    """Asterisk knows no file of that name at all."""


class AriSpool:
    """Implements ports.segment_source.SegmentSource. `endings` are those by which a file that we know as `x.wav` may
    really be called."""

    def __init__(
        self,
        ari: Ari,
        folder: Path,
        *,
        below: str = "",
        endings: tuple[str, ...] = (),
        settle_seconds: float = SETTLE_SECONDS,
    ) -> None:
        self._ari = ari
        self._folder = folder
        self._prefix = f"{below}/" if below else ""
        self._endings = endings
        self._settle_seconds = settle_seconds
        self._is_swept = False

    async def collect(self, path: str) -> Path:
        """Raises PbxUnreachable, too."""
        place = self._place(path)
        if not self._is_swept:
            await self._doing(remove_leftovers, self._folder)
            self._is_swept = True
        while not await self._doing(place.is_file):
            await self._fetch(path, place)
        return place

    async def known(self) -> list[str]:
        with _patience("the list"):
            listed = await self._ari.request("recordings", "listStored")
        names = [f"{each['name']}.{each['format']}" for each in listed]
        return sorted(name.removeprefix(self._prefix) for name in names if name.startswith(self._prefix))

    async def remove(self, path: str) -> None:
        place = self._place(path)
        await self._doing(lambda: place.unlink(missing_ok=True))
        with suppress(_Gone):
            # Asterisk deletes by name alone: see first that it is ours which it would delete.
            async with self._stored(path):
                pass
            with _patience(path):
                await self._ari.request("recordings", "deleteStored", recordingName=self._name(path))

    async def close(self) -> None:
        """Let go of the connections."""
        await self._ari.close()

    async def _fetch(self, path: str, place: Path) -> None:
        """Once; it lies at its place afterwards unless Asterisk still writes to it."""
        part = await self._doing(Part, place.parent)
        try:
            async with self._stored(path) as stored:
                async for piece in stored.pieces:
                    await self._doing(part.write, piece)
            if part.is_final or await self._is_settled(path, part.size_bytes):
                await self._doing(part.settle)
                await self._doing(part.publish, place)
        finally:
            await self._doing(part.discard)

    async def _is_settled(self, path: str, size_bytes: int) -> bool:
        await asyncio.sleep(self._settle_seconds)
        async with self._stored(path) as stored:
            return stored.size_bytes == size_bytes

    @asynccontextmanager
    async def _stored(self, path: str) -> AsyncIterator[StoredFile]:
        """The file of exactly that name; SourceMissing when Asterisk has none."""
        with _patience(path):
            async with self._ari.stored(self._name(path)) as stored:
                ending = f".{stored.format}"
                if ending != PurePosixPath(path).suffix and ending not in self._endings:
                    raise SourceMissing(
                        f"{path!r}: Asterisk gives another file of that name, with {ending}: move one away"
                    )
                yield stored

    def _name(self, path: str) -> str:
        return self._prefix + str(PurePosixPath(path).with_suffix(""))

    def _place(self, path: str) -> Path:
        # Asterisk follows .. itself: a path that leads out of its folder must not reach it.
        if "\0" in path or os.path.normpath(path) != path or path.startswith(("/", "..", ".")):
            raise SourceMissing(f"{path!r} is no plain path inside Asterisk's recordings")
        return self._folder / path

    async def _doing(self, work: Callable[..., _T], *args: object) -> _T:
        """In a thread: a disk may be slow."""
        try:
            return await asyncio.to_thread(work, *args)
        except OSError as error:
            where = error.filename or self._folder
            raise NoRoom(f"{where} cannot be written ({error.strerror}): make room, or give us the folder") from error


@contextmanager
def _patience(path: str) -> Iterator[None]:
    """What Asterisk refuses is not lost: it lies there until somebody has mended the login or the rights."""
    try:
        yield
    except AriRefused as error:
        if error.status == _NOT_FOUND:
            raise _Gone(f"{path!r} is not in Asterisk's recordings: was it moved or deleted?") from error
        raise PbxUnreachable(f"{path!r} waits: {error}") from error
    except PbxRefused as error:
        raise PbxUnreachable(f"{path!r} waits: {error}") from error
