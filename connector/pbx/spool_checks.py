"""The folder that a PBX and we share: may it write there, may we read and delete, and for how long is there room?

Knows files, accounts and a process; a PBX is a word to it. Asks none anything and writes nothing.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from connector.domain.diagnosis import Finding, bad, not_looked_at, note, ok, warning
from connector.pbx.accounts import Account, described, group_name
from connector.pbx.processes import PbxProcess

FOLDER, ROOM = "recording folder", "room"
_NEW_FILE = 0o666
_SHORT_DAYS, _SCANT_DAYS = 1.0, 4.0
_SHORT_HOURS, _SCANT_HOURS = 10.0, 100.0
#: A call: two recorders of 16 bits at 8 kHz.
BYTES_PER_HOUR = 2 * 16000 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Spool:
    folder: Path
    #: Whom to judge for: the user that callreel runs as.
    us: Account
    #: Asterisk or FreeSWITCH.
    kind: str
    #: None where it cannot be seen.
    process: PbxProcess | None
    #: What the last days' calls wrote; None where nothing is known.
    bytes_per_day: float | None
    #: Other folders of ours, by what they are.
    neighbours: tuple[tuple[str, Path], ...] = ()


def spool_findings(spool: Spool) -> Iterator[Finding]:
    folder = spool.folder
    try:
        is_folder = folder.is_dir()
    except OSError as error:
        is_folder = False
        yield bad(FOLDER, f"{folder} cannot be looked at ({error.strerror})", _mend(spool))
    if not is_folder:
        yield bad(FOLDER, f"{folder} is not there, or no folder, on this machine", _mend(spool) + ", or mount it")
        yield not_looked_at(ROOM, "there is no recording folder")
        return
    try:
        yield _our_finding(spool)
        yield _pbx_finding(spool)
        yield from _room_findings(spool)
    except OSError as error:
        what = f"{error.filename or folder} cannot be looked at ({error.strerror})"
        yield bad(FOLDER, what, f"run this as {spool.us.name}, or mend its rights")


def _our_finding(spool: Spool) -> Finding:
    """Reading a file is reading what the PBX's umask leaves us; deleting is writing to the folder."""
    obstacle = spool.us.obstacle(spool.folder, os.R_OK | os.W_OK | os.X_OK)
    if obstacle:
        return bad(
            FOLDER, f"{obstacle} ({described(spool.folder)}): files can be neither fetched nor removed", _mend(spool)
        )
    process = spool.process
    if process is None:
        return ok(FOLDER, f"{spool.us.name} may read and delete in {spool.folder}")
    status = spool.folder.stat()
    owner, mode = process.account.uid, _NEW_FILE & ~process.umask
    group = status.st_gid if status.st_mode & 0o2000 else process.gid
    if not spool.us.may_with(mode, owner, group, os.R_OK):
        what = f"files will be {mode:04o} {process.account.name}:{group_name(group)}: {spool.us.name} may not read them"
        return bad(FOLDER, what, f"let {spool.kind} run with umask 0027 (UMask= of its unit), and {_mend(spool)}")
    if not spool.us.may_delete_in(spool.folder, owner):
        return bad(
            FOLDER, f"{spool.folder} is sticky: {spool.us.name} may not delete there", f"chmod -t {spool.folder}"
        )
    return ok(FOLDER, f"{spool.us.name} may read and delete what {spool.kind} writes in {spool.folder}")


def _pbx_finding(spool: Spool) -> Finding:
    if spool.process is None:
        what = (
            f"whether {spool.kind} may write to {spool.folder} cannot be seen from here: the first recording will tell"
        )
        return note(FOLDER, what)
    if os.statvfs(spool.folder).f_flag & os.ST_RDONLY:
        return bad(FOLDER, f"{spool.folder} is mounted read-only", "mount it writable")
    account = spool.process.account
    obstacle = account.obstacle(spool.folder, os.W_OK | os.X_OK)
    if obstacle:
        return bad(FOLDER, f"{obstacle} ({described(spool.folder)}): nothing can be recorded", _mend(spool))
    return ok(FOLDER, f"{spool.kind} ({account.name}) may write to {spool.folder}")


def _room_findings(spool: Spool) -> Iterator[Finding]:
    free = shutil.disk_usage(spool.folder).free
    if spool.bytes_per_day:
        days = free / spool.bytes_per_day
        what = (
            f"{_size(free)} free at {spool.folder}: {days:.1f} days of calls as in the last week, if nothing is shipped"
        )
        is_short, is_scant = days < _SHORT_DAYS, days < _SCANT_DAYS
    else:
        hours = free / BYTES_PER_HOUR
        what = f"{_size(free)} free at {spool.folder}: {hours:,.0f} hours of calls, if nothing is shipped"
        is_short, is_scant = hours < _SHORT_HOURS, hours < _SCANT_HOURS
    mend = "make room, or give the spool a bigger disk"
    yield bad(ROOM, what, mend) if is_short else warning(ROOM, what, mend) if is_scant else ok(ROOM, what)
    shared = [name for name, place in spool.neighbours if _is_same_disk(place, spool.folder)]
    if shared:
        what = f"the spool is on one disk with {', '.join(shared)}: when it is full, all of them stop"
        yield note(ROOM, what, "a disk of its own for the spool keeps recording alive")


def _mend(spool: Spool) -> str:
    process, usual = spool.process, spool.kind.casefold()
    owner, group = (process.account.name, group_name(process.gid)) if process else (usual, usual)
    join = "" if spool.us.uid == 0 else f"; usermod -aG {group} {spool.us.name}"
    return f"install -d -o {owner} -g {group} -m 2770 {spool.folder}{join}"


def _is_same_disk(one: Path, other: Path) -> bool:
    """What is not there yet will be made on the disk of what is above it."""
    try:
        there = next(place for place in (one, *one.parents) if place.exists())
        return there.stat().st_dev == other.stat().st_dev
    except OSError:
        return False


def _size(count: float) -> str:
    return f"{count / 1e9:,.1f} GB"
