"""Links to what is stored, and its bytes."""

from collections.abc import AsyncIterator

import pytest

from connector.domain.ids import RecordingId
from connector.domain.recording import ArtefactKind
from connector.domain.secret import Secret
from connector.errors import DestinationRefused, DestinationUnreachable, NotFound
from connector.ports.object_store import Link
from connector.services.fetching import LONGEST_LINK_SECONDS, Fetching, filename_of, stored
from connector.services.file_links import FileLinks, Linked
from connector.storage.memory import MemoryStore
from tests.builders import RECORDING
from tests.unit.services.yard import SOUND, Yard


class Signing(MemoryStore):
    """A bucket that makes links itself."""

    async def link(self, name: str, seconds: float, *, filename: str = "") -> Link | None:
        return Link(url=f"https://bucket/{name}?as={filename}&for={seconds:.0f}", expires_at=seconds)


class Watched(MemoryStore):
    """Gives eight bytes at a time; tells whether a reading was let go of, where each began, and how much was given."""

    def __init__(self) -> None:
        super().__init__()
        self.is_open = False
        self.began_at: list[int] = []
        self.given_bytes = 0
        self.seek_trouble: Exception | None = None

    async def read(self, name: str, begin_at: int = 0) -> AsyncIterator[bytes]:
        assert not self.is_open, "the one before was not let go of"
        self.is_open = True
        self.began_at.append(begin_at)
        try:
            if begin_at and self.seek_trouble:
                raise self.seek_trouble
            async for piece in super().read(name, begin_at):
                for at in range(0, len(piece), 8):
                    self.given_bytes += len(piece[at : at + 8])
                    yield piece[at : at + 8]
        finally:
            self.is_open = False


@pytest.fixture
def fetching(yard: Yard) -> Fetching:
    links = FileLinks("https://calls.example.com", Secret("key"), yard.clock)
    return Fetching(yard.catalogue.shipping, yard.destinations, links)


def linked(kind: ArtefactKind = ArtefactKind.STEREO, id: str = RECORDING, destination: str = "archive") -> Linked:
    return Linked(recording_id=RecordingId(id), kind=kind, destination=destination)


async def test_a_bucket_signs_its_links_itself(yard: Yard, fetching: Fetching) -> None:
    yard.destinations.stores["archive"] = Signing()
    await yard.rendered()
    await yard.run()
    file, delivery = await yard.file(), await yard.delivery()
    link = await fetching.link(file, delivery)
    assert link.url == "https://bucket/call-1.wav?as=call-1.stereo.wav&for=3600"
    assert (await fetching.link(file, delivery, 90)).expires_at == 90


async def test_our_server_signs_for_folders(yard: Yard, fetching: Fetching) -> None:
    await yard.rendered()
    await yard.run()
    link = await fetching.link(await yard.file(), await yard.delivery(), 90)
    assert link.url.startswith("https://calls.example.com/files/recording-1/stereo?")
    assert link.expires_at == yard.clock.now() + 90


@pytest.mark.parametrize("store", [MemoryStore, Signing])
async def test_no_link_lives_longer_than_a_week(yard: Yard, fetching: Fetching, store: type[MemoryStore]) -> None:
    yard.destinations.stores["archive"] = store()
    await yard.rendered()
    await yard.run()
    link = await fetching.link(await yard.file(), await yard.delivery(), 365 * 86_400)
    assert link.expires_at in {LONGEST_LINK_SECONDS, yard.clock.now() + LONGEST_LINK_SECONDS}


async def test_what_is_not_stored_has_no_link_and_the_reason_is_said(yard: Yard, fetching: Fetching) -> None:
    yard.archive.fail_next(DestinationRefused("the archive said 403"))
    await yard.rendered()
    await yard.run()
    file = await yard.file()
    assert stored(file) == []
    with pytest.raises(NotFound, match="the stereo is refused at 'archive': the archive said 403"):
        await fetching.link(file, await yard.delivery())


async def test_what_is_stored_can_be_read(yard: Yard, fetching: Fetching) -> None:
    store = yard.destinations.stores["archive"] = Watched()
    await yard.rendered()
    await yard.run()
    fetched = await fetching.fetched(linked())
    assert store.is_open
    assert (fetched.size_bytes, fetched.content_type) == (len(SOUND), "audio/wav")
    assert b"".join([piece async for piece in fetched.pieces]) == SOUND
    assert not store.is_open


async def test_who_does_not_want_the_rest_lets_go_of_it(yard: Yard, fetching: Fetching) -> None:
    store = yard.destinations.stores["archive"] = Watched()
    await yard.rendered()
    await yard.run()
    fetched = await fetching.fetched(linked())
    await fetched.pieces.close()
    assert not store.is_open
    await fetched.pieces.close()


@pytest.mark.parametrize("offset", range(len(SOUND) + 1))
async def test_who_seeks_gets_what_stands_from_there_on(yard: Yard, fetching: Fetching, offset: int) -> None:
    store = yard.destinations.stores["archive"] = Watched()
    await yard.rendered()
    await yard.run()
    pieces = (await fetching.fetched(linked())).pieces
    await pieces.begin_at(offset)
    assert b"".join([piece async for piece in pieces]) == SOUND[offset:]
    assert store.began_at == ([0] if offset <= 8 else [0, offset])


async def test_a_seek_fetches_nothing_that_stands_between(yard: Yard, fetching: Fetching) -> None:
    store = yard.destinations.stores["archive"] = Watched()
    await yard.rendered()
    await yard.run()
    pieces = (await fetching.fetched(linked())).pieces
    await pieces.begin_at(20)
    assert await anext(pieces) == SOUND[20:28]
    await pieces.close()
    # The first piece, by which it was seen that there is a file at all, and the one that was wanted.
    assert store.given_bytes == 16
    assert not store.is_open


async def test_what_cannot_be_read_from_there_on_is_said_at_the_seek(yard: Yard, fetching: Fetching) -> None:
    store = yard.destinations.stores["archive"] = Watched()
    await yard.rendered()
    await yard.run()
    pieces = (await fetching.fetched(linked())).pieces
    store.seek_trouble = DestinationUnreachable("the archive is down")
    with pytest.raises(DestinationUnreachable):
        await pieces.begin_at(20)
    assert not store.is_open


async def test_an_empty_file_is_a_file(yard: Yard, fetching: Fetching) -> None:
    await yard.rendered()
    await yard.run()
    yard.archive.objects["call-1.wav"] = b""
    assert [piece async for piece in (await fetching.fetched(linked())).pieces] == []


@pytest.mark.parametrize(
    "asked", [linked(id="recording-2"), linked(kind=ArtefactKind.MONO), linked(destination="other")]
)
async def test_what_is_not_there_is_not_found(yard: Yard, fetching: Fetching, asked: Linked) -> None:
    await yard.rendered()
    await yard.run()
    with pytest.raises(NotFound, match="there is no"):
        await fetching.fetched(asked)


async def test_a_place_that_nobody_knows_any_more_is_not_found(yard: Yard, fetching: Fetching) -> None:
    await yard.rendered()
    await yard.run()
    yard.destinations.stores.clear()
    yard.destinations.places.clear()
    with pytest.raises(NotFound, match="not in the configuration any more"):
        await fetching.fetched(linked())


async def test_what_cannot_be_read_is_said_before_the_first_byte(yard: Yard, fetching: Fetching) -> None:
    await yard.rendered()
    await yard.run()
    yard.archive.fail_next(DestinationRefused("the disk says no"))
    with pytest.raises(DestinationRefused, match="the disk says no"):
        await fetching.fetched(linked())


async def test_a_file_is_saved_by_the_name_of_its_call(yard: Yard) -> None:
    await yard.rendered(kinds=(ArtefactKind.MONO, ArtefactKind.STEREO))
    await yard.run()
    file = await yard.file()
    assert [filename_of(file, one) for one in stored(file)] == ["call-1.mono.wav", "call-1.stereo.wav"]
