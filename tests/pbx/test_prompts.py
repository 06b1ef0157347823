"""What Asterisk itself says: menus and voicemail of one party, announcements, music, beeps; and sound of 16 kHz."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from tests.pbx import noise, proof
from tests.pbx.asterisk import Asterisk
from tests.pbx.configuration import DRIVER, Login, Wishes
from tests.pbx.leg import Leg
from tests.pbx.mixture import trace
from tests.pbx.phone import Manner, Phone
from tests.pbx.proof import Recording, Voice, assert_complete, assert_length
from tests.pbx.scenes import FEATURES, SNIPPET, Evening, Scene, evening, extension
from tests.pbx.sounds import G722, WIDE, Coding, Given, Noise, Silence
from tests.pbx.waiting import talking

pytestmark = pytest.mark.asterisk

VERSIONS = (22, 16)
TALK_SECONDS = 2.5
PROMPT = "Playback(${SOUNDS}/prompt)"
#: While it answers, Asterisk puts what it has read back and reads it again.
TWICE_SECONDS = 0.020
#: RTP's first number at the agent's phone. After numbers below 32768 Asterisk 22 leaves the music out of what was
#: played (asterisk/asterisk#507, doctor says so), 16 does not.
SEQUENCES = {"musical": 50000, "musicallow": 1000}
FROM_ANSWER = {"recordFrom": "answer"}


@dataclass
class Act:
    caller: Leg
    agents: list[Leg] = field(default_factory=list)


async def alone(phone: Phone, name: str) -> Act:
    caller = await phone.call(name, user=f"+4930{name}")
    await caller.heard_from(noise.PROMPT, seconds=0.5)
    await talking(TALK_SECONDS)
    await caller.hang_up()
    return Act(caller)


async def answered_later(phone: Phone, name: str) -> Act:
    """The dialplan speaks, then an agent, who holds for a while."""
    phone.manners[name] = Manner(sequence=SEQUENCES.get(name))
    caller = await phone.call(name, user=f"+4930{name}")
    agent = await phone.answered(name)
    await talking(TALK_SECONDS)
    if name in SEQUENCES:
        await agent.hold("inactive")
        await talking(TALK_SECONDS)
        await agent.resume()
        await talking(TALK_SECONDS)
    await caller.hang_up()
    return Act(caller, [agent])


async def told(phone: Phone, name: str) -> Act:
    """Nobody speaks while something is whispered to each of them."""
    caller = await phone.call(name, user=f"+4930{name}", sound=Silence())
    agent = await phone.answered(name)
    agent.sound = Silence()
    await talking(2 * TALK_SECONDS)
    caller.sound, agent.sound = Noise(caller.stream), Noise(agent.stream)
    await talking(TALK_SECONDS)
    await caller.hang_up()
    return Act(caller, [agent])


def wide(extension: str, user: str, coding: Coding) -> Scene[Act]:
    async def played(phone: Phone, name: str) -> Act:
        sound = Given(np.random.default_rng(1).bytes(160 * 50)) if coding is G722 else None
        caller = await phone.call(f"{extension}_{name}", user=user, coding=coding, sound=sound)
        agent = await phone.answered(name)
        await talking(TALK_SECONDS)
        await caller.hang_up()
        return Act(caller, [agent])

    return played


SOUNDS: dict[str, Scene[Act]] = {"announced": told, "beeping": told}
SCENES: dict[str, Scene[Act]] = {
    "menu": alone,
    "mailbox": alone,
    "asked": alone,
    "passed": answered_later,
    **dict.fromkeys(SEQUENCES, answered_later),
    "exact": wide("wide", "wide", WIDE),
    "g722leg": wide("to", "g722", G722),
    "mixed": wide("to", "wide", WIDE),
}
DIALPLAN = SNIPPET + "".join(
    (
        extension("menu", "Answer()", PROMPT, "Wait(60)", options=FROM_ANSWER),
        extension("mailbox", "Answer()", PROMPT, "Record(${SPOOL}/../message.wav,0,60)", options=FROM_ANSWER),
        extension("asked", "Answer()", "Gosub(callreel-start,s,1(tags=menu))", PROMPT, "Wait(60)"),
        extension("passed", "Answer()", PROMPT, options=FROM_ANSWER),
        *(extension(name, "Answer()", options={"prompts": True}) for name in SEQUENCES),
    )
)


def whispered(sounds: str) -> str:
    return SNIPPET + "".join(
        (
            extension("announced", options={"announce": f"{sounds}/prompt"}),
            extension("beeping", options={"beep": True}),
        )
    )


@pytest.fixture(scope="module", params=VERSIONS)
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening[Act]]:
    wishes = Wishes(dialplan=DIALPLAN, snippets={"features.conf": FEATURES})
    with evening(tmp_path_factory.mktemp("evening"), request.param, SCENES, wishes=wishes) as evening_:
        yield evening_


#: Without ARI callreel plays by its piece of the dialplan, and needs the right to originate.
ORIGINATING = Login(user=DRIVER.user, secret=DRIVER.secret, read=DRIVER.read, write=f"{DRIVER.write},originate")


@pytest.fixture(scope="module", params=["ari", "dialplan"])
def whispers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening[Act]]:
    folder = tmp_path_factory.mktemp("evening")
    driver = DRIVER if request.param == "ari" else ORIGINATING
    wishes = Wishes(dialplan=whispered(str(folder / "asterisk/sounds")), driver=driver)

    def settings(asterisk: Asterisk) -> dict[str, Any]:
        login = f"{driver.user}:{driver.secret}@127.0.0.1"
        own = {"ami": f"{login}:{asterisk.ports.ami}", "spool": str(asterisk.recording_folder)}
        return {"pbx": {"office": {"asterisk": own, "internal": ["2XX", "agent."]}}}

    chosen = None if request.param == "ari" else settings
    with evening(folder, 22, SOUNDS, wishes=wishes, settings=chosen) as evening_:
        yield evening_


def said(leg: Leg, row: dict[str, Any]) -> Voice:
    return Voice.of(leg, between=(float(row["started_at"]) + 0.02, float(row["ended_at"]) - 0.04))


# One party


@pytest.mark.parametrize("name", ["menu", "mailbox", "asked"])
async def test_who_talks_with_a_machine_is_left_and_the_machine_right(played: Evening[Act], name: str) -> None:
    act, daemon = played[name], played.daemon
    [row] = await daemon.available(act.caller)
    recording = daemon.sound(row)
    machine = Voice.played(noise.PROMPT, to=act.caller)
    assert_complete(
        recording,
        left=[said(act.caller, row)],
        right=[machine],
        twice_seconds=TWICE_SECONDS,
    )
    assert_length(recording, begins=float(row["started_at"]), ends=act.caller.ended_at)


async def test_a_menu_and_the_agent_after_it_are_one_recording(played: Evening[Act]) -> None:
    act, daemon = played["passed"], played.daemon
    [row] = await daemon.available(act.caller)
    machine = Voice.played(noise.PROMPT, to=act.caller)
    assert_complete(
        daemon.sound(row),
        left=[said(act.caller, row)],
        right=[machine, Voice.of(act.agents[0], heard_by=act.caller)],
        twice_seconds=TWICE_SECONDS,
    )


@pytest.mark.parametrize("name", SEQUENCES)
async def test_music_on_hold_is_in_a_recording_that_wants_prompts(played: Evening[Act], name: str) -> None:
    act, daemon = played[name], played.daemon
    [row] = await daemon.available(act.caller)
    # What is played to a channel goes silent on 22 when its numbers lie behind the last one's: there only the voices
    # are sure.
    is_sure = (played.asterisk.version, name) != (22, "musicallow")
    music = [Voice.played(noise.MUSIC, to=act.caller)] if is_sure else []
    assert_complete(
        daemon.sound(row),
        left=[said(act.caller, row)],
        right=[*music, Voice.of(act.agents[0], heard_by=act.caller)],
        also_right=[noise.MUSIC],
        lost_at_start_seconds=0.080,
        single_frames=6,
        # Voice and music come from two recorders' files: where one ends and the other begins, a frame of each is open.
        hole_seconds=0.040,
        # At the edge of a hold, from what the caller heard.
        twice_seconds=0.040,
    )


# Whispered to each party


@pytest.mark.parametrize("name", SOUNDS)
async def test_each_party_hears_it_alone_and_the_recording_begins_all_the_same(
    whispers: Evening[Act], name: str
) -> None:
    act, daemon = whispers[name], whispers.daemon
    [row] = await daemon.available(act.caller)
    for leg in (act.caller, *act.agents):
        if name == "announced":
            heard = sum(run.length for _, run in leg.heard() if run.stream == noise.PROMPT) / 8000
            assert heard == pytest.approx(1.0, abs=0.1)
        else:
            codes = leg.rtp.heard().codes[: int(8000 * 2 * TALK_SECONDS)]
            assert np.count_nonzero(np.abs(noise.LINEAR[codes].astype(int)) > 500) > 500
    recording = daemon.sound(row)
    assert_complete(
        recording,
        left=[Voice.of(act.caller, heard_by=act.agents)],
        right=[Voice.of(act.agents[0], heard_by=act.caller)],
    )
    assert_length(recording, begins=act.agents[0].answered_at, ends=act.caller.ended_at, within_seconds=0.150)


# Wideband


async def dialled(played: Evening[Act], extension: str) -> dict[str, Any]:
    """The recording of who called there: these callers have no number of their own."""
    [row] = [row for row in await played.daemon.settled() if row["to_number"] == extension]
    assert row["state"] == "available"
    return row


async def test_linear_wideband_is_exact(played: Evening[Act]) -> None:
    act, daemon = played["exact"], played.daemon
    row = await dialled(played, "wide_exact")
    recording = daemon.sound(row)
    assert recording.sample_rate == 16000
    assert_complete(recording, left=[said(act.caller, row)], right=[said(act.agents[0], row)])


@pytest.mark.parametrize("name", ["g722leg", "mixed"])
async def test_where_one_party_speaks_wideband_the_recording_is_wideband(played: Evening[Act], name: str) -> None:
    act, daemon = played[name], played.daemon
    row = await dialled(played, f"to_{name}")
    recording = daemon.sound(row)
    assert recording.sample_rate == 16000
    assert {segment["sample_rate"] for segment in daemon.segments(row)} == {8000, 16000}
    if name == "mixed":
        findings = proof.examine(recording, left=[said(act.caller, row)], right=[])
        assert not findings.left[0].lost_inside_seconds
    assert np.abs(recording.left.astype(int)).max() > 1000
    assert_lies(recording, act.agents[0], float(row["started_at"]))


def assert_lies(recording: Recording, agent: Leg, start: float) -> None:
    """The narrow voice, made wide, stands where it was said."""
    first = 8000
    found = trace(recording.right[::2], agent.stream, first, 4000)
    assert found.is_there
    assert start + found.at / 8000 == pytest.approx(agent.began + first / 8000, abs=0.045)
