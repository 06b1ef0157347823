"""Who may do what with a file, by owner, group and mode. Knows no PBX; asks the system only what is written there."""

import grp
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

_READ, _WRITE, _ENTER = os.R_OK, os.W_OK, os.X_OK


@dataclass(frozen=True, slots=True)
class Account:
    """A user with the groups that it has, as the kernel would judge it. Access lists beyond the mode are not seen."""

    uid: int
    gids: frozenset[int]

    @staticmethod
    def named(uid: int) -> "Account":
        """As it would be after a login."""
        try:
            user = pwd.getpwuid(uid)
        except KeyError:
            return Account(uid, frozenset())
        return Account(uid, frozenset(os.getgrouplist(user.pw_name, user.pw_gid)))

    @staticmethod
    def own() -> "Account":
        return Account(os.geteuid(), frozenset((os.getegid(), *os.getgroups())))

    @property
    def name(self) -> str:
        return user_name(self.uid)

    def may(self, status: os.stat_result, wanted: int) -> bool:
        """`wanted`: os.R_OK, os.W_OK and os.X_OK, together."""
        return self.may_with(status.st_mode, status.st_uid, status.st_gid, wanted)

    def may_with(self, mode: int, owner: int, group: int, wanted: int) -> bool:
        if self.uid == 0:
            return True
        shift = 6 if self.uid == owner else 3 if group in self.gids else 0
        return (mode >> shift) & wanted == wanted

    def obstacle(self, place: Path, wanted: int) -> str:
        """What keeps the account from `place`, in words; empty when nothing does. Raises OSError when we cannot look
        ourselves."""
        for folder in reversed(place.parents):
            if not self.may(folder.stat(), _ENTER):
                return f"{self.name} may not enter {folder} ({described(folder)})"
        return "" if self.may(place.stat(), wanted) else f"{self.name} may not {_words(wanted)} {place}"

    def may_delete_in(self, folder: Path, owner: int) -> bool:
        """Whether it may delete a file of `owner` there: in a sticky folder only its own."""
        status = folder.stat()
        is_sticky = bool(status.st_mode & stat.S_ISVTX) and self.uid not in (0, owner, status.st_uid)
        return self.may(status, _WRITE | _ENTER) and not is_sticky


def described(place: Path) -> str:
    """asterisk:asterisk drwxr-x---"""
    status = place.stat()
    return f"{user_name(status.st_uid)}:{group_name(status.st_gid)} {stat.filemode(status.st_mode)}"


def user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def group_name(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _words(wanted: int) -> str:
    words = [word for bit, word in ((_READ, "read"), (_WRITE, "write to"), (_ENTER, "enter")) if wanted & bit]
    return " and ".join(words)
