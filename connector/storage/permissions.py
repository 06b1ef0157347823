"""Who may read what we write on this machine: modes that do not hang on the umask, and a group of the operator's."""

import grp
import os
from dataclasses import dataclass
from pathlib import Path

from connector.errors import DestinationRefused
from connector.storage.os_errors import user_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    file_mode: int = 0o640
    folder_mode: int = 0o750
    #: Name or number; None leaves what the system gives (a folder's setgid bit works then).
    group: str | None = None

    def apply_to_file(self, fd: int) -> None:
        self._give_to_group(fd)
        os.fchmod(fd, self.file_mode)

    def apply_to_folder(self, folder: Path) -> None:
        self._give_to_group(folder)
        os.chmod(folder, self.folder_mode)

    def _give_to_group(self, target: int | Path) -> None:
        if self.group is None:
            return
        try:
            os.chown(target, -1, self._group_id(self.group))
        except PermissionError as error:
            raise DestinationRefused(
                f"cannot give files to group {self.group!r}: add user {user_name()!r} to it"
                f" (`usermod -aG {self.group} {user_name()}`) and restart"
            ) from error

    def _group_id(self, group: str) -> int:
        if group.isdecimal():
            return int(group)
        try:
            return grp.getgrnam(group).gr_gid
        except KeyError as error:
            raise DestinationRefused(
                f"there is no group {group!r} on this machine: create it or change `group`"
            ) from error
