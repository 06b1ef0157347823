"""What the operating system says of a file, in the words of a destination: whose fault, and what to do."""

import errno
import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connector.errors import ConnectorError, DestinationRefused, DestinationUnreachable, NoRoom

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})
#: Each with what the administrator can do about it.
_REFUSALS = {
    errno.EROFS: "the file system is read-only: mount it for writing",
    errno.ENOTDIR: "a part of the path is a file, not a folder: rename that file or change the destination",
    errno.EISDIR: "a folder stands where the file should go: rename it or change the template",
    errno.ENAMETOOLONG: "the name is too long for this file system: shorten the template",
    errno.EINVAL: "this file system does not take that name: change the template",
    errno.EILSEQ: "this file system does not take that name: change the template",
    errno.ELOOP: "symbolic links lead in a circle: mend the path",
    errno.EOPNOTSUPP: "the file system has neither links nor exclusive renames: set `overwrite: true` or use another",
    errno.EFBIG: "the file is too big for this file system",
}


@contextmanager
def translated(doing: str, path: Path) -> Iterator[None]:
    """OSErrors inside become the destination's own, naming path, user and remedy."""
    try:
        yield
    except OSError as error:
        raise translation(error, doing, path) from error


def translation(error: OSError, doing: str, path: Path) -> ConnectorError:
    where = Path(os.fsdecode(error.filename)) if isinstance(error.filename, (str, bytes)) else path
    if error.errno in _FULL:
        return NoRoom(f"cannot {doing} {path}: no space left at {path.parent}; free some or enlarge the disk or quota")
    if error.errno in _FORBIDDEN:
        return DestinationRefused(
            f"cannot {doing} {path}: user {user_name()!r} may not at {where}; chown or chmod it, or use another folder"
        )
    remedy = _REFUSALS.get(error.errno or 0)
    if remedy:
        return DestinationRefused(f"cannot {doing} {path} as user {user_name()!r}: {remedy}")
    return DestinationUnreachable(f"cannot {doing} {path} now: {error.strerror or error}")


def user_name() -> str:
    """The user that this process acts as."""
    user_id = os.geteuid()
    try:
        return pwd.getpwuid(user_id).pw_name
    except KeyError:
        return str(user_id)
