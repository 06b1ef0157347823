"""The driver of Asterisk at a scripted AMI, with a spool whose files the test writes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from connector.domain.events import CallEvent, Stamped
from connector.domain.ids import CallId, ChannelId, Moment, SegmentId
from connector.domain.pbx_commands import MuteRecorder, StartRecorder, StopRecorder
from connector.network.clock import SystemClock
from connector.pbx.asterisk.ami_message import AmiMessage
from connector.pbx.asterisk.driver import AsteriskPbx, Player
from connector.ports.clock import Clock
from connector.settings import AsteriskSettings
from tests.unit.pbx.asterisk.ami_server import AmiServer, Answer, Peer, error, listing, success

CALLER = ChannelId("1.1")
CALL = CallId("call")
NARROW = "Value: (ulaw)"
STATUS = "Event: Status\r\nChannel: PJSIP/201-00000001\r\nUniqueid: {}\r\nLinkedid: 1.1\r\nChannelState: 6"

_E = TypeVar("_E", bound=CallEvent)


def start(segment: str = "s1") -> StartRecorder:
    return StartRecorder(call=CALL, segment=SegmentId(segment), channel=CALLER, path=f"{segment}.wav", sample_rate=8000)


def stop(segment: str = "s1") -> StopRecorder:
    return StopRecorder(call=CALL, segment=SegmentId(segment), channel=CALLER)


def mute(segment: str = "s1") -> MuteRecorder:
    return MuteRecorder(call=CALL, segment=SegmentId(segment), channel=CALLER)


class DriverRig:
    def __init__(self, server: AmiServer, pbx: AsteriskPbx, spool: Path, clock: Clock) -> None:
        self.server = server
        self.pbx = pbx
        self.spool = spool
        self.clock = clock
        self.heard: list[Stamped] = []
        self._news = asyncio.Event()

    async def listen(self) -> None:
        async for stamped in self.pbx.events():
            self.heard.append(stamped)
            self._news.set()

    async def until(self, claim: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not claim():
                self._news.clear()
                await self._news.wait()

    async def asked(self, action: str, times: int = 1) -> AmiMessage:
        async with asyncio.timeout(10):
            return await (await self.peer()).asked(action, times)

    async def peer(self) -> Peer:
        """The connection that is up now."""
        return await self.server.peer(len(self.server.peers) or 1)

    def now(self) -> Moment:
        """As exactly as AMI says it."""
        return round(self.clock.now(), 6)

    async def tell(self, event: str, *lines: str, at: Moment | None = None) -> None:
        await self.tell_unstamped(event, f"Timestamp: {self.now() if at is None else at:.6f}", *lines)

    async def tell_unstamped(self, event: str, *lines: str) -> None:
        (await self.peer()).tell(f"Event: {event}", f"Uniqueid: {CALLER}", "Linkedid: 1.1", *lines)

    async def recording(self, segment: str = "s1") -> None:
        """A recorder that has proved itself."""
        await self.pbx.execute(start(segment))
        await self.asked("MixMonitor")
        (self.spool / f"{segment}.wav").touch()
        await self.tell("MixMonitorStart")
        await self.until(lambda: segment in [getattr(one.event, "segment", "") for one in self.heard])

    def told(self, kind: type[_E]) -> list[_E]:
        return [one.event for one in self.heard if isinstance(one.event, kind)]

    @property
    def kinds(self) -> list[str]:
        return [type(one.event).__name__ for one in self.heard]


def answers(**more: Answer) -> dict[str, Answer]:
    return {
        "Status": listing(STATUS.format(CALLER)),
        "BridgeList": listing(),
        "Getvar": success(NARROW),
        "MixMonitor": success("MixMonitorID: 0x1"),
        "StopMixMonitor": success(),
        "MixMonitorMute": success(),
        "Setvar": success(),
        "Command": error("Permission denied"),
        **more,
    }


@asynccontextmanager
async def running(
    folder: Path,
    *,
    clock: Clock | None = None,
    files: str = "shared",
    spool: str = "",
    player: Player | None = None,
    queue_length: int = 1000,
    is_listening: bool = True,
    **more: Answer,
) -> AsyncIterator[DriverRig]:
    """Connected and resynchronised, unless `is_listening` is false."""
    async with AmiServer(answers(**more)).listening() as server, asyncio.TaskGroup() as tasks:
        clock = clock or SystemClock()
        settings = AsteriskSettings(ami=server.endpoint, spool=spool or str(folder), files=files)
        pbx = AsteriskPbx("office", settings, clock=clock, player=player, queue_length=queue_length)
        rig = DriverRig(server, pbx, folder, clock)
        if is_listening:
            tasks.create_task(rig.listen())
            await rig.until(lambda: rig.heard)
        yield rig
        await pbx.close()
