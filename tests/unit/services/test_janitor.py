"""Local files go when they have done their duty, and nothing that stays keeps the others waiting."""

from collections.abc import AsyncIterator

import pytest

from connector.domain.recording import Segment
from connector.domain.states import RecordingState
from connector.engine.memory import MemoryEngine
from connector.errors import CatalogueUnavailable, SourceMissing
from connector.services.janitor import Janitor, Memory
from tests.builders import RECORDING, TAKEN, a_call, a_due, a_notification, a_recording
from tests.unit.services.memory_vault import MemoryVault
from tests.unit.services.yard import Yard

KEEP_SECONDS = 3600.0


@pytest.fixture
def free() -> dict[str, float]:
    """How much of each disk is free, in percent, by the folder's name."""
    return {"state": 50.0, "spool": 50.0}


@pytest.fixture
def vault() -> MemoryVault:
    return MemoryVault()


class Forgotten(list[float]):
    """Up to when something was to be forgotten, each time."""

    async def append_until(self, before: float) -> int:
        self.append(before)
        return 1


@pytest.fixture
def forgotten() -> Forgotten:
    return Forgotten()


@pytest.fixture
async def janitor(
    yard: Yard, vault: MemoryVault, free: dict[str, float], forgotten: Forgotten
) -> AsyncIterator[Janitor]:
    engine = MemoryEngine(1)
    await engine.start({"ship": []})
    yield Janitor(
        yard.catalogue.shipping,
        yard.catalogue.dues,
        engine,
        yard.removing,
        yard.catalogue.notifications,
        vault,
        yard.clock,
        node="here",
        folder=yard.state,
        keep_local_seconds=KEEP_SECONDS,
        least_room_percent=10.0,
        spools=[yard.spool],
        memories=[Memory(seconds=100.0, forget=forgotten.append_until)],
        free_percent=lambda folder: free[folder.name],
    )
    await engine.drain(0)


async def available(yard: Yard) -> Segment:
    segment = yard.caller()
    await yard.rendered()
    await yard.apply(segment)
    await yard.run()
    return segment


async def test_a_recording_that_never_had_a_file_is_looked_at_no_more_a_day_later(yard: Yard, janitor: Janitor) -> None:
    await yard.apply(a_call(), a_recording(state=RecordingState.ABSENT))
    await janitor.round()
    assert await janitor.note_fileless() == 0
    await yard.clock.advance(86_400)
    assert await janitor.note_fileless() == 1
    assert await janitor.note_fileless() == 0


async def test_local_files_go_when_the_copy_is_confirmed_and_the_keep_time_is_over(
    yard: Yard, janitor: Janitor
) -> None:
    segment = await available(yard)
    await yard.clock.advance(KEEP_SECONDS)
    assert await janitor.remove_local_files() == 0
    assert (yard.spool / segment.path).exists()
    await yard.clock.advance(1)
    assert await janitor.remove_local_files() == 1
    assert not (yard.spool / segment.path).exists()
    assert not (yard.state / "work" / RECORDING).exists()
    assert yard.archive.objects
    assert await janitor.remove_local_files() == 0


async def test_what_was_delivered_a_month_ago_leaves_the_list(yard: Yard, janitor: Janitor) -> None:
    ledger = yard.catalogue.notifications
    await ledger.add([a_notification()])
    await ledger.delivered("msg_1", TAKEN)
    settled_at = TAKEN.at + TAKEN.seconds
    await yard.clock.advance(settled_at + 30 * 86_400 - yard.clock.now())
    await janitor.round()
    assert await ledger.find("msg_1") is not None
    await yard.clock.advance(1)
    await janitor.round()
    assert await ledger.find("msg_1") is None


@pytest.mark.parametrize("disk", ["state", "spool"])
async def test_where_room_is_short_nothing_is_kept_longer_than_its_copies_need(
    yard: Yard, janitor: Janitor, free: dict[str, float], disk: str, caplog: pytest.LogCaptureFixture
) -> None:
    await available(yard)
    await yard.clock.advance(1)
    free[disk] = 10.0
    assert await janitor.remove_local_files() == 0
    free[disk] = 9.9
    assert await janitor.remove_local_files() == 1
    (said,) = [record for record in caplog.records if record.getMessage() == "local files kept no longer"]
    assert str(getattr(yard, disk)) in said.__dict__["hint"]


async def test_however_short_room_is_what_is_not_confirmed_everywhere_stays(
    yard: Yard, janitor: Janitor, free: dict[str, float]
) -> None:
    segment = yard.caller()
    await yard.rendered("archive", "gone")
    await yard.apply(segment)
    await yard.run()
    free["state"] = 0.0
    await yard.clock.advance(1e6)
    assert await janitor.remove_local_files() == 0
    assert (yard.spool / segment.path).exists()


async def test_once_a_day_the_vault_forgets_what_nobody_refers_to(
    yard: Yard, janitor: Janitor, vault: MemoryVault
) -> None:
    began = yard.clock.now()
    for _ in range(3):
        await janitor.round()
        await yard.clock.advance(86_400 / 2)
    assert vault.forgetting == [(began - 86_400, set()), (began, set())]


async def test_once_a_day_what_nobody_needs_to_remember_is_forgotten(
    yard: Yard, janitor: Janitor, forgotten: Forgotten
) -> None:
    await janitor.round()
    await yard.clock.advance(86_000)
    await janitor.round()
    first = yard.clock.now() - 86_000 - 100
    assert forgotten == [first]
    await yard.clock.advance(400)
    await janitor.round()
    assert forgotten == [first, first + 86_400]


async def test_local_files_stay_while_one_destination_has_not_confirmed(yard: Yard, janitor: Janitor) -> None:
    segment = yard.caller()
    await yard.rendered("archive", "gone")
    await yard.apply(segment)
    await yard.run()
    assert (await yard.recording()).state is RecordingState.AVAILABLE
    await yard.clock.advance(1e6)
    assert await janitor.remove_local_files() == 0
    assert (yard.spool / segment.path).exists()


@pytest.mark.parametrize("state", [RecordingState.FAILED_RENDER, RecordingState.FAILED_STORE])
async def test_what_failed_keeps_its_sources(yard: Yard, janitor: Janitor, state: RecordingState) -> None:
    segment = yard.caller()
    await yard.captured(segment, state=state)
    await yard.clock.advance(1e6)
    assert await janitor.remove_local_files() == 0
    assert (yard.spool / segment.path).exists()


async def test_files_that_cannot_be_deleted_keep_no_others_waiting(
    yard: Yard, janitor: Janitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        await yard.apply(
            a_call(),
            a_recording(id=name, state=RecordingState.ABSENT, requested_at=1.0 if name == "a" else 2.0),
            yard.caller(id=f"of {name}", recording_id=name, path=f"{name}.wav"),
        )
        (yard.spool / f"{name}.wav").write_bytes(b"RIFF")
    remove = yard.source.remove

    async def guarded(path: str) -> None:
        if path == "a.wav":
            raise SourceMissing("a.wav cannot be deleted (Permission denied)")
        await remove(path)

    monkeypatch.setattr(yard.source, "remove", guarded)
    assert await janitor.remove_local_files() == 1
    assert [path.name for path in sorted(yard.spool.glob("?.wav"))] == ["a.wav"]


async def test_a_pbx_that_left_the_configuration_does_not_keep_the_janitor_busy(yard: Yard, janitor: Janitor) -> None:
    segment = await available(yard)
    yard.sources.clear()
    await yard.clock.advance(1e6)
    assert await janitor.remove_local_files() == 0
    assert (yard.spool / segment.path).exists()


async def test_work_that_nobody_holds_is_taken_up_again(yard: Yard, janitor: Janitor) -> None:
    await yard.captured(yard.caller())
    assert await janitor.take_up_stuck() == 1
    (due,) = await yard.dues()
    assert (due.kind, due.subject, due.attempt, due.node) == ("ship", RECORDING, 1, "here")
    assert await janitor.take_up_stuck() == 0


async def test_work_that_waits_for_its_time_is_not_stuck(yard: Yard, janitor: Janitor) -> None:
    await yard.captured(yard.caller())
    await yard.apply(a_due(at=yard.clock.now() + 1e6))
    assert await janitor.take_up_stuck() == 0


async def test_a_catalogue_that_is_away_makes_a_round_wait(
    yard: Yard, janitor: Janitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await available(yard)

    async def locked(_: object) -> None:
        raise CatalogueUnavailable("it is locked")

    monkeypatch.setattr(yard.catalogue.shipping, "file", locked)
    await yard.clock.advance(1e6)
    with pytest.raises(CatalogueUnavailable):
        await janitor.remove_local_files()
    monkeypatch.undo()
    assert await janitor.remove_local_files() == 1
