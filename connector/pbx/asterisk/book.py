"""The recorders that run now, and what follows from each sign of them: of Asterisk's events and of their files.

Synchronous, without clock, disk or connection: signs come in, facts go out by `tell`. No single sign is proof. A
recorder has started when Asterisk said so and the file is there; it is closed when the file is and we know since when.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from connector.domain.events import (
    CallEvent,
    RecorderClosed,
    RecorderFlushed,
    RecorderFound,
    RecorderStalled,
    RecorderStarted,
)
from connector.domain.ids import ChannelId, Moment, SegmentId
from connector.domain.recording import Heard
from connector.pbx.asterisk.wav_look import frames_in, is_torn_at

#: A file that closes by a hangup may do so a little before the PBX tells of the hangup.
UNEXPLAINED_SECONDS = 0.5
#: Said stopped by the reply; the event with the exact moment comes at the same time or not at all.
_STOP_EVENT_SECONDS = 0.3
_REMEMBERED_ENDS = 2000
_REMEMBERED_FLUSHES = 8


@dataclass(slots=True, kw_only=True)
class Recorder:
    segment: SegmentId
    channel: ChannelId
    #: Relative to the spool, as it is really written.
    path: str
    sample_rate: int
    heard: Heard = Heard.RX
    monitor_id: str = ""
    #: Where the PBX keeps the MixMonitorID.
    id_variable: str = ""
    asked_at: Moment
    #: Set for what the dialplan started: how it is told once it is proved.
    found: RecorderFound | None = None
    started_at: Moment | None = None
    is_on_disk: bool = False
    is_proved: bool = False
    frames: int = 0
    #: When it grew last, the latest at the end.
    flushes: deque[Moment] = field(default_factory=lambda: deque(maxlen=_REMEMBERED_FLUSHES))
    is_stop_asked: bool = False
    stop_said_at: Moment | None = None
    stopped_at: Moment | None = None
    file_closed_at: Moment | None = None

    @property
    def is_running(self) -> bool:
        return self.is_proved and not self.is_stop_asked and self.stopped_at is None

    @property
    def is_known_in_time(self) -> bool:
        """Not for a recorder of the dialplan that we have not seen write: its file waits until there is sound."""
        return self.found is None or bool(self.flushes)

    @property
    def alive_at(self) -> Moment:
        """When it showed its last sign of life."""
        return self.flushes[-1] if self.flushes else self.started_at or self.asked_at


class Book:
    """With `on_disk` false nobody sees the files: what the PBX says is taken."""

    def __init__(self, tell: Callable[[Moment, CallEvent], None], *, on_disk: bool) -> None:
        self._tell = tell
        self._on_disk = on_disk
        self._by_segment: dict[SegmentId, Recorder] = {}
        self._by_path: dict[str, Recorder] = {}
        self._by_channel: dict[ChannelId, list[Recorder]] = {}
        #: Whose MixMonitorStart comes next on a channel.
        self._announced: dict[ChannelId, SegmentId] = {}
        #: When somebody else stopped a recorder on a channel; which one, its file tells.
        self._foreign_stops: dict[ChannelId, Moment] = {}
        self._ended: OrderedDict[SegmentId, None] = OrderedDict()
        self.is_connected = False

    def __iter__(self) -> Iterator[Recorder]:
        return iter(tuple(self._by_segment.values()))

    def of(self, segment: SegmentId) -> Recorder | None:
        return self._by_segment.get(segment)

    def at(self, path: str) -> Recorder | None:
        return self._by_path.get(path)

    def on(self, channel: ChannelId) -> list[Recorder]:
        return self._by_channel.get(channel, [])

    def has_ended(self, segment: SegmentId) -> bool:
        return segment in self._ended

    def add(self, recorder: Recorder) -> None:
        self._ended.pop(recorder.segment, None)
        self._by_segment[recorder.segment] = recorder
        self._by_path[recorder.path] = recorder
        self._by_channel.setdefault(recorder.channel, []).append(recorder)

    def remove(self, recorder: Recorder) -> None:
        if self._by_segment.get(recorder.segment) is not recorder:
            return
        del self._by_segment[recorder.segment]
        self._by_path.pop(recorder.path, None)
        others = self._by_channel[recorder.channel]
        others.remove(recorder)
        if not others:
            del self._by_channel[recorder.channel]
            self._announced.pop(recorder.channel, None)
            self._foreign_stops.pop(recorder.channel, None)
        self._ended[recorder.segment] = None
        if len(self._ended) > _REMEMBERED_ENDS:
            self._ended.popitem(last=False)

    # Signs of the PBX

    def id_told(self, channel: ChannelId, segment: SegmentId, monitor_id: str) -> None:
        """The variable with the MixMonitorID is set just before the recorder's start is told."""
        recorder = self._by_segment.get(segment)
        if recorder is not None and monitor_id:
            recorder.monitor_id = monitor_id
            self._announced[channel] = segment

    def monitor_started(self, channel: ChannelId, at: Moment) -> bool:
        """Whether one of ours did."""
        announced = self._by_segment.get(self._announced.pop(channel, SegmentId("")))
        for recorder in (announced,) if announced is not None else self.on(channel):
            if recorder.started_at is None:
                recorder.started_at = at
                self._prove(recorder)
                return True
        return False

    def monitor_stopped(self, channel: ChannelId, at: Moment) -> None:
        """Somebody stopped a recorder on that channel: ours, when we asked for it."""
        for recorder in self.on(channel):
            if recorder.is_stop_asked and recorder.stopped_at is None:
                self._stop(recorder, at)
                return
        if self.on(channel):
            self._foreign_stops[channel] = at
        for recorder in tuple(self.on(channel)):
            self._judge(recorder, at)

    def channel_ended(self, channel: ChannelId, at: Moment) -> None:
        for recorder in tuple(self.on(channel)):
            self._stop(recorder, at if recorder.stopped_at is None else recorder.stopped_at)

    def connection_lost(self) -> None:
        """Nobody will explain a closed file now; its own moment has to do."""
        self.is_connected = False
        for recorder in self:
            self._settle(recorder)

    # Signs of the file

    def file_appeared(self, recorder: Recorder) -> None:
        recorder.is_on_disk = True
        self._prove(recorder)

    def start_unsaid(self, recorder: Recorder, at: Moment) -> None:
        """The file is there, but its start was never told: this moment has to do."""
        if recorder.started_at is None:
            recorder.started_at = at
        self._prove(recorder)

    def file_grew(self, recorder: Recorder, size_bytes: int, at: Moment) -> None:
        frames = frames_in(size_bytes)
        if frames > recorder.frames and recorder.is_proved:
            recorder.frames = frames
            recorder.flushes.append(at)
            is_torn = is_torn_at(size_bytes)
            self._tell(at, RecorderFlushed(segment=recorder.segment, frames=frames, is_torn=is_torn))

    def file_closed(self, recorder: Recorder, at: Moment) -> None:
        recorder.is_on_disk = True
        if recorder.file_closed_at is None:
            recorder.file_closed_at = at
        self._settle(recorder)
        self._judge(recorder, at)

    # Time

    def looked_over(self, now: Moment) -> list[Recorder]:
        """Conclude what waits for no more signs; returns those that are stopped and whose file nobody saw close."""
        for recorder in self:
            said = recorder.stop_said_at
            if recorder.stopped_at is None and said is not None and said + _STOP_EVENT_SECONDS <= now:
                self._stop(recorder, said)
            closed = recorder.file_closed_at
            if recorder.stopped_at is None and closed is not None and closed + UNEXPLAINED_SECONDS <= now:
                self.stalled(recorder, now)
        return [one for one in self if one.stopped_at is not None and one.file_closed_at is None]

    def stalled(self, recorder: Recorder, at: Moment) -> None:
        """It writes no more though it should: the Director goes on in another file."""
        self._tell(at, RecorderStalled(segment=recorder.segment))
        if recorder.file_closed_at is not None:
            self.remove(recorder)

    def _judge(self, recorder: Recorder, at: Moment) -> None:
        """Its file is closed, nobody here asked for it, and its channel lives: somebody else stopped this one."""
        closed, stop = recorder.file_closed_at, self._foreign_stops.get(recorder.channel)
        is_unasked = recorder.stopped_at is None and not recorder.is_stop_asked
        if is_unasked and closed is not None and stop is not None and abs(closed - stop) <= UNEXPLAINED_SECONDS:
            self.stalled(recorder, at)

    def _prove(self, recorder: Recorder) -> None:
        is_there = recorder.is_on_disk or not self._on_disk
        if recorder.is_proved or not is_there or recorder.started_at is None:
            return
        recorder.is_proved = True
        self._tell(recorder.started_at, recorder.found or started(recorder))

    def _stop(self, recorder: Recorder, at: Moment) -> None:
        recorder.stopped_at = at
        self._settle(recorder)

    def _settle(self, recorder: Recorder) -> None:
        """Whether all is known about its end."""
        is_closed = recorder.file_closed_at is not None or not self._on_disk
        at = recorder.stopped_at
        if at is None and not self.is_connected:
            at = recorder.file_closed_at
        if not is_closed or at is None:
            return
        self.start_unsaid(recorder, recorder.asked_at)
        self._tell(at, RecorderClosed(segment=recorder.segment))
        self.remove(recorder)


def started(recorder: Recorder) -> RecorderStarted:
    return RecorderStarted(segment=recorder.segment, path=recorder.path, sample_rate=recorder.sample_rate)
