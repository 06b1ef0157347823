"""The KeepingLedger on both databases: what ends recordings, and what keeps them."""

from typing import Any

import pytest

from connector.catalogue.store import Catalogue
from connector.domain.ids import CallId, Moment, RecordingId
from connector.domain.keeping import Hold, Keeping
from connector.domain.options import RecordingOptions
from connector.domain.recording import Delivery
from connector.domain.states import DeliveryEvent, DeliveryState, RecordingEvent, RecordingState
from connector.errors import IllegalTransition, NoLongerThere, NotFound, OnHold
from connector.ports.call_search import CallFilter
from tests.builders import MORNING, a_delivery, a_rendering, an_artefact
from tests.contract.catalogue.conftest import NOW
from tests.contract.catalogue.keeping_site import R, available, recorded, spoken, words

ERASED, EXPIRED = RecordingEvent.ERASED, RecordingEvent.EXPIRED


def a_hold(id: str, **over: str) -> Hold:
    known: dict[str, Any] = {"organisation": "default", "by": "key k1", "reason": "case 7"}
    return Hold(recording_id=R(id), at=MORNING, **(known | over))


async def ends(catalogue: Catalogue, **moments: Moment | None) -> None:
    await catalogue.keeping.reckon({R(id): moment for id, moment in moments.items()})


async def keeping(catalogue: Catalogue, id: str) -> Keeping:
    return (await catalogue.keeping.keepings([R(id)]))[R(id)]


async def expired(catalogue: Catalogue) -> list[str]:
    return [one.recording_id for one in await catalogue.keeping.expired(NOW, 10)]


async def copy(catalogue: Catalogue, id: str, destination: str = "archive") -> Delivery:
    file = await catalogue.shipping.file(R(id))
    assert file is not None
    (found,) = [one for one in file.deliveries if one.destination == destination]
    return found


async def state(catalogue: Catalogue, id: str) -> RecordingState:
    file = await catalogue.shipping.file(R(id))
    assert file is not None
    return file.recording.state


async def test_what_has_ended_and_is_not_reckoned_comes_in_pages(catalogue: Catalogue) -> None:
    await recorded(catalogue, "a", options=RecordingOptions(retention_days=7))
    await recorded(catalogue, "b", RecordingState.FAILED_CAPTURE)
    await available(catalogue, "c")
    for id, of in (("d", RecordingState.RECORDING), ("e", RecordingState.ABSENT), ("f", RecordingState.REMOVED)):
        await recorded(catalogue, id, of)
    first = await catalogue.keeping.without_expiry(2)
    assert [one.recording.id for one in first] == ["a", "b"]
    assert first[0].recording.options.retention_days == 7
    assert first[0].call is not None
    assert [one.recording.id for one in await catalogue.keeping.without_expiry(2, "b")] == ["c"]


async def test_a_reckoned_end_is_known_also_when_it_is_none(catalogue: Catalogue) -> None:
    await recorded(catalogue, "a")
    await recorded(catalogue, "b")
    await ends(catalogue, a=None, b=NOW + 5)
    assert await catalogue.keeping.without_expiry(5) == []
    assert await keeping(catalogue, "a") == Keeping(is_reckoned=True)
    assert await keeping(catalogue, "b") == Keeping(expires_at=NOW + 5, is_reckoned=True)
    assert await catalogue.keeping.keepings([R("unknown")]) == {}


async def test_no_setting_changes_what_somebody_has_extended(catalogue: Catalogue) -> None:
    await recorded(catalogue, "a")
    await catalogue.keeping.extend(R("a"), NOW + 99)
    await ends(catalogue, a=NOW + 1)
    assert await keeping(catalogue, "a") == Keeping(expires_at=NOW + 99, is_reckoned=True, is_extended=True)
    assert await catalogue.keeping.reckoned(None, 5) == []


async def test_what_a_changed_setting_may_reach_is_of_one_organisation_and_not_held(catalogue: Catalogue) -> None:
    await recorded(catalogue, "a")
    await recorded(catalogue, "b", call_organisation="acme", organisation="acme")
    await recorded(catalogue, "c")
    await recorded(catalogue, "d")
    await ends(catalogue, a=NOW, b=NOW, c=NOW)
    await catalogue.keeping.hold(a_hold("c"))
    assert [one.recording.id for one in await catalogue.keeping.reckoned(None, 5)] == ["a", "b"]
    assert [one.recording.id for one in await catalogue.keeping.reckoned("acme", 5)] == ["b"]


async def test_the_earliest_end_comes_first_and_a_hold_or_a_waiting_copy_keeps_it(catalogue: Catalogue) -> None:
    for id in ("a", "b", "c", "held", "waits"):
        await available(catalogue, id)
    await recorded(catalogue, "failed", RecordingState.FAILED_STORE)
    await recorded(catalogue, "captured")
    await catalogue.shipping.stood_in(a_delivery(recording_id="waits", destination="other", stands_for="archive"))
    await catalogue.keeping.hold(a_hold("held"))
    await ends(catalogue, a=NOW - 1, b=NOW - 2, c=NOW + 1, held=NOW - 3, waits=NOW - 4, failed=NOW, captured=NOW - 9)
    assert await expired(catalogue) == ["b", "a", "failed"]
    found = [(one.recording_id, one.stays) for one in await catalogue.keeping.ending(NOW + 2, 10)]
    assert found == [
        ("waits", "a copy is still to be made"),
        ("held", "on hold"),
        ("b", ""),
        ("a", ""),
        ("failed", ""),
        ("c", ""),
    ]
    assert await catalogue.keeping.ending(NOW + 2, 10, "acme") == []


async def test_removal_falls_due_with_the_state_and_says_who_wanted_it(catalogue: Catalogue) -> None:
    await available(catalogue, "a")
    await spoken(catalogue, "a")
    assert await catalogue.keeping.remove(R("a"), ERASED, "by ada", NOW, by="key k1")
    assert await state(catalogue, "a") is RecordingState.REMOVING
    known = await keeping(catalogue, "a")
    assert (known.removed_at, known.removed_by) == (NOW, "key k1")
    assert [due.id for due in await catalogue.dues.fallen("here", NOW, 9) if due.kind == "remove"] == ["remove/a/1"]
    assert await words(catalogue.database, "a") == ("removed", "[]")
    assert not await catalogue.keeping.remove(R("a"), ERASED, "by eve", NOW + 1, by="key k2")
    assert (await keeping(catalogue, "a")).removed_by == "key k1"


@pytest.mark.parametrize("event", [ERASED, EXPIRED])
async def test_nothing_removes_what_is_held(catalogue: Catalogue, event: RecordingEvent) -> None:
    await available(catalogue, "a")
    await spoken(catalogue, "a")
    await catalogue.keeping.hold(a_hold("a"))
    with pytest.raises(OnHold, match="case 7"):
        await catalogue.keeping.remove(R("a"), event, "", NOW, by="x")
    assert await catalogue.keeping.remove_transcripts([R("a")], "") == 0
    assert await state(catalogue, "a") is RecordingState.AVAILABLE
    assert (await words(catalogue.database, "a"))[0] == "done"


async def test_what_runs_or_is_unknown_is_not_removed(catalogue: Catalogue) -> None:
    await recorded(catalogue, "a", RecordingState.RECORDING)
    with pytest.raises(IllegalTransition):
        await catalogue.keeping.remove(R("a"), ERASED, "", NOW, by="x")
    with pytest.raises(NotFound):
        await catalogue.keeping.remove(R("b"), ERASED, "", NOW, by="x")


async def test_expiry_leaves_a_bucket_alone_and_an_erasure_reaches_it_after_all(catalogue: Catalogue) -> None:
    await available(catalogue, "a", "archive", "bucket")
    await catalogue.keeping.remove(R("a"), EXPIRED, "over", NOW, by="x", is_left=lambda one: one.url.startswith("s3:"))
    assert (await copy(catalogue, "a")).state is DeliveryState.STORED
    assert (await copy(catalogue, "a", "bucket")).state is DeliveryState.LEFT
    await catalogue.shipping.moved(R("a"), RecordingEvent.GONE)
    await catalogue.dues.forwarded(await catalogue.dues.fallen("here", NOW, 9))
    assert not await catalogue.keeping.remove(R("a"), ERASED, "", NOW, by="x")
    assert (await copy(catalogue, "a", "bucket")).state is DeliveryState.DELETING
    assert [due.id for due in await catalogue.dues.fallen("here", NOW, 9)] == ["remove/a/2"]


async def test_an_erasure_leaves_no_copy_anywhere(catalogue: Catalogue) -> None:
    await available(catalogue, "a", "bucket")
    await catalogue.keeping.remove(R("a"), ERASED, "", NOW, by="x", is_left=lambda _: True)
    assert (await copy(catalogue, "a", "bucket")).state is DeliveryState.STORED


async def test_a_transcript_with_days_of_its_own_outlives_an_expired_recording_but_no_erasure(
    catalogue: Catalogue,
) -> None:
    own = RecordingOptions(transcript_retention_days=0)
    for id, options in (("a", own), ("b", RecordingOptions()), ("c", own)):
        await available(catalogue, id, options=options)
        await spoken(catalogue, id)
    await catalogue.keeping.remove(R("a"), EXPIRED, "over", NOW, by="x")
    await catalogue.keeping.remove(R("b"), EXPIRED, "over", NOW, by="x")
    await catalogue.keeping.remove(R("c"), ERASED, "wanted", NOW, by="x")
    assert [(await words(catalogue.database, id))[0] for id in "abc"] == ["done", "removed", "removed"]


async def test_removed_words_are_found_no_more(catalogue: Catalogue) -> None:
    await recorded(catalogue, "a")
    await spoken(catalogue, "a", "parcel")
    await catalogue.call_marks.tag(CallId("call-a"), "default", ["x"], by="key k1", at=NOW)
    assert await catalogue.keeping.remove_transcripts([R("a")], "over") == 1
    assert await catalogue.keeping.remove_transcripts([R("a")], "over") == 0
    assert await catalogue.call_search.calls(CallFilter(text="parcel"), limit=5) == []
    assert (await words(catalogue.database, "a")) == ("removed", "[]")


async def test_transcripts_are_reckoned_and_end_by_themselves(catalogue: Catalogue) -> None:
    await recorded(catalogue, "a", options=RecordingOptions(transcript_retention_days=3))
    await recorded(catalogue, "b")
    await spoken(catalogue, "a")
    await spoken(catalogue, "b")
    found = {id: (moment, options) for id, moment, options in await catalogue.keeping.transcripts_without_expiry(9)}
    assert found[R("a")] == (MORNING + 44, RecordingOptions(transcript_retention_days=3))
    await catalogue.keeping.reckon_transcripts({R("a"): NOW, R("b"): None})
    assert await catalogue.keeping.transcripts_without_expiry(9) == []
    assert await catalogue.keeping.expired_transcripts(NOW - 1, 9) == []
    assert await catalogue.keeping.expired_transcripts(NOW, 9) == ["a"]
    await catalogue.keeping.hold(a_hold("a"))
    assert await catalogue.keeping.expired_transcripts(NOW, 9) == []


async def test_a_copy_that_could_not_be_deleted_is_named_and_tried_again(catalogue: Catalogue) -> None:
    await available(catalogue, "a")
    await catalogue.keeping.remove(R("a"), ERASED, "", NOW, by="x")
    for event in (DeliveryEvent.DELETING, DeliveryEvent.UNDELETABLE):
        await catalogue.shipping.delivery_moved(await copy(catalogue, "a"), event, reason="locked")
    await catalogue.shipping.moved(R("a"), RecordingEvent.GONE)
    (named,) = await catalogue.keeping.undeleted(9)
    assert (named.delivery.recording_id, named.delivery.reason, named.organisation) == ("a", "locked", "default")
    assert await catalogue.keeping.undeleted(9, "acme") == []
    assert await catalogue.keeping.take_up_undeleted(NOW, 9) == [], "its removal is still due"
    await catalogue.dues.forwarded(await catalogue.dues.fallen("here", NOW, 9))
    assert await catalogue.keeping.take_up_undeleted(NOW, 9) == ["a"]
    assert (await copy(catalogue, "a")).state is DeliveryState.DELETING
    assert [due.id for due in await catalogue.dues.fallen("here", NOW, 9)] == ["remove/a/2"]
    assert await catalogue.keeping.take_up_undeleted(NOW, 9) == []


async def test_what_could_not_be_deleted_of_a_recording_that_stays_is_tried_again_by_itself(
    catalogue: Catalogue,
) -> None:
    await available(catalogue, "a")
    for event in (DeliveryEvent.DELETING, DeliveryEvent.UNDELETABLE):
        await catalogue.shipping.delivery_moved(await copy(catalogue, "a"), event, reason="locked")
    await catalogue.dues.forwarded(await catalogue.dues.fallen("here", NOW, 9))
    assert await catalogue.keeping.take_up_undeleted(NOW, 9) == ["a"]
    assert (await copy(catalogue, "a")).state is DeliveryState.DELETING
    (due,) = await catalogue.dues.fallen("here", NOW, 9)
    assert (due.kind, due.subject) == ("withdraw", "a")


async def test_two_release_a_hold_and_one_alone_does_not(catalogue: Catalogue) -> None:
    await recorded(catalogue, "a")
    assert await catalogue.keeping.hold(a_hold("a"))
    assert (await keeping(catalogue, "a")).hold == a_hold("a")
    first = await catalogue.keeping.ask_release(R("a"), "key k2", NOW)
    assert first is not None
    assert (first.release_by, first.release_at) == ("key k2", NOW)
    again = await catalogue.keeping.ask_release(R("a"), "key k2", NOW + 5)
    assert again == first
    assert await catalogue.keeping.ask_release(R("a"), "key k3", NOW + 6) is None
    assert (await keeping(catalogue, "a")).hold is None
    with pytest.raises(NotFound):
        await catalogue.keeping.ask_release(R("a"), "key k3", NOW)


async def test_a_hold_placed_again_calls_the_release_off(catalogue: Catalogue) -> None:
    await recorded(catalogue, "a")
    await catalogue.keeping.hold(a_hold("a"))
    await catalogue.keeping.ask_release(R("a"), "key k2", NOW)
    assert not await catalogue.keeping.hold(a_hold("a", by="key k9"))
    assert (await keeping(catalogue, "a")).hold == a_hold("a")
    assert await catalogue.keeping.ask_release(R("a"), "key k3", NOW) is not None


async def test_a_hold_comes_too_late_for_what_is_on_its_way_out(catalogue: Catalogue) -> None:
    await available(catalogue, "a")
    await catalogue.keeping.remove(R("a"), ERASED, "", NOW, by="x")
    with pytest.raises(NoLongerThere):
        await catalogue.keeping.hold(a_hold("a"))
    with pytest.raises(NotFound):
        await catalogue.keeping.hold(a_hold("unknown"))


async def test_holds_come_by_organisation_in_pages(catalogue: Catalogue) -> None:
    for id, organisation in (("a", "acme"), ("b", "default"), ("c", "acme")):
        await recorded(catalogue, id, organisation=organisation)
        await catalogue.keeping.hold(a_hold(id, organisation=organisation))
    found = await catalogue.keeping.holds(None, 2)
    assert [(hold.recording_id, call_id) for hold, call_id in found] == [("a", "call-a"), ("b", "call-b")]
    assert [hold.recording_id for hold, _ in await catalogue.keeping.holds(None, 2, "b")] == ["c"]
    assert [hold.recording_id for hold, _ in await catalogue.keeping.holds("acme", 9)] == ["a", "c"]


async def test_of_two_nodes_one_runs_the_daily_job(catalogue: Catalogue) -> None:
    assert await catalogue.keeping.last_run() is None
    assert await catalogue.keeping.claim_run(None, NOW)
    assert not await catalogue.keeping.claim_run(None, NOW + 1)
    assert await catalogue.keeping.last_run() == NOW
    assert await catalogue.keeping.claim_run(NOW, NOW + 86_400.125)
    assert not await catalogue.keeping.claim_run(NOW, NOW + 86_401)
    assert await catalogue.keeping.last_run() == NOW + 86_400.125


async def test_what_was_given_up_at_a_bucket_is_left_there_too(catalogue: Catalogue) -> None:
    await recorded(catalogue, "a")
    given_up = a_delivery(recording_id="a", destination="bucket")
    await catalogue.shipping.rendered(R("a"), a_rendering(artefacts=(an_artefact(recording_id="a"),)), [given_up])
    await catalogue.shipping.named(given_up, "a.mp3", "the place of bucket")
    await catalogue.shipping.delivery_moved(given_up, DeliveryEvent.GAVE_UP)
    await catalogue.shipping.moved(RecordingId("a"), RecordingEvent.GIVEN_UP)
    await catalogue.keeping.remove(R("a"), EXPIRED, "over", NOW, by="x", is_left=lambda _: True)
    assert (await copy(catalogue, "a", "bucket")).state is DeliveryState.LEFT
