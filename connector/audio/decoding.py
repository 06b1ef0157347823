"""A stored sound of any format, whole, as a WAV file with all its channels. Knows files and codecs; no call.

Engines hear no more than 8 kHz of sound: what has a higher rate than 16 kHz is brought down to that.
"""

import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import av
import numpy as np

from connector.audio.artefact_file import ArtefactFile
from connector.audio.codec_rate import RateChange
from connector.audio.mp3_delay import late_frames
from connector.audio.samples import SAMPLE, Samples
from connector.audio.wav_header import RIFF_LIMIT_BYTES, wav_header
from connector.errors import BrokenAudio, SourceMissing

HIGHEST_RATE: Final = 16_000
#: Of OpusHead (RFC 7845): the rate of what was encoded.
_OPUS_RATE: Final = slice(12, 16)
#: A duration that a file states may be short of it.
_UNSURE_SECONDS: Final = 60.0


def decoded(source: Path, target: Path) -> None:
    """`target` appears whole or not at all. Raises SourceMissing, BrokenAudio and NoRoom."""
    try:
        with ExitStack() as leaving:
            container = leaving.enter_context(_opened(source))
            if not container.streams.audio:
                raise BrokenAudio(f"{source} has no sound in it: was it replaced by another file?")
            writer = _Writer(target, container)
            leaving.callback(writer.file.discard)
            for samples in _samples(container):
                writer.write(samples)
            writer.end()
    except (av.error.FFmpegError, EOFError) as error:
        raise BrokenAudio(f"{source} cannot be decoded ({error}): fetch it again, or look whether it plays") from error


def _opened(source: Path) -> Any:
    try:
        return av.open(str(source), "r")
    except FileNotFoundError as error:
        raise SourceMissing(f"{source} is not there: was it moved or deleted beside us?") from error
    except OSError as error:
        raise BrokenAudio(f"{source} cannot be opened ({error.strerror}): check its rights") from error


def _samples(container: Any) -> Iterator[Samples]:
    """Interleaved, (samples, channels), at the decoder's rate."""
    stream = container.streams.audio[0]
    resampler = av.AudioResampler(format="s16", layout=stream.layout, rate=stream.rate)
    late = late_frames(stream)
    for frame in itertools.chain(container.decode(stream), [None]):
        for even in resampler.resample(frame):
            samples = np.asarray(even.to_ndarray(), SAMPLE).reshape(-1, stream.codec_context.channels)
            if len(samples) > late:
                yield samples[late:]
            late = max(0, late - len(samples))


class _Writer:
    """A WAV file whose length nobody knows before its end."""

    def __init__(self, target: Path, container: Any) -> None:
        stream = container.streams.audio[0]
        self._channels = stream.codec_context.channels
        self._rate = _kept_rate(stream)
        self._change = RateChange(stream.rate, self._rate, self._channels)
        self._last: Samples = np.empty((0, self._channels), SAMPLE)
        self._frames = 0
        stated_seconds = (container.duration or 0) / av.time_base
        sound_bytes = (stated_seconds + _UNSURE_SECONDS) * self._rate * self._channels * SAMPLE.itemsize
        # The header of a long file is longer, and has to be there before the sound.
        self._limit = 0 if sound_bytes > RIFF_LIMIT_BYTES else RIFF_LIMIT_BYTES
        self.file = ArtefactFile(target)
        self._head_bytes = self.file.write(self._header())

    def write(self, samples: Samples) -> None:
        self._last = samples
        self._put(self._change.changed(samples))

    def end(self) -> None:
        self._put(self._change.rest(self._last))
        header = self._header()
        if len(header) != self._head_bytes:
            raise BrokenAudio(f"the source of {self.file.path} is far longer than it says: look whether it plays")
        self.file.seek(0)
        self.file.write(header)
        self.file.finish()
        self.file.appear()

    def _put(self, samples: Samples) -> None:
        self.file.write(np.ascontiguousarray(samples).data)
        self._frames += len(samples)

    def _header(self) -> bytes:
        return wav_header(
            channels=self._channels,
            sample_rate=self._rate,
            frames=self._frames,
            tail_bytes=0,
            riff_limit=self._limit,
        )


def _kept_rate(stream: Any) -> int:
    """Opus is decoded at 48 kHz always; its head says what went in."""
    head = stream.codec_context.extradata or b""
    rate = int(stream.rate)
    if head.startswith(b"OpusHead") and len(head) >= _OPUS_RATE.stop:
        rate = min(rate, int.from_bytes(head[_OPUS_RATE], "little") or rate)
    return min(rate, HIGHEST_RATE)
