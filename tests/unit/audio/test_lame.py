"""LAME as our files need it, decoded again by a decoder of others: how long, how large, and who is heard where."""

import io

import av
import numpy as np
import pytest

from connector.audio.lame import Lame
from connector.audio.samples import FULL_SCALE, Samples, clipped

from .sound import RATE, noise, tone

FRAMES = 3 * RATE + 123


def encoded(samples: Samples, *, bitrate: int = 32, has_head: bool = True, pieces: int = 4) -> bytes:
    lame = Lame(channels=samples.ndim, sample_rate=RATE, bitrate=bitrate, has_head=has_head)
    try:
        content = b"".join(bytes(lame.encode(part)) for part in np.array_split(samples, pieces))
        content += bytes(lame.flush())
        head = bytes(lame.head())
        return head + content[len(head) :]
    finally:
        lame.close()


def decoded(content: bytes) -> Samples:
    """By FFmpeg."""
    with av.open(io.BytesIO(content), "r") as container:
        frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
    return clipped(np.rint(np.concatenate(frames, axis=1) * FULL_SCALE))


def pair(left: Samples, right: Samples) -> Samples:
    return np.stack((left, right), axis=1)


@pytest.mark.parametrize("samples", [noise(FRAMES), pair(noise(FRAMES, 1), noise(FRAMES, 2))], ids=["one", "two"])
def test_what_is_decoded_is_as_long_as_what_went_in(samples: Samples) -> None:
    assert decoded(encoded(samples)).shape == (samples.ndim, FRAMES)


def test_a_click_stays_where_it_was() -> None:
    click = np.zeros(FRAMES, np.int16)
    click[5000] = 30000
    assert int(np.abs(decoded(encoded(click))[0].astype(int)).argmax()) == pytest.approx(5000, abs=1)


def test_pieces_make_the_same_file_as_one() -> None:
    samples = pair(noise(FRAMES, 1), tone(FRAMES, 440))
    assert encoded(samples, pieces=7) == encoded(samples, pieces=1)


def test_a_quiet_side_stays_quiet_beside_a_loud_one() -> None:
    left, right = decoded(encoded(pair(noise(FRAMES, 1, 20_000), np.zeros(FRAMES, np.int16))))
    assert np.abs(left.astype(int)).max() > 10_000
    assert np.abs(right.astype(int)).max() <= 1


@pytest.mark.parametrize("bitrate", [16, 32, 64])
def test_a_bitrate_that_is_asked_for_is_kept(bitrate: int) -> None:
    sizes = [len(encoded(samples, bitrate=bitrate)) for samples in (noise(FRAMES), np.zeros(FRAMES, np.int16))]
    assert sizes[0] == sizes[1] == pytest.approx(bitrate * 125 * FRAMES / RATE, rel=0.1)


def test_without_a_head_nothing_is_kept_free_for_it() -> None:
    content = encoded(noise(FRAMES), bitrate=32, has_head=False)
    assert not any(word in content for word in (b"Info", b"Xing"))
    # What encoder and decoder add at both ends is there.
    assert decoded(content).shape[1] > FRAMES + 1000


@pytest.mark.parametrize(
    ("channels", "rate", "bitrate", "has_room"),
    [(1, 8000, 16, False), (1, 8000, 24, True), (2, 8000, 32, True), (1, 16_000, 24, False), (2, 16_000, 48, True)],
)
def test_a_frame_has_a_head_where_there_is_room(channels: int, rate: int, bitrate: int, has_room: bool) -> None:
    lame = Lame(channels=channels, sample_rate=rate, bitrate=bitrate, has_head=True)
    lame.encode(noise(FRAMES) if channels == 1 else pair(noise(FRAMES), noise(FRAMES)))
    lame.flush()
    assert (len(lame.head()) > 0) == has_room
    lame.close()


def test_what_lame_cannot_do_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="LAME refuses"):
        Lame(channels=3, sample_rate=RATE, bitrate=32, has_head=True)


@pytest.mark.parametrize("channels", [1, 2])
def test_samples_of_other_channels_are_refused(channels: int) -> None:
    """LAME would read on behind them."""
    lame = Lame(channels=channels, sample_rate=RATE, bitrate=32, has_head=True)
    with pytest.raises(ValueError, match="are not of"):
        lame.encode(noise(FRAMES - 1) if channels == 2 else pair(noise(10), noise(10)))
    lame.close()


def test_it_may_be_closed_twice() -> None:
    lame = Lame(channels=1, sample_rate=RATE, bitrate=32, has_head=True)
    lame.close()
    lame.close()
