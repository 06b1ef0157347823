"""A scripted switch in a process of its own, as a test holds it: started, told, killed, started again."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from tests.pbx.proof import Voice
from tests.pbx.spans import overlap


class ServedSwitch:
    """`async with`; the port stays the same from one start to the next."""

    def __init__(self, folder: Path, port: int = 0, *, tick_seconds: float = 0.02, cheap: bool = False) -> None:
        self.port, self.password = port, "secret"
        self.recordings = folder / "recordings"
        self._arguments = ["--folder", str(folder), "--tick", str(tick_seconds), *(["--cheap"] if cheap else [])]
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            await self.kill()

    @property
    def pid(self) -> int:
        return self._running.pid

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.freeswitch.serve", *self._arguments, "--port", str(self.port)),
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            limit=1 << 24,
        )
        self.port = (await self._line())["port"]

    async def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """SIGKILL or SIGTERM, and its end; SIGSTOP and SIGCONT as well, which are no end."""
        process = self._running
        os.kill(process.pid, number)
        if number in {signal.SIGSTOP, signal.SIGCONT}:
            return
        self._process = None
        await process.communicate()

    async def do(self, name: str, *given: Any, **named: Any) -> Any:
        """A method of ScriptedSwitch, with uuids for legs; a leg comes as a dict with uuid, number and stream."""
        process = self._running
        assert process.stdin is not None
        process.stdin.write(json.dumps({"do": name, "with": given, "and": named}).encode() + b"\n")
        await process.stdin.drain()
        answer = await self._line()
        assert "error" not in answer, f"{name}: {answer['error']}"
        return answer["answer"]

    async def voice(self, leg: str, *, between: tuple[float, float] = (-np.inf, np.inf)) -> Voice:
        """What that leg said from its first bridge on, for `proof.assert_complete`."""
        facts = await self.do("said", leg)
        rate, began = facts["sample_rate"], facts["began"]
        first, end = (max(0.0, min(1e12, (at - began) * rate)) for at in between)
        wanted = [(max(round(first / 8) * 8, facts["bridged_sample"]), round(end / 8) * 8)]
        spans = overlap([(one, other) for one, other in facts["spans"]], wanted)
        return Voice(name=facts["name"], stream=facts["stream"], began=began, sample_rate=rate, expected=tuple(spans))

    @property
    def _running(self) -> asyncio.subprocess.Process:
        assert self._process is not None, "it does not run"
        return self._process

    async def _line(self) -> dict[str, Any]:
        process = self._running
        assert process.stdout is not None
        line = await process.stdout.readline()
        assert line, "the switch's process ended"
        document: dict[str, Any] = json.loads(line)
        return document
