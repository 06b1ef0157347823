"""The conformance suite: the promises of ports.object_store, run on every store bare and behind every decorator."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from signal import SIGKILL
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

import pytest

from connector.errors import DestinationRefused, NoRoom, ObjectExists
from connector.ports.object_store import ObjectStore
from connector.storage.limited import Limited
from connector.storage.metered import Metered
from connector.storage.retrying import Retrying
from tests.clocks import SimulatedClock
from tests.contract.storage.places import Place, digest_of

Wrapping: TypeAlias = Callable[[ObjectStore], ObjectStore]

WRAPPINGS: dict[str, Wrapping] = {
    "bare": lambda store: store,
    "retrying": lambda store: Retrying(store, SimulatedClock()),
    "limited": lambda store: Limited(store, 1),
    "metered": lambda store: Metered(store, SimulatedClock(), lambda _: None),
    "all of them": lambda store: Metered(
        Limited(Retrying(store, SimulatedClock()), 2), SimulatedClock(), lambda _: None
    ),
}

NAME = "2026/11/20261121090000_default_call-1.mp3"
SOUND = b"the sound of a call " * 100
OTHER = b"quite another sound " * 100
#: More than a chunk of any store, and no multiple of one.
LONG = os.urandom(1024) * 3072 + b"!"

AWKWARD_NAMES = [
    "plain.mp3",
    "a/b/c/deep.wav",
    "with spaces in it.mp3",
    "+49 30 123456.mp3",
    "Zoé Müller/日本語.mp3",
    "percent%20and#hash?query&more.mp3",
    "two..dots and -dashes_.mp3",
    "'quotes\" and `ticks` $(id).mp3",
]
CLIMBING_NAMES = ["../out.mp3", "a/../../out.mp3", "/etc/out.mp3", "a//b.mp3", "a/./b.mp3", "", "nul\0.mp3", "folder/"]


#: Where a reading may begin: about the bounds of sealed chunks and of pieces, and about the end.
PLACES = [bound + near for bound in (0, 65536, 3 * 65536, 1 << 20, len(LONG)) for near in (-1, 0, 1)][1:]


async def content_of(store: ObjectStore, name: str, begin_at: int = 0) -> bytes:
    return b"".join([piece async for piece in store.read(name, begin_at)])


class ObjectStoreContract:
    """Give it a fixture `place`; a store that knows no facts or cannot read overrides what it cannot promise."""

    @pytest.fixture(params=list(WRAPPINGS))
    async def store(self, place: Place, request: pytest.FixtureRequest) -> AsyncIterator[ObjectStore]:
        store = WRAPPINGS[request.param](place.open())
        yield store
        await store.close()

    @pytest.fixture
    def file(self, tmp_path: Path) -> Callable[[bytes], Path]:
        """Makes a source file of that content."""
        folder = tmp_path / "sources"
        folder.mkdir()

        def made(content: bytes) -> Path:
            path = folder / f"{len(list(folder.iterdir()))}.bin"
            path.write_bytes(content)
            return path

        return made

    @pytest.mark.parametrize("content", [b"", b"x", SOUND, LONG], ids=["empty", "one byte", "short", "long"])
    async def test_what_was_put_is_there_byte_for_byte(
        self, store: ObjectStore, file: Callable[[bytes], Path], content: bytes
    ) -> None:
        await store.put(NAME, file(content), digest_of(content))
        facts = await store.facts(NAME)
        assert facts is not None
        assert facts.is_same_as(digest_of(content))
        assert await content_of(store, NAME) == content

    async def test_another_store_over_the_same_place_sees_it(
        self, store: ObjectStore, place: Place, file: Callable[[bytes], Path]
    ) -> None:
        await store.put(NAME, file(SOUND), digest_of(SOUND))
        second = place.open()
        assert await content_of(second, NAME) == SOUND
        await second.close()

    async def test_the_same_file_twice_is_success(self, store: ObjectStore, file: Callable[[bytes], Path]) -> None:
        await store.put(NAME, file(SOUND), digest_of(SOUND))
        await store.put(NAME, file(SOUND), digest_of(SOUND))
        assert await content_of(store, NAME) == SOUND

    @pytest.mark.parametrize("content", [OTHER, SOUND + b"more", b""], ids=["same size", "longer", "empty"])
    async def test_anothers_object_is_left_untouched(
        self, store: ObjectStore, file: Callable[[bytes], Path], content: bytes
    ) -> None:
        await store.put(NAME, file(SOUND), digest_of(SOUND))
        with pytest.raises(ObjectExists):
            await store.put(NAME, file(content), digest_of(content))
        assert await content_of(store, NAME) == SOUND

    async def test_overwrite_replaces_anothers_object(self, store: ObjectStore, file: Callable[[bytes], Path]) -> None:
        await store.put(NAME, file(SOUND), digest_of(SOUND), overwrite=True)
        await store.put(NAME, file(LONG), digest_of(LONG), overwrite=True)
        facts = await store.facts(NAME)
        assert facts is not None
        assert facts.is_same_as(digest_of(LONG))
        assert await content_of(store, NAME) == LONG

    @pytest.mark.parametrize("promised", [OTHER, SOUND + b"more", SOUND[:-1]], ids=["other", "longer", "shorter"])
    async def test_a_file_that_is_not_as_promised_is_refused_and_nothing_is_seen_of_it(
        self, store: ObjectStore, place: Place, file: Callable[[bytes], Path], promised: bytes
    ) -> None:
        with pytest.raises(DestinationRefused):
            await store.put(NAME, file(SOUND), digest_of(promised))
        assert await store.facts(NAME) is None
        assert place.names() == []

    async def test_a_file_that_is_not_as_promised_does_not_replace_the_one_that_is_there(
        self, store: ObjectStore, file: Callable[[bytes], Path]
    ) -> None:
        await store.put(NAME, file(SOUND), digest_of(SOUND))
        with pytest.raises(DestinationRefused):
            await store.put(NAME, file(OTHER), digest_of(LONG), overwrite=True)
        assert await content_of(store, NAME) == SOUND

    async def test_a_source_that_is_gone_is_refused(self, store: ObjectStore, place: Place, tmp_path: Path) -> None:
        with pytest.raises(DestinationRefused):
            await store.put(NAME, tmp_path / "gone.mp3", digest_of(SOUND))
        assert place.names() == []

    async def test_there_are_no_facts_of_what_is_not_there(self, store: ObjectStore) -> None:
        assert await store.facts(NAME) is None

    async def test_reading_what_is_not_there_is_refused(self, store: ObjectStore) -> None:
        with pytest.raises(DestinationRefused):
            await content_of(store, NAME)

    async def test_a_reading_begins_wherever_it_is_wanted(
        self, store: ObjectStore, file: Callable[[bytes], Path]
    ) -> None:
        await store.put(NAME, file(LONG), digest_of(LONG))
        for place in [*PLACES, len(LONG) // 2, 10 * len(LONG)]:
            assert await content_of(store, NAME, place) == LONG[place:], place

    async def test_an_empty_object_has_nothing_wherever_a_reading_begins(
        self, store: ObjectStore, file: Callable[[bytes], Path]
    ) -> None:
        await store.put(NAME, file(b""), digest_of(b""))
        assert [await content_of(store, NAME, place) for place in (0, 1, 65536)] == [b"", b"", b""]

    async def test_what_is_not_there_is_refused_wherever_a_reading_begins(self, store: ObjectStore) -> None:
        with pytest.raises(DestinationRefused):
            await content_of(store, NAME, 1)

    async def test_removing_deletes_it_and_nothing_beside_it(
        self, store: ObjectStore, place: Place, file: Callable[[bytes], Path]
    ) -> None:
        for name in ("a/1.mp3", "a/2.mp3", "b/1.mp3"):
            await store.put(name, file(SOUND), digest_of(SOUND))
        await store.remove("a/1.mp3")
        assert await store.facts("a/1.mp3") is None
        assert place.names() == ["a/2.mp3", "b/1.mp3"]

    async def test_removing_what_is_gone_already_is_fine(
        self, store: ObjectStore, file: Callable[[bytes], Path]
    ) -> None:
        await store.remove(NAME)
        await store.put(NAME, file(SOUND), digest_of(SOUND))
        await store.remove(NAME)
        await store.remove(NAME)

    async def test_a_name_is_free_again_after_removing(self, store: ObjectStore, file: Callable[[bytes], Path]) -> None:
        await store.put(NAME, file(SOUND), digest_of(SOUND))
        await store.remove(NAME)
        await store.put(NAME, file(OTHER), digest_of(OTHER))
        assert await content_of(store, NAME) == OTHER

    async def test_awkward_names_are_kept_as_they_are(
        self, store: ObjectStore, place: Place, file: Callable[[bytes], Path]
    ) -> None:
        for name in AWKWARD_NAMES:
            await store.put(name, file(name.encode()), digest_of(name.encode()))
        assert place.names() == sorted(AWKWARD_NAMES)
        for name in AWKWARD_NAMES:
            assert await content_of(store, name) == name.encode()

    @pytest.mark.parametrize("name", CLIMBING_NAMES)
    async def test_a_name_that_leaves_the_place_is_refused_everywhere(
        self, store: ObjectStore, file: Callable[[bytes], Path], name: str
    ) -> None:
        with pytest.raises(DestinationRefused):
            await store.put(name, file(SOUND), digest_of(SOUND), overwrite=True)
        with pytest.raises(DestinationRefused):
            await store.facts(name)
        with pytest.raises(DestinationRefused):
            await content_of(store, name)
        with pytest.raises(DestinationRefused):
            await store.remove(name)

    @pytest.mark.parametrize("name", AWKWARD_NAMES)
    async def test_the_address_leads_to_the_name_and_holds_nothing_else(self, store: ObjectStore, name: str) -> None:
        address = urlsplit(store.url(name))
        assert address.scheme
        assert not address.query
        assert not address.fragment
        assert "@" not in address.netloc
        assert unquote(address.path).endswith(f"/{name}")

    async def test_of_many_that_want_one_name_exactly_one_gets_it(
        self, store: ObjectStore, place: Place, file: Callable[[bytes], Path]
    ) -> None:
        contents = [bytes([number]) * 70_000 for number in range(8)]
        stores = [store, *(place.open() for _ in contents[1:])]
        puts = [one.put(NAME, file(content), digest_of(content)) for one, content in zip(stores, contents, strict=True)]
        outcomes = await asyncio.gather(*puts, return_exceptions=True)
        for one in stores[1:]:
            await one.close()
        winners = [content for content, outcome in zip(contents, outcomes, strict=True) if outcome is None]
        assert len(winners) == 1
        assert all(outcome is None or isinstance(outcome, ObjectExists) for outcome in outcomes)
        assert await content_of(store, NAME) == winners[0]
        assert place.names() == [NAME]

    async def test_of_many_that_put_the_same_file_all_succeed(
        self, store: ObjectStore, place: Place, file: Callable[[bytes], Path]
    ) -> None:
        await asyncio.gather(*(store.put(NAME, file(SOUND), digest_of(SOUND)) for _ in range(8)))
        assert place.names() == [NAME]

    async def test_a_reader_may_go_away_early(self, store: ObjectStore, file: Callable[[bytes], Path]) -> None:
        await store.put(NAME, file(LONG), digest_of(LONG))
        for _ in range(10):
            pieces = store.read(NAME)
            first = await anext(pieces)
            assert LONG.startswith(first)
            await pieces.aclose()  # type: ignore[attr-defined]  # every store's read is an async generator
        assert await content_of(store, NAME) == LONG

    async def test_killed_in_the_middle_of_a_put_nothing_is_seen_and_the_next_put_works(
        self, place: Place, tmp_path: Path, file: Callable[[bytes], Path]
    ) -> None:
        recipe = place.recipe()
        if recipe is None:
            pytest.skip("this store dies with its process")
        await _killed_in_mid_put(recipe, tmp_path)
        visible = [name for name in place.names() if not name.rpartition("/")[2].startswith(".")]
        assert visible == []
        assert place.names() != [], "the kill came before the put had begun"
        store = place.open()
        assert await store.facts(NAME) is None
        await store.put(NAME, file(LONG), digest_of(LONG))
        assert await content_of(store, NAME) == LONG
        assert place.names() == [NAME]
        await store.close()

    async def test_without_room_nothing_is_seen_and_it_is_no_fault_of_the_destination(
        self, place: Place, file: Callable[[bytes], Path]
    ) -> None:
        with place.full() as store:
            if store is None:
                pytest.skip("this store is never full")
            with pytest.raises(NoRoom):
                await store.put(NAME, file(LONG), digest_of(LONG))
            assert await store.facts(NAME) is None
            # What the failed one took is free again.
            await store.put("small.mp3", file(SOUND), digest_of(SOUND))
            assert await content_of(store, "small.mp3") == SOUND
            await store.close()

    async def test_a_place_that_may_not_be_written_says_so_for_good(
        self, place: Place, file: Callable[[bytes], Path]
    ) -> None:
        with place.unwritable() as store:
            if store is None:
                pytest.skip("this store always takes everything")
            with pytest.raises(DestinationRefused) as refusal:
                await store.put(NAME, file(SOUND), digest_of(SOUND))
            assert not isinstance(refusal.value, ObjectExists)
            assert len(str(refusal.value)) > len("refused")
            await store.close()


async def _killed_in_mid_put(recipe: str, tmp_path: Path) -> None:
    """Put from a pipe that gives two of three mebibytes, and kill -9 the process when it has taken them."""
    imports, _, expression = recipe.rpartition(";")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    program = f"""
import asyncio
from pathlib import Path
from tests.contract.storage.places import digest_of
{imports}
asyncio.run(({expression}).put({NAME!r}, Path({str(pipe)!r}), digest_of(b"x")))
"""
    root = Path(__file__).parents[3]
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program, cwd=root)
    await asyncio.to_thread(_fed, pipe, 2 << 20, process.kill)
    assert await process.wait() == -SIGKILL


def _fed(pipe: Path, size_bytes: int, then: Callable[[], None]) -> None:
    with pipe.open("wb", buffering=0) as writing:
        given = 0
        while given < size_bytes:
            given += writing.write(b"x" * 65536)
        then()
