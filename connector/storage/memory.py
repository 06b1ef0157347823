"""A store in this process's memory, for tests and trials: everything that a real one can say, without one."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

from connector.errors import ConnectorError, DestinationRefused, NoRoom, ObjectExists
from connector.ports.object_store import Digest, Link, ObjectFacts
from connector.ports.uploads import Upload


class MemoryStore:
    """`objects` is the place itself: two stores over the same dict see the same objects."""

    def __init__(self, objects: dict[str, bytes] | None = None, *, capacity_bytes: int | None = None) -> None:
        self.objects = {} if objects is None else objects
        self._capacity_bytes = capacity_bytes
        self._troubles: list[ConnectorError] = []
        self.is_closed = False

    def fail_next(self, *troubles: ConnectorError) -> None:
        """The next calls raise these, one each, before they do anything."""
        self._troubles += troubles

    async def put(self, name: str, source: Path, digest: Digest, *, overwrite: bool = False) -> None:
        self._trouble()
        _check(name)
        held = self.objects.get(name)
        if held is not None and _facts(held).is_same_as(digest):
            return
        if held is not None and not overwrite:
            raise ObjectExists(f"{name!r} is there already with other content: choose the next suffix")
        content = _content(source)
        if not _facts(content).is_same_as(digest):
            raise DestinationRefused(
                f"{source} is not the file that was promised: remove it, then retry: it is made again"
            )
        self._make_room(len(content) - len(held or b""), name)
        self.objects[name] = content

    async def facts(self, name: str) -> ObjectFacts | None:
        self._trouble()
        _check(name)
        return _facts(self.objects[name]) if name in self.objects else None

    async def read(self, name: str, begin_at: int = 0) -> AsyncIterator[bytes]:
        self._trouble()
        _check(name)
        if name not in self.objects:
            raise DestinationRefused(f"there is no {name!r} in memory")
        content = self.objects[name]
        for start in range(begin_at, len(content), 65536):
            yield content[start : start + 65536]

    async def remove(self, name: str) -> None:
        self._trouble()
        _check(name)
        self.objects.pop(name, None)

    def url(self, name: str) -> str:
        return f"memory:///{quote(name)}"

    async def link(self, name: str, seconds: float, *, filename: str = "") -> Link | None:
        return None

    async def abandon(self, name: str) -> None:
        """Everything is put at once here."""

    async def close(self) -> None:
        self.is_closed = True

    def _trouble(self) -> None:
        if self._troubles:
            raise self._troubles.pop(0)

    def _make_room(self, more_bytes: int, name: str) -> None:
        used = sum(len(content) for content in self.objects.values())
        if self._capacity_bytes is not None and used + more_bytes > self._capacity_bytes:
            raise NoRoom(f"cannot store {name!r}: {self._capacity_bytes} bytes is all there is")


class MemoryUploads:
    """What is under way, for as long as this process lives."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Upload] = {}

    async def find(self, place: str, name: str) -> Upload | None:
        return self._known.get((place, name))

    async def keep(self, upload: Upload) -> None:
        self._known[upload.place, upload.name] = upload

    async def forget(self, place: str, name: str) -> None:
        self._known.pop((place, name), None)

    async def under_way(self, place: str) -> list[Upload]:
        return [upload for upload in self._known.values() if upload.place == place]


def _content(source: Path) -> bytes:
    try:
        return source.read_bytes()
    except OSError as error:
        raise DestinationRefused(f"cannot store {source}: {error.strerror}; mend that, then retry") from error


def _check(name: str) -> None:
    if any(part in {"", ".", ".."} or "\0" in part for part in name.split("/")):
        raise DestinationRefused(f"{name!r} is no name for an object: change the template")


def _facts(content: bytes) -> ObjectFacts:
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return ObjectFacts(size_bytes=len(content), md5=md5, sha256=hashlib.sha256(content).hexdigest())
