"""Byte ranges and conditions of HTTP: the part that a player asks for to seek, and whether it has the file already.
Pure."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

#: No file is so large that its places need more digits.
_ONE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
_TAG = re.compile(r'(?:W/)?("[^"]*")')


@dataclass(frozen=True, slots=True)
class Extent:
    start: int
    #: Behind the last byte.
    end: int


class Unsatisfiable(ValueError):
    """Nothing of the file is in the range."""


def asked(header: str | None, size_bytes: int) -> Extent | None:
    """None: the whole file, which is also the answer to what we do not understand, and to several parts at once.
    Raises Unsatisfiable."""
    found = _ONE.fullmatch(header.strip()) if header else None
    if found is None or found[1] == found[2] == "":
        return None
    if not found[1]:
        start, end = max(0, size_bytes - int(found[2])), size_bytes
    else:
        start, end = int(found[1]), min(int(found[2]) + 1, size_bytes) if found[2] else size_bytes
        if found[2] and int(found[2]) < start:
            return None
    if start >= end:
        raise Unsatisfiable
    return Extent(start, end)


def has_it(if_none_match: str | None, etag: str) -> bool:
    """Whether whoever asks named what he has, and that is this; a weak tag names the same bytes here."""
    if if_none_match is None:
        return False
    return if_none_match.strip() == "*" or etag in _TAG.findall(if_none_match)


async def cut(pieces: AsyncIterator[bytes], extent: Extent) -> AsyncIterator[bytes]:
    """That part of them."""
    at = 0
    async for piece in pieces:
        first, last = max(extent.start - at, 0), min(extent.end - at, len(piece))
        if first == 0 and last == len(piece):
            yield piece
        elif first < last:
            yield piece[first:last]
        at += len(piece)
        if at >= extent.end:
            return
