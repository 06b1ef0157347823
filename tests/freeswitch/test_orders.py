"""What the dialplan orders in the middle of a call: start, stop, pause, resume, discard, and what it may not."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.freeswitch import proving
from tests.freeswitch.legs import Leg
from tests.freeswitch.office import Evening, Scene, Stage, ended_at, evening
from tests.freeswitch.wishing import (
    ACME,
    EDGE_SECONDS,
    FORBIDDEN,
    FORCED,
    NO,
    START_SECONDS,
    TALK_SECONDS,
    YES,
    Act,
    Variables,
    assert_recorded_whole,
    begun,
    settings,
    voices,
)
from tests.pbx import proof
from tests.pbx.proof import assert_complete, assert_length
from tests.pbx.waiting import talking


async def order(stage: Stage, act: Act, leg: Leg, action: str, **options: str) -> None:
    act.moments.append(leg.clock.wall(leg.clock.frame()))
    await stage.switch.event(leg, "callreel::record", Action=action, **options)
    await talking(TALK_SECONDS)


def ordered(
    *actions: str, variables: Variables | None = None, dialled: str = "", by_agent: bool = False, **options: str
) -> Scene[Act]:
    """One order after the other in the middle of the call."""

    async def played(stage: Stage) -> Act:
        act = await begun(stage, variables, dialled=dialled)
        for action in actions:
            await order(stage, act, act.agents[0] if by_agent else act.caller, action, **options)
        await stage.switch.hang_up(act.caller)
        return act

    return played


async def paused(stage: Stage) -> Act:
    act = await begun(stage)
    await order(stage, act, act.caller, "pause")
    for leg in (act.caller, *act.agents):
        [path] = stage.switch.running(leg)
        silent_seconds = leg.clock.wall(leg.clock.frame()) - act.moments[0] - EDGE_SECONDS
        act.written.append(proving.read_mono(Path(path)).left[-round(silent_seconds * leg.rate) :])
    await order(stage, act, act.caller, "resume")
    await stage.switch.hang_up(act.caller)
    return act


async def before_the_answer(stage: Stage) -> Act:
    """The order waits for somebody to answer."""
    own = {"domain_name": ACME, "callreel_record": "no"}
    caller = await stage.switch.inbound(stage.caller, stage.agent(), variables=own)
    await stage.switch.event(caller, "callreel::record", Action="start", Tags="vip")
    agent = await stage.switch.dial(caller, stage.agent())
    await talking(0.5)
    await stage.switch.answer(agent)
    await talking(TALK_SECONDS)
    await stage.switch.hang_up(caller)
    return Act(caller, [agent])


WHOLE: dict[str, Scene[Act]] = {
    "before_the_answer": before_the_answer,
    "forced": ordered("stop", "discard", dialled=FORCED, variables=NO),
    "unknown": ordered("strat"),
}
UNRECORDED: dict[str, tuple[Scene[Act], str]] = {
    "forbidden": (ordered("start", dialled=FORBIDDEN, variables=YES), "rule 2 (to 7002): never"),
    "ordered_badly": (ordered("start", variables=NO, formt="mp3"), "callreel_record says no"),
    "unknown_unrecorded": (ordered("strat", variables=NO), "callreel_record says no"),
    "nothing_to_pause": (ordered("pause", variables=NO), "callreel_record says no"),
}
SCENES: dict[str, Scene[Act]] = {
    **WHOLE,
    **{name: scene for name, (scene, _) in UNRECORDED.items()},
    "started": ordered("start", variables=NO, tags="vip"),
    "started_twice": ordered("start", "start", variables=NO),
    "ended_in_a_pause": ordered("pause"),
    "paused": paused,
    "again": ordered("stop", "start"),
    "stopped_by_agent": ordered("stop", by_agent=True),
    "discarded": ordered("discard"),
    "discarded_and_again": ordered("discard", "start"),
    "discarded_in_a_pause": ordered("pause", "discard"),
}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening[Act]]:
    with evening(tmp_path_factory.mktemp("evening"), SCENES, settings=settings) as evening_:
        yield evening_


def said_between(played: Evening[Act], act: Act, row: dict[str, Any], begins: float, ends: float) -> list[str]:
    """What the recording holds of the words of that time, on whichever side."""
    left, right = voices(act)
    everybody = [*left, *right]
    return [
        f"{finding.voice.name} says {finding.voice.wall(run.source):.3f} to {finding.voice.wall(run.source_end):.3f}"
        for finding in proof.examine(played.daemon.sound(row), left=everybody, right=everybody).all
        for run in finding.runs
        if finding.voice.wall(run.source_end) > begins and finding.voice.wall(run.source) < ends
    ]


def refusals(played: Evening[Act], act: Act) -> list[tuple[Any, Any]]:
    """What the log says of this call's orders that were not obeyed."""
    channels = {leg.uuid for leg in (act.caller, *act.agents)}
    return [
        (line["action"], line["outcome"])
        for line in played.log
        if line.get("event") == "instruction refused" and line["channel"] in channels
    ]


def leftovers(played: Evening[Act], row: dict[str, Any]) -> list[Path]:
    places = (played.switch.recordings, played.daemon.archive, played.daemon.state)
    return [path for place in places for path in place.rglob(f"*{row['id']}*")]


def assert_removed(played: Evening[Act], row: dict[str, Any]) -> None:
    assert (row["state"], row["reason"]) == ("removed", "discarded by dialplan")
    assert not played.daemon.rows.deliveries(row["id"])
    assert not leftovers(played, row)


@pytest.mark.parametrize("name", WHOLE)
async def test_a_call_that_is_recorded_is_recorded_whole(played: Evening[Act], name: str) -> None:
    await assert_recorded_whole(played, name)


@pytest.mark.parametrize(
    ("name", "rule"), [("before_the_answer", "asked for by dialplan"), ("forced", "rule 1 (to 7001): force")]
)
async def test_a_recording_names_who_wanted_it(played: Evening[Act], name: str, rule: str) -> None:
    assert (await played.one(played[name].caller))["rule"] == rule


@pytest.mark.parametrize("name", UNRECORDED)
async def test_a_call_that_is_not_to_be_recorded_is_not_and_the_reason_is_kept(played: Evening[Act], name: str) -> None:
    assert await played.unrecorded(played[name].caller) == UNRECORDED[name][1]


@pytest.mark.parametrize("name", ["started", "started_twice"])
async def test_a_call_is_recorded_from_the_order_on_and_nothing_before_it(played: Evening[Act], name: str) -> None:
    act, daemon = played[name], played.daemon
    row = await played.one(act.caller)
    assert row["rule"] == "asked for by dialplan"
    assert float(row["started_at"]) == pytest.approx(act.moments[0], abs=START_SECONDS)
    left, right = voices(act, since=act.moments[0])
    findings = assert_complete(
        daemon.sound(row), left=left, right=right, lost_at_start_seconds=START_SECONDS, gaps=daemon.gaps(row)
    )
    assert_length(findings.recording, begins=float(row["started_at"]), ends=ended_at(act.caller))
    assert not said_between(played, act, row, 0.0, act.moments[0] - EDGE_SECONDS)


async def test_an_order_carries_options(played: Evening[Act]) -> None:
    for name in ("started", "before_the_answer"):
        assert json.loads((await played.one(played[name].caller))["options"])["tags"] == ["vip"]


async def test_what_is_said_in_a_pause_is_silent_and_the_length_stays(played: Evening[Act]) -> None:
    act, daemon = played["paused"], played.daemon
    row = await played.one(act.caller)
    begins, ends = act.moments
    [pause] = json.loads(row["pauses"])
    assert (pause["start"], pause["end"]) == pytest.approx((begins, ends), abs=EDGE_SECONDS)
    left, right = voices(act)
    around = (begins - EDGE_SECONDS, ends + EDGE_SECONDS)
    findings = assert_complete(
        daemon.sound(row), left=left, right=right, gaps=[around], lost_at_start_seconds=START_SECONDS
    )
    assert_length(findings.recording, begins=float(row["started_at"]), ends=ended_at(act.caller))
    start, rate = float(row["started_at"]), findings.recording.sample_rate
    first, last = (round((at - start) * rate) for at in (begins + EDGE_SECONDS, ends - EDGE_SECONDS))
    assert not np.any(findings.recording.left[first:last])
    assert not np.any(findings.recording.right[first:last])


async def test_what_is_said_in_a_pause_is_not_even_in_freeswitchs_files(played: Evening[Act]) -> None:
    written = played["paused"].written
    assert len(written) == 2
    for samples in written:
        assert len(samples) > TALK_SECONDS * 8000 / 2
        assert not np.any(samples)


async def test_who_hangs_up_in_a_pause_leaves_silence_to_the_end(played: Evening[Act]) -> None:
    act = played["ended_in_a_pause"]
    row = await played.one(act.caller)
    recording = played.daemon.sound(row)
    assert_length(recording, begins=float(row["started_at"]), ends=ended_at(act.caller))
    assert not said_between(played, act, row, act.moments[0] + EDGE_SECONDS, np.inf)
    left, right = voices(act, until=act.moments[0] - EDGE_SECONDS)
    lost = proof.examine(recording, left=left, right=right)
    assert not any(finding.lost_inside_seconds for finding in lost.all)


async def test_stopped_and_started_again_a_call_has_two_recordings(played: Evening[Act]) -> None:
    act, daemon = played["again"], played.daemon
    rows = await daemon.available(act.caller, count=2)
    stopped, started = act.moments
    assert len({row["call_id"] for row in rows}) == 1
    for row, (since, until) in zip(rows, [(0.0, stopped), (started, np.inf)], strict=True):
        left, right = voices(act, since=since, until=until)
        assert_complete(daemon.sound(row), left=left, right=right, lost_at_start_seconds=START_SECONDS)
        assert not daemon.gaps(row)
    assert not said_between(played, act, rows[0], stopped + EDGE_SECONDS, np.inf)
    assert not said_between(played, act, rows[1], 0.0, started - EDGE_SECONDS)


async def test_an_order_of_the_called_leg_holds_for_the_call(played: Evening[Act]) -> None:
    act, daemon = played["stopped_by_agent"], played.daemon
    row = await played.one(act.caller)
    left, right = voices(act, until=act.moments[0])
    findings = assert_complete(daemon.sound(row), left=left, right=right, lost_at_start_seconds=START_SECONDS)
    assert_length(findings.recording, begins=float(row["started_at"]), ends=act.moments[0], within_seconds=EDGE_SECONDS)


@pytest.mark.parametrize("name", ["discarded", "discarded_in_a_pause"])
async def test_a_discarded_recording_leaves_no_file_anywhere(played: Evening[Act], name: str) -> None:
    [row] = await played.daemon.settled(played[name].caller)
    assert_removed(played, row)


async def test_what_is_recorded_after_a_discard_is_kept(played: Evening[Act]) -> None:
    act, daemon = played["discarded_and_again"], played.daemon
    gone, row = await daemon.settled(act.caller, count=2)
    assert_removed(played, gone)
    assert row["state"] == "available"
    left, right = voices(act, since=act.moments[1])
    assert_complete(daemon.sound(row), left=left, right=right, lost_at_start_seconds=START_SECONDS)
    assert not said_between(played, act, row, 0.0, act.moments[1] - EDGE_SECONDS)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("unknown", [("strat", "unknown action 'strat': start, stop, pause, resume, discard or options")]),
        ("unknown_unrecorded", [("strat", "unknown action 'strat': start, stop, pause, resume, discard or options")]),
        ("ordered_badly", [("start", "unknown recording option 'formt': did you mean format?")]),
        ("nothing_to_pause", [("pause", "nothing is being recorded on this call")]),
        ("forbidden", [("start", "rule 2 (to 7002): never")]),
        ("forced", [("stop", "rule 1 (to 7001): force"), ("discard", "rule 1 (to 7001): force")]),
        ("started", []),
    ],
)
async def test_an_order_that_cannot_be_obeyed_is_told_in_the_log_with_its_leg(
    played: Evening[Act], name: str, told: list[tuple[str, str]]
) -> None:
    assert refusals(played, played[name]) == told


async def test_nothing_was_odd(played: Evening[Act]) -> None:
    played.assert_nothing_odd()
