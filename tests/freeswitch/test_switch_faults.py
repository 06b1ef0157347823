"""What can be made to go wrong with the scripted switch, and what then happens."""

from pathlib import Path

import pytest

from tests.freeswitch.client import connected
from tests.freeswitch.switch import ScriptedSwitch
from tests.pbx.waiting import talking, until


async def test_a_restart_shows_by_another_core_uuid_at_the_same_port(switch: ScriptedSwitch) -> None:
    port, first = switch.port, switch.core_uuid
    await switch.call()
    async with connected(port) as client:
        await switch.restart()
        await client.is_over.wait()
    assert (switch.port, list(switch.legs)) == (port, [])
    async with connected(port) as client:
        assert await client.ask("api global_getvar core_uuid") == switch.core_uuid != first


async def test_a_cut_ends_connections_and_touches_no_call(switch: ScriptedSwitch) -> None:
    a_leg, _ = await switch.call()
    path = switch.recordings / "x.wav"
    async with connected(switch.port) as client:
        await client.ask(f"api uuid_record {a_leg.uuid} start {path}")
        await switch.cut()
        await client.is_over.wait()
    assert switch.running(a_leg) == [str(path)]
    async with connected(switch.port) as client:
        assert str(path) in await client.ask(f"api uuid_buglist {a_leg.uuid}")


async def test_a_stalled_switch_says_nothing_until_it_goes_on(switch: ScriptedSwitch) -> None:
    async with connected(switch.port) as client:
        await switch.stall()
        await switch.call()
        client.send("api status\n\n")
        await talking(0.1)
        assert "CHANNEL_BRIDGE" not in client.names
        await switch.go_on()
        await client.event("CHANNEL_BRIDGE")
        await until(lambda: any(b"is ready" in frame.body for frame in client.frames), "the answer to status")


async def test_forged_bytes_reach_whoever_is_logged_in(switch: ScriptedSwitch) -> None:
    async with connected(switch.port) as client, connected(switch.port, password="", events="") as stranger:
        await switch.forge(b"Content-Type: text/forged\n\n")
        await until(lambda: client.frames[-1].content_type == "text/forged", "the forged frame")
        assert [frame.content_type for frame in stranger.frames] == ["auth/request"]


async def test_one_connection_is_serial_and_a_job_is_not(switch: ScriptedSwitch) -> None:
    async with connected(switch.port) as client:
        client.send("api msleep 100\n\nbgapi status\nJob-UUID: mine\n\napi uptime\n\n")
        job = await client.event("BACKGROUND_JOB", Job_UUID="mine")
        assert "is ready" in job.body
        await until(lambda: len(client.frames) >= 7, "all answers")
        answers = [frame for frame in client.frames if frame.content_type in {"api/response", "command/reply"}]
        assert [answer.body or answer.reply_text for answer in answers[2:4]] == [b"+OK\n", "+OK Job-UUID: mine"]


@pytest.mark.parametrize(
    ("lie", "answer", "starts"),
    [
        ("starts_without_record", "+OK Success\n", 0),
        ("starts_refused", "-ERR Cannot record session!\n", 0),
        ("record_stops_dropped", "+OK Success\n", 1),
        ("jobs_dropped", "+OK Success\n", 1),
    ],
)
async def test_a_lie_is_told_once_and_then_the_truth(
    switch: ScriptedSwitch, lie: str, answer: str, starts: int
) -> None:
    a_leg, _ = await switch.call()
    setattr(switch.lies, lie, 1)
    async with connected(switch.port) as client:
        for name in ("one", "two"):
            path = switch.recordings / f"{name}.wav"
            command = f"uuid_record {a_leg.uuid} start {path}"
            assert await client.ask(f"api {command}") == (answer if name == "one" else "+OK Success\n")
            await client.ask(f"api uuid_record {a_leg.uuid} stop {path}")
            await client.ask("bgapi status\nJob-UUID: " + name)
        await client.event("BACKGROUND_JOB", Job_UUID="two")
        assert client.names.count("RECORD_START") == starts + 1
        assert client.names.count("RECORD_STOP") == starts + (lie != "record_stops_dropped")
        assert client.names.count("BACKGROUND_JOB") == 2 - (lie == "jobs_dropped")


async def test_a_reply_can_be_withheld_and_an_event_too(switch: ScriptedSwitch) -> None:
    switch.lies.replies_dropped = 1
    switch.lies.events_dropped.add("CHANNEL_ANSWER")
    async with connected(switch.port) as client:
        client.send("api status\n\n")
        assert "UP 0" not in await client.ask("api version")
        await switch.call()
        await client.event("CHANNEL_BRIDGE")
        assert "CHANNEL_ANSWER" not in client.names


async def test_a_recording_may_begin_late(switch: ScriptedSwitch) -> None:
    a_leg, _ = await switch.call()
    switch.lies.record_start_delay_seconds = 0.1
    async with connected(switch.port) as client:
        await client.ask(f"bgapi uuid_record {a_leg.uuid} start {switch.recordings}/x.wav\nJob-UUID: late")
        assert "RECORD_START" not in client.names
        await client.event("BACKGROUND_JOB", Job_UUID="late")
        assert client.names.index("RECORD_START") < client.names.index("BACKGROUND_JOB")


async def test_the_clock_of_the_switch_may_be_another(tmp_path: Path) -> None:
    async with ScriptedSwitch(tmp_path, clock_ahead_seconds=-3600) as switch, connected(switch.port) as client:
        before = await client.ask("api global_getvar hostname")
        await switch.inbound()
        event = await client.event("CHANNEL_CREATE")
        first = switch.legs
    assert before == "switch"
    began = next(iter(first)).clock.wall(0)
    assert int(event.get("Event-Date-Timestamp")) / 1_000_000 == pytest.approx(began - 3600, abs=60)


async def test_heartbeats_come(tmp_path: Path) -> None:
    async with ScriptedSwitch(tmp_path, heartbeat_seconds=0.05) as switch, connected(switch.port) as client:
        beat = await client.event("HEARTBEAT")
    assert beat.get("Session-Count") == "0"
    assert beat.get("Core-UUID") == switch.core_uuid


async def test_a_conference_that_cannot_open_its_file_says_ok_and_tells_the_truth_afterwards(
    switch: ScriptedSwitch,
) -> None:
    await switch.join(await switch.inbound())
    async with connected(switch.port) as client:
        answer = await client.ask("api conference room1 recording start /proc/nope/x.wav")
        started = await client.event("conference::maintenance", Action="start-recording")
        stopped = await client.event("conference::maintenance", Action="stop-recording")
    assert answer == "+OK Record file /proc/nope/x.wav\n"
    assert started.get("Error") == "File could not be opened for recording"
    assert stopped.get("Samples-Out") == "0"
