"""One look at a WAV file that a PBX writes: how far it is, whether it is final. Knows no recorder.

Asterisk writes the sizes into the header when it closes the file; until then they are 0.
"""

import os
from dataclasses import dataclass

from connector.domain.ids import Moment
from connector.pbx.wav_head import is_final

HEADER_BYTES = 44
_FRAME_BYTES = 2
_BUFFER_BYTES = 32768
_BLOCK_BYTES = 512


@dataclass(frozen=True, slots=True)
class WavLook:
    size_bytes: int
    #: By the clock of the file system.
    changed_at: Moment
    #: A file without any sound looks the same while it is open: it is never called final.
    is_final: bool

    @property
    def frames(self) -> int:
        return frames_in(self.size_bytes)


def frames_in(size_bytes: int) -> int:
    return max(0, size_bytes - HEADER_BYTES) // _FRAME_BYTES


def is_torn_at(size_bytes: int) -> bool:
    """Whether an open file grew by less than Asterisk's buffer, to the end of a block of the disk, which then was full.
    No file of whole frames of 20 ms ends there."""
    return size_bytes % _BUFFER_BYTES != 0 and size_bytes % _BLOCK_BYTES == 0


def look(place: str) -> WavLook | None:
    """None when there is no such file; raises OSError when it may not be read."""
    try:
        # Neither by a Path nor by a file object: each call's files are looked at every second.
        descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        status = os.fstat(descriptor)
        # One that ends with a buffer goes on: no file of whole frames of 20 ms ends there.
        may_be_final = status.st_size % _BUFFER_BYTES != 0
        head = os.read(descriptor, HEADER_BYTES) if may_be_final else b""
    finally:
        os.close(descriptor)
    return WavLook(status.st_size, status.st_mtime, may_be_final and is_final(head, status.st_size))
