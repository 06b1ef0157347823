import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.audio import peaks
from connector.audio.extremes import extremes
from connector.audio.peaks import PeaksFile, windows_per_pixel

from .sound import noise

WINDOW = 80


@given(frames=st.integers(1, 20_000), blocks=st.integers(1, 40), most=st.integers(1, 300))
def test_every_pixel_is_the_lowest_and_highest_of_its_frames(
    tmp_path_factory: pytest.TempPathFactory, frames: int, blocks: int, most: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "peaks.dat"
    left, right = noise(frames, 1), noise(frames, 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(peaks, "MOST_PIXELS", most)
        file = PeaksFile(path, frames=frames, sample_rate=8000)
        for start in range(0, frames, blocks * WINDOW):
            part = slice(start, start + blocks * WINDOW)
            file.write(extremes(left[part], WINDOW), extremes(right[part], WINDOW))
        file.end()
    file.file.finish()
    file.file.appear()
    content = path.read_bytes()
    version, flags, rate, per_pixel, pixels, channels = struct.unpack("<iIiiIi", content[:24])
    assert (version, flags, rate, channels) == (2, 1, 8000, 2)
    assert pixels == -(-frames // per_pixel) <= most
    drawn = np.frombuffer(content[24:], np.int8).reshape(pixels, 4)
    for pixel, values in enumerate(drawn):
        one, other = (sound[pixel * per_pixel : (pixel + 1) * per_pixel] >> 8 for sound in (left, right))
        assert values.tolist() == [one.min(), one.max(), other.min(), other.max()]


@pytest.mark.parametrize(("minutes", "windows"), [(1, 1), (10, 1), (11, 2), (60, 8), (180, 32)])
def test_longer_calls_are_drawn_coarser(minutes: int, windows: int) -> None:
    assert windows_per_pixel(minutes * 60 * 48000, 48000) == windows
