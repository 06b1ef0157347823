"""The intake between a PBX in memory, a real Director and a clock that a test moves."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import pytest

from connector.domain import events
from connector.domain.call import Call, CallState
from connector.domain.decision import Change
from connector.domain.director import Director
from connector.domain.events import CallEvent
from connector.domain.ids import BridgeId, ChannelId, SegmentId
from connector.domain.pbx_commands import MuteRecorder, PbxCommand, StartRecorder, StopRecorder
from connector.domain.recording import Recording, Segment
from connector.domain.states import RecordingState
from connector.ports.call_ledger import JournalPosition
from connector.services.intake import Intake
from tests.clocks import SimulatedClock
from tests.unit.domain.offices import a_directory, policies
from tests.unit.services.memory_pbx import MemoryPbx


class MemoryJournal:
    """The Journal port, which notes what had left for the PBX when each change was written."""

    def __init__(self, pbx: MemoryPbx) -> None:
        self._pbx = pbx
        self.changes: list[Change] = []
        self.begun_before: dict[SegmentId, int] = {}

    def append(self, changes: Sequence[Change]) -> None:
        self.changes += changes
        for change in changes:
            if isinstance(change, Segment):
                self.begun_before.setdefault(change.id, len(self._pbx.begun))

    def replay(self, after: JournalPosition | None) -> Iterator[tuple[tuple[Change, ...], JournalPosition]]:
        return iter(())

    @property
    def states(self) -> list[RecordingState]:
        """Every state that a recording came to, in order."""
        found: list[RecordingState] = []
        for change in self.changes:
            if isinstance(change, Recording) and change.state not in found[-1:]:
                found.append(change.state)
        return found


class Desk:
    """An intake with everything around it."""

    def __init__(self, **options: Any) -> None:
        self.clock = SimulatedClock()
        self.pbx = MemoryPbx(self.clock)
        self.journal = MemoryJournal(self.pbx)
        self.director = Director("office", "here", a_directory(), policies(**options))
        self.intake = Intake(self.pbx, self.director, self.journal, self.clock)

    async def hear(self, *told: CallEvent) -> None:
        self.pbx.tell(*told)
        await self.clock.settle()

    def of(self, kind: type[PbxCommand]) -> list[Any]:
        return [command for command in self.pbx.begun if isinstance(command, kind)]

    async def talk(self, name: str = "1") -> None:
        """A caller and agent 201 in one bridge."""
        caller, agent = ChannelId(f"caller-{name}"), ChannelId(f"agent-{name}")
        await self.hear(
            events.ChannelCreated(channel=caller, linked=caller, number="+4930123456", device="PJSIP/carrier-a"),
            events.ChannelCreated(channel=agent, linked=caller, number="201", device="PJSIP/201"),
            events.ChannelAnswered(channel=agent),
            events.BridgeEntered(channel=caller, bridge=BridgeId(name)),
            events.BridgeEntered(channel=agent, bridge=BridgeId(name)),
        )

    async def start_recorders(self) -> None:
        for command in self.of(StartRecorder):
            await self.hear(events.RecorderStarted(segment=command.segment))


@pytest.fixture
async def desk(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    opened = Desk(**getattr(request, "param", {}))
    running = asyncio.ensure_future(opened.intake.run())
    await opened.clock.settle()
    yield opened
    for event in opened.pbx._stuck.values():
        event.set()
    await opened.pbx.close()
    await running


async def test_a_call_is_recorded_from_its_bridge_to_its_end(desk: Desk) -> None:
    await desk.talk()
    assert [command.channel for command in desk.of(StartRecorder)] == ["caller-1", "agent-1"]
    await desk.start_recorders()
    await desk.hear(*(events.ChannelEnded(channel=ChannelId(name)) for name in ("agent-1", "caller-1")))
    for command in desk.of(StartRecorder):
        await desk.hear(events.RecorderClosed(segment=command.segment))
    assert desk.journal.states == [RecordingState.REQUESTED, RecordingState.RECORDING, RecordingState.CAPTURED]


async def test_an_order_that_is_refused_is_in_the_log_with_its_leg(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    await desk.talk()
    order = events.InstructionGiven(command_id="1", action="strat", channel=ChannelId("agent-1"), by="dialplan")
    with caplog.at_level("INFO"):
        await desk.hear(order)
    [told] = [vars(record) for record in caplog.records if record.getMessage() == "instruction refused"]
    assert (told["action"], told["channel"], told["by"]) == ("strat", "agent-1", "dialplan")
    assert "unknown action" in told["outcome"]


async def test_what_is_decided_is_in_the_journal_before_its_commands_leave(desk: Desk) -> None:
    await desk.talk("1")
    await desk.talk("2")
    assert len(desk.of(StartRecorder)) == 4
    for number, command in enumerate(desk.pbx.begun):
        assert isinstance(command, StartRecorder)
        assert desk.journal.begun_before[command.segment] <= number


async def test_a_command_that_is_stuck_delays_no_event_and_no_other_call(desk: Desk) -> None:
    await desk.talk("1")
    stuck_call = desk.of(StartRecorder)[0].call
    desk.pbx.stick(stuck_call)
    await desk.hear(events.InstructionGiven(command_id="stop-1", action="stop", channel=ChannelId("caller-1")))
    begun = len(desk.pbx.begun)
    await desk.talk("2")
    assert {command.channel for command in desk.of(StartRecorder)[2:]} == {"caller-2", "agent-2"}
    assert desk.director.live_calls == 2
    assert len(desk.pbx.begun) == begun + 2


async def test_commands_of_one_call_leave_in_the_order_of_their_decisions(desk: Desk) -> None:
    await desk.talk()
    await desk.start_recorders()
    call = desk.of(StartRecorder)[0].call
    release = desk.pbx.stick(call)
    for number, action in enumerate(("pause", "resume", "stop")):
        order = events.InstructionGiven(command_id=f"{number}", action=action, channel=ChannelId("caller-1"))
        await desk.hear(order)
    release.set()
    await desk.clock.settle()
    kinds = [type(command).__name__ for command in desk.pbx.done]
    assert kinds == sorted(kinds, key=["StartRecorder", "MuteRecorder", "UnmuteRecorder", "StopRecorder"].index)
    assert len(kinds) == 8


async def test_a_recorder_that_does_not_begin_is_started_anew_after_the_verify_time(desk: Desk) -> None:
    await desk.talk()
    assert len(desk.of(StartRecorder)) == 2
    await desk.clock.advance(1.9)
    assert len(desk.of(StartRecorder)) == 2
    await desk.clock.advance(0.2)
    assert len(desk.of(StartRecorder)) == 4


@pytest.mark.parametrize("desk", [{"max_length_seconds": 60.0}], indirect=True)
async def test_a_recording_is_stopped_at_its_greatest_length(desk: Desk) -> None:
    await desk.talk()
    await desk.start_recorders()
    await desk.clock.advance(59.9)
    assert desk.of(StopRecorder) == []
    await desk.clock.advance(0.2)
    assert len(desk.of(StopRecorder)) == 2


@pytest.mark.parametrize("desk", [{"pause_max_seconds": 30.0}], indirect=True)
async def test_a_pause_ends_by_itself(desk: Desk) -> None:
    await desk.talk()
    await desk.start_recorders()
    await desk.hear(events.InstructionGiven(command_id="p", action="pause", channel=ChannelId("caller-1")))
    assert len(desk.of(MuteRecorder)) == 2
    await desk.clock.advance(29.9)
    before = [RecordingState.REQUESTED, RecordingState.RECORDING, RecordingState.PAUSED]
    assert desk.journal.states == before
    await desk.clock.advance(0.2)
    assert desk.journal.states == [*before, RecordingState.RECORDING]


async def test_with_nothing_to_wait_for_no_timer_turns(desk: Desk) -> None:
    assert desk.clock.wakes_at == []
    await desk.talk()
    assert desk.clock.wakes_at != []


async def test_it_is_connected_from_the_resynchronisation_to_the_loss(desk: Desk) -> None:
    assert not desk.intake.is_connected
    await desk.hear(events.PbxResynchronised(channels=(), recorders=()))
    assert desk.intake.is_connected
    await desk.hear(events.PbxLost(reason="reset"))
    assert not desk.intake.is_connected


async def test_how_it_stands_with_the_pbx_is_told_as_of_now(desk: Desk) -> None:
    down = {"is_connected": False, "version": "", "live_calls": 0, "recorders": 0}
    assert desk.intake.standing() == {**down, "problems": ["PBX office does not answer"]}
    await desk.hear(events.PbxResynchronised(channels=(), recorders=()))
    await desk.talk()
    up = {"is_connected": True, "version": "1.10.12", "live_calls": 1, "problems": []}
    assert desk.intake.standing() == {**up, "recorders": desk.director.live_recordings}
    assert desk.director.live_recordings > 0


async def test_every_event_that_came_before_the_end_is_handled() -> None:
    desk = Desk()
    desk.pbx.tell(*(events.ChannelCreated(channel=ChannelId(f"{n}"), linked=f"{n}") for n in range(500)))
    await desk.pbx.close()
    await desk.intake.run()
    assert desk.director.live_calls == 500


async def test_events_are_taken_in_order_however_many_come_at_once() -> None:
    desk = Desk()
    channel = ChannelId("caller-1")
    desk.pbx.tell(events.ChannelCreated(channel=channel, linked=channel))
    desk.pbx.tell(*(events.VariableSet(channel=channel, name="n", value=f"{number}") for number in range(500)))
    desk.pbx.tell(events.ChannelEnded(channel=channel))
    await desk.pbx.close()
    await desk.intake.run()
    calls = [change for change in desk.journal.changes if isinstance(change, Call)]
    values = [dict(call.legs[0].variables).get("n") for call in calls]
    assert values == [None, *(f"{number}" for number in range(500)), "499"]
    assert calls[-1].state is CallState.ENDED
