"""Which recorders have silently stopped writing. Pure: knows who shares a bridge, who holds, and when files grew.

A file stands still while neither direction of its channel carries sound, and that is no fault. But two who talk with
each other fill both files: where one grows and the other does not, and nobody holds, the other one is dead.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol, TypeVar

from connector.domain.events import (
    BridgeEntered,
    BridgeKind,
    BridgeLeft,
    CallEvent,
    ChannelEnded,
    ChannelHeld,
    ChannelUnheld,
)
from connector.domain.ids import BridgeId, ChannelId, Moment, SegmentId

STALLED_SECONDS = 6.0
_FLUSHES_OF_OTHERS = 2
DEAD_SECONDS = 10.0
_DEAD_RECORDERS = 5


class Growing(Protocol):
    """A recorder, as far as it matters here."""

    @property
    def segment(self) -> SegmentId: ...

    @property
    def channel(self) -> ChannelId: ...

    @property
    def is_running(self) -> bool:
        """Proved, and nobody has asked it to stop."""
        ...

    @property
    def alive_at(self) -> Moment:
        """When it showed its last sign of life."""
        ...

    @property
    def flushes(self) -> Iterable[Moment]:
        """When its file grew, the last few times."""
        ...


_R = TypeVar("_R", bound=Growing)


class Growth:
    def __init__(self) -> None:
        self._bridge_of: dict[ChannelId, tuple[BridgeId, Moment]] = {}
        self._members: dict[BridgeId, set[ChannelId]] = {}
        #: Who holds; and since when nobody does, for those who did.
        self._holding: set[ChannelId] = set()
        self._resumed_at: dict[ChannelId, Moment] = {}

    def note(self, event: CallEvent, at: Moment) -> None:
        match event:
            case BridgeEntered(channel=channel, bridge=bridge, kind=BridgeKind.TALK):
                self._leave(channel)
                self._bridge_of[channel] = (bridge, at)
                self._members.setdefault(bridge, set()).add(channel)
            case BridgeLeft(channel=channel, bridge=bridge) if self._bridge_of.get(channel, ("",))[0] == bridge:
                self._leave(channel)
            case ChannelHeld(channel=channel):
                self._holding.add(channel)
            case ChannelUnheld(channel=channel):
                self._holding.discard(channel)
                self._resumed_at[channel] = at
            case ChannelEnded(channel=channel):
                self._leave(channel)
                self._holding.discard(channel)
                self._resumed_at.pop(channel, None)

    def is_held(self, channel: ChannelId) -> bool:
        return channel in self._holding

    def stalled(self, recorders: Iterable[_R], now: Moment) -> Iterator[_R]:
        running = [recorder for recorder in recorders if recorder.is_running]
        quiet = [recorder for recorder in running if recorder.alive_at + STALLED_SECONDS < now]
        if not quiet:
            return
        by_channel: dict[ChannelId, list[_R]] = {}
        for recorder in running:
            by_channel.setdefault(recorder.channel, []).append(recorder)
        for recorder in quiet:
            if self._is_dead(recorder, by_channel, now):
                yield recorder

    def _is_dead(self, recorder: _R, by_channel: Mapping[ChannelId, Sequence[_R]], now: Moment) -> bool:
        bridge, entered_at = self._bridge_of.get(recorder.channel, (None, now))
        if bridge is None:
            return False
        members = self._members[bridge]
        since = max(recorder.alive_at, entered_at, *(self._resumed_at.get(one, 0.0) for one in members))
        if since + STALLED_SECONDS >= now or members & self._holding:
            return False
        others = [one for channel in members - {recorder.channel} for one in by_channel.get(channel, ())]
        return any(sum(moment > since for moment in one.flushes) >= _FLUSHES_OF_OTHERS for one in others)

    def _leave(self, channel: ChannelId) -> None:
        bridge, _ = self._bridge_of.pop(channel, (None, 0.0))
        if bridge is not None and (members := self._members.get(bridge)) is not None:
            members.discard(channel)
            if not members:
                del self._members[bridge]


def is_pbx_dead(recorders: Iterable[Growing], now: Moment) -> bool:
    """Whether many recorders run and not one has written anything for long."""
    running = [recorder.alive_at for recorder in recorders if recorder.is_running]
    return len(running) >= _DEAD_RECORDERS and max(running) + DEAD_SECONDS < now
