"""The scripted switch as a process of its own, for load and for kills: JSON lines in, JSON lines out.

`python -m tests.freeswitch.serve --folder F [--port 8021] [--tick 1.0] [--cheap]` says `{"port": …, "pid": …}`, then
takes `{"do": "call", "with": ["1000", "2000"], "and": {"rate": 8000}}`: any method of `ScriptedSwitch` by name, a leg
by its uuid; besides them `said` (a leg for the oracle), `load`, `status` and `lie` ({"jobs_dropped": 1}). Each line is
answered by `{"answer": …}` or `{"error": …}`. SIGTERM shuts it down politely, the end of its input too.
"""

import argparse
import asyncio
import contextlib
import inspect
import json
import os
import resource
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from tests.freeswitch.legs import Leg
from tests.freeswitch.load import Load
from tests.freeswitch.switch import ScriptedSwitch
from tests.freeswitch.voices import Murmur, Noise

_LINE_BYTES: Final = 1 << 24
_FILES: Final = 16384


class Desk:
    """Carries out the orders."""

    def __init__(self, switch: ScriptedSwitch) -> None:
        self._switch = switch
        #: Those that ended too: the oracle asks afterwards.
        self._legs: dict[str, Leg] = {}
        self._own: dict[str, Callable[..., object]] = {
            "said": self._said,
            "status": self._status,
            "lie": self._lie,
            "load": self._load,
        }

    async def answer(self, line: bytes) -> dict[str, object]:
        try:
            order = json.loads(line)
            given = [self._leg_or(value) for value in order.get("with", [])]
            named = {key: self._leg_or(value) for key, value in order.get("and", {}).items()}
            own = self._own.get(order["do"])
            done = (own or getattr(self._switch, order["do"]))(*given, **named)
            result = await done if inspect.isawaitable(done) else done
        except Exception as error:
            return {"error": f"{type(error).__name__}: {error}"}
        return {"answer": self._told(result)}

    def _leg_or(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._legs.get(value) or (self._switch.exchange.legs.get(value) if "-" in value else None) or value
        return value

    def _told(self, result: object) -> object:
        if isinstance(result, Leg):
            self._legs[result.uuid] = result
            return {"uuid": result.uuid, "number": result.number, "stream": result.stream}
        if isinstance(result, tuple | list):
            return [self._told(one) for one in result]
        return result if isinstance(result, str | int | float | dict | bool) else None

    def _said(self, leg: Leg) -> dict[str, object]:
        since = 0 if leg.bridged_frame is None or leg.began_frame is None else leg.bridged_frame - leg.began_frame
        facts = {"name": leg.number, "stream": leg.stream, "began": leg.began, "sample_rate": leg.rate}
        return {**facts, "spans": leg.said(), "bridged_sample": since * (leg.rate // 50)}

    def _status(self) -> dict[str, object]:
        used = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "legs": len(list(self._switch.legs)),
            "running": len(self._switch.running()),
            "clients": self._switch.clients,
            "cpu_seconds": used.ru_utime + used.ru_stime,
            "core_uuid": self._switch.core_uuid,
            "late_seconds": self._switch.exchange.late_seconds,
        }

    def _lie(self, **lies: int) -> None:
        for name, value in lies.items():
            setattr(self._switch.lies, name, value)

    def _load(self, calls: int, per_second: float, talk_seconds: float) -> None:
        """Begins it; `status` tells how far it is."""
        self._switch.begin(Load(self._switch, calls, per_second, talk_seconds).run())


async def serve(options: argparse.Namespace) -> None:
    switch = ScriptedSwitch(
        options.folder,
        options.port,
        options.password,
        options.version,
        tick_seconds=options.tick,
        heartbeat_seconds=options.heartbeat,
        voice=Murmur if options.cheap else Noise,
    )
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, over.set)
    async with switch:
        _say({"port": switch.port, "pid": os.getpid(), "recordings": str(switch.recordings)})
        reader = asyncio.StreamReader(limit=_LINE_BYTES)
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        orders = asyncio.create_task(_take_orders(reader, Desk(switch), over))
        await over.wait()
        orders.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await orders
        transport.close()
        if switch.is_running:
            await switch.shutdown()


async def _take_orders(reader: asyncio.StreamReader, desk: Desk, over: asyncio.Event) -> None:
    while line := await reader.readline():
        _say(await desk.answer(line))
    over.set()


def _say(document: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--password", default="secret")
    parser.add_argument("--version", default="1.10.12-release")
    parser.add_argument("--tick", type=float, default=0.02)
    parser.add_argument("--heartbeat", type=float, default=20.0)
    parser.add_argument("--cheap", action="store_true", help="voices that cost little and prove nothing")
    # A thousand calls are two thousand open files.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, _FILES) if most > 0 else _FILES, most))
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
