"""Opus in Ogg by PyAV's libopus, tuned for speech. Players hear it at 48 kHz whatever went in."""

from fractions import Fraction
from typing import Final

import av
import numpy as np

from connector.audio.artefact_file import ArtefactFile
from connector.audio.codec_rate import RateChange, codec_rate
from connector.audio.samples import SAMPLE, Samples
from connector.audio.tags import Tags

RATES: Final = (8000, 12000, 16000, 24000, 48000)
#: Of one or two channels; more get as much for every two.
DEFAULT_BITRATE: Final = 24
#: `voip` keeps the channels apart; libopus' default `audio` lets a speaker through into the other one at −25 dB.
#: Level 1 of 10 costs a third of level 10, at the same size and with no larger distance from the source's spectrum.
OPTIONS: Final = {"application": "voip", "frame_duration": "20", "compression_level": "1"}
#: Channels without speaker positions, each coded alone (RFC 7845, mapping family 255).
APART: Final = {"mapping_family": "255"}


class OpusSink:
    def __init__(
        self, file: ArtefactFile, *, channels: int, sample_rate: int, frames: int, bitrate: int | None, tags: Tags
    ) -> None:
        self.file = file
        self.sample_rate = codec_rate(sample_rate, RATES)
        self._layout = {1: "mono", 2: "stereo"}.get(channels, f"{channels}C")
        self._rate_change = RateChange(sample_rate, self.sample_rate, channels)
        self._last: Samples = np.empty((0, channels), SAMPLE)
        self._position = 0
        self._container = av.open(file, "w", format="ogg")
        self._container.metadata.update(tags.fields)
        options = OPTIONS if channels <= 2 else OPTIONS | APART
        self._stream = self._container.add_stream("libopus", rate=self.sample_rate, options=dict(options))
        self._stream.codec_context.layout = self._layout
        self._stream.codec_context.format = "s16"
        self._stream.codec_context.bit_rate = 1000 * (bitrate or DEFAULT_BITRATE) * max(2, channels) // 2

    def write(self, samples: Samples) -> None:
        self._last = samples
        self._encode(self._rate_change.changed(samples))

    def end(self) -> None:
        self._encode(self._rate_change.rest(self._last))
        self._container.mux(self._stream.encode(None))
        self.close()

    def close(self) -> None:
        self._container.close()

    def _encode(self, samples: Samples) -> None:
        if not len(samples):
            return
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout=self._layout)
        frame.sample_rate = self.sample_rate
        frame.time_base = Fraction(1, self.sample_rate)
        frame.pts = self._position
        self._position += frame.samples
        self._container.mux(self._stream.encode(frame))
