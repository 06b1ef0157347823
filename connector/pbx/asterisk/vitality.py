"""Looks after everything once a second: files that stopped growing, signs that got lost, a PBX that is half dead.

Its AMI may answer while its SIP is dead (facts of docs/asterisk.md): so it is the files that show whether it lives.
"""

import logging
import re

from connector.domain.events import CallEvent
from connector.domain.ids import Moment
from connector.errors import PbxRefused, PbxUnreachable
from connector.pbx.asterisk.ami import Ami
from connector.pbx.asterisk.book import Book
from connector.pbx.asterisk.recorder_files import RecorderFiles
from connector.pbx.growth import DEAD_SECONDS, Growth, is_pbx_dead
from connector.ports.clock import Clock

ROUND_SECONDS = 1.0
#: A file in which somebody speaks grows every 2.05 s.
_QUIET_SECONDS = 3.0
_ASK_AGAIN_SECONDS = 30.0
_QUEUES = "core show taskprocessors like pjsip"

_log = logging.getLogger(__name__)


class Vitality:
    def __init__(self, name: str, ami: Ami, book: Book, files: RecorderFiles | None, clock: Clock) -> None:
        self._name = name
        self._ami = ami
        self._book = book
        self._files = files
        self._clock = clock
        self._growth = Growth()
        self._stalled: set[str] = set()
        self._is_dead = False
        self._queues = ""
        self._asked_at: Moment = 0.0

    @property
    def trouble(self) -> str:
        if not self._is_dead:
            return ""
        told = (
            self._queues or "is its SIP alive? asterisk -rx 'core show taskprocessors' shows queues that do not empty"
        )
        return (
            f"PBX {self._name} answers, but none of its recorders has written anything for {DEAD_SECONDS:.0f} s while "
            f"their calls are up: {told}; if calls no longer move, restart Asterisk"
        )

    def note(self, event: CallEvent, at: Moment) -> None:
        self._growth.note(event, at)

    def begin(self) -> None:
        """A new connection: who is where is told anew."""
        self._growth = Growth()

    async def look_after(self) -> None:
        """For ever, one round a second."""
        while True:
            await self._clock.sleep_until(self._clock.now() + ROUND_SECONDS)
            await self.round()

    async def round(self) -> None:
        unseen = self._book.looked_over(self._clock.now())
        if self._files is None:
            return
        self._files.open()
        await self._files.look_for_room()
        now = self._clock.now()
        everything = not self._files.unmissed()
        quiet = [one for one in self._book if one.is_running and (everything or one.alive_at + _QUIET_SECONDS < now)]
        await self._files.look_at((*unseen, *quiet))
        if not self._book.is_connected:
            return
        now = self._clock.now()
        for recorder in tuple(self._growth.stalled(self._book, now)):
            if recorder.segment not in self._stalled:
                self._stalled.add(recorder.segment)
                _log.warning("recorder stalled", extra={"pbx": self._name, "segment_id": recorder.segment})
                self._book.stalled(recorder, now)
        self._stalled &= {one.segment for one in self._book}
        await self._judge(is_dead=is_pbx_dead(self._book, now))

    async def _judge(self, *, is_dead: bool) -> None:
        if is_dead != self._is_dead:
            self._is_dead, self._queues, self._asked_at = is_dead, "", 0.0
            if is_dead:
                _log.error("pbx half dead", extra={"pbx": self._name, "hint": self.trouble})
        if is_dead and self._asked_at + _ASK_AGAIN_SECONDS <= self._clock.now():
            self._asked_at = self._clock.now()
            self._queues = await self._longest_queues()

    async def _longest_queues(self) -> str:
        """Of SIP's task processors, if we may ask: it needs the right `command`, which nothing else does."""
        try:
            reply = await self._ami.act("Command", {"Command": _QUEUES})
        except (PbxRefused, PbxUnreachable, TimeoutError):
            return ""
        waiting = [int(depth) for line in reply.all("Output") if (depth := _depth(line))]
        return f"{sum(waiting)} tasks wait in the queues of its SIP" if any(waiting) else ""


def _depth(line: str) -> str:
    """Of `name  processed  in queue  …`."""
    found = re.match(r"\S+\s+\d+\s+(\d+)\s", line)
    return found[1] if found else ""
