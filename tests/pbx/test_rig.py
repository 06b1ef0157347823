"""Whether the rig itself can be believed: what was said is found in files frame by frame, and known failures happen."""

import asyncio

import pytest

from tests.pbx import noise, proof
from tests.pbx.asterisk import Asterisk
from tests.pbx.leg import Leg
from tests.pbx.phone import Manner, Phone
from tests.pbx.proof import Recording, Voice
from tests.pbx.sounds import WIDE, Bursts, Noise, Nothing, Silence
from tests.pbx.waiting import talking

pytestmark = pytest.mark.asterisk


def recorded(asterisk: Asterisk, name: str, suffix: str = "wav") -> Recording:
    """What a recorder in the dialplan wrote: from the channel on the left, to it on the right."""
    folder = asterisk.recording_folder
    return proof.read_pair(folder / f"{name}-rx.{suffix}", folder / f"{name}-tx.{suffix}")


def both(caller: Leg, agent: Leg) -> tuple[list[Voice], list[Voice]]:
    return [Voice.of(caller, heard_by=agent)], [Voice.of(agent, heard_by=caller)]


async def proves_a_plain_call(asterisk: Asterisk, phone: Phone) -> None:
    caller = await phone.call("recorded_agent1_plain")
    agent = await phone.answered("agent1")
    await asyncio.gather(caller.heard_from(agent.stream, seconds=2), agent.heard_from(caller.stream, seconds=2))
    await caller.hang_up()
    await asterisk.idle()
    left, right = both(caller, agent)
    recording = recorded(asterisk, "plain")
    proof.assert_complete(recording, left=left, right=right, lag_seconds=0.021)
    proof.assert_length(recording, begins=caller.answered_at, ends=caller.ended_at)


async def test_a_call_recorded_by_a_plain_dialplan_is_found_frame_by_frame(asterisk: Asterisk, phones: Phone) -> None:
    await proves_a_plain_call(asterisk, phones)


async def test_the_same_holds_on_asterisk_16(asterisk16: Asterisk, phones16: Phone) -> None:
    await proves_a_plain_call(asterisk16, phones16)


# --- the failure that the recording rule is made for --------------------------------------------------------------


async def silent_after_the_first_agent(asterisk: Asterisk, phone: Phone, number: int, ahead: int) -> bool:
    """Whether `tx` says nothing of a second agent whose RTP begins so far ahead of where the first one's ended."""
    first, second, name = f"first{number}", f"second{number}", f"call{number}{'ahead' if ahead > 0 else 'behind'}"
    phone.manners[first] = Manner(sequence=20000)
    phone.manners[second] = Manner(answers_after_seconds=None)
    caller = await phone.call(f"recorded2nd_{first}_{second}_{name}")
    agent = await phone.answered(first)
    await caller.heard_from(agent.stream, seconds=0.5)
    ended = agent.sequence
    await agent.hang_up()
    successor = await phone.incoming(second)
    successor.rtp.sequence = (ended + ahead) % (1 << 16)
    successor.answer()
    await caller.heard_from(successor.stream, seconds=0.5)
    await caller.hang_up()
    await asterisk.idle(30)
    found = proof.examine(recorded(asterisk, name), left=[], right=[Voice.of(successor, heard_by=caller)])
    return found.right[0].is_silent


async def test_a_second_agent_behind_the_first_ones_numbers_is_silent_in_tx(asterisk: Asterisk, phones: Phone) -> None:
    calls = (silent_after_the_first_agent(asterisk, phones, number, -2000) for number in range(10))
    assert sum(await asyncio.gather(*calls)) == 10


async def test_a_second_agent_ahead_of_the_first_ones_numbers_is_heard_in_tx(asterisk: Asterisk, phones: Phone) -> None:
    calls = (silent_after_the_first_agent(asterisk, phones, number, 2000) for number in range(10))
    assert sum(await asyncio.gather(*calls)) == 0


async def test_a_file_stands_still_while_neither_side_sends(asterisk: Asterisk, phones: Phone) -> None:
    caller = await phones.call("recorded_agent1_hold", user="passing")
    agent = await phones.answered("agent1")
    await caller.heard_from(agent.stream, seconds=1)
    caller.sound = agent.sound = Nothing()
    await talking(2)
    caller.sound, agent.sound = Noise(caller.stream), Noise(agent.stream)
    await caller.heard_from(agent.stream, seconds=1)
    await caller.hang_up()
    await asterisk.idle()
    recording = recorded(asterisk, "hold")
    missing = caller.ended_at - caller.answered_at - recording.seconds
    assert missing == pytest.approx(2.0, abs=0.1)
    left, right = both(caller, agent)
    findings = proof.examine(recording, left=left, right=right)
    for finding in findings.all:
        # Where the sound stops and where it ends a frame may be missing; what matters here is the clock.
        assert sum(finding.lost_inside_seconds) <= 3 * proof.FRAME_SECONDS
        assert finding.origins[-1] - finding.origins[0] == pytest.approx(missing, abs=0.06)


# --- sound of every kind ------------------------------------------------------------------------------------------


async def test_wideband_is_found_sample_by_sample(asterisk: Asterisk, phones: Phone) -> None:
    caller = await phones.call("recordedwide_agent1_wide", user="wide", coding=WIDE)
    agent = await phones.answered("agent1")
    await asyncio.gather(caller.heard_from(agent.stream, seconds=1), agent.heard_from(caller.stream, seconds=1))
    await caller.hang_up()
    await asterisk.idle()
    assert (caller.coding.sample_rate, agent.coding.sample_rate) == (16000, 16000)
    left, right = both(caller, agent)
    recording = recorded(asterisk, "wide", "wav16")
    assert recording.sample_rate == 16000
    proof.assert_complete(recording, left=left, right=right, lag_seconds=0.021)


async def test_a_phone_sends_nothing_between_bursts_and_frames_of_silence_when_silent(
    asterisk: Asterisk, phones: Phone
) -> None:
    phones.manners["agent1"] = Manner(sound=Silence())
    caller = await phones.call("to_agent1")
    agent = await phones.answered("agent1")
    caller.sound = Bursts(Noise(caller.stream), talk_seconds=0.5, quiet_seconds=0.5)
    before = agent.heard_seconds()
    await talking(2)
    assert 0.8 <= agent.heard_seconds() - before <= 1.2
    assert caller.heard_seconds() >= 1.9
    assert caller.heard() == []


async def test_music_on_hold_and_prompts_are_noise_that_is_known_again(asterisk: Asterisk, phones: Phone) -> None:
    caller = await phones.call("announced_agent1")
    await caller.heard_from(noise.PROMPT, seconds=0.5)
    agent = await phones.answered("agent1")
    await caller.heard_from(agent.stream)
    await agent.hold("sendonly")
    await caller.heard_from(noise.MUSIC, seconds=0.5)
    await agent.resume()
    await caller.heard_from(agent.stream)
