"""A backup's outer form: one compressed tar with a manifest of every member's hash. Knows no database."""

import hashlib
import os
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from connector.errors import BackupRefused, NoRoom

_MANIFEST = "manifest.json"
_FORMAT = 1
#: All that a backup may hold: whatever else an archive wants to write somewhere is refused.
_MEMBER = re.compile(r"catalogue\.(db|dump)|engine\.db|journal/journal-\d{8}\.jsonl")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    format: int = _FORMAT
    #: The version that made it.
    version: str
    #: The catalogue's revision.
    revision: str | None
    made_at: str
    members: dict[str, Member]


@contextmanager
def disk_trouble(where: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NoRoom(f"{where} cannot be written ({error}): is there space, may this user write there?") from error


def packed(target: Path, folder: Path, *, version: str, revision: str | None, made_at: str) -> Manifest:
    """Everything in the folder as one archive, there whole or not at all."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    members = {path.relative_to(folder).as_posix(): _member(path) for path in paths}
    manifest = Manifest(version=version, revision=revision, made_at=made_at, members=members)
    (folder / _MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}-", delete=False) as part:
        try:
            # The manifest first: who looks inside need not unpack the rest.
            with tarfile.open(fileobj=part, mode="w:gz", compresslevel=3) as archive:
                for name in (_MANIFEST, *members):
                    archive.add(folder / name, arcname=name)
            part.flush()
            os.fsync(part.fileno())
            os.rename(part.name, target)
        except BaseException:
            os.unlink(part.name)
            raise
    return manifest


def unpacked(archive: Path, folder: Path) -> Manifest:
    """The members in `folder`, each proven to be what the manifest says; raises BackupRefused otherwise."""
    try:
        with tarfile.open(archive, mode="r:gz") as packed_members:
            for member in packed_members:
                if not member.isfile() or not (member.name == _MANIFEST or _MEMBER.fullmatch(member.name)):
                    raise BackupRefused(f"{archive} holds {member.name!r}: that is no member of a callreel backup")
                _unpack(packed_members, member, folder / member.name)
        manifest = msgspec.json.decode((folder / _MANIFEST).read_bytes(), type=Manifest)
    except (tarfile.TarError, EOFError, ValueError, FileNotFoundError) as error:
        raise BackupRefused(f"{archive} is no whole callreel backup ({error}): take another one") from error
    if manifest.format != _FORMAT:
        raise BackupRefused(f"{archive} was made by callreel {manifest.version}: restore it with that version")
    _verify(archive, folder, manifest.members)
    return manifest


def _unpack(archive: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    """Its bytes and nothing else: no owner, no mode, no time. Python's own filters for that came with 3.11.4."""
    content = archive.extractfile(member)
    if content is None:
        raise tarfile.TarError(f"{member.name} has no content")
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with content, target.open("wb") as written:
        os.fchmod(written.fileno(), 0o600)
        shutil.copyfileobj(content, written)


def _verify(archive: Path, folder: Path, members: Mapping[str, Member]) -> None:
    for name, member in members.items():
        path = folder / name
        if not path.is_file() or _member(path) != member:
            raise BackupRefused(f"{archive} is damaged: {name} is not what was backed up; take another backup")


def _member(path: Path) -> Member:
    with path.open("rb") as file:
        return Member(sha256=hashlib.file_digest(file, "sha256").hexdigest(), size_bytes=path.stat().st_size)
