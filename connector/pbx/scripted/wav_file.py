"""A WAV file as a PBX writes it: sizes 0 until it is closed, growing by whole buffers. Knows no call."""

import os
import struct
from pathlib import Path

HEADER_BYTES = 44
#: One stdio buffer, as Asterisk writes with: 2.048 s at 8 kHz.
FLUSH_BYTES = 32 * 1024


class Disk:
    """The place of all files; may be full."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.is_full = False

    def place(self, path: str) -> Path | None:
        """Where that path lies; None when it would leave the spool."""
        place = (self.root / path).resolve()
        return place if place != self.root and place.is_relative_to(self.root) else None


class WavFile:
    """Raises OSError only when it cannot be made."""

    def __init__(self, disk: Disk, place: Path, sample_rate: int, flush_bytes: int = FLUSH_BYTES) -> None:
        self._disk = disk
        self._flush_bytes = flush_bytes
        self._buffer = bytearray()
        self._is_stuck = False
        self._written_bytes = 0
        place.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
        os.write(self._file, _header(sample_rate))

    @property
    def frames(self) -> int:
        """How many are on the disk."""
        return self._written_bytes // 2

    @property
    def bytes_until_flush(self) -> int:
        return self._flush_bytes - len(self._buffer)

    def stick(self) -> None:
        """From now on nothing reaches the disk."""
        self._is_stuck = True

    def write(self, samples: bytes) -> list[bool]:
        """For each flush that this made: whether the disk took it. What it did not take is lost."""
        self._buffer += samples
        flushes = []
        while len(self._buffer) >= self._flush_bytes:
            piece = bytes(self._buffer[: self._flush_bytes])
            del self._buffer[: self._flush_bytes]
            flushes.append(self._put(piece))
        return flushes

    def close(self) -> None:
        """The tail, then the sizes in the header: what is in place already needs no room."""
        self._put(bytes(self._buffer))
        os.pwrite(self._file, struct.pack("<I", HEADER_BYTES - 8 + self._written_bytes), 4)
        os.pwrite(self._file, struct.pack("<I", self._written_bytes), HEADER_BYTES - 4)
        self.abandon()

    def abandon(self) -> None:
        """As when the PBX dies: the buffer is lost, the header says 0."""
        self._buffer.clear()
        os.close(self._file)

    def _put(self, piece: bytes) -> bool:
        if self._is_stuck or self._disk.is_full:
            return False
        try:
            self._written_bytes += os.write(self._file, piece)
        except OSError:
            return False
        return True


def _header(sample_rate: int) -> bytes:
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 0, b"WAVE", b"fmt ", 16, 1, 1, sample_rate, sample_rate * 2, 2, 16, b"data", 0
    )
