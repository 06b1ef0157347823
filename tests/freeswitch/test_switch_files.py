"""What the scripted switch's files hold: against the measured figures, and against what the phones said."""

import struct
import time
import wave
from pathlib import Path

import pytest
import soundfile

from tests.freeswitch import proving
from tests.freeswitch.client import Client, connected
from tests.freeswitch.legs import Leg
from tests.freeswitch.switch import ScriptedSwitch
from tests.pbx import noise
from tests.pbx.waiting import talking

#: A busy machine takes its time between a command and the clock that a test reads.
NEAR_SECONDS = 0.1


def seconds(path: Path) -> float:
    return float(soundfile.info(path).duration)


async def start(client: Client, leg: Leg, path: Path, options: str = "", limit: str = "0") -> str:
    braces = f" {limit} {{{options}}}" if options else ""
    return await client.ask(f"api uuid_record {leg.uuid} start {path}{braces}")


async def stop(client: Client, leg: Leg, path: Path | str) -> str:
    return await client.ask(f"api uuid_record {leg.uuid} stop {path}")


@pytest.mark.parametrize(("options", "swapped"), [("RECORD_STEREO=true", False), ("RECORD_STEREO_SWAP=true", True)])
async def test_left_is_what_the_recorded_legs_own_phone_says(
    switch: ScriptedSwitch, options: str, swapped: bool
) -> None:
    a_leg, b_leg = await switch.call()
    paths = {leg.uuid: switch.recordings / f"{leg.number}.wav" for leg in (a_leg, b_leg)}
    async with connected(switch.port) as client:
        for leg in (a_leg, b_leg):
            await start(client, leg, paths[leg.uuid], options)
        both = time.time() + 0.02, time.time() + 0.3
        await talking(0.4)
        await switch.hang_up(a_leg)
    for leg, other in ((a_leg, b_leg), (b_leg, a_leg)):
        sides = (other, leg) if swapped else (leg, other)
        proving.assert_said(paths[leg.uuid], left=sides[0], right=sides[1], between=both)


async def test_one_leg_files_hold_one_voice_and_a_mix_holds_both(switch: ScriptedSwitch) -> None:
    a_leg, b_leg = await switch.call()
    read, write, mix = (switch.recordings / f"{name}.wav" for name in ("read", "write", "mix"))
    async with connected(switch.port) as client:
        await start(client, a_leg, read, "RECORD_READ_ONLY=true")
        await start(client, a_leg, write, "RECORD_WRITE_ONLY=true")
        await start(client, a_leg, mix)
        all_run = time.time() + 0.02, time.time() + 0.3
        await talking(0.4)
        await switch.hang_up(b_leg)
    proving.assert_alone(read, a_leg, between=all_run)
    proving.assert_alone(write, b_leg, between=all_run)
    assert soundfile.info(mix).channels == 1
    assert not noise.runs(proving.read_mono(mix).left)


async def test_without_a_limit_the_options_are_not_heard_and_the_file_is_mono(switch: ScriptedSwitch) -> None:
    a_leg, _ = await switch.call()
    path = switch.recordings / "mono.wav"
    async with connected(switch.port) as client:
        answer = await client.ask(f"api uuid_record {a_leg.uuid} start {path} {{RECORD_STEREO=true}}")
        await client.event("RECORD_START")
        await talking(0.1)
        await stop(client, a_leg, path)
    assert answer == "+OK Success\n"
    assert soundfile.info(path).channels == 1


@pytest.mark.parametrize("rate", [8000, 16000])
async def test_every_sample_is_there_at_the_legs_own_rate(tmp_path: Path, rate: int) -> None:
    async with ScriptedSwitch(tmp_path) as switch:
        a_leg, b_leg = await switch.call(rate=rate)
        path = switch.recordings / "x.wav"
        async with connected(switch.port) as client:
            await start(client, a_leg, path, "RECORD_STEREO=true")
            begun = time.time()
            await talking(0.5)
            await stop(client, a_leg, path)
            ended = time.time()
        assert soundfile.info(path).samplerate == rate
        proving.assert_said(path, left=a_leg, right=b_leg, between=(begun + 0.02, ended - 0.04), single_frames=0)


async def test_a_rate_may_be_wished(switch: ScriptedSwitch) -> None:
    a_leg, _ = await switch.call()
    path = switch.recordings / "wide.wav"
    async with connected(switch.port) as client:
        await start(client, a_leg, path, "record_sample_rate=16000")
        await talking(0.2)
        await stop(client, a_leg, path)
    assert soundfile.info(path).samplerate == 16000


async def test_a_hold_stops_the_time_of_the_held_legs_file_and_of_no_other(switch: ScriptedSwitch) -> None:
    a_leg, b_leg = await switch.call()
    paths = {leg.uuid: switch.recordings / f"{leg.number}.wav" for leg in (a_leg, b_leg)}
    async with connected(switch.port) as client:
        for leg in (a_leg, b_leg):
            await start(client, leg, paths[leg.uuid], "RECORD_READ_ONLY=true")
        begun = time.time()
        await talking(0.3)
        assert await client.ask(f"api uuid_hold {b_leg.uuid}") == "+OK Success\n"
        held = time.time()
        await talking(0.4)
        assert await client.ask(f"api uuid_hold off {b_leg.uuid}") == "+OK Success\n"
        held = time.time() - held
        await talking(0.3)
        await switch.hang_up(a_leg)
    assert seconds(paths[a_leg.uuid]) - seconds(paths[b_leg.uuid]) == pytest.approx(held, abs=NEAR_SECONDS)
    for leg in (a_leg, b_leg):
        proving.assert_alone(paths[leg.uuid], leg, between=(begun + 0.02, time.time()))


async def test_a_masked_stretch_is_silent_and_keeps_its_time_and_a_paused_one_is_gone(switch: ScriptedSwitch) -> None:
    a_leg, _ = await switch.call()
    masked, paused = (switch.recordings / f"{name}.wav" for name in ("masked", "paused"))
    async with connected(switch.port) as client:
        for path in (masked, paused):
            await start(client, a_leg, path, "RECORD_READ_ONLY=true")
        await talking(0.2)
        for verb, path in (("mask", masked), ("pause", paused)):
            assert await client.ask(f"api uuid_record {a_leg.uuid} {verb} {path}") == "+OK Success\n"
        pause = time.time()
        await talking(0.3)
        for verb, path in (("unmask", masked), ("resume", paused)):
            assert await client.ask(f"api uuid_record {a_leg.uuid} {verb} {path}") == "+OK Success\n"
        pause = time.time() - pause
        await talking(0.2)
        await switch.hang_up(a_leg)
        assert {"RECORD_START", "RECORD_STOP"} >= {name for name in client.names if name.startswith("RECORD")}
    assert seconds(masked) - seconds(paused) == pytest.approx(pause, abs=NEAR_SECONDS)
    quiet = proving.read_mono(masked)
    assert (quiet.left == 0).sum() / quiet.sample_rate == pytest.approx(pause, abs=NEAR_SECONDS)
    assert not (proving.read_mono(paused).left == 0).any()


async def test_what_is_played_is_heard_and_not_said(switch: ScriptedSwitch) -> None:
    a_leg = await switch.inbound("1000", "ivr")
    await switch.answer(a_leg)
    path = switch.recordings / "ivr.wav"
    async with connected(switch.port) as client:
        await start(client, a_leg, path, "RECORD_STEREO=true,RECORD_STEREO_SWAP=true")
        await client.ask(f"api uuid_broadcast {a_leg.uuid} prompt.wav aleg")
        await talking(0.3)
        await stop(client, a_leg, path)
    samples, _ = soundfile.read(path, dtype="int16")
    assert {run.stream for run in noise.runs(samples[:, 0])} == {noise.PROMPT}
    assert {run.stream for run in noise.runs(samples[:, 1])} == {a_leg.stream}


@pytest.mark.parametrize(("buffering", "lost"), [("", 64 * 1024), ("false", 0), ("4096", 4096)])
async def test_a_killed_switch_leaves_open_heads_and_loses_its_buffers(
    switch: ScriptedSwitch, buffering: str, lost: int
) -> None:
    a_leg, _ = await switch.call()
    path = switch.recordings / "killed.wav"
    option = f",enable_file_write_buffering={buffering}" if buffering else ""
    async with connected(switch.port) as client:
        await start(client, a_leg, path, f"RECORD_STEREO=true{option}")
        begun = time.time()
        await talking(0.5)
        said = time.time() - begun
        await switch.crash()
        await client.is_over.wait()
        assert "RECORD_STOP" not in client.names
    head = path.read_bytes()[:44]
    assert struct.unpack_from("<I", head, 4) == (8,)
    assert struct.unpack_from("<I", head, 40) == (0,)
    with pytest.raises(wave.Error, match="missing"):
        wave.open(str(path)).close()
    written = path.stat().st_size - 44
    # Two frames: what was begun when the file was and when the switch died.
    assert written >= said * 32000 - lost - 2 * 640
    assert written <= (time.time() - begun) * 32000 + 2 * 640


async def test_a_file_is_complete_when_record_stop_comes_and_its_length_stands_there(switch: ScriptedSwitch) -> None:
    a_leg, _ = await switch.call()
    path = switch.recordings / "new folder" / "x.wav"
    async with connected(switch.port) as client:
        await client.ask(f"api uuid_record {a_leg.uuid} start '{path}' 0 {{RECORD_STEREO=true,my_id=7}}")
        started = await client.event("RECORD_START")
        await talking(0.2)
        assert await client.ask(f"api uuid_record {a_leg.uuid} stop '{path}'") == "+OK Success\n"
        stopped = await client.event("RECORD_STOP")
    assert path.parent.stat().st_mode & 0o777 == 0o750
    assert started.get("Recording-Variable-my_id") == stopped.get("Recording-Variable-my_id") == "7"
    assert stopped.get("Record-File-Path") == str(path)
    assert int(stopped.variable("record_samples")) == soundfile.info(path).frames
    assert int(stopped.variable("record_file_size")) == path.stat().st_size


async def test_a_start_tells_the_figures_of_the_recording_before_it(switch: ScriptedSwitch) -> None:
    a_leg, _ = await switch.call()
    async with connected(switch.port) as client:
        for name in ("one", "two"):
            path = switch.recordings / f"{name}.wav"
            await start(client, a_leg, path)
            await talking(0.1)
            await stop(client, a_leg, path)
        second = await client.event("RECORD_START", Record_File_Path=str(path))
        first = await client.event("RECORD_STOP")
    assert second.variable("record_samples") == first.variable("record_samples") != ""


async def test_what_is_too_short_or_empty_is_deleted(switch: ScriptedSwitch) -> None:
    a_leg, b_leg = await switch.call()
    short, empty = (switch.recordings / f"{name}.wav" for name in ("short", "empty"))
    async with connected(switch.port) as client:
        await start(client, a_leg, short, "RECORD_MIN_SEC=5")
        await switch.hold(b_leg)
        await start(client, b_leg, empty, "RECORD_READ_ONLY=true")
        await talking(0.1)
        await switch.hang_up(a_leg)
        causes = {
            path: (await client.event("RECORD_STOP", Record_File_Path=str(path))).get("Record-Completion-Cause")
            for path in (short, empty)
        }
    assert causes == {short: "input-too-short", empty: "empty-file"}
    assert list(switch.recordings.glob("*.wav")) == []


async def test_a_limit_counts_whole_seconds_of_the_clock(switch: ScriptedSwitch) -> None:
    a_leg, _ = await switch.call()
    path = switch.recordings / "limited.wav"
    async with connected(switch.port) as client:
        await start(client, a_leg, path, "RECORD_STEREO=true", limit="1")
        stopped = await client.event("RECORD_STOP")
    assert stopped.get("Record-Completion-Cause") == "success-maxtime"
    assert seconds(path) <= 1.5


async def test_the_traps_of_uuid_record(switch: ScriptedSwitch, tmp_path: Path) -> None:
    a_leg, b_leg = await switch.call()
    path = switch.recordings / "x.wav"
    async with connected(switch.port) as client:
        assert [await start(client, leg, path) for leg in (a_leg, a_leg, b_leg)] == ["+OK Success\n"] * 3
        assert client.names.count("RECORD_START") == 2
        assert await start(client, a_leg, tmp_path / "x.xyz") == "-ERR Cannot record session!\n"
        assert await start(client, a_leg, Path("/proc/nope/x.wav")) == "-ERR Cannot record session!\n"
        assert await start(client, a_leg, Path("relative.wav")) == "+OK Success\n"
        assert await stop(client, a_leg, "relative.wav") == "-ERR Cannot stop record session!\n"
        assert len(switch.running(a_leg)) == 2
        assert await stop(client, a_leg, "all") == "+OK Success\n"
        assert switch.running(a_leg) == []
        bugs = await client.ask(f"api uuid_buglist {b_leg.uuid}")
        assert f"<function>session_record</function>\n  <target>{path}</target>" in bugs


async def test_an_unanswered_leg_gets_early_media_by_its_recorder(switch: ScriptedSwitch) -> None:
    a_leg = await switch.inbound()
    async with connected(switch.port) as client:
        await start(client, a_leg, switch.recordings / "early.wav")
        early = await client.event("CHANNEL_PROGRESS_MEDIA")
    assert early.get("Answer-State") == "early"
    assert early.variable("endpoint_disposition") == "EARLY MEDIA"


async def test_a_conferences_mix_is_mono_behind_a_list_chunk(switch: ScriptedSwitch) -> None:
    members = [await switch.inbound(number) for number in ("1000", "1001")]
    path = switch.recordings / "room.wav"
    async with connected(switch.port) as client:
        for member in members:
            await switch.join(member)
        await client.ask(f"api conference room1 recording start {path}")
        await talking(0.3)
        for member in members:
            await switch.hang_up(member)
        stopped = await client.event("conference::maintenance", Action="stop-recording")
    assert b"LIST" in path.read_bytes()[:40]
    assert stopped.get("Record-File-Size") == str(path.stat().st_size)
    assert stopped.get("Samples-Out") == str(soundfile.info(path).frames)
    assert soundfile.info(path).channels == 1


async def test_a_disk_that_is_full_is_told_at_the_stop_and_a_stuck_file_does_not_grow(switch: ScriptedSwitch) -> None:
    a_leg, b_leg = await switch.call()
    full, stuck = (switch.recordings / f"{name}.wav" for name in ("full", "stuck"))
    unbuffered = "RECORD_READ_ONLY=true,enable_file_write_buffering=false"
    switch.disk.stuck.add(str(stuck))
    async with connected(switch.port) as client:
        await start(client, b_leg, stuck, unbuffered)
        await start(client, a_leg, full, unbuffered)
        await talking(0.1)
        switch.disk.is_full = True
        await talking(0.1)
        assert stuck.stat().st_size == 44
        await switch.hang_up(a_leg)
        stopped = await client.event("RECORD_STOP", Record_File_Path=str(full))
    assert stopped.get("Record-Completion-Cause") == "uri-failure"
