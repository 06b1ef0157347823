"""The audit log's newest line, signed by the house's key and kept apart from the catalogue: STATE/audit.head.

Whoever can write to the catalogue alone can neither change the log nor cut it off without being found out. Knows files
and signatures; knows no catalogue.
"""

import asyncio
import errno
import fcntl
import hashlib
import hmac
import json
import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from connector.domain.audit import AuditLine, Chain, Head
from connector.domain.secret import Secret
from connector.ports.audit_log import AuditLog
from connector.ports.clock import Clock

log = logging.getLogger(__name__)

NAME: Final = "audit.head"
_PURPOSE: Final = b"callreel: head of the audit log"
_EVERY_SECONDS: Final = 1.0
#: Then its older half goes.
_LARGEST_BYTES: Final = 256 * 1024
_SLICE: Final = 1000


class AuditHead:
    """Several processes may write to one file: each line is whole, and the highest number counts."""

    def __init__(self, path: Path, key: Secret, clock: Clock) -> None:
        self._path = path
        self._key = key
        self._clock = clock
        self._newest: AuditLine | None = None
        self._written_at = -_EVERY_SECONDS
        self._writer: asyncio.Task[None] | None = None
        self._writing: asyncio.Task[None] | None = None
        #: Why the last one could not be written; "" when it was.
        self.trouble = ""

    def follow(self, line: AuditLine) -> None:
        """It will be signed within a second; what comes meanwhile is signed in its place."""
        if self._newest is None or line.number > self._newest.number:
            self._newest = line
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_soon())

    async def close(self) -> None:
        """What waits is signed now."""
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.wait([self._writer])
        if self._writing is not None:
            await self._writing
        await self._write()

    async def _write_soon(self) -> None:
        while self._newest is not None:
            await self._clock.sleep_until(self._written_at + _EVERY_SECONDS)
            # Only the wait may be cut short.
            self._writing = asyncio.create_task(self._write())
            await asyncio.shield(self._writing)

    async def _write(self) -> None:
        line, self._newest = self._newest, None
        if line is None:
            return
        self._written_at = self._clock.now()
        try:
            await asyncio.to_thread(_append, self._path, signed(self._key, line))
        except OSError as error:
            self.trouble = f"the head of the audit log cannot be kept in {self._path}: {error.strerror or error}"
            log.error("audit head not written", extra={"file": str(self._path), "hint": self.trouble})
        else:
            self.trouble = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """What such a file says."""

    found: tuple[Head, ...] = ()
    is_there: bool = True
    #: Lines that this house has not signed.
    foreign: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    #: How many lines were right, from the first one on.
    lines: int
    #: The highest one that is signed.
    signed_up_to: int
    #: In words; none: nobody has touched the log.
    problems: tuple[str, ...]


def signed(key: Secret, line: AuditLine) -> str:
    facts: dict[str, Any] = {"number": line.number, "digest": line.digest, "at": line.at}
    return json.dumps(facts | {"signature": _signature(key, facts)})


def heads(path: Path, key: Secret) -> Heads:
    """Raises OSError when the file is there and cannot be read."""
    try:
        text = path.read_bytes().decode(errors="replace")
    except FileNotFoundError:
        return Heads(is_there=False)
    whole, _, _ = text.rpartition("\n")
    found = [_opened(key, line) for line in whole.split("\n")] if whole else []
    return Heads(
        found=tuple(head for head in found if head is not None),
        foreign=tuple(number for number, head in enumerate(found, start=1) if head is None),
    )


async def verified(audit_log: AuditLog, known: Heads, name: str = NAME) -> Verdict:
    """Reckons the whole log again, a slice at a time; `known` is what was read before, as the log grows meanwhile."""
    chain = Chain({head.number: head for head in known.found})
    wrong, after = "", 0
    while not wrong and (lines := await audit_log.lines(after, _SLICE)):
        wrong = next(filter(None, map(chain.wrong, lines)), "")
        after = lines[-1].number
    last = await audit_log.head()
    last_number = last.number if last else 0
    problems = [wrong, chain.cut_off(last_number), *_about_file(known, last_number, name)]
    return Verdict(
        lines=chain.number,
        signed_up_to=max((head.number for head in known.found), default=0),
        problems=tuple(filter(None, problems)),
    )


def _about_file(known: Heads, last_number: int, name: str) -> Sequence[str]:
    if known.foreign:
        numbers = ", ".join(map(str, known.foreign[:5]))
        return [f"{name}, line {numbers}: not signed by this house's key, or changed since"]
    if known.found or not last_number:
        return []
    missing = "holds no signed head" if known.is_there else "is not there"
    return [f"{name} {missing}: nothing proves that the log's last lines are all there, nor that they are the same"]


def _opened(key: Secret, text: str) -> Head | None:
    try:
        said = json.loads(text)
        facts = {"number": said["number"], "digest": said["digest"], "at": said["at"]}
        is_ours = hmac.compare_digest(_signature(key, facts), str(said["signature"]))
        return Head(**facts) if is_ours else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _signature(key: Secret, facts: dict[str, Any]) -> str:
    own = hmac.digest(key.reveal().encode(), _PURPOSE, hashlib.sha256)
    said = json.dumps([facts["number"], facts["digest"], facts["at"]])
    return hmac.new(own, said.encode(), hashlib.sha256).hexdigest()


def _append(path: Path, text: str) -> None:
    """Durable when it returns."""
    descriptor = _locked(path)
    try:
        size = os.fstat(descriptor).st_size
        before = os.pread(descriptor, size, 0)
        # Half a line of a machine that lost its power: nobody relied on it.
        whole = before[: before.rfind(b"\n") + 1]
        if len(whole) < len(before):
            os.ftruncate(descriptor, len(whole))
        line = f"{text}\n".encode()
        if len(whole) + len(line) <= _LARGEST_BYTES:
            _write_whole(descriptor, line)
        else:
            _replace(path, _younger_half(whole) + line)
    finally:
        os.close(descriptor)


def _locked(path: Path) -> int:
    """The file, ours alone until it is closed; not one that another has replaced meanwhile."""
    while True:
        is_new = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                if is_new:
                    _give_to_owner(descriptor, path.parent)
                return descriptor
        os.close(descriptor)


def _replace(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    try:
        _write_whole(descriptor, content)
        _give_to_owner(descriptor, path.parent)
    finally:
        os.close(descriptor)
    beside.replace(path)
    _sync_folder(path.parent)


def _write_whole(descriptor: int, content: bytes) -> None:
    if os.write(descriptor, content) < len(content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.fsync(descriptor)


def _younger_half(content: bytes) -> bytes:
    return content[content.find(b"\n", len(content) // 2) + 1 :]


def _give_to_owner(descriptor: int, folder: Path) -> None:
    """Of the folder: an administrator's command may be what makes it, and the daemon has to write to it."""
    owner = folder.stat()
    if os.geteuid() == 0:
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
