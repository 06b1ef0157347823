"""One line for a listening: in however many parts it is fetched, and never less than one."""

import asyncio

import pytest

from connector.domain.access import Access
from connector.domain.recording import ArtefactKind
from connector.errors import CatalogueUnavailable
from connector.ports.shipping_ledger import RecordingFile
from connector.services.listenings import LISTENING_SECONDS, Listenings
from tests.builders import MORNING, a_call, a_recording
from tests.clocks import SimulatedClock
from tests.unit.services.shop import an_access

STEREO = ArtefactKind.STEREO


class Log:
    """The audit log: slow, and away when a test says so."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, str, str]] = []
        self.is_away = False

    async def done(
        self, access: Access, action: str, *, subject: str = "", organisation: str | None = None, **details: object
    ) -> None:
        await asyncio.sleep(0)
        if self.is_away:
            raise CatalogueUnavailable("the catalogue is locked")
        assert action == "recording.listened"
        assert (organisation, details["call_id"]) == ("default", "call-1")
        self.lines.append((access.by, access.address, subject, str(details["kind"])))


class Desk:
    def __init__(self) -> None:
        self.log, self.clock = Log(), SimulatedClock(MORNING)
        self.listenings = Listenings(self.log, self.clock)

    async def hear(self, access: Access | None = None, id: str = "recording-1", kind: ArtefactKind = STEREO) -> None:
        await self.listenings.heard(access or an_access(), a_file(id), kind)


def a_file(id: str) -> RecordingFile:
    return RecordingFile(call=a_call(), recording=a_recording(id=id), segments=(), rendering=None, deliveries=())


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_the_parts_of_a_listening_are_one_line(desk: Desk) -> None:
    for _ in range(5):
        await desk.hear()
        await desk.clock.advance(60)
    assert desk.log.lines == [("key k1", "192.0.2.1", "recording-1", "stereo")]


async def test_parts_that_are_asked_for_at_once_are_one_line_too(desk: Desk) -> None:
    await asyncio.gather(*(desk.hear() for _ in range(6)))
    assert len(desk.log.lines) == 1


async def test_whoever_else_and_whatever_else_is_a_line_of_its_own(desk: Desk) -> None:
    await desk.hear()
    await desk.hear(an_access(id="k2"))
    await desk.hear(Access(key=an_access().key, address="192.0.2.9"))
    await desk.hear(id="recording-2")
    await desk.hear(kind=ArtefactKind.LEFT)
    assert len(set(desk.log.lines)) == len(desk.log.lines) == 5


async def test_who_listens_again_later_has_listened_again(desk: Desk) -> None:
    await desk.hear()
    await desk.clock.advance(LISTENING_SECONDS)
    await desk.hear()
    assert len(desk.log.lines) == 2


async def test_a_long_listening_is_said_again_from_time_to_time(desk: Desk) -> None:
    """However quickly its parts follow each other."""
    for _ in range(31):
        await desk.hear()
        await desk.clock.advance(60)
    assert len(desk.log.lines) == 4


async def test_what_could_not_be_written_is_written_with_the_next_part(desk: Desk) -> None:
    desk.log.is_away = True
    parts = await asyncio.gather(*(desk.hear() for _ in range(3)), return_exceptions=True)
    assert [type(one) for one in parts] == [CatalogueUnavailable] * 3
    desk.log.is_away = False
    await desk.hear()
    await desk.hear()
    assert len(desk.log.lines) == 1


async def test_who_leaves_while_his_line_is_written_leaves_none_unwritten(desk: Desk) -> None:
    first = asyncio.create_task(desk.hear())
    second = asyncio.create_task(desk.hear())
    await asyncio.sleep(0)
    first.cancel()
    await second
    assert len(desk.log.lines) == 1


async def test_nothing_is_remembered_for_longer_than_it_matters(desk: Desk) -> None:
    for number in range(20):
        await desk.hear(id=f"recording-{number}")
    desk.log.is_away = True
    with pytest.raises(CatalogueUnavailable):
        await desk.hear(id="never")
    desk.log.is_away = False
    await desk.clock.advance(LISTENING_SECONDS)
    await desk.hear(id="last")
    assert len(desk.listenings._known) == 1
