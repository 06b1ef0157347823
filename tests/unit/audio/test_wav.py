import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.audio.samples import Samples
from connector.audio.survey import surveyed
from connector.audio.wav import EMPTY, TRUNCATED, UNCLOSED, WavReader, wav_layout
from connector.errors import BrokenAudio, SourceMissing

from .sound import noise, wav

SOUND = noise(1000)


def chunk(name: bytes, content: bytes, size: int | None = None) -> bytes:
    return struct.pack("<4sI", name, len(content) if size is None else size) + content + b"\0" * (len(content) % 2)


def form(*, encoding: int = 1, channels: int = 1, rate: int = 8000, bits: int = 16) -> bytes:
    width = channels * bits // 8
    return chunk(b"fmt ", struct.pack("<HHIIHH", encoding, channels, rate, rate * width, width, bits))


def riff(*chunks: bytes, size: int = 0) -> bytes:
    return struct.pack("<4sI4s", b"RIFF", size, b"WAVE") + b"".join(chunks)


def written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "a.wav"
    path.write_bytes(content)
    return path


def samples_of(path: Path) -> Samples:
    with WavReader(path) as reader:
        samples = np.empty(reader.layout.frames, np.int16)
        if len(samples):
            reader.read_into(0, samples.data.cast("B"))
        return samples


@pytest.mark.parametrize(
    ("content", "trouble"),
    [
        (riff(form(), chunk(b"data", SOUND.tobytes())), ""),
        (riff(form(), chunk(b"data", SOUND.tobytes(), size=0)), UNCLOSED),
        (riff(form(), chunk(b"data", SOUND.tobytes(), size=0xFFFFFFFF)), UNCLOSED),
        (riff(form(), chunk(b"data", SOUND.tobytes(), size=5000)), TRUNCATED),
        (riff(form(), chunk(b"data", SOUND.tobytes(), size=500)), UNCLOSED),
        (riff(form(), chunk(b"data", SOUND.tobytes(), size=0)) + b"\x07", UNCLOSED),
        (riff(chunk(b"LIST", b"INFOISFTxyz"), form(), chunk(b"data", SOUND.tobytes())), ""),
        (riff(form(), chunk(b"data", SOUND.tobytes()), chunk(b"LIST", b"INFO")), ""),
        (riff(chunk(b"JUNK", bytes(28)), form(), chunk(b"fact", bytes(4)), chunk(b"data", SOUND.tobytes())), ""),
    ],
    ids=["whole", "size 0", "size unknown", "cut", "grown", "odd tail", "LIST before", "LIST behind", "JUNK"],
)
def test_the_truth_is_the_files_length(tmp_path: Path, content: bytes, trouble: str) -> None:
    path = written(tmp_path, content)
    assert wav_layout(path).trouble == trouble
    assert np.array_equal(samples_of(path), SOUND)


@given(st.integers(2, 4), st.integers(0, 80_000), st.integers(0, 40_000), st.booleans())
def test_of_several_channels_the_first_is_read_from_any_frame_on(
    tmp_path_factory: pytest.TempPathFactory, channels: int, first: int, frames: int, is_closed: bool
) -> None:
    sound = noise(80_000)
    others = [noise(80_000, seed=1 + other) for other in range(1, channels)]
    content = np.stack([sound, *others], axis=1).tobytes()
    path = tmp_path_factory.getbasetemp() / "several.wav"
    data = chunk(b"data", content, size=None if is_closed else 0)
    path.write_bytes(riff(form(channels=channels), data) + (b"" if is_closed else bytes(2 * channels - 1)))
    wanted = sound[first : first + frames]
    with WavReader(path) as reader:
        assert (reader.layout.frames, reader.layout.channels) == (80_000, channels)
        found = np.empty(len(wanted), np.int16)
        if len(found):
            reader.read_into(first, found.data.cast("B"))
    assert np.array_equal(found, wanted)


def test_half_a_sample_at_the_end_of_a_cut_file_is_dropped(tmp_path: Path) -> None:
    path = written(tmp_path, riff(form(), chunk(b"data", SOUND.tobytes()))[:-501])
    assert wav_layout(path).trouble == TRUNCATED
    assert np.array_equal(samples_of(path), SOUND[:749])


@pytest.mark.parametrize("content", [b"", riff(form(), chunk(b"data", b"")), riff(form(), chunk(b"data", b"", size=9))])
def test_a_file_without_a_sample_is_empty(tmp_path: Path, content: bytes) -> None:
    assert wav_layout(written(tmp_path, content)).trouble == EMPTY


def test_no_sound_and_tags_behind_it_is_empty_and_not_unclosed(tmp_path: Path) -> None:
    assert wav_layout(written(tmp_path, riff(form(), chunk(b"data", b""), chunk(b"LIST", b"INFO")))).trouble == EMPTY


@pytest.mark.parametrize(
    "content",
    [
        b"OggS" + bytes(100),
        b"RIFF",
        riff(form())[:30],
        riff(chunk(b"data", SOUND.tobytes())),
        riff(chunk(b"fmt ", b"\1\0"), chunk(b"data", SOUND.tobytes())),
        riff(form(channels=0), chunk(b"data", SOUND.tobytes())),
        riff(form(encoding=7, bits=8), chunk(b"data", SOUND.tobytes())),
        riff(form(bits=24), chunk(b"data", SOUND.tobytes())),
        riff(form(rate=0), chunk(b"data", SOUND.tobytes())),
    ],
)
def test_what_is_no_16_bit_sound_is_named(tmp_path: Path, content: bytes) -> None:
    path = written(tmp_path, content)
    with pytest.raises(BrokenAudio, match=r"a\.wav is no sound file"):
        wav_layout(path)
    survey = surveyed(path)
    assert (survey.frames, survey.trouble.startswith("no sound file")) == (0, True)


def test_an_extensible_header_with_16_bit_pcm_is_read(tmp_path: Path) -> None:
    tail = struct.pack("<HHIH14x", 22, 16, 4, 1)
    extensible = chunk(b"fmt ", struct.pack("<HHIIHH", 0xFFFE, 1, 16000, 32000, 2, 16) + tail)
    path = written(tmp_path, riff(extensible, chunk(b"data", SOUND.tobytes())))
    assert wav_layout(path).sample_rate == 16000
    assert np.array_equal(samples_of(path), SOUND)


def test_an_absent_file_is_missing_and_a_folder_is_broken(tmp_path: Path) -> None:
    with pytest.raises(SourceMissing, match="not there"):
        surveyed(tmp_path / "none.wav")
    assert surveyed(tmp_path).trouble.startswith("no sound file")


def test_a_survey_tells_frames_rate_and_trouble(tmp_path: Path) -> None:
    survey = surveyed(wav(tmp_path / "b.wav", SOUND, 16000))
    assert (survey.frames, survey.sample_rate, survey.trouble) == (1000, 16000, "")


def test_a_file_that_shrank_since_it_was_opened_is_broken(tmp_path: Path) -> None:
    path = wav(tmp_path / "b.wav", SOUND)
    with WavReader(path) as reader:
        path.write_bytes(path.read_bytes()[:1000])
        with pytest.raises(BrokenAudio, match="longer when it was surveyed"):
            reader.read_into(0, memoryview(bytearray(2000)))


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_give_a_survey_and_never_another_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, begins_as_wav: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.wav"
    path.write_bytes(riff(content) if begins_as_wav else content)
    assert surveyed(path).frames * 2 <= 212
