"""MP3 by LAME, which keeps the channels apart (libsndfile's leaks −18 dB). Constant bitrate: decision 31."""

from typing import Final

import numpy as np

from connector.audio.artefact_file import ArtefactFile
from connector.audio.codec_rate import RateChange, codec_rate
from connector.audio.lame import Lame
from connector.audio.samples import SAMPLE, Samples
from connector.audio.tags import Tags

RATES: Final = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)


def default_bitrate(sample_rate: int, channels: int) -> int:
    """kbit/s, for speech."""
    each = 16 if sample_rate <= 12_000 else 24 if sample_rate <= 16_000 else 32 if sample_rate <= 24_000 else 48
    return each * channels


class Mp3Sink:
    def __init__(
        self, file: ArtefactFile, *, channels: int, sample_rate: int, frames: int, bitrate: int | None, tags: Tags
    ) -> None:
        self.file = file
        self.sample_rate = codec_rate(sample_rate, RATES)
        self._rate_change = RateChange(sample_rate, self.sample_rate, channels)
        self._last: Samples = np.empty((0, channels), SAMPLE)
        self._goes_back = file.seekable()
        if self._goes_back:
            file.will_be_patched()
        file.write(tags.id3())
        self._head_at = file.tell()
        bitrate = bitrate or default_bitrate(self.sample_rate, channels)
        self._lame = Lame(channels=channels, sample_rate=self.sample_rate, bitrate=bitrate, has_head=self._goes_back)

    def write(self, samples: Samples) -> None:
        self._last = samples
        self._encode(self._rate_change.changed(samples))

    def end(self) -> None:
        self._encode(self._rate_change.rest(self._last))
        self.file.write(self._lame.flush())
        if self._goes_back:
            self.file.seek(self._head_at)
            self.file.write(self._lame.head())

    def close(self) -> None:
        self._lame.close()

    def _encode(self, samples: Samples) -> None:
        if len(samples):
            self.file.write(self._lame.encode(samples))
