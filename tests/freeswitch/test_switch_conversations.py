"""The client's side of recorded conversations with a real FreeSWITCH, said to the scripted one: it answers alike."""

import asyncio
import itertools
import json
import re
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest

from connector.pbx.freeswitch.esl_codec import Frame, Frames
from connector.pbx.freeswitch.esl_event import EslEvent
from tests.freeswitch.client import Client, connected
from tests.freeswitch.legs import Leg
from tests.freeswitch.switch import ScriptedSwitch
from tests.pbx.waiting import talking, until
from tests.unit.pbx.freeswitch import transcripts

#: What says how it is with the leg, and must be said at the same event with the same words.
STATES = (
    *("Channel-State", "Channel-Call-State", "Channel-State-Number", "Call-Direction", "Channel-HIT-Dialplan"),
    *("Answer-State", "Hangup-Cause", "Other-Type", "variable_endpoint_disposition", "variable_direction"),
    *("Recording-Variable-RECORD_STEREO", "Recording-Variable-connector_recording_id", "Record-Completion-Cause"),
    *("Action", "Conference-Name", "Conference-Size", "Member-Type", "Other-Recordings", "Samplerate"),
)


@pytest.fixture
async def switch(tmp_path: Path) -> AsyncIterator[ScriptedSwitch]:
    async with ScriptedSwitch(tmp_path, password="ClueCon", version="1.11.3-dev") as running:
        yield running


def shape(frame: Frame) -> tuple[str, str]:
    """Its kind and its words, without what differs from one run to the next."""
    text = frame.reply_text or frame.body.decode()
    if frame.content_type == "text/event-plain":
        text = " ".join(sorted(line.partition(":")[0] for line in text.partition("\n\n")[0].split("\n")))
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "UUID", text)
    return frame.content_type, re.sub(r"\d+", "N", text)


def assert_alike(real: Iterable[EslEvent], ours: Iterable[EslEvent]) -> None:
    """One leg's or one room's events: the same in the same order, with the same headers."""
    real, ours = list(real), list(ours)
    assert [event.name for event in ours] == [event.name for event in real]
    for theirs, one in zip(real, ours, strict=True):
        assert set(one.headers) == set(theirs.headers), theirs.name
        assert {name: one.get(name) for name in STATES} == {name: theirs.get(name) for name in STATES}, theirs.name


def of(events: Iterable[EslEvent], channel: str) -> list[EslEvent]:
    return [event for event in events if event.channel == channel]


async def test_every_reply_and_refusal_has_the_words_of_the_real_one(switch: ScriptedSwitch) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", switch.port)
    for command in transcripts.asked("replies_and_errors"):
        # One after the other, as the client did: a job's event comes before the next command's reply.
        writer.write(command)
        await talking(0.02)
    said = [shape(frame) for frame in Frames().feed(await asyncio.wait_for(reader.read(), 5))]
    writer.close()
    real = [shape(frame) for frame in transcripts.frames("replies_and_errors")]
    for theirs, ours in zip(real, said, strict=True):
        if "session(s) since startup" in theirs[1]:
            # Peaks and processors are each machine's own.
            assert [line.split()[:1] for line in ours[1].split("\n")] == [
                line.split()[:1] for line in theirs[1].split("\n")
            ]
        elif ours[1] != "switch":  # The machine's name.
            assert ours == theirs


@pytest.mark.parametrize("name", ["auth_failure", "rude_rejection", "auth_timeout_or_garbage"])
async def test_who_may_not_in_is_told_so_as_by_the_real_one(switch: ScriptedSwitch, name: str) -> None:
    switch.refuse_acl = name == "rude_rejection"
    reader, writer = await asyncio.open_connection("127.0.0.1", switch.port)
    real = transcripts.said(name)
    for command in transcripts.asked(name):
        writer.write(command)
    assert await asyncio.wait_for(reader.readexactly(len(real)), 5) == real
    writer.close()


async def test_a_recorded_call_is_told_as_by_the_real_one(switch: ScriptedSwitch) -> None:
    real = transcripts.events("call_record_json")
    bridge = next(event for event in real if event.name == "CHANNEL_BRIDGE")

    async def dial1(leg: Leg) -> None:
        await switch.answer(await switch.dial(leg, "slow"))

    switch.dialplan["dial1"] = dial1
    asked = [command.decode().strip() for command in transcripts.asked("call_record_json")]
    async with connected(switch.port, "ClueCon", events="") as client:
        for command in asked[1:3]:
            await client.ask(command)
        job = await client.event("BACKGROUND_JOB")
        caller = next(leg for leg in switch.legs if leg.inbound)
        callee = caller.peer
        assert callee is not None
        for command in asked[3:]:
            ours = command.replace(bridge.channel, caller.uuid)
            await client.ask(re.sub(r"/\S*/rec/", f"{switch.recordings}/", ours))
            await talking(0.1)
        await client.is_over.wait()
    assert_alike(of(real, bridge.channel), of(client.events, caller.uuid))
    assert_alike(of(real, bridge.get("Other-Leg-Unique-ID")), of(client.events, callee.uuid))
    assert_alike([event for event in real if event.name == "BACKGROUND_JOB"], [job])
    answers = [shape(frame) for frame in client.frames if frame.content_type in {"command/reply", "api/response"}]
    theirs = [
        shape(frame)
        for frame in transcripts.frames("call_record_json")
        if frame.content_type in {"command/reply", "api/response"}
    ]
    told = [one for one in zip(theirs, answers, strict=True) if "row_count" not in one[0][1]]
    assert [re.sub(r"/\S*/", "/", ours[1]) for _, ours in told] == [re.sub(r"/\S*/", "/", real[1]) for real, _ in told]


async def test_the_rows_of_show_channels_are_those_of_the_real_one(switch: ScriptedSwitch) -> None:
    real = next(frame for frame in transcripts.frames("call_record_json") if b"row_count" in frame.body)
    await switch.call()
    async with connected(switch.port, "ClueCon") as client:
        ours = json.loads(await client.ask("api show channels as json"))
    assert [list(row) for row in ours["rows"]] == [list(json.loads(real.body)["rows"][0])] * 2


async def test_a_recorded_conference_is_told_as_by_the_real_one(switch: ScriptedSwitch) -> None:
    real = [event for event in transcripts.events("conference_record_json") if event.get("Conference-Name")]
    # Who talks is told by the loudness, which is no matter of recording.
    real = [event for event in real if event.get("Action") not in {"floor-change", "start-talking"}]
    members = [await switch.inbound(number, "room1") for number in ("1000", "1001")]
    async with connected(switch.port, "ClueCon") as client:
        for member in members:
            await switch.join(member)
        answers = await replayed(client, switch, members)
        await client.event("conference::maintenance", Action="conference-destroy")
    ours = [event for event in client.events if event.get("Conference-Name")]
    assert_alike(real, ours)
    theirs = [frame for frame in transcripts.frames("conference_record_json") if frame.content_type == "api/response"]
    expected = [shape(frame)[1] for frame in theirs if frame.body[:1] not in b"[<"]
    assert answers == [re.sub(r"/\S*/", "/", text) for text in expected]


async def replayed(client: Client, switch: ScriptedSwitch, members: list[Leg]) -> list[str]:
    """Its api commands but for the lists; the words of the answers."""
    asked = [command.decode().strip() for command in transcripts.asked("conference_record_json")]
    leaving = iter(members)
    answers = []
    for command in asked:
        if not command.startswith("api ") or "_list" in command:
            continue
        ours = re.sub(r"/\S*/rec/", f"{switch.recordings}/", command)
        answer = await client.ask(f"api uuid_kill {next(leaving).uuid}" if "uuid_kill" in command else ours)
        answers.append(re.sub(r"/\S*/", "/", re.sub(r"\d+", "N", answer)))
        await talking(0.05)
    return answers


async def test_a_list_of_conferences_has_the_names_of_the_real_one(switch: ScriptedSwitch) -> None:
    frame = next(frame for frame in transcripts.frames("conference_record_json") if b'"conference_name"' in frame.body)
    (real,) = json.loads(frame.body)
    room = await switch.join(await switch.inbound())
    async with connected(switch.port, "ClueCon") as client:
        await client.ask(f"api conference room1 recording start {switch.recordings}/room.wav")
        await client.event("conference::maintenance", Action="start-recording")
        (ours,) = json.loads(await client.ask("api conference json_list"))
    needed = {"conference_name", "conference_uuid", "member_count", "rate", "run_time", "recording", "members"}
    assert needed <= set(ours) <= set(real)
    assert ours["conference_uuid"] == room.uuid
    for theirs, one in zip(real["members"], ours["members"], strict=False):
        assert one["type"] == theirs["type"]
        assert set(one) <= set(theirs)


async def test_an_event_of_the_dialplan_has_the_headers_of_the_real_one(switch: ScriptedSwitch) -> None:
    (real,) = [frame for frame in transcripts.frames("dialplan_event_app") if frame.content_type == "text/event-plain"]
    names = {line.partition(":")[0] for line in real.body.decode().split("\n") if line}
    leg = await switch.inbound("1000", "evt", variables={"connector_note": "hello world"})
    async with connected(switch.port, "ClueCon", "CUSTOM connector::record") as client:
        await switch.event(leg, "connector::record", Action="start", Format="wav", Destination="s3://bucket/a b")
        event = await client.event("connector::record")
    # Its caller had no name to show, and its extension nothing in brackets.
    assert set(event.headers) - names <= {"variable_DP_MATCH", "variable_sip_from_display"}
    assert names <= set(event.headers)
    assert event.get("Destination") == "s3://bucket/a b"


async def test_filters_let_through_what_they_let_through_at_the_real_one(switch: ScriptedSwitch) -> None:
    a_leg, _ = await switch.call()
    async with connected(switch.port, "ClueCon", "") as client:
        for command in transcripts.asked("filter_and_events")[1:]:
            await client.ask(command.decode().strip())
        path = switch.recordings / "filtered.wav"
        answers = await recorded_shortly(switch, a_leg, path)
        await until(lambda: len(client.frames) >= len(transcripts.frames("filter_and_events")), "both events", 5)
    assert answers == ["+OK Success\n", "+OK Success\n"]
    real = [shape(frame)[0] for frame in transcripts.frames("filter_and_events")]
    assert [shape(frame)[0] for frame in client.frames] == real
    ours = [frame.body.decode().split("\n")[0] for frame in client.frames if "plain" in frame.content_type]
    assert ours == ["Event-Name: RECORD_START", "Event-Name: RECORD_STOP"]


async def recorded_shortly(switch: ScriptedSwitch, leg: Leg, path: Path) -> list[str]:
    async with connected(switch.port, "ClueCon", "") as client:
        started = await client.ask(f"api uuid_record {leg.uuid} start {path}")
        await talking(0.05)
        return [started, await client.ask(f"api uuid_record {leg.uuid} stop {path}")]


async def test_a_shutdown_is_told_in_the_order_of_the_real_one(switch: ScriptedSwitch) -> None:
    a_leg, _ = await switch.call()
    async with connected(switch.port, "ClueCon", "SHUTDOWN RECORD_STOP CHANNEL_HANGUP_COMPLETE") as client:
        await client.ask(f"api uuid_record {a_leg.uuid} start {switch.recordings}/x.wav")
        await talking(0.05)
        await switch.shutdown()
        await client.is_over.wait()
    real = [
        line.partition(": ")[2]
        for frame in transcripts.frames("server_shutdown")
        for line in frame.body.decode().split("\n")
        if line.startswith("Event-Name:")
    ]
    ours = [name for name, _ in itertools.groupby(name for name in client.names if name != "CHANNEL_HANGUP_COMPLETE")]
    assert ours == [name for name, _ in itertools.groupby(name for name in real if name != "CHANNEL_HANGUP_COMPLETE")]
    assert client.events[-1].get("Hangup-Cause") == "SYSTEM_SHUTDOWN"
    assert client.frames[-1].body == transcripts.frames("server_shutdown")[-1].body
