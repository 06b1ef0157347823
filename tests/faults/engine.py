"""A speech engine of its own for a house under test: it hears real words, waits when it is told to, goes away and comes
back at the same address. Knows no callreel."""

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
import soundfile
from aiohttp import web

from tests.faults.waiting import until
from tests.speech_servers.openai_server import OpenaiServer
from tests.speech_servers.tones import WORDS, sentence

SAMPLE_RATE: Final = 8000
_PAUSE_SECONDS: Final = 0.8
_LOWEST_HERTZ, _STEP_HERTZ = 400, 200


class Engine:
    """`with Engine() as engine:`; `start_away` = nobody listens at its port yet."""

    def __init__(self, *, starts_away: bool = False) -> None:
        self.server = OpenaiServer()
        self._starts_away = starts_away
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="engine", daemon=True)
        self._runner: web.AppRunner | None = None
        self._gate = asyncio.Event()
        self._gate.set()

    def __enter__(self) -> Self:
        self._thread.start()
        self.open()
        if self._starts_away:
            self.close()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.let_go()
        self.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def heard(self) -> int:
        """Channels that it has heard to the end."""
        return len(self.server.asked)

    @property
    def settings(self) -> dict[str, Any]:
        """As the configuration has an engine."""
        return {
            "openai": {
                "url": f"http://127.0.0.1:{self.server.port}{self.server.path}",
                "key": {"env": "ENGINE_KEY"},
                "allow_private": ["127.0.0.0/8"],
            }
        }

    def hold(self) -> None:
        """Whoever asks from now on waits."""
        self._loop.call_soon_threadsafe(self._gate.clear)

    def let_go(self) -> None:
        self._loop.call_soon_threadsafe(self._gate.set)

    def until_asked(self, count: int = 1) -> None:
        until(lambda: self.server.requests >= count, lambda: f"{count} requests: {self.server.requests} came")

    def open(self) -> None:
        self._done(self._open)

    def close(self) -> None:
        """Nobody listens any more, and who waits is cut off."""
        self._done(self._close)

    def _done(self, act: Callable[[], Any]) -> None:
        asyncio.run_coroutine_threadsafe(act(), self._loop).result()

    async def _open(self) -> None:
        application = web.Application(client_max_size=1 << 25)
        application.router.add_route("*", "/{anything:.*}", self._serve)
        self._runner = web.AppRunner(application, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.server.port, reuse_address=True).start()
        self.server.port = self._runner.addresses[0][1]

    async def _close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if not self._gate.is_set():
            self.server.requests += 1
            await self._gate.wait()
            self.server.requests -= 1
        return await self.server.serve(request)


def write_words(path: Path, text: str) -> None:
    """Words that the engine can tell apart and that sound like a voice: a tone that trembles, and breath."""
    said = sentence(text, _PAUSE_SECONDS / 2)
    random = np.random.default_rng(1)
    sound = random.normal(0, 10, round((said[-1].end_seconds + _PAUSE_SECONDS / 2) * SAMPLE_RATE))
    for word, start, end in said:
        first, last = round(start * SAMPLE_RATE), round(end * SAMPLE_RATE)
        time = np.arange(last - first) / SAMPLE_RATE
        hertz = _LOWEST_HERTZ + _STEP_HERTZ * WORDS.index(word)
        tone = np.sin(2 * np.pi * hertz * time + 4 * np.sin(2 * np.pi * 12 * time))
        sound[first:last] += 6000 * (tone * (0.6 + 0.4 * np.sin(2 * np.pi * 11 * time)))
        sound[first:last] += 1800 * random.normal(0, 1, last - first)
    soundfile.write(path, np.clip(sound, -32000, 32000).astype(np.int16), SAMPLE_RATE, "PCM_16")
