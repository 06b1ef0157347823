"""Whether each shape of call that the rig's dialplan offers really is what it says: who hears whom."""

import asyncio
import re
import signal

import pytest

from tests.pbx import noise
from tests.pbx.asterisk import Asterisk
from tests.pbx.configuration import Wishes
from tests.pbx.leg import Leg
from tests.pbx.phone import Manner, Phone, Unanswered
from tests.pbx.waiting import until

pytestmark = pytest.mark.asterisk

RINGS = Manner(answers_after_seconds=None)
KEYS = """[phones]
exten => keys,1,Answer()
 same => n,Read(KEYS,${SOUNDS}/prompt,4,,,5)
 same => n,Verbose(1,pressed ${KEYS})
"""


@pytest.fixture(scope="module")
def wishes() -> Wishes:
    return Wishes(dialplan=KEYS)


async def they_talk(one: Leg, other: Leg) -> None:
    await asyncio.gather(one.heard_from(other.stream), other.heard_from(one.stream))


async def a_call(phones: Phone, extension: str = "to_agent1", agent: str = "agent1") -> tuple[Leg, Leg]:
    caller = await phones.call(extension)
    answering = await phones.answered(agent)
    await they_talk(caller, answering)
    return caller, answering


# --- how calls begin and end --------------------------------------------------------------------------------------


async def test_a_caller_may_give_up_while_it_rings(phones: Phone) -> None:
    phones.manners["agent1"] = RINGS
    caller = await phones.call("to_agent1", waits_for_answer=False)
    ringing = await phones.incoming("agent1")
    await caller.ringing.wait()
    await caller.cancel()
    await ringing.ended.wait()
    assert (caller.code, ringing.code) == (487, 487)


async def test_a_busy_agent_refuses(phones: Phone) -> None:
    phones.manners["agent1"] = Manner(rejects_with=486)
    with pytest.raises(Unanswered, match="486"):
        await phones.call("to_agent1")


async def test_whoever_hangs_up_ends_the_other_leg_too(phones: Phone) -> None:
    phones.manners["agent1"] = Manner(hangs_up_after_seconds=0.3)
    caller, _ = await a_call(phones)
    await caller.ended.wait()


async def test_a_name_of_any_bytes_arrives(asterisk: Asterisk, phones: Phone) -> None:
    await phones.call("ivr", user="4711", name="Zoé \udcff/../%0A;☎")
    assert "4711" in await asterisk.cli("core show channels verbose")


async def test_click_to_call_rings_one_then_the_other(asterisk: Asterisk, phones: Phone) -> None:
    await asterisk.originate("PJSIP/desk@phones", "to_agent1")
    await they_talk(await phones.answered("desk"), await phones.answered("agent1"))


# --- transfers ----------------------------------------------------------------------------------------------------


async def test_the_agent_transfers_blindly(phones: Phone) -> None:
    caller, agent = await a_call(phones)
    assert await agent.transfer("202") == 202
    await they_talk(caller, await phones.answered("agent2"))


async def test_the_caller_transfers_blindly(phones: Phone) -> None:
    caller, agent = await a_call(phones)
    assert await caller.transfer("202") == 202
    await they_talk(agent, await phones.answered("agent2"))


async def test_the_agent_transfers_after_asking(phones: Phone) -> None:
    caller, agent = await a_call(phones)
    await agent.hold()
    asking = await phones.call("to_agent2", user="agent1")
    asked = await phones.answered("agent2")
    await they_talk(asking, asked)
    assert await agent.transfer_to(asking) == 202
    await they_talk(caller, asked)


async def test_the_agent_transfers_by_a_feature_code(phones: Phone) -> None:
    caller, agent = await a_call(phones, "features_agent1")
    agent.press("#1202")
    await they_talk(caller, await phones.answered("agent2"))


@pytest.mark.parametrize("user", ["caller", "info"])
async def test_keys_arrive_by_rtp_and_by_info(asterisk: Asterisk, phones: Phone, user: str) -> None:
    before = asterisk.log.count("pressed 19*0")
    caller = await phones.call("keys", user=user)
    await caller.heard_from(noise.PROMPT)
    if user == "info":
        await caller.press_by_info("19*0")
    else:
        caller.press("19*0")
    await until(lambda: asterisk.log.count("pressed 19*0") > before, "the keys in Asterisk's log")


# --- parking, pickup, queues --------------------------------------------------------------------------------------


async def test_a_parked_caller_hears_music_and_is_retrieved(asterisk: Asterisk, phones: Phone) -> None:
    caller, agent = await a_call(phones)
    await agent.transfer("700")
    await caller.heard_from(noise.MUSIC)
    (space,) = re.findall(r"^  Space +: +(\d+)", await asterisk.cli("parking show default"), re.MULTILINE)
    await they_talk(caller, await phones.call(f"retrieve_{space}", user="agent3"))


async def test_a_colleague_picks_a_ringing_call_up(phones: Phone) -> None:
    phones.manners["agent1"] = RINGS
    caller = await phones.call("endpoint_agent1", waits_for_answer=False)
    ringing = await phones.incoming("agent1")
    picker = await phones.call("pickup_agent1", user="agent2")
    await phones.answer_of(caller)
    await they_talk(caller, picker)
    await ringing.ended.wait()


@pytest.mark.parametrize("queue", ["everybody", "announced", "locals"])
async def test_a_queue_rings_all_and_one_answers(phones: Phone, queue: str) -> None:
    phones.manners["agent2"] = RINGS
    phones.manners["agent1"] = Manner(answers_after_seconds=0.3)
    caller = await phones.call(f"queue_{queue}")
    loser = await phones.incoming("agent2")
    agent = await phones.answered("agent1")
    if queue == "announced":
        await agent.heard_from(noise.PROMPT)
    await they_talk(caller, agent)
    await loser.ended.wait()


# --- shapes of the dialplan ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("extension", ["local_agent1", "localn_agent1", "announced_agent1", "passing_agent1"])
async def test_a_call_through_the_dialplan_connects_two(phones: Phone, extension: str) -> None:
    await a_call(phones, extension)


async def test_a_second_agent_takes_over(phones: Phone) -> None:
    caller, agent = await a_call(phones, "second_agent1_agent2")
    await agent.hang_up()
    await they_talk(caller, await phones.answered("agent2"))


async def test_a_hold_that_is_passed_on_silences_the_other_phone(phones: Phone) -> None:
    caller = await phones.call("passing_agent1", user="passing")
    agent = await phones.answered("agent1")
    await they_talk(caller, agent)
    await caller.hold("inactive")
    await until(lambda: agent.direction != "sendrecv", "the hold at the other phone")
    await caller.resume()
    await they_talk(caller, agent)


async def test_a_conference_takes_three(asterisk: Asterisk, phones: Phone) -> None:
    legs = [await phones.call("conference_77", user=user) for user in ("agent1", "agent2", "agent3")]
    await asyncio.gather(*(leg.hears.wait() for leg in legs))
    assert (await asterisk.cli("confbridge list")).split()[-5:-3] == ["77", "3"]


async def test_voicemail_says_a_prompt_and_keeps_what_the_caller_says(asterisk: Asterisk, phones: Phone) -> None:
    caller = await phones.call("voicemail")
    await caller.heard_from(noise.PROMPT, seconds=0.5)
    await until(lambda: list((asterisk.folder / "spool").glob("message-*.wav")), "the message")


# --- its life -----------------------------------------------------------------------------------------------------


async def test_an_asterisk_that_was_killed_starts_again_in_its_folder(asterisk: Asterisk, phones: Phone) -> None:
    _, agent = await a_call(phones)
    asterisk.kill(signal.SIGSTOP)
    asterisk.kill(signal.SIGCONT)
    await agent.hears.wait()
    asterisk.kill()
    assert not asterisk.is_running
    assert await asterisk.cli("core show version") == ""
    await asterisk.start()
    await a_call(phones)
    assert not asterisk.is_wedged
