"""callreel export: recordings and transcripts into a folder or a ZIP, or all that is kept about a number."""

import argparse
import asyncio
import errno
import hashlib
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from connector.command_line.audit import operator
from connector.command_line.exits import Exit
from connector.command_line.output import print_json, print_table
from connector.domain.access import Access
from connector.domain.export_rows import first_moment, last_moment
from connector.domain.recording import ArtefactKind
from connector.errors import ConfigError, NoRoom
from connector.ports.call_search import CallFilter
from connector.roles.house import House, opened
from connector.services.exporting import Consignment, Exporting, FileState, WantedFile, checked
from connector.services.person_files import PersonFiles
from connector.services.transcript_files import WRITERS
from connector.services.zipping import MANIFEST, Texts, manifest, no_texts, parts, zipped

#: What is handed out is nobody else's on this machine.
_FOLDER_MODE: Final = 0o700
_FILE_MODE: Final = 0o600
_UNFINISHED: Final = ".part"
_BLOCK_BYTES: Final = 1 << 20
_BAD: Final = (FileState.BROKEN, FileState.MISSING)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """All that goes out, and who gets it."""

    exporting: Exporting
    access: Access
    wanted: Consignment
    texts: Texts
    now: float
    progress: Progress
    task: TaskID

    def advanced(self, size_bytes: int) -> None:
        self.progress.advance(self.task, size_bytes)


def export(options: argparse.Namespace) -> int:
    """Everything that fits, one file after the other; what lies in the folder already is not fetched again."""
    target: Path = options.output
    _check(options, target)

    async def work() -> Consignment:
        async with opened(options.config) as house:
            with _progress(is_shown=not options.json) as progress:
                job = await _job(house, options, progress)
                await (_into_zip(job, target) if _is_zip(target) else _into_folder(job, target))
                return job.wanted

    wanted = asyncio.run(work())
    _say(wanted, target, is_json=options.json)
    return Exit.FAILED if any(file.state in _BAD for file in wanted.fetchable) else Exit.OK


def _check(options: argparse.Namespace, target: Path) -> None:
    """Before anything is read or written down."""
    narrowing = ("first", "last", "agent", "tag", "kind", "transcripts")
    if options.number and any(getattr(options, name) for name in narrowing):
        raise ConfigError("--number hands out all that is kept about it: only --organisation goes with it")
    if _is_zip(target) and target.exists():
        raise ConfigError(f"{target} is there already: name another file, or a folder, which is completed")
    if not _is_zip(target) and target.exists() and not target.is_dir():
        raise ConfigError(f"{target} is a file: name a folder, or a file that ends in .zip")


async def _job(house: House, options: argparse.Namespace, progress: Progress) -> _Job:
    access, now = operator(house), house.clock.now()
    exporting = Exporting(house.catalogue.call_search, house.fetching, house.auditing)
    if options.number:
        persons = PersonFiles(
            house.catalogue.call_search,
            house.catalogue.erasures,
            house.catalogue.notifications,
            house.catalogue.audit,
            house.auditing,
        )
        person = await persons.found(access, options.number, now, options.organisation)
        wanted, texts = person.consignment, persons.texts(access, person)
    else:
        asked = _asked(options)
        wanted = await exporting.consigned(access, asked, tuple(map(ArtefactKind, options.kind)), most=None)
        texts = _transcripts(exporting, access, asked, options.transcripts) if options.transcripts else no_texts()
    total = sum(file.size_bytes for file in wanted.fetchable)
    task = progress.add_task("exporting", total=total)
    return _Job(exporting=exporting, access=access, wanted=wanted, texts=texts, now=now, progress=progress, task=task)


def _asked(options: argparse.Namespace) -> CallFilter:
    return CallFilter(
        organisation=options.organisation,
        started_after=None if options.first is None else first_moment(options.first, "--from"),
        started_before=None if options.last is None else last_moment(options.last, "--to"),
        agent=options.agent,
        tag=options.tag,
    )


async def _transcripts(exporting: Exporting, access: Access, asked: CallFilter, form: str) -> Texts:
    yield f"transcripts.{form}", WRITERS[form](exporting.transcripts(access, asked))


# Into a ZIP


async def _into_zip(job: _Job, target: Path) -> None:
    content = zipped(job.exporting, job.access, job.wanted, job.now, job.texts)
    await _write(target, _counted(job, content))


async def _counted(job: _Job, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for piece in pieces:
        job.advanced(len(piece))
        yield piece


# Into a folder


async def _into_folder(job: _Job, folder: Path) -> None:
    async with aclosing(job.texts) as texts:
        async for name, content in texts:
            await _write(folder / name, parts(content))
    for file in job.wanted.fetchable:
        await _fetch(job, file, folder / file.name)
    # In any case the newest: it says what this run has found.
    await _write(folder / MANIFEST, parts(b"".join(manifest(job.wanted, job.now))))


async def _fetch(job: _Job, file: WantedFile, place: Path) -> None:
    if await asyncio.to_thread(_sha256, place) == file.sha256:
        file.came_to(FileState.WHOLE)
        job.advanced(file.size_bytes)
        return
    fetched = await job.exporting.opened(job.access, file)
    if fetched is None:
        return
    async with aclosing(checked(file, fetched)) as pieces:
        await _write(place, _counted(job, pieces), only_if=lambda: file.state is FileState.WHOLE)


async def _write(place: Path, content: AsyncIterator[bytes], only_if: Callable[[], bool] = lambda: True) -> None:
    """Whole, or not at all."""
    unfinished = place.with_name(place.name + _UNFINISHED)
    with _translated(place):
        _make_folder(place.parent)
        with open(unfinished, "wb", opener=_private) as file:  # noqa: ASYNC230  # nobody else waits here
            async for piece in content:
                file.write(piece)
        if only_if():
            unfinished.replace(place)
        else:
            unfinished.unlink()


def _make_folder(folder: Path) -> None:
    for each in (*reversed(folder.parents), folder):
        each.mkdir(mode=_FOLDER_MODE, exist_ok=True)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, _FILE_MODE)


def _sha256(place: Path) -> str:
    """Empty where there is no such file."""
    digest = hashlib.sha256()
    if not place.is_file():
        return ""
    with _translated(place), place.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


@contextmanager
def _translated(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise NoRoom(f"there is no room for {place}: make some, and say the same again") from error
        raise ConfigError(f"cannot write {place}: {error.strerror}; name a folder that you may write to") from error


def _is_zip(target: Path) -> bool:
    return target.suffix.lower() == ".zip"


# What is said


def _progress(*, is_shown: bool) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not (is_shown and console.is_terminal))


def _say(wanted: Consignment, target: Path, *, is_json: bool) -> None:
    absent = [file for file in wanted.files if file.state in _BAD]
    if is_json:
        facts = {"output": str(target), "calls": len(wanted.calls), "files": wanted.counts()}
        print_json(facts | {"missing": [file.row for file in absent]})
        return
    whole = sum(file.state is FileState.WHOLE for file in wanted.files)
    print(f"{whole} files of {len(wanted.calls)} calls are in {target}; {MANIFEST} says what each is")
    if absent:
        rows = [(file.recording_id, file.kind, str(file.state), file.reason) for file in absent]
        print_table(("recording", "file", "", "why"), rows, whole=("recording",))
    if any(file.state in _BAD for file in wanted.fetchable):
        print("callreel: not everything could be had; the same again fetches only what is missing", file=sys.stderr)
