"""A sound file that was made of a recording, from wherever a copy of it still lies, as a WAV. Speaks to ports only."""

import asyncio
import contextlib
import hashlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

from connector.domain.recording import Artefact, ArtefactKind, Delivery
from connector.errors import BrokenAudio, CatalogueUnavailable, ConnectorError, NoRoom, is_passing
from connector.ports.shipping_ledger import RecordingFile
from connector.ports.workshop import Workshop
from connector.services.fetching import Fetched
from connector.services.lookup import copies

log = logging.getLogger(__name__)


class StoredFiles(Protocol):
    async def opened(self, file: RecordingFile, delivery: Delivery) -> Fetched:
        """The bytes of a delivery, to be closed. Raises NotFound, DestinationRefused and DestinationUnreachable."""
        ...


class SoundCopies:
    def __init__(self, stored: StoredFiles, workshop: Workshop, folder: Path) -> None:
        """`folder`: the artefacts' paths are relative to it."""
        self._stored = stored
        self._workshop = workshop
        self._folder = folder

    async def decode(self, file: RecordingFile, kind: ArtefactKind, target: Path) -> Artefact | None:
        """Make `target` of the work file or of the first copy that can be had; None when there is none. Raises what the
        copies raise: where one may be had later that, else what was wrong with the first."""
        troubles: list[ConnectorError | TimeoutError] = []
        for artefact, delivery in await self._candidates(file, kind):
            try:
                await self._decode(file, artefact, delivery, target)
            except (NoRoom, CatalogueUnavailable):
                raise
            except (ConnectorError, TimeoutError) as error:
                place = delivery.destination if delivery else "here"
                facts = {"recording_id": file.recording.id, "kind": kind, "destination": place}
                log.warning("copy not to be had", extra=facts | {"hint": str(error)})
                troubles.append(error)
            else:
                return artefact
        if troubles:
            raise next((one for one in troubles if is_passing(one)), troubles[0])
        return None

    async def _candidates(self, file: RecordingFile, kind: ArtefactKind) -> list[tuple[Artefact, Delivery | None]]:
        made = file.rendering.artefacts if file.rendering else ()
        places = [(one, self._folder / one.path) for one in made if one.kind is kind]
        here = [one for one, place in places if await asyncio.to_thread(_size_bytes, place) == one.size_bytes]
        stored = [(artefact, delivery) for delivery, artefact in copies(file) if artefact.kind is kind]
        return [*((one, None) for one in here), *stored]

    async def _decode(self, file: RecordingFile, artefact: Artefact, delivery: Delivery | None, target: Path) -> None:
        if delivery is None:
            await self._workshop.decode(self._folder / artefact.path, target)
            return
        copy = target.with_name(f"{artefact.kind}-copy.{artefact.format}")
        try:
            fetched = await self._stored.opened(file, delivery)
            try:
                digest = await _written(fetched.pieces, copy)
            finally:
                await fetched.pieces.close()
            if digest != artefact.sha256:
                raise BrokenAudio(
                    f"the {artefact.kind} at {delivery.destination!r} is not what was stored there: "
                    "was it overwritten, or cut short?"
                )
            await self._workshop.decode(copy, target)
        finally:
            with contextlib.suppress(OSError):
                copy.unlink(missing_ok=True)


def _size_bytes(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


async def _written(pieces: AsyncIterator[bytes], path: Path) -> str:
    """Their sha256. What is left when they break off is its caller's to delete."""
    digest = hashlib.sha256()
    try:
        with path.open("wb") as file:
            async for piece in pieces:
                digest.update(piece)
                await asyncio.to_thread(file.write, piece)
    except OSError as error:
        if isinstance(error, TimeoutError):
            raise
        raise NoRoom(f"{path} cannot be written ({error.strerror}): make room, or give us the folder") from error
    return digest.hexdigest()
