"""Calls that the dialplan itself records: with callreel there, without it from the first to the last frame, and with
callreel coming back in the middle. Each is one recording, whoever died meanwhile."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.faults.pbx import ROOT
from tests.pbx.asterisk import Asterisk
from tests.pbx.configuration import Wishes
from tests.pbx.conversation import UNWRITTEN_SECONDS
from tests.pbx.daemon import Daemon
from tests.pbx.leg import Leg
from tests.pbx.phone import Manner, Phone
from tests.pbx.proof import Voice, assert_complete
from tests.pbx.waiting import talking, until

pytestmark = pytest.mark.asterisk

SNIPPET = ROOT / "dialplan/asterisk/callreel.conf"
#: The caller's channel by Gosub, the agent's by a predial handler, and each of them alone.
SHAPES = """
[phones]
exten => _mustboth_.,1,Gosub(callreel-must,s,1)
 same => n,Dial(PJSIP/${EXTEN:9}@phones,30,b(callreel-must^s^1))
exten => _mustage[n]t_.,1,Dial(PJSIP/${EXTEN:10}@phones,30,b(callreel-must^s^1))
exten => _mustri[n]g_.,1,Dial(PJSIP/${EXTEN:9}@phones&PJSIP/299@phones,30,b(callreel-must^s^1))
exten => _mustcaller_.,1,Gosub(callreel-must,s,1)
 same => n,Dial(PJSIP/${EXTEN:11}@phones,30)
"""
WAYS = ("mustboth", "mustagent", "mustcaller")
#: A recorder of the dialplan begins when the phone rings; its file when there is sound.
RINGING_SECONDS = 1.2
TALK_SECONDS = 2.5
#: So old a file has to be to be taken for one whose call nobody will tell of.
OLD_SECONDS = 10.0


@pytest.fixture(scope="module")
def wishes() -> Wishes:
    return Wishes(dialplan=f"#include {SNIPPET}\n{SHAPES}")


@pytest.fixture
def daemon(asterisk: Asterisk, tmp_path: Path) -> Iterator[Daemon]:
    """Not running yet. What earlier tests left would be taken for calls of this one."""
    for file in asterisk.recording_folder.iterdir():
        file.unlink()
    daemon = Daemon(tmp_path / "callreel", asterisk)
    yield daemon
    daemon.kill()


@dataclass(frozen=True, slots=True)
class Talk:
    way: str
    caller: Leg
    agent: Leg

    def assert_recorded(self, daemon: Daemon, row: dict[str, Any], *, left: bool = True, right: bool = True) -> None:
        voices = Voice.of(self.caller, heard_by=self.agent), Voice.of(self.agent, heard_by=self.caller)
        assert_complete(
            daemon.sound(row),
            left=[voices[0]] if left else [],
            right=[voices[1]] if right else [],
            # What Asterisk has read of a channel but not yet given to its recorders when the channel ends.
            hole_seconds=UNWRITTEN_SECONDS,
            # Callreel's own recorders hold the rest of it.
            also_left=[self.caller.stream],
            also_right=[self.agent.stream],
        )


async def a_talk(phones: Phone, way: str, number: str) -> Talk:
    phones.manners[number] = Manner(answers_after_seconds=RINGING_SECONDS)
    caller = await phones.call(f"{way}_{number}", user=f"+49301{number}")
    agent = await phones.answered(number)
    await talking(TALK_SECONDS)
    return Talk(way, caller, agent)


async def talks(phones: Phone, first: int) -> list[Talk]:
    return list(await asyncio.gather(*(a_talk(phones, way, str(first + rank)) for rank, way in enumerate(WAYS))))


def row_of(talk: Talk, rows: list[dict[str, Any]]) -> dict[str, Any]:
    [row] = [row for row in rows if talk.caller.user in row["legs"] or f'"{talk.agent.user}"' in row["legs"]]
    return row


async def test_with_callreel_there_no_channel_has_a_second_recorder(daemon: Daemon, phones: Phone) -> None:
    await asyncio.to_thread(daemon.start)
    held = await talks(phones, 250)
    for talk in held:
        await talk.caller.hang_up()
    rows = await daemon.available(count=len(held))
    for talk in held:
        row = row_of(talk, rows)
        segments = daemon.segments(row)
        assert len(segments) == 2
        assert len([one for one in segments if one["path"].startswith("must_")]) == (2 if talk.way == "mustboth" else 1)
        talk.assert_recorded(daemon, row)


async def test_without_callreel_a_call_is_adopted_once_whoever_dies_meanwhile(daemon: Daemon, phones: Phone) -> None:
    held = await talks(phones, 253)
    for talk in held:
        await talk.caller.hang_up()
    await talking(OLD_SECONDS - TALK_SECONDS)
    await asyncio.to_thread(daemon.start)
    await until(daemon.recordings, lambda: f"the first adoption; {daemon.role.tail}", 60.0)
    daemon.kill()
    await asyncio.to_thread(daemon.start)
    rows = await daemon.available(count=len(held))
    for talk in held:
        row = row_of(talk, rows)
        if talk.way != "mustagent":
            assert row["from_number"] == talk.caller.user
        if talk.way == "mustboth":
            assert row["agent_id"] == talk.agent.user
            assert row["direction"] == "inbound"
        talk.assert_recorded(daemon, row, left=talk.way != "mustagent", right=talk.way != "mustcaller")


async def test_callreel_that_comes_back_in_the_call_has_it_from_its_first_frame(daemon: Daemon, phones: Phone) -> None:
    held = await talks(phones, 256)
    await asyncio.to_thread(daemon.start)
    await talking(TALK_SECONDS)
    for talk in held:
        await talk.caller.hang_up()
    rows = await daemon.available(count=len(held))
    for talk in held:
        row = row_of(talk, rows)
        assert len(daemon.segments(row)) == 2
        talk.assert_recorded(daemon, row, left=talk.way != "mustagent", right=talk.way != "mustcaller")


async def test_who_only_rang_is_no_gap_and_a_call_that_nobody_answers_no_recording(
    daemon: Daemon, phones: Phone
) -> None:
    await asyncio.to_thread(daemon.start)
    phones.manners["298"] = phones.manners["299"] = Manner(answers_after_seconds=None)
    unanswered = await phones.call("mustboth_298", user="+49301298", waits_for_answer=False)
    await phones.incoming("298")
    talk = await a_talk(phones, "mustring", "259")
    await unanswered.cancel()
    await talk.caller.hang_up()
    [row] = await daemon.available(talk.caller)
    talk.assert_recorded(daemon, row)
    assert daemon.named_gaps(row) == []
    assert len(daemon.recordings()) == 1
