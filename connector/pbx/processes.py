"""A PBX that runs on this machine, as /proc shows it: its user, what it may open, where it listens.

Reads /proc only; starts and signals nothing, and knows no PBX by name.
"""

import ipaddress
import os
import re
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from connector.pbx.accounts import Account

PROC = Path("/proc")
_LISTENING = "0A"
_LOADER = re.compile(r"/ld-[^/]*\.so[.0-9]*$")
#: Behind its loader's own words.
_FIRST_WORDS = 8


@dataclass(frozen=True, slots=True)
class PbxProcess:
    account: Account
    gid: int
    umask: int
    #: The soft limit; None = unlimited.
    open_files: int | None
    #: Its UDP port at which the most waits to be read, and how many bytes of the kernel's memory that takes.
    unread: tuple[int, int] = (0, 0)
    #: Where the files begin that it sees: another folder than ours in a container. None when that is not known.
    root: Path | None = field(default=None, compare=False)


def process_at(port: int, is_server: Callable[[list[str]], bool], proc: Path = PROC) -> PbxProcess | None:
    """The one that listens at `port`; where we may not see who listens, the only kind that there is. None when nothing
    certain can be said. `is_server`: whether a command line, in words, is one of that PBX."""
    pids = list(_pids(proc, is_server))
    sockets = {f"socket:[{fields[9]}]" for fields in _listening(proc, port)}
    listening = [pid for pid in pids if _sockets(pid) & sockets]
    if sockets and not listening and all(_sockets(pid) for pid in pids):
        # Somebody else listens there: the near end of a tunnel.
        return None
    facts = {read for pid in listening or pids if (read := _read(pid)) is not None}
    if len(facts) != 1:
        return None
    # Of several that are alike, which one it is remains unknown.
    return facts.pop() if len(listening or pids) == 1 else replace(facts.pop(), root=None)


def words_behind(program: str, words: list[str]) -> list[str] | None:
    """A command line's words behind that program's name, perhaps started through a loader of its own; None when it is
    another program's."""
    found = [number for number, word in enumerate(words[:_FIRST_WORDS]) if word.rpartition("/")[2] == program]
    if not found or (found[0] > 0 and not _LOADER.search(words[0])):
        return None
    return words[found[0] + 1 :]


def listening_addresses(port: int, proc: Path = PROC) -> frozenset[str]:
    """Where somebody on this machine listens at `port`: 127.0.0.1, 0.0.0.0, ::; empty when nothing can be seen."""
    return frozenset(_address(fields[1].partition(":")[0]) for fields in _listening(proc, port))


def _address(written: str) -> str:
    """/proc writes each 32 bits in the machine's own order."""
    numbers = [int(written[start : start + 8], 16) for start in range(0, len(written), 8)]
    return str(ipaddress.ip_address(struct.pack(f"={len(numbers)}I", *numbers)))


def _pids(proc: Path, is_server: Callable[[list[str]], bool]) -> Iterator[Path]:
    for pid in proc.iterdir():
        if pid.name.isdecimal():
            with suppress(OSError):
                words = (pid / "cmdline").read_bytes().decode(errors="replace").split("\0")
                if is_server(words):
                    yield pid


def _read(pid: Path) -> PbxProcess | None:
    try:
        status = dict(
            line.split(":", 1) for line in (pid / "status").read_text(errors="replace").splitlines() if ":" in line
        )
        limits = (pid / "limits").read_text()
    except OSError:
        return None
    uid, gid = int(status["Uid"].split()[1]), int(status["Gid"].split()[1])
    soft = re.search(r"^Max open files\s+(\S+)", limits, re.MULTILINE)
    return PbxProcess(
        account=Account(uid, frozenset((gid, *map(int, status["Groups"].split())))),
        gid=gid,
        umask=int(status.get("Umask", "022"), 8),
        open_files=int(soft[1]) if soft and soft[1].isdecimal() else None,
        unread=_unread(pid, str(uid)),
        root=pid / "root",
    )


def _unread(pid: Path, uid: str) -> tuple[int, int]:
    """The worst port and its bytes. Where we may not see whose a socket is, its user's count: a PBX has one of its
    own, unless it is root. RTP has two ports side by side, where a phone's last sounds may well lie; SIP has one."""
    own = _sockets(pid)
    waiting = {
        int(fields[1].rpartition(":")[2], 16): int(fields[4].partition(":")[2], 16)
        for fields in _rows(pid.parent, ("udp", "udp6"))
        if f"socket:[{fields[9]}]" in own or (not own and uid == fields[7] != "0")
    }
    alone = [(port, size) for port, size in waiting.items() if port ^ 1 not in waiting]
    return max(alone, key=lambda one: one[1], default=(0, 0))


def _listening(proc: Path, port: int) -> Iterator[list[str]]:
    for fields in _rows(proc, ("tcp", "tcp6")):
        if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
            yield fields


def _rows(proc: Path, tables: tuple[str, ...]) -> Iterator[list[str]]:
    """number, local address, remote address, state, queues (out:in), …, user, …, inode"""
    for table in tables:
        with suppress(OSError):
            for line in (proc / "net" / table).read_text().splitlines()[1:]:
                yield line.split()


def _sockets(pid: Path) -> set[str]:
    found = set()
    with suppress(OSError):
        for handle in (pid / "fd").iterdir():
            with suppress(OSError):
                found.add(os.readlink(handle))
    return found
