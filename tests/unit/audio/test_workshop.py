import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from connector.audio.artefact_file import part_path
from connector.audio.messages import packed
from connector.audio.samples import Samples
from connector.audio.workshop import EncoderProcesses
from connector.domain.options import AudioFormat
from connector.domain.recording import ArtefactKind
from connector.errors import BrokenAudio, NoRoom, SourceMissing
from connector.ports.workshop import Job, Workshop

from .sound import job, noise, piece, plan, product, read, wav

FRAMES = 8000


@pytest.fixture
async def workshop() -> AsyncIterator[EncoderProcesses]:
    processes = EncoderProcesses(2)
    yield processes
    await processes.close()


def a_job(folder: Path, form: AudioFormat = AudioFormat.WAV, frames: int = FRAMES) -> Job:
    folder.mkdir(exist_ok=True)
    source = wav(folder / "source.wav", noise(FRAMES))
    pieces = [piece("a", FRAMES, at_frame=start) for start in range(0, frames, FRAMES)]
    return job(plan(frames, *pieces), {"a": source}, product(folder, ArtefactKind.LEFT, form))


def a_stuck_job(folder: Path) -> tuple[Job, int]:
    """Its file is a pipe that nobody empties; what is returned beside it becomes readable when a process is at it."""
    wanted = a_job(folder, frames=100 * FRAMES)
    pipe = part_path(wanted.products[0].path)
    os.mkfifo(pipe)
    return wanted, os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)


async def readable(descriptor: int) -> None:
    loop, is_readable = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(descriptor, is_readable.set)
    try:
        await asyncio.wait_for(is_readable.wait(), 10)
    finally:
        loop.remove_reader(descriptor)


async def test_it_surveys_matches_and_makes(workshop: Workshop, tmp_path: Path) -> None:
    wanted = a_job(tmp_path)
    later = wav(tmp_path / "later.wav", noise(FRAMES)[1000:])
    survey = await workshop.survey(wanted.sources["a"])
    assert (survey.frames, survey.sample_rate, survey.trouble) == (FRAMES, 8000, "")
    assert await workshop.shared_offset(wanted.sources["a"], later, 900, 400) == 1000
    assert await workshop.shared_offset(wanted.sources["a"], later, 100, 400) is None
    long = wav(tmp_path / "long.wav", noise(3 * FRAMES))
    lacking = wav(tmp_path / "lacking.wav", np.delete(noise(3 * FRAMES), slice(4000, 4160)))
    assert await workshop.steps(long, lacking, 0, 400, 3 * FRAMES - 160) == ((4000, 160),)
    result = await workshop.make(wanted)
    assert np.array_equal(read(result.made[0].path), noise(FRAMES))
    assert len(result.levels) == 2


async def test_it_finds_voice_and_decodes(workshop: Workshop, tmp_path: Path) -> None:
    said = np.concatenate((np.zeros(FRAMES), _syllables(2 * FRAMES), np.zeros(FRAMES))).astype(np.int16)
    source = wav(tmp_path / "both.wav", np.stack((said, 0 * said), axis=1))
    found, nothing = await workshop.voices(source)
    assert [(round(voice.start_seconds, 1), round(voice.end_seconds, 1)) for voice in found] == [(0.8, 3.2)]
    assert nothing == ()
    await workshop.decode(source, tmp_path / "channels.wav")
    assert np.array_equal(read(tmp_path / "channels.wav"), read(source))


async def test_each_error_of_voices_and_decoding_comes_back_as_itself(workshop: Workshop, tmp_path: Path) -> None:
    target = tmp_path / "channels.wav"
    with pytest.raises(SourceMissing, match=r"gone\.wav"):
        await workshop.voices(tmp_path / "gone.wav")
    with pytest.raises(SourceMissing, match=r"gone\.mp3"):
        await workshop.decode(tmp_path / "gone.mp3", target)
    words = tmp_path / "words.mp3"
    words.write_text("this is no sound")
    with pytest.raises(BrokenAudio, match=r"words\.mp3 is no sound file"):
        await workshop.voices(words)
    with pytest.raises(BrokenAudio, match=r"words\.mp3 cannot be decoded"):
        await workshop.decode(words, target)
    part_path(target).symlink_to("/dev/full")
    with pytest.raises(NoRoom, match="No space left"):
        await workshop.decode(wav(tmp_path / "a.wav", noise(10 * FRAMES)), target)
    assert not target.exists()


@pytest.mark.parametrize("is_killed", [True, False])
async def test_decoding_that_is_cut_off_leaves_no_half_file(
    workshop: EncoderProcesses, tmp_path: Path, is_killed: bool
) -> None:
    source, target = wav(tmp_path / "long.wav", noise(100 * FRAMES)), tmp_path / "channels.wav"
    os.mkfifo(part_path(target))
    is_taken = os.open(part_path(target), os.O_RDONLY | os.O_NONBLOCK)
    decoding = asyncio.create_task(workshop.decode(source, target))
    await readable(is_taken)
    if is_killed:
        (victim,) = workshop.process_ids()
        os.kill(victim, signal.SIGKILL)
        with pytest.raises(BrokenAudio, match=r"killed by SIGKILL at .*long\.wav"):
            await decoding
    else:
        decoding.cancel()
        with pytest.raises(asyncio.CancelledError):
            await decoding
    os.close(is_taken)
    assert not target.exists()
    assert not part_path(target).is_fifo()


async def test_each_error_comes_back_as_itself(workshop: Workshop, tmp_path: Path) -> None:
    with pytest.raises(SourceMissing, match=r"gone\.wav"):
        await workshop.survey(tmp_path / "gone.wav")
    wanted = a_job(tmp_path)
    part_path(wanted.products[0].path).symlink_to("/dev/full")
    with pytest.raises(NoRoom, match="No space left"):
        await workshop.make(wanted)
    (tmp_path / "source.wav").write_bytes(b"RIFF")
    with pytest.raises(BrokenAudio, match=r"source\.wav is no sound file"):
        await workshop.make(wanted)


async def test_an_encoder_that_refuses_breaks_its_job_and_not_the_process(
    workshop: EncoderProcesses, tmp_path: Path
) -> None:
    wanted = a_job(tmp_path, AudioFormat.OPUS)
    refused = product(tmp_path, ArtefactKind.LEFT, AudioFormat.OPUS, bitrate=100_000)
    with pytest.raises(BrokenAudio, match=r"rendering .*source\.wav could not be done"):
        await workshop.make(job(wanted.plan, wanted.sources, refused))
    before = workshop.process_ids()
    await workshop.make(wanted)
    assert workshop.process_ids() == before


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSEGV])
async def test_a_crash_breaks_the_job_it_was_at_and_no_other(
    workshop: EncoderProcesses, tmp_path: Path, how: signal.Signals
) -> None:
    (doomed, is_taken), other = a_stuck_job(tmp_path / "doomed"), a_job(tmp_path / "other")
    making = asyncio.create_task(workshop.make(doomed))
    await readable(is_taken)
    (victim,) = workshop.process_ids()
    beside = asyncio.create_task(workshop.make(other))
    os.kill(victim, how)
    # Not before: whoever writes into a pipe that nobody reads ends by itself.
    os.close(is_taken)
    with pytest.raises(BrokenAudio, match=f"killed by {how.name} at .*doomed/source.wav"):
        await making
    assert (await beside).made[0].path.exists()
    assert not part_path(doomed.products[0].path).exists()
    assert victim not in workshop.process_ids()
    for _ in range(3):
        await workshop.make(other)


async def test_a_process_that_died_idle_costs_no_job(tmp_path: Path) -> None:
    workshop = EncoderProcesses(1)
    wanted = a_job(tmp_path)
    for _ in range(3):
        await workshop.make(wanted)
        (process_id,) = workshop.process_ids()
        os.kill(process_id, signal.SIGKILL)
    assert (await workshop.make(wanted)).made
    await workshop.close()


async def test_a_cancelled_job_leaves_no_process_and_no_half_file(workshop: EncoderProcesses, tmp_path: Path) -> None:
    wanted, is_taken = a_stuck_job(tmp_path)
    making = asyncio.create_task(workshop.make(wanted))
    await readable(is_taken)
    making.cancel()
    with pytest.raises(asyncio.CancelledError):
        await making
    os.close(is_taken)
    assert not part_path(wanted.products[0].path).exists()
    assert not workshop.process_ids()
    assert (await workshop.make(a_job(tmp_path))).made


async def test_no_more_processes_than_allowed_do_many_jobs(workshop: EncoderProcesses, tmp_path: Path) -> None:
    async with asyncio.TaskGroup() as group:
        jobs = [group.create_task(workshop.make(a_job(tmp_path / str(number)))) for number in range(8)]
    assert all(made.result().made[0].path.exists() for made in jobs)
    assert len(workshop.process_ids()) <= 2


async def test_its_processes_are_nice_and_end_with_it(tmp_path: Path) -> None:
    workshop = EncoderProcesses(1)
    await workshop.make(a_job(tmp_path))
    (process_id,) = workshop.process_ids()
    assert os.getpriority(os.PRIO_PROCESS, process_id) == min(os.getpriority(os.PRIO_PROCESS, 0) + 5, 19)
    await workshop.close()
    with pytest.raises(ProcessLookupError):
        os.kill(process_id, 0)


async def test_a_busy_process_ends_when_its_parent_is_gone(tmp_path: Path) -> None:
    wanted, is_taken = a_stuck_job(tmp_path)
    program = (
        "import asyncio, sys\n"
        "from connector.audio.messages import unpacked\n"
        "from connector.audio.workshop import EncoderProcesses\n"
        "from connector.ports.workshop import Job\n"
        "asyncio.run(EncoderProcesses(1).make(unpacked(sys.stdin.buffer.read(), Job)))\n"
    )
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdin=asyncio.subprocess.PIPE)
    assert parent.stdin is not None
    parent.stdin.write(packed(wanted))
    parent.stdin.write_eof()
    await readable(is_taken)
    child_has_ended = os.pidfd_open(_only_child(parent.pid))
    parent.kill()
    await parent.wait()
    await readable(child_has_ended)
    os.close(child_has_ended)
    os.close(is_taken)


def test_the_parent_loads_no_numpy_and_no_codec() -> None:
    program = (
        "import sys, connector.audio.workshop\n"
        "print(sorted({'numpy', 'soundfile', 'lameenc', 'av', 'soxr'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=True, capture_output=True).stdout == b"[]\n"


def _syllables(frames: int) -> Samples:
    return np.asarray(noise(frames, loudness=8000) * np.sin(2 * np.pi * 2.5 * np.arange(frames) / 8000) ** 2, np.int16)


def _only_child(process_id: int) -> int:
    (child,) = Path(f"/proc/{process_id}/task/{process_id}/children").read_text(encoding="ascii").split()
    return int(child)
