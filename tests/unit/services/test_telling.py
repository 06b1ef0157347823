"""What of a recording comes into the outbox, for whom, in which order; over a real catalogue."""

import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from connector.domain.call import CallState
from connector.domain.notification import Notification, Shape, Told
from connector.domain.options import RecordingOptions
from connector.domain.recording import ArtefactKind
from connector.domain.states import DeliveryState, NotificationState, RecordingEvent, RecordingState
from connector.errors import CatalogueUnavailable, DestinationRefused, DestinationUnreachable
from connector.network.backoff import SCHEDULE_SECONDS
from connector.ports.notification_ledger import Disabled
from connector.services.guarding import Postponed
from connector.services.telling import Telling
from connector.settings import NotificationSettings
from connector.storage.memory import MemoryStore
from tests.builders import MORNING, RECORDING, a_call, a_recording
from tests.unit.services.memory_dues import MemoryDues
from tests.unit.services.memory_notifications import MemoryNotifications
from tests.unit.services.yard import Yard

MONO, STEREO = ArtefactKind.MONO, ArtefactKind.STEREO
AWAY = DestinationUnreachable("it does not answer")
FINISHED, AVAILABLE, FAILED, ABSENT = Told.FINISHED, Told.AVAILABLE, Told.FAILED, Told.ABSENT


def an_endpoint(**over: Any) -> NotificationSettings:
    return NotificationSettings(**({"url": "https://crm.example.com/calls"} | over))


class Office:
    """Somebody who is told of what happens in the yard."""

    def __init__(self, yard: Yard, endpoints: Mapping[str, NotificationSettings]) -> None:
        self.yard = yard
        self.endpoints = dict(endpoints)
        self.outbox = MemoryNotifications(yard.clock.now)
        self.dues = MemoryDues()
        self.telling = Telling(
            yard.catalogue.shipping, self.dues, self.outbox, lambda: self.endpoints, yard.clock, draw=lambda: 0.5
        )

    async def tell(self, subject: str = f"{RECORDING}/now", attempt: int = 1) -> None:
        ((_, step),) = self.telling.steps
        await step(subject, attempt)

    @property
    def kept(self) -> list[Notification]:
        return [kept.notification for kept in self.outbox.kept.values()]

    def told(self, endpoint: str = "crm") -> list[tuple[Told, str]]:
        return [(one.told, one.destination) for one in self.kept if one.endpoint == endpoint]


@pytest.fixture
def office(yard: Yard) -> Office:
    return Office(yard, {"crm": an_endpoint()})


async def test_a_recordings_way_is_told_step_by_step_and_nothing_twice(yard: Yard, office: Office) -> None:
    await yard.captured(yard.caller(), yard.agent(), ended_at=MORNING + 6)
    for expected in ([(FINISHED, "")], [(FINISHED, ""), (AVAILABLE, "archive")]):
        await office.tell()
        await office.tell()
        assert office.told() == expected
        await yard.run()
    finished, available = office.kept
    assert (finished.recording_id, finished.call_id, finished.organisation) == (RECORDING, "call-1", "default")
    assert (finished.state, finished.next_at) == (NotificationState.WAITING, yard.clock.now())
    assert json.loads(available.body)["destination"] == "memory:///call-1.wav"
    assert (
        json.loads(available.body)["files"][0]["sha256"] == (await yard.file()).artefact(await yard.delivery()).sha256
    )


async def test_the_same_is_the_same_for_another_node_and_another_for_another_endpoint(yard: Yard) -> None:
    await yard.captured()
    both = {"crm": an_endpoint(), "desk": an_endpoint(format=Shape.STANDARD)}
    one, other = Office(yard, both), Office(yard, both)
    await one.tell()
    await yard.clock.advance(3)
    await other.tell()
    ids = [notification.id for notification in one.kept]
    assert ids == [notification.id for notification in other.kept]
    assert len(set(ids)) == 2
    assert json.loads(one.kept[1].body)["type"] == "recording.finished"


@pytest.mark.parametrize("told_at", list(itertools.product([False, True], repeat=4)))
async def test_whatever_is_told_when_finished_stands_before_available_and_the_last_look_finds_all(
    yard: Yard, office: Office, told_at: Sequence[bool]
) -> None:
    other = yard.destinations.stores["other"] = MemoryStore()

    async def stage_over(number: int) -> None:
        if told_at[number]:
            await office.tell(f"{RECORDING}/{number}")

    await yard.rendered("archive", "other", kinds=(MONO, STEREO))
    await stage_over(0)
    other.fail_next(AWAY)
    yard.archive.fail_next(AWAY)
    await yard.run()
    await stage_over(1)
    await yard.run(attempt=2)
    await stage_over(2)
    await yard.run(attempt=3)
    await stage_over(3)
    await office.tell(f"{RECORDING}/last")
    found = office.told()
    assert found[0] == (FINISHED, "")
    assert sorted(found[1:]) == [(AVAILABLE, "archive"), (AVAILABLE, "other")]


async def test_a_backup_is_told_of_and_the_first_place_once_it_is_back_filled(yard: Yard, office: Office) -> None:
    yard.destinations.stores["spare"] = MemoryStore()
    yard.destinations.backups = {"archive": "spare"}
    await yard.rendered()
    yard.archive.fail_next(AWAY)
    await yard.run()
    await office.tell()
    assert office.told() == [(FINISHED, ""), (AVAILABLE, "spare")]
    await yard.clock.advance(100)
    await yard.run(attempt=2)
    assert (await yard.delivery()).state is DeliveryState.STORED
    await office.tell()
    assert office.told() == [(FINISHED, ""), (AVAILABLE, "spare"), (AVAILABLE, "archive")]


async def test_a_failure_is_told_with_its_reason_and_a_retry_that_helps_after_it(yard: Yard, office: Office) -> None:
    await yard.rendered()
    yard.archive.fail_next(DestinationRefused("archive said 403"))
    await yard.run()
    await office.tell()
    await office.tell()
    assert office.told() == [(FINISHED, ""), (FAILED, "")]
    assert json.loads(office.kept[1].body)["reason"] == "archive said 403"
    await yard.reviving.revive(RECORDING)
    await office.tell()
    await yard.run(attempt=2)
    await office.tell()
    assert office.told() == [(FINISHED, ""), (FAILED, ""), (AVAILABLE, "archive")]


@pytest.mark.parametrize("state", [RecordingState.ABSENT, RecordingState.FAILED_CAPTURE])
async def test_what_never_was_is_told_with_the_reason(yard: Yard, office: Office, state: RecordingState) -> None:
    await yard.apply(a_call(), a_recording(state=state, reason="nobody knows"))
    await office.tell()
    ((told, _),) = office.told()
    assert told is (ABSENT if state is RecordingState.ABSENT else FAILED)
    assert json.loads(office.kept[0].body)["reason"] == "nobody knows"


async def test_nothing_is_told_of_what_is_removed_silent_or_unknown(yard: Yard, office: Office) -> None:
    silent = RecordingOptions(notification_events=False)
    await yard.apply(a_call(), a_recording(id="silent", state=RecordingState.CAPTURED, options=silent))
    await yard.apply(a_recording(id="joined", state=RecordingState.ABSENT, reason="joined recording-1"))
    await yard.captured(yard.caller())
    await yard.catalogue.shipping.moved(RECORDING, RecordingEvent.ERASED)
    for subject in ("silent/captured", "joined/absent", "nobody/captured", f"{RECORDING}/captured"):
        await office.tell(subject)
    assert (office.kept, await office.dues.waiting()) == ([], 0)


async def test_each_endpoint_hears_its_own_events_of_its_own_organisations(yard: Yard, office: Office) -> None:
    office.endpoints = {
        "all": an_endpoint(),
        "available": an_endpoint(events=("recording_available",)),
        "acme": an_endpoint(organisations=("acme",)),
        "ours": an_endpoint(organisations=("acme", "default"), events=("recording_finished", "recording_failed")),
    }
    await yard.rendered()
    await yard.run()
    await office.tell()
    assert {name: [told for told, _ in office.told(name)] for name in office.endpoints} == {
        "all": [FINISHED, AVAILABLE],
        "available": [AVAILABLE],
        "acme": [],
        "ours": [FINISHED],
    }


async def test_an_endpoint_that_comes_with_the_configuration_hears_what_is_told_from_then_on(
    yard: Yard, office: Office
) -> None:
    office.endpoints = {}
    await yard.captured()
    await office.tell()
    assert office.kept == []
    office.endpoints = {"crm": an_endpoint()}
    await office.tell()
    assert office.told() == [(FINISHED, "")]


async def test_for_an_endpoint_that_is_gone_it_is_cancelled_visibly_until_it_has_another_address(
    yard: Yard, office: Office
) -> None:
    gone = Disabled(url="https://crm.example.com/calls", at=MORNING, reason="it answers 410: it is gone for good")
    await office.outbox.disable("crm", gone)
    office.endpoints |= {"desk": an_endpoint()}
    await yard.rendered()
    await office.tell()
    assert {one.endpoint: (one.state, one.reason) for one in office.kept} == {
        "crm": (NotificationState.CANCELLED, "it answers 410: it is gone for good"),
        "desk": (NotificationState.WAITING, ""),
    }
    office.endpoints["crm"] = an_endpoint(url="https://crm.example.com/new")
    await yard.run()
    await office.tell()
    assert [one.state for one in office.kept if one.endpoint == "crm"] == [
        NotificationState.CANCELLED,
        NotificationState.WAITING,
    ]


@pytest.fixture
def bots(yard: Yard) -> Office:
    return Office(yard, {"bots": an_endpoint(format=Shape.DIALGEN)})


async def ended(yard: Yard) -> None:
    await yard.apply(a_call(state=CallState.ENDED, ended_at=MORNING + 4 + 41))


async def test_dialgen_is_told_once_when_the_first_destination_holds_it(yard: Yard, bots: Office) -> None:
    yard.destinations.stores["other"] = MemoryStore()
    await yard.rendered("archive", "other")
    await ended(yard)
    await bots.tell()
    assert bots.kept == []
    await yard.run()
    await bots.tell()
    assert bots.told("bots") == [(AVAILABLE, "archive")]
    assert bots.kept[0].body == ('{"callData":{"id":"call-1","recordingUrl":null,"duration":41},"transcription":[]}')
    assert await bots.dues.waiting() == 0


async def test_dialgen_hears_once_of_a_second_place_that_is_stored_later(yard: Yard, bots: Office) -> None:
    other = yard.destinations.stores["other"] = MemoryStore()
    await yard.rendered("archive", "other")
    await ended(yard)
    yard.archive.fail_next(AWAY)
    await yard.run()
    await bots.tell()
    await yard.run(attempt=2)
    await bots.tell()
    assert (bots.told("bots"), len(other.objects)) == ([(AVAILABLE, "other")], 1)


async def test_dialgen_is_told_of_what_failed_or_never_was_and_of_what_a_retry_brings(yard: Yard, bots: Office) -> None:
    await yard.rendered()
    await ended(yard)
    yard.archive.fail_next(DestinationRefused("no"))
    await yard.run()
    await bots.tell()
    assert bots.told("bots") == [(FAILED, "")]
    await yard.reviving.revive(RECORDING)
    await yard.run(attempt=2)
    await bots.tell()
    assert bots.told("bots") == [(FAILED, ""), (AVAILABLE, "archive")]
    await yard.apply(a_recording(id="absent", state=RecordingState.ABSENT, reason="nobody answered"))
    await bots.tell("absent/absent")
    assert bots.told("bots")[2:] == [(ABSENT, "")]


async def test_dialgens_call_is_waited_for_when_its_recording_was_stopped_before(yard: Yard, bots: Office) -> None:
    await yard.rendered()
    await yard.run()
    await bots.tell()
    for attempt in (1, 2):
        assert bots.kept == []
        (due,) = await bots.dues.fallen("anybody", yard.clock.now() + 60, 9)
        assert (due.subject, due.attempt, due.at) == (f"{RECORDING}/call goes on", attempt, yard.clock.now() + 60)
        await bots.dues.forwarded([due])
        await yard.clock.advance(60)
        if attempt == 2:
            await ended(yard)
        await bots.tell(due.subject, due.attempt)
    assert (bots.told("bots"), await bots.dues.waiting()) == ([(AVAILABLE, "archive")], 0)
    assert json.loads(bots.kept[0].body)["callData"]["duration"] == 41


async def test_nobody_waits_for_a_call_of_which_dialgen_hears_nothing(yard: Yard, office: Office) -> None:
    await yard.rendered()
    await yard.run()
    await office.tell()
    office.endpoints = {"acme": an_endpoint(format=Shape.DIALGEN, organisations=("acme",))}
    await office.tell()
    assert (len(office.kept), await office.dues.waiting()) == (2, 0)


async def test_what_nobody_foresaw_falls_due_again_by_the_schedule(
    yard: Yard, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(notifications: Sequence[Notification]) -> int:
        raise RuntimeError("a bug")

    await yard.captured()
    monkeypatch.setattr(office.outbox, "add", broken)
    for attempt, wait in enumerate(SCHEDULE_SECONDS, start=1):
        with pytest.raises(Postponed, match="a bug"):
            await office.tell(attempt=attempt)
        (due,) = [due for due in office.dues.rows.values() if due.attempt == attempt + 1]
        assert (due.subject, due.node, due.at) == (f"{RECORDING}/now", None, yard.clock.now() + wait)
    with pytest.raises(Postponed):
        await office.tell(attempt=len(SCHEDULE_SECONDS) + 1)
    assert await office.dues.waiting() == len(SCHEDULE_SECONDS)


async def test_a_catalogue_that_is_away_is_the_engines_to_wait_for(yard: Yard, office: Office) -> None:
    await yard.captured()
    office.outbox.is_available = False
    with pytest.raises(CatalogueUnavailable):
        await office.tell()
    assert await office.dues.waiting() == 0


# --- what shipping writes with its states -----------------------------------------------------------------------------


async def test_every_stored_file_and_the_available_recording_fall_due_to_be_told(yard: Yard) -> None:
    await yard.rendered(kinds=(MONO, STEREO))
    assert await yard.tellings() == []
    await yard.run()
    assert sorted(await yard.tellings()) == [
        f"{RECORDING}/shipped/1",
        f"{RECORDING}/stored/archive/mono",
        f"{RECORDING}/stored/archive/stereo",
    ]


async def test_a_failure_to_render_or_to_store_falls_due_to_be_told_each_time(yard: Yard) -> None:
    await yard.captured()
    await yard.run()
    assert (await yard.recording()).state is RecordingState.FAILED_RENDER
    assert await yard.tellings() == [f"{RECORDING}/shipped/1"]
    await yard.reviving.revive(RECORDING)
    await yard.run(attempt=2)
    assert sorted(await yard.tellings()) == [f"{RECORDING}/shipped/1", f"{RECORDING}/shipped/2"]


async def test_a_store_that_refuses_falls_due_to_be_told(yard: Yard) -> None:
    await yard.rendered()
    yard.archive.fail_next(DestinationRefused("no"))
    await yard.run()
    assert (await yard.recording()).state is RecordingState.FAILED_STORE
    assert await yard.tellings() == [f"{RECORDING}/shipped/1"]


@pytest.mark.parametrize("stage", [RecordingState.CAPTURED, RecordingState.RENDERED])
async def test_what_broke_until_the_tries_were_over_falls_due_to_be_told(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, stage: RecordingState
) -> None:
    async def broken(*anything: object) -> None:
        raise RuntimeError("a bug")

    await (yard.captured(yard.caller()) if stage is RecordingState.CAPTURED else yard.rendered())
    name = "_renderer" if stage is RecordingState.CAPTURED else "_storing"
    monkeypatch.setattr(getattr(yard.shipping, name), "render" if name == "_renderer" else "deliver", broken)
    last = len(SCHEDULE_SECONDS) + 1
    await yard.run(attempt=last)
    assert (await yard.recording()).state in {RecordingState.FAILED_RENDER, RecordingState.FAILED_STORE}
    assert await yard.tellings() == [f"{RECORDING}/shipped/{last}"]


async def test_a_back_filled_destination_falls_due_to_be_told(yard: Yard) -> None:
    other = yard.destinations.stores["other"] = MemoryStore()
    await yard.rendered("archive", "other")
    other.fail_next(AWAY)
    await yard.run()
    before = set(await yard.tellings())
    await yard.run(attempt=2)
    assert set(await yard.tellings()) - before == {f"{RECORDING}/stored/other/stereo"}
