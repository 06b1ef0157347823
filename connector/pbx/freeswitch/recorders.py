"""The recorders that run now, and what follows from RECORD_START and RECORD_STOP.

Synchronous, without clock, disk or connection: signs come in, facts go out by `tell`. What a command was answered is no
sign: several of FreeSWITCH's +OK are said without anything having been done.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from connector.domain.events import CallEvent, RecorderClosed, RecorderFlushed, RecorderStalled, RecorderStarted
from connector.domain.ids import ChannelId, Moment, SegmentId
from connector.domain.recording import Heard

_REMEMBERED = 2000
_REMEMBERED_FLUSHES = 8
#: FreeSWITCH writes whole frames of 20 ms.
_FRAMES_PER_SECOND = 50


@dataclass(slots=True, kw_only=True, eq=False)
class Recorder:
    """One that was asked for, or that was found running after a reconnect."""

    segment: SegmentId
    channel: ChannelId
    #: Relative to the spool, as it is really written.
    path: str
    sample_rate: int
    heard: Heard = Heard.RX
    asked_at: Moment
    started_at: Moment | None = None
    is_proved: bool = False
    is_stop_asked: bool = False
    frames: int = 0
    #: From there on it holds whole frames: what a full disk tore is before it.
    whole_from: int = 0
    #: When its file grew last, the latest at the end.
    flushes: deque[Moment] = field(default_factory=lambda: deque(maxlen=_REMEMBERED_FLUSHES))
    #: RECORD_START has come, or RECORD_STOP.
    heard_of: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    #: Jobs run side by side in FreeSWITCH: what concerns one recorder is asked one by one.
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def is_running(self) -> bool:
        return self.is_proved and not self.is_stop_asked

    def adopted(self, at: Moment) -> None:
        """It was seen to run."""
        self.started_at = self.started_at or at
        self.is_proved = True
        self.heard_of.set()

    @property
    def alive_at(self) -> Moment:
        """When it showed its last sign of life."""
        return self.flushes[-1] if self.flushes else self.started_at or self.asked_at


class Recorders:
    def __init__(self, tell: Callable[[Moment, CallEvent], None]) -> None:
        self._tell = tell
        self._by_segment: dict[SegmentId, Recorder] = {}
        self._by_channel: dict[ChannelId, dict[SegmentId, Recorder]] = {}
        #: Where each stands in there: a recorder may move to another leg before it is added anew.
        self._channels: dict[SegmentId, ChannelId] = {}
        self._ended = _Remembered()
        self._given_up = _Remembered()

    def __iter__(self) -> Iterator[Recorder]:
        return iter(tuple(self._by_segment.values()))

    def __len__(self) -> int:
        return len(self._by_segment)

    def of(self, segment: SegmentId) -> Recorder | None:
        return self._by_segment.get(segment)

    def has_ended(self, segment: SegmentId) -> bool:
        return segment in self._ended

    def on(self, channel: ChannelId) -> list[Recorder]:
        return list(self._by_channel.get(channel, {}).values())

    def is_nobodys(self, segment: SegmentId) -> bool:
        """Whether that recorder, should it run after all, was given up. Those of another time or house are not."""
        return segment in self._given_up

    def give_up(self, segment: SegmentId) -> None:
        self._given_up.add(segment)

    def add(self, recorder: Recorder) -> None:
        self._ended.discard(recorder.segment)
        self._given_up.discard(recorder.segment)
        self._take_out(recorder.segment)
        self._by_segment[recorder.segment] = recorder
        self._channels[recorder.segment] = recorder.channel
        self._by_channel.setdefault(recorder.channel, {})[recorder.segment] = recorder

    def remove(self, recorder: Recorder) -> None:
        if self._by_segment.get(recorder.segment) is recorder:
            self._take_out(recorder.segment)
            self._ended.add(recorder.segment)
            recorder.heard_of.set()
            recorder.ended.set()

    def _take_out(self, segment: SegmentId) -> None:
        if self._by_segment.pop(segment, None) is not None:
            channel = self._channels.pop(segment)
            del self._by_channel[channel][segment]
            if not self._by_channel[channel]:
                del self._by_channel[channel]

    def replace(self, alive: Iterable[Recorder]) -> None:
        """What runs is told anew: the others have ended unseen."""
        kept = {recorder.segment: recorder for recorder in alive}
        for recorder in self:
            if recorder.segment not in kept:
                self.remove(recorder)
                if not recorder.is_proved:
                    # It may begin yet.
                    self.give_up(recorder.segment)
        for recorder in kept.values():
            self.add(recorder)

    # Signs

    def record_start(self, segment: SegmentId, at: Moment) -> bool:
        """Whether it is one that somebody waits for, or had waited for."""
        recorder = self._by_segment.get(segment)
        if recorder is None:
            return False
        if recorder.started_at is None:
            recorder.started_at = at
        recorder.heard_of.set()
        return True

    def proved(self, recorder: Recorder) -> None:
        """Its start was told, and its file is there or nobody here can see it."""
        if not recorder.is_proved and recorder.started_at is not None:
            recorder.is_proved = True
            self._tell(recorder.started_at, started(recorder))

    def record_stop(self, segment: SegmentId, at: Moment) -> bool:
        """The file is complete. Whether it is one of ours."""
        recorder = self._by_segment.get(segment)
        if recorder is None:
            return False
        recorder.started_at = recorder.started_at or recorder.asked_at
        self.proved(recorder)
        self._tell(at, RecorderClosed(segment=segment))
        self.remove(recorder)
        return True

    def file_grew(self, recorder: Recorder, frames: int, at: Moment, *, ends_block: bool = False) -> None:
        """`ends_block`: to the end of a block of the disk. When that is no whole frame, the disk is full."""
        if frames > recorder.frames and recorder.is_proved and not recorder.ended.is_set():
            recorder.frames = frames
            recorder.flushes.append(at)
            is_torn = ends_block and (frames - recorder.whole_from) % (recorder.sample_rate // _FRAMES_PER_SECOND) != 0
            if is_torn:
                recorder.whole_from = frames
            self._tell(at, RecorderFlushed(segment=recorder.segment, frames=frames, is_torn=is_torn))

    def stalled(self, recorder: Recorder, at: Moment) -> None:
        """It writes no more though it should: the Director goes on in another file."""
        self._tell(at, RecorderStalled(segment=recorder.segment))


def started(recorder: Recorder) -> RecorderStarted:
    return RecorderStarted(segment=recorder.segment, path=recorder.path, sample_rate=recorder.sample_rate)


class _Remembered:
    """The last few; the eldest are forgotten."""

    def __init__(self) -> None:
        self._segments: OrderedDict[SegmentId, None] = OrderedDict()

    def __contains__(self, segment: SegmentId) -> bool:
        return segment in self._segments

    def add(self, segment: SegmentId) -> None:
        self._segments[segment] = None
        if len(self._segments) > _REMEMBERED:
            self._segments.popitem(last=False)

    def discard(self, segment: SegmentId) -> None:
        self._segments.pop(segment, None)
