"""The player in faster time and as a process of its own."""

import asyncio
import json
import signal
import sys
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from connector.domain.events import BridgeEntered, ChannelEnded, RecorderClosed, RecorderFlushed, Stamped
from connector.domain.ids import CallId, SegmentId
from connector.domain.pbx_commands import StartRecorder
from connector.errors import ConfigError
from connector.pbx.scripted.conversation import Conversation
from connector.pbx.scripted.driver import ScriptedPbx
from connector.pbx.scripted.load import LoadPlan, load_plan
from connector.pbx.scripted.paced_clock import PacedClock
from connector.pbx.scripted.player import Player, main
from connector.pbx.scripted.script import Fault, as_data, together
from connector.pbx.scripted.sound import Noise


async def record_everything(pbx: ScriptedPbx, ends: int) -> list[Stamped]:
    """As a connector would: a recorder on each channel that enters a bridge, until `ends` channels have ended."""
    heard: list[Stamped] = []
    begun: set[str] = set()
    async for stamped in pbx.events():
        heard.append(stamped)
        event = stamped.event
        if isinstance(event, BridgeEntered) and event.channel not in begun:
            begun.add(event.channel)
            await pbx.execute(
                StartRecorder(
                    call=CallId("x"),
                    segment=SegmentId(event.channel),
                    channel=event.channel,
                    path=f"{event.channel}.wav",
                    sample_rate=8000,
                )
            )
        if sum(isinstance(one.event, ChannelEnded) for one in heard) == ends and not begun - {
            one.event.segment for one in heard if isinstance(one.event, RecorderClosed)
        }:
            break
    await pbx.close()
    return heard


def ticks_of(place: Path) -> list[bytes]:
    with wave.open(str(place)) as file:
        sound = file.readframes(file.getnframes())
    return [sound[at : at + 320] for at in range(0, len(sound), 320)]


async def test_in_faster_time_a_minute_is_a_minute_in_the_file_and_in_the_stamps(tmp_path: Path) -> None:
    clock = PacedClock(pace=600.0)
    player = Player(tmp_path / "socket", tmp_path, clock=clock, grace_seconds=0.02)
    pbx = ScriptedPbx("fast", tmp_path / "socket", clock=PacedClock())
    conversation = Conversation(caller="+4930", agent="201", prefix="c").ringing(1).talk(60).hangup()
    async with player.attended():
        listening = asyncio.create_task(record_everything(pbx, ends=2))
        await player.doors.was_heard.wait()
        begin = player.add(conversation.script())
        heard = await listening

    [end] = [stamped.at for stamped in heard if stamped.event == ChannelEnded(channel="c-caller", cause="normal")]  # type: ignore[arg-type] # a test's shorthand
    assert abs(end - begin - 61.0) < 0.001
    said = ticks_of(tmp_path / "c-201.wav")
    place = next(tick for tick in range(200) if Noise("c-201").tick(tick, 8000) == said[0])
    assert place <= 5
    assert said == [Noise("c-201").tick(place + tick, 8000) for tick in range(len(said))]
    assert abs(len(said) - 3000) <= 5
    assert len([one for one in heard if isinstance(one.event, RecorderFlushed)]) == 2 * 29


@asynccontextmanager
async def a_process(tmp_path: Path, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "connector.pbx.scripted.player", "--socket", str(tmp_path / "socket")),
        *("--report", str(tmp_path / "report.json"), *arguments),
    )
    try:
        yield process
        assert await asyncio.wait_for(process.wait(), 20) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_as_a_process_it_waits_for_a_driver_plays_writes_files_and_reports(tmp_path: Path) -> None:
    calls = [Conversation(caller="+4930", agent="201", prefix=f"c{n}").ringing(1).talk(20).hangup() for n in range(3)]
    (tmp_path / "script.json").write_text(json.dumps(as_data(together(*(call.script() for call in calls)))))
    spool = tmp_path / "spool"
    spool.mkdir()
    options = ("--pace", "100", "--grace", "0.01", "--no-flush-events")
    async with a_process(tmp_path, "--spool", str(spool), "--script", str(tmp_path / "script.json"), *options):
        pbx = ScriptedPbx("process", tmp_path / "socket", clock=PacedClock())
        heard = await record_everything(pbx, ends=6)
    assert not any(isinstance(stamped.event, RecorderFlushed) for stamped in heard)
    assert len(list(spool.iterdir())) == 6
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["commands"] == report["start_recorder"]["count"] == 6
    assert 0 < report["start_recorder"]["p50_ms"] < 5000
    assert report["cpu_seconds"] > 0


async def test_a_process_that_is_told_to_end_closes_its_files(tmp_path: Path) -> None:
    call = Conversation(caller="+4930", agent="201", prefix="c").talk(0.2)
    (tmp_path / "script.json").write_text(json.dumps(as_data(call.script())))
    spool = tmp_path / "spool"
    spool.mkdir()
    arguments = ("--spool", str(spool), "--script", str(tmp_path / "script.json"), "--stay", "--flush-bytes", "320")
    async with a_process(tmp_path, *arguments) as process:
        pbx = ScriptedPbx("process", tmp_path / "socket", clock=PacedClock())
        events = pbx.events()
        async for stamped in events:
            if isinstance(stamped.event, BridgeEntered):
                await pbx.execute(
                    StartRecorder(
                        call=CallId("x"),
                        segment=SegmentId("s"),
                        channel=stamped.event.channel,
                        path="s.wav",
                        sample_rate=8000,
                    )
                )
            if isinstance(stamped.event, RecorderFlushed):
                break
        process.send_signal(signal.SIGTERM)
        await process.wait()
        await pbx.close()
    assert len(ticks_of(spool / "s.wav")) >= 1


async def test_under_load_every_call_is_told_and_every_recorder_answered(tmp_path: Path) -> None:
    async with a_process(tmp_path, "--load", "calls=40,rate=40,events=12,seconds=0.5,flushes=1"):
        pbx = ScriptedPbx("load", tmp_path / "socket", clock=PacedClock())
        heard = await record_everything(pbx, ends=40)
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["calls"] == 20
    assert report["events"] == 20 * 12
    own = [one for one in heard if type(one.event).__name__ not in {"PbxResynchronised", "PbxLost"}]
    assert len([one for one in own if not type(one.event).__name__.startswith("Recorder")]) == 240
    assert report["start_recorder"]["count"] == 40
    assert report["start_recorder"]["unanswered"] == 0
    assert set(report["start_recorder"]) == {"count", "unanswered", "p50_ms", "p95_ms", "p99_ms", "max_ms"}
    assert len([one for one in own if isinstance(one.event, RecorderClosed)]) == 40


def test_a_load_is_described_in_words() -> None:
    assert load_plan("calls=100,rate=2.5,events=9,seconds=7,flushes=1") == LoadPlan(
        calls=100, rate=2.5, events=9, seconds=7.0, flushes=1
    )
    assert load_plan("") == LoadPlan()
    assert LoadPlan().life_seconds == 50.0


@pytest.mark.parametrize("written", ["calls", "calls=many", "events=5", "rate=0", "calls=10,rate=20", "phones=3"])
def test_a_load_that_cannot_be_is_refused(written: str) -> None:
    with pytest.raises(ConfigError, match="6"):
        load_plan(written)


def test_a_mistake_on_the_command_line_is_said_and_ends_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert main(["--socket", str(tmp_path / "s"), "--at-once"]) == 2
    assert "--spool is missing" in caplog.text
    assert main(["--socket", str(tmp_path / "s"), "--spool", str(tmp_path), "--script", str(tmp_path / "none")]) == 2


async def test_a_voice_that_cannot_be_is_refused_before_anything_happens(tmp_path: Path) -> None:
    player = Player(tmp_path / "socket", tmp_path, clock=PacedClock())
    conversation = Conversation(caller="1", agent="2").voice("caller", "wav:/no/such.wav").misbehave(Fault.CUT)
    with pytest.raises(ConfigError, match="no/such"):
        player.add(conversation.script())
