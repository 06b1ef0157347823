"""A file while it is being written: hidden, locked, beside its place; then visible at once and whole, or never.

Knows the file system's promises (link, rename, fsync, flock); knows nothing of recordings.
"""

import ctypes
import errno
import fcntl
import os
import secrets
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

PREFIX = ".callreel-"
ENDING = ".part"

_NO_HARD_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})
_NO_LOCKS = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})
_NO_FOLDER_SYNC = frozenset({errno.EINVAL, errno.EOPNOTSUPP, errno.EBADF})
#: Where a file system has no locks, only age tells a leftover from a file at work.
_SURELY_LEFT_SECONDS = 86_400.0
_RENAME_NOREPLACE = 1
_AT_FDCWD = -100


class PartFile:
    """Create it, write, sync, publish; leaving the `with` block removes what was not published."""

    def __init__(self, folder: Path) -> None:
        self.path, self.fd = _created(folder)

    def __enter__(self) -> "PartFile":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with suppress(OSError):
            self.path.unlink(missing_ok=True)
        os.close(self.fd)

    def write(self, pieces: Iterable[bytes]) -> None:
        for piece in pieces:
            view = memoryview(piece)
            while view:
                view = view[os.write(self.fd, view) :]

    def settle(self) -> None:
        """The bytes are on the disk, and the next read comes from there."""
        os.fsync(self.fd)
        if hasattr(os, "posix_fadvise"):
            with suppress(OSError):
                os.posix_fadvise(self.fd, 0, 0, os.POSIX_FADV_DONTNEED)

    def publish(self, target: Path, *, overwrite: bool) -> None:
        """Give it its name, durably; FileExistsError when something has that name and `overwrite` is not said."""
        if overwrite:
            os.replace(self.path, target)
        else:
            _named_exclusively(self.path, target)
        sync_folder(target.parent)


def remove_leftovers(folder: Path) -> int:
    """Remove the part files of processes that are gone; returns how many."""
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:
        return 0
    with entries:
        names = [entry.name for entry in entries if entry.name.startswith(PREFIX) and entry.name.endswith(ENDING)]
    return sum(_was_left(folder / name) for name in names)


def sync_folder(folder: Path) -> None:
    """What was made, renamed or deleted in the folder stays so after a power cut."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(fd)


def _created(folder: Path) -> tuple[Path, int]:
    flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    while True:
        path = folder / f"{PREFIX}{secrets.token_hex(8)}{ENDING}"
        fd = os.open(path, flags, 0o600)
        # Between open and lock another process may take it for a leftover: then it is no file any more.
        if _is_locked(fd) and os.fstat(fd).st_nlink:
            return path, fd
        os.close(fd)


def _is_locked(fd: int) -> bool:
    """Whether we hold the lock now, or the file system has no locks."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    return True


def _was_left(path: Path) -> bool:
    """Remove it unless its writer lives; the lock is held over the removal, or a writer could begin between."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        if not _is_abandoned(fd):
            return False
        path.unlink(missing_ok=True)
    finally:
        os.close(fd)
    return True


def _is_abandoned(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return time.time() - os.fstat(fd).st_mtime > _SURELY_LEFT_SECONDS
    return True


def _named_exclusively(path: Path, target: Path) -> None:
    try:
        os.link(path, target)
    except OSError as error:
        if error.errno not in _NO_HARD_LINKS:
            raise
        _renamed_exclusively(path, target)
    else:
        path.unlink()


def _renamed_exclusively(path: Path, target: Path) -> None:
    """For file systems without hard links (FAT, some FUSE): Linux's renameat2 that does not replace."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP), str(target))
    if rename(_AT_FDCWD, os.fsencode(path), _AT_FDCWD, os.fsencode(target), _RENAME_NOREPLACE) != 0:
        number = ctypes.get_errno()
        number = errno.EOPNOTSUPP if number == errno.EINVAL else number
        raise OSError(number, os.strerror(number), str(target))
