"""Many voices in one channel: everybody is heard, nothing is cut."""

import numpy as np
import pytest

from connector.audio.block import Block
from connector.audio.mix import KNEE, limited
from connector.audio.samples import FULL_SCALE, Samples
from connector.domain.call import Side
from connector.domain.recording import ArtefactKind

from .sound import noise


def block_of(*rows: Samples, sides: tuple[Side, ...] | None = None) -> Block:
    block = Block(len(rows[0]), sides or (Side.RIGHT,) * len(rows))
    for row, samples in zip(block.rows, rows, strict=True):
        row[:] = samples
    return block


@pytest.mark.parametrize("others", [1, 2, 49])
def test_a_quiet_speaker_is_as_loud_among_fifty_as_in_a_call(others: int) -> None:
    quiet = noise(1000, loudness=100)
    mono = block_of(quiet, *[np.zeros(1000, np.int16)] * others).of(ArtefactKind.MONO)
    assert np.array_equal(mono, quiet >> 1)


def test_three_voices_are_half_of_their_sum() -> None:
    voices = [noise(1000, seed, 9000) for seed in range(3)]
    assert np.array_equal(block_of(*voices).of(ArtefactKind.MONO), sum(v.astype(int) for v in voices) >> 1)


def test_fifty_loud_voices_at_once_never_stand_at_full_scale() -> None:
    for loudness in (32767, -32768):
        mono = block_of(*[np.full(10, loudness, np.int16)] * 50).of(ArtefactKind.MONO)
        assert 32_000 < abs(int(mono[0])) < FULL_SCALE - 1


def test_the_limit_keeps_the_order_of_sizes_and_begins_without_a_step() -> None:
    sums = np.arange(0, 50 * FULL_SCALE, 7, dtype=np.int32)
    pressed = limited(sums).astype(int)
    assert np.array_equal(pressed[sums <= KNEE], sums[sums <= KNEE])
    assert set(np.diff(pressed[sums <= KNEE + 700])) <= {6, 7, 8}
    assert np.diff(pressed).min() >= 0
    assert np.array_equal(limited(-sums), -pressed)


def test_a_side_of_a_conference_is_the_sum_of_those_who_are_on_it() -> None:
    voices = [noise(1000, seed, 9000) for seed in range(4)]
    block = block_of(*voices, sides=(Side.RIGHT, Side.LEFT, Side.RIGHT, Side.RIGHT))
    assert np.array_equal(block.left, voices[1])
    assert np.array_equal(block.right, limited(np.sum([voices[0], voices[2], voices[3]], axis=0, dtype=np.int32)))
    assert np.array_equal(block.of(ArtefactKind.STEREO), np.stack((block.left, block.right), axis=1))


def test_a_conference_of_one_has_one_channel_and_a_silent_side() -> None:
    block = block_of(noise(100))
    assert block.of(ArtefactKind.PARTICIPANTS).size == 100
    assert not block.left.any()


def test_a_manifest_has_no_sound() -> None:
    with pytest.raises(ValueError, match="no sound"):
        block_of(np.zeros(10, np.int16)).of(ArtefactKind.MANIFEST)
