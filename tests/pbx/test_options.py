"""What somebody asks of a recording while the call goes on: pause, stop, start, discard, and how long it may get."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.pbx import proof
from tests.pbx.asterisk import Asterisk
from tests.pbx.configuration import Wishes
from tests.pbx.daemon import Daemon
from tests.pbx.leg import Leg
from tests.pbx.phone import Phone
from tests.pbx.proof import Recording, Voice, assert_complete, assert_length
from tests.pbx.scenes import FEATURES, SNIPPET, Evening, Scene, evening, extension
from tests.pbx.waiting import talking

pytestmark = pytest.mark.asterisk

VERSIONS = (22, 16)
TALK_SECONDS = 2.5
#: Two recorders are muted one after the other, and their files are placed to 40 ms.
EDGE_SECONDS = 0.060
EVERYTHING = {"channels": "both", "separate": True}
SPOKEN = "NoOp(TOLD ${RECORDING_STATUS}/${RECORDING_REASON})"


@dataclass
class Act:
    caller: Leg
    agents: list[Leg] = field(default_factory=list)

    @property
    def agent(self) -> Leg:
        return self.agents[0]


def call(*keys: str, user: str = "") -> Scene[Act]:
    """Talk, and press these keys on the agent's phone in between; the caller hangs up."""

    async def played(phone: Phone, name: str) -> Act:
        caller = await phone.call(name, user=user or f"+4930{name}")
        agent = await phone.answered(name)
        await talking(TALK_SECONDS)
        for key in keys:
            agent.press(key)
            await talking(TALK_SECONDS)
        await caller.hang_up()
        return Act(caller, [agent])

    return played


async def alone(phone: Phone, name: str) -> Act:
    """The dialplan talks with the caller for so long, then with an agent."""
    caller = await phone.call(name, user=f"+4930{name}")
    agent = await phone.answered(name)
    await talking(TALK_SECONDS)
    await caller.hang_up()
    return Act(caller, [agent])


async def succession(phone: Phone, name: str) -> Act:
    """The first agent leaves; what the dialplan does then comes before the second one."""
    caller = await phone.call(name, user=f"+4930{name}")
    first = await phone.answered(f"{name}1")
    await talking(TALK_SECONDS)
    await first.hang_up()
    second = await phone.answered(name)
    await talking(TALK_SECONDS)
    await caller.hang_up()
    return Act(caller, [first, second])


SCENES: dict[str, Scene[Act]] = {
    "silenced": call("*7", "*7"),
    "skipped": call("*7", "*7"),
    "besides": call("*7", "*7"),
    "forgotten": call("*7"),
    "limited": call("0"),
    "again": call("*1", "*1"),
    "7001": call("*1", "*7"),
    "7002": call("*1"),
    "payment": alone,
    "regretted": succession,
}
FIRST = "Dial(PJSIP/{}1@phones,60,g)"
DIALPLAN = SNIPPET + "".join(
    (
        extension("silenced", options=EVERYTHING),
        extension("skipped", options=EVERYTHING | {"pauseBehavior": "skip"}),
        # An older recorder of the dialplan's own runs on both channels.
        extension("besides", "MixMonitor(besides.wav)", "Set(AUDIOHOOK_INHERIT(MixMonitor)=yes)", options=EVERYTHING),
        extension("forgotten", options={"pauseMax": "1.5s"}),
        extension("limited", options={"maxLength": "3s"}),
        extension("again"),
        extension("7001", "Set(CALLREEL=no)"),
        extension("7002", "Set(CALLREEL=yes)"),
        extension(
            "payment",
            "Answer()",
            f"Wait({TALK_SECONDS})",
            "Gosub(callreel-pause,s,1)",
            f"Wait({TALK_SECONDS})",
            "Gosub(callreel-resume,s,1)",
            options={"recordFrom": "answer", "pauseBehavior": "skip"},
        ),
        extension(
            "regretted", FIRST.format("regretted"), "Gosub(callreel-discard,s,1)", SPOKEN.replace("TOLD", "DISCARD")
        ),
    )
)
#: Neither is one of our own numbers.
RULES = [{"when": {"to": "7001"}, "record": "force"}, {"when": {"to": "7002"}, "record": "never"}]


def settings(asterisk: Asterisk) -> dict[str, Any]:
    return {"rules": RULES}


@pytest.fixture(scope="module", params=VERSIONS)
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening[Act]]:
    wishes = Wishes(dialplan=DIALPLAN, snippets={"features.conf": FEATURES})
    folder = tmp_path_factory.mktemp("evening")
    with evening(folder, request.param, SCENES, wishes=wishes, settings=settings) as evening_:
        yield evening_


def pauses(row: dict[str, Any]) -> list[tuple[float, float]]:
    return [(pause["start"], pause["end"]) for pause in json.loads(row["pauses"])]


def voices(act: Act, row: dict[str, Any]) -> tuple[list[Voice], list[Voice]]:
    """All that was said while it was recorded."""
    between = (float(row["started_at"]) + 0.02, float(row["ended_at"]) - 0.04)
    return [Voice.of(act.caller, between=between)], [Voice.of(agent, between=between) for agent in act.agents]


def said_between(recording: Recording, act: Act, begins: float, ends: float) -> list[str]:
    """What the recording holds of the words of that time."""
    left, right = [Voice.of(act.caller)], [Voice.of(agent) for agent in act.agents]
    return [
        f"{finding.voice.name} says {finding.voice.wall(run.source):.3f} to {finding.voice.wall(run.source_end):.3f}"
        for finding in proof.examine(recording, left=[*left, *right], right=[*left, *right]).all
        for run in finding.runs
        if finding.voice.wall(run.source_end) > begins and finding.voice.wall(run.source) < ends
    ]


def assert_silent(daemon: Daemon, row: dict[str, Any], begins: float, ends: float) -> None:
    """In every artefact, also where two voices would be mixed."""
    start = float(row["started_at"])
    for copy in daemon.rows.deliveries(row["id"]):
        samples, rate = soundfile.read(daemon.file(row, copy["kind"]), dtype="int16", always_2d=True)
        assert not np.any(samples[round((begins - start) * rate) : round((ends - start) * rate)]), copy["kind"]


@pytest.mark.parametrize("name", ["silenced", "besides"])
async def test_what_is_said_in_a_pause_is_in_no_artefact_and_the_length_stays(played: Evening[Act], name: str) -> None:
    act, daemon = played[name], played.daemon
    [row] = await daemon.available(act.caller)
    [(begins, ends)] = pauses(row)
    assert ends - begins == pytest.approx(TALK_SECONDS, abs=0.3)
    recording = daemon.sound(row)
    left, right = voices(act, row)
    assert_complete(recording, left=left, right=right, gaps=[(begins - EDGE_SECONDS, ends + EDGE_SECONDS)])
    assert_length(recording, begins=float(row["started_at"]), ends=act.caller.ended_at)
    assert not said_between(recording, act, begins + EDGE_SECONDS, ends - EDGE_SECONDS)
    assert {copy["kind"] for copy in daemon.rows.deliveries(row["id"])} == {"mono", "stereo", "left", "right"}
    assert_silent(daemon, row, begins, ends)


@pytest.mark.parametrize("name", ["skipped", "payment"])
async def test_a_pause_that_is_skipped_takes_no_time(played: Evening[Act], name: str) -> None:
    act, daemon = played[name], played.daemon
    [row] = await daemon.available(act.caller)
    [(begins, ends)] = pauses(row)
    recording = daemon.sound(row)
    assert_length(
        recording, begins=float(row["started_at"]), ends=act.caller.ended_at - (ends - begins), within_seconds=0.080
    )
    assert not said_between(recording, act, begins + EDGE_SECONDS, ends - EDGE_SECONDS)
    before = (float(row["started_at"]) + 0.02, begins - EDGE_SECONDS)
    after = (ends + EDGE_SECONDS, float(row["ended_at"]) - 0.04)
    for between in (before, after):
        for voice in (act.caller, act.agent) if between[1] > act.agent.answered_at + 0.1 else (act.caller,):
            lost = proof.examine(
                recording, left=[Voice.of(act.caller, between=between)], right=[Voice.of(voice, between=between)]
            )
            assert not lost.left[0].lost_inside_seconds


async def test_a_forgotten_pause_ends_by_itself(played: Evening[Act]) -> None:
    act, daemon = played["forgotten"], played.daemon
    [row] = await daemon.available(act.caller)
    [(begins, ends)] = pauses(row)
    assert ends - begins == pytest.approx(1.5, abs=0.1)
    left, right = voices(act, row)
    assert_complete(daemon.sound(row), left=left, right=right, gaps=[(begins - EDGE_SECONDS, ends + 0.15)])


async def test_a_recording_gets_no_longer_than_it_may_and_the_call_goes_on(played: Evening[Act]) -> None:
    act, daemon = played["limited"], played.daemon
    recording = await daemon.recorded(act.caller)
    assert recording.seconds == pytest.approx(3.0, abs=0.100)
    assert act.agent.heard_seconds() > 2 * TALK_SECONDS - 0.5


async def test_stopped_and_started_again_a_call_has_two_recordings(played: Evening[Act]) -> None:
    act, daemon = played["again"], played.daemon
    rows = await daemon.available(act.caller, count=2)
    assert len({row["call_id"] for row in rows}) == 1
    for row in rows:
        left, right = voices(act, row)
        assert_complete(daemon.sound(row), left=left, right=right, single_frames=5)
    assert rows[1]["started_at"] - rows[0]["ended_at"] == pytest.approx(TALK_SECONDS, abs=0.4)


async def test_force_is_recorded_whatever_the_call_and_the_phones_want(played: Evening[Act]) -> None:
    act, daemon = played["7001"], played.daemon
    [row] = await daemon.available(act.caller)
    assert row["rule"] == "rule 1 (to 7001): force"
    assert_length(daemon.sound(row), begins=float(row["started_at"]), ends=act.caller.ended_at)


async def test_never_is_not_recorded_whatever_the_call_and_the_phones_want(played: Evening[Act]) -> None:
    act = played["7002"]
    assert await played.unrecorded(act.caller) == "rule 2 (to 7002): never"
    assert act.agent.heard_seconds() > 2 * TALK_SECONDS - 0.5


async def test_a_discarded_recording_leaves_nothing_behind(played: Evening[Act]) -> None:
    act, daemon = played["regretted"], played.daemon
    [row] = await daemon.settled(act.caller)
    assert (row["state"], row["reason"]) == ("removed", "discarded by dialplan")
    assert not daemon.rows.deliveries(row["id"])
    assert not list(daemon.archive.glob(f"*{row['id']}*"))
    assert not list(played.asterisk.recording_folder.glob(f"{row['id']}*"))
    assert "DISCARD DISCARDED/" in played.asterisk.log
