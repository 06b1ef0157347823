"""What is asked of the event socket and what comes back: replies, jobs, events, and what never comes."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from connector.errors import PbxRefused, PbxUnreachable
from connector.pbx.freeswitch.esl_event import EslEvent
from tests.clocks import SimulatedClock
from tests.unit.pbx.freeswitch import transcripts
from tests.unit.pbx.freeswitch.esl_listener import Listener
from tests.unit.pbx.freeswitch.esl_server import (
    CORE,
    Answer,
    EslServer,
    accepted,
    background,
    event,
    frame,
    job_of,
    reply,
    response,
    says,
)

Act = Callable[[Listener], Awaitable[object]]


async def outcome(act: Awaitable[object]) -> object:
    """What came back, or why nothing did."""
    try:
        return await act
    except (PbxRefused, PbxUnreachable, TimeoutError) as failure:
        return failure


# Replies


async def test_a_reply_is_the_text_of_it() -> None:
    async with (
        EslServer({"api version": says("FreeSWITCH 1.11\n")}).listening() as server,
        Listener(server.endpoint).running() as us,
    ):
        await us.up()
        assert await us.esl.api("version") == "FreeSWITCH 1.11"
        assert us.esl.core_uuid == CORE


async def test_an_empty_reply_is_a_reply() -> None:
    async with EslServer({"api x": says("")}).listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        assert await us.esl.api("x") == ""


@pytest.mark.parametrize(
    "no",
    [
        response("-ERR no reply\n"),
        response("-USAGE: <uuid> [start|stop]\n"),
        reply("-ERR command not found"),
        response("+OK Pause recording file x\n-ERR non-existant recording 'x'\n"),
    ],
)
async def test_a_no_is_refused_in_freeswitchs_own_words(no: bytes) -> None:
    async with EslServer({"api x": lambda _: no}).listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        with pytest.raises(PbxRefused, match=r"(no reply|start\|stop|not found|non-existant)"):
            await us.esl.api("x y z")
        assert us.esl.is_up


async def test_many_questions_are_answered_in_their_order_and_a_no_is_an_answer() -> None:
    answers: dict[str, Answer] = {
        "api echo": lambda line: response(line.removeprefix("api echo ")),
        "api bad": says("-ERR no"),
    }
    async with EslServer(answers).listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        asked = [f"echo {number}" for number in range(500)]
        assert await us.esl.answers([*asked, "bad"]) == [*map(str, range(500)), "-ERR no"]
        assert await us.esl.answers([]) == []


async def test_events_between_replies_are_heard_and_no_reply_is_mixed_up() -> None:
    def answer(line: str) -> bytes:
        ended = event("BACKGROUND_JOB", Job_UUID="somebody else's", _body="-ERR not ours")
        return ended + response(line.removeprefix("api echo ")) + ended

    async with EslServer({"api echo": answer}).listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        assert await us.esl.answers(["echo a", "echo b", "echo c"]) == ["a", "b", "c"]


async def test_what_holds_a_line_break_is_refused_and_never_sent() -> None:
    async with EslServer({"api x": says("x")}).listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        for bad in ("uuid_kill a\n\napi shutdown", "uuid_kill a\rb", "uuid_kill a\0"):
            with pytest.raises(PbxRefused, match="line break"):
                await us.esl.api(bad)
            with pytest.raises(PbxRefused, match="line break"):
                await us.esl.job(bad)
        await us.esl.api("x")
        assert [one for one in server.commands.commands if "kill" in one or "shutdown" in one] == []


async def test_a_reply_that_never_comes_ends_the_connections_since_replies_match_by_order() -> None:
    clock, server = SimulatedClock(), EslServer({"api x": says("x")})
    async with server.listening(), Listener(server.endpoint, clock=clock).running() as us:
        await us.up()
        async with asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(outcome(us.esl.api("lost")))
            await server.commands.asked("api lost")
            await clock.advance(2.0)
        assert isinstance(asking.result(), TimeoutError)
        assert "did not answer lost in time" in await us.down()
        await clock.advance(1.0)
        await us.up(times=2)
        assert await us.esl.api("x") == "x"


async def test_a_reply_that_comes_too_late_is_nobody_elses() -> None:
    clock, server = SimulatedClock(), EslServer({"api x": says("x")})
    async with server.listening(), Listener(server.endpoint, clock=clock).running() as us:
        await us.up()
        late = server.commands
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(outcome(us.esl.api("late")))
            await late.asked("api late")
            await clock.advance(2.0)
        late.write(response("late"))
        await clock.advance(1.0)
        await us.up(times=2)
        assert await us.esl.api("x") == "x"


async def test_a_question_behind_a_slow_one_may_time_out_without_hurting_that() -> None:
    clock, server = SimulatedClock(), EslServer()
    async with server.listening(), Listener(server.endpoint, clock=clock).running() as us:
        await us.up()
        async with asyncio.TaskGroup() as tasks:
            slow = tasks.create_task(us.esl.answers(["show channels as json"], 10.0))
            await server.commands.asked("api show")
            behind = tasks.create_task(outcome(us.esl.api("behind")))
            await server.commands.asked("api behind")
            await clock.advance(2.0)
            server.commands.write(response("channels") + response("behind"))
        assert (slow.result(), type(behind.result())) == (["channels"], TimeoutError)
        assert us.downs == []


async def test_somebody_who_waits_no_longer_leaves_the_order_as_it_is() -> None:
    async with EslServer({"api x": says("x")}).listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        asking = asyncio.create_task(us.esl.api("left"))
        await server.commands.asked("api left")
        asking.cancel()
        await asyncio.wait([asking])
        server.commands.write(response("left"))
        assert await us.esl.api("x") == "x"


async def test_an_answer_to_nothing_ends_the_connection() -> None:
    async with EslServer().listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        server.commands.write(response("unasked"))
        assert "not asked" in await us.down()


# Jobs


async def test_a_job_comes_to_what_its_end_says() -> None:
    async with (
        EslServer({"bgapi": background("+OK Success\n")}).listening() as server,
        Listener(server.endpoint).running() as us,
    ):
        await us.up()
        assert await us.esl.job("uuid_record a start /b 0 {c=d}") == "+OK Success"
        assert server.commands.commands[-1].startswith("bgapi uuid_record a start /b 0 {c=d}\nJob-UUID: ")
        assert server.commands.named("event") == ["event json BACKGROUND_JOB"]


async def test_jobs_may_end_in_any_order_even_before_they_are_accepted() -> None:
    async with EslServer().listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        async with asyncio.TaskGroup() as tasks:
            jobs = [tasks.create_task(us.esl.job(f"number {number}")) for number in range(3)]
            await server.commands.asked("bgapi", times=3)
            asked = server.commands.named("bgapi")
            for command in reversed(asked):
                ended = event("BACKGROUND_JOB", Job_UUID=job_of(command), _body=command.partition("\n")[0])
                server.commands.write(ended)
            server.commands.write(b"".join(map(accepted, asked)))
        assert [job.result() for job in jobs] == [f"bgapi number {number}" for number in range(3)]


@pytest.mark.parametrize(
    "answer", [background("-ERR Cannot locate session!\n"), lambda _: reply("-ERR command not found")]
)
async def test_a_job_that_fails_is_refused(answer: Answer) -> None:
    async with EslServer({"bgapi": answer}).listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        with pytest.raises(PbxRefused, match=r"(locate session|not found)"):
            await us.esl.job("uuid_record a start /b")


async def test_a_job_that_never_ends_times_out_and_the_connection_stays() -> None:
    clock, server = SimulatedClock(), EslServer({"bgapi": accepted, "api x": says("x")})
    async with server.listening(), Listener(server.endpoint, clock=clock).running() as us:
        await us.up()
        async with asyncio.TaskGroup() as tasks:
            job = tasks.create_task(outcome(us.esl.job("endless")))
            asked = await server.commands.asked("bgapi")
            await clock.settle()
            assert await us.esl.api("x") == "x"
            await clock.advance(2.0)
        assert isinstance(job.result(), TimeoutError)
        server.commands.write(event("BACKGROUND_JOB", Job_UUID=job_of(asked), _body="+OK too late"))
        assert await us.esl.api("x") == "x"
        assert us.esl._jobs == {}
        assert us.downs == []


async def test_the_end_of_a_job_may_hold_forged_lines_and_bad_bytes() -> None:
    def answer(command: str) -> bytes:
        body = b'{"Event-Name":"BACKGROUND_JOB","Job-UUID":"%s","_body":"+OK \xff\\nJob-UUID: x\\n"}'
        return accepted(command) + frame(body % job_of(command).encode())

    async with EslServer({"bgapi": answer}).listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        assert await us.esl.job("x") == "+OK �\nJob-UUID: x"


# Losses


@pytest.mark.parametrize(
    ("act", "verb"),
    [
        (lambda us: us.esl.api("x", 60.0), "api x"),
        (lambda us: us.esl.answers(["x", "y"], 60.0), "api y"),
        (lambda us: us.esl.job("x", 60.0), "bgapi x"),
    ],
)
@pytest.mark.parametrize("is_commands", [True, False])
async def test_what_is_unanswered_when_a_connection_is_lost_fails_at_once_and_is_never_sent_again(
    act: Act, verb: str, is_commands: bool
) -> None:
    async with EslServer({"api z": says("z")}).listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        async with asyncio.TaskGroup() as tasks:
            asking = tasks.create_task(outcome(act(us)))
            await server.commands.asked(verb)
            (server.commands if is_commands else server.events).abort()
        assert isinstance(asking.result(), PbxUnreachable)
        await us.up(times=2)
        await us.esl.api("z")
        assert all(len(peer.named(verb)) == 0 for peer in server.peers[2:])


async def test_an_accepted_job_whose_end_was_not_told_is_unreachable_and_not_done_again() -> None:
    async with (
        EslServer({"bgapi": accepted, "api z": says("z")}).listening() as server,
        Listener(server.endpoint).running() as us,
    ):
        await us.up()
        async with asyncio.TaskGroup() as tasks:
            job = tasks.create_task(outcome(us.esl.job("uuid_record a start /b", 60.0)))
            await server.commands.asked("bgapi")
            server.commands.end()
        assert isinstance(job.result(), PbxUnreachable)
        await us.up(times=2)
        await us.esl.api("z")
        assert server.commands.named("bgapi") == []


async def test_without_a_connection_nothing_is_sent() -> None:
    us = Listener(EslServer().endpoint)
    for act in (us.esl.api("x"), us.esl.answers(["x"]), us.esl.job("x")):
        with pytest.raises(PbxUnreachable, match="was not sent"):
            await act


# Events


async def test_every_event_is_heard_in_order_however_the_network_cuts_it() -> None:
    name = "call_record_json"
    raw = b"".join(frame(whole.body) for whole in transcripts.frames(name) if whole.content_type == "text/event-json")
    async with EslServer().listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        for start in range(0, len(raw), 777):
            server.events.write(raw[start : start + 777])
            await asyncio.sleep(0)
        await us.until(lambda: len(us.heard) == len(transcripts.events(name)))
        assert us.heard == transcripts.events(name)


async def test_what_is_subscribed_names_the_subclasses_last() -> None:
    async with EslServer().listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        assert server.events.named("event") == [
            "event json CHANNEL_BRIDGE RECORD_STOP HEARTBEAT SHUTDOWN CUSTOM conference::maintenance callreel::record"
        ]


async def test_a_heartbeat_is_heard_like_any_event() -> None:
    async with EslServer().listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        server.events.write(event("HEARTBEAT", Core_UUID=CORE, Up_Time="0 years"))
        await us.until(lambda: us.names == ["HEARTBEAT"])
        assert us.heard[0].get("Core-UUID") == CORE


@pytest.mark.parametrize("body", [b'{"Event-Name":"CUSTOM","X":"\xff\xfe"}', b'{"torn', b"\xff" * 100, b"[1]"])
async def test_the_reader_lives_on_after_an_event_with_bad_bytes(body: bytes) -> None:
    async with EslServer().listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        server.events.write(frame(body) + event("RECORD_STOP"))
        await us.until(lambda: us.names[-1:] == ["RECORD_STOP"])
        assert us.downs == []


async def test_the_reader_lives_on_after_bad_bytes_in_a_raw_header() -> None:
    async with EslServer().listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        server.events.write(
            b"X-\xff: \xfe\n" + event("CUSTOM") + b"Content-Type: log/data\nX: \xff\n\n" + event("RECORD_STOP")
        )
        await us.until(lambda: us.names == ["CUSTOM", "RECORD_STOP"])


async def test_an_event_that_we_cannot_use_does_not_stop_the_next(caplog: pytest.LogCaptureFixture) -> None:
    def fail(heard: EslEvent) -> None:
        if heard.name == "CUSTOM":
            raise RuntimeError("a handler of ours is broken")

    async with EslServer().listening() as server, Listener(server.endpoint).running() as us:
        us.on_event = fail
        await us.up()
        server.events.write(event("CUSTOM") + event("RECORD_STOP"))
        await us.until(lambda: us.names == ["RECORD_STOP"])
    assert "an event could not be used" in caplog.text


async def test_an_event_of_a_megabyte_is_heard() -> None:
    async with EslServer().listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        server.events.write(event("CUSTOM", _body="ü" * 500_000))
        await us.until(lambda: us.heard)
        assert us.heard[0].body == "ü" * 500_000


# Back-pressure


async def test_a_flood_is_held_back_and_nothing_of_it_is_lost() -> None:
    flood, most_waiting, read_bytes = 50_000, 1_000, 256 << 10
    piece = event("CUSTOM", Number="00000", X="x" * 200)
    waiting: list[str] = []
    done: list[str] = []
    peak = 0
    async with EslServer({"api x": says("x")}).listening() as server, Listener(server.endpoint).running() as us:

        def note(heard: EslEvent) -> None:
            waiting.append(heard.get("Number"))
            if len(waiting) >= most_waiting:
                us.esl.pause_events()

        us.on_event = note
        await us.up()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_flooded(server, flood))
            while len(done) < flood:
                await us.until(lambda: waiting)
                # A command is answered all the same.
                assert await us.esl.api("x") == "x"
                peak = max(peak, len(waiting))
                done += waiting
                waiting.clear()
                us.esl.resume_events()
    assert done == [f"{number:05}" for number in range(flood)]
    assert peak <= most_waiting + read_bytes // len(piece) + 1


async def _flooded(server: EslServer, count: int) -> None:
    for start in range(0, count, 500):
        numbers = range(start, start + 500)
        server.events.write(b"".join(event("CUSTOM", Number=f"{number:05}", X="x" * 200) for number in numbers))
        await server.events.writer.drain()


async def test_events_stay_with_freeswitch_while_they_are_held_back_and_jobs_end() -> None:
    async with EslServer({"bgapi": background("+OK")}).listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        us.esl.pause_events()
        server.events.write(event("RECORD_STOP"))
        assert await us.esl.job("x") == "+OK"
        assert us.heard == []
        us.esl.resume_events()
        await us.until(lambda: us.names == ["RECORD_STOP"])


async def test_to_hold_back_outlasts_a_lost_connection() -> None:
    async with EslServer({"bgapi": background("+OK")}).listening() as server, Listener(server.endpoint).running() as us:
        await us.up()
        us.esl.pause_events()
        server.commands.abort()
        await us.up(times=2)
        server.events.write(event("RECORD_STOP"))
        assert await us.esl.job("x") == "+OK"
        assert us.heard == []
        us.esl.resume_events()
        await us.until(lambda: us.names == ["RECORD_STOP"])
