"""Who comes into a running recording while callreel is away: recorded from its return on, and what is missing is
named."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from connector.domain.tracks import NO_RECORDER
from tests.freeswitch.daemon import Daemon, began
from tests.freeswitch.going_through import said
from tests.freeswitch.legs import Leg
from tests.freeswitch.switch import ScriptedSwitch
from tests.pbx.waiting import talking

#: A room counts its members' time in whole seconds.
ROOM_SECONDS = 1.1
AWAY_SECONDS = 2.5
#: A frame, and what lies between a bridge and its stamp.
JUST_SECONDS = 0.1


@pytest.fixture
async def daemon(switch: ScriptedSwitch, tmp_path: Path) -> AsyncIterator[Daemon]:
    daemon = Daemon(tmp_path / "callreel", switch)
    try:
        yield await daemon.begin()
    finally:
        daemon.kill()


def now(leg: Leg) -> float:
    return leg.clock.wall(leg.clock.frame())


async def comes_back(daemon: Daemon) -> None:
    await asyncio.to_thread(daemon.start)
    await talking(1.5)


def the_gap_of(daemon: Daemon, row: dict[str, Any], leg: Leg) -> tuple[float, float]:
    [gap] = daemon.named_gaps(row)
    assert (gap["party"], gap["reason"]) == (leg.number, NO_RECORDER)
    start = float(row["started_at"])
    return start + gap["start_seconds"], start + gap["end_seconds"]


async def test_who_joins_a_conference_meanwhile_is_named_as_missing_until_his_recorder_runs(
    daemon: Daemon, switch: ScriptedSwitch
) -> None:
    first = await switch.inbound("+4930300", "3000")
    await switch.join(first, "3000")
    await talking(1.0)
    daemon.kill()
    later = await switch.inbound("+4930301", "3000")
    await switch.join(later, "3000")
    came_at = now(later)
    await talking(AWAY_SECONDS)
    await comes_back(daemon)
    for leg in (later, first):
        await switch.hang_up(leg)
    [row] = await daemon.settled()
    assert row["state"] == "available"
    begins, ends = the_gap_of(daemon, row, later)
    assert abs(begins - came_at) < ROOM_SECONDS
    assert abs(ends - began(switch, later)) < JUST_SECONDS


async def test_to_whom_a_call_is_transferred_meanwhile_is_named_as_missing_until_his_recorder_runs(
    daemon: Daemon, switch: ScriptedSwitch
) -> None:
    caller, agent = await switch.call("+4930310", "2110")
    await talking(1.0)
    daemon.kill()
    second = await switch.refer(agent, "2111")
    assert second is not None
    assert second.bridged_frame is not None
    came_at = second.clock.wall(second.bridged_frame)
    await talking(AWAY_SECONDS)
    await comes_back(daemon)
    await switch.hang_up(caller)
    row = await daemon.arrived(caller)
    begins, ends = the_gap_of(daemon, row, second)
    assert abs(begins - came_at) < JUST_SECONDS
    assert abs(ends - began(switch, second)) < JUST_SECONDS
    daemon.assert_whole(row, left=[said(caller)], right=[said(agent), said(second, since=began(switch, second))])


async def test_a_call_that_began_meanwhile_has_its_own_beginning(daemon: Daemon, switch: ScriptedSwitch) -> None:
    """Its recording begins when callreel is back; the call did not."""
    daemon.kill()
    caller, agent = await switch.call("+4930320", "2120")
    assert caller.began_frame is not None
    answered_at = caller.clock.wall(caller.began_frame)
    await talking(AWAY_SECONDS)
    await comes_back(daemon)
    await switch.hang_up(caller)
    row = await daemon.arrived(caller)
    [call] = daemon.rows.ask(f"SELECT started_at, answered_at FROM calls WHERE id = '{row['call_id']}'")
    assert abs(float(call["started_at"]) - caller.times["Channel-Created"] / 1e6) < JUST_SECONDS
    assert abs(float(call["answered_at"]) - answered_at) < JUST_SECONDS
    assert daemon.named_gaps(row) == []
    since = began(switch, caller, agent)
    daemon.assert_whole(row, left=[said(caller, since=since)], right=[said(agent, since=since)])
