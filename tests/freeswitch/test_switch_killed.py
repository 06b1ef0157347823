"""FreeSWITCH dies in calls, by kill -9 or on request: what it had written arrives, the next calls are recorded."""

import signal
import struct
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connector.domain.file_clock import NOTHING_MORE
from tests.freeswitch.daemon import Daemon
from tests.freeswitch.going_through import said
from tests.freeswitch.served import ServedSwitch
from tests.freeswitch.switch import ScriptedSwitch
from tests.pbx.waiting import talking, until

#: Of a death that is seen by a connection that ends.
TOLD_SECONDS = 0.15


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[ServedSwitch]:
    async with ServedSwitch(tmp_path) as switch:
        yield switch


async def running(folder: Path, switch: ServedSwitch | ScriptedSwitch) -> AsyncIterator[Daemon]:
    daemon = Daemon(folder / "callreel", switch)
    try:
        yield await daemon.begin()
    finally:
        daemon.kill()


@pytest.fixture
async def beside(served: ServedSwitch, tmp_path: Path) -> AsyncIterator[Daemon]:
    """callreel at the FreeSWITCH that is a process of its own."""
    async for daemon in running(tmp_path, served):
        yield daemon


@pytest.fixture
async def daemon(switch: ScriptedSwitch, tmp_path: Path) -> AsyncIterator[Daemon]:
    async for daemon in running(tmp_path, switch):
        yield daemon


async def test_what_freeswitch_had_written_when_it_was_killed_arrives_and_its_end_is_named(
    served: ServedSwitch, beside: Daemon
) -> None:
    old = await served.do("call", "+49301000", "2000")
    await talking(2.5)
    young = await served.do("call", "+49301001", "2001")
    await until(lambda: len(list(served.recordings.glob("*.wav"))) == 4, "the files of both calls")
    await talking(0.3)
    written = time.time()
    # Files are written without a buffer, every 20 ms.
    await talking(0.1)
    voices = {leg["uuid"]: await served.voice(leg["uuid"], between=(0.0, written)) for leg in (*old, *young)}
    seen = beside.resynchronisations
    await served.kill()
    died_at = time.time()
    assert_no_head_is_final(served.recordings, files=4)
    await served.start()
    await beside.back(seen)
    assert beside.role.said("freeswitch was restarted")
    for caller, agent in (old, young):
        row = await beside.recorded_by(caller["number"])
        beside.assert_whole(row, left=[voices[caller["uuid"]]], right=[voices[agent["uuid"]]])
        named = beside.named_gaps(row)
        assert {gap["reason"] for gap in named} <= {NOTHING_MORE}, named
        # Not until somebody noticed.
        assert float(row["started_at"]) + beside.sound(row).seconds <= died_at + TOLD_SECONDS
    await the_next_call_is_whole(served, beside)
    assert len(beside.recordings()) == 3
    await beside.is_well()


async def test_a_freeswitch_that_is_shut_down_politely_ends_its_recordings_whole_and_is_met_again(
    served: ServedSwitch, beside: Daemon
) -> None:
    """SHUTDOWN, RECORD_STOP, CHANNEL_HANGUP_COMPLETE, the notice, the end."""
    caller, agent = await served.do("call", "+49301000", "2000")
    await talking(2.0)
    voices = [await served.voice(leg["uuid"]) for leg in (caller, agent)]
    seen = beside.resynchronisations
    await served.kill(signal.SIGTERM)
    await served.start()
    row = await beside.recorded_by(caller["number"])
    assert not beside.named_gaps(row)
    beside.assert_whole(row, left=voices[:1], right=voices[1:])
    await beside.back(seen)
    await the_next_call_is_whole(served, beside)
    await beside.is_well()


async def the_next_call_is_whole(served: ServedSwitch, daemon: Daemon) -> None:
    caller, agent = await served.do("call", "+49301002", "2002")
    await talking(1.0)
    await served.do("hang_up", caller["uuid"])
    row = await daemon.recorded_by(caller["number"])
    assert not daemon.named_gaps(row)
    daemon.assert_whole(row, left=[await served.voice(caller["uuid"])], right=[await served.voice(agent["uuid"])])


async def test_after_a_death_of_both_what_lives_now_is_not_taken_for_what_lived_before(
    switch: ScriptedSwitch, daemon: Daemon
) -> None:
    """FreeSWITCH is back first, and has a call of the same two again."""
    caller, agent = await switch.call("+49301000", "2000")
    await talking(1.5)
    daemon.kill()
    await talking(0.5)
    await switch.crash()
    died_at = time.time()
    assert_no_head_is_final(switch.recordings, files=2)
    await switch.start()
    second, other = await switch.call("+49301000", "2000")
    since = await (await daemon.begin()).back(0)
    await talking(1.5)
    await switch.hang_up(second)
    rows = await daemon.final(caller, count=2)
    assert [row["state"] for row in rows] == ["available", "available"]
    daemon.assert_whole(rows[0], left=[said(caller)], right=[said(agent)])
    daemon.assert_whole(rows[1], left=[said(second, since=since)], right=[said(other, since=since)])
    assert float(rows[0]["started_at"]) + daemon.sound(rows[0]).seconds <= died_at + TOLD_SECONDS


def assert_no_head_is_final(folder: Path, *, files: int) -> None:
    """As a kill leaves them, or this proves nothing."""
    heads = [struct.unpack("<4xI32xI", file.read_bytes()[:44]) for file in folder.glob("*.wav")]
    assert heads == [(8, 0)] * files
