"""A store that tells how each call went, how long it took and how many bytes moved; it changes nothing."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from connector.errors import DestinationRefused, DestinationUnreachable, NoRoom, ObjectExists
from connector.ports.clock import Clock
from connector.ports.object_store import Digest, Link, ObjectFacts, ObjectStore
from connector.storage.piece_flow import closing


class Outcome(StrEnum):
    DONE = "done"
    EXISTS = "exists"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    NO_ROOM = "no-room"
    #: The caller went away, or our own fault.
    BROKEN_OFF = "broken-off"


#: The first that fits.
_OUTCOMES = (
    (ObjectExists, Outcome.EXISTS),
    (DestinationRefused, Outcome.REFUSED),
    (DestinationUnreachable, Outcome.UNREACHABLE),
    (NoRoom, Outcome.NO_ROOM),
)


@dataclass(slots=True, kw_only=True)
class Measured:
    """One call of the store."""

    #: put, facts, read, remove, link or abandon.
    operation: str
    outcome: Outcome = Outcome.DONE
    seconds: float = 0.0
    #: Put: what the artefact has, also when the store had it already. Read: what the caller got.
    size_bytes: int = 0


#: Called once after each call, quickly and without raising.
Tell: TypeAlias = Callable[[Measured], None]


class Metered:
    def __init__(self, store: ObjectStore, clock: Clock, tell: Tell) -> None:
        self._store = store
        self._clock = clock
        self._tell = tell

    async def put(self, name: str, source: Path, digest: Digest, *, overwrite: bool = False) -> None:
        with self._measured("put") as measured:
            await self._store.put(name, source, digest, overwrite=overwrite)
            measured.size_bytes = digest.size_bytes

    async def facts(self, name: str) -> ObjectFacts | None:
        with self._measured("facts"):
            return await self._store.facts(name)

    async def read(self, name: str, begin_at: int = 0) -> AsyncIterator[bytes]:
        with self._measured("read") as measured:
            async with closing(self._store.read(name, begin_at)) as pieces:
                async for piece in pieces:
                    measured.size_bytes += len(piece)
                    yield piece

    async def remove(self, name: str) -> None:
        with self._measured("remove"):
            await self._store.remove(name)

    def url(self, name: str) -> str:
        return self._store.url(name)

    async def link(self, name: str, seconds: float, *, filename: str = "") -> Link | None:
        with self._measured("link"):
            return await self._store.link(name, seconds, filename=filename)

    async def abandon(self, name: str) -> None:
        with self._measured("abandon"):
            await self._store.abandon(name)

    async def close(self) -> None:
        await self._store.close()

    @contextmanager
    def _measured(self, operation: str) -> Iterator[Measured]:
        started_at = self._clock.now()
        measured = Measured(operation=operation)
        try:
            yield measured
        except BaseException as error:
            fitting = (outcome for kind, outcome in _OUTCOMES if isinstance(error, kind))
            measured.outcome = next(fitting, Outcome.BROKEN_OFF)
            raise
        finally:
            measured.seconds = self._clock.now() - started_at
            self._tell(measured)
