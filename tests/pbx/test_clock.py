"""Time in a recording is the wall clock's, whatever a file of Asterisk leaves out: holds, silent phones, mute."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.pbx.leg import Leg
from tests.pbx.phone import Phone
from tests.pbx.proof import Voice, assert_complete, assert_length
from tests.pbx.scenes import Evening, Scene, evening
from tests.pbx.sounds import ULAW, WIDE, Bursts, Noise, Nothing, Silence
from tests.pbx.waiting import talking

pytestmark = pytest.mark.asterisk

VERSIONS = (22, 16)
BEFORE_SECONDS, MEANWHILE_SECONDS, AFTER_SECONDS = 3.0, 3.0, 3.0
#: One flush of a file: of 32 KiB.
FLUSH_SECONDS = 2.1
EDGE_SECONDS = 0.060


@dataclass(frozen=True)
class Act:
    """One call with something in its middle."""

    caller: Leg
    agent: Leg

    @property
    def silence(self) -> tuple[float, float]:
        """The longest time on the wall clock in which neither phone sent anything."""
        spoken = sorted(
            (leg.began + first / leg.coding.sample_rate, leg.began + end / leg.coding.sample_rate)
            for leg in (self.caller, self.agent)
            for first, end in leg.said()
        )
        silences, until = [], spoken[0][1]
        for first, end in spoken:
            silences.append((until, first))
            until = max(until, end)
        return max(silences, key=lambda silence: silence[1] - silence[0])


def be_silent(*legs: Leg) -> None:
    for leg in legs:
        leg.sound = Nothing()


def be_mute(*legs: Leg) -> None:
    for leg in legs:
        leg.sound = Silence()


def speak(*legs: Leg) -> None:
    for leg in legs:
        leg.sound = Noise(leg.stream)


def call(
    change: Callable[[Leg, Leg], object] | None = None,
    back: Callable[[Leg, Leg], object] | None = None,
    *,
    holds: str = "",
    direction: str = "sendonly",
    way: str = "to",
    user: str = "",
    bursts: bool = False,
) -> Scene[Act]:
    """A talk, in its middle a change, or a hold by `caller` or `agent`, or both; and a talk again."""

    async def played(phone: Phone, name: str) -> Act:
        coding = WIDE if user == "wide" else ULAW
        caller = await phone.call(f"{way}_{name}", user=user or f"+4930{name}", coding=coding)
        agent = await phone.answered(name)
        if bursts:
            caller.sound, agent.sound = Bursts(Noise(caller.stream)), Bursts(Noise(agent.stream))
        await talking(BEFORE_SECONDS)
        holder = {"caller": caller, "agent": agent}.get(holds)
        if change is not None:
            change(caller, agent)
        if holder is not None:
            await holder.hold(direction)
        await talking(MEANWHILE_SECONDS)
        if holder is not None:
            await holder.resume()
        if back is not None:
            back(caller, agent)
        await talking(AFTER_SECONDS)
        await caller.hang_up()
        return Act(caller, agent)

    return played


SCENES: dict[str, Scene[Act]] = {
    # In the first ones somebody sends all the time, or music does: no file misses anything.
    "agentholdsmusic": call(lambda _, agent: be_silent(agent), lambda _, agent: speak(agent), holds="agent"),
    "callerholdsmusic": call(lambda caller, _: be_silent(caller), lambda caller, _: speak(caller), holds="caller"),
    "agentinactive": call(holds="agent", direction="inactive"),
    "callerinactive": call(holds="caller", direction="inactive"),
    "agentquiet": call(lambda _, agent: be_silent(agent), lambda _, agent: speak(agent)),
    "callerquiet": call(lambda caller, _: be_silent(caller), lambda caller, _: speak(caller)),
    "agentmute": call(lambda _, agent: be_mute(agent), lambda _, agent: speak(agent)),
    "bothmute": call(
        be_mute,
        speak,
    ),
    # Both phones send nothing while one holds.
    "agentholdssilent": call(be_silent, speak, holds="agent"),
    "callerholdssilent": call(be_silent, speak, holds="caller"),
    "agentinactivesilent": call(be_silent, speak, holds="agent", direction="inactive"),
    "callerinactivesilent": call(be_silent, speak, holds="caller", direction="inactive"),
    "passedon": call(be_silent, speak, holds="caller", direction="inactive", way="passing", user="passing"),
    # Without any event.
    "bothquiet": call(be_silent, speak),
    "bothquietwide": call(be_silent, speak, way="wide", user="wide"),
    "dtx": call(bursts=True),
}
#: A file of wideband is flushed twice as often.
UNTOLD = {"bothquiet": FLUSH_SECONDS, "bothquietwide": FLUSH_SECONDS / 2}
HELD = ("agentholdssilent", "callerholdssilent", "agentinactivesilent", "callerinactivesilent", "passedon")
WHOLE = (
    "agentholdsmusic",
    "callerholdsmusic",
    "agentinactive",
    "callerinactive",
    "agentquiet",
    "callerquiet",
    "agentmute",
    "bothmute",
)


@pytest.fixture(scope="module", params=VERSIONS)
def clocks(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening[Act]]:
    with evening(tmp_path_factory.mktemp("evening"), request.param, SCENES) as played:
        yield played


async def assert_on_time(clocks: Evening[Act], name: str) -> list[dict[str, Any]]:
    """Every word is there and at its place, and the length is the call's; returns the gaps that callreel names."""
    act, daemon = clocks[name], clocks.daemon
    [row] = await daemon.available(act.caller)
    recording = daemon.sound(row)
    start, end = float(row["started_at"]), act.caller.ended_at
    said = {leg.user: Voice.of(leg, between=(start + 0.02, end - 0.04)) for leg in (act.caller, act.agent)}
    assert_complete(
        recording,
        left=[said[act.caller.user]],
        right=[said[act.agent.user]],
        # A phone stops to speak a little before or after it says that it holds.
        gaps=[(begins - EDGE_SECONDS, ends + EDGE_SECONDS) for begins, ends in daemon.gaps(row)],
    )
    assert_length(recording, begins=start, ends=end)
    return [
        gap | {"start": start + gap["start_seconds"], "end": start + gap["end_seconds"]}
        for gap in daemon.named_gaps(row)
    ]


@pytest.mark.parametrize("name", WHOLE)
async def test_nothing_is_missing_while_one_of_both_can_be_heard(clocks: Evening[Act], name: str) -> None:
    assert await assert_on_time(clocks, name) == []


@pytest.mark.parametrize("name", HELD)
async def test_a_silent_hold_keeps_its_length_and_is_named_exactly(clocks: Evening[Act], name: str) -> None:
    gaps = await assert_on_time(clocks, name)
    begins, ends = clocks[name].silence
    assert gaps, "both phones were silent: no file can be whole"
    for gap in gaps:
        assert abs(gap["start"] - begins) <= EDGE_SECONDS
        assert abs(gap["end"] - ends) <= EDGE_SECONDS
        assert (gap["uncertain_seconds"], gap["reason"]) == (0.0, "on hold, both sides silent on the wire")


@pytest.mark.parametrize("name", UNTOLD)
async def test_a_silence_that_nobody_tells_of_is_named_with_how_exactly_it_is_known(
    clocks: Evening[Act], name: str
) -> None:
    gaps = await assert_on_time(clocks, name)
    begins, ends = clocks[name].silence
    assert sorted(gap["side"] for gap in gaps) == ["left", "right"]
    for gap in gaps:
        unsure = gap["uncertain_seconds"]
        assert 0 < unsure <= UNTOLD[name]
        assert gap["start"] - unsure <= begins
        assert ends <= gap["end"] + unsure
        assert abs(gap["end"] - gap["start"] - (ends - begins)) <= EDGE_SECONDS


async def test_phones_that_send_nothing_between_words_do_not_shorten_a_call(clocks: Evening[Act]) -> None:
    gaps = await assert_on_time(clocks, "dtx")
    assert gaps
    assert all(0 < gap["uncertain_seconds"] <= FLUSH_SECONDS for gap in gaps)
