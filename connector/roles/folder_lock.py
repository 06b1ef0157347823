"""Two captures never record one PBX: who holds the state folder's lock is the only one."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connector.errors import ConfigError, FolderInUse


@contextmanager
def held(folder: Path, name: str) -> Iterator[None]:
    """Hold `folder/name.lock` for as long as the block lasts; the kernel lets go of it when the process dies."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o750)
        handle = os.open(folder / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as error:
        reason = f"{folder} cannot be used as state folder ({error.strerror}): may {_user()} write there?"
        raise ConfigError(reason) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(handle, 32, 0).decode(errors="replace").strip() or "?"
            text = f"another {name} (process {holder}) holds {folder}: stop it, or give this one its own folder"
            raise FolderInUse(text) from error
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)


def _user() -> str:
    return f"user {os.geteuid()}"
