"""Plays scripts as a PBX would: brings together time, sockets and the exchange. `python -m` runs it by itself.

Time is any Clock: the real one, a faster one, or one that a test moves.
"""

import argparse
import asyncio
import json
import logging
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from connector.domain.ids import Moment
from connector.domain.pbx_commands import PlaceCall
from connector.errors import ConfigError, PbxUnreachable
from connector.pbx.scripted.agenda import Agenda
from connector.pbx.scripted.doors import Connection, Doors
from connector.pbx.scripted.exchange import Exchange, Manners
from connector.pbx.scripted.load import Load, load_plan
from connector.pbx.scripted.paced_clock import PacedClock
from connector.pbx.scripted.placing import ANSWERED_SECONDS, placed
from connector.pbx.scripted.script import Script, What
from connector.pbx.scripted.script_file import read_script
from connector.pbx.scripted.wav_file import FLUSH_BYTES, Disk
from connector.pbx.scripted.wire import Numbered, Placed, Welcome, answer_frame, from_driver
from connector.ports.clock import Clock

_log = logging.getLogger(__name__)


class Player:
    """`grace_seconds`: with a faster clock, how long (in real seconds) time waits for answers to each line."""

    def __init__(
        self, socket: Path, spool: Path, *, clock: Clock, manners: Manners | None = None, grace_seconds: float = 0.0
    ) -> None:
        self.doors = Doors(socket, self._on_line)
        self._clock = clock
        self._grace_seconds = grace_seconds
        self._agenda = Agenda()
        #: The moment of tick 0.
        self.epoch: Moment = clock.now()
        self.exchange = Exchange(Disk(spool), self.doors, self._agenda, self.epoch, manners or Manners())
        self._has_spoken = False

    def add(self, script: Script, at: Moment | None = None) -> Moment:
        """Let it happen from `at` on (now without it); returns that moment. Raises ConfigError for a voice that
        cannot be."""
        start = self._clock.now() if at is None else at
        self.exchange.stage.cast(script.voices)
        for line in script.lines:
            self._agenda.put(start + line.offset_seconds, partial(self._happen, line.what))
        return start

    async def open(self) -> None:
        await self.doors.open()

    async def close(self) -> None:
        await self.doors.close()

    async def play(self) -> None:
        """Until nothing is left to happen; recorders of a call that never ends keep it going."""
        while (due := self._agenda.next_at) is not None:
            self._agenda.changed.clear()
            if due <= self._clock.now():
                await self._settle(self._agenda.do_next())
            else:
                await self._until(due)

    async def attend(self) -> None:
        """For ever: play, and wait for more."""
        while True:
            await self.play()
            self._agenda.changed.clear()
            await self._agenda.changed.wait()

    @asynccontextmanager
    async def attended(self) -> AsyncIterator["Player"]:
        """Open and playing while the block lasts."""
        await self.open()
        try:
            async with asyncio.TaskGroup() as tasks:
                attending = tasks.create_task(self.attend())
                yield self
                attending.cancel()
        finally:
            await self.close()

    def shut_down(self) -> None:
        """End all channels and close all files now."""
        self.exchange.end_all(self._present())

    def report(self) -> dict[str, Any]:
        return {
            "events": self.exchange.events_told,
            "commands": self.exchange.commands_read,
            "start_recorder": self.exchange.answers.report(),
        }

    def _present(self) -> Moment:
        """Now, with everything done that was due. Time that gives grace does not go past what is due next."""
        now = self._clock.now()
        if self._grace_seconds:
            return min(now, self._agenda.next_at or now)
        self._agenda.catch_up(now)
        return now

    def _happen(self, what: What, at: Moment) -> None:
        self._has_spoken = True
        self.exchange.happen(at, what)

    async def _settle(self, at: Moment) -> None:
        if self._has_spoken and self._grace_seconds and isinstance(self._clock, PacedClock):
            await self._clock.stand_still(at, self._grace_seconds)
        else:
            await asyncio.sleep(0)
        self._has_spoken = False

    async def _until(self, due: Moment) -> None:
        """Until that moment, or until something was put on the agenda: it may be earlier."""
        sleeping = asyncio.ensure_future(self._clock.sleep_until(due))
        changed = asyncio.ensure_future(self._agenda.changed.wait())
        try:
            await asyncio.wait((sleeping, changed), return_when=asyncio.FIRST_COMPLETED)
            if sleeping.done():
                sleeping.result()
        finally:
            sleeping.cancel()
            changed.cancel()

    def _on_line(self, connection: Connection, line: bytes, received_ns: int) -> None:
        said = from_driver(line)
        now = self._present()
        if isinstance(said, Numbered):
            if isinstance(said.command, PlaceCall):
                self._place(now, said.id, said.command, connection)
                return
            self.exchange.obey(now, said.id, said.command, connection, received_ns)
            return
        self.doors.listen(connection)
        pace = self._clock.pace if isinstance(self._clock, PacedClock) else 1.0
        connection.write(answer_frame(Welcome(pace=pace)) + b"".join(self.exchange.snapshot(now)))

    def _place(self, now: Moment, number: int, wanted: PlaceCall, connection: Connection) -> None:
        reason = self.exchange.refusal()
        if reason:
            connection.write(answer_frame(Placed(id=number, reason=reason)))
            return
        start = self.add(placed(wanted), now)
        self._agenda.put(start + ANSWERED_SECONDS, lambda _: connection.write(answer_frame(Placed(id=number))))


def main(arguments: Sequence[str] | None = None) -> int:
    wanted = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    began, cpu_began = time.monotonic(), time.process_time()
    try:
        report = asyncio.run(_run(wanted))
    except (ConfigError, PbxUnreachable, OSError) as error:
        _log.error("%s", error)
        return 2
    report["seconds"] = round(time.monotonic() - began, 3)
    report["cpu_seconds"] = round(time.process_time() - cpu_began, 3)
    written = json.dumps(report, indent=2) + "\n"
    if wanted.report is not None:
        wanted.report.write_text(written)
    else:
        sys.stdout.write(written)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="connector.pbx.scripted.player", description="An imitation PBX")
    parser.add_argument("--socket", type=Path, required=True, help="the unix socket that drivers connect to")
    parser.add_argument("--spool", type=Path, help="the folder for the recorders' files")
    parser.add_argument("--script", type=Path, action="append", default=[], help="JSON or YAML; may be given again")
    parser.add_argument("--load", help="events only: calls=10000,rate=200,events=6,seconds=120,flushes=0")
    parser.add_argument("--pace", type=float, default=1.0, help="seconds of the script in a real one")
    parser.add_argument("--grace", type=float, default=0.0, help="real seconds that time waits after each line")
    parser.add_argument("--flush-bytes", type=int, default=FLUSH_BYTES, help="how much a file grows at once")
    parser.add_argument("--no-flush-events", action="store_true", help="do not tell when files grow")
    parser.add_argument("--at-once", action="store_true", help="do not wait for the first driver")
    parser.add_argument("--stay", action="store_true", help="wait for SIGTERM after the end of the script")
    parser.add_argument("--report", type=Path, help="where the JSON report goes instead of the standard output")
    return parser


async def _run(wanted: argparse.Namespace) -> dict[str, Any]:
    return await (_run_scripts(wanted) if wanted.load is None else _run_load(wanted))


async def _run_load(wanted: argparse.Namespace) -> dict[str, Any]:
    load = Load(wanted.socket, load_plan(wanted.load))
    await load.doors.open()
    await _unless_stopped(_once_heard(wanted, load.doors, load.play))
    await load.doors.close()
    return load.report()


async def _run_scripts(wanted: argparse.Namespace) -> dict[str, Any]:
    if wanted.spool is None:
        raise ConfigError("--spool is missing: name the folder for the recorders' files")
    scripts = [read_script(path) for path in wanted.script]
    manners = Manners(flush_bytes=wanted.flush_bytes, tells_flushes=not wanted.no_flush_events)
    clock = PacedClock(wanted.pace)
    player = Player(wanted.socket, wanted.spool, clock=clock, manners=manners, grace_seconds=wanted.grace)

    async def play() -> None:
        for script in scripts:
            player.add(script)
        await (player.attend() if wanted.stay else player.play())

    await player.open()
    await _unless_stopped(_once_heard(wanted, player.doors, play))
    player.shut_down()
    await asyncio.sleep(0)
    await player.close()
    return player.report()


async def _once_heard(wanted: argparse.Namespace, doors: Doors, play: Callable[[], Awaitable[None]]) -> None:
    if not wanted.at_once:
        await doors.was_heard.wait()
    await play()


async def _unless_stopped(work: Coroutine[Any, Any, None]) -> None:
    """Do the work until SIGTERM or SIGINT comes."""
    task = asyncio.ensure_future(work)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    await asyncio.wait((task,))
    if not task.cancelled():
        task.result()


if __name__ == "__main__":
    sys.exit(main())
