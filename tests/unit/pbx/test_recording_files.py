"""The files that the scripted PBX writes, held against the script sample by sample."""

import struct
import wave
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.domain.call import Direction
from connector.domain.events import BridgeEntered, ChannelEnded, RecorderClosed, RecorderFlushed, RecorderStarted
from connector.domain.ids import CallId, ChannelId, SegmentId
from connector.domain.pbx_commands import (
    MuteRecorder,
    PlaySound,
    StartRecorder,
    StopRecorder,
    UnmuteRecorder,
)
from connector.domain.recording import Heard
from connector.pbx.scripted.conversation import Conversation
from connector.pbx.scripted.exchange import Manners
from connector.pbx.scripted.recorder import own_lag_ticks
from connector.pbx.scripted.sound import Noise, Tone, fitted, silence
from tests.contract.pbx.scripted_rig import ScriptedRig
from tests.contract.pbx.suite import told

CALL = CallId("a call")
TICK = 320


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[ScriptedRig]:
    async with ScriptedRig(tmp_path).running() as rig:
        yield rig


def start(channel: str, *, heard: Heard = Heard.RX, rate: int = 8000) -> StartRecorder:
    name = f"{channel}-{heard}"
    return StartRecorder(
        call=CALL,
        segment=SegmentId(name),
        channel=ChannelId(channel),
        path=f"{name}.wav",
        sample_rate=rate,
        heard=heard,
    )


def header_sizes(place: Path) -> tuple[int, int]:
    head = place.read_bytes()[:44]
    return struct.unpack("<I", head[4:8])[0], struct.unpack("<I", head[40:44])[0]


def sound(rig: ScriptedRig, name: str) -> bytes:
    with wave.open(str(rig.spool / f"{name}.wav")) as file:
        return bytes(file.readframes(file.getnframes()))


def noise(channel: str, first_tick: int, ticks: int, rate: int = 8000) -> bytes:
    return b"".join(Noise(channel).tick(first_tick + tick, rate) for tick in range(ticks))


async def recorded(
    rig: ScriptedRig, conversation: Conversation, *commands: StartRecorder, seconds: float | None = None
) -> None:
    """Play it; each recorder starts in the moment in which its channel enters its first bridge."""
    waiting = {command.segment: command for command in commands}
    rig.player.add(conversation.script())
    end = rig.clock.now() + (conversation.seconds if seconds is None else seconds) + 0.1
    while waiting and rig.clock.now() < end:
        await rig.clock.advance(0.01)
        entered = {event.channel for event in told(rig, BridgeEntered)}
        for command in [command for command in waiting.values() if command.channel in entered]:
            await rig.pbx.execute(waiting.pop(command.segment))
    assert waiting == {}
    await rig.clock.advance(end - rig.clock.now())


def a_call(**more: object) -> Conversation:
    return Conversation(caller="+49301", agent="201", prefix="c", **more).ringing(1)  # type: ignore[arg-type] # a test's shorthand


async def test_each_side_of_a_call_is_what_its_phone_said_from_its_first_bridge_to_its_end(rig: ScriptedRig) -> None:
    await recorded(rig, a_call().talk(5).hangup(), start("c-caller"), start("c-201"))
    assert sound(rig, "c-caller-rx") == noise("c-caller", 1, 249)
    assert sound(rig, "c-201-rx") == noise("c-201", 1, 249)
    assert header_sizes(rig.spool / "c-caller-rx.wav") == (36 + 249 * TICK, 249 * TICK)


async def test_the_header_says_nothing_and_only_whole_buffers_are_there_until_the_file_is_closed(
    rig: ScriptedRig,
) -> None:
    place = rig.spool / "c-caller-rx.wav"
    await recorded(rig, a_call().talk(5), start("c-caller"))
    assert header_sizes(place) == (0, 0)
    assert place.stat().st_size == 44 + 2 * 32768
    assert place.read_bytes()[44:] == noise("c-caller", 1, 205)[: 2 * 32768]


async def test_each_flush_is_told_with_the_moment_in_which_the_file_grew(rig: ScriptedRig) -> None:
    await recorded(rig, a_call().talk(7).hangup(), start("c-caller"))
    [started] = [s.at for s in rig.heard if isinstance(s.event, RecorderStarted)]
    flushes = [(s.at - started, s.event.frames) for s in rig.heard if isinstance(s.event, RecorderFlushed)]
    assert [frames for _, frames in flushes] == [16384, 32768, 49152]
    for number, (at, _) in enumerate(flushes, start=1):
        assert abs(at - 2.048 * number) <= 0.0201 + 0.01


async def test_the_closed_file_is_told_after_the_end_of_its_channel(rig: ScriptedRig) -> None:
    await recorded(rig, a_call().talk(1).hangup(), start("c-caller"))
    kinds = [type(s.event) for s in rig.heard]
    assert kinds.index(ChannelEnded) < kinds.index(RecorderClosed)


async def test_time_stands_still_while_neither_direction_carries_sound(rig: ScriptedRig) -> None:
    await recorded(rig, a_call().talk(1).hold(4).talk(1).hangup(), start("c-caller"), start("c-201"))
    for channel in ("c-caller", "c-201"):
        assert sound(rig, f"{channel}-rx") == noise(channel, 1, 49) + noise(channel, 250, 50)


async def test_both_quiet_without_a_word_stand_still_too(rig: ScriptedRig) -> None:
    await recorded(rig, a_call().talk(1).quiet(4).talk(1).hangup(), start("c-caller"))
    assert sound(rig, "c-caller-rx") == noise("c-caller", 1, 49) + noise("c-caller", 250, 50)


async def test_time_goes_on_while_one_side_talks_and_the_other_has_silence_in_place(rig: ScriptedRig) -> None:
    await recorded(rig, a_call().talk(1).hold(4, other_talks=True).talk(1).hangup(), start("c-caller"), start("c-201"))
    assert sound(rig, "c-caller-rx") == noise("c-caller", 1, 299)
    assert sound(rig, "c-201-rx") == noise("c-201", 1, 49) + bytes(200 * TICK) + noise("c-201", 250, 50)


async def test_music_drives_the_file_of_who_hears_it_and_of_nobody_else(rig: ScriptedRig) -> None:
    await recorded(rig, a_call().talk(1).hold(4, music=True).talk(1).hangup(), start("c-caller"), start("c-201"))
    assert len(sound(rig, "c-caller-rx")) == 299 * TICK
    assert len(sound(rig, "c-201-rx")) == 99 * TICK


async def test_a_muted_phone_sends_zeros_and_its_time_goes_on(rig: ScriptedRig) -> None:
    await recorded(rig, a_call().talk(1).muted(1).talk(1).hangup(), start("c-201"))
    assert sound(rig, "c-201-rx") == noise("c-201", 1, 49) + bytes(50 * TICK) + noise("c-201", 100, 50)


@pytest.mark.parametrize("lag", [0, 1])
async def test_tx_is_what_is_played_to_the_channel_with_a_lag_that_stays(tmp_path: Path, lag: int) -> None:
    async with ScriptedRig(tmp_path, Manners(tx_lag_ticks=lag)).running() as rig:
        await recorded(rig, a_call().talk(2).hangup(), start("c-caller", heard=Heard.TX))
        assert sound(rig, "c-caller-tx") == bytes(lag * TICK) + noise("c-201", 1, 99 - lag)


async def test_without_a_word_about_it_each_recorder_has_its_own_lag(rig: ScriptedRig) -> None:
    await recorded(rig, a_call().talk(2).hangup(), start("c-caller", heard=Heard.TX))
    lag = own_lag_ticks(SegmentId("c-caller-tx"))
    assert sound(rig, "c-caller-tx") == bytes(lag * TICK) + noise("c-201", 1, 99 - lag)
    assert {own_lag_ticks(SegmentId(str(number))) for number in range(20)} == {0, 1}


async def test_muting_a_recorder_writes_silence_and_nothing_else_changes(rig: ScriptedRig) -> None:
    await recorded(rig, a_call().talk(2), start("c-caller"), seconds=1.9)
    segment, channel = SegmentId("c-caller-rx"), ChannelId("c-caller")
    await rig.pbx.execute(MuteRecorder(call=CALL, segment=segment, channel=channel))
    await rig.pass_time(1.0)
    await rig.pbx.execute(UnmuteRecorder(call=CALL, segment=segment, channel=channel))
    await rig.pass_time(1.0)
    await rig.pbx.execute(StopRecorder(call=CALL, segment=segment, channel=channel))
    await rig.until(lambda: told(rig, RecorderClosed))
    written, said = sound(rig, "c-caller-rx"), noise("c-caller", 1, 149)
    muted = [tick for tick in range(149) if written[tick * TICK : (tick + 1) * TICK] == bytes(TICK)]
    assert len(muted) == 50
    assert muted == list(range(muted[0], muted[0] + 50))
    assert [tick for tick in range(149) if written[tick * TICK :][:TICK] == said[tick * TICK :][:TICK]] == [
        tick for tick in range(149) if tick not in muted
    ]


async def test_a_blind_transfer_leaves_no_gap_on_the_side_that_stays(rig: ScriptedRig) -> None:
    conversation = a_call().talk(2).transfer_blind("202", by="caller", ringing=3).talk(2).hangup()
    await recorded(rig, conversation, start("c-caller"), start("c-201"), start("c-202"))
    assert sound(rig, "c-caller-rx") == noise("c-caller", 1, 99)
    # The agent stays 10 ms longer than the other one: half a frame, which is none.
    assert sound(rig, "c-201-rx") == noise("c-201", 1, 349)
    assert sound(rig, "c-202-rx") == noise("c-202", 1, 99)


async def test_an_attended_transfer_keeps_every_voice_apart(rig: ScriptedRig) -> None:
    conversation = a_call().talk(2).transfer_attended("202", consult=2).talk(2).hangup()
    await recorded(rig, conversation, start("c-caller"), start("c-201"), start("c-201-2"), start("c-202"))
    assert sound(rig, "c-caller-rx") == noise("c-caller", 1, 299)
    assert sound(rig, "c-201-rx") == noise("c-201", 1, 99) + bytes(100 * TICK)
    assert sound(rig, "c-201-2-rx") == noise("c-201-2", 1, 99)
    assert sound(rig, "c-202-rx") == noise("c-202", 1, 199)


@pytest.mark.parametrize("local", ["optimised", "kept"])
async def test_helper_channels_carry_the_sound_through_and_have_no_recorder(rig: ScriptedRig, local: str) -> None:
    await recorded(
        rig,
        a_call(local=local).talk(2).hangup(),
        start("c-caller"),
        start("c-201"),
        start("c-caller", heard=Heard.TX),
        start("c-local;1"),
    )
    assert sound(rig, "c-caller-rx") == noise("c-caller", 1, len(sound(rig, "c-caller-rx")) // TICK)
    assert len(sound(rig, "c-caller-rx")) >= 99 * TICK
    lag = own_lag_ticks(SegmentId("c-caller-tx"))
    assert sound(rig, "c-caller-tx")[lag * TICK :].startswith(noise("c-201", 1, 98))
    assert not (rig.spool / "c-local;1-rx.wav").exists()


async def test_a_wideband_leg_is_written_at_its_own_rate_and_at_another(rig: ScriptedRig) -> None:
    conversation = a_call(agent_rate=16000).talk(2).hangup()
    await recorded(
        rig, conversation, start("c-201", rate=16000), start("c-caller", heard=Heard.TX, rate=8000), start("c-caller")
    )
    wide = [Noise("c-201").tick(tick, 16000) for tick in range(1, 100)]
    assert sound(rig, "c-201-rx") == b"".join(wide)
    narrow = b"".join(fitted(tick, 16000, 8000) for tick in wide)
    lag = own_lag_ticks(SegmentId("c-caller-tx"))
    assert sound(rig, "c-caller-tx") == bytes(lag * TICK) + narrow[: len(narrow) - lag * TICK]
    assert header_sizes(rig.spool / "c-201-rx.wav")[1] == 99 * 640


async def test_a_beep_is_played_to_the_channel_and_is_in_no_rx(tmp_path: Path) -> None:
    async with ScriptedRig(tmp_path, Manners(tx_lag_ticks=0)).running() as rig:
        conversation = a_call().voice("agent", "tone:300").talk(2).hangup()
        rig.player.add(conversation.script())
        await rig.clock.advance(1.01)
        await rig.pbx.execute(start("c-caller"))
        await rig.pbx.execute(start("c-caller", heard=Heard.TX))
        await rig.pbx.execute(PlaySound(call=CALL, channel=ChannelId("c-caller"), sound="beep"))
        await rig.clock.advance(3.0)
        assert sound(rig, "c-caller-rx") == noise("c-caller", 1, 99)
        # The command came in the middle of a tick; the next whole one is the first of the file.
        beep = b"".join(Tone(1000).tick(tick, 8000) for tick in range(9))
        assert sound(rig, "c-caller-tx")[: 10 * TICK].startswith(beep)
        assert sound(rig, "c-caller-tx")[10 * TICK :] == b"".join(Tone(300).tick(tick, 8000) for tick in range(11, 100))


async def test_an_outbound_call_is_written_like_any_other(rig: ScriptedRig) -> None:
    out = Conversation(caller="201", agent="+49301", prefix="o", direction=Direction.OUTBOUND).talk(1).hangup()
    await recorded(rig, out, start("o-caller"), start("o-+49301"))
    assert sound(rig, "o-caller-rx") == noise("o-caller", 1, 49)
    assert sound(rig, "o-+49301-rx") == noise("o-+49301", 1, 49)


async def test_who_waited_in_a_queue_is_written_since_he_talks_with_somebody(rig: ScriptedRig) -> None:
    queue = Conversation(caller="+49302", prefix="q").queue("sales", members=("201", "202"), answered_by="202")
    await recorded(rig, queue.talk(1).hangup(), start("q-caller"), start("q-202"))
    # His phone has said something since it was in the queue.
    assert sound(rig, "q-caller-rx") == noise("q-caller", 101, 49)
    assert sound(rig, "q-202-rx") == noise("q-202", 1, 49)


STEPS: list[Callable[[Conversation, float], Conversation]] = [
    lambda c, seconds: c.talk(seconds),
    lambda c, seconds: c.hold(seconds),
    lambda c, seconds: c.hold(seconds, music=True),
    lambda c, seconds: c.quiet(seconds),
    lambda c, seconds: c.quiet(seconds, who=("agent",)),
    lambda c, seconds: c.muted(seconds),
]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(range(len(STEPS))), st.integers(1, 150)), min_size=1, max_size=6))
async def test_whatever_happens_each_tick_of_a_file_is_the_script_s_or_silence_in_order(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int]]
) -> None:
    async with ScriptedRig(tmp_path_factory.mktemp("rig")).running() as rig:
        conversation = a_call().talk(0.5)
        for step, ticks in steps:
            STEPS[step](conversation, ticks * 0.02)
        await recorded(rig, conversation.talk(0.5).hangup(), start("c-201"))

        written = sound(rig, "c-201-rx")
        said = {Noise("c-201").tick(tick, 8000): tick for tick in range(1100)}
        ticks_written = [written[place : place + TICK] for place in range(0, len(written), TICK)]
        found = [said[tick] for tick in ticks_written if tick != silence(8000)]
        stood_still = sum(ticks for step, ticks in steps if step in {1, 2, 3})
        silent = sum(ticks for step, ticks in steps if step in {4, 5})
        total = 50 + sum(ticks for _, ticks in steps)
        assert found == sorted(set(found))
        assert abs(len(ticks_written) - (total - stood_still)) <= 2 + len(steps)
        assert abs((len(ticks_written) - len(found)) - silent) <= len(steps)
