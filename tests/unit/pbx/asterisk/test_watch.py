"""What inotify tells of a folder, with real files."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from connector.pbx.asterisk.watch import Sight, Watch


class Seen:
    def __init__(self, folder: Path) -> None:
        self.sights: list[tuple[str, Sight]] = []
        self._news = asyncio.Event()
        self.watch = Watch(folder, self._note)

    def _note(self, path: str, sight: Sight) -> None:
        self.sights.append((path, sight))
        self._news.set()

    async def until(self, claim: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not claim():
                self._news.clear()
                await self._news.wait()


@pytest.fixture
async def seen(tmp_path: Path) -> AsyncIterator[Seen]:
    seen = Seen(tmp_path)
    seen.watch.open()
    yield seen
    seen.watch.close()


async def test_a_file_appears_grows_and_closes(seen: Seen, tmp_path: Path) -> None:
    with (tmp_path / "a.wav").open("wb", buffering=0) as file:
        await seen.until(lambda: ("a.wav", Sight.APPEARED) in seen.sights)
        file.write(b"sound")
        await seen.until(lambda: ("a.wav", Sight.GREW) in seen.sights)
    await seen.until(lambda: ("a.wav", Sight.CLOSED) in seen.sights)
    assert [sight for _, sight in seen.sights] == [Sight.APPEARED, Sight.GREW, Sight.CLOSED]


async def test_the_last_write_belongs_to_the_closing(seen: Seen, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"sound")
    await seen.until(lambda: ("a.wav", Sight.CLOSED) in seen.sights)
    assert seen.sights == [("a.wav", Sight.APPEARED), ("a.wav", Sight.CLOSED)]


async def test_a_folder_below_is_watched_when_it_is_followed(seen: Seen, tmp_path: Path) -> None:
    seen.watch.follow("day")
    (tmp_path / "day").mkdir()
    await seen.until(lambda: ("day", Sight.APPEARED) in seen.sights)
    seen.watch.follow("day")
    seen.watch.follow("day")
    (tmp_path / "day" / "a.wav").touch()
    await seen.until(lambda: ("day/a.wav", Sight.CLOSED) in seen.sights)
    assert seen.sights.count(("day/a.wav", Sight.APPEARED)) == 1


async def test_a_folder_that_is_not_there_is_a_trouble_until_it_is(tmp_path: Path) -> None:
    seen = Seen(tmp_path / "later")
    seen.watch.open()
    assert str(tmp_path / "later") in seen.watch.trouble
    (tmp_path / "later").mkdir()
    seen.watch.open()
    assert seen.watch.trouble == ""
    (tmp_path / "later" / "a.wav").touch()
    await seen.until(lambda: ("a.wav", Sight.CLOSED) in seen.sights)
    seen.watch.close()


async def test_a_folder_that_was_made_anew_is_watched_again(seen: Seen, tmp_path: Path) -> None:
    (tmp_path / "mark").touch()
    await seen.until(lambda: ("mark", Sight.CLOSED) in seen.sights)
    _made_anew(tmp_path)
    async with asyncio.timeout(5):
        while ("a.wav", Sight.CLOSED) not in seen.sights:
            seen.watch.open()
            (tmp_path / "a.wav").write_bytes(b"sound")
            await asyncio.sleep(0)


def _made_anew(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


async def test_a_file_that_is_closed_is_told_at_once(seen: Seen, tmp_path: Path) -> None:
    """Its writer may have died with the whole machine: then it is the last that we hear."""
    with (tmp_path / "a.wav").open("wb", buffering=0) as file:
        file.write(b"sound")
        await seen.until(lambda: ("a.wav", Sight.GREW) in seen.sights)
    for _ in range(3):
        await asyncio.sleep(0)
    assert seen.sights[-1] == ("a.wav", Sight.CLOSED)
