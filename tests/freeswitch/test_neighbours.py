"""Several PBXs at one callreel: what one says, even by the same names, and its death are no affair of another's."""

import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.freeswitch.daemon import NAME, Daemon, freeswitch_settings
from tests.freeswitch.going_through import said
from tests.freeswitch.legs import Leg, next_stream
from tests.freeswitch.switch import ScriptedSwitch
from tests.pbx.asterisk import Asterisk, NoAsterisk
from tests.pbx.daemon import asterisk_settings
from tests.pbx.leg import Leg as Line
from tests.pbx.phone import Phone
from tests.pbx.proof import Voice
from tests.pbx.waiting import talking, until

TALK_SECONDS = 1.5
#: From an order to the end of a recorder.
STOPPED_SECONDS = 0.2
BRANCH = "branch"
Call = tuple[Leg, Leg]


@pytest.fixture
async def branch(tmp_path: Path) -> AsyncIterator[ScriptedSwitch]:
    async with ScriptedSwitch(tmp_path / BRANCH) as running:
        yield running


@contextmanager
def recording(folder: Path, switch: ScriptedSwitch, other: dict[str, Any], **more: dict[str, Any]) -> Iterator[Daemon]:
    daemon = Daemon(folder / "callreel", switch, others={BRANCH: other})
    daemon.settings |= more
    daemon.write_settings()
    try:
        yield daemon
    finally:
        daemon.kill()


def by_pbx(rows: list[dict[str, Any]], pbx: str) -> list[dict[str, Any]]:
    return [row for row in rows if row["pbx"] == pbx]


def told(daemon: Daemon, event: str) -> list[object]:
    """Of which PBXs its log says so."""
    return [line["pbx"] for line in daemon.role.lines if line.get("event") == event]


def some_names() -> list[str]:
    return [str(uuid.uuid4()) for _ in range(2)]


async def a_call(switch: ScriptedSwitch, names: list[str]) -> Call:
    """The same numbers and the same uuids, wherever it is made."""
    caller = await switch.inbound("+49301000", "2000", leg_uuid=names[0])
    agent = await switch.dial(caller, "2000", leg_uuid=names[1])
    await switch.answer(agent)
    return caller, agent


def assert_whole(daemon: Daemon, row: dict[str, Any], call: Call, **between: float) -> None:
    left, right = (said(leg, **between) for leg in call)
    assert not daemon.named_gaps(row)
    daemon.assert_whole(row, left=[left], right=[right])


async def test_two_freeswitches_with_the_same_leg_uuids_are_kept_apart(
    switch: ScriptedSwitch, branch: ScriptedSwitch, tmp_path: Path
) -> None:
    with recording(tmp_path, switch, freeswitch_settings(branch)) as daemon:
        await daemon.begin()
        names = some_names()
        ours, theirs = await a_call(switch, names), await a_call(branch, names)
        assert [leg.uuid for leg in ours] == [leg.uuid for leg in theirs], "the same ids, or this proves nothing"
        await until(lambda: [len(one.running()) for one in (switch, branch)] == [2, 2], "four recorders")
        await talking(TALK_SECONDS)
        # What is said of a leg there is not said of the leg of that name here.
        stopped = theirs[0].clock.wall(theirs[0].clock.frame())
        await branch.event(theirs[0], "callreel::record", Action="stop")
        await branch.hold(theirs[1])
        await until(lambda: not branch.running(), "the end of the two over there")
        assert len(switch.running()) == 2
        await talking(TALK_SECONDS)
        await branch.hang_up(theirs[0])
        await talking(TALK_SECONDS)
        await switch.hang_up(ours[0])
        rows = await daemon.available(count=2)
        [here], [there] = by_pbx(rows, NAME), by_pbx(rows, BRANCH)
        assert here["call_id"] != there["call_id"]
        assert {one["channel"] for one in daemon.segments(here)} == set(names)
        assert {one["channel"] for one in daemon.segments(there)} == set(names)
        assert_whole(daemon, here, ours)
        assert_whole(daemon, there, theirs, until=stopped)
        assert daemon.sound(there).seconds <= stopped - float(there["started_at"]) + STOPPED_SECONDS


async def test_a_freeswitch_that_dies_takes_nothing_from_another(
    switch: ScriptedSwitch, branch: ScriptedSwitch, tmp_path: Path
) -> None:
    with recording(tmp_path, switch, freeswitch_settings(branch)) as daemon:
        await daemon.begin()
        names = some_names()
        ours, theirs = await a_call(switch, names), await a_call(branch, names)
        await talking(TALK_SECONDS)
        await daemon.is_well()
        await branch.crash()
        await daemon.says(f"PBX {BRANCH}")
        assert all(BRANCH in problem for problem in daemon.problems), daemon.problems
        meanwhile = await a_call(switch, some_names())
        await talking(TALK_SECONDS)
        await branch.start()
        await until(lambda: told(daemon, "pbx resynchronised").count(BRANCH) == 2, "its return")
        after = await a_call(branch, some_names())
        await talking(TALK_SECONDS)
        for one, call in ((switch, ours), (switch, meanwhile), (branch, after)):
            await one.hang_up(call[0])
        rows = await daemon.available(count=4)
        for pbx, calls in ((NAME, (ours, meanwhile)), (BRANCH, (theirs, after))):
            for row, call in zip(by_pbx(rows, pbx), calls, strict=True):
                assert_whole(daemon, row, call)
        assert told(daemon, "pbx lost") == [BRANCH]
        assert told(daemon, "pbx resynchronised").count(NAME) == 1


# --- beside a real Asterisk ---------------------------------------------------------------------------------------


@pytest.fixture
async def asterisk(tmp_path: Path) -> AsyncIterator[Asterisk]:
    folder = tmp_path / "asterisk"
    folder.mkdir()
    try:
        running = Asterisk(folder)
    except NoAsterisk as error:
        pytest.skip(str(error))
    try:
        await running.start()
        yield running
    finally:
        await running.close()


@pytest.fixture
async def phones(asterisk: Asterisk) -> AsyncIterator[Phone]:
    async with Phone(asterisk.ports.sip, asterisk.ports.phone) as phone:
        yield phone


async def a_sip_call(phones: Phone, number: str) -> tuple[Line, Line]:
    caller = await phones.call(f"to_{number}", user=f"+4930{number}")
    return caller, await phones.answered(number)


def assert_lines_whole(daemon: Daemon, row: dict[str, Any], lines: tuple[Line, Line]) -> None:
    caller, agent = lines
    left, right = Voice.of(caller, heard_by=agent), Voice.of(agent, heard_by=caller)
    daemon.assert_whole(row, left=[left], right=[right])
    assert not daemon.named_gaps(row)


@pytest.mark.slow
@pytest.mark.asterisk
async def test_a_freeswitch_beside_an_asterisk_each_is_whole_and_neither_needs_the_other(
    switch: ScriptedSwitch, asterisk: Asterisk, phones: Phone, tmp_path: Path
) -> None:
    # Streams are told apart on one PBX only.
    for _ in range(100):
        next_stream()
    other = {"asterisk": asterisk_settings(asterisk)}
    fastagi = {"fastagi": f"127.0.0.1:{asterisk.ports.agi}"}
    with recording(tmp_path, switch, other, capture=fastagi) as daemon:
        await daemon.begin()
        both = await switch.call("+49301000", "2000"), await a_sip_call(phones, "261")
        await talking(2 * TALK_SECONDS)
        await switch.hang_up(both[0][0])
        await both[1][0].hang_up()

        through = await switch.call("+49301001", "2001"), await a_sip_call(phones, "262")
        await talking(TALK_SECONDS)
        await daemon.is_well()
        await switch.crash()
        await daemon.says(f"PBX {NAME}")
        assert all(NAME in problem for problem in daemon.problems), daemon.problems
        await talking(TALK_SECONDS)
        await through[1][0].hang_up()
        await switch.start()
        await until(lambda: told(daemon, "pbx resynchronised").count(NAME) == 2, "FreeSWITCH is back")
        await asterisk.idle()

        last = await switch.call("+49301002", "2002")
        await talking(TALK_SECONDS)
        await daemon.is_well()
        asterisk.kill()
        await daemon.says(f"PBX {BRANCH}")
        assert all(BRANCH in problem for problem in daemon.problems), daemon.problems
        await talking(TALK_SECONDS)
        await switch.hang_up(last[0])

        rows = await daemon.available(count=5)
        for row, call in zip(by_pbx(rows, NAME), (both[0], through[0], last), strict=True):
            assert_whole(daemon, row, call)
        for row, lines in zip(by_pbx(rows, BRANCH), (both[1], through[1]), strict=True):
            assert_lines_whole(daemon, row, lines)
        assert told(daemon, "pbx lost") == [NAME, BRANCH]
