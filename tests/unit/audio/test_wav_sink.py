from pathlib import Path

import numpy as np
import pytest

from connector.audio.artefact_file import ArtefactFile
from connector.audio.samples import Samples
from connector.audio.tags import Tags
from connector.audio.wav import wav_layout
from connector.audio.wav_header import wav_header
from connector.audio.wav_sink import WavSink

from .sound import noise, read

RIFF_LIMIT = 0xFFFFFFFF


def written(path: Path, samples: Samples, *, riff_limit: int = RIFF_LIMIT) -> Path:
    channels = samples.shape[1] if samples.ndim == 2 else 1
    sink = WavSink(
        ArtefactFile(path),
        channels=channels,
        sample_rate=8000,
        frames=len(samples),
        bitrate=None,
        tags=Tags({"title": "Hallo"}),
        riff_limit=riff_limit,
    )
    sink.write(samples[:100])
    sink.write(samples[100:])
    sink.end()
    sink.file.finish()
    sink.file.appear()
    return path


@pytest.mark.parametrize(("riff_limit", "name"), [(RIFF_LIMIT, b"RIFF"), (1000, b"RF64")])
def test_what_goes_in_comes_out_on_both_sides_of_the_riff_limit(tmp_path: Path, riff_limit: int, name: bytes) -> None:
    sound = noise(2000).reshape(-1, 2)
    path = written(tmp_path / "a.wav", sound, riff_limit=riff_limit)
    assert path.read_bytes()[:4] == name
    assert np.array_equal(read(path), sound)


def test_the_sound_of_a_riff_file_begins_at_byte_44(tmp_path: Path) -> None:
    path = written(tmp_path / "a.wav", noise(300))
    assert path.read_bytes()[44:644] == noise(300).tobytes()


def test_our_own_reader_understands_rf64(tmp_path: Path) -> None:
    layout = wav_layout(written(tmp_path / "a.wav", noise(700), riff_limit=1000))
    assert (layout.frames, layout.trouble) == (700, "")


def test_beyond_4_gib_a_sparse_file_says_its_true_length(tmp_path: Path) -> None:
    frames = 3 * 1024**3
    header = wav_header(channels=1, sample_rate=48000, frames=frames, tail_bytes=0, riff_limit=RIFF_LIMIT)
    path = tmp_path / "long.wav"
    with path.open("wb") as file:
        file.write(header)
        file.truncate(len(header) + 2 * frames)
    layout = wav_layout(path)
    assert (header[:4], layout.frames, layout.trouble) == (b"RF64", frames, "")


@pytest.mark.parametrize("surplus", [0, 1])
def test_the_limit_counts_the_whole_file(surplus: int) -> None:
    frames = 1000
    tail = 100
    whole = 36 + 2 * frames + tail
    header = wav_header(channels=1, sample_rate=8000, frames=frames, tail_bytes=tail, riff_limit=whole - surplus)
    assert header[:4] == (b"RF64" if surplus else b"RIFF")
