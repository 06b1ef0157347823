"""The HealthLedger on both databases."""

from connector.catalogue.store import Catalogue
from connector.domain.ids import RecordingId
from connector.domain.notification import Told
from connector.domain.recording import Delivery
from connector.domain.states import DeliveryEvent, NotificationState, RecordingState
from connector.ports.call_ledger import JournalPosition
from connector.ports.health_ledger import Copies, Queue, Standing
from tests.builders import MORNING, a_call, a_delivery, a_due, a_notification, a_recording, a_rendering, an_artefact
from tests.contract.catalogue.conftest import NOW

_EVENTS = {"stored": DeliveryEvent.STORED, "refused": DeliveryEvent.REFUSED, "gave up": DeliveryEvent.GAVE_UP}


async def rendered(catalogue: Catalogue, id: str, organisation: str = "acme", **copies: str) -> None:
    """A recording with a copy for each destination, and what became of it."""
    recording = RecordingId(id)
    about = {"id": recording, "call_id": id, "organisation": organisation, "state": RecordingState.CAPTURED}
    position = JournalPosition(file="j", offset=1)
    await catalogue.calls.apply("here", [a_call(id=id, organisation=organisation), a_recording(**about)], position)
    deliveries: dict[str, Delivery] = {name: a_delivery(recording_id=recording, destination=name) for name in copies}
    made = a_rendering(artefacts=(an_artefact(recording_id=recording),))
    await catalogue.shipping.rendered(recording, made, list(deliveries.values()))
    for name, became in copies.items():
        if became in _EVENTS:
            await catalogue.shipping.delivery_moved(deliveries[name], _EVENTS[became], reason=f"{name} {became}")


async def test_of_an_empty_catalogue_nothing_waits_and_every_destination_that_was_asked_for_is_named(
    catalogue: Catalogue,
) -> None:
    assert await catalogue.health.standing(None, ["archive"]) == Standing(copies={"archive": Copies()}, queues=[])


async def test_copies_are_counted_by_destination_and_by_what_became_of_them(catalogue: Catalogue) -> None:
    await rendered(catalogue, "r1", archive="stored", bucket="waiting")
    await rendered(catalogue, "r2", archive="stored", bucket="refused")
    await rendered(catalogue, "r3", bucket="gave up")
    found = await catalogue.health.standing(None, ["archive", "spare"])
    assert found.copies == {
        "archive": Copies(stored_last=NOW),
        "spare": Copies(),
        "bucket": Copies(waiting=1, refused=1, gave_up=1, reason="bucket refused"),
    }


async def test_of_those_that_only_wait_one_says_why(catalogue: Catalogue) -> None:
    await rendered(catalogue, "r1", bucket="waiting")
    due = a_due(subject="r1")
    await catalogue.shipping.delivery_postponed(a_delivery(recording_id="r1", destination="bucket"), "no answer", due)
    await rendered(catalogue, "r2", bucket="waiting")
    found = await catalogue.health.standing(None, [])
    assert found.copies == {"bucket": Copies(waiting=2, reason="no answer")}


async def test_copies_that_could_not_be_deleted_are_counted_with_why(catalogue: Catalogue) -> None:
    for id in ("r1", "r2"):
        await rendered(catalogue, id, archive="stored", bucket="waiting")
        stored = a_delivery(recording_id=RecordingId(id), destination="archive")
        await catalogue.shipping.delivery_moved(stored, DeliveryEvent.DELETING)
        await catalogue.shipping.delivery_moved(stored, DeliveryEvent.UNDELETABLE, reason="object lock")
    found = await catalogue.health.standing(None, [])
    assert found.copies == {
        "archive": Copies(undeletable=2, stored_last=NOW, undeletable_reason="object lock"),
        "bucket": Copies(waiting=2),
    }


async def test_an_organisation_s_copies_and_last_moments_are_its_own(catalogue: Catalogue) -> None:
    await rendered(catalogue, "r1", "acme", archive="refused")
    await rendered(catalogue, "r2", "globex", archive="stored", secret="waiting")
    found = await catalogue.health.standing("acme", ["archive"])
    assert found.copies == {"archive": Copies(refused=1, reason="archive refused")}
    theirs = await catalogue.health.standing("globex", ["archive"])
    assert theirs.copies == {"archive": Copies(stored_last=NOW), "secret": Copies(waiting=1)}


async def test_what_waits_for_its_time_is_counted_by_kind_with_the_first(catalogue: Catalogue) -> None:
    await rendered(catalogue, "r1", "acme")
    await rendered(catalogue, "r2", "globex")
    await catalogue.dues.add(
        [
            a_due(kind="ship", subject="r1", at=MORNING + 60),
            a_due(kind="ship", subject="r2", at=MORNING + 50),
            a_due(kind="remove", subject="r2", at=MORNING + 70),
        ]
    )
    assert (await catalogue.health.standing(None, [])).queues == [
        Queue(kind="remove", waiting=1, oldest_at=MORNING + 70),
        Queue(kind="ship", waiting=2, oldest_at=MORNING + 50),
    ]
    assert (await catalogue.health.standing("acme", [])).queues == [
        Queue(kind="ship", waiting=1, oldest_at=MORNING + 60)
    ]


async def test_notifications_that_wait_and_that_are_dead_are_counted_but_for_dead_trials(catalogue: Catalogue) -> None:
    dead = NotificationState.DEAD
    await catalogue.notifications.add(
        [
            a_notification("msg_1", organisation="acme"),
            a_notification("msg_2", organisation="acme", state=dead),
            a_notification("msg_3", organisation="globex", state=dead),
            a_notification("msg_4", organisation="acme", state=dead, told=Told.TEST),
            a_notification("msg_5", organisation="acme", state=NotificationState.DELIVERED),
        ]
    )
    everybody, acme = [await catalogue.health.standing(whose, []) for whose in (None, "acme")]
    assert (everybody.notifications_waiting, everybody.notifications_dead) == (1, 2)
    assert (acme.notifications_waiting, acme.notifications_dead) == (1, 1)
