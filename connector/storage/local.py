"""file:// – a folder of this machine, or a network share that is mounted here. All blocking work is in local_files."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from connector.domain.secret import Secret
from connector.ports.object_store import Digest, Link, ObjectFacts
from connector.storage.file_threads import FileThreads, Stop
from connector.storage.local_files import LocalFiles
from connector.storage.mounts import FSTAB, MountWatch
from connector.storage.permissions import Permissions
from connector.storage.sealing import KeyRing

_THREADS = 4
#: A call that moves no bytes, or few.
_ANSWER_SECONDS = 60.0
#: Slower than this no disk or share is of use.
_SLOWEST_BYTES_PER_SECOND = 1 << 20
#: Objects of unknown size, read once over to prove them, and whole trees.
_WHOLE_SECONDS = 3600.0


class LocalFolder:
    """An ObjectStore below `root`, which is made when it is missing. With a key, files are sealed at rest; those that
    were put before in plain, or with one of `former_keys`, are read all the same. A `marker` is a file in `root` that
    the administrator made on the right disk: without it nothing is read or written."""

    def __init__(
        self,
        root: Path,
        *,
        file_mode: int = 0o640,
        folder_mode: int = 0o750,
        group: str | None = None,
        key: Secret | None = None,
        former_keys: Sequence[Secret] = (),
        marker: str | None = None,
        fstab: Path = FSTAB,
        answer_seconds: float = _ANSWER_SECONDS,
    ) -> None:
        root = root.absolute()
        permissions = Permissions(file_mode=file_mode, folder_mode=folder_mode, group=group)
        mounts = MountWatch(root, marker=marker, fstab=fstab)
        self._files = LocalFiles(root, permissions, KeyRing(key, former_keys), mounts)
        self._threads = FileThreads(f"folder {root}", _THREADS)
        self._answer_seconds = answer_seconds

    async def put(self, name: str, source: Path, digest: Digest, *, overwrite: bool = False) -> None:
        def work(stop: Stop) -> None:
            self._files.put(name, source, digest, overwrite=overwrite, stop=stop)

        await self._threads.run(work, seconds=self._answer_seconds + digest.size_bytes / _SLOWEST_BYTES_PER_SECOND)

    async def facts(self, name: str) -> ObjectFacts | None:
        """Of the plain bytes, all of which are read and proven for it."""
        return await self._threads.run(lambda _: self._files.facts(name), seconds=_WHOLE_SECONDS)

    async def read(self, name: str, begin_at: int = 0) -> AsyncIterator[bytes]:
        """Pieces of at most a mebibyte. DestinationRefused when there is no such object or it does not prove true."""
        reader = self._files.reader(name, begin_at)
        try:
            while piece := await self._threads.run(reader.next_piece, seconds=self._answer_seconds):
                yield piece
        finally:
            reader.close()

    async def remove(self, name: str) -> None:
        """Folders that are empty then are removed too: one may bear a caller's number."""
        await self._threads.run(lambda _: self._files.remove(name), seconds=self._answer_seconds)

    def url(self, name: str) -> str:
        return self._files.path(name).as_uri()

    async def link(self, name: str, seconds: float, *, filename: str = "") -> Link | None:
        """A folder serves nobody: our own server does."""
        return None

    async def abandon(self, name: str) -> None:
        """Nothing is begun under the name itself; what a crash left half-written beside it, the next put removes."""

    async def sweep(self) -> int:
        """Remove what crashed processes left half-written anywhere below the root; returns how many files. `put` does
        so for its own folder the first time that it comes there."""
        return await self._threads.run(lambda _: self._files.sweep(), seconds=_WHOLE_SECONDS)

    async def close(self) -> None:
        await self._threads.close()
