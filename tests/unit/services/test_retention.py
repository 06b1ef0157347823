"""The daily job: what has had its days goes, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from connector.domain.ids import RecordingId
from connector.domain.keeping import DAY_SECONDS, Hold
from connector.domain.options import RecordingOptions
from connector.domain.organisation import Directory
from connector.domain.policy import Policy
from connector.domain.retention import RETENTION, Plan, Terms
from connector.domain.states import DeliveryState, RecordingState
from connector.errors import DestinationRefused
from tests.builders import MORNING, RECORDING, a_call, a_recording
from tests.contract.catalogue.keeping_site import spoken, words
from tests.unit.services.registry import Registry
from tests.unit.services.yard import OPTIONS, Yard


@pytest.fixture
async def registry(yard: Yard) -> AsyncIterator[Registry]:
    made = Registry(yard)
    yield made
    await made.auditing.close()


async def recorded(registry: Registry, days: int | None = None, **over: object) -> None:
    """Captured at MORNING, to be kept so long."""
    options = replace(OPTIONS, retention_days=days)
    await registry.yard.captured(options=options, ended_at=MORNING, **over)


async def stored_for(registry: Registry, days: int, *destinations: str) -> None:
    """Available since MORNING, with an end."""
    await registry.stored(*(destinations or ("archive",)))
    await registry.catalogue.keeping.reckon({RECORDING: MORNING + days * DAY_SECONDS})


@pytest.mark.parametrize(("days", "kept"), [(7, 7), (365, 30), (0, 30), (None, 30)])
async def test_an_end_is_reckoned_from_the_end_of_the_recording_within_the_plan(
    registry: Registry, days: int | None, kept: int
) -> None:
    registry.terms = Terms(plans={"default": Plan(name="small", most_days=30)})
    await recorded(registry, days)
    assert await registry.retention.reckon() == 1
    assert (await registry.keeping()).expires_at == MORNING + kept * DAY_SECONDS
    assert await registry.retention.reckon() == 0


async def test_without_a_plan_unlimited_has_no_end(registry: Registry) -> None:
    await recorded(registry, 0)
    await registry.retention.reckon()
    keeping = await registry.keeping()
    assert (keeping.expires_at, keeping.is_reckoned) == (None, True)


async def test_what_is_over_goes_from_every_folder_with_its_words(registry: Registry) -> None:
    await stored_for(registry, 30)
    await registry.days_pass(29.9)
    assert (await registry.retention.run_once(registry.clock.now())).expired == 0
    await registry.days_pass(0.2)
    report = await registry.retention.run_once(registry.clock.now())
    assert (report.expired, [one.recording_id for one in report.going]) == (1, [RECORDING])
    await registry.removed()
    gone = await registry.yard.recording()
    assert (gone.state, gone.reason) == (RecordingState.REMOVED, "its days were over")
    assert (await registry.keeping()).removed_by == RETENTION
    assert registry.yard.archive.objects == {}
    assert list(registry.yard.spool.iterdir()) == []
    assert await registry.actions() == ["retention.ran", "retention.ran"]


async def test_a_bucket_of_the_users_own_is_left_to_its_rules(registry: Registry) -> None:
    await stored_for(registry, 1, "archive", "bucket")
    await registry.days_pass(2)
    await registry.retention.run_once(registry.clock.now())
    await registry.removed()
    assert await registry.state() is RecordingState.REMOVED
    assert (await registry.copy()).state is DeliveryState.DELETED
    assert (await registry.copy("bucket")).state is DeliveryState.LEFT
    assert registry.yard.destinations.stores["bucket"].objects != {}


async def test_a_bucket_that_we_are_asked_to_clean_is_cleaned(registry: Registry) -> None:
    registry.terms = Terms(deletes_expired={"bucket": True})
    await stored_for(registry, 1, "bucket")
    await registry.days_pass(2)
    await registry.retention.run_once(registry.clock.now())
    await registry.removed()
    assert registry.yard.destinations.stores["bucket"].objects == {}


async def test_a_dry_run_names_what_would_go_and_changes_nothing(registry: Registry) -> None:
    await stored_for(registry, 30)
    await registry.yard.apply(
        a_call(id="c2"),
        a_recording(id="new", call_id="c2", state=RecordingState.FAILED_STORE, ended_at=MORNING, options=OPTIONS),
    )
    await registry.days_pass(100)
    before = await registry.yard.everything()
    report = await registry.retention.run_once(registry.clock.now(), dry_run=True)
    assert await registry.yard.everything() == before
    assert (report.is_dry, report.expired, report.reckoned) == (True, 2, 1)
    assert [one.recording_id for one in report.going] == [RECORDING, "new"]


async def test_a_hold_is_stronger_than_any_number_of_days(registry: Registry) -> None:
    await stored_for(registry, 30)
    held = Hold(recording_id=RECORDING, organisation="default", by="key k1", at=MORNING)
    await registry.catalogue.keeping.hold(held)
    await registry.days_pass(4000)
    report = await registry.retention.run_once(registry.clock.now())
    assert (report.expired, [one.stays for one in report.staying]) == (0, ["on hold"])
    assert await registry.state() is RecordingState.AVAILABLE


async def test_many_go_in_slices(registry: Registry) -> None:
    await registry.yard.apply(
        *(
            a_recording(id=f"r{number:04}", state=RecordingState.FAILED_STORE, ended_at=MORNING, options=OPTIONS)
            for number in range(250)
        )
    )
    await registry.days_pass(91)
    report = await registry.retention.run_once(registry.clock.now())
    assert (report.reckoned, report.expired) == (250, 250)


async def test_what_could_not_be_deleted_is_tried_again_every_day_until_it_can(registry: Registry) -> None:
    await stored_for(registry, 1)
    await registry.days_pass(2)
    await registry.retention.run_once(registry.clock.now())
    registry.yard.archive.fail_next(DestinationRefused("locked until tomorrow"))
    await registry.removed()
    assert await registry.state() is RecordingState.REMOVED
    (named,) = await registry.catalogue.keeping.undeleted(9)
    assert named.delivery.reason == "locked until tomorrow"
    assert (await registry.retention.run_once(registry.clock.now())).tried_again == 1
    await registry.removed()
    assert (await registry.copy()).state is DeliveryState.DELETED
    assert registry.yard.archive.objects == {}
    assert (await registry.retention.run_once(registry.clock.now())).tried_again == 0


async def test_a_changed_setting_reaches_earlier_recordings_when_asked(registry: Registry) -> None:
    await recorded(registry, 90)
    await registry.retention.reckon()
    registry.terms = Terms(
        policies={"default": Policy(default_options=RecordingOptions(retention_days=10))},
        directories={"asterisk": Directory()},
    )
    await registry.retention.reckon()
    assert (await registry.keeping()).expires_at == MORNING + 90 * DAY_SECONDS
    assert await registry.retention.reapply("another") == 0
    assert await registry.retention.reapply("default") == 1
    assert (await registry.keeping()).expires_at == MORNING + 10 * DAY_SECONDS
    assert await registry.retention.reapply(None) == 0


async def test_a_changed_setting_never_reaches_what_is_extended_or_held(registry: Registry) -> None:
    await recorded(registry, 90)
    await registry.yard.apply(a_recording(id="held", state=RecordingState.CAPTURED, ended_at=MORNING, options=OPTIONS))
    await registry.retention.reckon()
    await registry.catalogue.keeping.extend(RECORDING, MORNING + 1000 * DAY_SECONDS)
    await registry.catalogue.keeping.hold(
        Hold(recording_id=RecordingId("held"), organisation="default", by="key k1", at=MORNING)
    )
    registry.terms = Terms(
        policies={"default": Policy(default_options=RecordingOptions(retention_days=10))},
        directories={"asterisk": Directory()},
    )
    assert await registry.retention.reapply(None) == 0


async def ran(registry: Registry) -> bool:
    return await registry.retention.run_if_due(registry.clock.now()) is not None


async def test_the_job_runs_once_a_day_at_its_hour(registry: Registry) -> None:
    # MORNING is at nine; the clock stands 100 seconds later.
    assert not await ran(registry), "nobody loses anything by an upgrade"
    await registry.clock.advance(18 * 3600)
    assert not await ran(registry), "it is three"
    await registry.clock.advance(1800)
    assert await ran(registry)
    assert not await ran(registry)
    await registry.days_pass(1)
    assert await ran(registry)


async def test_a_node_that_was_off_at_that_hour_runs_it_at_its_next_start(registry: Registry) -> None:
    await ran(registry)
    await registry.days_pass(2.5)
    registry.restart()
    assert await ran(registry)


async def test_the_hour_is_that_of_the_configuration_of_now(registry: Registry) -> None:
    await ran(registry)
    registry.hour = ("09:30", "UTC")
    await registry.clock.advance(1700)
    assert await ran(registry)


async def test_for_ever_it_reckons_soon_and_runs_when_it_is_time(registry: Registry) -> None:
    await recorded(registry, 7)
    task = asyncio.create_task(registry.retention.run_for_ever())
    await registry.clock.until_sleeping()
    assert (await registry.keeping()).expires_at == MORNING + 7 * DAY_SECONDS
    assert await registry.catalogue.keeping.last_run() == registry.clock.now()
    task.cancel()
    await asyncio.wait([task])


async def test_transcripts_with_days_of_their_own_end_by_themselves(registry: Registry) -> None:
    await registry.yard.apply(
        a_call(id=f"call-{RECORDING}"),
        a_recording(
            call_id=f"call-{RECORDING}",
            state=RecordingState.CAPTURED,
            ended_at=MORNING,
            options=RecordingOptions(transcript_retention_days=5),
        ),
    )
    await spoken(registry.catalogue, RECORDING)
    await registry.days_pass(4)
    assert (await registry.retention.run_once(registry.clock.now())).transcripts == 0
    await registry.days_pass(2)
    assert (await registry.retention.run_once(registry.clock.now())).transcripts == 1
    assert await words(registry.catalogue.database, RECORDING) == ("removed", "[]")
