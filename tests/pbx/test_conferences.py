"""Conferences through callreel: one recording of all, its participants apart, and who is recorded by himself."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.pbx import noise
from tests.pbx.asterisk import Asterisk
from tests.pbx.configuration import Wishes
from tests.pbx.daemon import Daemon
from tests.pbx.leg import Leg
from tests.pbx.mixture import trace
from tests.pbx.phone import Phone
from tests.pbx.proof import Voice
from tests.pbx.spans import length, united, without
from tests.pbx.waiting import talking, until
from tests.steadiness import VERDICT

pytestmark = pytest.mark.asterisk

#: A participant who is recorded himself, and an order about the conference itself, as the dialplan gives them.
DIALPLAN = """[phones]
exten => _alo[n]e_.,1,Answer()
 same => n,UserEvent(Callreel,Action: start)
 same => n,ConfBridge(${EXTEN:6})
exten => _stop_.,1,Answer()
 same => n,UserEvent(Callreel,Action: stop,Conference: ${EXTEN:5})
 same => n,Wait(1)
"""
#: From the answer to the bridge: what is said meanwhile nobody in the conference hears.
_ENTRY_SECONDS = 0.200
#: The last frames may be on their way when the channel ends.
_EXIT_SECONDS = 0.060


@pytest.fixture(scope="module")
def wishes() -> Wishes:
    return Wishes(dialplan=DIALPLAN)


@pytest.fixture(scope="module")
def daemon(asterisk: Asterisk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    settings = {"defaults": {"format": "wav", "channels": "stereo", "separate": True}}
    with Daemon(tmp_path_factory.mktemp("callreel"), asterisk, settings) as running:
        yield running


async def joined(phones: Phone, name: str, *users: str) -> list[Leg]:
    """All of them are there, and hear the others."""
    legs = [await phones.call(f"conference_{name}", user=user) for user in users]
    await asyncio.gather(*(leg.hears.wait() for leg in legs))
    return legs


async def the_conference(daemon: Daemon, name: str, count: int = 1) -> list[dict[str, Any]]:
    """Its recordings, when they have arrived."""

    def arrived() -> list[dict[str, Any]]:
        rows = daemon.rows.ask(
            "SELECT r.*, c.kind AS call_kind, c.legs, c.state AS call_state FROM recordings r "
            f"JOIN calls c ON c.id = r.call_id WHERE c.conference = '{name}' ORDER BY r.requested_at"
        )
        is_there = len(rows) >= count and all(row["state"] == "available" for row in rows)
        return rows if is_there and all(row["call_state"] == "ended" for row in rows) else []

    found = await until(arrived, lambda: f"the conference {name}: {daemon.role.tail}", 60)
    assert len(found) == count
    assert {row["call_kind"] for row in found} == {"conference"}
    return found


def apart(daemon: Daemon, recording: dict[str, Any]) -> dict[str, np.ndarray[Any, np.dtype[np.int16]]]:
    """Each participant's own channel, by his number."""
    place = daemon.file(recording, "participants")
    samples, rate = soundfile.read(place, dtype="int16", always_2d=True)
    assert rate == 8000
    [row] = daemon.rows.ask(
        f"SELECT channels FROM artefacts WHERE recording_id = '{recording['id']}' AND kind = 'participants'"
    )
    labels = json.loads(row["channels"])
    assert [label["index"] for label in labels] == list(range(samples.shape[1]))
    return {label["party"]: samples[:, label["index"]] for label in labels}


def assert_whole(samples: "np.ndarray[Any, np.dtype[np.int16]]", leg: Leg) -> None:
    """All that the phone said is there, but for single frames and the edges of its stay; nobody else is."""
    runs = noise.runs(samples)
    assert {run.stream for run in runs} == {leg.stream}
    present = united([(run.source, run.source_end) for run in runs])
    lost = without(Voice.of(leg).expected, present)
    inside = [span for span in lost if span[0] > present[0][0] and span[1] < present[-1][1]]
    assert all(length([span]) <= 160 for span in inside), inside
    assert len(inside) <= 3
    assert present[0][0] <= _ENTRY_SECONDS * 8000
    assert Voice.of(leg).expected[-1][1] - present[-1][1] <= _EXIT_SECONDS * 8000


async def test_a_conference_is_one_recording_with_each_participant_apart(daemon: Daemon, phones: Phone) -> None:
    first, second = await joined(phones, "81", "+4930811", "201")
    [third] = await joined(phones, "81", "+4930813")
    await talking(2.0)
    await second.hang_up()
    await talking(1.0)
    await first.hang_up()
    await third.hang_up()
    [recording] = await the_conference(daemon, "81")
    voices = apart(daemon, recording)
    assert set(voices) == {"+4930811", "201", "+4930813"}
    for leg in (first, second, third):
        assert_whole(voices[leg.user], leg)
    mix, _ = soundfile.read(daemon.file(recording, "mono"), dtype="int16")
    for leg in (first, second, third):
        (spoke, *_) = noise.runs(voices[leg.user])
        assert trace(mix, leg.stream, spoke.source, 8000).is_there
    assert not [row for row in daemon.recordings(first, second, third) if row["id"] != recording["id"]]


async def test_all_sides_lie_on_one_clock(daemon: Daemon, phones: Phone) -> None:
    legs = await joined(phones, "82", "+4930821", "202")
    await talking(2.0)
    for leg in legs:
        await leg.hang_up()
    [recording] = await the_conference(daemon, "82")
    origins = []
    for leg in legs:
        (spoke, *_) = noise.runs(apart(daemon, recording)[leg.user])
        origins.append(Voice.of(leg).wall(spoke.source) - spoke.at / 8000)
    assert abs(origins[0] - origins[1]) <= 0.040 + VERDICT.unsure_seconds
    assert abs(origins[0] - float(recording["started_at"])) <= 0.060 + VERDICT.unsure_seconds


async def test_who_comes_back_comes_as_somebody_new_of_the_same_conference(daemon: Daemon, phones: Phone) -> None:
    stays, leaves = await joined(phones, "83", "203", "+4930832")
    await talking(1.0)
    await leaves.hang_up()
    await talking(0.5)
    [again] = await joined(phones, "83", "+4930832")
    await talking(1.0)
    for leg in (again, stays):
        await leg.hang_up()
    [recording] = await the_conference(daemon, "83")
    assert len(json.loads(recording["legs"])) == 3
    assert_whole(apart(daemon, recording)["203"], stays)


async def test_when_all_have_gone_the_next_one_begins_another(daemon: Daemon, phones: Phone) -> None:
    for _ in range(2):
        legs = await joined(phones, "84", "204", "+4930842")
        await talking(1.0)
        for leg in legs:
            await leg.hang_up()
        await until(
            lambda: not daemon.rows.ask("SELECT id FROM calls WHERE conference = '84' AND state = 'live'"), "its end"
        )
    await the_conference(daemon, "84", count=2)


async def test_an_order_ends_the_recording_and_not_the_conference(daemon: Daemon, phones: Phone) -> None:
    one, other = await joined(phones, "85", "205", "+4930852")
    await talking(1.0)
    ordering = await phones.call("stop_85", user="+4930853")
    await until(
        lambda: daemon.rows.ask(
            "SELECT r.id FROM recordings r JOIN calls c ON c.id = r.call_id "
            "WHERE c.conference = '85' AND r.ended_at IS NOT NULL"
        ),
        lambda: f"the end of the recording: {daemon.role.tail}",
    )
    await talking(1.5)
    for leg in (ordering, one, other):
        await leg.hang_up()
    [recording] = await the_conference(daemon, "85")
    (spoke, *_) = noise.runs(apart(daemon, recording)["205"])
    assert spoke.length / 8000 < one.ended_at - one.answered_at - 1.0


async def test_a_participant_is_recorded_by_himself_when_asked_for(daemon: Daemon, phones: Phone) -> None:
    alone = await phones.call("alone_86", user="+4930861")
    [other] = await joined(phones, "86", "206")
    await talking(2.0)
    await alone.hang_up()
    await talking(0.5)
    await other.hang_up()
    await the_conference(daemon, "86")
    [own] = [row for row in daemon.recordings(alone) if json.loads(row["legs"])[0]["number"] == "+4930861"][:1]
    sound = daemon.sound(own)
    assert_whole(sound.left, alone)
    heard = noise.runs(sound.right)
    assert sum(run.length for run in heard if run.stream == other.stream) >= 1.5 * 8000


async def test_a_caller_who_is_transferred_into_a_conference_is_in_both_recordings(
    daemon: Daemon, phones: Phone
) -> None:
    caller = await phones.call("to_agent1", user="+4930871")
    agent = await phones.answered("agent1")
    await talking(1.5)
    [waiting] = await joined(phones, "87", "207")
    assert await agent.transfer("conference_87") == 202
    await waiting.heard_from(caller.stream)
    await talking(1.0)
    await caller.hang_up()
    await waiting.hang_up()
    [conference] = await the_conference(daemon, "87")
    assert {"207", "+4930871"} <= set(apart(daemon, conference))
    mine = await daemon.settled(caller, count=2)
    [call] = [row for row in mine if row["id"] != conference["id"]]
    left = noise.runs(daemon.sound(call).left)
    assert {run.stream for run in left} == {caller.stream}
