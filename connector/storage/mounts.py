"""Whether a folder is still on the disk it should be on: an unmounted disk must not look like an empty folder.

Knows mount points and /etc/fstab; knows nothing of what is stored.
"""

import os
import re
from pathlib import Path

from connector.errors import DestinationUnreachable

FSTAB = Path("/etc/fstab")
_OCTAL = re.compile(r"\\([0-7]{3})")
_ROOT = Path("/")


class MountWatch:
    """Refuses to go on when the disk of `root` is not there: one that /etc/fstab names, one that this process has
    seen mounted, or one on which the administrator has put the file `marker`."""

    def __init__(self, root: Path, *, marker: str | None = None, fstab: Path = FSTAB) -> None:
        self._root = root
        self._marker = root / marker if marker else None
        self._promised = _promised_mount(root, fstab)
        self._seen: Path | None = None

    def check(self) -> None:
        """DestinationUnreachable when the disk is not mounted; says nothing of a root that was never made."""
        for mount, why in ((self._promised, "is in /etc/fstab and"), (self._seen, "was mounted before and")):
            if mount is not None and not os.path.ismount(mount):
                raise DestinationUnreachable(
                    f"{mount} {why} is not mounted: nothing is written below it until `mount {mount}` was done"
                )
        if self._marker is not None and not self._marker.exists():
            raise DestinationUnreachable(
                f"the marker {self._marker} is not there: mount the disk, or create that file once on the right disk"
            )
        if self._seen is None and self._root.is_dir():
            mount = _mount_of(self._root)
            self._seen = mount if mount != _ROOT else None


def _mount_of(folder: Path) -> Path:
    real = Path(os.path.realpath(folder))
    return next(place for place in (real, *real.parents) if os.path.ismount(place))


def _promised_mount(root: Path, fstab: Path) -> Path | None:
    """The mount point nearest above the root that fstab names, the system's own root apart."""
    try:
        lines = fstab.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return None
    fields = [line.split() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    mounts = {Path(_OCTAL.sub(lambda code: chr(int(code[1], 8)), line[1])) for line in fields if len(line) > 1}
    real = Path(os.path.realpath(root))
    return next((place for place in (real, *real.parents) if place in mounts and place != _ROOT), None)
