"""callreel is not alone: others stop its recorders or have some of their own, and several PBXs give the same ids."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from connector.domain.file_clock import HOLE_SECONDS
from tests.pbx.asterisk import Asterisk, NoAsterisk
from tests.pbx.configuration import Wishes
from tests.pbx.daemon import Daemon, asterisk_settings
from tests.pbx.leg import Leg
from tests.pbx.manager import Manager
from tests.pbx.phone import Phone
from tests.pbx.proof import Recording, Voice, assert_complete, read_pair
from tests.pbx.waiting import talking, until

pytestmark = pytest.mark.asterisk

STOPPING = """
[phones]
exten => _stoppi[n]g_.,1,Set(__DYNAMIC_FEATURES=stopmix)
 same => n,Dial(PJSIP/${EXTEN:9}@phones,60)
"""
#: What may be lost whenever a recorder begins.
A_START_SECONDS = 0.040
#: From a recorder's end to the first sound of the one in its place.
ANEW_SECONDS = 1.0


@pytest.fixture(scope="module")
def wishes() -> Wishes:
    features = "[applicationmap]\nstopmix => *9,self,StopMixMonitor\n"
    return Wishes(dialplan=STOPPING, snippets={"features.conf": features})


@pytest.fixture
def daemon(asterisk: Asterisk, tmp_path: Path) -> Iterator[Daemon]:
    with Daemon(tmp_path / "callreel", asterisk) as running:
        yield running


def assert_both_whole(recording: Recording, caller: Leg, agent: Leg, gaps: Sequence[tuple[float, float]] = ()) -> None:
    left, right = Voice.of(caller, heard_by=agent), Voice.of(agent, heard_by=caller)
    assert_complete(recording, left=[left], right=[right], gaps=gaps)


async def a_call(phones: Phone, way: str, number: str) -> tuple[Leg, Leg]:
    caller = await phones.call(way, user=f"+49301{number}")
    return caller, await phones.answered(number)


async def test_a_recorder_of_ours_that_somebody_else_stops_is_followed_by_another_and_the_gap_is_named(
    asterisk: Asterisk, daemon: Daemon, phones: Phone
) -> None:
    by_ami, by_dialplan = await a_call(phones, "to_260", "260"), await a_call(phones, "stopping_261", "261")
    await talking(2.0)
    [row] = daemon.recordings(by_ami[0])
    async with Manager(asterisk.ports.ami, asterisk.admin) as manager:
        for segment in daemon.segments(row):
            await manager.act("StopMixMonitor", {"Channel": segment["channel"]})
    by_dialplan[0].press("*9")
    await talking(3.5)
    for caller, _ in (by_ami, by_dialplan):
        await caller.hang_up()
    rows = {row["from_number"]: row for row in await daemon.available(count=2)}
    for legs, stopped in ((by_ami, 2), (by_dialplan, 1)):
        row = rows[legs[0].user]
        segments = daemon.segments(row)
        assert len(segments) == 2 + stopped
        gaps = [pause for channel in {one["channel"] for one in segments} for pause in between(segments, channel)]
        assert len(gaps) == stopped
        assert all(end - begin <= ANEW_SECONDS for begin, end in gaps)
        # Shorter ones than HOLE_SECONDS have no name, unless the recorder's first sound came late on top of it.
        told, long = daemon.named_gaps(row), [gap for gap in gaps if gap[1] - gap[0] > HOLE_SECONDS]
        assert len(long) <= len(told) <= stopped, f"{told} for {segments}"
        assert all(gap["end_seconds"] - gap["start_seconds"] <= ANEW_SECONDS for gap in told)
        named = daemon.gaps(row)
        edges = [(end, begin + A_START_SECONDS) for end, begin in gaps]
        assert_both_whole(daemon.sound(row), *legs, [*edges, *named])


def between(segments: list[dict[str, Any]], channel: str) -> list[tuple[float, float]]:
    """When none of the channel's recorders ran, from the first to the last of them."""
    own = sorted((one["started_at"], one["stopped_at"]) for one in segments if one["channel"] == channel)
    return [(before[1], after[0]) for before, after in pairwise(own)]


async def test_an_administrators_own_recorder_and_ours_are_both_whole(
    asterisk: Asterisk, daemon: Daemon, phones: Phone
) -> None:
    legs = await a_call(phones, "recorded_262_theirs", "262")
    await talking(3.0)
    await legs[0].hang_up()
    assert_both_whole(await daemon.recorded(legs[0]), *legs)
    said, heard = (asterisk.recording_folder / f"theirs-{side}.wav" for side in ("rx", "tx"))
    assert_both_whole(read_pair(said, heard), *legs)


@pytest.fixture
async def offices(tmp_path: Path) -> AsyncIterator[tuple[Asterisk, Asterisk]]:
    """Without a system name, so that both give their channels the same ids."""
    async with AsyncExitStack() as running:
        found = []
        for version in (22, 16):
            folder = tmp_path / str(version)
            folder.mkdir()
            try:
                found.append(Asterisk(folder, version=version, wishes=Wishes(system_name="")))
            except NoAsterisk as error:
                pytest.skip(str(error))
            await running.enter_async_context(found[-1])
        yield found[0], found[1]


async def test_two_pbxs_with_the_same_ids_are_kept_apart(offices: tuple[Asterisk, Asterisk], tmp_path: Path) -> None:
    one, two = offices
    daemon = Daemon(tmp_path / "callreel", one)
    settings = daemon.settings["pbx"]["office"]
    daemon.settings["pbx"] = {
        "office": settings,
        "branch": settings | {"asterisk": asterisk_settings(two)},
    }
    daemon.write_settings()
    async with AsyncExitStack() as held:
        phones = [await held.enter_async_context(Phone(each.ports.sip, each.ports.phone)) for each in offices]
        held.callback(daemon.kill)
        await asyncio.to_thread(daemon.start)
        await until(lambda: daemon.resynchronisations >= 2, "both PBXs")
        # Ids begin with the second.
        await until(lambda: time.time() % 1.0 < 0.2, "the begin of a second")
        calls = await asyncio.gather(*(a_call(phone, "to_263", "263") for phone in phones))
        await talking(3.0)
        for caller, _ in calls:
            await caller.hang_up()
        rows = {row["pbx"]: row for row in await daemon.available(count=2)}
        channels = [{one["channel"] for one in daemon.segments(rows[name])} for name in ("office", "branch")]
        assert channels[0] == channels[1], "the same ids, or this proves nothing"
        for name, legs in zip(("office", "branch"), calls, strict=True):
            assert_both_whole(daemon.sound(rows[name]), *legs)
