"""What the suite needs of a store beyond its interface: the place behind it, seen with a stranger's eyes."""

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import run

import pytest

from connector.ports.object_store import Digest, ObjectStore


class Place(ABC):
    @abstractmethod
    def open(self) -> ObjectStore:
        """A store over this place; a second one sees what the first one put."""

    @abstractmethod
    def names(self) -> list[str]:
        """All that lies there, half-written and hidden things included."""

    def recipe(self) -> str | None:
        """Python that makes such a store in another process, `imports; expression`; None when it cannot."""
        return None

    @contextmanager
    def full(self) -> Iterator[ObjectStore | None]:
        """A store of this kind without room for 100 kB; None when it cannot be full."""
        yield None

    @contextmanager
    def unwritable(self) -> Iterator[ObjectStore | None]:
        """A store of this kind that may not write; None when there is no such thing."""
        yield None


def digest_of(content: bytes) -> Digest:
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return Digest(size_bytes=len(content), md5=md5, sha256=hashlib.sha256(content).hexdigest())


def loud_skip(reason: str) -> None:
    """Skip on a developer's machine; on the build server nothing is skipped."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"this must run here: {reason}")
    pytest.skip(reason)


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A disk of its own, mounted at the folder."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "callreel-test", str(folder)]
    mounted = run(command, check=False, capture_output=True)
    if mounted.returncode:
        loud_skip(f"cannot mount a small disk: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        run(["umount", "-l", str(folder)], check=True)


def read_only(disk: Path) -> None:
    run(["mount", "-o", "remount,ro", str(disk)], check=True)
