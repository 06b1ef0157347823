"""One run of the switch: its legs, its recorders, its clock, and who hears of its events. Knows no socket.

A crash throws it away whole; a start makes another with a new Core-UUID (measured: that is how a restart shows).
"""

import asyncio
import itertools
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.freeswitch import headers
from tests.freeswitch.clock import MediaClock
from tests.freeswitch.conferences import Conference
from tests.freeswitch.event import Event
from tests.freeswitch.legs import Leg, Value
from tests.freeswitch.lies import Lies
from tests.freeswitch.recorders import Recorder
from tests.freeswitch.wav_file import Disk

#: So many pieces a tick of the sound is done in, so that the switch never stands still for long.
_SLICE_SECONDS: Final = 0.05
_REMEMBERED: Final = 10_000

Heard = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Nature:
    """What stays the same from one start to the next."""

    recordings: Path
    version: str
    tick_seconds: float
    heartbeat_seconds: float
    clock_ahead_seconds: float
    lies: Lies
    disk: Disk


class Exchange:
    def __init__(self, nature: Nature) -> None:
        self.nature = nature
        self.lies, self.disk = nature.lies, nature.disk
        self.core = headers.Core(str(uuid.uuid4()))
        self.clock = MediaClock(nature.clock_ahead_seconds)
        self.legs: dict[str, Leg] = {}
        self.conferences: dict[str, Conference] = {}
        self.recorders: dict[str, dict[str, Recorder]] = {}
        #: Of bgapi, on their way.
        self.jobs: set[asyncio.Task[None]] = set()
        #: For tests that look at what was fired.
        self.fired: deque[Event] = deque(maxlen=_REMEMBERED)
        self.globals: dict[str, str] = {
            "hostname": "switch",
            "recordings_dir": str(nature.recordings),
            "core_uuid": self.core.uuid,
        }
        self.sessions = itertools.count(1)
        self.legs_since_startup = 0
        self.legs_peak = 0
        #: Ends a recorder whose time is over.
        self.limit_reached: Callable[[Recorder], None] = lambda _: None
        self._listeners: list[Heard] = []
        self._place = 0
        #: The longest that a slice of the sound was late.
        self.late_seconds = 0.0

    # --- events ---------------------------------------------------------------------------------------------------

    def listen(self, heard: Heard) -> Callable[[], None]:
        """Returns what ends it."""
        self._listeners.append(heard)
        return lambda: self._listeners.remove(heard)

    def fire(
        self,
        name: str,
        more: Mapping[str, Value] | None = None,
        *,
        subclass: str = "",
        body: str = "",
        source: tuple[str, str, int] = ("", "", 0),
        before: Mapping[str, Value] | None = None,
    ) -> Event:
        """`before` stands before the time and the place in the code, `more` after them."""
        event = Event(
            name,
            {
                **(before or {}),
                **self.core.headers(name, self.clock.stamp(), subclass, source),
                **(more or {}),
            },
            body,
            subclass=subclass,
        )
        if name not in self.lies.events_dropped:
            self.fired.append(event)
            for heard in tuple(self._listeners):
                heard(event)
        return event

    def fire_channel(self, name: str, leg: Leg, more: Mapping[str, Value] | None = None) -> Event:
        """Bridge-* stand before the channel, all else behind it."""
        more = more or {}
        first = {key: value for key, value in more.items() if key.startswith("Bridge-")}
        return self.fire(name, {**first, **headers.channel(leg), **more})

    # --- sound ----------------------------------------------------------------------------------------------------

    def members(self, conference: str) -> Iterable[Leg]:
        room = self.conferences.get(conference)
        return room.legs() if room is not None else ()

    def catch_up(self, *legs: Leg | None) -> int:
        """Write what was said until now by and to these legs, before something changes; the frame of now."""
        frame = self.clock.frame()
        concerned: dict[str, Leg] = {}
        for leg in filter(None, legs):
            rooms = self.members(leg.conference) if leg.conference else ()
            beyond = leg.peer.twin.peer if leg.peer is not None and leg.peer.twin is not None else None
            concerned |= {one.uuid: one for one in (leg, leg.peer, beyond, *rooms) if one is not None}
        for leg_uuid in concerned:
            for recorder in self.recorders.get(leg_uuid, {}).values():
                recorder.advance(frame)
        for name in {leg.conference for leg in concerned.values() if leg.conference}:
            if name in self.conferences:
                self.conferences[name].advance(frame)
        return frame

    async def write_sound(self) -> None:
        """For ever: every recorder once a tick, in slices."""
        slices = max(1, round(self.nature.tick_seconds / _SLICE_SECONDS))
        pause = self.nature.tick_seconds / slices
        loop = asyncio.get_running_loop()
        while True:
            asleep = loop.time()
            await asyncio.sleep(pause)
            self.late_seconds = max(self.late_seconds, loop.time() - asleep - pause)
            self._advance_slice(slices)

    def advance_all(self) -> None:
        self._advance_slice(1)

    def _advance_slice(self, slices: int) -> None:
        frame = self.clock.frame()
        running = [recorder for recorders in self.recorders.values() for recorder in recorders.values()]
        self._place = (self._place + 1) % slices
        for recorder in running[self._place :: slices]:
            recorder.advance(frame)
            if recorder.is_over:
                self.limit_reached(recorder)
        for room in self.conferences.values():
            room.advance(frame)

    # --- liveness -------------------------------------------------------------------------------------------------

    async def beat(self) -> None:
        while True:
            self.heartbeat()
            await asyncio.sleep(self.nature.heartbeat_seconds)

    def heartbeat(self) -> None:
        up = self.clock.up_seconds()
        facts: dict[str, Value] = {
            "Event-Info": "System Ready",
            "Up-Time": f"0 years, 0 days, 0 hours, {int(up) // 60} minutes, {int(up) % 60} seconds",
            "FreeSWITCH-Version": f"{self.nature.version}~64bit",
            "Uptime-msec": str(round(up * 1000)),
            "Session-Count": str(len(self.legs)),
            "Max-Sessions": "1000",
            "Session-Per-Sec": "30",
            "Session-Since-Startup": str(self.legs_since_startup),
            "Idle-CPU": "90.000000",
        }
        self.fire("HEARTBEAT", facts)
