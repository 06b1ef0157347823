"""When a recorder's file grew: by the file system, or by when we heard of it."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest

from connector.network.clock import SystemClock
from connector.pbx.asterisk.book import Book, Recorder
from connector.pbx.asterisk.recorder_files import RecorderFiles


class Noting:
    """A book that knows one recorder, and notes what it is told."""

    class Known:
        path = "a.wav"
        is_on_disk = True

    def __init__(self) -> None:
        self.grown: list[tuple[int, float]] = []
        self._news = asyncio.Event()

    def at(self, path: str) -> Recorder | None:
        return cast(Recorder, self.Known()) if path == "a.wav" else None

    def file_appeared(self, _: Recorder) -> None: ...

    def file_closed(self, _: Recorder, __: float) -> None: ...

    def file_grew(self, _: Recorder, size_bytes: int, at: float) -> None:
        self.grown.append((size_bytes, at))
        self._news.set()

    async def growth(self) -> tuple[int, float]:
        async with asyncio.timeout(5):
            await self._news.wait()
        self._news.clear()
        return self.grown[-1]


@pytest.fixture
def book() -> Noting:
    return Noting()


@pytest.fixture
async def files(tmp_path: Path, book: Noting, wall: list[float]) -> AsyncIterator[RecorderFiles]:
    clock = SystemClock(wall=lambda: time.time() + wall[0])
    files = RecorderFiles(tmp_path, cast(Book, book), clock)
    files.open()
    yield files
    files.close()


@pytest.fixture(params=[0.0, 0.02, -3600.0, 3600.0])
def wall(request: pytest.FixtureRequest) -> list[float]:
    """How far our clock stands before that of the file system."""
    return [float(request.param)]


@pytest.mark.usefixtures("files")
async def test_a_flush_is_when_the_file_was_written_however_late_it_is_looked_at(
    tmp_path: Path, book: Noting, wall: list[float]
) -> None:
    path = tmp_path / "a.wav"
    with path.open("ab", buffering=0) as file:
        for flush in range(1, 4):
            before = time.time()
            file.write(bytes(32_768))
            size_bytes, at = await book.growth()
            assert size_bytes == flush * 32_768
            if abs(wall[0]) < 1.0:
                assert at == os.stat(path).st_mtime
            else:
                # Not when it was looked at.
                assert before - 0.01 <= at - wall[0] <= before + 0.03
