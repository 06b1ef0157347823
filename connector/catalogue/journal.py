"""The capture journal: appended before any command leaves, applied to the catalogue afterwards by the writer.

Knows lines, files and a full disk; knows no database.
"""

import logging
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from connector.catalogue.codec import change_count, decoded, encoded
from connector.catalogue.journal_files import (
    file_name,
    is_before,
    journal_files,
    lines,
    mended_size,
    number_of,
    origin,
)
from connector.domain.decision import Change
from connector.errors import ConfigError
from connector.ports.call_ledger import JournalPosition

FILE_BYTES = 64 * 2**20
#: What waits for room on the disk; the oldest goes when there is more.
HELD_BYTES = 64 * 2**20
#: Changes kept in memory for the writer; when it is further behind it reads them from the files.
RECENT_CHANGES = 20_000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Batch:
    changes: tuple[Change, ...]
    #: Behind the last line of it.
    position: JournalPosition


@dataclass(frozen=True, slots=True)
class _Recent:
    start: JournalPosition
    changes: tuple[Change, ...]
    end: JournalPosition


@dataclass(slots=True)
class Held:
    """A line that found no room on the disk."""

    line: bytes
    changes: tuple[Change, ...]
    is_applied: bool = False


class Journal:
    """One process appends, in one thread; `read` and what `unsynced` returns may run in others."""

    def __init__(
        self,
        folder: Path,
        *,
        file_bytes: int = FILE_BYTES,
        held_bytes: int = HELD_BYTES,
        recent_changes: int = RECENT_CHANGES,
    ) -> None:
        self._folder = folder
        self._file_bytes = file_bytes
        self._held_bytes = held_bytes
        self._recent_changes = recent_changes
        self._recent: deque[_Recent] = deque()
        self._recent_count = 0
        self._held: deque[Held] = deque()
        self._held_size = 0
        self._lost = 0
        self._full_files: list[int] = []
        self._is_torn = False
        self._is_dirty = False
        self._cannot_rotate = False
        #: Changes that this process wrote to the files.
        self.written = 0
        #: Called after each append.
        self.on_append: Callable[[], object] = lambda: None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            files = journal_files(folder)
            self._name = files[-1].name if files else file_name(1)
            self._size = mended_size(files[-1]) if files else 0
            self._file = self._opened(self._name)
        except OSError as error:
            raise ConfigError(
                f"the journal cannot be kept in {folder} ({error}): may this user write there?"
            ) from error
        #: Everything before it was written by an earlier process.
        self.opened_at = self.end

    @property
    def end(self) -> JournalPosition:
        return JournalPosition(file=self._name, offset=self._size)

    @property
    def _facts(self) -> dict[str, object]:
        return {"folder": str(self._folder), "journal_file": self._name}

    def append(self, changes: Sequence[Change]) -> None:
        if not changes:
            return
        line, kept = encoded(changes), tuple(changes)
        self.write_held()
        if self._held or not self._write(line, kept):
            self._hold(Held(line, kept))
        self.on_append()

    def replay(self, after: JournalPosition | None) -> Iterator[tuple[tuple[Change, ...], JournalPosition]]:
        for line, position in lines(self._folder, self.origin(after)):
            changes = _readable(line, position)
            if changes:
                yield changes, position

    def origin(self, position: JournalPosition | None) -> JournalPosition:
        return origin(self._folder, position)

    def recent(self, after: JournalPosition, limit: int) -> Batch | None:
        """What was appended behind `after`, from memory; None when it has to be read from the files."""
        while self._recent and is_before(self._recent[0].start, after):
            self._forget_oldest()
        if not self._recent:
            return Batch((), after) if after == self.end else None
        if self._recent[0].start != after:
            return None
        changes: list[Change] = []
        position = after
        while self._recent and len(changes) < limit:
            position = self._recent[0].end
            changes += self._forget_oldest()
        return Batch(tuple(changes), position)

    def read(self, after: JournalPosition, limit: int) -> Batch:
        """What stands in the files behind `after`; a line that is damaged is named and left out."""
        changes: list[Change] = []
        position = after
        for line, end in lines(self._folder, after):
            changes += _readable(line, end)
            position = end
            if len(changes) >= limit:
                break
        return Batch(tuple(changes), position)

    def backlog(self, after: JournalPosition) -> int:
        """How many changes an earlier process left behind that position."""
        return sum(change_count(line) for line, end in lines(self._folder, after) if not is_before(self.opened_at, end))

    def remove_applied(self, position: JournalPosition) -> None:
        """Files wholly before the position go, but for the last of them: after a power cut the catalogue's last
        transactions can be missing, and are taken from there."""
        applied = [path for path in journal_files(self._folder) if path.name < position.file]
        for path in applied[:-1]:
            path.unlink(missing_ok=True)

    # What a full disk asks for.

    @property
    def unapplied_held(self) -> int:
        return sum(len(held.changes) for held in self._held if not held.is_applied)

    def held(self, limit: int) -> list[Held]:
        """Lines without room that the catalogue does not have yet, oldest first."""
        found: list[Held] = []
        count = 0
        for held in self._held:
            if not held.is_applied and count < limit:
                found.append(held)
                count += len(held.changes)
        return found

    def write_held(self) -> None:
        """Try again to write what found no room."""
        if not self._held:
            return
        while self._held and self._write(self._held[0].line, self._held[0].changes):
            self._held_size -= len(self._held.popleft().line)
        if not self._held:
            log.warning("the journal has room again", extra=self._facts | {"lost_lines": self._lost})
            self._lost = 0

    # What makes it safe against a power cut.

    def unsynced(self) -> Callable[[], None] | None:
        """The work, for another thread, that puts everything appended so far on the disk; None when it is there."""
        if not self._is_dirty:
            return None
        self._is_dirty = False
        full, self._full_files = self._full_files, []
        current = os.dup(self._file)

        def sync() -> None:
            try:
                for file in (*full, current):
                    os.fdatasync(file)
                _sync_folder(self._folder)
            except OSError as error:
                self._is_dirty = True
                log.critical("the journal cannot be made durable", extra=self._facts | {"error": str(error)})
            finally:
                for file in (*full, current):
                    os.close(file)

        return sync

    def close(self) -> None:
        self.write_held()
        sync = self.unsynced()
        if sync is not None:
            sync()
        os.close(self._file)

    def _opened(self, name: str) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        return os.open(self._folder / name, flags, 0o640)

    def _write(self, line: bytes, changes: tuple[Change, ...]) -> bool:
        start = self.end
        if self._size and self._size + len(line) > self._file_bytes:
            self._rotate()
        if not self._written_whole(line):
            return False
        self._size += len(line)
        self._is_dirty = True
        self.written += len(changes)
        self._remember(_Recent(start, changes, self.end))
        return True

    def _written_whole(self, line: bytes) -> bool:
        """All of the line, or nothing: a part of it is cut off again, now or before the next write."""
        try:
            if self._is_torn:
                os.ftruncate(self._file, self._size)
                self._is_torn = False
            if os.write(self._file, line) == len(line):
                return True
            self._is_torn = True
            os.ftruncate(self._file, self._size)
            self._is_torn = False
        except OSError as error:
            self._report_full(str(error))
        else:
            self._report_full("only a part of the line found room")
        return False

    def _report_full(self, why: str) -> None:
        if not self._held:
            log.critical(
                "the journal cannot be written: its lines are kept in memory until there is room",
                extra=self._facts | {"error": why, "hint": "free the disk"},
            )

    def _hold(self, held: Held) -> None:
        self._held.append(held)
        self._held_size += len(held.line)
        while self._held_size > self._held_bytes and len(self._held) > 1:
            oldest = self._held.popleft()
            self._held_size -= len(oldest.line)
            self._lost += not oldest.is_applied
            if self._lost == 1 and not oldest.is_applied:
                log.critical("the journal's memory is full: its oldest lines are lost", extra=self._facts)

    def _rotate(self) -> None:
        name = file_name(number_of(self._name) + 1)
        try:
            file = self._opened(name)
        except OSError as error:
            if not self._cannot_rotate:
                log.warning("the journal goes on in a file that is full", extra=self._facts | {"error": str(error)})
            self._cannot_rotate = True
            return
        self._full_files.append(self._file)
        self._file, self._name, self._size = file, name, 0
        self._cannot_rotate = self._is_torn = False

    def _remember(self, recent: _Recent) -> None:
        self._recent.append(recent)
        self._recent_count += len(recent.changes)
        if self._recent_count > self._recent_changes:
            self._recent.clear()
            self._recent_count = 0

    def _forget_oldest(self) -> tuple[Change, ...]:
        oldest = self._recent.popleft()
        self._recent_count -= len(oldest.changes)
        return oldest.changes


def _readable(line: bytes, end: JournalPosition) -> tuple[Change, ...]:
    try:
        return decoded(line)
    except ValueError as error:
        facts = {"journal_file": end.file, "ends_at": end.offset, "error": str(error)}
        log.warning("a damaged journal line is left out", extra=facts)
        return ()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
