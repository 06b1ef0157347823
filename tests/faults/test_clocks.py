"""Clocks that are set by an hour, the PBX's and ours, and nights with an hour twice or never: nothing is cut."""

import asyncio
import time
import wave
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connector.catalogue.store import Catalogue
from connector.domain.call import CallState
from connector.domain.decision import Change, Due
from connector.domain.director import Director
from connector.domain.ids import CallId, Moment, RecordingId, SegmentId
from connector.domain.options import AudioFormat, ChannelLayout, RecordingOptions
from connector.domain.organisation import Directory
from connector.domain.policy import Policy
from connector.domain.recording import FlushPoint, Recording, Segment
from connector.domain.states import RecordingState
from connector.network.clock import SystemClock
from connector.pbx.scripted.conversation import Conversation
from connector.pbx.scripted.driver import ScriptedPbx
from connector.pbx.scripted.paced_clock import PacedClock
from connector.pbx.scripted.player import Player
from connector.pbx.scripted.script import Fault
from connector.ports.call_ledger import JournalPosition
from connector.services.intake import Intake
from tests.builders import a_call, a_recording, a_segment
from tests.faults.conftest import Build
from tests.faults.house import House
from tests.faults.proof import assert_each_copy_is_there_once, assert_nothing_lost, assert_sounds_whole, until_grown

HOUR = 3600.0


@pytest.mark.slow
def test_a_pbx_whose_clock_is_set_by_an_hour_loses_nothing(build: Build) -> None:
    house = build()
    house.start()
    calls = [house.pbx.call(name).answer() for name in ("forward", "back")]
    house.until_recording("forward", "back")
    for call, step in zip(calls, (HOUR, -2 * HOUR), strict=True):
        until_grown(house, call, 0.2)
        house.pbx.misbehave(Fault.CLOCK_STEP, seconds=step)
        until_grown(house, call, 0.2)
        call.hang_up()
    assert_nothing_lost(house)
    for call in calls:
        row = assert_sounds_whole(house, call)
        assert call.answered_at is not None
        assert call.ended_at is not None
        assert row["ended_at"] - row["started_at"] == pytest.approx(call.ended_at - call.answered_at, abs=0.2)


class Memory:
    """A Journal that keeps the last picture of each thing."""

    def __init__(self) -> None:
        self.recordings: dict[str, Recording] = {}
        self.segments: dict[str, Segment] = {}
        self._changed = asyncio.Condition()
        self._told: set[asyncio.Task[None]] = set()

    def append(self, changes: Sequence[Change]) -> None:
        for change in changes:
            if isinstance(change, Recording):
                self.recordings[change.id] = change
            elif isinstance(change, Segment):
                self.segments[change.id] = change
        task = asyncio.ensure_future(self._tell())
        self._told.add(task)
        task.add_done_callback(self._told.discard)

    def replay(self, after: JournalPosition | None) -> Iterator[tuple[tuple[Change, ...], JournalPosition]]:
        return iter(())

    async def until(self, claim: Callable[[], object]) -> None:
        async with asyncio.timeout(20), self._changed:
            await self._changed.wait_for(lambda: bool(claim()))

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


@pytest.mark.parametrize("step", [HOUR, -HOUR])
async def test_our_own_clock_set_by_an_hour_cuts_no_recording(short_folder: Path, step: float) -> None:
    steps = [0.0]
    clock = SystemClock(wall=lambda: time.time() + steps[-1])
    journal = Memory()
    policy = Policy(default_options=RecordingOptions(max_length_seconds=HOUR / 2))
    director = Director("demo", "here", Directory(), {"default": policy})
    pbx = ScriptedPbx("demo", short_folder / "pbx.sock", clock=clock)
    player = Player(short_folder / "pbx.sock", short_folder, clock=PacedClock())
    intake = Intake(pbx, director, journal, clock)
    async with player.attended(), asyncio.TaskGroup() as tasks:
        tasks.create_task(intake.run())
        await player.doors.was_heard.wait()
        begun = await recorded(player, journal, "first", lambda: steps.append(step))
        assert begun.ended_at is not None
        assert begun.started_at is not None
        assert 0.3 < begun.ended_at - begun.started_at < 3
        assert clock.resettle() == pytest.approx(step, abs=0.1)
        later = await recorded(player, journal, "second", lambda: None)
        assert later.started_at is not None
        assert later.started_at - begun.started_at == pytest.approx(step, abs=5)
        assert later.ended_at is not None
        assert 0.3 < later.ended_at - later.started_at < 3
        assert later.id != begun.id
        await pbx.close()
    assert len({segment.path for segment in journal.segments.values()}) == 4


async def recorded(player: Player, journal: Memory, name: str, meanwhile: Callable[[], object]) -> Recording:
    """A call of which `meanwhile` happens as soon as it is recorded."""
    known = set(journal.recordings)

    def newest() -> list[Recording]:
        return [recording for id, recording in journal.recordings.items() if id not in known]

    player.add(Conversation(caller="+4930", agent="201", prefix=name).talk(0.6).hangup().script())
    await journal.until(lambda: newest() and newest()[0].state is RecordingState.RECORDING)
    meanwhile()
    await journal.until(lambda: newest()[0].state is RecordingState.CAPTURED)
    return newest()[0]


#: Half past two comes twice in this night in Berlin.
TWICE = datetime(2026, 10, 25, 0, 30, tzinfo=UTC).timestamp()
#: The hour after two does not come at all.
SPRING = datetime(2026, 3, 29, 1, 0, tzinfo=UTC).timestamp()


def test_in_a_night_with_an_hour_twice_or_never_every_recording_keeps_its_own_place_and_length(build: Build) -> None:
    house = build(timezone="Europe/Berlin")
    name = "{local:yyyy}-{local:MM}-{local:dd}-{local:HH}{local:mm}.{format}"
    house.settings["destinations"]["archive"]["url"] += name
    house.write_config()
    moments = {"once": TWICE, "again": TWICE + HOUR, "over the end": TWICE + HOUR / 2 - 1, "spring": SPRING - 1}
    asyncio.run(captured(house, moments))
    house.start("work")
    house.until_settled()
    assert {path.name for path in house.objects} == {
        "2026-10-25-02p020030.wav",
        "2026-10-25-02p010030.wav",
        "2026-10-25-02p020059.wav",
        "2026-03-29-01p010059.wav",
    }
    assert set(house.rows.states().values()) == {"available"}
    lengths = house.rows.ask("SELECT duration_seconds FROM renderings")
    assert [row["duration_seconds"] for row in lengths] == pytest.approx([2.0] * 4, abs=0.05)
    assert_each_copy_is_there_once(house)


async def captured(house: House, moments: dict[str, Moment]) -> None:
    """Recordings of two seconds from these moments on, as capture leaves them."""
    catalogue = Catalogue.open(house.rows.url, now=time.time)
    changes: list[Change] = []
    for number, (name, start) in enumerate(moments.items()):
        id, call = RecordingId(name), CallId(f"call of {name}")
        path = f"{number}.wav"
        with wave.open(str(house.pbx.spool / path), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(bytes([number + 1, 1]) * 16000)
        changes += [
            a_call(id=call, pbx="demo", state=CallState.ENDED, started_at=start, answered_at=start),
            a_recording(
                id=id,
                call_id=call,
                pbx="demo",
                destinations=(),
                state=RecordingState.CAPTURED,
                requested_at=start,
                started_at=start,
                ended_at=start + 2,
                options=RecordingOptions(format=AudioFormat.WAV, channels=ChannelLayout.STEREO),
            ),
            a_segment(
                id=SegmentId(f"segment of {name}"),
                recording_id=id,
                call_id=call,
                path=path,
                requested_at=start,
                started_at=start,
                stopped_at=start + 2,
                flushes=(FlushPoint(at=start + 2, frames=16000),),
            ),
            Due(kind="ship", subject=id, node="here", at=start),
        ]
    await catalogue.calls.apply("here", changes, JournalPosition(file="journal-00000001.jsonl", offset=0))
    await catalogue.close()
