"""The workshop as the work role sees it: processes that encode, one job each at a time, and threads that look at files.

Loads no codec and no numpy.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import NoneType
from typing import Final, TypeVar

import connector
from connector.audio.artefact_file import part_path
from connector.audio.messages import (
    ERRORS,
    LENGTH,
    TAKEN,
    Answer,
    DecodingWanted,
    RenderingWanted,
    Request,
    SharedOffset,
    SharedOffsetWanted,
    Steps,
    StepsWanted,
    Voices,
    VoicesWanted,
    framed,
    unpacked,
)
from connector.audio.survey import surveyed
from connector.domain.speech import Voice
from connector.errors import BrokenAudio
from connector.ports.workshop import Job, Result, Step, Survey

GOODBYE_SECONDS: Final = 5.0
T = TypeVar("T")


class _ProcessEnded(Exception):
    def __init__(self, reason: str, *, had_taken: bool) -> None:
        super().__init__(reason)
        self.had_taken = had_taken


class _EncoderProcess:
    """One process, asked one thing at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._requests = process.stdin
        self._answers = process.stdout

    @classmethod
    async def start(cls) -> "_EncoderProcess":
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "connector.audio.encoder_process",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env=_environment(),
            )
        )

    async def ask(self, request: Request) -> Answer:
        has_taken = False
        try:
            self._requests.write(framed(request))
            await self._requests.drain()
            has_taken = await self._answers.readexactly(len(TAKEN)) == TAKEN
            size = LENGTH.unpack(await self._answers.readexactly(LENGTH.size))[0]
            return unpacked(await self._answers.readexactly(size), Answer)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise _ProcessEnded(_how_it_ended(await self._process.wait()), had_taken=has_taken) from error

    @property
    def process_id(self) -> int:
        return self._process.pid

    async def end(self) -> None:
        self._requests.close()
        try:
            await asyncio.wait_for(self._process.wait(), GOODBYE_SECONDS)
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()


class EncoderProcesses:
    """A Workshop with at most `count` processes. Each is started when first needed and stays warm; one that dies is
    replaced when the next job comes."""

    def __init__(self, count: int) -> None:
        self._count = count
        # A disk that hangs must hold up nobody else.
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="surveys")
        self._places = asyncio.Semaphore(count)
        self._idle: list[_EncoderProcess] = []
        self._all: set[_EncoderProcess] = set()

    async def survey(self, source: Path) -> Survey:
        """A few reads, which want no codec, and need not wait until a process is free."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, surveyed, source)

    async def shared_offset(self, first: Path, second: Path, expected_frames: int, window_frames: int) -> int | None:
        wanted = SharedOffsetWanted(first, second, expected_frames, window_frames)
        return _value(await self._answer(wanted, f"{first} with {second}"), SharedOffset).frames

    async def steps(
        self, first: Path, second: Path, offset_frames: int, window_frames: int, frames: int
    ) -> tuple[Step, ...]:
        wanted = StepsWanted(first, second, offset_frames, window_frames, frames)
        return _value(await self._answer(wanted, f"{first} beside {second}"), Steps).steps

    async def make(self, job: Job) -> Result:
        with _nothing_half_made(*_paths(job)):
            answer = await self._answer(RenderingWanted(job), ", ".join(str(path) for path in job.sources.values()))
        return _value(answer, Result)

    async def voices(self, path: Path) -> tuple[tuple[Voice, ...], ...]:
        return _value(await self._answer(VoicesWanted(path), str(path)), Voices).channels

    async def decode(self, source: Path, target: Path) -> None:
        with _nothing_half_made(target):
            answer = await self._answer(DecodingWanted(source, target), str(source))
        _value(answer, NoneType)

    def process_ids(self) -> set[int]:
        """Of the processes that live now."""
        return {process.process_id for process in self._all}

    async def close(self) -> None:
        self._threads.shutdown(wait=False)
        processes, self._all, self._idle = self._all, set(), []
        async with asyncio.TaskGroup() as leaving:
            for process in processes:
                leaving.create_task(process.end())

    async def _answer(self, request: Request, subject: str) -> Answer:
        async with self._places:
            # As many may have died idle as there are, and one more shows that they cannot even start.
            for _ in range(self._count + 1):
                try:
                    return await self._asked(request)
                except _ProcessEnded as error:
                    reason = str(error)
                    if error.had_taken:
                        break
        raise BrokenAudio(f"the encoder process {reason} at {subject}: the sources are kept, look at its error output")

    async def _asked(self, request: Request) -> Answer:
        process = self._idle.pop() if self._idle else await self._started()
        try:
            answer = await process.ask(request)
        except BaseException:
            self._all.discard(process)
            await process.kill()
            raise
        self._idle.append(process)
        return answer

    async def _started(self) -> _EncoderProcess:
        process = await _EncoderProcess.start()
        self._all.add(process)
        return process


def _value(answer: Answer, kind: type[T]) -> T:
    if answer.error:
        raise ERRORS[answer.error](answer.message)
    return unpacked(answer.value, kind)


@contextmanager
def _nothing_half_made(*paths: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        # The process died or was killed at it: its half-made files are nobody's now.
        for path in paths:
            part_path(path).unlink(missing_ok=True)
        raise


def _paths(job: Job) -> list[Path]:
    peaks = [] if job.peaks is None else [job.peaks]
    return [product.path for product in job.products] + peaks


def _how_it_ended(code: int) -> str:
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"


def _environment() -> dict[str, str]:
    """Ours, and the way to our own package wherever the parent found it; no threads that only cost memory."""
    root = str(Path(connector.__file__).parent.parent)
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"}
