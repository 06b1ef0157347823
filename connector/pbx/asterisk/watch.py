"""Sees files of the spool folder appear, grow and close, by inotify. Knows names; no recorder, and no PBX.

The kernel tells only of what this machine writes: on a network disk nothing comes, and who asks must look himself.
"""

import asyncio
import logging
from collections.abc import Callable
from enum import Enum, auto
from pathlib import Path

from inotify_simple import INotify, flags  # type: ignore[import-untyped]  # it has no types

_log = logging.getLogger(__name__)

_SEEN = flags.CREATE | flags.MOVED_TO | flags.MODIFY | flags.CLOSE_WRITE | flags.DELETE_SELF | flags.ONLYDIR
_GONE = flags.IGNORED | flags.DELETE_SELF | flags.UNMOUNT


class Sight(Enum):
    APPEARED = auto()
    GREW = auto()
    CLOSED = auto()
    #: The kernel's queue ran over: look at everything; the path says nothing.
    MISSED = auto()


class Watch:
    def __init__(self, root: Path, seen: Callable[[str, Sight], None]) -> None:
        self._root = root
        self._seen = seen
        self._inotify: INotify | None = None
        self._folders: dict[int, str] = {}
        #: "" when all is well.
        self.trouble = ""

    def open(self) -> None:
        """Begin; also after the folder came back. What cannot be watched is said by `trouble`."""
        try:
            if self._inotify is None:
                self._inotify = INotify(nonblocking=True)
                asyncio.get_running_loop().add_reader(self._inotify.fileno(), self._readable)
            if "" not in self._folders.values():
                self._folders[self._inotify.add_watch(self._root, _SEEN)] = ""
            self.trouble = ""
        except OSError as error:
            self.trouble = (
                f"the spool {self._root} cannot be watched ({error.strerror}): is it the PBX's folder, mounted here, "
                "and may we list it? (fs.inotify.max_user_instances and max_user_watches may be too small)"
            )

    def follow(self, folder: str) -> None:
        """Watch a folder below the spool too, if it is there; again is nothing new."""
        if self._inotify is None or folder in self._folders.values():
            return
        try:
            self._folders[self._inotify.add_watch(self._root / folder, _SEEN)] = folder
        except OSError as error:
            _log.debug("%s is not watched: %s", self._root / folder, error)

    def close(self) -> None:
        if self._inotify is not None:
            asyncio.get_running_loop().remove_reader(self._inotify.fileno())
            self._inotify.close()
            self._inotify = None
            self._folders.clear()

    def _readable(self) -> None:
        assert self._inotify is not None
        sights: dict[tuple[str, Sight], None] = {}
        for wd, mask, _, name in self._inotify.read(timeout=0):
            if mask & flags.Q_OVERFLOW:
                sights["", Sight.MISSED] = None
            elif mask & _GONE:
                self._folders.pop(wd, None)
            elif name and (folder := self._folders.get(wd)) is not None:
                sights[f"{folder}/{name}" if folder else name, _sight(mask)] = None
        closed = {path for path, sight in sights if sight is Sight.CLOSED}
        for path, sight in sights:
            # The last writes belong to the closing.
            if sight is not Sight.GREW or path not in closed:
                self._seen(path, sight)


def _sight(mask: int) -> Sight:
    if mask & flags.CLOSE_WRITE:
        return Sight.CLOSED
    return Sight.GREW if mask & flags.MODIFY else Sight.APPEARED
