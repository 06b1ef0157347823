"""The disk that FreeSWITCH records to is full, a file stops growing, the folder is not to be seen: what is missing is
named, what is there arrives, and health says what to mend."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connector.domain.file_clock import DISK_FULL, QUIET
from connector.domain.recording import STALLED
from tests.faults.outages import full, small_disk
from tests.freeswitch.daemon import Daemon
from tests.freeswitch.going_through import said
from tests.freeswitch.switch import ScriptedSwitch
from tests.pbx.waiting import talking, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

FULL_SECONDS = 3.0
#: FreeSWITCH begins no file on a full disk; who had none gets one.
ROOM_IS_SEEN_SECONDS = 2.5
#: From the last sound in a file to the first one in the next.
STALL_SECONDS = 10.0


async def test_a_full_disk_costs_only_what_it_could_not_take_and_that_is_named(
    daemon: Daemon, switch: ScriptedSwitch
) -> None:
    with small_disk(switch.recordings, "2m"):
        before = await switch.call("+49301000", "2000")
        await talking(2.0)
        with full(switch.recordings):
            meanwhile = await switch.call("+49301001", "2001")
            await daemon.says("no room")
            await talking(FULL_SECONDS)
        room_again_at = time.time()
        await daemon.is_well()
        after = await switch.call("+49301002", "2002")
        await talking(2.0)
        for caller, _ in (before, meanwhile, after):
            await switch.hang_up(caller)
        await daemon.talk_is_whole(*after)
        row = await daemon.arrived(before[0])
        daemon.assert_named(row, left=[said(before[0])], right=[said(before[1])])
        named = daemon.named_gaps(row)
        assert {(gap["side"], gap["reason"]) for gap in named} == {("left", DISK_FULL), ("right", DISK_FULL)}
        caller, agent = meanwhile
        row = await daemon.arrived(caller)
        since = room_again_at + ROOM_IS_SEEN_SECONDS
        daemon.assert_named(row, left=[said(caller, since=since)], right=[said(agent, since=since)])


async def test_a_file_that_stops_growing_is_followed_by_another_and_the_gap_is_named(
    daemon: Daemon, switch: ScriptedSwitch
) -> None:
    caller, agent = await switch.call("+49302000", "2200")
    await until(lambda: len(switch.running()) == 2, "both recorders")
    await talking(1.0)
    [path] = switch.running(caller)
    switch.disk.stuck.add(path)
    await until(lambda: switch.running(caller) not in ([path], []), "another recorder", 30.0)
    assert path not in switch.running(caller)
    await talking(1.5)
    await switch.hang_up(caller)
    row = await daemon.arrived(caller)
    assert STALLED in {one["reason"] for one in daemon.segments(row)}
    daemon.assert_named(row, left=[said(caller)], right=[said(agent)])
    [gap] = daemon.named_gaps(row)
    assert gap["side"] == "left"
    assert gap["reason"] not in QUIET
    assert gap["end_seconds"] - gap["start_seconds"] <= STALL_SECONDS
    await daemon.is_well()


async def test_a_folder_that_is_out_of_sight_for_a_while_costs_nothing(daemon: Daemon, switch: ScriptedSwitch) -> None:
    """As a mount that is lost at our side: FreeSWITCH goes on writing."""
    caller, agent = await switch.call("+49303000", "2300")
    await until(lambda: len(switch.running()) == 2, "both recorders")
    await talking(1.0)
    with out_of_sight(switch.recordings):
        await daemon.says("cannot be seen here")
        await switch.hang_up(caller)
        await until(lambda: not switch.running(), "the end of both files")
        await until(lambda: [row["state"] for row in daemon.of(caller.number)] == ["captured"], "its end")
        await talking(1.0)
        assert [row["state"] for row in daemon.of(caller.number)] == ["captured"]
    await daemon.talk_is_whole(caller, agent)
    await daemon.is_well()


@contextmanager
def out_of_sight(folder: Path) -> Iterator[None]:
    away = folder.rename(folder.with_name("away"))
    try:
        yield
    finally:
        away.rename(folder)


async def test_a_folder_that_is_another_one_here_is_said_and_given_up_no_call_is_harmed(
    daemon: Daemon, switch: ScriptedSwitch
) -> None:
    """FreeSWITCH says that it writes, and has begun; there is no such file here."""
    elsewhere = switch.recordings.with_name("elsewhere")
    switch.disk.elsewhere = (switch.recordings, elsewhere)
    caller, agent = await switch.call("+49304000", "2400")
    await until(lambda: [row["state"] for row in daemon.of(caller.number)] == ["failed-at-capture"], "that it failed")
    await daemon.says("the same folder here as there")
    await until(lambda: not switch.running(), "the end of what nobody can fetch")
    assert caller.is_alive
    assert agent.is_alive
    await switch.hang_up(caller)
    [row] = await daemon.final(caller)
    assert "the same folder here as there" in row["reason"]
    switch.disk.elsewhere = None
    again, there = await switch.call("+49304001", "2401")
    await talking(1.0)
    await switch.hang_up(again)
    await daemon.talk_is_whole(again, there)
    await daemon.is_well()
