"""One process that listens, as the Transcriber sees it: asked one thing at a time, and it may die at it. Knows no
model."""

import asyncio
import logging
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import connector
from connector.transcription.whisper_messages import Answer, Request, answer_of, line_of

log = logging.getLogger(__name__)

GOODBYE_SECONDS: Final = 1.0
#: An hour of talk is half a megabyte.
_LONGEST_ANSWER_BYTES: Final = 64 << 20
_AT_ONCE_BYTES: Final = 65_536
_LONGEST_QUOTATION: Final = 160


class WorkerDied(Exception):
    """It ended, or no longer does what it should; the message completes `the process …`."""


class WhisperWorker:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._requests = process.stdin
        self._answers = process.stdout
        self._last_words = ""
        self._complaints = asyncio.create_task(self._drain())
        #: What it has loaded.
        self.model_folder: Path | None = None

    @classmethod
    async def start(cls, command: Sequence[str]) -> "WhisperWorker":
        pipe = asyncio.subprocess.PIPE
        return cls(
            await asyncio.create_subprocess_exec(
                *command, stdin=pipe, stdout=pipe, stderr=pipe, limit=_LONGEST_ANSWER_BYTES, env=_environment()
            )
        )

    @property
    def process_id(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        # Its end of the pipe is known to be closed before its exit is.
        return self._process.returncode is None and not self._answers.at_eof()

    async def ask(self, request: Request, limit_seconds: float) -> Answer:
        """Raises WorkerDied; then it is to be killed, for nobody knows what it will say next."""
        try:
            async with asyncio.timeout(limit_seconds):
                self._requests.write(line_of(request))
                await self._requests.drain()
                line = await self._answers.readuntil(b"\n")
        except TimeoutError as error:
            raise WorkerDied(f"was not done within {limit_seconds:.0f} s") from error
        except asyncio.LimitOverrunError as error:
            raise WorkerDied("answered without end") from error
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise WorkerDied(await self._how_it_ended()) from error
        try:
            answer = answer_of(line)
        except ValueError as error:
            raise WorkerDied(f"answered what is no answer ({error})") from error
        self.model_folder = request.model.folder
        return answer

    async def end(self) -> None:
        self._requests.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), GOODBYE_SECONDS)
        await self.kill()

    async def kill(self) -> None:
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                self._process.kill()
        await self._gone()

    async def _how_it_ended(self) -> str:
        """It may have closed its output alone: then it is ended here."""
        try:
            await asyncio.wait_for(self._process.wait(), GOODBYE_SECONDS)
        except TimeoutError:
            await self.kill()
        await self._gone()
        code = self._process.returncode or 0
        ended = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        return f"{ended} ({self._last_words})" if self._last_words else ended

    async def _gone(self) -> None:
        await self._process.wait()
        # Whoever else holds the pipe keeps nobody waiting.
        await asyncio.wait([self._complaints], timeout=GOODBYE_SECONDS)
        self._complaints.cancel()

    async def _drain(self) -> None:
        assert self._process.stderr is not None
        while complaint := await self._process.stderr.read(_AT_ONCE_BYTES):
            lines = [line for line in complaint.decode(errors="replace").splitlines() if line.strip()]
            for line in lines:
                log.debug("whisper says", extra={"process": self.process_id, "line": line})
            if lines:
                self._last_words = lines[-1].strip()[-_LONGEST_QUOTATION:]


def _environment() -> dict[str, str]:
    """Ours, and the way to our own package wherever the parent found it; one thread; and nothing is fetched."""
    root = str(Path(connector.__file__).parent.parent)
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    return {
        **os.environ,
        "PYTHONPATH": path,
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
