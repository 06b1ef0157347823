"""A process that plays whole calls at an even pace and measures how soon recorders are ordered after a bridge:
`python -m tests.bench.esl_pace CALLS_PER_SECOND SECONDS`. Prints JSON when the last call is over.

Its events are a real FreeSWITCH's, with the sizes that they really have; recorders begin and end as there, their files
grow once a second. Also measures what loopback alone takes.
"""

import argparse
import asyncio
import json
import os
import random
import socket
import struct
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from .esl_events import Pattern, callee, caller, recorder_patterns, whole_call
from .esl_server import Connection, Server

#: Of the events of `whole_call`, in order: when each happens, and what after the talk.
_RISE_SECONDS: Final = (0.0, 0.02, 0.1, 0.102, 0.12)
_FALL_SECONDS: Final = (0.0, 0.002, 0.004)
_TALK_SECONDS: Final = 5.0
_SETTLING_SECONDS: Final = 1.0
_LAST_ANSWERS_SECONDS: Final = 1.0
_RATE: Final = 8000
_HEAD: Final = struct.pack(
    "<4sI4s4sIHHIIHH4sI", b"RIFF", 0, b"WAVE", b"fmt ", 16, 1, 1, _RATE, 2 * _RATE, 2, 16, b"data", 0
)
#: A job is a thread of its own in FreeSWITCH.
_JOB_SECONDS: Final = 0.002
_JOB_ENDED: Final = b'{"Event-Name":"BACKGROUND_JOB","Job-UUID":"%b","Content-Length":"4","_body":"+OK\\n"}'
_ECHOES: Final = 1000


@dataclass(slots=True)
class Measured:
    #: Of each leg, until its first recorder was ordered.
    delays_ms: dict[str, float] = field(default_factory=dict)
    bridges: int = 0
    events: int = 0
    #: Those while as many calls end as begin.
    steady_events: int = 0
    #: How far behind its time an event was ever written.
    late_ms: float = 0.0


class PacedServer(Server):
    def __init__(self, calls_per_second: float, seconds: float) -> None:
        super().__init__()
        # Calls come at any time: an even grid would let bridges fall together with other calls' ends always or never.
        dice = random.Random(4)
        self._starts = sorted(dice.uniform(0.0, seconds) for _ in range(int(calls_per_second * seconds)))
        self._seconds = seconds
        self._events = whole_call()
        self._recorder_events = recorder_patterns()
        self._subscribed = asyncio.Event()
        self._bridged_at: dict[str, float] = {}
        self._files: dict[str, tuple[str, str]] = {}
        self._began = 0.0
        self.measured = Measured()

    def subscribed(self, connection: Connection) -> None:
        super().subscribed(connection)
        self._subscribed.set()

    async def play(self) -> None:
        await self._subscribed.wait()
        await asyncio.sleep(_SETTLING_SECONDS)
        self._began = asyncio.get_running_loop().time()
        growing = asyncio.create_task(self._grow())
        async with asyncio.TaskGroup() as tasks:
            for call in range(len(self._starts)):
                tasks.create_task(self._call(call))
        await asyncio.sleep(_LAST_ANSWERS_SECONDS)
        growing.cancel()
        measured = self.measured
        facts = {
            "events_per_second": measured.steady_events / (self._seconds - _TALK_SECONDS),
            "late_ms": measured.late_ms,
            "delays_ms": list(measured.delays_ms.values()),
            "wanted": 2 * measured.bridges,
            "echoes_ms": await asyncio.to_thread(_echoes),
        }
        sys.stdout.write(json.dumps(facts) + "\n")

    async def _call(self, call: int) -> None:
        at = self._starts[call]
        rise, fall = self._events[: len(_RISE_SECONDS)], self._events[len(_RISE_SECONDS) :]
        for event, after in zip(rise, _RISE_SECONDS, strict=True):
            await self._until(at + after)
            self._tell(event, call)
        for event, after in zip(fall, _FALL_SECONDS, strict=True):
            await self._until(at + _TALK_SECONDS + after)
            if event.name == "CHANNEL_HANGUP_COMPLETE":
                self._stop(caller(call) if event.is_caller else callee(call))
            self._tell(event, call)

    async def _until(self, at: float) -> None:
        now = asyncio.get_running_loop().time() - self._began
        await asyncio.sleep(at - now)
        self.measured.late_ms = max(
            self.measured.late_ms, 1000 * (asyncio.get_running_loop().time() - self._began - at)
        )

    def _tell(self, event: Pattern, call: int) -> None:
        news = self.news
        assert news is not None, "capture has left"
        frame = event.frame(news.kind, self.measured.events, call, time.time_ns() // 1000)
        self.measured.events += 1
        self.measured.steady_events += _TALK_SECONDS <= asyncio.get_running_loop().time() - self._began < self._seconds
        if event.name == "CHANNEL_BRIDGE":
            self.measured.bridges += 1
            self._bridged_at[caller(call)] = self._bridged_at[callee(call)] = time.perf_counter()
        news.transport.write(frame)

    # Recorders

    def ordered(self, connection: Connection, command: str, job: str) -> None:
        _, leg, action, file, *options = command.split(" ")
        if action == "start":
            self.measured.delays_ms.setdefault(leg, 1000 * (connection.arrived_at - self._bridged_at[leg]))
        # Not at once: what is measured must not wait for what the server does.
        asyncio.get_running_loop().call_later(_JOB_SECONDS, self._done, connection, leg, action, file, options, job)

    def _done(self, connection: Connection, leg: str, action: str, file: str, options: list[str], job: str) -> None:
        if action == "start":
            place = Path(file)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(_HEAD)
            self._files[leg] = (file, options[-1].rpartition("callreel_segment=")[2].rstrip("}"))
            self._record("RECORD_START", leg)
        else:
            self._stop(leg)
        connection.transport.write(_framed(_JOB_ENDED % job.encode()))

    def _stop(self, leg: str) -> None:
        if leg in self._files:
            self._record("RECORD_STOP", leg)
            del self._files[leg]

    def _record(self, name: str, leg: str) -> None:
        assert self.news is not None
        file, segment = self._files[leg]
        frame = self._recorder_events[name].frame("json", 0, int(leg[-8:]), time.time_ns() // 1000)
        body = frame.partition(b"\n\n")[2].replace(caller(int(leg[-8:])).encode(), leg.encode())
        facts = {"Record-File-Path": file, "Recording-Variable-callreel_segment": segment}
        self.news.transport.write(_framed(body.removesuffix(b"}") + b"," + json.dumps(facts).encode()[1:]))

    async def _grow(self) -> None:
        second = 0
        while True:
            second += 1
            await self._until(second)
            files = [file for file, _ in self._files.values()]
            await asyncio.to_thread(_grown, files)


def _grown(files: list[str]) -> None:
    for file in files:
        os.truncate(file, os.stat(file).st_size + 2 * _RATE)


def _framed(body: bytes) -> bytes:
    return b"Content-Length: %d\nContent-Type: text/event-json\n\n%b" % (len(body), body)


def _echoes() -> list[float]:
    """There and back to a thread that only sends back, on a loopback socket as the event socket's."""
    near, far = _loopback()
    with near, far:
        threading.Thread(target=_send_back, args=(far,), daemon=True).start()
        return [_echo(near) for _ in range(_ECHOES)]


def _loopback() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname())
        far, _ = listener.accept()
        return near, far


def _send_back(far: socket.socket) -> None:
    for _ in range(_ECHOES):
        if not far.recv(1 << 16):
            return
        far.sendall(bytes(200))


def _echo(near: socket.socket) -> float:
    time.sleep(0.003)
    began = time.perf_counter()
    near.sendall(bytes(6000))
    near.recv(1 << 16)
    return 1000 * (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("calls_per_second", type=float)
    parser.add_argument("seconds", type=float)
    options = parser.parse_args()
    server = PacedServer(options.calls_per_second, options.seconds)
    asyncio.run(server.serve(server.play))


if __name__ == "__main__":
    main()
