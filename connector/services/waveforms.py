"""The picture of a recording's sound: from this machine's folder where rendering drew it, else drawn anew from a stored
copy. Speaks to ports only; knows the file's name, not what is in it."""

import asyncio
import hashlib
import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from connector.domain.recording import ArtefactKind, Delivery
from connector.errors import CatalogueUnavailable, ConnectorError, NotFound, TooManyRequests
from connector.ports.shipping_ledger import RecordingFile
from connector.services.converting import Converting, Source, sounds_of
from connector.services.door_limits import Remembered
from connector.services.fetching import Fetched

log = logging.getLogger(__name__)

DRAWING: Final = (sys.executable, "-m", "connector.audio.drawing")
#: Whoever opens a call has its player meanwhile, and no longer call is fetched whole for its picture.
_LONGEST_SECONDS: Final = 2 * 3600.0
_DRAWING_SECONDS: Final = 30.0
#: Of what was drawn anew, so many are at hand: at most 240 kB each.
_MOST_AT_HAND: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Waveform:
    #: audiowaveform's binary format, version 2.
    content: bytes
    sha256: str


class StoredFiles(Protocol):
    async def opened(self, file: RecordingFile, delivery: Delivery) -> Fetched:
        """The bytes of a delivery, to be closed. Raises NotFound, DestinationRefused and DestinationUnreachable."""
        ...


class Waveforms:
    def __init__(
        self, folder: Path, stored: StoredFiles, drawing: Converting, *, drawing_seconds: float = _DRAWING_SECONDS
    ) -> None:
        """`folder`: the one that rendering works in; paths in the catalogue are relative to it."""
        self._folder = folder
        self._stored = stored
        self._drawing = drawing
        self._drawing_seconds = drawing_seconds
        #: By the digest of the sound that it was drawn from.
        self._at_hand: Remembered[bytes] = Remembered(_MOST_AT_HAND)

    async def of(self, file: RecordingFile) -> Waveform:
        """Raises NotFound, saying why there is none; TooManyRequests while as many are drawn as may be."""
        path = file.rendering.peaks_path if file.rendering else ""
        if not path:
            raise NotFound(f"no waveform of recording {file.recording.id} was drawn")
        content = await asyncio.to_thread(_content, self._folder / path)
        if content is None:
            content = await self._drawn_anew(file)
        return Waveform(content=content, sha256=hashlib.sha256(content).hexdigest())

    async def _drawn_anew(self, file: RecordingFile) -> bytes:
        where = f"the waveform of recording {file.recording.id} lies on node {file.recording.node!r} alone"
        # Of a mix nobody could tell who speaks.
        copies = [one for one in sounds_of(file) if one.kind is ArtefactKind.STEREO]
        if not copies:
            raise NotFound(f"{where}, and no stereo file is stored that it could be drawn from")
        if copies[0].artefact.duration_seconds > _LONGEST_SECONDS:
            raise NotFound(f"{where}, and so long a call is not drawn again")
        for source in copies:
            content = self._at_hand.get(source.artefact.sha256) or await self._drawn_from(file, source)
            if content:
                self._at_hand.put(source.artefact.sha256, content)
                return content
        raise NotFound(f"{where}, and could not be drawn from what is stored: the log says why")

    async def _drawn_from(self, file: RecordingFile, source: Source) -> bytes:
        """Empty: it cannot be had from there."""
        try:
            async with asyncio.timeout(self._drawing_seconds):
                self._drawing.check()
                conversion = await self._drawing.converted(source, await self._stored.opened(file, source.delivery))
                try:
                    return b"".join([piece async for piece in conversion])
                finally:
                    await conversion.close()
        except (TooManyRequests, CatalogueUnavailable):
            raise
        except (ConnectorError, TimeoutError) as error:
            facts = {"recording_id": file.recording.id, "destination": source.delivery.destination}
            log.warning("waveform not drawn anew", extra=facts | {"hint": str(error) or "it took too long"})
            return b""


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
