"""One sink for each product: samples in, a tagged file with its hashes out. Says which library encodes what."""

from importlib import import_module
from typing import Final, Protocol

from connector.audio.artefact_file import ArtefactFile
from connector.audio.samples import Samples
from connector.audio.tags import Tags, tags_of
from connector.domain.assembly import AssemblyPlan
from connector.domain.options import AudioFormat
from connector.domain.recording import ArtefactKind
from connector.ports.workshop import Product


class Sink(Protocol):
    #: Where the bytes go; its owner finishes or discards it.
    file: ArtefactFile
    #: What the file says; not every format knows every rate.
    sample_rate: int

    def write(self, samples: Samples) -> None:
        """The next samples of the product's kind: (frames,), or (frames, channels)."""
        ...

    def end(self) -> None:
        """No more samples: write what is held back, and the tail."""
        ...

    def close(self) -> None:
        """Let go of the encoder. May be called after anything, twice."""
        ...


class SinkMaker(Protocol):
    def __call__(
        self, file: ArtefactFile, *, channels: int, sample_rate: int, frames: int, bitrate: int | None, tags: Tags
    ) -> Sink: ...


#: Loaded when first needed: each codec library costs a process 10 to 40 MB.
SINKS: Final = {
    AudioFormat.WAV: ("connector.audio.wav_sink", "WavSink"),
    AudioFormat.MP3: ("connector.audio.mp3_sink", "Mp3Sink"),
    AudioFormat.FLAC: ("connector.audio.flac_sink", "FlacSink"),
    AudioFormat.OPUS: ("connector.audio.opus_sink", "OpusSink"),
}


def sink_for(product: Product, plan: AssemblyPlan, tags: dict[str, str]) -> Sink:
    """Opens the product's file."""
    module, name = SINKS[product.format]
    maker: SinkMaker = getattr(import_module(module), name)
    file = ArtefactFile(product.path)
    try:
        return maker(
            file,
            channels=_channels(product.kind, plan),
            sample_rate=plan.sample_rate,
            frames=plan.frames,
            bitrate=product.bitrate,
            tags=tags_of(tags, plan.channels, product.kind),
        )
    except BaseException:
        file.discard()
        raise


def _channels(kind: ArtefactKind, plan: AssemblyPlan) -> int:
    return {ArtefactKind.STEREO: 2, ArtefactKind.PARTICIPANTS: len(plan.sides)}.get(kind, 1)
