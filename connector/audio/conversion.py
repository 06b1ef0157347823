"""The program that turns one stored sound into another format while it comes: standard input to standard output.

Knows formats and channels; knows no call and no file.
"""

import itertools
import struct
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, BinaryIO, Final, Protocol, cast

import av
import numpy as np

from connector.audio.artefact_file import ArtefactFile
from connector.audio.encode import SINKS, SinkMaker
from connector.audio.flow import Outflow, flowing
from connector.audio.mp3_delay import late_frames
from connector.audio.samples import Samples
from connector.audio.tags import COMMENT, NAMES, Tags
from connector.domain.options import AudioFormat

#: Which channels are wanted of a file of two; MIX as a mono file has it.
ALL, LEFT, RIGHT, MIX = "all", "left", "right", "mix"
#: Of STREAMINFO (RFC 9639): rate, channels and depth, and in the last 36 bits how many frames there are.
_FLAC_LENGTH: Final = slice(18, 26)


class _Inflow:
    """A file that can only be read on."""

    def __init__(self, source: BinaryIO) -> None:
        self.read = source.read


class _Writer(Protocol):
    """A sink, as far as it is needed here."""

    def write(self, samples: Samples) -> None: ...

    def end(self) -> None: ...


class _FlacHead:
    """Says how long the file is in its head, which the encoder would go back for."""

    def __init__(self, out: Outflow, frames: int) -> None:
        self._out = out
        self._frames = frames
        self._held = b""

    def write(self, data: bytes | bytearray | memoryview) -> int:
        if self._out.tell():
            return self._out.write(data)
        self._held += bytes(data)
        if len(self._held) >= _FLAC_LENGTH.stop:
            (facts,) = struct.unpack(">Q", self._held[_FLAC_LENGTH])
            whole = facts >> 36 << 36 | self._frames
            self._out.write(
                self._held[: _FLAC_LENGTH.start] + struct.pack(">Q", whole) + self._held[_FLAC_LENGTH.stop :]
            )
        return len(data)


class _FlacFlow:
    """FLAC without going back."""

    def __init__(self, out: Outflow, channels: int, sample_rate: int, frames: int, tags: Mapping[str, str]) -> None:
        self._layout = {1: "mono", 2: "stereo"}.get(channels, f"{channels}c")
        self._rate = sample_rate
        self._container = av.open(_FlacHead(out, frames), "w", format="flac")
        self._container.metadata.update(tags)
        self._stream = self._container.add_stream("flac", rate=sample_rate, layout=self._layout)
        self._stream.codec_context.format = "s16"

    def write(self, samples: Samples) -> None:
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout=self._layout)
        frame.sample_rate = self._rate
        self._container.mux(self._stream.encode(frame))

    def end(self) -> None:
        self._container.mux(self._stream.encode(None))
        self._container.close()


def converted(source: BinaryIO, out: Outflow, wanted: AudioFormat, seconds: float, rate: int, channels: str) -> None:
    """As long as it is said to be, whatever the codecs have added, at the rate that went in: Opus comes at 48 kHz
    always. ValueError for what is no sound."""
    with opened(source) as container:
        stream = container.streams.audio[0]
        count = stream.codec_context.channels
        frames = round(seconds * rate)
        is_whole = channels == ALL or count == 1
        tags = _tags(container.metadata, is_whole=is_whole)
        writer = _writer(out, wanted, count if is_whole else 1, rate, frames, tags)
        for samples in fitted(decoded(container, stream, rate, count), frames, count):
            writer.write(np.ascontiguousarray(samples if is_whole else _picked(samples, channels)))
        writer.end()


def opened(source: BinaryIO) -> Any:
    try:
        container = av.open(_Inflow(source), "r")
    except (av.error.FFmpegError, OSError) as error:
        raise ValueError(f"it cannot be read: {error}") from error
    if not container.streams.audio:
        raise ValueError("there is no sound in it")
    return container


def decoded(container: Any, stream: Any, rate: int, count: int) -> Iterator[Samples]:
    resampler = av.AudioResampler(format="s16", layout=stream.layout, rate=rate)
    late = late_frames(stream)
    for frame in itertools.chain(container.decode(stream), [None]):
        for even in resampler.resample(frame):
            samples = np.asarray(even.to_ndarray(), np.int16).reshape(-1, count)
            if len(samples) > late:
                yield samples[late:]
            late = max(0, late - len(samples))


def fitted(pieces: Iterator[Samples], frames: int, count: int) -> Iterator[Samples]:
    """So many frames: the head of a file that cannot be gone back to has said it."""
    left = frames
    for samples in pieces:
        if left <= 0:
            return
        yield _shaped(samples[:left], count)
        left -= len(samples)
    while left > 0:
        silence = np.zeros((min(left, 80_000), count), np.int16)
        yield _shaped(silence, count)
        left -= len(silence)


def _shaped(samples: Samples, count: int) -> Samples:
    return samples[:, 0] if count == 1 else samples


def _picked(samples: Samples, channels: str) -> Samples:
    if channels == MIX:
        return np.asarray(samples.astype(np.int32).sum(axis=1) >> 1, np.int16)
    return np.asarray(samples[:, 0 if channels == LEFT else 1])


def _writer(out: Outflow, wanted: AudioFormat, channels: int, rate: int, frames: int, tags: Tags) -> _Writer:
    if wanted is AudioFormat.FLAC:
        return _FlacFlow(out, channels, rate, frames, tags.fields)
    module, name = SINKS[wanted]
    maker: SinkMaker = getattr(import_module(module), name)
    file = cast(ArtefactFile, out)
    return maker(file, channels=channels, sample_rate=rate, frames=frames, bitrate=None, tags=tags)


def _tags(metadata: Mapping[str, str], *, is_whole: bool) -> Tags:
    """What the source says of itself; its map of channels only where they are the same."""
    known = {*NAMES, COMMENT} if is_whole else {*NAMES}
    return Tags({name.lower(): text for name, text in metadata.items() if name.lower() in known})


def main() -> None:
    wanted, seconds, rate, channels = sys.argv[1:5]
    flowing(
        "converted",
        lambda source, out: converted(source, out, AudioFormat(wanted), float(seconds), int(rate), channels),
    )


if __name__ == "__main__":
    main()
