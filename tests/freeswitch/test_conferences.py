"""Conferences of mod_conference: one recording of all, its participants apart, from who came first to who left last."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.freeswitch import proving
from tests.freeswitch.legs import Leg
from tests.freeswitch.office import LOST_AT_START_SECONDS, TALK_SECONDS, Evening, Scene, Stage, ended_at, evening
from tests.pbx import noise
from tests.pbx.mixture import trace
from tests.pbx.noise import Samples
from tests.pbx.proof import Recording, assert_complete, assert_length
from tests.pbx.waiting import talking, until


@dataclass(eq=False)
class Stay:
    """From when to when a leg is in the room."""

    leg: Leg
    begins: float
    left_at: float | None = None

    @property
    def ends(self) -> float:
        return ended_at(self.leg) if self.left_at is None else self.left_at


@dataclass
class Act:
    stage: Stage
    room: str
    stays: list[Stay] = field(default_factory=list)
    #: Others of the scene.
    caller: Leg | None = None
    moments: list[float] = field(default_factory=list)

    @property
    def legs(self) -> list[Leg]:
        return list(dict.fromkeys(stay.leg for stay in self.stays))

    def of(self, leg: Leg) -> list[Stay]:
        return [stay for stay in self.stays if stay.leg is leg]

    def now(self, leg: Leg) -> float:
        return leg.clock.wall(leg.clock.frame())

    async def joins(self, number: str, *, rate: int = 8000, orders: bool = False) -> Leg:
        leg = await self.stage.switch.inbound(number, self.room, rate=rate)
        if orders:
            await self.stage.switch.answer(leg)
            await self.stage.switch.event(leg, "callreel::record", Action="start")
        await self.enters(leg)
        return leg

    async def enters(self, leg: Leg) -> None:
        await self.stage.switch.join(leg, self.room)
        self.stays.append(Stay(leg, self.now(leg)))

    async def leaves(self, leg: Leg) -> None:
        """Into the dialplan."""
        self.of(leg)[-1].left_at = self.now(leg)
        await self.stage.switch.leave(leg)

    async def go(self, *legs: Leg) -> None:
        for leg in legs:
            await self.stage.switch.hang_up(leg)


def act(stage: Stage) -> Act:
    return Act(stage, f"30{stage.number:02d}")


async def three(stage: Stage) -> Act:
    here = act(stage)
    first, second = await here.joins(stage.caller), await here.joins(stage.agent())
    await talking(TALK_SECONDS)
    third = await here.joins(stage.outside(1))
    await talking(TALK_SECONDS)
    await here.go(second)
    await talking(TALK_SECONDS)
    await here.go(first, third)
    return here


async def one(stage: Stage) -> Act:
    """Nobody else ever comes."""
    here = act(stage)
    only = await here.joins(stage.caller)
    await talking(TALK_SECONDS)
    await here.go(only)
    return here


async def wide_and_narrow(stage: Stage) -> Act:
    here = act(stage)
    wide, narrow = await here.joins(stage.caller, rate=16000), await here.joins(stage.agent())
    await talking(TALK_SECONDS)
    await here.go(wide, narrow)
    return here


async def returns(stage: Stage) -> Act:
    """The same leg leaves the room, hears a menu, and comes back; another one dials in again."""
    here = act(stage)
    stays, leaves = await here.joins(stage.agent()), await here.joins(stage.caller)
    again = await here.joins(stage.outside(1))
    await talking(TALK_SECONDS)
    await here.leaves(leaves)
    await here.go(again)
    await talking(TALK_SECONDS)
    await here.enters(leaves)
    again = await here.joins(stage.outside(1))
    await talking(TALK_SECONDS)
    await here.go(leaves, again, stays)
    return here


async def emptied(stage: Stage) -> Act:
    """All go; who comes then begins another one."""
    here = act(stage)
    for _ in range(2):
        legs = [await here.joins(stage.agent()), await here.joins(stage.caller)]
        await talking(TALK_SECONDS)
        await here.go(*legs)
        await talking(0.5)
    return here


async def stopped(stage: Stage) -> Act:
    """By an order of the dialplan that names the room."""
    here = act(stage)
    first, second = await here.joins(stage.agent()), await here.joins(stage.caller)
    await talking(TALK_SECONDS)
    ordering = await stage.switch.inbound(stage.outside(1), "stop")
    here.moments.append(here.now(first))
    await stage.switch.event(ordering, "callreel::record", Action="stop", Conference=here.room)
    await talking(TALK_SECONDS)
    await here.go(ordering, first, second)
    return here


async def paused(stage: Stage) -> Act:
    """By a member, about the conference he is in."""
    here = act(stage)
    first, second = await here.joins(stage.agent()), await here.joins(stage.caller)
    for action in ("pause", "resume"):
        await talking(TALK_SECONDS)
        await stage.switch.event(second, "callreel::record", Action=action, Conference="*")
    await talking(TALK_SECONDS)
    await here.go(first, second)
    return here


async def held(stage: Stage) -> Act:
    here = act(stage)
    first, second = await here.joins(stage.agent()), await here.joins(stage.caller)
    await talking(TALK_SECONDS)
    await stage.switch.hold(second)
    await talking(TALK_SECONDS)
    await stage.switch.unhold(second)
    await talking(TALK_SECONDS)
    await here.go(first, second)
    return here


async def alone(stage: Stage) -> Act:
    """One wants a recording of his own beside."""
    here = act(stage)
    asking, other = await here.joins(stage.caller, orders=True), await here.joins(stage.agent())
    await talking(TALK_SECONDS)
    await here.go(asking)
    await talking(0.5)
    await here.go(other)
    return here


async def transferred(stage: Stage) -> Act:
    """Out of a call into a conference."""
    here = act(stage)
    waiting = await here.joins(stage.agent(2))
    here.caller, _ = await stage.call()

    async def room(leg: Leg) -> None:
        await here.enters(leg)

    stage.switch.dialplan[here.room] = room
    await stage.switch.transfer(here.caller, here.room)
    await talking(TALK_SECONDS)
    await here.go(here.caller, waiting)
    return here


WHOLE: dict[str, Scene[Act]] = {scene.__name__: scene for scene in (three, one, held, alone, transferred)}
SCENES: dict[str, Scene[Act]] = WHOLE | {
    scene.__name__: scene for scene in (wide_and_narrow, returns, emptied, stopped, paused)
}


def settings(archive: Path) -> dict[str, Any]:
    return {"defaults": {"format": "wav", "channels": "stereo", "separate": True}}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening[Act]]:
    with evening(tmp_path_factory.mktemp("evening"), SCENES, settings=settings) as evening_:
        yield evening_


async def the_conference(played: Evening[Act], room: str, count: int = 1) -> list[dict[str, Any]]:
    """Its recordings, when they have arrived."""
    daemon = played.daemon

    def arrived() -> list[dict[str, Any]]:
        rows = daemon.rows.ask(
            "SELECT r.*, c.kind AS call_kind, c.legs, c.state AS call_state FROM recordings r "
            f"JOIN calls c ON c.id = r.call_id WHERE c.conference = '{room}' ORDER BY r.requested_at"
        )
        return rows if len(rows) >= count and all(row["state"] == "available" for row in rows) else []

    found = await until(arrived, lambda: f"the conference {room}: {daemon.role.tail}", 60)
    assert [(row["call_kind"], row["call_state"]) for row in found] == [("conference", "ended")] * count
    return found


def apart(played: Evening[Act], recording: dict[str, Any]) -> list[tuple[str, Recording]]:
    """Each participant's own channel with his number, in the order in which they came."""
    samples, rate = soundfile.read(played.daemon.file(recording, "participants"), dtype="int16", always_2d=True)
    [row] = played.daemon.rows.ask(
        f"SELECT channels FROM artefacts WHERE recording_id = '{recording['id']}' AND kind = 'participants'"
    )
    labels = json.loads(row["channels"])
    assert [label["index"] for label in labels] == list(range(samples.shape[1]))
    nobody = np.zeros(len(samples), np.int16)
    return [
        (
            label["party"],
            Recording(
                left=samples[:, label["index"]], right=nobody, sample_rate=rate, start=float(recording["started_at"])
            ),
        )
        for label in labels
    ]


def mix_of(played: Evening[Act], recording: dict[str, Any]) -> tuple[Samples, int]:
    samples, rate = soundfile.read(played.daemon.file(recording, "mono"), dtype="int16")
    return np.asarray(samples), rate


def assert_mixed(mix: Samples, leg: Leg, wall: float, start: float) -> None:
    """What it said for half a second from then on is in the mix, at its place."""
    first = round((wall - leg.began) * leg.rate) // noise.GROUP * noise.GROUP
    found = trace(mix, leg.stream, first, 4000)
    assert found.is_there, leg.number
    assert start + found.at / 8000 == pytest.approx(leg.began + first / leg.rate, abs=0.060)


def assert_apart(
    found: Sequence[tuple[str, Recording]], leg: Leg, stays: Sequence[Stay], gaps: Sequence[tuple[float, float]] = ()
) -> None:
    """One channel has all of what that leg said while it was there, and nobody else's voice."""
    own = [sound for party, sound in found if party == leg.number and leg.stream in streams(sound)]
    assert len(own) == 1
    # What else its phone said, outside of the room, nobody may have.
    voices = [proving.voice(leg, between=(stay.begins, stay.ends)) for stay in stays]
    spans = tuple(span for voice in voices for span in voice.expected)
    between = [(one.ends, other.begins) for one, other in pairwise(stays)]
    assert_complete(
        own[0],
        left=[replace(voices[0], expected=spans)],
        right=[],
        lost_at_start_seconds=LOST_AT_START_SECONDS,
        gaps=[*gaps, *((start, end + LOST_AT_START_SECONDS) for start, end in between)],
    )


def streams(sound: Recording) -> set[int]:
    return {run.stream for run in noise.runs(sound.left)}


@pytest.mark.parametrize("name", WHOLE)
async def test_a_conference_is_one_recording_with_each_participant_apart(played: Evening[Act], name: str) -> None:
    act = played[name]
    [recording] = await the_conference(played, act.room)
    found = apart(played, recording)
    assert sorted(party for party, _ in found) == sorted(leg.number for leg in act.legs)
    gaps = played.daemon.gaps(recording)
    assert bool(gaps) == (name == "held")
    for leg in act.legs:
        assert_apart(found, leg, act.of(leg), gaps)
    assert_length(found[0][1], begins=_first(act.stays), ends=_last(act.stays))


async def test_the_mix_has_everybody_in_his_time(played: Evening[Act]) -> None:
    act = played["three"]
    [recording] = await the_conference(played, act.room)
    mix, rate = mix_of(played, recording)
    assert rate == 8000
    start = float(recording["started_at"])
    for stay in act.stays:
        for wall in (stay.begins + 0.2, stay.ends - 0.7):
            assert_mixed(mix, stay.leg, wall, start)
    assert len(mix) / rate == pytest.approx(_last(act.stays) - _first(act.stays), abs=0.060)


async def test_where_one_speaks_wideband_the_recording_is_wideband(played: Evening[Act]) -> None:
    act = played["wide_and_narrow"]
    wide, narrow = act.legs
    [recording] = await the_conference(played, act.room)
    found = apart(played, recording)
    assert_apart(found, wide, act.of(wide))
    [sound] = [sound for party, sound in found if party == narrow.number]
    assert sound.sample_rate == 16000
    # Made wide, no sample is its own any more.
    assert_mixed(sound.left[::2], narrow, act.of(narrow)[0].begins + 0.2, float(recording["started_at"]))


async def test_who_leaves_and_comes_back_is_there_while_he_is_there(played: Evening[Act]) -> None:
    act = played["returns"]
    stays, leaves, before, after = act.legs
    [recording] = await the_conference(played, act.room)
    found = apart(played, recording)
    assert sorted(party for party, _ in found) == sorted(leg.number for leg in act.legs)
    for leg in (stays, before, after):
        assert_apart(found, leg, act.of(leg))
    assert_apart(found, leaves, act.of(leaves))
    assert played.daemon.gaps(recording) == []


async def test_what_is_said_outside_of_the_room_is_not_in_it(played: Evening[Act]) -> None:
    act = played["returns"]
    leaves = act.legs[1]
    first, second = act.of(leaves)
    [recording] = await the_conference(played, act.room)
    [sound] = [sound for _, sound in apart(played, recording) if leaves.stream in streams(sound)]
    for run in noise.runs(sound.left):
        begins, ends = (leaves.began + at / leaves.rate for at in (run.source, run.source_end))
        assert ends <= first.ends + LOST_AT_START_SECONDS or begins >= second.begins - LOST_AT_START_SECONDS


async def test_when_all_have_gone_the_next_one_begins_another(played: Evening[Act]) -> None:
    act = played["emptied"]
    for number, recording in enumerate(await the_conference(played, act.room, count=2)):
        legs = act.legs[2 * number : 2 * number + 2]
        found = apart(played, recording)
        assert len(found) == 2
        for leg in legs:
            assert_apart(found, leg, act.of(leg))


async def test_an_order_ends_the_recording_and_not_the_conference(played: Evening[Act]) -> None:
    act = played["stopped"]
    [recording] = await the_conference(played, act.room)
    [ordered] = act.moments
    for _, sound in apart(played, recording):
        assert_length(sound, begins=_first(act.stays), ends=ordered, within_seconds=0.150)


async def test_a_pause_silences_everybody(played: Evening[Act]) -> None:
    act = played["paused"]
    [recording] = await the_conference(played, act.room)
    [pause] = json.loads(recording["pauses"])
    assert pause["end"] - pause["start"] == pytest.approx(TALK_SECONDS, abs=0.15)
    gaps = [(pause["start"] - 0.060, pause["end"] + 0.060)]
    found = apart(played, recording)
    for leg in act.legs:
        assert_apart(found, leg, act.of(leg), gaps)
    for _, sound in found:
        begins, ends = (
            round((at - float(recording["started_at"])) * sound.sample_rate)
            for at in (pause["start"] + 0.060, pause["end"] - 0.060)
        )
        assert not np.any(sound.left[begins:ends])


async def test_a_participant_is_recorded_by_himself_when_asked_for(played: Evening[Act]) -> None:
    act = played["alone"]
    asking, other = act.legs
    await the_conference(played, act.room)
    rows = await played.daemon.settled(asking, count=2)
    [own] = [row for row in rows if [leg["number"] for leg in json.loads(row["legs"])] == [asking.number]]
    sound = played.daemon.sound(own)
    assert {run.stream for run in noise.runs(sound.left)} == {asking.stream}
    heard = sum(run.length for run in noise.runs(sound.right) if run.stream == other.stream)
    assert heard / sound.sample_rate >= TALK_SECONDS - 0.3


async def test_a_caller_who_is_transferred_into_a_conference_is_in_both_recordings(played: Evening[Act]) -> None:
    act = played["transferred"]
    assert act.caller is not None
    [conference] = await the_conference(played, act.room)
    assert act.caller.number in [party for party, _ in apart(played, conference)]
    [call] = [row for row in await played.daemon.available(act.caller, count=2) if row["id"] != conference["id"]]
    assert {run.stream for run in noise.runs(played.daemon.sound(call).left)} == {act.caller.stream}


async def test_nothing_was_odd(played: Evening[Act]) -> None:
    played.assert_nothing_odd()


def _first(stays: Iterable[Stay]) -> float:
    return min(stay.begins for stay in stays)


def _last(stays: Iterable[Stay]) -> float:
    return max(stay.ends for stay in stays)
