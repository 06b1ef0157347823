"""FreeSWITCH says what is not so, or keeps quiet about what is; others stop our recorders or name their calls oddly.

Whatever is said: what a file holds arrives once, in the right place, and what is missing is named.
"""

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.freeswitch.client import connected
from tests.freeswitch.daemon import Daemon, began
from tests.freeswitch.going_through import said
from tests.freeswitch.legs import Leg
from tests.freeswitch.switch import ScriptedSwitch
from tests.pbx.waiting import talking, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: From a recorder's end to the first sound of the one in its place.
ANEW_SECONDS = 1.0
#: From an order to the end of a recorder.
STOPPED_SECONDS = 0.2


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def honest(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ScriptedSwitch]:
    async with ScriptedSwitch(tmp_path_factory.mktemp("switch")) as switch:
        yield switch


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def daemon(honest: ScriptedSwitch, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Daemon]:
    """One for all: whatever was said, it goes on."""
    daemon = Daemon(tmp_path_factory.mktemp("house") / "callreel", honest)
    try:
        yield await daemon.begin()
    finally:
        daemon.kill()


@pytest_asyncio.fixture(loop_scope="module")
async def switch(honest: ScriptedSwitch, daemon: Daemon) -> AsyncIterator[ScriptedSwitch]:
    """Afterwards it runs nothing and lies no more, and callreel has nothing to complain of."""
    yield honest
    honest.lies.__init__()  # type: ignore[misc]  # all of them, at once
    assert not honest.running()
    assert not list(honest.legs)
    await daemon.is_well()


_numbers = iter(range(100, 1000))


async def a_call(switch: ScriptedSwitch) -> tuple[Leg, Leg]:
    number = next(_numbers)
    return await switch.call(f"+49301{number}", f"2{number}")


async def its_recorders_run(switch: ScriptedSwitch, *legs: Leg) -> float:
    """One of ours on each of them; when the last one began."""
    await until(lambda: all(switch.running(leg) for leg in legs), "the recorders")
    return began(switch, *legs)


def starts(switch: ScriptedSwitch, *legs: Leg) -> int:
    """How many recorders of ours have begun on these legs."""
    uuids = {leg.uuid for leg in legs}
    return sum(event.name == "RECORD_START" and event.get("Unique-ID") in uuids for event in switch.fired)


async def over(switch: ScriptedSwitch, daemon: Daemon, caller: Leg) -> dict[str, Any]:
    await talking(1.0)
    await switch.hang_up(caller)
    return await daemon.arrived(caller)


@pytest.mark.parametrize(
    ("lie", "count"),
    [("starts_without_record", 2), ("starts_refused", 2), ("jobs_dropped", 2), ("record_start_delay_seconds", 1.0)],
)
async def test_a_start_that_does_not_come_off_is_tried_again_and_the_rest_of_the_call_is_whole(
    daemon: Daemon, switch: ScriptedSwitch, lie: str, count: float
) -> None:
    setattr(switch.lies, lie, count)
    caller, agent = await a_call(switch)
    since = await its_recorders_run(switch, caller, agent)
    row = await over(switch, daemon, caller)
    assert [one["state"] for one in daemon.segments(row)].count("closed") == 2
    daemon.assert_whole(row, left=[said(caller, since=since)], right=[said(agent, since=since)])


async def test_a_start_that_never_comes_off_fails_with_its_reason_and_the_next_call_is_whole(
    daemon: Daemon, switch: ScriptedSwitch
) -> None:
    switch.lies.starts_refused = -1
    caller, _ = await a_call(switch)
    await until(lambda: [row["state"] for row in daemon.of(caller.number)] == ["failed-at-capture"], "that it failed")
    await daemon.says("may FreeSWITCH's user write to")
    await switch.hang_up(caller)
    [row] = await daemon.final(caller)
    assert "Cannot record session" in row["reason"]
    switch.lies.starts_refused = 0
    caller, agent = await a_call(switch)
    await over(switch, daemon, caller)
    await daemon.talk_is_whole(caller, agent)


async def test_where_one_leg_alone_is_refused_its_silence_is_named(daemon: Daemon, switch: ScriptedSwitch) -> None:
    switch.lies.starts_refused = 1
    caller, agent = await a_call(switch)
    row = await over(switch, daemon, caller)
    assert len(daemon.segments(row)) == 3
    daemon.assert_named(row, left=[said(caller)], right=[said(agent)])


async def test_a_beginning_that_is_told_after_it_was_given_up_is_no_second_recorder(
    daemon: Daemon, switch: ScriptedSwitch
) -> None:
    switch.lies.record_start_delay_seconds = 2.5
    caller, agent = await a_call(switch)
    # Its commands have left before that.
    await until(lambda: len(daemon.rows.ask("SELECT id FROM segments WHERE state = 'wanted'")) == 2, "its wish")
    switch.lies.record_start_delay_seconds = 0.0
    since = await its_recorders_run(switch, caller, agent)
    await until(lambda: starts(switch, caller, agent) == 4, "the recorders that were given up")
    await until(lambda: [len(switch.running(leg)) for leg in (caller, agent)] == [1, 1], "one recorder a leg")
    row = await over(switch, daemon, caller)
    daemon.assert_whole(row, left=[said(caller, since=since)], right=[said(agent, since=since)])


async def test_an_end_that_is_never_told_leaves_the_recording_whole(daemon: Daemon, switch: ScriptedSwitch) -> None:
    caller, agent = await a_call(switch)
    await its_recorders_run(switch, caller, agent)
    switch.lies.record_stops_dropped = -1
    await over(switch, daemon, caller)
    await daemon.talk_is_whole(caller, agent)


async def test_a_hang_up_that_is_never_told_is_found_out_at_the_next_count(
    daemon: Daemon, switch: ScriptedSwitch
) -> None:
    caller, agent = await a_call(switch)
    await its_recorders_run(switch, caller, agent)
    switch.lies.events_dropped = {"CHANNEL_HANGUP_COMPLETE", "CHANNEL_UNBRIDGE"}
    switch.lies.record_stops_dropped = -1
    await talking(1.0)
    await switch.hang_up(caller)
    switch.lies.events_dropped, switch.lies.record_stops_dropped = set(), 0
    seen = daemon.resynchronisations
    await switch.cut()
    await daemon.back(seen)
    await daemon.talk_is_whole(caller, agent)


@pytest.mark.parametrize("which", ["all of them", "one path"])
async def test_a_recorder_that_somebody_else_stops_is_followed_by_another_and_the_gap_is_named(
    daemon: Daemon, switch: ScriptedSwitch, which: str
) -> None:
    caller, agent = await a_call(switch)
    await its_recorders_run(switch, caller, agent)
    await talking(1.0)
    [path] = switch.running(caller)
    async with connected(switch.port) as stranger:
        await stranger.ask(f"api uuid_record {caller.uuid} stop {'all' if which == 'all of them' else path}")
    await until(lambda: path not in [*switch.running(caller), ""] and switch.running(caller), "another recorder")
    row = await over(switch, daemon, caller)
    assert len(daemon.segments(row)) == 3
    daemon.assert_named(row, left=[said(caller)], right=[said(agent)])
    [gap] = daemon.named_gaps(row)
    assert gap["side"] == "left"
    assert gap["end_seconds"] - gap["start_seconds"] <= ANEW_SECONDS


async def test_a_path_that_is_recorded_already_is_not_recorded_twice(daemon: Daemon, switch: ScriptedSwitch) -> None:
    """A stranger asks for our own file once more: `+OK Success`, and no other RECORD_START."""
    caller, agent = await a_call(switch)
    await its_recorders_run(switch, caller, agent)
    [path] = switch.running(caller)
    async with connected(switch.port) as stranger:
        assert await stranger.ask(f"api uuid_record {caller.uuid} start {path}") == "+OK Success\n"
    await over(switch, daemon, caller)
    await daemon.talk_is_whole(caller, agent)


async def test_a_recorder_of_somebody_elses_is_left_alone(daemon: Daemon, switch: ScriptedSwitch) -> None:
    caller, agent = await a_call(switch)
    await its_recorders_run(switch, caller, agent)
    theirs = switch.recordings / "theirs" / "call.wav"
    async with connected(switch.port) as stranger:
        await stranger.ask(f"api uuid_record {caller.uuid} start {theirs} 0 {{RECORD_STEREO=true}}")
    await talking(1.0)
    await daemon.is_well()
    assert str(theirs) in switch.running(caller)
    await over(switch, daemon, caller)
    await daemon.talk_is_whole(caller, agent)
    assert theirs.exists()


NAMES = [
    "a\n\nContent-Type: text/disconnect-notice\nContent-Length: 0\n\n",
    "a%0AUnique-ID: another-leg%0AEvent-Name: CHANNEL_HANGUP_COMPLETE",
    '","Event-Name":"CHANNEL_HANGUP_COMPLETE","x":"',
    "Event-Subclass=callreel::record,Action=discard",
    "'; uuid_kill all {RECORD_APPEND=true} \u202e\u0000\u2028",
]


async def test_what_callers_call_themselves_is_a_name_and_nothing_else(daemon: Daemon, switch: ScriptedSwitch) -> None:
    """Neither an event, nor a header, nor an order of the dialplan's."""
    calls = []
    for name in NAMES:
        number = next(_numbers)
        caller = await switch.inbound(f"+49301{number}", f"2{number}", name=name, variables={"sip_h_Action": "stop"})
        agent = await switch.dial(caller, f"2{number}")
        await switch.answer(agent)
        calls.append((caller, agent))
    await talking(1.0)
    for caller, _ in calls:
        switch.exchange.fire_channel("CHANNEL_EXECUTE", caller, {"Action": "discard"})
        # Of another subclass, whatever stands in it.
        await switch.event(caller, "theirs::record", Action="discard")
        assert switch.running(caller)
        await switch.hang_up(caller)
    for caller, agent in calls:
        row = await daemon.talk_is_whole(caller, agent)
        [leg, _] = json.loads(row["legs"])
        assert leg["number"] == caller.number


async def test_an_order_of_the_dialplans_is_obeyed_for_its_own_leg_whatever_it_says_of_others(
    daemon: Daemon, switch: ScriptedSwitch
) -> None:
    caller, agent = await a_call(switch)
    other, partner = await a_call(switch)
    await its_recorders_run(switch, caller, agent, other, partner)
    await talking(1.0)
    await switch.event(caller, "callreel::record", Action="stop", **{"Unique-ID": other.uuid})
    await until(lambda: not switch.running(caller), "its end")
    stopped = time.time()
    assert switch.running(other)
    await over(switch, daemon, other)
    await switch.hang_up(caller)
    await daemon.talk_is_whole(other, partner)
    row = await daemon.arrived(caller)
    sides = [said(leg, until=stopped - STOPPED_SECONDS) for leg in (caller, agent)]
    daemon.assert_whole(row, left=sides[:1], right=sides[1:])
    assert daemon.sound(row).seconds <= stopped - float(row["started_at"]) + STOPPED_SECONDS
