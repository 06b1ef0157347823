"""The FastAGI server over real sockets, with the test's own event loop in the place of the role's."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from connector.domain.decision import CommandAnswered
from connector.domain.ids import ChannelId, RecordingId
from connector.errors import NotFound
from connector.pbx.asterisk.fastagi import AgiLimits, FastAgi
from tests.unit.pbx.asterisk.test_agi_protocol import head

#: So wide that no slow machine comes near: what is tested is what happens, and not when.
PATIENT = AgiLimits(close_seconds=60.0, answer_seconds=50.0)
HASTY = AgiLimits(close_seconds=5.0, answer_seconds=0.05)
DONE = CommandAnswered(command_id="1", is_done=True, outcome="r1", recording=RecordingId("r1"))


class Desk:
    """Answers what it is asked, and notes it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str, str]] = []
        self.heard = asyncio.Event()
        self.fate: Callable[[], CommandAnswered] = lambda: DONE
        #: An answer waits for it.
        self.open = asyncio.Event()
        self.open.set()
        self.was_cancelled = asyncio.Event()

    async def answer(self, pbx: str, channel: ChannelId, action: str, options: str) -> CommandAnswered:
        self.asked.append((pbx, channel, action, options))
        self.heard.set()
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.was_cancelled.set()
            raise
        return self.fate()

    def fails_with(self, error: Exception) -> None:
        def fate() -> CommandAnswered:
            raise error

        self.fate = fate


class Dialplan:
    """Asterisk's side of one question, in blocking calls; what it was told to set."""

    def __init__(self, address: str) -> None:
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), 30.0)
        self._file = self._socket.makefile("rwb")

    def run(self, request: bytes, variable: bytes = b"200 result=0\n") -> dict[str, str]:
        found: dict[str, str] = {}
        with self._socket, self._file, contextlib.suppress(ConnectionError):
            self._file.write(request)
            self._file.flush()
            for line in self._file:
                is_question = line.startswith(b"GET VARIABLE CALLREEL_OPTIONS")
                if not is_question:
                    word, kind, name, value = line.decode().strip().split(" ", 3)
                    assert (word, kind) == ("SET", "VARIABLE")
                    found[name.removeprefix("RECORDING_")] = value.strip('"')
                self._file.write(variable if is_question else b"200 result=1\n")
                self._file.flush()
        return found


@asynccontextmanager
async def serving(desk: Desk, limits: AgiLimits = PATIENT, address: str = "127.0.0.1:0") -> AsyncIterator[FastAgi]:
    agi = FastAgi(address, desk.answer, limits)
    running = asyncio.create_task(agi.run())
    try:
        yield agi
    finally:
        running.cancel()
        await asyncio.wait({running})


async def ask(agi: FastAgi, request: bytes, variable: bytes = b"200 result=0\n") -> dict[str, str]:
    address = await asyncio.wrap_future(agi.listening)
    return await asyncio.to_thread(lambda: Dialplan(address).run(request, variable))


async def test_a_question_is_answered_by_three_variables() -> None:
    desk = Desk()
    async with serving(desk) as agi:
        assert await ask(agi, head("stop?pbx=office")) == {"STATUS": "STOPPED", "ID": "r1", "REASON": ""}
    assert desk.asked == [("office", "rig-1.2", "stop", "")]


async def test_options_come_as_arguments() -> None:
    desk = Desk()
    async with serving(desk) as agi:
        await ask(agi, head("start", "destination=archive", "tags=vip"))
    assert desk.asked == [("", "rig-1.2", "start", "destination=archive,tags=vip")]


async def test_json_comes_in_the_channels_variable() -> None:
    desk = Desk()
    async with serving(desk) as agi:
        await ask(agi, head("start", "", ""), variable=b'200 result=1 ({"tags":["vip"]})\n')
    assert desk.asked == [("", "rig-1.2", "start", '{"tags":["vip"]}')]


async def test_a_variable_of_several_lines_asks_nobody() -> None:
    desk = Desk()
    async with serving(desk) as agi:
        told = await ask(agi, head("start"), variable=b"200 result=1 ({\n}\n)\n")
    assert (told["STATUS"], desk.asked) == ("REFUSED", [])


async def test_a_question_that_cannot_be_understood_is_refused_with_the_reason() -> None:
    desk = Desk()
    async with serving(desk) as agi:
        told = await ask(agi, head("begin"))
    assert told["STATUS"] == "REFUSED"
    assert "start, stop, pause" in told["REASON"]


async def test_who_can_be_asked_nothing_is_told_why() -> None:
    desk = Desk()
    desk.fails_with(NotFound("no PBX is called 'east' here"))
    async with serving(desk) as agi:
        told = await ask(agi, head("start?pbx=east"))
    assert told == {"STATUS": "REFUSED", "ID": "", "REASON": "no PBX is called 'east' here"}


async def test_a_failure_of_ours_is_an_error_and_harms_no_other_question(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()
    desk.fails_with(ZeroDivisionError("oops"))
    async with serving(desk) as agi:
        assert (await ask(agi, head("stop")))["STATUS"] == "ERROR"
        desk.fate = lambda: DONE
        assert (await ask(agi, head("stop")))["STATUS"] == "STOPPED"
    assert "oops" in caplog.text


async def test_an_event_loop_that_is_blocked_makes_the_dialplan_wait_no_longer_and_obeys_later() -> None:
    desk = Desk()
    async with serving(desk, HASTY) as agi:
        address = await asyncio.wrap_future(agi.listening)
        told: list[dict[str, str]] = []
        asterisk = threading.Thread(target=lambda: told.append(Dialplan(address).run(head("pause"))))
        asterisk.start()
        # Nothing of this event loop runs until Asterisk has gone on.
        asterisk.join()
        assert told[0]["STATUS"] == "BUSY"
        assert desk.asked == []
        await desk.heard.wait()
        assert desk.asked == [("", "rig-1.2", "pause", "")]


async def test_an_answer_that_does_not_come_is_busy() -> None:
    desk = Desk()
    desk.open.clear()
    async with serving(desk, HASTY) as agi:
        assert (await ask(agi, head("start", "tags=x")))["STATUS"] == "BUSY"
        assert not desk.was_cancelled.is_set()


async def test_an_answer_that_fails_after_its_question_harms_nobody() -> None:
    desk = Desk()
    desk.open.clear()
    failed = asyncio.Event()

    def fate() -> CommandAnswered:
        failed.set()
        raise ZeroDivisionError("late")

    desk.fate = fate
    async with serving(desk, HASTY) as agi:
        assert (await ask(agi, head("stop")))["STATUS"] == "BUSY"
        desk.open.set()
        await failed.wait()
        desk.open.clear()
        assert (await ask(agi, head("stop")))["STATUS"] == "BUSY"
        assert len(desk.asked) == 2


async def test_more_unanswered_questions_than_can_be_kept_are_turned_away() -> None:
    desk = Desk()
    desk.open.clear()
    async with serving(desk, AgiLimits(close_seconds=5.0, answer_seconds=0.05, unanswered=1)) as agi:
        await ask(agi, head("stop"))
        told = await ask(agi, head("stop"))
    assert (told["STATUS"], len(desk.asked)) == ("BUSY", 1)
    assert "nothing was done" in told["REASON"]


@pytest.mark.parametrize("sent", [b"", head("stop")[:-1], b"agi_network: yes\n", head("stop") + b"more"])
async def test_who_does_not_finish_a_question_is_left(sent: bytes) -> None:
    desk = Desk()
    async with serving(desk, AgiLimits(close_seconds=0.05)) as agi:
        assert await ask(agi, sent) == {}
    assert desk.asked == []


async def test_a_head_without_end_is_left() -> None:
    desk = Desk()
    async with serving(desk, AgiLimits(close_seconds=60.0, head_bytes=1000)) as agi:
        assert await ask(agi, b"agi_arg_1: x" * 100) == {}


async def test_who_does_not_answer_our_own_question_is_left() -> None:
    desk = Desk()
    async with serving(desk, AgiLimits(close_seconds=0.05)) as agi:
        assert await ask(agi, head("start"), variable=b"") == {}


async def test_more_connections_than_can_be_served_are_closed_at_once() -> None:
    desk = Desk()
    desk.open.clear()
    async with serving(desk, AgiLimits(close_seconds=60.0, answer_seconds=50.0, connections=1)) as agi:
        first = asyncio.create_task(ask(agi, head("stop")))
        await desk.heard.wait()
        assert await ask(agi, head("stop")) == {}
        desk.open.set()
        assert (await first)["STATUS"] == "STOPPED"


async def test_a_port_in_use_is_said_and_taken_when_it_is_free() -> None:
    desk = Desk()
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        agi = FastAgi(address, desk.answer, AgiLimits(first_bind_pause_seconds=0.01))
        running = asyncio.create_task(agi.run())
        await until(lambda: agi.trouble)
        assert address in agi.trouble
        assert "capture.fastagi" in agi.trouble
    assert (await ask(agi, head("stop")))["STATUS"] == "STOPPED"
    assert agi.trouble == ""
    running.cancel()
    await asyncio.wait({running})


async def test_leaving_leaves_no_thread_and_no_question() -> None:
    desk = Desk()
    desk.open.clear()
    before = set(threading.enumerate())
    async with serving(desk) as agi:
        asking = asyncio.create_task(ask(agi, head("stop")))
        await desk.heard.wait()
    await desk.was_cancelled.wait()
    assert await asking == {}
    assert not [thread for thread in set(threading.enumerate()) - before if "fastagi" in thread.name]


async def test_a_thread_that_dies_is_the_roles_to_know(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any) -> None:
        raise ZeroDivisionError("the thread died")

    agi = FastAgi("127.0.0.1:0", Desk().answer)
    monkeypatch.setattr(agi, "_serve", broken)
    with pytest.raises(ZeroDivisionError):
        await agi.run()


async def until(is_so: Callable[[], Any]) -> None:
    """A turn of the event loop after another: what is waited for happens in another thread."""
    while not is_so():  # noqa: ASYNC110  # a thread cannot set our event
        await asyncio.sleep(0)
