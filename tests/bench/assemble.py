"""Assembling and encoding an hour of 8 kHz: user CPU beside sox and ffmpeg, peak memory, channel leak."""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import soundfile

from connector.audio.artefact_file import ArtefactFile
from connector.audio.assemble import assembled
from connector.audio.rendering import rendered
from connector.audio.tags import tags_of
from connector.audio.wav_sink import WavSink
from connector.audio.workshop import EncoderProcesses
from connector.domain.assembly import AssemblyPlan, Piece
from connector.domain.call import Role, Side
from connector.domain.options import AudioFormat
from connector.domain.recording import ArtefactKind, ChannelLabel
from connector.ports.workshop import Job, Product

from .speech import leak_decibels, write_conversation
from .tool import Bench, WarmProcess, interleaved_ratio, user_seconds, warm_process

RATE: Final = 8000
HOUR_SECONDS: Final = 3600
PEOPLE: Final = 20
#: A quick figure of CPU is too near to the clock's own grain: it is measured over this many passes.
PASSES: Final = 4
RUNS: Final = 5


def run(bench: Bench) -> None:
    bench.peer("sox", "sox")
    bench.peer("ffmpeg", "ffmpeg")
    bench.peer("md5sum", "coreutils")
    bench.debian_package("libsox-fmt-mp3")
    bench.note("making an hour of two people's sound")
    write_conversation(_left(bench.folder), _right(bench.folder), seconds=HOUR_SECONDS)
    with warm_process() as workshop:
        _stereo(bench, workshop)
        _everything(bench, workshop)
        _encoded(bench, workshop, AudioFormat.MP3, 32, _sox_mp3(bench.folder), bar=1.0, peer="sox -C 32")
        _encoded(bench, workshop, AudioFormat.OPUS, 24, _ffmpeg_opus(bench.folder), bar=1.1, peer="ffmpeg libopus 24k")
    _leaks(bench)
    asyncio.run(_cold_start(bench))
    asyncio.run(_memory(bench))
    asyncio.run(_participants(bench))


def _stereo(bench: Bench, workshop: WarmProcess) -> None:
    bench.note("stereo WAV beside sox -M")
    sox: list[str | Path] = ["sox", "-M", _left(bench.folder), _right(bench.folder), bench.folder / "sox.wav"]
    ours, theirs = interleaved_ratio(
        lambda: workshop.user_seconds(_only_stereo, bench.folder, PASSES) / PASSES,
        lambda: sum(user_seconds(sox) for _ in range(PASSES)) / PASSES,
        RUNS,
    )
    _ratio(bench, "stereo WAV, user CPU of sox -M", ours, theirs, bar=1.3)


def _everything(bench: Bench, workshop: WarmProcess) -> None:
    bench.note("stereo, mono, peaks, levels, MD5 and SHA-256 beside sox -M, md5sum and sha256sum")
    out = bench.folder / "sox.wav"
    peers: list[list[str | Path]] = [
        ["sox", "-M", _left(bench.folder), _right(bench.folder), out],
        ["md5sum", out],
        ["sha256sum", out],
    ]
    ours, theirs = interleaved_ratio(
        lambda: workshop.user_seconds(_all_products, bench.folder, PASSES) / PASSES,
        lambda: sum(user_seconds(peer) for peer in peers for _ in range(PASSES)) / PASSES,
        RUNS,
    )
    _ratio(bench, "stereo + mono + peaks + levels + hashes, of sox -M + md5sum + sha256sum", ours, theirs, bar=2.5)


def _encoded(
    bench: Bench,
    workshop: WarmProcess,
    encoding: AudioFormat,
    bitrate: int,
    theirs: Callable[[], float],
    *,
    bar: float,
    peer: str,
) -> None:
    bench.note(f"{encoding} beside {peer}")
    product = _product(bench.folder, ArtefactKind.STEREO, encoding, bitrate)
    job = _job(bench.folder, HOUR_SECONDS, product)
    mine, others = interleaved_ratio(partial(workshop.user_seconds, rendered, job), theirs, RUNS)
    _ratio(bench, f"{encoding} stereo {bitrate} kbit/s, user CPU of {peer}", mine, others, bar=bar)


def _ratio(bench: Bench, name: str, ours: float, theirs: float, *, bar: float) -> None:
    bench.figure(name, ours / theirs, "×", bar=bar)
    bench.figure(f"  ours: {name.partition(',')[0]}", ours, "s")
    bench.figure("  theirs", theirs, "s")


def _leaks(bench: Bench) -> None:
    """What the left speaker leaves in the silent right channel, above what lies there anyhow."""
    floor = _leak(bench.folder / "sox.wav")
    bench.figure("noise floor of the source beside the speaker", floor, "dB")
    mp3, opus = (_leak(_path(bench.folder, ArtefactKind.STEREO, form)) for form in (AudioFormat.MP3, AudioFormat.OPUS))
    bench.figure("MP3 channel leak above the source's noise floor", mp3 - floor, "dB", bar=3.0)
    bench.figure("Opus channel leak above the source's noise floor", opus - floor, "dB")


def _leak(path: Path) -> float:
    sound, rate = soundfile.read(path, frames=600 * RATE, always_2d=True)
    return leak_decibels(sound, rate)


async def _cold_start(bench: Bench) -> None:
    workshop = EncoderProcesses(1)
    started = time.monotonic()
    await workshop.shared_offset(_left(bench.folder), _left(bench.folder), 0, 8)
    bench.figure("cold start of a workshop process, wall", time.monotonic() - started, "s")
    await workshop.close()


async def _memory(bench: Bench) -> None:
    """Every format at once, in one process, on three hours."""
    bench.note("three hours in every format, for memory")
    write_conversation(_left(bench.folder), _right(bench.folder), seconds=3 * HOUR_SECONDS)
    wavs = [_product(bench.folder, kind, AudioFormat.WAV) for kind in ArtefactKind]
    others = [_product(bench.folder, ArtefactKind.STEREO, form) for form in AudioFormat if form is not AudioFormat.WAV]
    job = replace(_job(bench.folder, 3 * HOUR_SECONDS, *wavs, *others), peaks=bench.folder / "peaks.dat")
    workshop = EncoderProcesses(1)
    await workshop.make(job)
    (process_id,) = workshop.process_ids()
    peak = _peak_megabytes(process_id)
    bench.figure("peak memory, three hours, all kinds and formats in one pass", peak, "MB", bar=120)
    await workshop.close()


async def _participants(bench: Bench) -> None:
    """A conference of an hour: its mix, and a channel for everybody."""
    bench.note(f"an hour of {PEOPLE} participants")
    products = (
        _product(bench.folder, ArtefactKind.MONO, AudioFormat.MP3),
        _product(bench.folder, ArtefactKind.PARTICIPANTS, AudioFormat.WAV),
    )
    workshop = EncoderProcesses(1)
    await workshop.make(_conference(bench.folder, *products))
    (process_id,) = workshop.process_ids()
    name = f"an hour of {PEOPLE} participants: MP3 mix and WAV apart"
    bench.figure(f"peak memory, {name}", _peak_megabytes(process_id), "MB", bar=120)
    await workshop.close()
    _path(bench.folder, ArtefactKind.PARTICIPANTS, AudioFormat.WAV).unlink()


def _conference(folder: Path, *products: Product) -> Job:
    """The two voices in turn, each as a source of its own."""
    two = _job(folder, HOUR_SECONDS, *products)
    voices = list(two.sources.values())
    pieces = [replace(two.plan.pieces[0], source=str(row), row=row) for row in range(PEOPLE)]
    plan = replace(
        two.plan,
        pieces=tuple(pieces),
        channels=tuple(ChannelLabel(index=row, role=Role.AGENT, party=str(200 + row)) for row in range(PEOPLE)),
        sides=(Side.RIGHT,) * PEOPLE,
    )
    return replace(two, plan=plan, sources={str(row): voices[row % 2] for row in range(PEOPLE)})


def _peak_megabytes(process_id: int) -> float:
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process_id}/status").read_text(encoding="ascii"))
    assert peak is not None
    return int(peak[1]) / 1024


class _Unhashed(ArtefactFile):
    """sox -M makes no hash either."""

    def write(self, data: bytes | bytearray | memoryview) -> int:
        return self._file.write(data)


def _only_stereo(folder: Path, passes: int) -> None:
    for _ in range(passes):
        plan = _plan(HOUR_SECONDS)
        file = _Unhashed(folder / "ours.wav")
        tags = tags_of({}, plan.channels, ArtefactKind.STEREO)
        sink = WavSink(file, channels=2, sample_rate=RATE, frames=plan.frames, bitrate=None, tags=tags)
        for block in assembled(plan, _sources(folder)):
            sink.write(block.of(ArtefactKind.STEREO))
        sink.end()
        file.discard()


def _all_products(folder: Path, passes: int) -> None:
    wavs = [_product(folder, kind, AudioFormat.WAV) for kind in (ArtefactKind.STEREO, ArtefactKind.MONO)]
    for _ in range(passes):
        rendered(replace(_job(folder, HOUR_SECONDS, *wavs), peaks=folder / "peaks.dat"))


def _sox_mp3(folder: Path) -> Callable[[], float]:
    return partial(user_seconds, ["sox", "-M", _left(folder), _right(folder), "-C", "32", folder / "sox.mp3"])


def _ffmpeg_opus(folder: Path) -> Callable[[], float]:
    quiet: list[str | Path] = ["ffmpeg", "-v", "error", "-y", "-i", folder / "sox.wav"]
    return partial(user_seconds, [*quiet, "-c:a", "libopus", "-b:a", "24k", folder / "ffmpeg.opus"])


def _left(folder: Path) -> Path:
    return folder / "left.wav"


def _right(folder: Path) -> Path:
    return folder / "right.wav"


def _sources(folder: Path) -> dict[str, Path]:
    return {Side.LEFT.value: _left(folder), Side.RIGHT.value: _right(folder)}


def _path(folder: Path, kind: ArtefactKind, encoding: AudioFormat) -> Path:
    return folder / f"ours-{kind}.{encoding}"


def _product(folder: Path, kind: ArtefactKind, encoding: AudioFormat, bitrate: int | None = None) -> Product:
    return Product(kind=kind, format=encoding, path=_path(folder, kind, encoding), bitrate=bitrate)


def _job(folder: Path, seconds: int, *products: Product) -> Job:
    return Job(plan=_plan(seconds), sources=_sources(folder), products=products, peaks=None, tags={})


def _plan(seconds: int) -> AssemblyPlan:
    frames = seconds * RATE
    return AssemblyPlan(
        sample_rate=RATE,
        frames=frames,
        pieces=tuple(
            Piece(source=side.value, source_rate=RATE, source_frame=0, frames=frames, row=row, at_frame=0)
            for row, side in enumerate(Side)
        ),
        blanks=(),
        gaps=(),
        channels=(
            ChannelLabel(index=0, role=Role.CALLER, party="+4930123456"),
            ChannelLabel(index=1, role=Role.AGENT, party="201"),
        ),
    )
