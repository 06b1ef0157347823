"""Files below one folder, stored whole or not at all: the blocking part of LocalFolder, run in its threads."""

import errno
import os
import stat
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

from connector.errors import DestinationRefused, DestinationUnreachable, ObjectExists
from connector.ports.object_store import Digest, ObjectFacts
from connector.storage.file_pieces import (
    PieceReader,
    Plain,
    check_source,
    give_up_if,
    opened_source,
    pieces_of,
    unless_stopped,
)
from connector.storage.file_threads import Stop
from connector.storage.mounts import MountWatch
from connector.storage.os_errors import translated
from connector.storage.part_file import PREFIX, PartFile, remove_leftovers, sync_folder
from connector.storage.permissions import Permissions
from connector.storage.sealing import MAGIC, KeyRing, sealed

#: How often a put begins anew when others make and remove things under its hands.
_ROUNDS = 20


class LocalFiles:
    def __init__(self, root: Path, permissions: Permissions, ring: KeyRing, mounts: MountWatch) -> None:
        self._root = root
        self._permissions = permissions
        self._ring = ring
        self._mounts = mounts
        self._swept: set[Path] = set()

    def path(self, name: str) -> Path:
        """Where an object of that name lies; DestinationRefused for a name that leaves the folder or hides a file."""
        parts = name.split("/")
        is_foreign = any(part in {"", ".", ".."} or "\0" in part for part in parts) or parts[-1].startswith(PREFIX)
        if is_foreign or any("\ud800" <= letter <= "\udfff" for letter in name):
            raise DestinationRefused(f"{name!r} is no name for a file below {self._root}: change the template")
        return self._root.joinpath(*parts)

    def put(self, name: str, source: Path, digest: Digest, *, overwrite: bool, stop: Stop) -> None:
        target = self.path(name)
        with translated("store", target):
            self._mounts.check()
            for _ in range(_ROUNDS):
                if self._holds(target, digest, overwrite=overwrite):
                    return
                # A folder can be removed when it is empty, and another can take the name: then look again.
                with suppress(FileNotFoundError, FileExistsError):
                    self._make_folders(target.parent)
                    self._land(target, source, digest, overwrite=overwrite, stop=stop)
                    return
        raise DestinationUnreachable(f"cannot store {target} now: its name or folder changes all the time")

    def facts(self, name: str) -> ObjectFacts | None:
        target = self.path(name)
        with translated("read", target):
            self._mounts.check()
            return self._facts(target)

    def remove(self, name: str) -> None:
        target = self.path(name)
        with translated("delete", target):
            self._mounts.check()
            with suppress(FileNotFoundError, NotADirectoryError):
                target.unlink()
                sync_folder(target.parent)
                self._remove_empty_folders(target.parent)

    def sweep(self) -> int:
        """Remove what crashed processes left half-written, in all folders; returns how many files."""
        with translated("sweep", self._root):
            self._mounts.check()
            return sum(remove_leftovers(Path(folder)) for folder, _, _ in os.walk(self._root))

    def reader(self, name: str, begin_at: int) -> PieceReader:
        """For one reading of one object; nothing is opened yet."""
        return PieceReader(self._pieces(self.path(name), begin_at))

    def _pieces(self, target: Path, begin_at: int) -> Generator[bytes, None, None]:
        with translated("read", target):
            self._mounts.check()
            try:
                with target.open("rb") as file:
                    yield from Plain(file, target, self._ring).pieces(begin_at)
            except (FileNotFoundError, NotADirectoryError) as error:
                raise DestinationRefused(f"there is no {target}: it was moved or deleted outside") from error

    def _facts(self, target: Path) -> ObjectFacts | None:
        try:
            with target.open("rb") as file:
                return Plain(file, target, self._ring).proven_facts()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None

    def _holds(self, target: Path, digest: Digest, *, overwrite: bool) -> bool:
        """Whether our bytes are there already, as durable and as sealed as if we had just put them."""
        if not os.path.lexists(target):
            return False
        if self._is_as_sealed_as_wanted(target):
            with suppress(DestinationRefused):
                facts = self._facts(target)
                if facts is not None and facts.is_same_as(digest):
                    _sync_file(target)
                    return True
        if overwrite:
            return False
        raise ObjectExists(f"{target} is there already with other content: the next suffix is free, or set `overwrite`")

    def _is_as_sealed_as_wanted(self, target: Path) -> bool:
        try:
            with target.open("rb") as file:
                return (file.read(len(MAGIC)) == MAGIC) == (self._ring.current is not None)
        except (FileNotFoundError, IsADirectoryError, PermissionError):
            return False

    def _make_folders(self, folder: Path) -> None:
        missing = []
        while not _is_folder(folder):
            missing.append(folder)
            folder = folder.parent
        for new in reversed(missing):
            with suppress(FileExistsError):
                new.mkdir(mode=0o700)
                self._permissions.apply_to_folder(new)
                sync_folder(new)
            sync_folder(new.parent)

    def _land(self, target: Path, source: Path, digest: Digest, *, overwrite: bool, stop: Stop) -> None:
        if target.parent not in self._swept:
            remove_leftovers(target.parent)
            self._swept.add(target.parent)
        with opened_source(source) as reading, PartFile(target.parent) as part:
            pieces = unless_stopped(pieces_of(reading), stop)
            part.write(sealed(pieces, self._ring.current) if self._ring.current else pieces)
            self._permissions.apply_to_file(part.fd)
            part.settle()
            self._check_landed(part, target, digest, source, stop)
            give_up_if(stop)
            part.publish(target, overwrite=overwrite)

    def _check_landed(self, part: PartFile, target: Path, digest: Digest, source: Path, stop: Stop) -> None:
        """Read back, which proves the source as well: only when it does not is it asked which of them is to blame."""
        with open(part.fd, "rb", closefd=False) as file:
            file.seek(0)
            landed = Plain(file, target, self._ring).proven_facts()
        if not landed.is_same_as(digest):
            check_source(source, digest, stop)
            raise DestinationUnreachable(
                f"{target}: other bytes came back than {source} holds; is the disk of one of them failing?"
            )

    def _remove_empty_folders(self, folder: Path) -> None:
        """A folder can be named after a caller: when its last file was erased, its name goes too."""
        while folder != self._root:
            try:
                folder.rmdir()
            except OSError:
                return
            folder = folder.parent
            sync_folder(folder)


def _sync_file(target: Path) -> None:
    with target.open("rb") as file:
        os.fsync(file.fileno())
    sync_folder(target.parent)


def _is_folder(path: Path) -> bool:
    """False when nothing is there; what is there and no folder raises. One look: others make folders meanwhile."""
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except FileNotFoundError:
        if not path.is_symlink():
            return False
        is_folder = False
    if not is_folder:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))
    return True
