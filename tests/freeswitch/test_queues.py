"""Queues of mod_callcenter and mod_fifo: who answered is recorded with who waited, and the recording names both."""

from collections.abc import Awaitable, Callable, Iterator

import pytest

from tests.freeswitch.legs import Leg
from tests.freeswitch.office import TALK_SECONDS, Evening, Stage, Story, evening
from tests.freeswitch.turns import be_quiet
from tests.pbx.waiting import talking

Shape = Callable[[Stage], Awaitable[Story]]
WAIT_SECONDS = 0.6
SALES = "sales@default"


async def waiting(stage: Stage) -> Leg:
    return await stage.switch.inbound(stage.caller, "sales")


async def first_agent(stage: Stage) -> Story:
    queue, caller = stage.switch.queue(SALES), await waiting(stage)
    await queue.join(caller)
    await talking(WAIT_SECONDS)
    agent = await queue.offer(caller, "anna", stage.agent())
    await talking(WAIT_SECONDS)
    await queue.connect(caller, agent)
    await talking(TALK_SECONDS)
    await queue.end(caller, agent, hangs_up=caller)
    return Story(left=[caller], right=[agent])


async def several_agents_ring(stage: Stage) -> Story:
    """One does not answer, one is slower than the third."""
    queue, caller = stage.switch.queue(SALES), await waiting(stage)
    await queue.join(caller)
    idle = await queue.offer(caller, "idle", stage.agent(1))
    await talking(WAIT_SECONDS)
    await queue.fail(caller, idle)
    slow = await queue.offer(caller, "slow", stage.agent(2))
    quick = await queue.offer(caller, "quick", stage.agent(3))
    await talking(WAIT_SECONDS)
    await queue.connect(caller, quick)
    await queue.fail(caller, slow, "LOSE_RACE")
    await talking(TALK_SECONDS)
    await queue.end(caller, quick, hangs_up=quick)
    return Story(left=[caller], right=[quick])


async def agent_hands_over(stage: Stage) -> Story:
    """Whom the queue found transfers the caller to a colleague."""
    queue, caller = stage.switch.queue(SALES), await waiting(stage)
    await queue.join(caller)
    agent = await queue.offer(caller, "anna", stage.agent())
    await queue.connect(caller, agent)
    await talking(TALK_SECONDS)
    colleague = await stage.switch.refer(agent, stage.agent(2))
    assert colleague is not None
    await talking(TALK_SECONDS)
    await stage.switch.hang_up(caller)
    return Story(left=[caller], right=[agent, colleague])


async def agent_asks(stage: Stage) -> Story:
    """With the caller on hold, who is then handed over."""
    queue, caller = stage.switch.queue(SALES), await waiting(stage)
    await queue.join(caller)
    agent = await queue.offer(caller, "anna", stage.agent())
    await queue.connect(caller, agent)
    await talking(TALK_SECONDS)
    be_quiet(agent)
    colleague = await stage.switch.attended_transfer(agent, stage.agent(2))
    await talking(TALK_SECONDS)
    await stage.switch.complete_transfer(agent, colleague)
    await talking(TALK_SECONDS)
    await stage.switch.hang_up(colleague)
    return Story(left=[caller], right=[agent, colleague])


async def out_of_a_fifo(stage: Stage) -> Story:
    fifo, caller = stage.switch.fifo("support"), await stage.switch.inbound(stage.caller, "support")
    await fifo.push(caller)
    await talking(WAIT_SECONDS)
    agent = await stage.switch.inbound(stage.agent(), "serve")
    await fifo.consume(agent, caller)
    await talking(TALK_SECONDS)
    await fifo.end(agent, caller, hangs_up=caller)
    return Story(left=[caller], right=[agent])


async def agent_waits_at_a_fifo(stage: Stage) -> Story:
    """The agent's leg is the elder one."""
    fifo, agent = stage.switch.fifo("support"), await stage.switch.inbound(stage.agent(), "serve")
    await stage.switch.answer(agent)
    await talking(WAIT_SECONDS)
    caller = await stage.switch.inbound(stage.caller, "support")
    await fifo.push(caller)
    await fifo.consume(agent, caller)
    await talking(TALK_SECONDS)
    await fifo.end(agent, caller, hangs_up=agent)
    return Story(left=[caller], right=[agent])


async def gives_up(stage: Stage) -> Story:
    queue, caller = stage.switch.queue(SALES), await waiting(stage)
    await queue.join(caller)
    agent = await queue.offer(caller, "anna", stage.agent())
    await talking(WAIT_SECONDS)
    await queue.fail(caller, agent, "ORIGINATOR_CANCEL")
    await queue.abandon(caller)
    return Story(left=[caller], right=[])


CALLCENTER: tuple[Shape, ...] = (first_agent, several_agents_ring, agent_hands_over, agent_asks)
FIFO: tuple[Shape, ...] = (out_of_a_fifo, agent_waits_at_a_fifo)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening[Story]]:
    scenes = {shape.__name__: shape for shape in (*CALLCENTER, *FIFO, gives_up)}
    with evening(tmp_path_factory.mktemp("evening"), scenes) as evening_:
        yield evening_


@pytest.mark.parametrize("shape", [*CALLCENTER, *FIFO], ids=lambda shape: shape.__name__)
async def test_a_call_of_a_queue_is_one_recording(played: Evening[Story], shape: Shape) -> None:
    await played.assert_told(played[shape.__name__])


@pytest.mark.parametrize("shape", [*CALLCENTER, out_of_a_fifo], ids=lambda shape: shape.__name__)
async def test_who_waited_is_who_called(played: Evening[Story], shape: Shape) -> None:
    story = played[shape.__name__]
    row = await played.one(*story.legs)
    assert (row["direction"], row["from_number"]) == ("inbound", story.left[0].number)


@pytest.mark.parametrize("shape", [*CALLCENTER, *FIFO], ids=lambda shape: shape.__name__)
async def test_the_queue_and_the_agent_are_named(played: Evening[Story], shape: Shape) -> None:
    story = played[shape.__name__]
    row = await played.one(*story.legs)
    assert row["queue"] == ("support" if shape in FIFO else SALES)
    assert row["agent_id"] == story.right[-1].number


async def test_who_gave_up_waiting_is_not_recorded(played: Evening[Story]) -> None:
    [caller] = played["gives_up"].left
    [call] = await played.calls(caller)
    assert call["queue"] == SALES
    assert not played.daemon.recordings(caller)


async def test_nothing_was_odd(played: Evening[Story]) -> None:
    played.assert_nothing_odd()
