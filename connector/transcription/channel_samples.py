"""One channel of a sound as Whisper wants it: 16 kHz, floating, a piece at a time, so that an hour needs no more memory
than a minute. Knows no engine."""

from types import TracebackType
from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

from connector.audio.wav import wav_layout
from connector.errors import BrokenAudio
from connector.transcription.whisper_messages import Channel

Samples = NDArray[np.float32]

SAMPLE_RATE: Final = 16_000
_FRAME: Final = SAMPLE_RATE // 50
#: The quietest fifth of a second.
_QUIET_FRAMES: Final = 10


class ChannelSamples:
    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._layout = wav_layout(channel.path)
        if self._layout.channels != channel.channels:
            raise BrokenAudio(
                f"{channel.path} holds {self._layout.channels} channels instead of {channel.channels}: "
                "have it made again"
            )
        self._file = channel.path.open("rb")

    def between(self, start_seconds: float, end_seconds: float) -> Samples:
        layout = self._layout
        first, last = (min(layout.frames, round(at * layout.sample_rate)) for at in (start_seconds, end_seconds))
        self._file.seek(layout.data_offset + 2 * layout.channels * first)
        content = self._file.read(2 * layout.channels * max(0, last - first))
        interleaved = np.frombuffer(content, "<i2", count=len(content) // (2 * layout.channels) * layout.channels)
        samples = interleaved[self._channel.number :: layout.channels].astype(np.float32) / np.float32(32768)
        if layout.sample_rate == SAMPLE_RATE or not len(samples):
            return samples
        resampled: Samples = soxr.resample(samples, layout.sample_rate, SAMPLE_RATE)
        return resampled

    def __enter__(self) -> "ChannelSamples":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()


def quietest_seconds(samples: Samples) -> float:
    """Where it is best cut when it must be."""
    frames = len(samples) // _FRAME
    if frames <= _QUIET_FRAMES:
        return len(samples) / SAMPLE_RATE / 2
    energy = np.square(samples[: frames * _FRAME].reshape(frames, _FRAME)).sum(axis=1)
    around = np.convolve(energy, np.ones(_QUIET_FRAMES), "valid")
    return (int(around.argmin()) + _QUIET_FRAMES / 2) * _FRAME / SAMPLE_RATE
