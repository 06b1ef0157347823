import hashlib
import os
from pathlib import Path

import pytest

from connector.audio.artefact_file import part_path
from connector.audio.assemble import assembled
from connector.audio.rendering import rendered
from connector.domain.call import Side
from connector.domain.options import AudioFormat
from connector.domain.recording import ArtefactKind
from connector.errors import BrokenAudio, NoRoom
from connector.ports.workshop import Job, Product

from .sound import SOUNDING, job, noise, piece, plan, product, tone, wav

FRAMES = 100_000


def everything(folder: Path) -> tuple[Product, ...]:
    return tuple(product(folder, kind, form) for kind in SOUNDING for form in AudioFormat)


def a_job(tmp_path: Path, *products: Product) -> Job:
    (tmp_path / "out").mkdir()
    sources = {"l": wav(tmp_path / "l.wav", noise(FRAMES)), "r": wav(tmp_path / "r.wav", tone(FRAMES, 400))}
    wanted = plan(FRAMES, piece("l", FRAMES), piece("r", 40_000, side=Side.RIGHT))
    return job(wanted, sources, *products, peaks=tmp_path / "out" / "peaks.dat")


def test_every_kind_and_format_comes_of_one_pass_with_its_true_hashes(tmp_path: Path) -> None:
    result = rendered(a_job(tmp_path, *everything(tmp_path / "out")))
    assert len(result.made) == 20
    for made in result.made:
        content = made.path.read_bytes()
        assert made.size_bytes == len(content)
        assert made.md5 == hashlib.md5(content).hexdigest()
        assert made.sha256 == hashlib.sha256(content).hexdigest()
        assert (made.duration_seconds, made.sample_rate) == (12.5, 8000)
    assert len(list((tmp_path / "out").iterdir())) == 21


def test_the_levels_are_those_of_each_side(tmp_path: Path) -> None:
    left, right = rendered(a_job(tmp_path)).levels
    assert (left.side, left.silence_ratio, right.side) == (Side.LEFT, 0.0, Side.RIGHT)
    assert right.silence_ratio == pytest.approx(0.6, abs=0.01)


def test_the_sources_are_not_touched(tmp_path: Path) -> None:
    wanted = a_job(tmp_path, *everything(tmp_path / "out"))
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in wanted.sources.values()}
    rendered(wanted)
    assert before == {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in wanted.sources.values()}


@pytest.mark.parametrize("form", list(AudioFormat))
def test_a_full_disk_leaves_no_file_of_the_job(
    tmp_path: Path, form: AudioFormat, capfd: pytest.CaptureFixture[str]
) -> None:
    full = product(tmp_path / "out", ArtefactKind.RIGHT, form)
    wanted = a_job(tmp_path, product(tmp_path / "out", ArtefactKind.STEREO, AudioFormat.WAV), full)
    part_path(full.path).symlink_to("/dev/full")
    with pytest.raises(NoRoom, match="No space left on device"):
        rendered(wanted)
    assert list((tmp_path / "out").iterdir()) == []
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("form", list(AudioFormat))
def test_a_source_that_breaks_on_the_way_leaves_no_file_of_the_job(
    tmp_path: Path, form: AudioFormat, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = a_job(tmp_path, product(tmp_path / "out", ArtefactKind.STEREO, form))
    calls = 0
    really = os.preadv

    def preadv(descriptor: int, buffers: list[memoryview], offset: int) -> int:
        nonlocal calls
        calls += 1
        return 0 if calls == 3 else really(descriptor, buffers, offset)

    monkeypatch.setattr(os, "preadv", preadv)
    with pytest.raises(BrokenAudio, match="ended at byte"):
        rendered(wanted)
    assert list((tmp_path / "out").iterdir()) == []


def test_an_empty_plan_and_a_missing_source_are_broken(tmp_path: Path) -> None:
    with pytest.raises(BrokenAudio, match="no frame"):
        rendered(job(plan(0), {}))
    with pytest.raises(BrokenAudio, match="not there"):
        rendered(job(plan(9, piece("a", 9)), {"a": tmp_path / "gone.wav"}))


def test_rendering_again_gives_the_same_bytes(tmp_path: Path) -> None:
    wanted = a_job(tmp_path, *(product(tmp_path / "out", ArtefactKind.STEREO, form) for form in AudioFormat))
    first, second = rendered(wanted).made, rendered(wanted).made
    same = [a.sha256 == b.sha256 for a, b in zip(first, second, strict=True)]
    # An Ogg stream begins with a random serial number.
    assert same == [form is not AudioFormat.OPUS for form in AudioFormat]


def test_blocks_use_the_same_memory_again(tmp_path: Path) -> None:
    wanted = a_job(tmp_path)
    places = [block.left.__array_interface__["data"][0] for block in assembled(wanted.plan, wanted.sources)]
    assert len(places) > len(set(places)) == 1
