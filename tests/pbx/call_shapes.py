"""The shapes of calls: how the parties of a conversation come together and part, each told as a `Story`.

Knows what people do at their phones; nothing of callreel.
"""

import asyncio
import time

from tests.pbx import conversation, noise
from tests.pbx.conversation import Part, Scene, Story, take_turns, talk
from tests.pbx.leg import Leg
from tests.pbx.manager import Manager
from tests.pbx.phone import Manner
from tests.pbx.sounds import Nothing, Silence

_RINGS = Manner(answers_after_seconds=None)
#: So long a transferred party hears the ringing.
_RINGING_SECONDS = 0.6


def part(leg: Leg, *heard_by: Leg) -> Part:
    return Part(leg=leg, heard_by=heard_by)


async def dialled(scene: Scene, extension: str, agent: str, earlier: Leg | None = None) -> tuple[Leg, Leg]:
    """A call that is answered, and both have talked."""
    scene.follows(agent, earlier)
    caller = await scene.phones.call(extension, user=scene.caller)
    answering = await scene.phones.answered(agent)
    await talk(caller, answering)
    return caller, answering


async def two(scene: Scene, extension: str, agent: str) -> Story:
    """Nobody else ever comes in."""
    caller, answering = await dialled(scene, extension, agent)
    await caller.hang_up()
    return Story(scene=scene, left=(part(caller, answering),), right=(part(answering, caller),), last=caller)


# --- transfers ----------------------------------------------------------------------------------------------------


async def blind_by_callee(scene: Scene) -> Story:
    """A recorder of the dialplan's own runs beside ours, in both directions of the caller's channel."""
    first, second = scene.agent(1), scene.agent(2)
    caller, agent = await dialled(scene, f"recorded_{first}_plain{scene.number:02d}", first)
    await scene.moment()
    # Who is transferred in one moment is not answered in one: people lift fifty receivers in a second.
    scene.follows(second, agent, after_seconds=_RINGING_SECONDS + scene.number / conversation.MOST)
    assert await agent.transfer(second) == 202
    successor = await scene.phones.answered(second)
    await talk(caller, successor)
    await caller.hang_up()
    return Story(
        scene=scene,
        left=(part(caller, agent, successor),),
        right=(part(agent, caller), part(successor, caller)),
        last=caller,
    )


async def blind_by_caller(scene: Scene) -> Story:
    """Agents alone are left; while the second one's phone rings the first one talks on, with nobody to hear it."""
    first, second = scene.agent(1), scene.agent(2)
    caller, agent = await dialled(scene, first, first)
    scene.follows(second, caller, after_seconds=_RINGING_SECONDS, sound=Silence())
    assert await caller.transfer(second) == 202
    successor = await scene.phones.answered(second)
    await take_turns(agent, successor)
    await agent.hang_up()
    return Story(
        scene=scene,
        left=(part(caller, agent),),
        right=(part(agent, caller, successor), part(successor, agent)),
        last=agent,
    )


async def attended_by_callee(scene: Scene) -> Story:
    """The agent asks a colleague on a second line, and joins that one and the caller."""
    first, second = scene.agent(1), scene.agent(2)
    caller, agent = await dialled(scene, first, first)
    held_at = time.time()
    asking, asked = await _asked(scene, agent, second)
    assert await agent.transfer_to(asking) == 202
    await talk(caller, asked)
    await caller.hang_up()
    return Story(
        scene=scene,
        left=(part(caller, agent, asked),),
        right=(part(agent, caller), part(asking, asked), part(asked, asking, caller)),
        last=caller,
        quiet=((agent, held_at, asking.ended_at),),
        joined=1,
    )


async def attended_by_caller(scene: Scene) -> Story:
    first, second = scene.agent(1), scene.agent(2)
    caller, agent = await dialled(scene, first, first)
    # On the agents' side one speaks at a time.
    agent.sound, held_at = Silence(), time.time()
    asking, asked = await _asked(scene, caller, second)
    assert await caller.transfer_to(asking) == 202
    asked.sound = Silence()
    await take_turns(agent, asked)
    await agent.hang_up()
    return Story(
        scene=scene,
        left=(part(caller, agent), part(asking, asked)),
        right=(part(agent, caller, asked), part(asked, asking, agent)),
        last=agent,
        quiet=((caller, held_at, asking.ended_at),),
        joined=1,
    )


async def _asked(scene: Scene, leg: Leg, agent: str) -> tuple[Leg, Leg]:
    """Who holds says nothing there, and talks to somebody else on a second line."""
    await leg.hold()
    leg.sound = Nothing()
    scene.follows(agent, leg, sound=Silence())
    asking = await scene.phones.call(agent, user=leg.user, sequence=scene.sequence(leg))
    asked = await scene.phones.answered(agent)
    await take_turns(asking, asked)
    return asking, asked


async def attended_by_feature_code(scene: Scene) -> Story:
    """The agent presses *2 and a number, talks with who answers there, and hangs up."""
    first, second = scene.agent(1), scene.agent(2)
    caller, agent = await dialled(scene, first, first)
    scene.follows(second, agent, sound=Silence())
    agent.sound, pressed_at = Silence(), time.time()
    agent.press(f"*2{second}")
    asked = await scene.phones.answered(second)
    await take_turns(agent, asked)
    await agent.hang_up()
    await talk(caller, asked)
    await caller.hang_up()
    return Story(
        scene=scene,
        left=(part(caller, agent, asked),),
        right=(part(agent, caller, asked), part(asked, agent, caller)),
        last=caller,
        quiet=((agent, pressed_at, asked.answered_at),),
    )


async def second_agent(scene: Scene) -> Story:
    first, second = scene.agent(1), scene.agent(2)
    scene.phones.manners[second] = _RINGS
    caller, agent = await dialled(scene, f"second_{first}_{second}", first)
    await agent.hang_up()
    successor = await scene.phones.incoming(second)
    successor.rtp.sequence = scene.sequence(agent)
    successor.answer()
    await talk(caller, successor)
    await caller.hang_up()
    return Story(
        scene=scene,
        left=(part(caller, agent, successor),),
        right=(part(agent, caller), part(successor, caller)),
        last=caller,
    )


# --- announcements, queues ----------------------------------------------------------------------------------------


async def announced(scene: Scene) -> Story:
    return await two(scene, f"announced_{scene.agent(1)}", scene.agent(1))


async def queued(scene: Scene) -> Story:
    """Two phones ring; the loser is no party."""
    scene.phones.manners[scene.agent(2)] = _RINGS
    return await two(scene, f"queue_members{scene.number:02d}", scene.agent(1))


async def queued_with_announcement(scene: Scene) -> Story:
    """What the agent says while it is played is heard by nobody; a member behind a Local channel is recorded then."""
    scene.phones.manners[scene.agent(2)] = _RINGS
    scene.follows(scene.agent(1), None, after_seconds=0.3)
    caller = await scene.phones.call(f"telling_members{scene.number:02d}", user=scene.caller)
    agent = await scene.phones.answered(scene.agent(1))
    await agent.heard_from(noise.PROMPT)
    await talk(caller, agent)
    await caller.hang_up()
    is_behind_local = scene.number % 2 == 0
    return Story(
        scene=scene,
        left=(part(caller, agent),),
        right=(part(agent, caller),),
        last=caller,
        began=agent.answered_at if is_behind_local else None,
    )


# --- pickups, parks, Local channels -------------------------------------------------------------------------------


async def picked_up(scene: Scene) -> Story:
    """A colleague takes the call of a ringing phone."""
    ringing_name = scene.agent(1)
    scene.phones.manners[ringing_name] = _RINGS
    caller = await scene.phones.call(f"endpoint_{ringing_name}", user=scene.caller, waits_for_answer=False)
    ringing = await scene.phones.incoming(ringing_name)
    picker = await scene.phones.call(f"pickup_{ringing_name}", user=scene.agent(3), sequence=scene.sequence(None))
    await scene.phones.answer_of(caller)
    await talk(caller, picker)
    await ringing.ended.wait()
    await caller.hang_up()
    return Story(scene=scene, left=(part(caller, picker),), right=(part(picker, caller),), last=caller)


async def parked(scene: Scene) -> Story:
    """The agent parks the caller, who talks to the music; a colleague retrieves the call."""
    async with Manager(scene.asterisk.ports.ami, scene.asterisk.admin) as manager:
        caller, agent = await dialled(scene, scene.agent(1), scene.agent(1))
        assert await agent.transfer("700") == 202
        parking = await manager.told("ParkedCall", ParkeeCallerIDNum=scene.caller)
    await caller.heard_from(noise.MUSIC)
    # Until then Asterisk says the number of the space to him.
    await agent.hang_up()
    space = parking["ParkingSpace"]
    retriever = await scene.phones.call(f"retrieve_{space}", user=scene.agent(3), sequence=scene.sequence(agent))
    await talk(caller, retriever)
    await caller.hang_up()
    return Story(
        scene=scene,
        left=(part(caller, agent, retriever),),
        right=(part(agent, caller), part(retriever, caller)),
        last=caller,
    )


async def through_local(scene: Scene) -> Story:
    """Asterisk takes the Local channel out as soon as both talk."""
    return await two(scene, f"local_{scene.agent(1)}", scene.agent(1))


async def through_lasting_local(scene: Scene) -> Story:
    """With /n it stays."""
    return await two(scene, f"localn_{scene.agent(1)}", scene.agent(1))


# --- click-to-call ------------------------------------------------------------------------------------------------


async def _originated(scene: Scene, first: str, second: str, shown: str) -> tuple[Leg, Leg]:
    """Asterisk rings the first one's phone, which shows the number `shown`, and then the second one's."""
    channel = f"PJSIP/{first}" if first == scene.agent(1) else f"PJSIP/{first}@phones"
    for name in (first, second):
        scene.follows(name, None)
    fields = {"Channel": channel, "Context": "phones", "Exten": f"to_{second}", "Priority": "1"}
    async with Manager(scene.asterisk.ports.ami, scene.asterisk.admin) as manager:
        await manager.act("Originate", fields | {"CallerID": shown, "Async": "true"})
    one, other = await asyncio.gather(scene.phones.answered(first), scene.phones.answered(second))
    await talk(one, other)
    return one, other


async def click_to_call_inside(scene: Scene) -> Story:
    one, other = await _originated(scene, scene.agent(1), scene.agent(2), scene.agent(1))
    await one.hang_up()
    return Story(scene=scene, user=scene.agent(1), left=(part(one, other),), right=(part(other, one),), last=one)


async def click_to_call_outside(scene: Scene) -> Story:
    """The agent's phone rings first; who is called outside is the caller nevertheless."""
    agent, customer = await _originated(scene, scene.agent(1), scene.caller, scene.agent(1))
    await agent.hang_up()
    return Story(scene=scene, left=(part(customer, agent),), right=(part(agent, customer),), last=agent)


async def click_to_call_from_outside(scene: Scene) -> Story:
    """A customer who asked to be called back is rung first."""
    customer, agent = await _originated(scene, scene.caller, scene.agent(1), scene.caller)
    await customer.hang_up()
    return Story(scene=scene, left=(part(customer, agent),), right=(part(agent, customer),), last=customer)


async def click_to_call_shown(scene: Scene) -> Story:
    """The same where the agent's phone shows whom it will call: that number stands on the agent's own channel."""
    agent, customer = await _originated(scene, scene.agent(1), scene.caller, scene.caller)
    await agent.hang_up()
    return Story(scene=scene, left=(part(customer, agent),), right=(part(agent, customer),), last=agent)
