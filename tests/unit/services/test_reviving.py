"""Who may have a recording tried again, what there is to try, and what is written down of it."""

import pytest

from connector.domain.access import Access, Limits
from connector.domain.ids import RecordingId
from connector.domain.secret import Secret
from connector.domain.states import DeliveryState, RecordingEvent, RecordingState
from connector.errors import (
    CatalogueUnavailable,
    Conflict,
    DestinationRefused,
    DestinationUnreachable,
    NoLongerThere,
    NotFound,
)
from connector.services.fetching import Fetching
from connector.services.file_links import FileLinks
from connector.services.lookup import Lookup
from connector.services.reviving import AskedRevival, Revived
from connector.storage.memory import MemoryStore
from tests.builders import CALL, RECORDING, a_call, a_recording
from tests.unit.services.yard import Yard
from tests.unit.web.api_site import Audit, Deed
from tests.unit.web.keys import an_access

S = RecordingState
ADMIN = an_access()


class Desk:
    def __init__(self, yard: Yard) -> None:
        self.yard, self.audit = yard, Audit()
        links = FileLinks("https://calls.example.com", Secret("key"), yard.clock)
        lookup = Lookup(yard.catalogue.call_search, Fetching(yard.catalogue.shipping, yard.destinations, links))
        self._revival = AskedRevival(yard.reviving, yard.catalogue.shipping, lookup, self.audit)

    async def refused(self) -> None:
        await self.yard.rendered()
        self.yard.archive.fail_next(DestinationRefused("archive said 403"))
        await self.yard.run()

    async def again(self, access: Access = ADMIN, id: str = RECORDING) -> Revived:
        return await self._revival.again(access, id)


@pytest.fixture
def desk(yard: Yard) -> Desk:
    return Desk(yard)


async def test_what_was_refused_goes_on_once_it_is_asked_for_and_that_is_written_down(desk: Desk) -> None:
    await desk.refused()
    assert await desk.again() == Revived(recording_id=RecordingId(RECORDING), call_id=CALL, state=S.RENDERED)
    assert desk.audit.deeds == [
        Deed("recording.retried", RECORDING, "default", {"call_id": CALL, "state": "failed-at-store"})
    ]
    (due,) = await desk.yard.dues()
    await desk.yard.run(attempt=due.attempt)
    assert (await desk.yard.recording()).state is S.AVAILABLE


async def test_a_second_copy_that_was_refused_is_tried_again_while_the_first_is_there(desk: Desk) -> None:
    other = desk.yard.destinations.stores["other"] = MemoryStore()
    await desk.yard.rendered("archive", "other")
    other.fail_next(DestinationRefused("the other said 403"))
    await desk.yard.run()
    assert (await desk.again()).state is S.AVAILABLE
    assert (await desk.yard.delivery("other")).state is DeliveryState.WAITING


async def test_a_copy_that_waits_for_its_next_try_is_tried_now(desk: Desk) -> None:
    await desk.yard.rendered()
    desk.yard.archive.fail_next(DestinationUnreachable("it is away"))
    await desk.yard.run()
    await desk.again()
    now = desk.yard.clock.now()
    assert min(due.at for due in await desk.yard.dues()) == now


async def test_there_is_nothing_to_try_again_when_every_copy_is_settled(desk: Desk) -> None:
    await desk.yard.rendered()
    await desk.yard.run()
    before = await desk.yard.everything()
    with pytest.raises(Conflict, match="every copy is settled"):
        await desk.again()
    assert await desk.yard.everything() == before
    assert desk.audit.deeds == []


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (S.REQUESTED, "is requested still"),
        (S.RECORDING, "is recording still"),
        (S.PAUSED, "is paused still"),
        (S.ABSENT, "nothing to try again"),
        (S.FAILED_CAPTURE, "lost at capture"),
    ],
)
async def test_what_has_no_sound_is_not_tried_again(desk: Desk, state: RecordingState, said: str) -> None:
    await desk.yard.apply(a_call(), a_recording(state=state))
    with pytest.raises(Conflict, match=said):
        await desk.again()


@pytest.mark.parametrize("state", [S.CAPTURED, S.FAILED_RENDER])
async def test_what_waits_to_be_made_or_failed_there_is_made_again(desk: Desk, state: RecordingState) -> None:
    await desk.yard.captured(state=state)
    assert (await desk.again()).state is S.CAPTURED
    assert [due.kind for due in await desk.yard.dues()] == ["ship"]


async def test_what_is_on_its_way_out_is_not_brought_back(desk: Desk) -> None:
    await desk.refused()
    ledger = desk.yard.catalogue.shipping
    for event in (RecordingEvent.ERASED, RecordingEvent.GONE):
        await ledger.moved(RecordingId(RECORDING), event)
        with pytest.raises(NoLongerThere):
            await desk.again()
    assert (await desk.yard.delivery()).state is DeliveryState.REFUSED


async def test_anothers_is_answered_as_one_that_nobody_has(desk: Desk) -> None:
    await desk.refused()
    answers = {
        str(error.value).replace("nobodys", RECORDING)
        for who, id in (
            (an_access(organisation="another"), RECORDING),
            (an_access(limits=Limits(numbers=("+49999",))), RECORDING),
            (ADMIN, "nobodys"),
        )
        if (error := await refusal(desk, who, id))
    }
    assert len(answers) == 1
    assert (await desk.yard.delivery()).state is DeliveryState.REFUSED


async def test_what_cannot_be_written_down_is_not_done(desk: Desk) -> None:
    await desk.refused()
    desk.audit.is_away = True
    with pytest.raises(CatalogueUnavailable):
        await desk.again()
    assert (await desk.yard.recording()).state is S.FAILED_STORE


async def refusal(desk: Desk, who: Access, id: str) -> pytest.ExceptionInfo[NotFound]:
    with pytest.raises(NotFound) as error:
        await desk.again(who, id)
    return error
