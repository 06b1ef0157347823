"""Every shape of call that FreeSWITCH has is one recording: every word of it, on its side, as long as the call."""

from collections.abc import Awaitable, Callable, Iterator

import pytest

from tests.freeswitch.legs import Leg
from tests.freeswitch.office import TALK_SECONDS, Evening, Stage, Story, evening
from tests.freeswitch.turns import be_quiet, speak
from tests.pbx.waiting import talking

Shape = Callable[[Stage], Awaitable[Story]]


async def answered(stage: Stage, number: str, dialled: str) -> Leg:
    leg = await stage.switch.inbound(number, dialled)
    await stage.switch.answer(leg)
    return leg


# --- two ----------------------------------------------------------------------------------------------------------


async def inbound(stage: Stage) -> Story:
    caller, agent = await stage.call()
    await stage.switch.hang_up(caller)
    return Story(left=[caller], right=[agent])


async def agent_hangs_up(stage: Stage) -> Story:
    caller, agent = await stage.call()
    await stage.switch.hang_up(agent)
    return Story(left=[caller], right=[agent])


async def outbound(stage: Stage) -> Story:
    """Who is outside is left, whoever dialled."""
    agent, customer = await stage.call(stage.agent(), stage.outside(1))
    await stage.switch.hang_up(customer)
    return Story(left=[customer], right=[agent])


async def internal(stage: Stage) -> Story:
    caller, callee = await stage.call(stage.agent(1), stage.agent(2))
    await stage.switch.hang_up(caller)
    return Story(left=[caller], right=[callee])


async def wideband(stage: Stage) -> Story:
    caller, agent = await stage.call(rate=16000)
    await stage.switch.hang_up(caller)
    return Story(left=[caller], right=[agent])


async def early_media(stage: Stage) -> Story:
    """FreeSWITCH tells the bridge while it still rings; nobody may be recorded before the answer."""
    caller = await stage.switch.inbound(stage.caller, stage.agent())
    agent = await stage.switch.dial(caller, stage.agent())
    await stage.switch.bridge(caller, agent)
    await talking(TALK_SECONDS)
    await stage.switch.answer(agent)
    await talking(TALK_SECONDS)
    await stage.switch.hang_up(caller)
    return Story(left=[caller], right=[agent])


async def click_to_call(stage: Stage) -> Story:
    """The agent's phone rings first, and is the a-leg."""
    agent = await stage.switch.originate(stage.agent(), caller_number=stage.outside(1))
    await talking(0.3)
    await stage.switch.answer(agent)
    customer = await stage.switch.dial(agent, stage.outside(1))
    await stage.switch.answer(customer)
    await talking(TALK_SECONDS)
    await stage.switch.hang_up(agent)
    return Story(left=[customer], right=[agent])


async def dialler(stage: Stage) -> Story:
    """The customer's phone rings first, and is the a-leg."""
    customer = await stage.switch.originate(stage.outside(1), caller_number="0800")
    await stage.switch.answer(customer)
    agent = await stage.switch.dial(customer, stage.agent())
    await stage.switch.answer(agent)
    await talking(TALK_SECONDS)
    await stage.switch.hang_up(customer)
    return Story(left=[customer], right=[agent])


async def through_loopback(stage: Stage) -> Story:
    caller = await stage.switch.inbound(stage.caller, "9")
    agent = await stage.switch.loopback(caller, stage.agent())
    await talking(TALK_SECONDS)
    await stage.switch.hang_up(caller)
    await agent.ended.wait()
    return Story(left=[caller], right=[agent])


async def through_passing_loopback(stage: Stage) -> Story:
    """The pair bows out as soon as both talk."""
    caller = await stage.switch.inbound(stage.caller, "9")
    agent = await stage.switch.loopback(caller, stage.agent(), bows_out=True)
    await talking(TALK_SECONDS)
    await stage.switch.hang_up(caller)
    return Story(left=[caller], right=[agent])


# --- another partner ----------------------------------------------------------------------------------------------


async def uuid_transfer(stage: Stage) -> Story:
    caller, agent = await stage.call()
    second = await stage.switch.transfer(caller, stage.agent(2))
    assert second is not None
    await talking(TALK_SECONDS)
    await stage.switch.hang_up(caller)
    return Story(left=[caller], right=[agent, second])


async def transfer_that_rings(stage: Stage) -> Story:
    caller, agent = await stage.call()
    await stage.switch.hang_up(agent, keep_other=True)
    second = await stage.switch.dial(caller, stage.agent(2))
    await talking(TALK_SECONDS)
    await stage.switch.answer(second)
    await talking(TALK_SECONDS)
    await stage.switch.hang_up(second)
    return Story(left=[caller], right=[agent, second])


async def refer_by_callee(stage: Stage) -> Story:
    caller, agent = await stage.call()
    second = await stage.switch.refer(agent, stage.agent(2))
    assert second is not None
    await talking(TALK_SECONDS)
    await stage.switch.hang_up(caller)
    return Story(left=[caller], right=[agent, second])


async def refer_by_caller(stage: Stage) -> Story:
    """Agents alone are left, who speak in turn."""
    caller, agent = await stage.call()
    await stage.switch.hang_up(caller, keep_other=True)
    second = await stage.switch.dial(agent, stage.agent(2))
    be_quiet(second)
    await stage.switch.answer(second)
    await talking(TALK_SECONDS)
    be_quiet(agent)
    speak(second)
    await talking(TALK_SECONDS)
    await stage.switch.hang_up(agent)
    return Story(left=[caller], right=[agent, second])


async def attended_by_callee(stage: Stage) -> Story:
    caller, agent = await stage.call()
    be_quiet(agent)
    asked = await stage.switch.attended_transfer(agent, stage.agent(2))
    await talking(TALK_SECONDS)
    await stage.switch.complete_transfer(agent, asked)
    await talking(TALK_SECONDS)
    await stage.switch.hang_up(caller)
    return Story(left=[caller], right=[agent, asked])


async def attended_by_caller(stage: Stage) -> Story:
    """The caller asks an agent, and leaves two of them alone."""
    caller, agent = await stage.call()
    be_quiet(agent)
    asked = await stage.switch.attended_transfer(caller, stage.agent(2))
    await talking(TALK_SECONDS)
    await stage.switch.complete_transfer(caller, asked)
    await talking(TALK_SECONDS)
    be_quiet(asked)
    speak(agent)
    await talking(TALK_SECONDS)
    await stage.switch.hang_up(agent)
    return Story(left=[caller], right=[agent, asked])


async def taken_back(stage: Stage) -> Story:
    """Whom the agent asks hangs up, and the agent goes back to the caller."""
    caller, agent = await stage.call()
    be_quiet(agent)
    asked = await stage.switch.attended_transfer(agent, stage.agent(2))
    await talking(TALK_SECONDS)
    await stage.switch.hang_up(asked, keep_other=True)
    await stage.switch.bridge(caller, agent)
    speak(agent)
    await talking(TALK_SECONDS)
    await stage.switch.hang_up(caller)
    return Story(left=[caller], right=[agent, asked])


async def uuid_bridge(stage: Stage) -> Story:
    """Two agents of two calls are put together; the calls become one."""
    caller, agent = await stage.call()
    be_quiet(caller, agent)
    other_caller, other_agent = await stage.call(stage.outside(1), stage.agent(2))
    await stage.switch.bridge(agent, other_agent)
    await talking(TALK_SECONDS)
    be_quiet(other_agent)
    speak(agent)
    await talking(TALK_SECONDS)
    await stage.switch.hang_up(agent)
    return Story(left=[caller, other_caller], right=[agent, other_agent], joined=1)


async def picked_up(stage: Stage) -> Story:
    """A colleague takes the call of a ringing phone."""
    caller = await stage.switch.inbound(stage.caller, stage.agent(1))
    ringing = await stage.switch.dial(caller, stage.agent(1))
    colleague = await answered(stage, stage.agent(2), "*8")
    await stage.switch.answer(caller)
    await stage.switch.bridge(colleague, caller)
    await stage.switch.hang_up(ringing, "PICKED_OFF")
    await talking(TALK_SECONDS)
    await stage.switch.hang_up(caller)
    return Story(left=[caller], right=[colleague])


async def intercepted(stage: Stage) -> Story:
    """A colleague takes a call that another one has."""
    caller, agent = await stage.call()
    colleague = await stage.switch.inbound(stage.agent(2), "*8")
    await stage.switch.intercept(caller, by=colleague)
    await talking(TALK_SECONDS)
    await stage.switch.hang_up(caller)
    return Story(left=[caller], right=[agent, colleague])


async def second_agent(stage: Stage) -> Story:
    caller, agent = await stage.call()
    await stage.switch.hang_up(agent, keep_other=True)
    second = await stage.switch.dial(caller, stage.agent(2))
    await stage.switch.answer(second)
    await talking(TALK_SECONDS)
    await stage.switch.hang_up(caller)
    return Story(left=[caller], right=[agent, second])


# --- nobody for a while -------------------------------------------------------------------------------------------


async def parked(stage: Stage) -> Story:
    """What who is parked says is recorded, as on Asterisk."""
    caller, agent = await stage.call()
    await stage.switch.park(caller)
    await talking(TALK_SECONDS)
    colleague = await answered(stage, stage.agent(2), "unpark")
    await stage.switch.bridge(colleague, caller)
    await talking(TALK_SECONDS)
    await stage.switch.hang_up(caller)
    return Story(left=[caller], right=[agent, colleague])


async def valet_parked(stage: Stage) -> Story:
    caller, agent = await stage.call()
    slot = f"60{stage.number:02d}"
    await stage.switch.valet_park(caller, slot)
    await talking(TALK_SECONDS)
    colleague = await stage.switch.inbound(stage.agent(2), slot)
    await stage.switch.valet_retrieve(colleague, slot)
    await talking(TALK_SECONDS)
    await stage.switch.hang_up(colleague)
    return Story(left=[caller], right=[agent, colleague])


SHAPES: tuple[Shape, ...] = (
    *(inbound, agent_hangs_up, outbound, internal, wideband, early_media, click_to_call, dialler),
    *(through_loopback, through_passing_loopback, uuid_transfer, transfer_that_rings, refer_by_callee, refer_by_caller),
    *(attended_by_callee, attended_by_caller, taken_back, uuid_bridge, picked_up, intercepted, second_agent),
    *(parked, valet_parked),
)


async def busy(stage: Stage) -> Story:
    caller = await stage.switch.inbound(stage.caller, stage.agent())
    await stage.switch.reject(await stage.switch.dial(caller, stage.agent()))
    return Story(left=[caller], right=[])


async def given_up(stage: Stage) -> Story:
    caller = await stage.switch.inbound(stage.caller, stage.agent())
    await stage.switch.dial(caller, stage.agent())
    await talking(0.3)
    await stage.switch.hang_up(caller)
    return Story(left=[caller], right=[])


async def at_once(stage: Stage) -> Story:
    """Over before anything can be written, nearly."""
    caller, agent = await stage.call(seconds=0.3)
    await stage.switch.hang_up(caller)
    return Story(left=[caller], right=[agent])


NOBODY: tuple[Shape, ...] = (busy, given_up)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening[Story]]:
    scenes = {shape.__name__: shape for shape in (*SHAPES, *NOBODY, at_once)}
    with evening(tmp_path_factory.mktemp("evening"), scenes) as evening_:
        yield evening_


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
async def test_a_conversation_is_one_recording_with_every_word_on_its_side(
    played: Evening[Story], shape: Shape
) -> None:
    await played.assert_told(played[shape.__name__])


@pytest.mark.parametrize("shape", NOBODY, ids=lambda shape: shape.__name__)
async def test_who_reaches_nobody_is_not_recorded(played: Evening[Story], shape: Shape) -> None:
    [caller] = played[shape.__name__].left
    await played.calls(caller)
    assert not played.daemon.recordings(caller)


async def test_a_call_of_a_moment_is_recorded_too(played: Evening[Story]) -> None:
    await played.assert_told(played["at_once"])


def _direction(shape: Shape) -> str:
    inside, outside = {internal}, {outbound, click_to_call}
    return "internal" if shape in inside else "outbound" if shape in outside else "inbound"


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
async def test_the_direction_of_a_call_is_seen_from_inside(played: Evening[Story], shape: Shape) -> None:
    story = played[shape.__name__]
    row = await played.one(*story.legs, joined=story.joined)
    assert row["direction"] == _direction(shape)


async def test_nothing_was_odd(played: Evening[Story]) -> None:
    for shape in SHAPES:
        story = played[shape.__name__]
        await played.one(*story.legs, joined=story.joined)
    played.assert_nothing_odd()
