"""A FreeSWITCH for tests: started, killed, shut down, cut off, stalled, and lied with. See README.md."""

import asyncio
import contextlib
import itertools
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.freeswitch import bridges, recording
from tests.freeswitch.api_commands import ApiCommands
from tests.freeswitch.esl_server import EslServer
from tests.freeswitch.event import Event
from tests.freeswitch.exchange import Exchange, Nature
from tests.freeswitch.legs import Leg
from tests.freeswitch.lies import Lies
from tests.freeswitch.recorders import Recorder
from tests.freeswitch.telephony import Telephony
from tests.freeswitch.voices import Noise, Voice
from tests.freeswitch.wav_file import Disk

#: Measured: between SIGTERM's last event and the notice.
_NOTICE_AFTER_SECONDS: Final = 0.1
_SHUT_DOWN: Final = "The system is being shut down.\n"


class ScriptedSwitch(Telephony):
    """`async with` starts it; the port stays the same over crashes and restarts."""

    def __init__(
        self,
        folder: Path,
        port: int = 0,
        password: str = "secret",
        version: str = "1.10.12-release",
        *,
        tick_seconds: float = 0.02,
        heartbeat_seconds: float = 20.0,
        clock_ahead_seconds: float = 0.0,
        voice: Callable[[int], Voice] = Noise,
    ) -> None:
        super().__init__(voice)
        self.port, self.password = port, password
        self.recordings = folder / "recordings"
        self.recordings.mkdir(parents=True, exist_ok=True)
        self.lies, self.disk = Lies(), Disk()
        self._nature = Nature(
            recordings=self.recordings,
            version=version,
            tick_seconds=tick_seconds,
            heartbeat_seconds=heartbeat_seconds,
            clock_ahead_seconds=clock_ahead_seconds,
            lies=self.lies,
            disk=self.disk,
        )
        self._refuse_acl = False
        self._server: EslServer | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.is_running:
            await self.crash()

    # --- its life -------------------------------------------------------------------------------------------------

    @property
    def is_running(self) -> bool:
        return self._server is not None

    @property
    def core_uuid(self) -> str:
        return self.exchange.core.uuid

    async def start(self) -> None:
        """A new Core-UUID, no calls."""
        assert not self.is_running, "it runs already"
        self.exchange = exchange = Exchange(self._nature)
        exchange.limit_reached = self._limit_reached
        self._server = EslServer(exchange, self.password, ApiCommands(self).answer)
        self._server.refuse_acl = self._refuse_acl
        self.port = await self._server.open(self.port)
        self.begin(exchange.write_sound())
        self.begin(exchange.beat())

    async def crash(self) -> None:
        """kill -9: connections are reset, WAV heads say 8 and 0, what was buffered is lost (measured)."""
        server, self._server = self._server, None
        assert server is not None, "it does not run"
        self.exchange.advance_all()
        for recorder in self._recorders():
            recorder.file.abandon()
        for room in self.exchange.conferences.values():
            room.abandon()
        self.exchange.recorders.clear()
        self._all_phones_end()
        await self._end(server)

    async def shutdown(self) -> None:
        """SIGTERM: SHUTDOWN, RECORD_STOP, CHANNEL_HANGUP_COMPLETE, the notice, the end; files are good (measured)."""
        server, self._server = self._server, None
        assert server is not None, "it does not run"
        self.exchange.fire("SHUTDOWN", {"Event-Info": "System Shutting Down"})
        for leg in list(self.exchange.legs.values()):
            bridges.hang_up(self.exchange, leg, "SYSTEM_SHUTDOWN")
        await asyncio.sleep(_NOTICE_AFTER_SECONDS)
        server.say_goodbye(_SHUT_DOWN)
        for listener in tuple(server.listeners):
            with contextlib.suppress(ConnectionError):
                await listener.writer.drain()
            listener.writer.close()
        await asyncio.sleep(0)
        await self._end(server, politely=True)

    async def restart(self) -> None:
        """Killed, if it runs, and started again on the same port."""
        if self.is_running:
            await self.crash()
        await self.start()

    # --- its event socket -----------------------------------------------------------------------------------------

    def change_password(self, password: str) -> None:
        """For new connections, as when mod_event_socket is reloaded."""
        self.password = self._running.password = password

    @property
    def refuse_acl(self) -> bool:
        return self._refuse_acl

    @refuse_acl.setter
    def refuse_acl(self, refuses: bool) -> None:
        """New connections are rudely rejected."""
        self._refuse_acl = refuses
        if self._server is not None:
            self._server.refuse_acl = refuses

    @property
    def clients(self) -> int:
        """How many are logged in."""
        if self._server is None:
            return 0
        return sum(listener.is_authenticated for listener in self._server.listeners)

    async def cut(self) -> None:
        """Every connection is reset; new ones are taken."""
        self._running.cut()

    async def stall(self) -> None:
        """Nothing is read or said any more, and new connections get no greeting; calls and recordings go on."""
        self._running.stall()

    async def go_on(self) -> None:
        self._running.go_on()

    async def forge(self, data: bytes) -> None:
        """Bytes that everybody gets who is logged in."""
        self._running.forge(data)

    # --- what a test asks -----------------------------------------------------------------------------------------

    @property
    def fired(self) -> deque[Event]:
        """The last events, whoever heard them."""
        return self.exchange.fired

    @property
    def legs(self) -> Iterable[Leg]:
        return self.exchange.legs.values()

    def running(self, leg: Leg | None = None) -> list[str]:
        """The paths that are being recorded now: of a leg, or all; those of conferences too."""
        mixes = [path for room in self.exchange.conferences.values() for path in room.mixes] if leg is None else []
        return [one.path for one in self._recorders() if leg is None or one.leg is leg] + mixes

    # --- behind the scenes ----------------------------------------------------------------------------------------

    @property
    def _running(self) -> EslServer:
        assert self._server is not None, "it does not run"
        return self._server

    def _recorders(self) -> list[Recorder]:
        return list(itertools.chain.from_iterable(one.values() for one in self.exchange.recorders.values()))

    def _limit_reached(self, recorder: Recorder) -> None:
        recording.end(self.exchange, recorder, "success-maxtime")

    def _all_phones_end(self) -> None:
        frame = self.exchange.clock.frame()
        for leg in self.exchange.legs.values():
            leg.fall_silent(frame)
            leg.ended.set()

    async def _end(self, server: EslServer, *, politely: bool = False) -> None:
        await server.close(politely=politely)
        tasks = (*self._tasks, *self.exchange.jobs)
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome
