"""callreel dies in the middle of calls; FreeSWITCH goes on recording: nothing is lost, and nothing is there twice.

Calls of many shapes go through each death at the same time.
"""

import asyncio
import os
import signal

import pytest

from tests.freeswitch.daemon import Daemon, began
from tests.freeswitch.going_through import CALLS, SEEN, assert_all_recorded, said
from tests.freeswitch.switch import ScriptedSwitch
from tests.pbx.waiting import talking, until

BEGINS_LATE_SECONDS = 1.0


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_killed_whole_and_started_again_it_goes_on_in_every_call(daemon: Daemon, switch: ScriptedSwitch) -> None:
    async def dies() -> None:
        daemon.kill()

    async def starts() -> None:
        await asyncio.to_thread(daemon.start)

    await assert_all_recorded(daemon, switch, CALLS, dies, starts)


async def test_capture_alone_killed_is_replaced_by_its_supervisor(daemon: Daemon, switch: ScriptedSwitch) -> None:
    seen = daemon.resynchronisations

    async def strikes() -> None:
        os.kill(daemon.pid_of("capture"), signal.SIGKILL)

    async def is_back() -> None:
        await daemon.back(seen)

    await assert_all_recorded(daemon, switch, SEEN, strikes, is_back)


async def test_a_recorder_that_begins_when_who_asked_for_it_is_dead_is_taken_up(
    daemon: Daemon, switch: ScriptedSwitch
) -> None:
    """Killed between the command and RECORD_START."""
    switch.lies.record_start_delay_seconds = BEGINS_LATE_SECONDS
    caller, agent = await switch.call("+49302000", "2200")
    await until(lambda: daemon.rows.ask("SELECT id FROM segments WHERE state = 'wanted'"), "its wish in the catalogue")
    daemon.kill()
    assert not switch.running(), "or this proves nothing"
    switch.lies.record_start_delay_seconds = 0.0
    await until(lambda: len(switch.running()) == 2, "both recorders")
    await asyncio.to_thread(daemon.start)
    await talking(2.0)
    await switch.hang_up(caller)
    row = await daemon.arrived(caller)
    assert len(daemon.segments(row)) == 2, "the recorders of before, and no others"
    since = began(switch, caller, agent)
    daemon.assert_whole(row, left=[said(caller, since=since)], right=[said(agent, since=since)])
