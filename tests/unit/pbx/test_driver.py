"""The driver of the scripted PBX beyond the contract: connecting, back-pressure, broken lines, imports."""

import asyncio
import subprocess
import sys
from pathlib import Path

from connector.domain.events import ChannelCreated, PbxLost, PbxResynchronised, Stamped, VariableSet
from connector.domain.ids import ChannelId
from connector.pbx.scripted.driver import RECONNECT_SECONDS, ScriptedPbx
from connector.pbx.scripted.player import Player
from connector.pbx.scripted.script import Line, Script
from connector.pbx.scripted.wire import Welcome, answer_frame, event_frame
from tests.clocks import SimulatedClock
from tests.contract.pbx.scripted_rig import ScriptedRig


async def test_a_pbx_that_is_not_there_yet_is_tried_less_and_less_often_and_found(tmp_path: Path) -> None:
    rig = ScriptedRig(tmp_path)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(rig.listen())
        await rig.clock.advance(60.0)
        assert rig.heard == []
        async with rig.player.attended():
            await rig.clock.advance(max(RECONNECT_SECONDS))
            assert [type(stamped.event) for stamped in rig.heard] == [PbxResynchronised]
            await rig.pbx.close()


async def test_the_events_end_when_the_driver_is_closed_and_not_before(tmp_path: Path) -> None:
    rig = ScriptedRig(tmp_path)
    async with rig.player.attended(), asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(rig.listen())
        await rig.until(lambda: rig.heard)
        assert not listening.done()
        await rig.pbx.close()
        await rig.clock.settle()
        assert listening.done()


async def test_a_driver_that_is_closed_before_anybody_listened_has_no_events(tmp_path: Path) -> None:
    rig = ScriptedRig(tmp_path)
    await rig.pbx.close()
    await rig.listen()
    assert rig.heard == []


async def test_a_slow_listener_loses_nothing_and_makes_the_pbx_wait(tmp_path: Path) -> None:
    clock = SimulatedClock()
    player = Player(tmp_path / "socket", tmp_path, clock=clock)
    pbx = ScriptedPbx("small", tmp_path / "socket", clock=clock, queue_length=3)
    async with player.attended():
        events = pbx.events()
        assert isinstance((await anext(events)).event, PbxResynchronised)
        remarks = [VariableSet(channel=ChannelId("a"), name="N", value=str(number)) for number in range(500)]
        player.add(Script(lines=tuple(Line(offset_seconds=0.0, what=remark) for remark in remarks)))
        await clock.settle()
        assert [(await anext(events)).event for _ in remarks] == remarks
        await pbx.close()


async def test_a_full_queue_does_not_keep_the_driver_from_closing(tmp_path: Path) -> None:
    clock = SimulatedClock()
    player = Player(tmp_path / "socket", tmp_path, clock=clock)
    pbx = ScriptedPbx("small", tmp_path / "socket", clock=clock, queue_length=1)
    async with player.attended():
        events = pbx.events()
        await anext(events)
        remark = VariableSet(channel=ChannelId("a"), name="N", value="1")
        player.add(Script(lines=(Line(offset_seconds=0.0, what=remark),) * 10))
        await clock.settle()
        await pbx.close()
        assert [stamped async for stamped in events] == []


async def _heard_from(tmp_path: Path, frames: bytes) -> list[Stamped]:
    """What a driver makes of a PBX that says this and goes."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(frames)
        writer.close()

    server = await asyncio.start_unix_server(say, tmp_path / "socket")
    pbx = ScriptedPbx("odd", tmp_path / "socket", clock=SimulatedClock())
    heard: list[Stamped] = []
    async with server:
        async for stamped in pbx.events():
            heard.append(stamped)
            if isinstance(stamped.event, PbxLost):
                break
        await pbx.close()
    return heard


async def test_a_line_that_nobody_understands_ends_the_connection_with_its_beginning_in_the_reason(
    tmp_path: Path,
) -> None:
    [lost] = await _heard_from(tmp_path, b"HTTP/1.1 400 Bad Request\r\n")
    assert isinstance(lost.event, PbxLost)
    assert "HTTP/1.1" in lost.event.reason


async def test_the_stamps_of_a_faster_time_are_taken_as_they_are(tmp_path: Path) -> None:
    created = ChannelCreated(channel=ChannelId("a"), linked="a", number="Zoë\r\n")
    frames = answer_frame(Welcome(pace=60.0)) + event_frame(5.0, created) + event_frame(9000.0, created)
    heard = await _heard_from(tmp_path, frames)
    assert heard[:2] == [Stamped(at=5.0, event=created), Stamped(at=9000.0, event=created)]


def test_the_driver_brings_no_numpy_and_no_player_into_the_capture_role() -> None:
    wanted = (
        "import sys, connector.pbx.scripted.driver, connector.pbx.spool;"
        "print(*(name for name in sys.modules if name.split('.')[0] in {'numpy', 'yaml', 'wave'} or 'player' in name))"
    )
    done = subprocess.run([sys.executable, "-c", wanted], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == ""
