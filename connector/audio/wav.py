"""Reading WAV files as PBXs leave them: what they really hold, by their length and not by their header.

Knows the container only; which frames are wanted is the plan's business. No numpy here.

Of a file with several channels the first is read. Some PBXs keep the time of what a party heard only in a file that has
both directions; what was asked for is its first channel then.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final

from connector.errors import BrokenAudio, SourceMissing

PCM: Final = 1
EXTENSIBLE: Final = 0xFFFE
#: A size field that says nothing: Asterisk writes 0 until it closes the file, streams write the other.
UNKNOWN_SIZES: Final = (0, 0xFFFFFFFF)

#: Of one channel, out of a file that has several.
_AT_ONCE_BYTES: Final = 65_536

UNCLOSED: Final = "unclosed"
TRUNCATED: Final = "truncated"
EMPTY: Final = "empty"
NO_SOUND: Final = "no sound file"


@dataclass(frozen=True, slots=True, kw_only=True)
class WavLayout:
    """Where the sound lies in the file. 16 bit."""

    sample_rate: int
    data_offset: int
    frames: int
    channels: int = 1
    #: UNCLOSED, TRUNCATED, EMPTY or "".
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class _Format:
    sample_rate: int
    channels: int

    @property
    def frame_bytes(self) -> int:
        return 2 * self.channels


@dataclass(frozen=True, slots=True)
class _Chunk:
    name: bytes
    #: Of the content, behind the chunk's own 8 bytes.
    offset: int
    size: int

    @property
    def end(self) -> int:
        return self.offset + self.size + self.size % 2


class _File:
    """An open file read at places, without a position of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise SourceMissing(f"{path} is not there: was it moved or deleted beside us?") from error
        except OSError as error:
            raise BrokenAudio(f"{path} cannot be opened ({error.strerror}): check its rights") from error
        try:
            self.size = os.fstat(self.descriptor).st_size
        except OSError as error:
            self.close()
            raise BrokenAudio(f"{path} cannot be read ({error.strerror}): is its disk there?") from error

    def read(self, offset: int, size: int) -> bytes:
        try:
            return os.pread(self.descriptor, size, offset)
        except OSError as error:
            raise BrokenAudio(f"{self.path} cannot be read at byte {offset} ({error.strerror})") from error

    def close(self) -> None:
        os.close(self.descriptor)


class WavReader:
    """The sound of one WAV file, read by frame number into memory that the caller holds."""

    def __init__(self, path: Path) -> None:
        self._file = _File(path)
        try:
            self.layout = _layout(self._file)
        except BaseException:
            self._file.close()
            raise

    def read_into(self, frame: int, destination: memoryview) -> None:
        """Fill `destination` (bytes) from that frame on; BrokenAudio when the file ends before."""
        channels = self.layout.channels
        offset = self.layout.data_offset + 2 * channels * frame
        if channels == 1:
            self._read_all(offset, destination)
            return
        for begin in range(0, len(destination), _AT_ONCE_BYTES):
            part = destination[begin : begin + _AT_ONCE_BYTES].cast("B").cast("h")
            interleaved = memoryview(bytearray(part.nbytes * channels))
            self._read_all(offset + begin * channels, interleaved)
            part[:] = interleaved.cast("h")[::channels]

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> "WavReader":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _read_all(self, offset: int, destination: memoryview) -> None:
        done = 0
        while done < len(destination):
            count = self._read_some(offset + done, destination[done:])
            if count == 0:
                raise BrokenAudio(
                    f"{self._file.path} ended at byte {offset + done}: it was longer when it was surveyed"
                )
            done += count

    def _read_some(self, offset: int, destination: memoryview) -> int:
        try:
            return os.preadv(self._file.descriptor, [destination], offset)
        except OSError as error:
            raise BrokenAudio(f"{self._file.path} cannot be read at byte {offset} ({error.strerror})") from error


def wav_layout(path: Path) -> WavLayout:
    """Raises SourceMissing, and BrokenAudio for what is no WAV file of 16-bit sound."""
    with WavReader(path) as reader:
        return reader.layout


def _layout(file: _File) -> WavLayout:
    if file.size == 0:
        return WavLayout(sample_rate=0, data_offset=0, frames=0, trouble=EMPTY)
    head = file.read(0, 12)
    if head[:4] not in {b"RIFF", b"RF64"} or head[8:] != b"WAVE":
        raise BrokenAudio(f"{file.path} is {NO_SOUND}: it does not begin as a WAV file does")
    format, long_size = None, 0
    for chunk in _chunks(file, 12):
        if chunk.name == b"ds64":
            long_size = struct.unpack("<8xQ", _exactly(file, chunk, 16))[0]
        elif chunk.name == b"fmt ":
            format = _format(file, chunk)
        elif chunk.name == b"data" and format is not None:
            size = long_size if long_size and chunk.size == 0xFFFFFFFF else chunk.size
            return _sound(file, format, chunk.offset, size)
    raise BrokenAudio(f"{file.path} is {NO_SOUND}: it ends before any sound begins")


def _chunks(file: _File, offset: int) -> Iterator[_Chunk]:
    while len(head := file.read(offset, 8)) == 8:
        name, size = struct.unpack("<4sI", head)
        chunk = _Chunk(name, offset + 8, size)
        yield chunk
        offset = chunk.end


def _exactly(file: _File, chunk: _Chunk, size: int) -> bytes:
    content = file.read(chunk.offset, size)
    if chunk.size < size or len(content) < size:
        raise BrokenAudio(f"{file.path} is {NO_SOUND}: its {chunk.name.decode('latin-1')!r} chunk is too short")
    return content


def _format(file: _File, chunk: _Chunk) -> _Format:
    encoding, channels, sample_rate, bits = struct.unpack("<HHI6xH", _exactly(file, chunk, 16))
    if encoding == EXTENSIBLE:
        encoding = struct.unpack("<24xH", _exactly(file, chunk, 26))[0]
    if (encoding, bits) != (PCM, 16) or not channels:
        raise BrokenAudio(
            f"{file.path} is {NO_SOUND} that we read: encoding {encoding}, {channels} channels, {bits} bits; "
            "let the PBX write 16-bit PCM (.wav or .wav16)"
        )
    if not sample_rate:
        raise BrokenAudio(f"{file.path} is {NO_SOUND}: its sample rate is 0")
    return _Format(int(sample_rate), int(channels))


def _sound(file: _File, format: _Format, offset: int, declared: int) -> WavLayout:
    held = max(0, file.size - offset)
    size, trouble = held, UNCLOSED
    if declared in UNKNOWN_SIZES and declared != held:
        size = 0 if declared == 0 and _is_chunk_chain(file, offset) else held
    elif declared > held:
        trouble = TRUNCATED
    elif declared == held or _is_chunk_chain(file, offset + declared + declared % 2):
        size, trouble = declared, ""
    # A last odd byte is half a sample: it cannot be heard.
    frames = size // format.frame_bytes
    return WavLayout(
        sample_rate=format.sample_rate,
        data_offset=offset,
        frames=frames,
        channels=format.channels,
        trouble=trouble if frames else EMPTY,
    )


def _is_chunk_chain(file: _File, offset: int) -> bool:
    """Whether real chunks follow up to the file's end. Else the data grew on after its size was written: Asterisk
    appends so after a stop and a new start."""
    end = offset
    for chunk in _chunks(file, offset):
        if not chunk.name.isascii() or not chunk.name.decode("ascii").isprintable() or chunk.end > file.size + 1:
            return False
        end = chunk.end
    return end in {file.size, file.size + 1}
