"""The files of the recorders on a disk that we share with the PBX: what is seen of them becomes a sign in the book.

Knows the spool folder and the book; sends nothing to the PBX.
"""

import asyncio
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from connector.domain.ids import Moment
from connector.pbx.asterisk.book import Book, Recorder
from connector.pbx.asterisk.watch import Sight, Watch
from connector.pbx.asterisk.wav_look import WavLook, look
from connector.ports.clock import Clock

#: What the file system says of a change is taken when it lies so near to when we heard of it.
_STAMP_TRUST_SECONDS = 2.0
#: Less than what one recorder writes at once.
_NO_ROOM_BYTES = 32768


class RecorderFiles:
    def __init__(self, root: Path, book: Book, clock: Clock) -> None:
        self._root = root
        self._book = book
        self._clock = clock
        self._watch = Watch(root, self._seen)
        # A disk that hangs must hold up nothing else.
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="recorder files")
        self._is_missing_signs = False
        self._look_trouble = ""
        self._room_trouble = ""

    @property
    def trouble(self) -> str:
        return self._watch.trouble or self._look_trouble or self._room_trouble

    def open(self) -> None:
        """Begin to watch, or begin again where the folder went away."""
        self._watch.open()

    def close(self) -> None:
        self._watch.close()
        self._executor.shutdown(wait=False)

    def expect(self, recorder: Recorder) -> None:
        """See to it that this file's folder is watched."""
        folder = recorder.path.rpartition("/")[0]
        if folder:
            self._watch.follow(folder)

    async def look_at(self, recorders: Iterable[Recorder]) -> None:
        """Look without waiting to be told: for disks that tell nothing, and for signs that got lost."""
        wanted = tuple(recorders)
        looks = await self.looks([recorder.path for recorder in wanted]) if wanted else {}
        for recorder in wanted:
            seen = looks[recorder.path]
            if seen is not None:
                self._sign(recorder, seen)
                self.expect(recorder)

    async def looks(self, paths: list[str]) -> dict[str, WavLook | None]:
        """None for a file that is not there, or may not be read."""
        return await self._in_thread(lambda: {path: self._looked_at(path) for path in paths})

    async def look_for_room(self) -> None:
        """Whether what the recorders write still finds room."""
        await asyncio.get_running_loop().run_in_executor(self._executor, self._looked_for_room)

    def unmissed(self) -> bool:
        """Whether the kernel has told everything since the last time that this was asked."""
        missed, self._is_missing_signs = self._is_missing_signs, False
        return not missed

    def why_absent(self, path: str, seconds: float) -> str:
        """Why a file that the PBX said yes to is not there; what to mend."""
        if not self._root.is_dir():
            return f"the spool folder {self._root} is not there: create it for Asterisk's user, or mount it"
        if self.trouble:
            return self.trouble
        return (
            f"Asterisk said yes, but {self._root}/{path} did not appear within {seconds:.2g} s: may Asterisk's user "
            "write there (chown asterisk), has the disk room, and is it the same folder here as there?"
        )

    def _seen(self, path: str, sight: Sight) -> None:
        recorder = self._book.at(path)
        if recorder is None:
            self._is_missing_signs |= sight is Sight.MISSED
        elif sight is Sight.APPEARED:
            self._book.file_appeared(recorder)
        elif (seen := self._looked_at(path)) is not None:
            self._sign(recorder, seen, is_closed=sight is Sight.CLOSED)
        elif sight is Sight.CLOSED:
            self._book.file_closed(recorder, self._clock.now())

    def _sign(self, recorder: Recorder, seen: WavLook, *, is_closed: bool = False) -> None:
        if not recorder.is_on_disk:
            self._book.file_appeared(recorder)
        if seen.is_final:
            self._book.file_closed(recorder, self._moment(seen.changed_at))
        elif is_closed:
            # Closed with an open header: its writer died.
            self._book.file_closed(recorder, self._clock.now())
        else:
            self._book.file_grew(recorder, seen.size_bytes, self._moment(seen.changed_at))

    def _looked_at(self, path: str) -> WavLook | None:
        try:
            seen = look(f"{self._root}/{path}")
        except OSError as error:
            self._look_trouble = (
                f"{self._root / path} cannot be read ({error.strerror}): add callreel's user to Asterisk's group"
            )
            return None
        if seen is not None:
            self._look_trouble = ""
        return seen

    def _looked_for_room(self) -> None:
        try:
            free_bytes = shutil.disk_usage(self._root).free
        except OSError:
            # Why is said by who watches the folder.
            return
        self._room_trouble = ""
        if free_bytes < _NO_ROOM_BYTES:
            self._room_trouble = f"the spool {self._root} has no room left: what is said now is lost. Make room there"

    def _moment(self, changed_at: Moment) -> Moment:
        """The file system knows when it was better than we, who hear of it later; unless its clock is another one."""
        now = self._clock.now()
        return changed_at if 0.0 <= now - changed_at <= _STAMP_TRUST_SECONDS else now

    async def _in_thread(self, work: Callable[[], dict[str, "WavLook | None"]]) -> dict[str, "WavLook | None"]:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)
