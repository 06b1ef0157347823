"""Files by signed links over HTTP: whole, in ranges, refused, and let go of."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import unquote

import pytest
from fastapi import FastAPI

from connector.catalogue import schema
from connector.domain.secret import Secret
from connector.errors import CatalogueUnavailable, ConnectorError, DestinationRefused, DestinationUnreachable
from connector.services.fetching import Fetching
from connector.services.file_links import FileLinks
from connector.storage.local import LocalFolder
from connector.storage.memory import MemoryStore
from connector.web.files import files_router
from tests.unit.services.yard import SOUND, Yard
from tests.unit.web.browser import Answer, Browser

WHOLE = len(SOUND)


class Slow(MemoryStore):
    """Gives away a few bytes at a time; breaks off where a test says; tells whether anybody still reads."""

    def __init__(self) -> None:
        super().__init__()
        self.readers = 0
        self.pieces = 0
        self.breaks_at: int | None = None
        self.seek_trouble: ConnectorError | None = None

    async def read(self, name: str, begin_at: int = 0) -> AsyncIterator[bytes]:
        self.readers += 1
        try:
            if begin_at and self.seek_trouble:
                raise self.seek_trouble
            async for content in super().read(name, begin_at):
                for at in range(0, len(content), 4):
                    if self.breaks_at is not None and at >= self.breaks_at:
                        raise DestinationUnreachable("the share went away")
                    self.pieces += 1
                    yield content[at : at + 4]
        finally:
            self.readers -= 1


class Log:
    """What was written down; may be away."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.is_away = False

    async def done_by(
        self, by: str, action: str, *, subject: str = "", organisation: str | None = None, **details: object
    ) -> None:
        if self.is_away:
            raise CatalogueUnavailable("it is locked")
        self.lines.append(f"{by}: {action} {subject} of {organisation} {details}")


class Site:
    """One stored recording, the links to it, and who asks."""

    def __init__(self, yard: Yard) -> None:
        self.yard = yard
        self.store = yard.destinations.stores["archive"] = Slow()
        self.links = FileLinks("http://calls.example.com", Secret("key"), yard.clock)
        self.log = Log()
        app = FastAPI(openapi_url=None)
        fetching = Fetching(yard.catalogue.shipping, yard.destinations, self.links)
        app.include_router(files_router(self.links, fetching, self.log))
        self.browser = Browser(app)

    async def url(self, filename: str = "call-1.stereo.wav") -> str:
        return self.links.link(await self.yard.delivery(), 60.0, filename).url


@pytest.fixture(scope="module")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("migrated")
    schema.upgrade(f"sqlite:///{folder}/catalogue.db", folder)
    return folder / "catalogue.db"


@pytest.fixture
async def site(migrated_file: Path, tmp_path: Path) -> AsyncIterator[Site]:
    state = tmp_path / "state"
    state.mkdir()
    shutil.copy(migrated_file, state / "catalogue.db")
    yard = Yard(state, tmp_path / "spool")
    opened = Site(yard)
    await yard.rendered()
    assert await yard.run() == ""
    yield opened
    await yard.close()
    assert opened.store.readers == 0, "a file was not let go of"


async def test_a_file_comes_whole_and_tells_what_it_is(site: Site) -> None:
    answer = await site.browser.ask(await site.url())
    sha256 = (await site.yard.file()).artefact(await site.yard.delivery()).sha256
    assert (answer.status, answer.content) == (200, SOUND)
    assert answer.headers == {
        "cache-control": "private, no-store",
        "referrer-policy": "no-referrer",
        "accept-ranges": "bytes",
        "etag": f'"{sha256}"',
        "content-type": "audio/wav",
        "x-content-type-options": "nosniff",
        "content-disposition": "attachment; filename=\"call-1.stereo.wav\"; filename*=UTF-8''call-1.stereo.wav",
        "content-length": str(WHOLE),
    }


@pytest.mark.parametrize("name", ['ä"b;c.wav', "a\r\nx-evil: yes.wav", "日本.wav"])
async def test_whatever_its_name_is_it_stays_within_its_header(site: Site, name: str) -> None:
    answer = await site.browser.ask(await site.url(name))
    said = answer.headers["content-disposition"]
    assert unquote(said.partition("filename*=UTF-8''")[2]) == name
    assert said.isascii()
    assert said.isprintable()
    assert said.count('"') == 2


async def test_a_link_without_a_name_is_shown_where_it_is_opened(site: Site) -> None:
    assert "content-disposition" not in (await site.browser.ask(await site.url(""))).headers


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-", 0, WHOLE),
        ("bytes=0-0", 0, 1),
        ("bytes=3-9", 3, 10),
        ("bytes=5-", 5, WHOLE),
        ("bytes=-1", WHOLE - 1, WHOLE),
        ("bytes=-7", WHOLE - 7, WHOLE),
        ("bytes=-9999", 0, WHOLE),
        ("bytes=4-9999", 4, WHOLE),
        (" bytes=4-7 ", 4, 8),
    ],
)
async def test_a_part_of_it_comes_as_asked(site: Site, asked: str, start: int, end: int) -> None:
    answer = await site.browser.ask(await site.url(), headers={"Range": asked})
    assert (answer.status, answer.content) == (206, SOUND[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{WHOLE}"
    assert answer.headers["content-length"] == str(end - start)


@pytest.mark.parametrize("asked", [f"bytes={WHOLE}-", "bytes=999999-", "bytes=-0"])
async def test_beyond_its_end_there_is_nothing(site: Site, asked: str) -> None:
    answer = await site.browser.ask(await site.url(), headers={"Range": asked})
    assert (answer.status, answer.content) == (416, b"")
    assert answer.headers["content-range"] == f"bytes */{WHOLE}"


@pytest.mark.parametrize(
    "asked", ["bytes=0-1,4-5", "bytes=-", "bytes=5-4", "items=0-1", "bytes=a-b", "bytes=٣-٤", f"bytes=0-{'9' * 5000}"]
)
async def test_what_is_not_understood_gets_the_whole(site: Site, asked: str) -> None:
    answer = await site.browser.ask(await site.url(), headers={"Range": asked})
    assert (answer.status, answer.content) == (200, SOUND)
    assert "content-range" not in answer.headers


async def test_whoever_goes_on_with_another_file_gets_this_one_whole(site: Site) -> None:
    etag = (await site.browser.ask(await site.url(), "HEAD")).headers["etag"]
    for named, status in ((etag, 206), ('"another"', 200), ("Mon, 05 Jan 2026 09:00:00 GMT", 200)):
        answer = await site.browser.ask(await site.url(), headers={"Range": "bytes=4-", "If-Range": named})
        assert answer.status == status, named


async def test_nothing_behind_the_part_is_read(site: Site) -> None:
    await site.browser.ask(await site.url(), headers={"Range": "bytes=0-5"})
    assert site.store.pieces == 2


async def test_nothing_before_the_part_is_read_but_the_files_beginning(site: Site) -> None:
    await site.browser.ask(await site.url(), headers={"Range": "bytes=20-25"})
    assert site.store.pieces == 3


async def test_head_has_the_same_headers_and_nothing_else(site: Site) -> None:
    for headers in ({}, {"Range": "bytes=3-9"}, {"Range": "bytes=999-"}):
        got = await site.browser.ask(await site.url(), headers=headers)
        head = await site.browser.ask(await site.url(), "HEAD", headers)
        assert (head.status, head.headers, head.content) == (got.status, got.headers, b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_nothing_can_be_written(site: Site, method: str) -> None:
    assert (await site.browser.ask(await site.url(), method)).status == 405


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_link_that_was_changed_or_has_expired_opens_nothing(site: Site, method: str) -> None:
    url = await site.url()
    for changed in (url.replace("recording-1", "recording-2"), url.replace("/stereo", "/mono"), url.partition("?")[0]):
        assert (await site.browser.ask(changed, method)).status == 403
    await site.yard.clock.advance(61)
    answer = await site.browser.ask(url)
    assert (answer.status, answer.headers["cache-control"]) == (403, "private, no-store")
    assert "expired" in answer.text
    assert SOUND not in answer.content


async def test_a_good_link_to_what_is_gone_finds_nothing(site: Site) -> None:
    url = await site.url()
    site.yard.destinations.stores.clear()
    site.yard.destinations.places.clear()
    assert (await site.browser.ask(url)).status == 404


@pytest.mark.parametrize(
    ("trouble", "status"),
    [(DestinationRefused("the archive said 403"), 502), (DestinationUnreachable("the archive is down"), 503)],
)
async def test_a_store_that_does_not_give_it_is_said_before_any_byte(
    site: Site, trouble: ConnectorError, status: int
) -> None:
    site.store.fail_next(trouble)
    answer = await site.browser.ask(await site.url())
    assert answer.status == status
    assert "try again later" in answer.text
    assert str(trouble) not in answer.text
    assert "content-length" in answer.headers


@pytest.mark.parametrize(
    ("trouble", "status"),
    [(DestinationRefused("the archive said 403"), 502), (DestinationUnreachable("the archive is down"), 503)],
)
async def test_a_store_that_does_not_give_the_part_is_said_before_any_byte(
    site: Site, trouble: ConnectorError, status: int
) -> None:
    site.store.seek_trouble = trouble
    answer = await site.browser.ask(await site.url(), headers={"Range": "bytes=20-"})
    assert answer.status == status
    assert "try again later" in answer.text
    assert "content-range" not in answer.headers


async def test_a_catalogue_that_is_away_is_said(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def locked(_: object) -> None:
        raise CatalogueUnavailable("it is locked")

    url = await site.url()
    monkeypatch.setattr(site.yard.catalogue.shipping, "file", locked)
    assert (await site.browser.ask(url)).status == 503


async def test_whoever_leaves_early_lets_go_of_the_file(site: Site) -> None:
    site.browser.leaves_after = 3
    await site.browser.ask(await site.url())
    assert 0 < site.store.pieces < WHOLE / 4
    assert site.store.readers == 0


async def test_whoever_has_left_before_the_first_byte_lets_go_of_the_file(site: Site) -> None:
    site.browser.leaves_after = 0
    await site.browser.ask(await site.url())
    assert site.store.readers == 0


async def test_what_breaks_off_in_the_middle_never_looks_whole(site: Site) -> None:
    site.store.breaks_at = 12
    with pytest.raises((DestinationUnreachable, ExceptionGroup)):
        await site.browser.ask(await site.url())
    assert site.browser.sent[-1].get("more_body") is True
    assert site.store.readers == 0


async def test_who_has_it_already_gets_nothing_again(site: Site) -> None:
    etag = (await site.browser.ask(await site.url(), "HEAD")).headers["etag"]
    for named in (etag, f"W/{etag}", f'"another", {etag}', "*"):
        answer = await site.browser.ask(await site.url(), headers={"If-None-Match": named})
        assert (answer.status, answer.content, answer.headers["etag"]) == (304, b"", etag), named
    answer = await site.browser.ask(await site.url(), headers={"If-None-Match": '"another"'})
    assert (answer.status, answer.content) == (200, SOUND)


async def test_every_download_is_written_down_and_a_look_is_none(site: Site) -> None:
    await site.browser.ask(await site.url(), "HEAD")
    assert site.log.lines == []
    await site.browser.ask(await site.url(), headers={"Range": "bytes=3-"})
    assert site.log.lines == ["link: recording.downloaded recording-1 of default {'kind': 'stereo'}"]


async def test_what_cannot_be_written_down_is_not_handed_out(site: Site) -> None:
    site.log.is_away = True
    answer = await site.browser.ask(await site.url())
    assert answer.status == 503
    assert SOUND not in answer.content
    assert site.store.readers == 0


class Shelf:
    """A recording in a real folder, plain or sealed."""

    def __init__(self, yard: Yard, folder: Path, store: LocalFolder, hand_over: str) -> None:
        yard.destinations.stores["archive"] = store  # type: ignore[assignment]  # an ObjectStore all the same
        self.yard, self.folder = yard, folder
        self.links = FileLinks("http://calls.example.com", Secret("key"), yard.clock)
        app = FastAPI(openapi_url=None)
        fetching = Fetching(yard.catalogue.shipping, yard.destinations, self.links)
        app.include_router(files_router(self.links, fetching, hand_over=hand_over))
        self.browser = Browser(app)

    async def ask(self, method: str = "GET", **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        link = self.links.link(await self.yard.delivery(), 60.0, "a.wav")
        return await self.browser.ask(link.url, method, named)


@asynccontextmanager
async def a_shelf(
    migrated_file: Path, tmp_path: Path, key: Secret | None = None, hand_over: str = ""
) -> AsyncIterator[Shelf]:
    (tmp_path / "state").mkdir()
    shutil.copy(migrated_file, tmp_path / "state" / "catalogue.db")
    yard, store = Yard(tmp_path / "state", tmp_path / "spool"), LocalFolder(tmp_path / "shelf", key=key)
    opened = Shelf(yard, tmp_path / "shelf", store, hand_over)
    await yard.rendered()
    assert await yard.run() == ""
    yield opened
    await store.close()
    await yard.close()


def _open_files() -> list[str]:
    """Those of the shelf."""
    return [name for one in Path("/proc/self/fd").iterdir() if "shelf" in (name := os.path.realpath(one))]


@pytest.mark.parametrize("key", [None, Secret("ab" * 32)], ids=["plain", "sealed"])
async def test_a_folders_file_comes_whole_and_in_parts(migrated_file: Path, tmp_path: Path, key: Secret | None) -> None:
    async with a_shelf(migrated_file, tmp_path, key) as shelf:
        assert (SOUND in (shelf.folder / "call-1.wav").read_bytes()) is (key is None)
        assert (await shelf.ask()).content == SOUND
        for asked, part in (("bytes=5-9", SOUND[5:10]), ("bytes=-3", SOUND[-3:]), ("bytes=1-", SOUND[1:])):
            assert (await shelf.ask(range=asked)).content == part
        assert (await shelf.ask("HEAD")).content == b""
        assert (await shelf.ask(range="bytes=999-")).status == 416
        shelf.browser.leaves_after = 0
        await shelf.ask()
        assert _open_files() == []


async def test_a_folders_file_of_another_size_is_not_handed_out_as_it_is(migrated_file: Path, tmp_path: Path) -> None:
    async with a_shelf(migrated_file, tmp_path, hand_over="/files-of-ours/") as shelf:
        (shelf.folder / "call-1.wav").write_bytes(b"something else")
        assert "x-accel-redirect" not in (await shelf.ask("HEAD")).headers


async def test_a_file_that_is_gone_is_said(migrated_file: Path, tmp_path: Path) -> None:
    async with a_shelf(migrated_file, tmp_path) as shelf:
        (shelf.folder / "call-1.wav").unlink()
        assert (await shelf.ask()).status == 502


@pytest.mark.parametrize(
    ("prefix", "place"),
    [("/ours/", "/ours/call-1.wav"), ("/ours/{destination}/", "/ours/archive/call-1.wav")],
)
async def test_nginx_is_told_where_the_file_is(migrated_file: Path, tmp_path: Path, prefix: str, place: str) -> None:
    async with a_shelf(migrated_file, tmp_path, hand_over=prefix) as shelf:
        answer = await shelf.ask(range="bytes=3-9")
        assert (answer.status, answer.content, answer.headers["x-accel-redirect"]) == (200, b"", place)
        assert answer.headers["content-type"] == "audio/wav"
        assert answer.headers["content-disposition"] == "attachment; filename=\"a.wav\"; filename*=UTF-8''a.wav"


async def test_what_is_sealed_or_elsewhere_is_never_handed_over(migrated_file: Path, tmp_path: Path) -> None:
    async with a_shelf(migrated_file, tmp_path, Secret("ab" * 32), "/ours/") as shelf:
        answer = await shelf.ask()
        assert (answer.status, answer.content) == (200, SOUND)
        assert "x-accel-redirect" not in answer.headers
