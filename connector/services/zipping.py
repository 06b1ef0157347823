"""A consignment as one ZIP, made while it is sent: stored, not packed again, and never more of it here than a piece.

Knows the archive; which files and who may have them, exporting knows.
"""

import json
import zipfile
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from typing import IO, Final

from connector.domain.access import Access
from connector.domain.ids import Moment
from connector.domain.moments import iso
from connector.services.exporting import Consignment, Exporting, WantedFile, checked

MANIFEST: Final = "manifest.json"
#: The first year that a ZIP can name.
_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)
#: Of a manifest so much is made at once.
_CALLS_AT_ONCE: Final = 100

#: How long they are nobody knows before.
_ENDLESS_BYTES: Final = 1 << 32

#: Files of our own making, by name: whole, or in parts.
Texts = AsyncGenerator[tuple[str, bytes | AsyncIterator[bytes]], None]


async def no_texts() -> Texts:
    return
    yield "", b""


async def zipped(
    exporting: Exporting, access: Access, wanted: Consignment, now: Moment, texts: Texts | None = None
) -> AsyncGenerator[bytes, None]:
    """The texts, then the files, then the manifest, which says what became of each."""
    parcel = Parcel()
    async with aclosing(texts or no_texts()) as own:
        async for name, content in own:
            with parcel.opened(name, now, len(content) if isinstance(content, bytes) else _ENDLESS_BYTES) as entry:
                async for part in parts(content):
                    entry.write(part)
                    yield parcel.taken()
            yield parcel.taken()
    for file in wanted.fetchable:
        async with aclosing(_packed(parcel, exporting, access, file)) as pieces:
            async for piece in pieces:
                yield piece
    with parcel.opened(MANIFEST, now) as entry:
        for part in manifest(wanted, now):
            entry.write(part)
            yield parcel.taken()
    yield parcel.closed()


async def parts(content: bytes | AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    if isinstance(content, bytes):
        yield content
        return
    async for part in content:
        yield part


def manifest(wanted: Consignment, now: Moment, **more: object) -> Iterator[bytes]:
    """As JSON, in parts."""
    head: Mapping[str, object] = {"made_at": iso(now), "files": wanted.counts(), **more}
    yield f'{json.dumps(head, ensure_ascii=False)[:-1]}, "calls": ['.encode()
    for at in range(0, len(wanted.calls), _CALLS_AT_ONCE):
        rows = (json.dumps(call.row, ensure_ascii=False) for call in wanted.calls[at : at + _CALLS_AT_ONCE])
        yield ((",\n" if at else "\n") + ",\n".join(rows)).encode()
    yield b"\n]}\n"


async def _packed(
    parcel: "Parcel", exporting: Exporting, access: Access, file: WantedFile
) -> AsyncGenerator[bytes, None]:
    fetched = await exporting.opened(access, file)
    if fetched is None:
        return
    with parcel.opened(file.name, file.moment, file.size_bytes) as entry:
        async with aclosing(checked(file, fetched)) as pieces:
            async for piece in pieces:
                entry.write(piece)
                yield parcel.taken()
    yield parcel.taken()


class Parcel:
    """A ZIP that is written to nowhere: what was written is taken away piece by piece."""

    def __init__(self) -> None:
        self._outlet = _Outlet()
        self._archive = zipfile.ZipFile(self._outlet, "w", zipfile.ZIP_STORED, allowZip64=True)

    def opened(self, name: str, moment: Moment, size_bytes: int = 0) -> IO[bytes]:
        """The next entry, to be written and closed; `size_bytes` says whether it needs ZIP64."""
        facts = zipfile.ZipInfo(name, _dos_time(moment))
        facts.external_attr = 0o600 << 16
        facts.file_size = size_bytes
        return self._archive.open(facts, "w")

    def taken(self) -> bytes:
        """What has been written since the last time."""
        return self._outlet.taken()

    def closed(self) -> bytes:
        self._archive.close()
        return self.taken()


class _Outlet:
    """What zipfile needs of a file that cannot go back."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing is open."""

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def _dos_time(moment: Moment) -> tuple[int, int, int, int, int, int]:
    at = datetime.fromtimestamp(moment, UTC)
    return max(_EARLIEST, (at.year, at.month, at.day, at.hour, at.minute, at.second))
