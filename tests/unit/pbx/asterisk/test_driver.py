"""The driver of Asterisk against an AMI that says what the test wants."""

import asyncio
from pathlib import Path

import pytest

from connector.domain.events import (
    ChannelCreated,
    ChannelEnded,
    CommandTimedOut,
    PbxLost,
    PbxResynchronised,
    RecorderClosed,
    RecorderFound,
    RecorderRefused,
    RecorderStarted,
)
from connector.domain.ids import ChannelId, SegmentId
from connector.domain.pbx_commands import PlaySound
from connector.errors import PbxRefused
from connector.pbx.asterisk.ami_message import AmiMessage
from tests.clocks import SimulatedClock
from tests.pbx.waiting import until
from tests.unit.pbx.asterisk.ami_server import Answer, error, listing, success
from tests.unit.pbx.asterisk.driver_rig import CALL, CALLER, STATUS, mute, running, start, stop

STARTED = RecorderStarted(segment=SegmentId("s1"), path="s1.wav", sample_rate=8000)


def silence() -> Answer:
    return lambda _: b""


def _one_after_the_other(*answers: Answer) -> Answer:
    waiting = iter(answers)

    def answer(action: AmiMessage) -> bytes:
        return next(waiting)(action)

    return answer


# What lives


async def test_what_lives_is_told_first_and_then_who_it_is(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.until(lambda: rig.told(ChannelCreated))
        assert rig.heard[0].event == PbxResynchronised(channels=(CALLER,), recorders=())
        assert rig.told(ChannelCreated)[0].channel == CALLER


async def test_its_release_is_known_once_it_is_connected(tmp_path: Path) -> None:
    async with running(tmp_path, CoreSettings=success("AsteriskVersion: 22.10.1~dfsg-1")) as rig:
        await until(lambda: rig.pbx.version, "the release")
        assert rig.pbx.version == "22.10.1~dfsg-1"


@pytest.mark.parametrize("answer", [error("Permission denied"), success("Message: nothing to tell")])
async def test_an_account_that_may_not_ask_for_the_release_does_all_the_same(tmp_path: Path, answer: Answer) -> None:
    async with running(tmp_path, CoreSettings=answer) as rig:
        await rig.asked("CoreSettings")
        await rig.pbx.execute(start())
        await rig.asked("MixMonitor")
        assert rig.pbx.version == ""


async def test_what_happens_during_the_resynchronisation_is_told_after_it(tmp_path: Path) -> None:
    async with running(tmp_path, Status=silence(), is_listening=False) as rig:
        listening = asyncio.create_task(rig.listen())
        action = await rig.asked("Status")
        await rig.tell("Hangup", "Cause-txt: Normal")
        rig.server.peers[0].write(listing(STATUS.format(CALLER), STATUS.format("1.2"))(action))
        await rig.until(lambda: rig.told(ChannelEnded))
        assert rig.kinds[0] == "PbxResynchronised"
        assert rig.told(PbxResynchronised)[0].channels == (CALLER, ChannelId("1.2"))
        assert rig.kinds[-1] == "ChannelEnded"
        await rig.pbx.close()
        await listening


async def test_a_loss_is_told_once_and_what_lives_is_told_again(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        rig.server.peers[0].abort()
        await rig.until(lambda: len(rig.told(PbxResynchronised)) == 2)
        assert len(rig.told(PbxLost)) == 1


async def test_a_connection_that_never_said_what_lives_is_no_loss(tmp_path: Path) -> None:
    async with running(tmp_path, Status=_one_after_the_other(error("No Status for you"), listing())) as rig:
        assert rig.kinds == ["PbxResynchronised"]
        assert len(rig.server.peers) == 2


async def test_recorders_live_whose_file_is_open_and_no_others(tmp_path: Path) -> None:
    (tmp_path / "open.wav").write_bytes(bytes(32768))
    (tmp_path / "closed.wav").write_bytes(
        b"RIFF\x2a\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0@\x1f\0\0\x80>\0\0\x02\0\x10\0data\x06\0\0\0abcdef"
    )
    variables = [
        "CALLREEL_REC_s1_open.wav=0x1",
        "CALLREEL_REC_s2_closed.wav=0x2",
        "CALLREEL_REC_s3_gone.wav=0x3",
        "CALLREEL_REC_s4_open.wav=",
    ]
    lines = "".join(f"\r\nVariable: {text}" for text in variables)
    async with running(tmp_path, Status=listing(STATUS.format(CALLER) + lines)) as rig:
        [told] = rig.told(PbxResynchronised)
        assert told.recorders == (RecorderStarted(segment=SegmentId("s1"), path="open.wav", sample_rate=8000),)

        await rig.pbx.execute(stop())
        assert (await rig.asked("StopMixMonitor")).get("MixMonitorID") == "0x1"


async def test_too_many_events_at_once_end_in_asking_anew(tmp_path: Path) -> None:
    async with running(tmp_path, queue_length=20, Status=listing()) as rig:
        for _ in range(60):
            await rig.tell("Hangup")
        await rig.until(lambda: len(rig.told(PbxResynchronised)) == 2)
        assert rig.told(PbxLost) == []


# Starting


async def test_a_start_names_file_and_variable_and_is_told_with_the_stamp_of_its_event(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.pbx.execute(start())
        action = await rig.asked("MixMonitor")
        assert action.get("Channel") == CALLER
        assert action.get("Options") == f"r({tmp_path}/s1.wav)Si(CALLREEL_REC_s1_s1.wav)"
        assert action.get("File") == ""
        (tmp_path / "s1.wav").touch()
        at = rig.now()
        await asyncio.sleep(0.05)
        await rig.tell("MixMonitorStart", at=at)
        await rig.until(lambda: rig.told(RecorderStarted))
        assert rig.heard[-1].event == STARTED
        assert rig.heard[-1].at == pytest.approx(at, abs=0.01)


async def test_success_without_a_file_is_refused_and_taken_back(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.pbx.execute(start())
        await rig.asked("MixMonitor")
        await rig.tell("MixMonitorStart")
        await rig.until(lambda: rig.told(RecorderRefused))
        [refused] = rig.told(RecorderRefused)
        assert "did not appear" in refused.reason
        assert str(tmp_path) in refused.reason
        assert (await rig.asked("StopMixMonitor")).get("MixMonitorID") == "0x1"
        assert rig.told(RecorderStarted) == []


async def test_a_file_whose_start_is_never_told_has_started_all_the_same(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.pbx.execute(start())
        await rig.asked("MixMonitor")
        (tmp_path / "s1.wav").touch()
        await rig.until(lambda: rig.told(RecorderStarted))


async def test_what_asterisk_refuses_is_refused_with_its_reason(tmp_path: Path) -> None:
    async with running(tmp_path, MixMonitor=error("No such channel")) as rig:
        await rig.pbx.execute(start())
        await rig.until(lambda: rig.told(RecorderRefused))
        assert "No such channel" in rig.told(RecorderRefused)[0].reason


async def test_a_spool_that_mixmonitor_takes_apart_is_a_trouble_and_nothing_is_sent(tmp_path: Path) -> None:
    async with running(tmp_path, spool="/srv/a,b", files="ari") as rig:
        await rig.pbx.execute(start())
        await rig.until(lambda: rig.told(RecorderRefused))
        assert "/srv/a,b" in rig.told(RecorderRefused)[0].reason
        assert any("/srv/a,b" in trouble for trouble in rig.pbx.troubles())
        assert (await rig.peer()).named("MixMonitor") == []


async def test_the_format_is_asked_at_the_answer_and_known_when_the_command_comes(tmp_path: Path) -> None:
    async with running(tmp_path, Status=listing(), Getvar=success("Value: (g722)")) as rig:
        await rig.tell("Newstate", "Channel: PJSIP/201-1", "ChannelState: 6")
        assert (await rig.asked("Getvar")).get("Variable") == "CHANNEL(audionativeformat)"
        await rig.pbx.execute(start())
        assert f"r({tmp_path}/s1.wav16)" in (await rig.asked("MixMonitor")).get("Options")
        (tmp_path / "s1.wav16").touch()
        await rig.tell("MixMonitorStart")
        await rig.until(lambda: rig.told(RecorderStarted))
        assert rig.told(RecorderStarted)[0] == RecorderStarted(
            segment=SegmentId("s1"), path="s1.wav16", sample_rate=16000
        )
        assert len((await rig.peer()).named("Getvar")) == 1


async def test_an_unknown_format_is_asked_once_and_a_mute_waits_for_the_start(tmp_path: Path) -> None:
    async with running(tmp_path, Status=listing(), Getvar=silence()) as rig:
        await rig.pbx.execute(start())
        await rig.pbx.execute(mute())
        question = await rig.asked("Getvar")
        (await rig.peer()).write(success("Value: (ulaw)")(question))
        await rig.asked("MixMonitorMute")
        sent = [action.get("Action") for action in (await rig.peer()).actions]
        assert sent[-3:] == ["Getvar", "MixMonitor", "MixMonitorMute"]


async def test_a_start_that_was_given_up_and_shows_up_later_is_stopped(tmp_path: Path) -> None:
    clock = SimulatedClock()
    seen = listing(STATUS.format(CALLER) + "\r\nVariable: CALLREEL_REC_s1_s1.wav=0x9")
    lists = _one_after_the_other(listing(STATUS.format(CALLER)), seen)
    async with running(tmp_path, clock=clock, files="ari", MixMonitor=silence(), Status=lists) as rig:
        await rig.pbx.execute(start())
        await rig.asked("MixMonitor")
        await clock.advance(2.1)
        await rig.until(lambda: rig.told(CommandTimedOut))
        await rig.tell("VarSet", "Variable: CALLREEL_REC_s1_s1.wav", "Value: 0x9")
        assert (await rig.asked("StopMixMonitor")).get("MixMonitorID") == "0x9"


# Ending, muting, playing


async def test_a_stop_ends_its_own_recorder_and_is_told_at_its_events_moment(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.recording()
        await rig.pbx.execute(stop())
        assert (await rig.asked("StopMixMonitor")).get("MixMonitorID") == "0x1"
        at = rig.now()
        await asyncio.sleep(0.05)
        await rig.tell("MixMonitorStop", at=at)
        (tmp_path / "s1.wav").write_bytes(b"")
        await rig.until(lambda: rig.told(RecorderClosed))
        assert rig.heard[-1].at == pytest.approx(at, abs=0.01)


async def test_an_id_that_the_reply_did_not_tell_is_asked_for(tmp_path: Path) -> None:
    async with running(tmp_path, MixMonitor=success()) as rig:
        await rig.recording()
        rig.server.answers["Getvar"] = success("Value: 0x7")
        await rig.pbx.execute(stop())
        assert (await rig.asked("StopMixMonitor")).get("MixMonitorID") == "0x7"
        assert (await rig.asked("Getvar")).get("Variable") == "CALLREEL_REC_s1_s1.wav"


async def test_a_hangup_is_told_before_the_end_of_its_files(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.recording()
        (tmp_path / "s1.wav").write_bytes(b"")
        await rig.tell("Hangup")
        await rig.until(lambda: rig.told(RecorderClosed))
        assert rig.kinds[-2:] == ["ChannelEnded", "RecorderClosed"]


async def test_where_files_come_by_ari_a_stop_empties_the_variable(tmp_path: Path) -> None:
    async with running(tmp_path, files="ari") as rig:
        await rig.pbx.execute(start())
        await rig.asked("MixMonitor")
        await rig.tell("MixMonitorStart")
        await rig.until(lambda: rig.told(RecorderStarted))
        await rig.pbx.execute(stop())
        emptied = await rig.asked("Setvar")
        assert (emptied.get("Variable"), emptied.get("Value")) == ("CALLREEL_REC_s1_s1.wav", "")
        await rig.until(lambda: rig.told(RecorderClosed))


async def test_a_mute_names_the_recorder(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.recording()
        await rig.pbx.execute(mute())
        action = await rig.asked("MixMonitorMute")
        named = [action.get(key) for key in ("Channel", "Direction", "State", "MixMonitorID")]
        assert named == [CALLER, "both", "1", "0x1"]


async def test_a_command_after_the_end_is_said_to_have_come_to_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.pbx.close()
        await rig.pbx.execute(start())
        assert (await rig.peer()).named("MixMonitor") == []


async def test_closing_stops_no_recorder(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.recording()
        await rig.pbx.close()
        assert (await rig.peer()).named("StopMixMonitor") == []


async def test_sounds_are_the_players_business(tmp_path: Path) -> None:
    played: list[tuple[ChannelId, str]] = []
    done = asyncio.Event()

    async def player(channel: ChannelId, sound: str) -> None:
        played.append((channel, sound))
        done.set()

    async with running(tmp_path, player=player) as rig:
        await rig.pbx.execute(PlaySound(call=CALL, channel=CALLER, sound="beep"))
        await done.wait()
        assert played == [(CALLER, "beep")]
        assert rig.pbx.troubles() == []


async def test_a_sound_that_cannot_be_played_is_a_trouble_and_no_more(tmp_path: Path) -> None:
    done = asyncio.Event()

    async def player(_channel: ChannelId, _sound: str) -> None:
        done.set()
        raise PbxRefused("no such sound")

    async with running(tmp_path, player=player) as rig:
        await rig.pbx.execute(PlaySound(call=CALL, channel=CALLER, sound="beep"))
        await done.wait()
        await rig.recording()
        assert rig.pbx.troubles() == ["PBX office: no such sound"]


# Recorders of the dialplan, and what is said of the PBX


async def test_a_recorder_of_the_dialplan_is_found_when_its_variable_tells_of_it(tmp_path: Path) -> None:
    path = f"must_{CALLER}~1.1~100.5_rx.wav"
    (tmp_path / path).touch()
    async with running(tmp_path) as rig:
        at = rig.now()
        await rig.tell("MixMonitorStart", at=at)
        await asyncio.sleep(0.05)
        await rig.tell("VarSet", "Variable: CALLREEL_MUST", f"Value: {path}|CALLREEL_MUST_ID|100.5")
        await rig.until(lambda: rig.told(RecorderFound))
        assert rig.told(RecorderFound)[0].path == path
        assert rig.heard[-1].at == pytest.approx(at, abs=0.01)


async def test_a_variable_that_was_inherited_tells_of_another_channels_recorder(tmp_path: Path) -> None:
    path = "must_9.9~1.1~100.5_rx.wav"
    (tmp_path / path).touch()
    async with running(tmp_path) as rig:
        await rig.tell("VarSet", "Variable: __CALLREEL_MUST", f"Value: {path}|CALLREEL_MUST_ID|100.5")
        await rig.tell("Hangup")
        await rig.until(lambda: rig.told(ChannelEnded))
        assert rig.told(RecorderFound) == []


async def test_events_without_stamps_are_a_trouble_that_says_the_line(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.tell_unstamped("Hangup")
        await rig.until(lambda: rig.told(ChannelEnded))
        assert any("timestampevents = yes" in trouble for trouble in rig.pbx.troubles())
        await rig.tell("Hangup")
        await rig.until(lambda: len(rig.told(ChannelEnded)) == 2)
        assert rig.pbx.troubles() == []


async def test_a_spool_that_is_not_there_is_a_trouble(tmp_path: Path) -> None:
    async with running(tmp_path, spool=str(tmp_path / "missing")) as rig:
        assert any(str(tmp_path / "missing") in trouble for trouble in rig.pbx.troubles())
