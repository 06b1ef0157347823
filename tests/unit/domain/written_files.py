"""Files as a PBX writes them, with known truth: when each frame was on the wire, and what the connector saw of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from connector.domain.call import Call, Leg, Role, Side, Span
from connector.domain.ids import CallId, ChannelId, Moment, RecordingId, SegmentId
from connector.domain.options import RecordingOptions
from connector.domain.recording import FlushPoint, Heard, Recording, Segment, SegmentState

#: When the calls of the tests begin.
T0: Moment = 1_790_000_000.0
#: What stdio flushes at once: 32 KiB of 16-bit samples.
FLUSH_FRAMES = 16384


@dataclass(frozen=True)
class Written:
    """A file that ran from `start` for `seconds`, but for the silences (seconds after start: from, to)."""

    seconds: float
    silences: tuple[tuple[float, float], ...] = ()
    start: Moment = T0
    rate: int = 8000

    @property
    def frames(self) -> int:
        return round((self.seconds - sum(end - begin for begin, end in self.silences)) * self.rate)

    def written_at(self, frame: int) -> Moment:
        """When that frame was on the wire."""
        at = frame / self.rate
        for begin, end in sorted(self.silences):
            if at >= begin:
                at += end - begin
        return self.start + at

    def flushes(self, jitter_seconds: Sequence[float] = (0.0,)) -> tuple[FlushPoint, ...]:
        counts = range(FLUSH_FRAMES, self.frames + 1, FLUSH_FRAMES)
        return tuple(
            FlushPoint(at=self.written_at(frames - 1) + jitter_seconds[index % len(jitter_seconds)], frames=frames)
            for index, frames in enumerate(counts)
        )


def a_segment(
    name: str = "rx1",
    written: Written | None = None,
    *,
    role: Role = Role.CALLER,
    heard: Heard = Heard.RX,
    channel: str | None = None,
    jitter_seconds: Sequence[float] = (0.0,),
    holds: tuple[tuple[float, float | None], ...] = (),
    **columns: object,
) -> Segment:
    """A closed segment with all its stamps, as they are when nothing goes wrong."""
    start, seconds = (written.start, written.seconds) if written else (T0, 0.0)
    speaks_left = (role is Role.CALLER) == (heard is Heard.RX)
    known: dict[str, object] = {
        "id": SegmentId(name),
        "recording_id": RecordingId("recording"),
        "call_id": CallId("call"),
        "channel": ChannelId(channel or str(role)),
        "role": role,
        "side": Side.LEFT if speaks_left else Side.RIGHT,
        "heard": heard,
        "path": f"{name}.wav",
        "sample_rate": written.rate if written else 8000,
        "state": SegmentState.CLOSED,
        "requested_at": start - 0.01,
        "started_at": start,
        "stopped_at": start + seconds,
        "flushes": written.flushes(jitter_seconds) if written else (),
        "holds": tuple(Span(start=T0 + begin, end=None if end is None else T0 + end) for begin, end in holds),
    }
    return Segment(**{**known, **columns})  # type: ignore[arg-type]  # a builder: the columns are checked by Segment


def a_recording(
    seconds: float | None = 12.0,
    pauses: tuple[tuple[float, float | None], ...] = (),
    options: RecordingOptions = RecordingOptions(),
) -> Recording:
    return Recording(
        id=RecordingId("recording"),
        call_id=CallId("call"),
        organisation="acme",
        pbx="pbx",
        node="node",
        options=options,
        requested_at=T0 - 0.02,
        started_at=T0,
        ended_at=None if seconds is None else T0 + seconds,
        pauses=tuple(Span(start=T0 + begin, end=None if end is None else T0 + end) for begin, end in pauses),
    )


def a_leg(channel: str, number: str = "", ended_at: Moment | None = None) -> Leg:
    return Leg(channel=ChannelId(channel), linked="1", number=number, created_at=T0 - 3, ended_at=ended_at)


def a_call(*legs: Leg) -> Call:
    legs = legs or (a_leg("caller", "+4930123"), a_leg("agent", "101"))
    return Call(id=CallId("call"), organisation="acme", pbx="pbx", node="node", legs=legs, started_at=T0 - 3)
