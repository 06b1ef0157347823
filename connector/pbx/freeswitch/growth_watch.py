"""Follows the sizes of the running recorders' files: each is a point of the file's clock. Says which ones stand still.

Files are written without a buffer, so that a size is what was heard up to that moment. Knows no command.
"""

import logging
import math
from collections.abc import Iterable
from typing import Final

from connector.domain.events import CallEvent
from connector.domain.ids import Moment, SegmentId
from connector.pbx.freeswitch.recorders import Recorder, Recorders
from connector.pbx.freeswitch.spool_look import SpoolLook
from connector.pbx.growth import DEAD_SECONDS, Growth, is_pbx_dead
from connector.ports.clock import Clock

#: In this time every file is looked at once.
ROUND_SECONDS: Final = 1.0
#: So many are told of in one go: a bridge that comes meanwhile waits for them, 0.1 ms each.
_SHARE: Final = 10
_MOST_SHARES: Final = 100

_log = logging.getLogger(__name__)


class GrowthWatch:
    def __init__(self, name: str, recorders: Recorders, look: SpoolLook, clock: Clock) -> None:
        self._name = name
        self._recorders = recorders
        self._look = look
        self._clock = clock
        self._growth = Growth()
        self._is_told = True
        self._stalled: set[SegmentId] = set()
        self._is_dead = False

    @property
    def trouble(self) -> str:
        if not self._is_dead:
            return ""
        return (
            f"PBX {self._name} answers, but none of its recorders has written anything for {DEAD_SECONDS:.0f} s while "
            "their calls are up: do calls have sound (fs_cli -x 'show calls')? If not, restart FreeSWITCH"
        )

    def note(self, event: CallEvent, at: Moment) -> None:
        self._growth.note(event, at)

    def begin(self) -> None:
        """A new connection: who is where is told anew."""
        self._growth = Growth()
        self._is_told = True

    def pause(self) -> None:
        """Nobody tells who holds: a file that stands still means nothing."""
        self._is_told = self._is_dead = False

    async def look_after(self) -> None:
        """For ever, one round a second."""
        while True:
            await self.round()

    async def round(self) -> None:
        """Takes ROUND_SECONDS."""
        began = self._clock.now()
        await self._look.look_around()
        waiting = tuple(self._recorders) if self._look.is_visible else ()
        shares = min(_MOST_SHARES, max(1, math.ceil(len(waiting) / _SHARE)))
        for number in range(shares):
            await self._clock.sleep_until(began + ROUND_SECONDS * (number + 1) / shares)
            await self._look_at(waiting[number::shares] if shares > 1 else tuple(self._recorders))
        self._look.keep(one.path for one in self._recorders)
        if self._look.is_visible and self._is_told:
            self._judge(self._clock.now())

    async def _look_at(self, recorders: Iterable[Recorder]) -> None:
        wanted = [one for one in recorders if one.is_proved and not one.ended.is_set()]
        sights = await self._look.looks(one.path for one in wanted) if self._look.is_visible else {}
        for recorder in wanted:
            sight = sights.get(recorder.path)
            if sight is not None:
                self._recorders.file_grew(recorder, sight.frames, sight.at, ends_block=sight.ends_block)

    def _judge(self, now: Moment) -> None:
        for recorder in self._growth.stalled(self._recorders, now):
            if recorder.segment not in self._stalled:
                self._stalled.add(recorder.segment)
                _log.warning("recorder stalled", extra={"pbx": self._name, "segment_id": recorder.segment})
                self._recorders.stalled(recorder, now)
        self._stalled &= {one.segment for one in self._recorders}
        # The file of one who holds stands still.
        heard = [one for one in self._recorders if not self._growth.is_held(one.channel)]
        is_dead = is_pbx_dead(heard, now)
        if is_dead != self._is_dead:
            self._is_dead = is_dead
            if is_dead:
                _log.error("pbx half dead", extra={"pbx": self._name, "hint": self.trouble})
