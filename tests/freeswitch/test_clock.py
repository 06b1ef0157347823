"""Time in a recording is the wall clock's, whatever a file of FreeSWITCH leaves out: holds, pauses, quiet phones."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import soundfile

from tests.freeswitch.legs import Leg
from tests.freeswitch.office import Evening, Scene, Stage, Story, ended_at, evening, voice
from tests.freeswitch.turns import be_quiet, speak
from tests.pbx import noise, proof
from tests.pbx.proof import FRAME_SECONDS, assert_complete, assert_length
from tests.pbx.spans import without
from tests.pbx.waiting import talking

BEFORE_SECONDS, MEANWHILE_SECONDS = 1.6, 1.4
#: Two recorders are masked one after the other, and their files are placed to 40 ms.
EDGE_SECONDS = 0.060


@dataclass
class Act:
    caller: Leg
    agent: Leg
    #: When something was changed.
    moments: list[float] = field(default_factory=list)

    @property
    def story(self) -> Story:
        return Story(left=[self.caller], right=[self.agent])

    def holds(self, leg: Leg) -> list[tuple[float, float]]:
        """On the wall clock."""
        whole = [(0, round((ended_at(leg) - leg.began) * leg.rate))]
        return [(leg.began + first / leg.rate, leg.began + end / leg.rate) for first, end in without(whole, leg.said())]


def held(*turns: str, rate: int = 8000) -> Scene[Act]:
    """A talk; `caller+` begins a hold, `caller-` ends it, one turn after the other."""

    async def played(stage: Stage) -> Act:
        caller, agent = await stage.call(rate=rate, seconds=BEFORE_SECONDS)
        act = Act(caller, agent)
        for turn in turns:
            for change in turn.split():
                leg = caller if change.startswith("caller") else agent
                await (stage.switch.hold(leg) if change.endswith("+") else stage.switch.unhold(leg))
            await talking(MEANWHILE_SECONDS)
        await stage.switch.hang_up(caller)
        return act

    return played


def paused(*, options: str = "", forgets: bool = False, holds: bool = False) -> Scene[Act]:
    async def played(stage: Stage) -> Act:
        caller, agent = await stage.call(
            variables={"callreel_options": options} if options else None, seconds=BEFORE_SECONDS
        )
        await stage.switch.event(caller, "callreel::record", Action="pause")
        await talking(MEANWHILE_SECONDS / 2)
        if holds:
            await stage.switch.hold(agent)
        await talking(MEANWHILE_SECONDS)
        if not forgets:
            await stage.switch.event(agent, "callreel::record", Action="resume")
        await talking(MEANWHILE_SECONDS / 2)
        if holds:
            await stage.switch.unhold(agent)
        await talking(MEANWHILE_SECONDS)
        await stage.switch.hang_up(caller)
        return Act(caller, agent)

    return played


async def quiet(stage: Stage) -> Act:
    """Neither says anything, but frames go on."""
    caller, agent = await stage.call(seconds=BEFORE_SECONDS)
    be_quiet(caller, agent)
    await talking(MEANWHILE_SECONDS)
    speak(caller, agent)
    await talking(MEANWHILE_SECONDS)
    await stage.switch.hang_up(agent)
    return Act(caller, agent)


#: The most that may be unknown of where a hold lies.
HOLDS: dict[str, Scene[Act]] = {
    "agent": held("agent+", "agent-"),
    "caller": held("caller+", "caller-"),
    "agent_wide": held("agent+", "agent-", rate=16000),
    "one_after_the_other": held("agent+", "agent-", "caller+", "caller-"),
    "twice": held("agent+", "agent-", "agent+", "agent-"),
    "both": held("agent+ caller+", "agent- caller-"),
    "overlapping": held("agent+", "caller+", "agent-", "caller-"),
    "to_the_end": held("agent+"),
}
PAUSES: dict[str, Scene[Act]] = {
    "silenced": paused(options="channels=both,separate=yes"),
    "skipped": paused(options="pauseBehavior=skip"),
    "forgotten": paused(options="pauseMax=1s", forgets=True),
    "silenced_and_held": paused(holds=True),
}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening[Act]]:
    with evening(tmp_path_factory.mktemp("evening"), {**HOLDS, **PAUSES, "quiet": quiet}) as evening_:
        yield evening_


# --- holds --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOLDS)
async def test_a_hold_keeps_its_length_and_is_named_once(played: Evening[Act], name: str) -> None:
    act = played[name]
    row, _ = await played.assert_told(act.story, gaps=[])
    start, named = float(row["started_at"]), played.daemon.named_gaps(row)
    for side, leg in (("left", act.caller), ("right", act.agent)):
        gaps = [(start + gap["start_seconds"], start + gap["end_seconds"]) for gap in named if gap["side"] == side]
        holds = act.holds(leg)
        assert len(gaps) == len(holds), (named, holds)
        for (begins, ends), (first, last) in zip(gaps, holds, strict=True):
            assert begins == pytest.approx(first, abs=EDGE_SECONDS)
            assert ends == pytest.approx(last, abs=EDGE_SECONDS)
    assert {gap["uncertain_seconds"] for gap in named} == {0.0}
    assert all(gap["reason"].startswith("on hold") for gap in named), named


async def test_nobody_who_speaks_is_silenced_by_the_others_hold(played: Evening[Act]) -> None:
    """The caller talks on while he is put on hold."""
    act = played["agent"]
    row, findings = await played.assert_told(act.story, gaps=[])
    assert not findings.left[0].lost_inside_seconds
    assert {gap["side"] for gap in played.daemon.named_gaps(row)} == {"right"}


async def test_music_is_in_no_recording_that_does_not_want_it(played: Evening[Act]) -> None:
    row, findings = await played.assert_told(played["agent"].story, gaps=[])
    assert noise.MUSIC not in findings.strangers_left | findings.strangers_right
    assert {segment["heard"] for segment in played.daemon.segments(row)} == {"rx"}


async def test_two_quiet_phones_shorten_nothing(played: Evening[Act]) -> None:
    await played.assert_told(played["quiet"].story, single_frames=5)


# --- pauses -------------------------------------------------------------------------------------------------------


def pauses(row: dict[str, Any]) -> list[tuple[float, float]]:
    return [(pause["start"], pause["end"]) for pause in json.loads(row["pauses"])]


def assert_unheard(played: Evening[Act], row: dict[str, Any], act: Act, begins: float, ends: float) -> None:
    """Nothing of what was said between these times is in any copy."""
    for copy in played.daemon.rows.deliveries(row["id"]):
        samples, rate = soundfile.read(played.daemon.file(row, copy["kind"]), dtype="int16", always_2d=True)
        for leg in (act.caller, act.agent):
            for channel in samples.T:
                for run in noise.runs(channel):
                    if run.stream == leg.stream:
                        first, last = (leg.began + at / leg.rate for at in (run.source, run.source_end))
                        assert last <= begins + EDGE_SECONDS or first >= ends - EDGE_SECONDS, (copy["kind"], run, rate)


@pytest.mark.parametrize("name", ["silenced", "forgotten", "silenced_and_held"])
async def test_what_is_said_in_a_pause_is_in_no_copy_and_the_length_stays(played: Evening[Act], name: str) -> None:
    act = played[name]
    row = await played.one(*act.story.legs)
    [(begins, ends)] = pauses(row)
    wanted = 1.0 if name == "forgotten" else 1.5 * MEANWHILE_SECONDS
    assert ends - begins == pytest.approx(wanted, abs=0.15)
    recording = played.daemon.sound(row)
    assert_complete(
        recording,
        left=[voice(act.caller)],
        right=[voice(act.agent)],
        gaps=[(begins - EDGE_SECONDS, ends + EDGE_SECONDS), *played.daemon.gaps(row)],
        lost_at_start_seconds=0.060,
    )
    assert_length(recording, begins=act.story.begins, ends=act.story.ends)
    assert_unheard(played, row, act, begins, ends)
    if name == "silenced":
        kinds = {copy["kind"] for copy in played.daemon.rows.deliveries(row["id"])}
        assert kinds == {"mono", "stereo", "left", "right"}


async def test_what_was_said_in_a_pause_never_was_on_the_disk(played: Evening[Act]) -> None:
    """FreeSWITCH masks its files, so that not even the spool has it."""
    act = played["silenced"]
    row = await played.one(*act.story.legs)
    [(begins, ends)] = pauses(row)
    files = [played.switch.recordings / segment["path"] for segment in played.daemon.segments(row)]
    assert len(files) == 2
    for path in files:
        samples, rate = soundfile.read(path, dtype="int16")
        for run in noise.runs(samples):
            leg = act.caller if run.stream == act.caller.stream else act.agent
            first, last = (leg.began + at / rate for at in (run.source, run.source_end))
            assert last <= begins + EDGE_SECONDS or first >= ends - EDGE_SECONDS


async def test_a_pause_that_is_skipped_takes_no_time(played: Evening[Act]) -> None:
    act = played["skipped"]
    row = await played.one(*act.story.legs)
    [(begins, ends)] = pauses(row)
    recording = played.daemon.sound(row)
    assert_length(recording, begins=act.story.begins, ends=ended_at(act.caller) - (ends - begins), within_seconds=0.080)
    assert_unheard(played, row, act, begins, ends)
    for between in ((act.story.begins + 0.06, begins - EDGE_SECONDS), (ends + EDGE_SECONDS, ended_at(act.caller))):
        found = proof.examine(
            recording,
            left=[voice(act.caller, between=between)],
            right=[voice(act.agent, between=between)],
        )
        assert all(sum(one.lost_inside_seconds) <= 3 * FRAME_SECONDS for one in found.all)
        assert all(one.lost_at_start_seconds <= 2 * FRAME_SECONDS for one in found.all)
