"""Ten thousand calls at once, as events only: no files, and little work, so that it measures the other side.

Knows how many events a call has; knows no script.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from connector.domain import events
from connector.domain.ids import BridgeId, ChannelId, SegmentId
from connector.errors import ConfigError, PbxUnreachable
from connector.pbx.scripted.answers import Answers, spread
from connector.pbx.scripted.doors import Connection, Doors
from connector.pbx.scripted.wire import Confirmed, Welcome, answer_frame, event_frame

_RING_SECONDS = 0.5
_FLUSH_SECONDS = 2.048
_FLUSH_FRAMES = 16384
_ROUND_SECONDS = 0.005
_LEAST_EVENTS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    #: How many calls live at the same time.
    calls: int = 10_000
    #: How many start in a second.
    rate: float = 200.0
    #: How many events a call has, recorders' own not counted; 6 at least.
    events: int = 8
    #: How long calls are started; afterwards the living ones come to their end.
    seconds: float = 120.0
    #: 1 = each recorder tells that its file grew, every 2.048 s.
    flushes: int = 0

    @property
    def life_seconds(self) -> float:
        return self.calls / self.rate


def load_plan(written: str) -> LoadPlan:
    """From calls=10000,rate=200,events=6,seconds=120,flushes=0; raises ConfigError."""
    try:
        pairs = dict(pair.split("=", 1) for pair in written.split(",") if pair)
        plan = msgspec.convert(pairs, LoadPlan, strict=False)
    except (ValueError, msgspec.ValidationError) as error:
        raise ConfigError(f"the load {written!r} is wrong ({error}): write calls=10000,rate=200,events=6") from error
    unknown = pairs.keys() - set(LoadPlan.__slots__)
    is_possible = plan.events >= _LEAST_EVENTS and min(plan.calls, plan.rate, plan.seconds) > 0
    if unknown or not is_possible or plan.life_seconds <= _RING_SECONDS:
        wrong = ", ".join(sorted(unknown)) or "a number is too small"
        raise ConfigError(f"the load {written!r} is wrong ({wrong}): a call has 6 events and lives calls/rate > 0.5 s")
    return plan


class _Asked(msgspec.Struct):
    """Only what is answered of a command."""

    type: str
    id: int = 0
    segment: str = ""
    channel: str = ""


class Load:
    def __init__(self, socket: Path, plan: LoadPlan) -> None:
        self.doors = Doors(socket, self._obey)
        self.answers = Answers()
        self._plan = plan
        self._begins, self._meets, self._ends = _templates(plan.events)
        self._decoder = msgspec.json.Decoder(_Asked)
        self._started = 0
        self._ringing: deque[tuple[float, int]] = deque()
        self._living: deque[tuple[float, int]] = deque()
        self._channels: dict[str, list[str]] = {}
        self._running: set[str] = set()
        self._flushes: deque[tuple[float, str, int]] = deque()
        self._late_ns: list[int] = []
        self._commands = 0
        self._began = time.monotonic()

    async def play(self) -> None:
        """Until the last call has ended."""
        self._began = time.monotonic()
        while not self._is_over(self._elapsed()):
            self._round(self._elapsed())
            await asyncio.sleep(_ROUND_SECONDS)

    def report(self) -> dict[str, Any]:
        return {
            "calls": self._started,
            "events": self._started * self._plan.events,
            "commands": self._commands,
            "start_recorder": self.answers.report(),
            "own_lateness": spread(self._late_ns),
        }

    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    def _is_over(self, elapsed: float) -> bool:
        return elapsed >= self._plan.seconds and not self._ringing and not self._living

    def _round(self, elapsed: float) -> None:
        begun = min(int(elapsed * self._plan.rate), int(self._plan.seconds * self._plan.rate))
        for number in range(self._started, begun):
            self._begin(number, number / self._plan.rate)
        self._started = max(self._started, begun)
        while self._ringing and self._ringing[0][0] <= elapsed:
            self._meet(self._ringing.popleft()[1])
        while self._living and self._living[0][0] <= elapsed:
            due, number = self._living.popleft()
            self._late_ns.append(int((elapsed - due) * 1e9))
            self._end(number)
        while self._flushes and self._flushes[0][0] <= elapsed:
            self._grow(*self._flushes.popleft())

    def _begin(self, number: int, due: float) -> None:
        self._write(self._begins, number)
        for side in "ab":
            self._channels[f"L{number}-{side}"] = []
        self._ringing.append((due + _RING_SECONDS, number))

    def _meet(self, number: int) -> None:
        for side in "ab":
            self.answers.asked(f"L{number}-{side}")
        self._write(self._meets, number)
        self._living.append((number / self._plan.rate + self._plan.life_seconds, number))

    def _end(self, number: int) -> None:
        self._write(self._ends, number)
        for side in "ab":
            for segment in self._channels.pop(f"L{number}-{side}", ()):
                self._close(segment)

    def _grow(self, due: float, segment: str, count: int) -> None:
        if segment in self._running:
            grown = events.RecorderFlushed(segment=SegmentId(segment), frames=count * _FLUSH_FRAMES)
            self.doors.write(event_frame(time.time(), grown))
            self._flushes.append((due + _FLUSH_SECONDS, segment, count + 1))

    def _close(self, segment: str) -> None:
        if segment in self._running:
            self._running.discard(segment)
            self.doors.write(event_frame(time.time(), events.RecorderClosed(segment=SegmentId(segment))))

    def _write(self, template: bytes, number: int) -> None:
        self.doors.write(template % {b"at": time.time(), b"n": number})

    def _obey(self, connection: Connection, line: bytes, received_ns: int) -> None:
        try:
            asked = self._decoder.decode(line)
        except msgspec.MsgspecError as error:
            raise PbxUnreachable(f"the line {line[:80]!r} is no command ({error})") from error
        if asked.type == "Resynchronise":
            self._welcome(connection)
            return
        self._commands += 1
        connection.write(answer_frame(Confirmed(id=asked.id)))
        if asked.type == "StartRecorder":
            self.answers.answered(asked.channel, received_ns)
            self._start(asked)
        elif asked.type == "StopRecorder":
            self._close(asked.segment)

    def _start(self, asked: _Asked) -> None:
        segments = self._channels.get(asked.channel)
        if segments is None:
            refused = events.RecorderRefused(segment=SegmentId(asked.segment), reason="no such channel")
            self.doors.write(event_frame(time.time(), refused))
            return
        segments.append(asked.segment)
        self._running.add(asked.segment)
        self.doors.write(event_frame(time.time(), events.RecorderStarted(segment=SegmentId(asked.segment))))
        if self._plan.flushes:
            self._flushes.append((self._elapsed() + _FLUSH_SECONDS, asked.segment, 1))

    def _welcome(self, connection: Connection) -> None:
        snapshot = events.PbxResynchronised(
            channels=tuple(ChannelId(channel) for channel in self._channels),
            recorders=tuple(events.RecorderStarted(segment=SegmentId(segment)) for segment in self._running),
        )
        self.doors.listen(connection)
        connection.write(answer_frame(Welcome(pace=1.0)) + event_frame(time.time(), snapshot))


def _templates(count: int) -> tuple[bytes, bytes, bytes]:
    """The frames of a call's beginning, meeting and end, with places for the moment and the call's number."""
    a, b, bridge = ChannelId("L%(n)d-a"), ChannelId("L%(n)d-b"), BridgeId("L%(n)d-bridge")
    more = count - _LEAST_EVENTS
    answered = [events.ChannelAnswered(channel=channel) for channel in (a, b)][: max(0, more)]
    left = [events.BridgeLeft(channel=channel, bridge=bridge) for channel in (a, b)][: max(0, more - 2)]
    remarks = [events.VariableSet(channel=a, name=f"REMARK{index}", value="load") for index in range(more - 4)]
    caller = events.ChannelCreated(
        channel=a, linked=a, number="+4930%(n)d", dialled="201", device="PJSIP/carrier", context="from-carrier"
    )
    agent = events.ChannelCreated(channel=b, linked=a, number="201", device="PJSIP/201", context="from-internal")
    entered = [events.BridgeEntered(channel=channel, bridge=bridge) for channel in (a, b)]
    ended = [events.ChannelEnded(channel=channel, cause="normal") for channel in (a, b)]
    return _template([caller, agent, *remarks]), _template([*answered, *entered]), _template([*left, *ended])


def _template(happened: Iterable[events.CallEvent]) -> bytes:
    frames = b"".join(event_frame(0.0, event) for event in happened)
    return frames.replace(b'"at":0.0', b'"at":%(at).6f')
