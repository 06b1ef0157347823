"""The journal's files: their names and order, their lines, the mending of a cut one. Reads; appends nothing."""

import logging
import mmap
from collections.abc import Iterator
from pathlib import Path

from connector.ports.call_ledger import JournalPosition

log = logging.getLogger(__name__)

_PATTERN = "journal-*.jsonl"


def file_name(number: int) -> str:
    # Eight digits: names sort as their numbers do.
    return f"journal-{number:08}.jsonl"


def number_of(name: str) -> int:
    return int(name.removeprefix("journal-").removesuffix(".jsonl"))


def journal_files(folder: Path) -> list[Path]:
    """Oldest first."""
    return sorted(folder.glob(_PATTERN))


def is_before(one: JournalPosition, other: JournalPosition) -> bool:
    return (one.file, one.offset) < (other.file, other.offset)


def origin(folder: Path, position: JournalPosition | None) -> JournalPosition:
    """Where to read on after `position`: the beginning, when this journal does not have it.

    After a power cut the catalogue can be ahead of the journal, and a new folder begins anew: what stands here was
    never applied then, or was and does no harm a second time.
    """
    files = journal_files(folder)
    first = JournalPosition(file=files[0].name if files else file_name(1), offset=0)
    if position is None:
        return first
    if _is_border(folder / position.file, position.offset):
        return position
    if not files or first.file <= position.file:
        log.warning(
            "the journal does not have the catalogue's position: all of it is applied",
            extra={"folder": str(folder), "journal_file": position.file, "offset": position.offset},
        )
    return first


def lines(folder: Path, after: JournalPosition) -> Iterator[tuple[bytes, JournalPosition]]:
    """Each whole line behind `after`, with the position behind the line."""
    for path in journal_files(folder):
        if path.name < after.file:
            continue
        offset = after.offset if path.name == after.file else 0
        with path.open("rb") as file:
            file.seek(offset)
            for line in file:
                # Being written just now, or torn by a full disk and never mended.
                if not line.endswith(b"\n"):
                    break
                offset += len(line)
                yield line, JournalPosition(file=path.name, offset=offset)


def mended_size(path: Path) -> int:
    """How many bytes of the file are whole lines; what a crash cut in the middle is cut off and named."""
    size = path.stat().st_size
    if size == 0:
        return 0
    with path.open("r+b") as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            whole = content.rfind(b"\n") + 1
        if whole < size:
            facts = {"journal_file": str(path), "offset": whole, "cut_bytes": size - whole}
            log.warning("the journal's last line was cut", extra=facts)
            file.truncate(whole)
    return whole


def _is_border(path: Path, offset: int) -> bool:
    try:
        with path.open("rb") as file:
            if offset == 0:
                return True
            file.seek(offset - 1)
            return file.read(1) == b"\n"
    except FileNotFoundError:
        return False
