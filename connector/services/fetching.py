"""Stored artefacts for whoever asks: a link to one, or its bytes. Speaks to ports only."""

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import Final, Protocol

from connector.domain.content_types import content_type
from connector.domain.ids import RecordingId
from connector.domain.recording import Delivery
from connector.domain.states import DeliveryState, RecordingState
from connector.errors import NotFound
from connector.ports.destinations import Destination, Destinations
from connector.ports.object_store import Link, ObjectStore
from connector.ports.shipping_ledger import RecordingFile, ShippingLedger
from connector.services.file_links import FileLinks, Linked
from connector.services.plain_files import PlainFiles

#: Also before the last copy is gone.
_DELETED: Final = frozenset({RecordingState.REMOVING, RecordingState.REMOVED})
#: A link is a key, and lives no longer than this whoever makes it.
LONGEST_LINK_SECONDS: Final = 7 * 86_400.0


class Pieces(Protocol):
    """A file's bytes; whoever does not want the rest lets go of it."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def __anext__(self) -> bytes: ...

    async def begin_at(self, offset_bytes: int) -> None:
        """What stands before is not given. Before the first piece is taken; raises what a store raises."""
        ...

    async def close(self) -> None:
        """May be called twice."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """One artefact that can be read; `pieces` are to be closed."""

    size_bytes: int
    content_type: str
    sha256: str
    #: Whose it is.
    organisation: str
    pieces: Pieces
    #: Where it lies as it is: the destination, and its name there. None where only a store of ours can read it.
    lies_plain: tuple[str, str] | None = None


class Fetching:
    def __init__(self, ledger: ShippingLedger, destinations: Destinations, links: FileLinks) -> None:
        self._ledger = ledger
        self._destinations = destinations
        self._links = links
        self._folders = PlainFiles()

    async def file(self, recording_id: str) -> RecordingFile:
        """Whoever's it is. Raises NotFound."""
        file = await self._ledger.file(RecordingId(recording_id))
        if file is None:
            raise NotFound(f"there is no recording {recording_id!r}")
        return file

    async def link(self, file: RecordingFile, delivery: Delivery, seconds: float | None = None) -> Link:
        """The store's own link, or one of our server where it has none. NotFound when nothing is stored there;
        DestinationRefused says why there is no link: the key may only write, for one."""
        destination = await self._holding(file, delivery)
        filename = filename_of(file, delivery)
        lifetime_seconds = min(destination.link_seconds if seconds is None else seconds, LONGEST_LINK_SECONDS)
        link = await destination.store.link(delivery.object_name, lifetime_seconds, filename=filename)
        return link or self._links.link(delivery, lifetime_seconds, filename)

    async def fetched(self, linked: Linked) -> Fetched:
        """The bytes that a link of ours is to. NotFound when they are not there any more."""
        file = await self._ledger.file(linked.recording_id)
        delivery = next(
            (one for one in (file.deliveries if file else ()) if (one.destination, one.kind) == _place_of(linked)), None
        )
        if file is None or delivery is None:
            raise NotFound(f"there is no {linked.kind} of recording {linked.recording_id} at {linked.destination!r}")
        return await self.opened(file, delivery)

    async def opened(self, file: RecordingFile, delivery: Delivery) -> Fetched:
        """The bytes of a delivery. NotFound when they are not there (any more); what else is wrong is said now, too."""
        destination = await self._holding(file, delivery)
        artefact, name = file.artefact(delivery), delivery.object_name
        plain = await self._folders.opened(destination.store.url(name), artefact.size_bytes)
        return Fetched(
            size_bytes=artefact.size_bytes,
            content_type=content_type(name),
            sha256=artefact.sha256,
            organisation=file.recording.organisation,
            pieces=plain or await _begun(destination.store, name),
            lies_plain=(destination.name, name) if plain else None,
        )

    async def _holding(self, file: RecordingFile, delivery: Delivery) -> Destination:
        if file.recording.state in _DELETED:
            raise NotFound(f"recording {file.recording.id} was deleted")
        if delivery.state is not DeliveryState.STORED:
            raise NotFound(f"the {delivery.kind} is {delivery.state} at {delivery.destination!r}: {delivery.reason}")
        if not _is_newest(file, delivery):
            raise NotFound(f"the {delivery.kind} at {delivery.destination!r} is an earlier version: {delivery.reason}")
        destination = await self._destinations.holding(delivery, file.recording)
        if destination is None:
            raise NotFound(f"destination {delivery.destination!r} is not in the configuration any more")
        return destination


def stored(file: RecordingFile) -> list[Delivery]:
    """What can be fetched, the destination first that was wished for first. Of an earlier version nobody knows any more
    what it must be."""
    held = (delivery for delivery in file.deliveries if delivery.state is DeliveryState.STORED)
    return [delivery for delivery in held if _is_newest(file, delivery)]


def _is_newest(file: RecordingFile, delivery: Delivery) -> bool:
    made = file.rendering.artefacts if file.rendering else ()
    return all(one.version <= delivery.version for one in made if one.kind is delivery.kind)


def filename_of(file: RecordingFile, delivery: Delivery) -> str:
    """What a browser saves it as: the call's id, and what distinguishes it."""
    ending = delivery.object_name.rpartition(".")[2]
    return f"{file.call.id}.{delivery.kind}.{ending}"


class _StoredPieces:
    """As a store gives them, the first of them read already."""

    def __init__(self, store: ObjectStore, name: str) -> None:
        self._store = store
        self._name = name
        self._first = b""
        self._rest = store.read(name)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        first, self._first = self._first, b""
        return first or await anext(self._rest)

    async def begin_at(self, offset_bytes: int) -> None:
        if offset_bytes <= len(self._first):
            self._first = self._first[offset_bytes:]
            return
        # The old reading first: a store may allow only so many at once.
        await self.close()
        self._rest = self._store.read(self._name, offset_bytes)
        await self.take_first()

    async def take_first(self) -> None:
        self._first = await anext(self._rest, b"")

    async def close(self) -> None:
        if isinstance(self._rest, AsyncGenerator):
            await self._rest.aclose()


async def _begun(store: ObjectStore, name: str) -> Pieces:
    """The first one is read now: what cannot be had is said before anything is answered."""
    pieces = _StoredPieces(store, name)
    await pieces.take_first()
    return pieces


def _place_of(linked: Linked) -> tuple[str, str]:
    return (linked.destination, linked.kind)
