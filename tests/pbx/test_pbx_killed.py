"""Asterisk dies in calls: what it had written is recovered, what it had not is named, the next calls are recorded."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.domain.file_clock import NOTHING_MORE
from tests.pbx.asterisk import Asterisk
from tests.pbx.daemon import Daemon
from tests.pbx.leg import Leg
from tests.pbx.phone import Phone
from tests.pbx.proof import Voice, assert_complete
from tests.pbx.waiting import talking, until

pytestmark = pytest.mark.asterisk

#: Asterisk writes 32 KiB at a time.
FLUSH_SECONDS = 2.048
#: Of a death that is seen by a connection that ends.
TOLD_SECONDS = 0.15
#: Two flushes and a half.
TALK_SECONDS = 5.0
YOUNG_SECONDS = 1.0


@pytest.fixture
def daemon(asterisk: Asterisk, tmp_path: Path) -> Iterator[Daemon]:
    with Daemon(tmp_path / "callreel", asterisk) as running:
        yield running


async def a_call(phones: Phone, number: str) -> tuple[Leg, Leg]:
    caller = await phones.call(f"to_{number}", user=f"+49301{number}")
    return caller, await phones.answered(number)


@pytest.mark.parametrize("dead", ["asterisk alone", "the whole machine"])
async def test_what_asterisk_had_written_when_it_was_killed_arrives_and_the_rest_is_named(
    asterisk: Asterisk, daemon: Daemon, phones: Phone, dead: str
) -> None:
    caller, agent = await a_call(phones, "240")
    await talking(TALK_SECONDS - YOUNG_SECONDS)
    young, other = await a_call(phones, "241")
    await talking(YOUNG_SECONDS)
    asterisk.kill()
    if dead == "the whole machine":
        daemon.kill()
    for leg in (caller, agent, young, other):
        leg.end()
    seen = daemon.resynchronisations
    await asterisk.start()
    if dead == "the whole machine":
        await asyncio.to_thread(daemon.start)
    else:
        await until(lambda: daemon.resynchronisations > seen, lambda: f"it is back; {daemon.role.tail}", 30.0)
    rows = {row["from_number"]: row for row in await daemon.settled(count=2)}

    row = rows[caller.user]
    assert row["state"] == "available", row["reason"]
    gaps = daemon.gaps(row)
    both = (0.0, caller.ended_at)
    left, right = Voice.of(caller, heard_by=agent, between=both), Voice.of(agent, heard_by=caller, between=both)
    assert_complete(daemon.sound(row), left=[left], right=[right], gaps=gaps)
    named = daemon.named_gaps(row)
    assert {(gap["side"], gap["reason"]) for gap in named} == {("left", NOTHING_MORE), ("right", NOTHING_MORE)}
    for begins, ends in gaps:
        assert ends - begins <= FLUSH_SECONDS + TOLD_SECONDS
        assert abs(ends - caller.ended_at) <= TOLD_SECONDS

    # Nothing of the younger one had left Asterisk's memory.
    assert rows[young.user]["state"].startswith("failed")
    assert rows[young.user]["reason"]

    again, there = await a_call(phones, "242")
    await talking(2.0)
    await again.hang_up()
    recording = await daemon.recorded(again)
    assert not daemon.gaps((await daemon.settled(again))[0])
    assert_complete(recording, left=[Voice.of(again, heard_by=there)], right=[Voice.of(there, heard_by=again)])
