"""The picture of a recording's sound, from this machine's folder where rendering drew it. Speaks to ports only; knows
the file's name, not what is in it."""

import asyncio
import hashlib
from dataclasses import dataclass
from pathlib import Path

from connector.errors import NotFound
from connector.ports.shipping_ledger import RecordingFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Waveform:
    #: audiowaveform's binary format, version 2.
    content: bytes
    sha256: str


class Waveforms:
    def __init__(self, folder: Path) -> None:
        """`folder`: the one that rendering works in; paths in the catalogue are relative to it."""
        self._folder = folder

    async def of(self, file: RecordingFile) -> Waveform:
        """Raises NotFound, saying why: it lies where it was drawn and nowhere else, and can be done without."""
        path = file.rendering.peaks_path if file.rendering else ""
        if not path:
            raise NotFound(f"no waveform of recording {file.recording.id} was drawn")
        try:
            content = await asyncio.to_thread((self._folder / path).read_bytes)
        except OSError as error:
            node = file.recording.node
            raise NotFound(
                f"the waveform of recording {file.recording.id} is not on this machine ({error.strerror}): "
                f"it was drawn on node {node!r}, and goes to no destination"
            ) from error
        return Waveform(content=content, sha256=hashlib.sha256(content).hexdigest())
