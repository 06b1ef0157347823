"""Commands on their way: in order within a call, side by side between calls."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from connector.domain.ids import CallId, ChannelId
from connector.domain.pbx_commands import PbxCommand, PlaySound
from connector.services.outbox import Outbox
from tests.clocks import SimulatedClock
from tests.unit.services.memory_pbx import MemoryPbx


def command(call: str, number: int = 0) -> PbxCommand:
    return PlaySound(call=CallId(call), channel=ChannelId(call), sound=f"{number}")


async def test_commands_of_one_call_wait_for_each_other() -> None:
    clock = SimulatedClock()
    pbx = MemoryPbx(clock)
    release = pbx.stick(CallId("a"))
    async with asyncio.TaskGroup() as tasks:
        outbox = Outbox(pbx, tasks)
        for number in range(3):
            outbox.put(command("a", number))
        await clock.settle()
        assert pbx.begun == [command("a", 0)]
        release.set()
    assert pbx.done == [command("a", number) for number in range(3)]


async def test_a_call_whose_command_is_stuck_keeps_no_other_waiting() -> None:
    clock = SimulatedClock()
    pbx = MemoryPbx(clock)
    release = pbx.stick(CallId("stuck"))
    async with asyncio.TaskGroup() as tasks:
        outbox = Outbox(pbx, tasks)
        for call in ("stuck", "a", "stuck", "b"):
            outbox.put(command(call))
        await clock.settle()
        assert pbx.done == [command("a"), command("b")]
        release.set()
    assert len(pbx.done) == 4


async def test_a_call_can_send_again_after_everything_was_sent() -> None:
    clock = SimulatedClock()
    pbx = MemoryPbx(clock)
    async with asyncio.TaskGroup() as tasks:
        outbox = Outbox(pbx, tasks)
        outbox.put(command("a", 1))
        await clock.settle()
        outbox.put(command("a", 2))
    assert pbx.done == [command("a", 1), command("a", 2)]


@given(st.lists(st.sampled_from("abc"), max_size=30))
def test_whatever_comes_each_call_keeps_its_order_and_nothing_is_lost(calls: list[str]) -> None:
    commands = [command(call, number) for number, call in enumerate(calls)]

    async def sent() -> list[PbxCommand]:
        pbx = MemoryPbx(SimulatedClock())
        async with asyncio.TaskGroup() as tasks:
            outbox = Outbox(pbx, tasks)
            for number, one in enumerate(commands):
                outbox.put(one)
                if number % 3 == 0:
                    await asyncio.sleep(0)
        return pbx.done

    done = asyncio.run(sent())
    for call in "abc":
        assert [one for one in done if one.call == call] == [one for one in commands if one.call == call]
