"""A backup takes what a destination cannot take now, and the destination gets it when it is back."""

from pathlib import Path

import pytest

from connector.domain.recording import ArtefactKind
from connector.domain.states import DeliveryState, RecordingEvent, RecordingState
from connector.errors import CatalogueUnavailable, ConnectorError, DestinationRefused, DestinationUnreachable, NoRoom
from connector.network.backoff import SCHEDULE_SECONDS
from connector.ports.object_store import Digest
from connector.storage.memory import MemoryStore
from tests.builders import RECORDING, a_delivery
from tests.unit.services.yard import SOUND, Yard

STORED, WAITING, REFUSED = DeliveryState.STORED, DeliveryState.WAITING, DeliveryState.REFUSED
MONO, STEREO = ArtefactKind.MONO, ArtefactKind.STEREO
AWAY = DestinationUnreachable("archive does not answer")
DAY = 86_400.0


class Bucket(MemoryStore):
    """May be away or say no for as long as a test likes, for names that end so; counts who asks."""

    def __init__(self) -> None:
        super().__init__()
        self.trouble: ConnectorError | None = None
        self.troubled_ending = ""
        self.asked = 0
        self.abandoned: list[str] = []

    async def put(self, name: str, source: Path, digest: Digest, *, overwrite: bool = False) -> None:
        self.asked += 1
        if self.trouble is not None and name.endswith(self.troubled_ending):
            raise self.trouble
        await super().put(name, source, digest, overwrite=overwrite)

    async def abandon(self, name: str) -> None:
        self.abandoned.append(name)


class Pair:
    """The archive, and the spare that stands in for it."""

    def __init__(self, yard: Yard) -> None:
        self.archive, self.spare = Bucket(), Bucket()
        yard.destinations.stores |= {"archive": self.archive, "spare": self.spare}
        yard.destinations.backups = {"archive": "spare"}


@pytest.fixture
def pair(yard: Yard) -> Pair:
    return Pair(yard)


async def spent(yard: Yard, pair: Pair) -> int:
    """The archive stays away until its schedule is over; returns the attempt that comes next."""
    pair.archive.trouble = AWAY
    await yard.rendered()
    for attempt, wait in enumerate(SCHEDULE_SECONDS, start=1):
        await yard.run(attempt=attempt)
        # Sooner than that it would not be asked.
        await yard.clock.advance(max(wait, 60.0))
    return len(SCHEDULE_SECONDS) + 1


@pytest.mark.parametrize("trouble", [AWAY, NoRoom("the archive is full"), TimeoutError()])
async def test_while_a_destination_cannot_be_had_its_backup_makes_the_recording_available(
    yard: Yard, pair: Pair, trouble: ConnectorError
) -> None:
    pair.archive.trouble = trouble
    await yard.rendered()
    assert await yard.run() == ""
    assert await yard.states() == {("archive", "stereo"): WAITING, ("spare", "stereo"): STORED}
    assert (await yard.delivery("spare")).stands_for == "archive"
    assert pair.spare.objects == {"call-1.wav": SOUND}
    assert (await yard.recording()).state is RecordingState.AVAILABLE


async def test_a_destination_that_refused_has_its_backup_as_well(yard: Yard, pair: Pair) -> None:
    pair.archive.trouble = DestinationRefused("the archive said 403")
    await yard.rendered()
    await yard.run()
    assert await yard.states() == {("archive", "stereo"): REFUSED, ("spare", "stereo"): STORED}
    assert (await yard.recording()).state is RecordingState.AVAILABLE
    pair.archive.trouble = None
    assert await yard.reviving.revive(RECORDING) is RecordingState.AVAILABLE
    (due,) = await yard.dues()
    await yard.run(attempt=due.attempt)
    assert await yard.states() == {("archive", "stereo"): STORED, ("spare", "stereo"): STORED}


async def test_nobody_stands_in_for_what_has_no_backup_or_works(yard: Yard, pair: Pair) -> None:
    await yard.rendered()
    await yard.run()
    assert await yard.states() == {("archive", "stereo"): STORED}
    assert pair.spare.objects == {}


async def test_a_backup_that_fails_has_no_backup_of_its_own(yard: Yard, pair: Pair) -> None:
    third = yard.destinations.stores["third"] = Bucket()
    yard.destinations.backups |= {"spare": "third", "third": "archive"}
    pair.archive.trouble = AWAY
    pair.spare.trouble = DestinationRefused("the spare said 403")
    await yard.rendered()
    await yard.run()
    assert await yard.states() == {("archive", "stereo"): WAITING, ("spare", "stereo"): REFUSED}
    assert third.asked == 0
    assert (await yard.recording()).state is RecordingState.RENDERED


async def test_a_backup_that_was_wished_for_itself_is_asked_once(yard: Yard, pair: Pair) -> None:
    pair.archive.trouble = AWAY
    await yard.rendered("archive", "spare")
    await yard.run()
    assert (await yard.delivery("spare")).stands_for == ""
    assert pair.spare.asked == 1
    assert (await yard.recording()).state is RecordingState.AVAILABLE


@pytest.mark.parametrize("trouble", [AWAY, DestinationRefused("no")])
async def test_kind_by_kind_the_first_and_its_backup_hold_all_of_it_together(
    yard: Yard, pair: Pair, trouble: ConnectorError
) -> None:
    pair.archive.trouble, pair.archive.troubled_ending = trouble, "call-1.wav"
    await yard.rendered(kinds=(MONO, STEREO))
    await yard.run("store")
    states = await yard.states()
    assert states.pop(("archive", "stereo")) in {WAITING, REFUSED}
    assert set(states.values()) == {STORED}
    assert states.keys() == {("archive", "mono"), ("spare", "stereo")}
    assert (await yard.recording()).state is RecordingState.AVAILABLE


async def test_half_of_it_at_the_first_and_the_other_half_nowhere_is_not_available(yard: Yard, pair: Pair) -> None:
    pair.archive.trouble, pair.archive.troubled_ending = AWAY, "call-1.wav"
    pair.spare.trouble = AWAY
    await yard.rendered(kinds=(MONO, STEREO))
    await yard.run()
    assert (await yard.recording()).state is RecordingState.RENDERED


async def test_a_destination_that_is_down_is_not_asked_again_for_a_minute(yard: Yard, pair: Pair) -> None:
    pair.archive.trouble = AWAY
    await yard.rendered(kinds=(MONO, STEREO))
    await yard.run()
    assert pair.archive.asked == 1
    await yard.clock.advance(59)
    await yard.run(attempt=2)
    assert pair.archive.asked == 1
    await yard.clock.advance(1)
    pair.archive.trouble = None
    await yard.run(attempt=3)
    assert pair.archive.asked == 3
    assert set((await yard.states()).values()) == {STORED}


async def test_a_turn_in_which_nobody_was_asked_is_no_try(yard: Yard, pair: Pair) -> None:
    """A house with many recordings asks a destination that is down once a minute; each has its own tries."""
    pair.archive.trouble = AWAY
    await yard.rendered()
    await yard.run()
    for attempt in range(2, 3 * len(SCHEDULE_SECONDS)):
        await yard.run(attempt=attempt)
    waiting = await yard.delivery()
    assert (waiting.state, waiting.attempts, pair.archive.asked) == (WAITING, 1, 1)
    waits = {due.attempt: due.at - yard.clock.now() for due in await yard.dues()}
    # Never before it is asked again, and never so late that nobody remembers.
    assert [round(waits[turn], 6) for turn in (2, 3, 4, 5, 6, 33)] == [5, 63, 300, 1800, 1800, 1800]


async def test_a_copy_that_nobody_tried_says_why_and_one_that_was_tried_keeps_its_own_reason(
    yard: Yard, pair: Pair
) -> None:
    pair.archive.trouble = AWAY
    await yard.rendered(kinds=(MONO, STEREO))
    await yard.run()
    reasons = {kind: (await yard.delivery_of("archive", kind)).reason for kind in (MONO, STEREO)}
    assert reasons == {
        MONO: "archive does not answer",
        STEREO: "destination 'archive' is left alone for a while: it could not take another copy",
    }
    await yard.run(attempt=2)
    assert {kind: (await yard.delivery_of("archive", kind)).reason for kind in (MONO, STEREO)} == reasons
    assert (await yard.delivery_of("archive", STEREO)).attempts == 0


async def test_a_destination_that_is_down_and_has_no_backup_is_asked_each_time(yard: Yard, pair: Pair) -> None:
    yard.destinations.backups.clear()
    pair.archive.trouble = AWAY
    await yard.rendered()
    await yard.run()
    await yard.run(attempt=2)
    assert pair.archive.asked == 2


async def test_the_first_gets_it_as_soon_as_it_is_back_and_the_backup_keeps_its_copy(yard: Yard, pair: Pair) -> None:
    pair.archive.trouble = AWAY
    await yard.rendered()
    await yard.run()
    (due,) = await yard.dues()
    await yard.clock.advance(60)
    pair.archive.trouble = None
    await yard.run(attempt=due.attempt)
    assert await yard.states() == {("archive", "stereo"): STORED, ("spare", "stereo"): STORED}
    assert pair.archive.objects == pair.spare.objects == {"call-1.wav": SOUND}


async def test_when_the_schedule_is_over_it_goes_on_day_by_day_while_the_backup_holds_it(
    yard: Yard, pair: Pair
) -> None:
    attempt = await spent(yard, pair)
    for later in range(attempt, attempt + 6, 2):
        # Of the two turns only the first one asks.
        for turn in (later, later + 1):
            await yard.run(attempt=turn)
            (due,) = [one for one in await yard.dues() if one.attempt == turn + 1]
            assert due.at == yard.clock.now() + DAY
        await yard.clock.advance(DAY)
    assert await yard.states() == {("archive", "stereo"): WAITING, ("spare", "stereo"): STORED}
    pair.archive.trouble = None
    await yard.run(attempt=attempt + 6)
    assert pair.archive.objects == {"call-1.wav": SOUND}


async def test_when_the_schedule_is_over_and_nobody_holds_it_both_are_given_up(yard: Yard, pair: Pair) -> None:
    pair.spare.trouble = AWAY
    attempt = await spent(yard, pair)
    await yard.run(attempt=attempt)
    assert set((await yard.states()).values()) == {DeliveryState.GAVE_UP}
    assert pair.archive.abandoned == ["call-1.wav"]
    assert pair.spare.abandoned == ["call-1.wav"]
    assert (await yard.recording()).state is RecordingState.FAILED_STORE


async def test_a_crash_between_the_refusal_and_who_stands_in_loses_neither(
    yard: Yard, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair.archive.trouble = DestinationRefused("the archive said 403")
    await yard.rendered()
    ledger = yard.catalogue.shipping
    for breaking in ("stood_in", "delivery_moved"):

        async def locked(*_: object, **__: object) -> None:
            raise CatalogueUnavailable("it is locked")

        monkeypatch.setattr(ledger, breaking, locked)
        with pytest.raises(CatalogueUnavailable):
            await dict(yard.shipping.steps)["store"](RECORDING, 1)
        monkeypatch.undo()
        assert (await yard.delivery()).state is WAITING
    await yard.run()
    assert await yard.states() == {("archive", "stereo"): REFUSED, ("spare", "stereo"): STORED}


async def test_a_second_run_of_every_step_changes_nothing_while_the_backup_holds_it(yard: Yard, pair: Pair) -> None:
    pair.archive.trouble = DestinationRefused("the archive said 403")
    await yard.rendered()
    await yard.run()
    before = await yard.everything()
    assert await yard.run() == ""
    assert await yard.everything() == before


async def test_a_recording_that_is_erased_meanwhile_goes_nowhere_any_more(yard: Yard, pair: Pair) -> None:
    pair.archive.trouble = AWAY
    await yard.rendered()
    await yard.run("store")
    await yard.catalogue.shipping.moved(RECORDING, RecordingEvent.ERASED, reason="by ada")
    pair.archive.trouble = None
    await yard.clock.advance(60)
    await yard.run(attempt=2)
    assert pair.archive.objects == {}


async def test_what_stood_in_is_removed_with_the_rest_and_what_was_begun_is_given_up(yard: Yard, pair: Pair) -> None:
    pair.archive.trouble = DestinationRefused("the archive said 403")
    await yard.rendered()
    await yard.run()
    await yard.catalogue.shipping.moved(RECORDING, RecordingEvent.ERASED, reason="by ada")
    for _, step in yard.removing.steps:
        await step(RECORDING, 1)
    assert (await yard.recording()).state is RecordingState.REMOVED
    assert pair.spare.objects == {}
    assert pair.archive.abandoned == ["call-1.wav"]


async def test_doing_without_a_copy_lets_go_of_what_was_begun(yard: Yard, pair: Pair) -> None:
    pair.archive.trouble = DestinationRefused("the archive said 403")
    await yard.rendered()
    await yard.run()
    assert await yard.shipping.waive(RECORDING, "spare") == []
    (waived,) = await yard.shipping.waive(RECORDING)
    assert (waived.destination, pair.archive.abandoned) == ("archive", ["call-1.wav"])
    settled = await yard.delivery()
    assert (settled.state, settled.reason) == (DeliveryState.WAIVED, "the archive said 403")
    assert await yard.shipping.waive(RECORDING) == []


async def test_a_copy_is_done_without_although_its_place_cannot_be_tidied_up(
    yard: Yard, pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def revoked(name: str) -> None:
        raise DestinationRefused("the key was revoked")

    monkeypatch.setattr(pair.archive, "abandon", revoked)
    pair.archive.trouble = DestinationRefused("the archive said 403")
    await yard.rendered()
    await yard.run()
    assert await yard.shipping.waive(RECORDING)
    assert (await yard.delivery()).state is DeliveryState.WAIVED


async def test_what_has_no_name_yet_has_nothing_to_be_given_up(yard: Yard, pair: Pair) -> None:
    await yard.rendered("gone")
    await yard.run()
    (waived,) = await yard.shipping.waive(RECORDING, "gone")
    assert waived == a_delivery(destination="gone", state=REFUSED, reason=waived.reason, attempts=1)


async def test_what_waits_for_a_destination_that_never_comes_back_is_done_without_where_it_is_named(
    yard: Yard, pair: Pair
) -> None:
    """And the local files can go."""
    pair.archive.trouble = AWAY
    await yard.rendered()
    await yard.run()
    assert (await yard.recording()).state is RecordingState.AVAILABLE
    assert await yard.shipping.waive(RECORDING) == []
    (waived,) = await yard.shipping.waive(RECORDING, "archive")
    assert waived.destination == "archive"
    assert (await yard.delivery()).state is DeliveryState.WAIVED
    await yard.clock.advance(1)
    assert await yard.catalogue.shipping.files_to_remove("here", yard.clock.now(), 10) == [RECORDING]


async def test_what_waits_is_not_done_without_while_nobody_else_has_it(yard: Yard, pair: Pair) -> None:
    pair.archive.trouble = pair.spare.trouble = AWAY
    await yard.rendered()
    await yard.run()
    assert await yard.shipping.waive(RECORDING, "archive") == []
    assert (await yard.delivery()).state is WAITING


async def test_one_that_waits_for_long_keeps_no_other_from_its_own_time(yard: Yard, pair: Pair) -> None:
    """Both wait for the same attempt: the one that is tried daily, and one that failed for the first time."""
    last = await spent(yard, pair)
    await yard.catalogue.dues.add([])
    third = Bucket()
    yard.destinations.stores["third"] = third
    third.trouble = AWAY
    await yard.catalogue.shipping.stood_in(a_delivery(destination="third", object_name=""))
    await yard.run(attempt=last)
    (due,) = [one for one in await yard.dues() if one.attempt == last + 1]
    assert due.at == yard.clock.now() + SCHEDULE_SECONDS[0]


async def test_two_destinations_may_share_one_backup_and_each_gets_its_own_copy_afterwards(
    yard: Yard, pair: Pair
) -> None:
    second = yard.destinations.stores["second"] = Bucket()
    yard.destinations.backups["second"] = "spare"
    pair.archive.trouble = second.trouble = AWAY
    await yard.rendered("archive", "second")
    for attempt, wait in enumerate(SCHEDULE_SECONDS, start=1):
        await yard.run(attempt=attempt)
        await yard.clock.advance(max(wait, 60.0))
    assert (pair.spare.asked, pair.spare.objects) == (1, {"call-1.wav": SOUND})
    last = len(SCHEDULE_SECONDS) + 1
    for attempt in (last, last + 1):
        await yard.run(attempt=attempt)
        assert await yard.states() == {
            ("archive", "stereo"): WAITING,
            ("second", "stereo"): WAITING,
            ("spare", "stereo"): STORED,
        }
        (due,) = [one for one in await yard.dues() if one.attempt == attempt + 1]
        assert due.at == yard.clock.now() + DAY
        await yard.clock.advance(DAY)
    pair.archive.trouble = second.trouble = None
    await yard.run(attempt=last + 2)
    assert set((await yard.states()).values()) == {STORED}
    assert pair.archive.objects == second.objects == pair.spare.objects


async def test_what_a_backup_took_for_the_first_completes_the_second_as_well(yard: Yard, pair: Pair) -> None:
    """The spare has the mono file because the archive was away, and the second lacks nothing but that."""
    second = yard.destinations.stores["second"] = Bucket()
    yard.destinations.backups["second"] = "spare"
    pair.archive.trouble = AWAY
    pair.spare.trouble, pair.spare.troubled_ending = DestinationRefused("the spare said 403"), "call-1.wav"
    second.trouble, second.troubled_ending = DestinationRefused("the second said 403"), "mono.wav"
    await yard.rendered("archive", "second", kinds=(MONO, STEREO))
    await yard.run()
    assert await yard.states() == {
        ("archive", "mono"): WAITING,
        ("archive", "stereo"): WAITING,
        ("second", "mono"): REFUSED,
        ("second", "stereo"): STORED,
        ("spare", "mono"): STORED,
        ("spare", "stereo"): REFUSED,
    }
    assert (await yard.delivery_of("spare", MONO)).stands_for == "archive"
    assert (await yard.recording()).state is RecordingState.AVAILABLE


async def test_a_backup_that_was_wished_for_itself_keeps_the_first_from_being_given_up(yard: Yard, pair: Pair) -> None:
    pair.archive.trouble = AWAY
    await yard.rendered("archive", "spare")
    for attempt, wait in enumerate(SCHEDULE_SECONDS, start=1):
        await yard.run(attempt=attempt)
        await yard.clock.advance(max(wait, 60.0))
    await yard.run(attempt=len(SCHEDULE_SECONDS) + 1)
    assert await yard.states() == {("archive", "stereo"): WAITING, ("spare", "stereo"): STORED}
