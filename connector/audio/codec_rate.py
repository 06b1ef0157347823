"""Formats that know only some sample rates: the next higher one is taken, so nothing that can be heard is lost."""

from collections.abc import Sequence

import numpy as np
import soxr

from connector.audio.samples import Samples, clipped


def codec_rate(sample_rate: int, known: Sequence[int]) -> int:
    """The lowest known rate that keeps everything; the highest one when none does. `known` ascends."""
    return next((rate for rate in known if rate >= sample_rate), known[-1])


class RateChange:
    """From one rate to another while it streams; the same rate costs nothing."""

    def __init__(self, from_rate: int, to_rate: int, channels: int) -> None:
        is_same = from_rate == to_rate
        self._stream = None if is_same else soxr.ResampleStream(from_rate, to_rate, channels, dtype="float32")

    def changed(self, samples: Samples) -> Samples:
        return samples if self._stream is None else self._through(self._stream, samples, last=False)

    def rest(self, like: Samples) -> Samples:
        """What the filter still holds at the end; `like` gives the shape."""
        return like[:0] if self._stream is None else self._through(self._stream, like[:0], last=True)

    @staticmethod
    def _through(stream: soxr.ResampleStream, samples: Samples, *, last: bool) -> Samples:
        return clipped(np.rint(stream.resample_chunk(samples.astype(np.float32), last=last)))
