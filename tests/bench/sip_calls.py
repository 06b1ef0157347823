"""Many real calls at once at a fresh Asterisk, with or without callreel: what they cost, and when recorders started.

Knows processes and clocks. What the recordings sound like is the proof's business, where the bars stand the benches'.
"""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.pbx.asterisk import Asterisk, NoAsterisk
from tests.pbx.configuration import Wishes
from tests.pbx.daemon import Daemon
from tests.pbx.leg import Leg
from tests.pbx.manager import Manager, Packet
from tests.pbx.phone import Phone
from tests.pbx.waiting import talking, until

from .daemon import cpu_seconds, process_ids
from .tool import BenchBroken

#: A plain dialplan's own recorder that writes the mix alone; x is a wildcard in patterns.
_MIXED: Final = """
[phones](+)
exten => _mi[x]ed_.,1,MixMonitor(${SPOOL}/${CUT(EXTEN,_,3)}.wav)
 same => n,Dial(PJSIP/${CUT(EXTEN,_,2)}@phones,60)
"""
#: Placed before the others, at once: what starting costs, an encoder's too, is no call's.
_FIRST_CALLS: Final = 2
_FIRST_SECONDS: Final = 3.0
#: What follows a hangup inside the PBX.
_HANGUP_SECONDS: Final = 1.0
_SHIPPED_SECONDS: Final = 120.0
_LEAVE_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to place calls: what is dialled, and callreel's settings where it listens."""

    extension: str
    settings: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    calls: int
    per_second: float
    #: How long each of them talks.
    seconds: float


@dataclass(frozen=True, slots=True)
class Talk:
    caller: Leg
    agent: Leg


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Seconds of processor."""

    asterisk: float
    #: By part of callreel; empty without it.
    parts: Mapping[str, float]

    @property
    def callreel(self) -> float:
        return sum(self.parts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    talks: tuple[Talk, ...]
    cost: Cost
    #: Of each recorded channel, from its first BridgeEnter to its MixMonitorStart, by the PBX's stamps.
    start_seconds: tuple[float, ...]
    #: How far behind its time the phones' sound ever was.
    phone_late_seconds: float
    #: None without callreel. It has ended; its files and rows are there.
    daemon: Daemon | None


def caller_number(number: int) -> str:
    """By which calls are told apart."""
    return f"+4930{number:04}"


class Wedged(Exception):
    """Asterisk's own failure under load, by FRACK in its log: no figure of this round says anything."""


async def placed(folder: Path, way: Way, load: Load) -> Round:
    """All calls of one round, at an Asterisk of their own, until the last recording is available. The folder is new.
    Raises Wedged, and BenchBroken when the calls could not be placed."""
    async with _asterisk(_made(folder / "asterisk")) as asterisk:
        try:
            with _callreel(folder, asterisk, way) as daemon:
                done = await _placed_at(asterisk, daemon, way, load)
        except Exception as error:
            if asterisk.is_wedged:
                raise Wedged from error
            raise BenchBroken(f"the calls could not be placed: {error!r}") from error
        if asterisk.is_wedged:
            raise Wedged
        return done


async def _placed_at(asterisk: Asterisk, daemon: Daemon | None, way: Way, load: Load) -> Round:
    async with Phone(asterisk.ports.sip, asterisk.ports.phone) as phones:
        await _warmed_up(phones, daemon, way)
        parts_before, asterisk_before = _parts(daemon), cpu_seconds([asterisk.pid])
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(_recorder_starts(asterisk, load.calls / load.per_second + 2))
            calling = [tasks.create_task(_called_in_turn(phones, way, load, number)) for number in range(load.calls)]
        await talking(_HANGUP_SECONDS)
        asterisk_after = cpu_seconds([asterisk.pid])
        if daemon is not None:
            await until(lambda: _shipped(daemon) >= _FIRST_CALLS + load.calls, daemon.role.tail, _SHIPPED_SECONDS)
        parts = {name: after - parts_before.get(name, 0.0) for name, after in _parts(daemon).items()}
        return Round(
            talks=tuple(task.result() for task in calling),
            cost=Cost(asterisk=asterisk_after - asterisk_before, parts=parts),
            start_seconds=watching.result(),
            phone_late_seconds=phones.media.late_seconds,
            daemon=daemon,
        )


@asynccontextmanager
async def _asterisk(folder: Path) -> AsyncIterator[Asterisk]:
    try:
        asterisk = Asterisk(folder, wishes=Wishes(dialplan=_MIXED))
    except NoAsterisk as error:
        raise BenchBroken(str(error)) from error
    async with asterisk:
        yield asterisk


@contextmanager
def _callreel(folder: Path, asterisk: Asterisk, way: Way) -> Iterator[Daemon | None]:
    if way.settings is None:
        yield None
        return
    with Daemon(folder / "callreel", asterisk, dict(way.settings)) as daemon:
        # What starting costs is no call's.
        daemon.role.until_said("web runs")
        yield daemon
        # A kill would leave roles behind for a moment, which go on writing.
        daemon.role.send(signal.SIGTERM)
        daemon.role.ended(_LEAVE_SECONDS)


async def _warmed_up(phones: Phone, daemon: Daemon | None, way: Way) -> None:
    async with asyncio.TaskGroup() as tasks:
        for number in range(_FIRST_CALLS):
            tasks.create_task(_call(phones, way, f"agent9{number}", f"+4931{number:04}", _FIRST_SECONDS))
    await talking(_HANGUP_SECONDS)
    if daemon is not None:
        await until(lambda: _shipped(daemon) >= _FIRST_CALLS, daemon.role.tail, _SHIPPED_SECONDS)


async def _called_in_turn(phones: Phone, way: Way, load: Load, number: int) -> Talk:
    await talking(number / load.per_second)
    return await _call(phones, way, f"agent{number:03}", caller_number(number), load.seconds)


async def _call(phones: Phone, way: Way, agent_name: str, user: str, seconds: float) -> Talk:
    caller = await phones.call(way.extension.format(agent=agent_name), user=user)
    agent = await phones.answered(agent_name)
    await talking(seconds)
    await caller.hang_up()
    return Talk(caller, agent)


async def _recorder_starts(asterisk: Asterisk, seconds: float) -> tuple[float, ...]:
    """Looks on while calls begin, and no longer: each who looks on costs the PBX something."""
    async with Manager(asterisk.ports.ami, asterisk.admin) as manager:
        for event in ("BridgeEnter", "MixMonitorStart"):
            await manager.act("Filter", {"Operation": "Add", "Filter": f"Event: {event}"})
        await talking(seconds)
        entered: dict[str, float] = {}
        for packet in manager.all("BridgeEnter"):
            entered.setdefault(packet["Uniqueid"], _stamp(packet))
        started = {packet["Uniqueid"]: _stamp(packet) for packet in reversed(manager.all("MixMonitorStart"))}
        return tuple(sorted(at - entered[channel] for channel, at in started.items() if channel in entered))


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def _stamp(packet: Packet) -> float:
    return float(packet["Timestamp"])


def _shipped(daemon: Daemon) -> int:
    return int(daemon.rows.ask("SELECT count(*) AS n FROM recordings WHERE state = 'available'")[0]["n"])


def _parts(daemon: Daemon | None) -> dict[str, float]:
    """The processor that each part of callreel has used up to now."""
    if daemon is None:
        return {}
    status = json.loads((daemon.state / "supervisor.json").read_text(encoding="utf-8"))
    parts = {"supervisor": cpu_seconds([daemon.role.pid])}
    for role in status["roles"]:
        own, *children = process_ids(role["pid"])
        parts[role["role"]] = cpu_seconds([own])
        if children:
            parts["encoders"] = cpu_seconds(children)
    return parts
