from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.audio import assemble
from connector.audio.assemble import assembled
from connector.audio.samples import Samples
from connector.domain.assembly import AssemblyPlan
from connector.domain.call import Side
from connector.domain.recording import ArtefactKind
from connector.errors import BrokenAudio, SourceMissing

from .sound import SOUNDING, noise, piece, plan, tone, wav

RATES = (8000, 16000, 48000, 11025)


def heard(wanted: AssemblyPlan, sources: Mapping[str, Path], kind: ArtefactKind = ArtefactKind.PARTICIPANTS) -> Samples:
    sound: Samples = np.concatenate([block.of(kind).copy() for block in assembled(wanted, sources)])
    return sound


def naive(wanted: AssemblyPlan, sounds: Mapping[str, Samples]) -> Samples:
    """The same, told as simply as can be: everything in memory, everything added up. A column for each row."""
    sums = np.zeros((wanted.frames, len(wanted.sides)), np.int64)
    for part in wanted.pieces:
        sound = sounds[part.source][part.source_frame : part.source_frame + part.frames]
        if part.source_rate != wanted.sample_rate:
            length = (len(sound) * wanted.sample_rate + part.source_rate // 2) // part.source_rate
            changed = soxr.resample(sound.astype(np.float32), part.source_rate, wanted.sample_rate)[:length]
            sound = np.zeros(length, np.int16)
            sound[: len(changed)] = np.clip(np.rint(changed), -32768, 32767).astype(np.int16)
        sound = sound[: max(0, wanted.frames - part.at_frame)]
        sums[part.at_frame : part.at_frame + len(sound), part.row] += sound
    for blank in wanted.blanks:
        sums[max(0, blank.start_frame) : blank.end_frame] = 0
    return np.clip(sums, -32768, 32767).astype(np.int16)


@dataclass(frozen=True)
class Library:
    paths: dict[str, Path]
    sounds: dict[str, Samples]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = tmp_path_factory.mktemp("library")
    sounds = {f"{rate}-{seed}": noise(rate // 2, seed) for rate in RATES for seed in range(3)}
    paths = {name: wav(folder / f"{name}.wav", sound, int(name.split("-")[0])) for name, sound in sounds.items()}
    return Library(paths, sounds)


@st.composite
def plans(draw: st.DrawFn, rates: tuple[int, ...]) -> AssemblyPlan:
    frames = draw(st.integers(1, 6000))
    sides = draw(st.lists(st.sampled_from(Side), min_size=2, max_size=5).map(tuple))
    pieces = []
    for _ in range(draw(st.integers(0, 6))):
        rate = draw(st.sampled_from(rates))
        start = draw(st.integers(0, rate // 2))
        pieces.append(
            piece(
                f"{rate}-{draw(st.integers(0, 2))}",
                draw(st.integers(0, rate // 2 - start)),
                source_frame=start,
                source_rate=rate,
                row=draw(st.integers(0, len(sides) - 1)),
                at_frame=draw(st.integers(0, frames + 100)),
            )
        )
    blanks = draw(st.lists(st.tuples(st.integers(-10, frames), st.integers(0, frames + 10)), max_size=2))
    return plan(frames, *pieces, blanks=blanks, rate=draw(st.sampled_from(rates)), sides=sides)


@given(plans((8000,)), st.integers(1, 7000))
@settings(max_examples=80, deadline=None)
def test_any_plan_gives_what_a_naive_reference_gives(library: Library, wanted: AssemblyPlan, block: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assemble, "block_frames", lambda _: block)
        sound = heard(wanted, library.paths)
    assert np.array_equal(sound, naive(wanted, library.sounds))


@given(plans(RATES), st.integers(300, 7000))
@settings(max_examples=60, deadline=None)
def test_any_plan_of_mixed_rates_gives_what_a_naive_reference_gives(
    library: Library, wanted: AssemblyPlan, block: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assemble, "block_frames", lambda _: block)
        sound = heard(wanted, library.paths)
    # The resampler may round its last bit otherwise in pieces than at once, and each voice of a mix so.
    difference = np.abs(sound.astype(np.int32) - naive(wanted, library.sounds))
    assert difference.max() <= len(wanted.pieces)


def test_a_long_plan_is_bit_exact_across_blocks(tmp_path: Path) -> None:
    left, right = noise(300_000, 1), noise(300_000, 2)
    sources = {"l": wav(tmp_path / "l.wav", left), "r": wav(tmp_path / "r.wav", right)}
    sound = heard(plan(300_000, piece("l", 300_000), piece("r", 300_000, side=Side.RIGHT)), sources)
    assert np.array_equal(sound, np.stack((left, right), axis=1))


@pytest.mark.parametrize(("left", "right"), [(32767, 32767), (-32768, -32768), (32767, -32768), (5, -2), (-1, 0)])
def test_the_mono_mix_is_the_half_of_both_and_cannot_clip(tmp_path: Path, left: int, right: int) -> None:
    sources = {
        "l": wav(tmp_path / "l.wav", np.full(10, left, np.int16)),
        "r": wav(tmp_path / "r.wav", np.full(10, right, np.int16)),
    }
    sound = heard(plan(10, piece("l", 10), piece("r", 10, side=Side.RIGHT)), sources, ArtefactKind.MONO)
    assert set(sound.tolist()) == {(left + right) // 2}


def test_two_agents_at_once_are_added_and_stop_at_full_scale(tmp_path: Path) -> None:
    sources = {"a": wav(tmp_path / "a.wav", np.full(10, 30000, np.int16))}
    sources["b"] = sources["c"] = wav(tmp_path / "b.wav", np.full(10, -20000, np.int16))
    pieces = [piece("a", 10), piece("b", 6)]
    assert heard(plan(10, *pieces), sources)[:, 0].tolist() == [10000] * 6 + [30000] * 4
    loud = [piece("b", 10), piece("c", 10)]
    assert set(heard(plan(10, *loud), sources)[:, 0].tolist()) == {-32768}


def test_wideband_is_kept_beside_narrowband_and_in_time(tmp_path: Path) -> None:
    sources = {
        "wide": wav(tmp_path / "w.wav", tone(16000, 6000, 16000), 16000),
        "narrow": wav(tmp_path / "n.wav", tone(8000, 1000)),
    }
    pieces = [piece("wide", 16000, source_rate=16000), piece("narrow", 8000, side=Side.RIGHT)]
    sound = heard(plan(16000, *pieces, rate=16000), sources)
    assert np.array_equal(sound[:, 0], tone(16000, 6000, 16000))
    expected = tone(16000, 1000, 16000)
    assert np.abs(sound[500:-500, 1].astype(int) - expected[500:-500]).max() <= 3


@pytest.mark.parametrize("kind", SOUNDING)
def test_a_plan_without_pieces_is_silence_of_its_length(kind: ArtefactKind) -> None:
    sound = heard(plan(100_000), {}, kind)
    assert len(sound) == 100_000
    assert not sound.any()


def test_what_a_source_does_not_hold_is_refused_before_any_sound(tmp_path: Path) -> None:
    sources = {"a": wav(tmp_path / "a.wav", noise(100))}
    refused = {
        "holds 100 frames, the plan wants 101": piece("a", 101),
        "before the beginning": piece("a", 10, at_frame=-1),
        "has 8000 Hz, not 16000": piece("a", 10, source_rate=16000),
        "has no file": piece("b", 10),
    }
    for message, part in refused.items():
        with pytest.raises(BrokenAudio, match=message):
            next(assembled(plan(200, part), sources))
    with pytest.raises(SourceMissing):
        next(assembled(plan(200, piece("a", 10)), {"a": tmp_path / "gone.wav"}))


def test_files_are_open_only_while_they_sound(tmp_path: Path) -> None:
    path = wav(tmp_path / "a.wav", noise(200_000))
    sources = {str(number): path for number in range(20)}
    pieces = [piece(str(number), 10_000, at_frame=10_000 * number) for number in range(20)]
    most = 0
    for _ in assembled(plan(200_000, *pieces), sources):
        most = max(most, _open_count(path))
    assert most <= 9
    assert _open_count(path) == 0


def _open_count(path: Path) -> int:
    return sum(link.resolve() == path for link in Path("/proc/self/fd").iterdir())
