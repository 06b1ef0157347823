"""A WAV file as FreeSWITCH writes it: sizes in its head only at the end, 64 KiB held back. Knows no call.

Measured: a file whose switch was killed says RIFF size 8 and data size 0, and lacks what its buffer of 64 KiB held
(2.05 s in stereo, 4.1 s in mono at 8 kHz), unless `enable_file_write_buffering` was false. Folders are made with mode
0750. A conference's file has a LIST chunk before its data.
"""

import os
import struct
from pathlib import Path
from typing import Final

BUFFER_BYTES: Final = 65536
_TITLE: Final = b"INFO" + b"".join(
    struct.pack("<4sI", name, len(value)) + value
    for name, value in (
        (b"ISFT", b"FreeSWITCH (libsndfile)".ljust(28, b"\0")),
        (b"IART", b"FreeSWITCH".ljust(44, b"\0")),
    )
)
KNOWN_EXTENSIONS: Final = frozenset({".wav", ".raw", ".r8", ".r16", ".au", ".mp3", ".ogg", ".flac"})


class Disk:
    """May be full, and single files may stand still; a folder may be another one than ours of that name."""

    def __init__(self) -> None:
        self.is_full = False
        self.stuck: set[str] = set()
        #: What the switch calls the first folder is the second one here, as in a container.
        self.elsewhere: tuple[Path, Path] | None = None

    def place(self, path: Path) -> Path:
        if self.elsewhere is None or not path.is_relative_to(self.elsewhere[0]):
            return path
        return self.elsewhere[1] / path.relative_to(self.elsewhere[0])


class WavFile:
    """Raises OSError when it cannot be made, and nothing afterwards."""

    def __init__(
        self,
        disk: Disk,
        path: Path,
        rate: int,
        channels: int,
        *,
        buffer_bytes: int = BUFFER_BYTES,
        titled: bool = False,
        append: bool = False,
    ) -> None:
        path = disk.place(path)
        self.path, self.rate, self.channels = path, rate, channels
        self.frames = 0
        self.has_failed = False
        self._disk = disk
        self._buffer = bytearray()
        self._buffer_bytes = buffer_bytes
        self._chunk = struct.pack("<4sI", b"LIST", len(_TITLE)) + _TITLE if titled else b""
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        appends = append and path.exists()
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | (0 if appends else os.O_TRUNC), 0o640)
        self._data_bytes = max(0, path.stat().st_size - self._head_bytes) if appends else 0
        os.pwrite(self._file, self._head(8, 0), 0)
        os.lseek(self._file, 0, os.SEEK_END)

    @property
    def size_bytes(self) -> int:
        """Of the finished file."""
        return self._head_bytes + self._data_bytes + len(self._buffer)

    @property
    def _head_bytes(self) -> int:
        return 44 + len(self._chunk)

    def write(self, samples: bytes) -> None:
        """Interleaved samples of 16 bits."""
        self.frames += len(samples) // (2 * self.channels)
        self._buffer += samples
        if len(self._buffer) >= self._buffer_bytes:
            self._flush()

    def close(self) -> None:
        self._flush()
        os.pwrite(self._file, self._head(self._head_bytes - 8 + self._data_bytes, self._data_bytes), 0)
        os.close(self._file)

    def abandon(self) -> None:
        """As when the switch is killed."""
        self._buffer.clear()
        os.close(self._file)

    def _flush(self) -> None:
        if self._disk.is_full:
            self.has_failed = True
        elif str(self.path) not in self._disk.stuck:
            try:
                self._data_bytes += os.write(self._file, self._buffer)
            except OSError:
                self.has_failed = True
        self._buffer.clear()

    def _head(self, riff_bytes: int, data_bytes: int) -> bytes:
        form = struct.pack(
            "<4sIHHIIHH", b"fmt ", 16, 1, self.channels, self.rate, self.rate * 2 * self.channels, 2 * self.channels, 16
        )
        data = struct.pack("<4sI", b"data", data_bytes)
        return struct.pack("<4sI4s", b"RIFF", riff_bytes, b"WAVE") + form + self._chunk + data
