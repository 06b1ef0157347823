"""Commands that root has called: what they make belongs to whom callreel runs as, whose the state folder is."""

import os
import pwd
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from stat import S_ISLNK


def give_to_owner(state: Path) -> None:
    """What root has left in the state folder goes to whom the folder belongs to, for callreel runs as him."""
    if os.geteuid() != 0:
        return
    owner = state.stat()
    for path in _made_by_commands(state):
        facts = path.lstat()
        # A second name of a file elsewhere is none that a command has made.
        is_ours = facts.st_uid == 0 and not S_ISLNK(facts.st_mode) and (path.is_dir() or facts.st_nlink == 1)
        if is_ours:
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def become_owner(state: Path) -> None:
    """For good. What is tried is then what callreel itself may do, and nothing of root's is left anywhere."""
    if os.geteuid() != 0 or not state.exists() or (owner := state.stat()).st_uid == 0:
        return
    try:
        os.initgroups(pwd.getpwuid(owner.st_uid).pw_name, owner.st_gid)
    except KeyError:
        os.setgroups([owner.st_gid])
    os.setgid(owner.st_gid)
    os.setuid(owner.st_uid)


def _made_by_commands(state: Path) -> Iterator[Path]:
    """Not the recordings: there may be millions, and no command makes any."""
    folders = ("journal/*", "backups/*", "before-restore-*/**/*")
    return chain(state.iterdir(), *(state.glob(pattern) for pattern in folders))
