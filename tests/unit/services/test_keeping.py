"""What people decide about recordings: longer, on hold, deleted; and who may see which."""

from collections.abc import AsyncIterator

import pytest

from connector.domain.access import Limits
from connector.domain.call import CallState
from connector.domain.ids import RecordingId
from connector.domain.keeping import DAY_SECONDS
from connector.domain.retention import Plan, Terms, tombstone
from connector.domain.states import DeliveryState, RecordingEvent, RecordingState
from connector.errors import (
    BadRequest,
    CatalogueUnavailable,
    Conflict,
    DestinationRefused,
    NoLongerThere,
    NotFound,
    OnHold,
)
from connector.ports.erasure_ledger import ErasureState
from tests.builders import CALL, MORNING, RECORDING, a_call, a_recording
from tests.unit.services.registry import ADMIN, Registry, an_access
from tests.unit.services.yard import OPTIONS, Yard

SECOND = an_access("k2")
STRANGER = an_access("k3", organisation="another")
LIMITED = an_access("k4", limits=Limits(numbers=("+49999",)))


@pytest.fixture
async def registry(yard: Yard) -> AsyncIterator[Registry]:
    made = Registry(yard)
    yield made
    await made.auditing.close()


async def ended(registry: Registry) -> None:
    await registry.yard.apply(a_call(state=CallState.ENDED))


async def test_extended_it_is_kept_from_today_on(registry: Registry) -> None:
    await registry.stored("archive")
    await registry.retention.reckon()
    (kept,) = await registry.keeper.extend(ADMIN, CALL, 365)
    assert kept.expires_at == registry.clock.now() + 365 * DAY_SECONDS
    keeping = await registry.keeping()
    assert (keeping.expires_at, keeping.is_extended) == (kept.expires_at, True)
    (again,) = await registry.keeper.extend(ADMIN, CALL, 1)
    assert again.expires_at == kept.expires_at
    (ever,) = await registry.keeper.extend(ADMIN, CALL, 0)
    assert ever.expires_at is None
    assert await registry.actions() == ["recording.extended"] * 3


async def test_extending_what_is_not_reckoned_yet_shortens_nothing(registry: Registry) -> None:
    await registry.stored("archive")
    (kept,) = await registry.keeper.extend(ADMIN, CALL, 1)
    promised = MORNING + 4 + 90 * DAY_SECONDS
    assert kept.expires_at == promised
    await registry.yard.apply(a_recording(id="live", state=RecordingState.RECORDING))
    live, _ = await registry.keeper.extend(ADMIN, CALL, 1)
    assert live.expires_at == registry.clock.now() + 90 * DAY_SECONDS


async def test_extending_beyond_the_plan_is_refused_and_changes_nothing(registry: Registry) -> None:
    registry.terms = Terms(plans={"default": Plan(name="small", most_days=90)})
    await registry.stored("archive")
    before = await registry.yard.everything()
    for days in (91, 0):
        with pytest.raises(BadRequest, match="plan 'small'"):
            await registry.keeper.extend(ADMIN, CALL, days)
    assert await registry.yard.everything() == before


async def test_deleted_it_goes_from_every_destination_with_its_words(registry: Registry) -> None:
    await registry.stored("archive", "bucket")
    await ended(registry)
    answer = await registry.keeper.delete(ADMIN, CALL)
    assert (answer.state, {thing.destination for thing in answer.things}) == (
        ErasureState.UNDER_WAY,
        {"archive", "bucket", ""},
    )
    await registry.removed()
    assert await registry.state() is RecordingState.REMOVED
    assert [store.objects for store in registry.yard.destinations.stores.values()] == [{}, {}]
    again = await registry.keeper.delete(ADMIN, CALL)
    assert again.state is ErasureState.ERASED
    assert await registry.actions() == ["recording.deleted"]
    stone = tombstone(await registry.yard.file())
    assert stone is not None
    assert stone.remaining == ()


async def test_the_call_itself_stays_as_it_is_when_its_recording_is_deleted(registry: Registry) -> None:
    await registry.stored("archive")
    await registry.keeper.delete(ADMIN, CALL)
    await registry.removed()
    await registry.erasing.go_on()
    assert (await registry.yard.file()).call == a_call()


async def test_a_recording_that_is_begun_after_the_deletion_is_another(registry: Registry) -> None:
    await registry.stored("archive")
    await registry.keeper.delete(ADMIN, CALL)
    await registry.yard.apply(
        a_recording(id="later", state=RecordingState.CAPTURED, requested_at=registry.clock.now() + 1, options=OPTIONS)
    )
    await registry.erasing.go_on()
    later = await registry.catalogue.shipping.file(RecordingId("later"))
    assert later is not None
    assert later.recording.state is RecordingState.CAPTURED


async def test_a_deletion_reaches_what_expiry_has_left_in_a_bucket(registry: Registry) -> None:
    await registry.stored("bucket")
    await registry.catalogue.keeping.reckon({RecordingId(RECORDING): MORNING})
    await registry.retention.run_once(registry.clock.now())
    await registry.removed()
    assert (await registry.copy("bucket")).state is DeliveryState.LEFT
    await registry.keeper.delete(ADMIN, CALL)
    await registry.removed()
    assert (await registry.copy("bucket")).state is DeliveryState.DELETED
    assert registry.yard.destinations.stores["bucket"].objects == {}


async def test_what_runs_is_not_deleted(registry: Registry) -> None:
    await registry.stored("archive")
    await registry.yard.apply(a_recording(id="live", state=RecordingState.RECORDING))
    with pytest.raises(Conflict, match="stop"):
        await registry.keeper.delete(ADMIN, CALL)
    assert await registry.state() is RecordingState.AVAILABLE


async def test_a_hold_refuses_every_deletion(registry: Registry) -> None:
    await registry.stored("archive")
    (held,) = await registry.keeper.hold(ADMIN, CALL, "case 7")
    assert (held.hold.reason, held.hold.by) == ("case 7", "key k1")
    with pytest.raises(OnHold):
        await registry.keeper.delete(ADMIN, CALL)
    assert await registry.state() is RecordingState.AVAILABLE
    assert await registry.book.read() == []


async def test_a_release_needs_two_different_keys(registry: Registry) -> None:
    await registry.stored("archive")
    await registry.keeper.hold(ADMIN, CALL, "")
    for _ in range(2):
        (waiting,) = (await registry.keeper.release(ADMIN, CALL)).waiting
        assert waiting.hold.release_by == "key k1"
    assert (await registry.keeper.release(SECOND, CALL)).waiting == ()
    with pytest.raises(NotFound):
        await registry.keeper.release(SECOND, CALL)
    assert await registry.actions() == [
        "recording.held",
        "recording.release_asked",
        "recording.release_asked",
        "recording.released",
    ]


async def test_a_hold_placed_again_calls_the_release_off(registry: Registry) -> None:
    await registry.stored("archive")
    await registry.keeper.hold(ADMIN, CALL, "case 7")
    await registry.keeper.release(ADMIN, CALL)
    await registry.keeper.hold(SECOND, CALL, "still")
    (waiting,) = (await registry.keeper.release(SECOND, CALL)).waiting
    assert (waiting.hold.release_by, waiting.hold.reason) == ("key k2", "case 7")


async def test_a_held_recording_that_is_thrown_away_with_its_call_waits(registry: Registry) -> None:
    await registry.yard.rendered("archive")
    await registry.yard.apply(registry.yard.caller())
    await registry.keeper.hold(ADMIN, CALL, "case 7")
    await registry.catalogue.shipping.moved(RecordingId(RECORDING), RecordingEvent.DISCARDED, reason="by the caller")
    for name, step in registry.yard.removing.steps[:1]:
        with pytest.raises(Exception, match="legal hold"):
            await step(RECORDING, 1)
        assert name == "remove copies"
    assert list(registry.yard.spool.iterdir()) != []
    for access in (ADMIN, SECOND):
        await registry.keeper.release(access, CALL)
    await registry.clock.advance(3601)
    await registry.removed()
    assert await registry.state() is RecordingState.REMOVED
    assert list(registry.yard.spool.iterdir()) == []


@pytest.mark.parametrize("access", [STRANGER, LIMITED], ids=["stranger", "limited"])
async def test_anothers_call_is_not_found(registry: Registry, access: object) -> None:
    await registry.stored("archive")
    before = await registry.yard.everything()
    keeper = registry.keeper
    for asked in (keeper.extend(access, CALL, 5), keeper.delete(access, CALL), keeper.hold(access, CALL, "")):  # type: ignore[arg-type]
        with pytest.raises(NotFound):
            await asked
    with pytest.raises(NotFound):
        await keeper.release(access, CALL)  # type: ignore[arg-type]
    assert await registry.yard.everything() == before


async def test_holds_are_listed_for_whom_they_concern(registry: Registry) -> None:
    await registry.stored("archive")
    await registry.keeper.hold(ADMIN, CALL, "case 7")
    house = an_access("k9", organisation=None)
    assert [len(await registry.keeper.holds(one, limit=5)) for one in (ADMIN, house, STRANGER, LIMITED)] == [1, 1, 0, 0]


async def test_nothing_is_kept_of_what_is_gone_and_nothing_of_what_never_was(registry: Registry) -> None:
    await registry.yard.apply(a_call(), a_recording(state=RecordingState.ABSENT))
    with pytest.raises(NotFound):
        await registry.keeper.extend(ADMIN, CALL, 5)
    await registry.yard.apply(a_call(id="c2"), a_recording(id="r2", call_id="c2", state=RecordingState.REMOVED))
    with pytest.raises(NoLongerThere):
        await registry.keeper.hold(ADMIN, "c2", "")
    await registry.yard.apply(a_call(id="c3"))
    with pytest.raises(NotFound):
        await registry.keeper.delete(ADMIN, "c3")


async def test_what_cannot_be_written_down_is_not_done(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    await registry.stored("archive")

    async def silent(*_: object, **__: object) -> None:
        raise CatalogueUnavailable("the log is full")

    monkeypatch.setattr(registry.auditing, "done", silent)
    before = await registry.yard.everything()
    keeper = registry.keeper
    for asked in (keeper.extend(ADMIN, CALL, 5), keeper.delete(ADMIN, CALL), keeper.hold(ADMIN, CALL, "")):
        with pytest.raises(CatalogueUnavailable):
            await asked
    assert await registry.yard.everything() == before


async def test_a_copy_that_cannot_be_deleted_is_named_with_its_reason(registry: Registry) -> None:
    await registry.stored("archive")
    await registry.keeper.delete(ADMIN, CALL)
    registry.yard.archive.fail_next(DestinationRefused("object lock until 2030"))
    await registry.removed()
    answer = await registry.keeper.delete(ADMIN, CALL)
    assert answer.state is ErasureState.CANNOT
    assert "object lock until 2030" in answer.reason
