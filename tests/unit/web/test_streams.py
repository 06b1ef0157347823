"""The sound of recordings itself over HTTP: whole, in parts, and made into another form."""

import io
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import soundfile

from connector.catalogue import schema
from connector.errors import DestinationUnreachable
from connector.storage.memory import MemoryStore
from tests.unit.audio.sound import RATE
from tests.unit.services.yard import SECONDS, SOUND, Yard
from tests.unit.web.api_site import ApiSite, json_of
from tests.unit.web.browser import Browser

STREAM = "/v1/calls/call-1/recording/stream"
BY_ID = "/v1/recordings/recording-1/stream"


@pytest.fixture(scope="module")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("migrated")
    schema.upgrade(f"sqlite:///{folder}/catalogue.db", folder)
    return folder / "catalogue.db"


@pytest.fixture
async def empty(migrated_file: Path, tmp_path: Path) -> AsyncIterator[ApiSite]:
    (tmp_path / "state").mkdir()
    shutil.copy(migrated_file, tmp_path / "state" / "catalogue.db")
    yard = Yard(tmp_path / "state", tmp_path / "spool")
    yield ApiSite(yard)
    await yard.close()


@pytest.fixture
async def site(empty: ApiSite) -> ApiSite:
    """With a recording whose stereo file is a few words."""
    await empty.yard.rendered()
    assert await empty.yard.run() == ""
    return empty


@pytest.fixture
async def studio(empty: ApiSite) -> ApiSite:
    """With one that is really sound, as stereo WAV."""
    await empty.yard.captured(empty.yard.caller(), empty.yard.agent())
    assert await empty.yard.run() == ""
    return empty


@pytest.mark.parametrize("url", [STREAM, BY_ID])
async def test_it_comes_whole_and_bears_the_name_of_its_call(site: ApiSite, url: str) -> None:
    answer = await site.ask(url)
    assert (answer.status, answer.content) == (200, SOUND)
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["content-disposition"].endswith("call-1.stereo.wav")
    assert answer.headers["accept-ranges"] == "bytes"
    ((deed),) = site.audit.deeds
    assert (deed.action, deed.subject, deed.organisation) == ("recording.listened", "recording-1", "default")


async def test_a_part_of_it_comes_as_asked(site: ApiSite) -> None:
    answer = await site.ask(STREAM, range="bytes=3-9")
    assert (answer.status, answer.content) == (206, SOUND[3:10])
    assert answer.headers["content-range"] == f"bytes 3-9/{len(SOUND)}"
    assert (await site.ask(STREAM, range="bytes=0-1,4-5")).content == SOUND


async def test_its_parts_are_one_line_in_the_audit_log_and_another_file_of_it_is_another(studio: ApiSite) -> None:
    for part in ("bytes=0-", "bytes=9000-", "bytes=44-99"):
        assert (await studio.ask(STREAM, range=part)).status == 206
    assert (await studio.ask(BY_ID, range="bytes=3-9")).status == 206
    assert studio.audit.actions == ["recording.listened"]
    await studio.ask(STREAM + "?kind=left&format=wav")
    assert [deed.details["kind"] for deed in studio.audit.deeds] == ["stereo", "left"]


class Halting(MemoryStore):
    """Gives the beginning, and nothing to whoever seeks."""

    async def read(self, name: str, begin_at: int = 0) -> AsyncIterator[bytes]:
        if begin_at:
            raise DestinationUnreachable("the archive is down")
        yield self.objects[name][:4]


async def test_a_part_that_cannot_be_had_is_an_error_and_no_answer_that_breaks_off(site: ApiSite) -> None:
    site.yard.destinations.stores["archive"] = Halting(site.yard.archive.objects)
    answer = await site.ask(STREAM, range="bytes=20-")
    assert (answer.status, answer.headers["content-type"]) == (503, "application/problem+json")
    assert "content-range" not in answer.headers


async def test_beyond_its_end_there_is_nothing_and_that_is_said(site: ApiSite) -> None:
    answer = await site.ask(STREAM, range="bytes=9999-")
    assert (answer.status, answer.headers["content-type"]) == (416, "application/problem+json")
    assert answer.headers["content-range"] == f"bytes */{len(SOUND)}"


async def test_who_has_it_already_gets_nothing_again_and_has_listened_to_nothing(site: ApiSite) -> None:
    etag = (await site.ask(STREAM, "HEAD")).headers["etag"]
    answer = await site.ask(STREAM, if_none_match=etag)
    assert (answer.status, answer.content) == (304, b"")
    assert site.audit.deeds == []
    assert (await site.ask(STREAM, range="bytes=3-", if_range=etag)).status == 206


async def test_head_says_what_there_is(site: ApiSite) -> None:
    answer = await site.ask(STREAM, "HEAD")
    assert (answer.status, answer.content, answer.headers["content-length"]) == (200, b"", str(len(SOUND)))


@pytest.mark.parametrize("url", [STREAM, BY_ID])
@pytest.mark.parametrize(
    ("shown", "status"), [("listen", 200), ("admin", 200), ("house", 200), ("read", 403), ("stranger", 404)]
)
async def test_who_may_listen_hears_it(site: ApiSite, url: str, shown: str, status: int) -> None:
    answer = await site.ask(url, shown=shown)
    assert answer.status == status
    assert (SOUND in answer.content) is (status == 200)


async def test_anothers_recording_and_none_are_the_same(site: ApiSite) -> None:
    anothers = await site.ask(BY_ID, shown="stranger")
    none = await site.ask("/v1/recordings/recording-2/stream")
    assert anothers.text.replace("recording-1", "recording-2") == none.text


async def test_what_cannot_be_written_down_is_not_heard(site: ApiSite) -> None:
    site.audit.is_away = True
    for url in (STREAM, STREAM + "?format=mp3"):
        answer = await site.ask(url)
        assert (answer.status, SOUND in answer.content) == (503, False)


async def test_a_store_that_does_not_give_it_leaves_the_next_one(empty: ApiSite) -> None:
    stores = empty.yard.destinations.stores
    stores["second"] = type(stores["archive"])()
    await empty.yard.rendered("archive", "second")
    assert await empty.yard.run() == ""
    stores["archive"].fail_next(DestinationUnreachable("the archive is down"))
    assert (await empty.ask(STREAM)).content == SOUND


@pytest.mark.parametrize(
    ("asked", "kind", "begins"),
    [
        ("format=flac", "audio/flac", b"fLaC"),
        ("format=mp3", "audio/mpeg", b"ID3"),
        ("format=opus", "audio/ogg", b"OggS"),
        ("kind=left", "audio/wav", b"RIFF"),
    ],
)
async def test_it_is_made_into_another_form_while_it_is_read(
    studio: ApiSite, asked: str, kind: str, begins: bytes
) -> None:
    answer = await studio.ask(f"{STREAM}?{asked}", range="bytes=0-3")
    assert (answer.status, answer.headers["content-type"], answer.content[: len(begins)]) == (200, kind, begins)
    assert answer.headers["accept-ranges"] == "none"
    assert "content-length" not in answer.headers
    assert studio.audit.actions == ["recording.listened"]


async def test_what_was_made_is_as_long_as_the_recording(studio: ApiSite) -> None:
    samples, rate = soundfile.read(io.BytesIO((await studio.ask(STREAM + "?format=flac")).content))
    assert (len(samples), rate) == (SECONDS * RATE, RATE)


async def test_of_what_is_made_no_part_is_given_but_it_can_be_known_again(studio: ApiSite) -> None:
    url = STREAM + "?format=flac"
    head = await studio.ask(url, "HEAD")
    assert (head.status, head.content, studio.audit.deeds) == (200, b"", [])
    assert (await studio.ask(url, if_none_match=head.headers["etag"])).status == 304
    assert (await studio.ask(STREAM + "?kind=left", if_none_match=head.headers["etag"])).status == 200


async def test_what_cannot_be_made_names_what_is_there(site: ApiSite) -> None:
    answer = await site.ask(STREAM + "?kind=participants&format=mp3")
    assert (answer.status, answer.headers["content-type"]) == (406, "application/problem+json")
    assert "stored are: stereo as wav" in answer.text


async def test_what_is_no_sound_cannot_be_made_into_any(site: ApiSite) -> None:
    answer = await site.ask(STREAM + "?format=mp3")
    assert (answer.status, json_of(answer)["title"]) == (502, "Bad Gateway")


async def test_while_others_are_being_made_one_waits_outside(studio: ApiSite) -> None:
    places = studio.converting._places
    await places.acquire()
    await places.acquire()
    answer = await studio.ask(STREAM + "?format=mp3")
    assert (answer.status, answer.headers["retry-after"], studio.audit.deeds) == (429, "5", [])
    places.release()
    assert (await studio.ask(STREAM + "?format=mp3")).status == 200
    assert not places.locked()


async def test_who_leaves_before_it_is_made_makes_room(studio: ApiSite) -> None:
    browser = Browser(studio.app)
    browser.leaves_after = 0
    await browser.ask(STREAM + "?format=mp3", headers={"x-api-key": "listen"})
    assert studio.converting._places._value == 2
