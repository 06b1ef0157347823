"""WAV as a product: 16-bit PCM by our own writer."""

from connector.audio.artefact_file import ArtefactFile
from connector.audio.samples import Samples
from connector.audio.tags import Tags
from connector.audio.wav_header import RIFF_LIMIT_BYTES, wav_header


class WavSink:
    def __init__(
        self,
        file: ArtefactFile,
        *,
        channels: int,
        sample_rate: int,
        frames: int,
        bitrate: int | None,
        tags: Tags,
        riff_limit: int = RIFF_LIMIT_BYTES,
    ) -> None:
        self.file = file
        self.sample_rate = sample_rate
        self._tail = tags.riff()
        file.write(
            wav_header(
                channels=channels,
                sample_rate=sample_rate,
                frames=frames,
                tail_bytes=len(self._tail),
                riff_limit=riff_limit,
            )
        )

    def write(self, samples: Samples) -> None:
        self.file.write(samples.data)

    def end(self) -> None:
        self.file.write(self._tail)

    def close(self) -> None:
        """Nothing is held."""
