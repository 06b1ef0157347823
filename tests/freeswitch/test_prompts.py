"""What FreeSWITCH itself says: menus and voicemail of one party, music on hold, announcements; and sound of 16 kHz."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.freeswitch import proving
from tests.freeswitch.legs import Leg, next_stream
from tests.freeswitch.office import (
    LOST_AT_START_SECONDS,
    TALK_SECONDS,
    Evening,
    Scene,
    Stage,
    ended_at,
    evening,
    prompt,
)
from tests.pbx import noise
from tests.pbx.mixture import trace
from tests.pbx.proof import Findings, Voice, assert_complete, assert_length
from tests.pbx.waiting import talking, until

FROM_ANSWER = "recordFrom=answer"


@dataclass
class Act:
    caller: Leg
    agents: list[Leg] = field(default_factory=list)
    #: What was played to the caller.
    prompts: list[Voice] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)


async def answered(stage: Stage, dialled: str, options: str = "", rate: int = 8000) -> Leg:
    variables: Mapping[str, str] = {"callreel_options": options} if options else {}
    caller = await stage.switch.inbound(stage.caller, dialled, variables=variables, rate=rate)
    await stage.switch.answer(caller)
    return caller


async def hears(stage: Stage, leg: Leg, stream: int = noise.PROMPT) -> Voice:
    """A prompt, to its end."""
    await stage.switch.play(leg, stream)
    assert leg.playing is not None
    since = leg.playing.since
    await talking(TALK_SECONDS)
    until_frame = leg.clock.frame()
    await stage.switch.stop_playing(leg)
    return prompt(leg, since, until_frame, stream)


def machine(options: str, rate: int = 8000) -> Scene[Act]:
    """A menu; the caller says something before, meanwhile and after."""

    async def played(stage: Stage) -> Act:
        caller = await answered(stage, "700", options, rate)
        await stage.switch.execute(caller, "playback", "welcome.wav")
        await talking(0.5)
        said = [await hears(stage, caller)]
        await talking(0.5)
        # The same one again would not be told from the first.
        said.append(await hears(stage, caller, next_stream()))
        await stage.switch.hang_up(caller)
        return Act(caller, prompts=said)

    return played


async def ordered(stage: Stage) -> Act:
    """By an event of the dialplan, in the middle of the menu."""
    caller = await answered(stage, "700")
    await talking(TALK_SECONDS)
    act = Act(caller, moments=[caller.clock.wall(caller.clock.frame())])
    await stage.switch.event(caller, "callreel::record", Action="start", tags="menu")
    await talking(0.2)
    act.prompts = [await hears(stage, caller)]
    await stage.switch.hang_up(caller)
    return act


def to_an_agent(options: str) -> Scene[Act]:
    """A menu, then an agent, who holds for a while and comes back."""

    async def played(stage: Stage) -> Act:
        caller = await answered(stage, "700", options)
        await talking(0.3)
        act = Act(caller, prompts=[await hears(stage, caller)])
        agent = await stage.switch.dial(caller, stage.agent())
        await talking(0.5)
        await stage.switch.answer(agent)
        act.agents.append(agent)
        await talking(TALK_SECONDS)
        await stage.switch.hold(agent)
        assert caller.playing is not None
        since = caller.playing.since
        await talking(TALK_SECONDS)
        act.prompts.append(prompt(caller, since, caller.clock.frame(), noise.MUSIC))
        await stage.switch.unhold(agent)
        await talking(TALK_SECONDS)
        await stage.switch.hang_up(caller)
        return act

    return played


def told(options: str) -> Scene[Act]:
    """Something is whispered to each of them."""

    async def played(stage: Stage) -> Act:
        a_leg, b_leg = await stage.call(variables={"callreel_options": options}, seconds=0)
        await until(lambda: a_leg.playing is not None and b_leg.playing is not None, "a sound for both of them")
        assert a_leg.playing is not None
        act = Act(a_leg, [b_leg], moments=[float(a_leg.playing.is_mixed)])
        await talking(TALK_SECONDS)
        await stage.switch.stop_playing(a_leg)
        await stage.switch.stop_playing(b_leg)
        await talking(TALK_SECONDS)
        await stage.switch.hang_up(a_leg)
        return act

    return played


async def mixed_rates(stage: Stage) -> Act:
    """A wideband phone calls a narrow one."""
    caller = await stage.switch.inbound(stage.caller, stage.agent(), rate=16000)
    agent = await stage.switch.dial(caller, stage.agent(), rate=8000)
    await stage.switch.answer(agent)
    await talking(2 * TALK_SECONDS)
    await stage.switch.hang_up(caller)
    return Act(caller, [agent])


MACHINES: dict[str, Scene[Act]] = {
    "menu": machine(FROM_ANSWER),
    "wide_menu": machine(FROM_ANSWER, 16000),
    "prompted_menu": machine(f"{FROM_ANSWER},prompts=yes"),
}
WHISPERS: dict[str, Scene[Act]] = {"announced": told("announce=/sounds/recorded.wav"), "beeping": told("beep=yes")}
SCENES: dict[str, Scene[Act]] = {
    **MACHINES,
    **WHISPERS,
    "unasked": machine(""),
    "ordered": ordered,
    "passed_on": to_an_agent(FROM_ANSWER),
    "musical": to_an_agent("prompts=yes"),
    "voices_only": to_an_agent(""),
    "mixed_rates": mixed_rates,
}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening[Act]]:
    with evening(tmp_path_factory.mktemp("evening"), SCENES) as evening_:
        yield evening_


def said(leg: Leg, row: dict[str, Any]) -> Voice:
    """All of its words while it was recorded."""
    return proving.voice(leg, between=(float(row["started_at"]), float(row["ended_at"])))


async def assert_heard(played: Evening[Act], name: str, right: list[Voice], **limits: Any) -> Findings:
    act, daemon = played[name], played.daemon
    row = await played.one(act.caller)
    findings = assert_complete(
        daemon.sound(row),
        left=[said(act.caller, row)],
        right=right,
        lost_at_start_seconds=LOST_AT_START_SECONDS,
        gaps=daemon.gaps(row),
        **limits,
    )
    assert_length(findings.recording, begins=float(row["started_at"]), ends=ended_at(act.caller))
    return findings


# --- one party ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MACHINES)
async def test_who_talks_with_a_machine_is_left_and_the_machine_right(played: Evening[Act], name: str) -> None:
    act = played[name]
    row = await played.one(act.caller)
    assert float(row["started_at"]) == pytest.approx(act.caller.began, abs=LOST_AT_START_SECONDS)
    findings = await assert_heard(played, name, act.prompts)
    assert findings.recording.sample_rate == act.caller.rate
    assert {segment["heard"] for segment in played.daemon.segments(row)} == {"rx", "tx"}
    assert played.daemon.gaps(row) == []


async def test_a_menu_that_nobody_asked_to_record_is_not_recorded(played: Evening[Act]) -> None:
    [_] = await played.calls(played["unasked"].caller)
    assert not played.daemon.recordings(played["unasked"].caller)


async def test_a_menu_is_recorded_from_the_order_on(played: Evening[Act]) -> None:
    act = played["ordered"]
    row = await played.one(act.caller)
    assert float(row["started_at"]) == pytest.approx(act.moments[0], abs=LOST_AT_START_SECONDS)
    await assert_heard(played, "ordered", act.prompts)


# --- a machine, then an agent -------------------------------------------------------------------------------------


async def test_a_menu_and_the_agent_after_it_are_one_recording(played: Evening[Act]) -> None:
    act = played["passed_on"]
    menu, _ = act.prompts
    voices = [menu, proving.voice(act.agents[0])]
    # What was played and what is said come from two files, each of whose beginnings is known to a frame.
    await assert_heard(played, "passed_on", voices, single_frames=5, twice_seconds=0.040)


async def test_music_on_hold_is_in_a_recording_that_wants_prompts(played: Evening[Act]) -> None:
    """It begins where two talk; what was played before is not in it."""
    act = played["musical"]
    _, music = act.prompts
    await assert_heard(
        played,
        "musical",
        [music, proving.voice(act.agents[0])],
        single_frames=5,
        # Voice and music come from two recorders' files: where one ends and the other begins, a frame of each is open.
        hole_seconds=0.040,
        twice_seconds=0.040,
    )
    [gap] = played.daemon.named_gaps(await played.one(act.caller))
    assert (gap["party"], gap["uncertain_seconds"]) == (act.agents[0].number, 0.0)


async def test_nothing_that_was_played_is_in_a_recording_of_voices(played: Evening[Act]) -> None:
    act = played["voices_only"]
    row = await played.one(act.caller)
    await assert_heard(played, "voices_only", [proving.voice(act.agents[0])])
    assert {segment["heard"] for segment in played.daemon.segments(row)} == {"rx"}


# --- whispered ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", WHISPERS)
async def test_what_is_whispered_to_the_parties_is_in_no_recording(played: Evening[Act], name: str) -> None:
    act = played[name]
    await assert_heard(played, name, [proving.voice(act.agents[0])])
    assert act.moments == [1.0], "the talk did not go on below it"


# --- wideband -----------------------------------------------------------------------------------------------------


async def test_where_one_party_speaks_wideband_the_recording_is_wideband(played: Evening[Act]) -> None:
    act, daemon = played["mixed_rates"], played.daemon
    row = await played.one(act.caller)
    recording = daemon.sound(row)
    assert recording.sample_rate == 16000
    assert {segment["sample_rate"] for segment in daemon.segments(row)} == {8000, 16000}
    assert_complete(recording, left=[proving.voice(act.caller)], right=[], lost_at_start_seconds=LOST_AT_START_SECONDS)
    found = trace(recording.right[::2], act.agents[0].stream, 4000, 4000)
    assert found.is_there
    told_at = float(row["started_at"]) + found.at / 8000
    assert told_at == pytest.approx(act.agents[0].began + 4000 / 8000, abs=0.045)


async def test_nothing_was_odd(played: Evening[Act]) -> None:
    played.assert_nothing_odd()
