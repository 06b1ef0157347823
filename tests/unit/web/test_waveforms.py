"""The waveform of a recording over HTTP, and what is said where there is none."""

import shutil
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from connector.catalogue import schema
from connector.domain.products import peaks_path
from connector.domain.states import RecordingEvent, RecordingState
from tests.builders import RECORDING, a_recording
from tests.unit.audio.sound import RATE
from tests.unit.services.yard import SECONDS, Yard
from tests.unit.web.api_site import ApiSite, json_of

URL = f"/v1/recordings/{RECORDING}/waveform"


@pytest.fixture(scope="module")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("migrated")
    schema.upgrade(f"sqlite:///{folder}/catalogue.db", folder)
    return folder / "catalogue.db"


@pytest.fixture
async def site(migrated_file: Path, tmp_path: Path) -> AsyncIterator[ApiSite]:
    """With a recording that was really rendered."""
    (tmp_path / "state").mkdir()
    shutil.copy(migrated_file, tmp_path / "state" / "catalogue.db")
    yard = Yard(tmp_path / "state", tmp_path / "spool")
    await yard.captured(yard.caller(), yard.agent())
    assert await yard.run() == ""
    yield ApiSite(yard)
    await yard.close()


async def test_it_is_the_file_that_rendering_drew(site: ApiSite) -> None:
    answer = await site.ask(URL)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/octet-stream")
    assert answer.content == (site.yard.state / peaks_path(RECORDING)).read_bytes()
    assert struct.unpack_from("<iIiiIi", answer.content) == (2, 1, RATE, RATE // 100, SECONDS * 100, 2)


async def test_who_has_it_already_gets_nothing_again(site: ApiSite) -> None:
    etag = (await site.ask(URL)).headers["etag"]
    answer = await site.ask(URL, if_none_match=etag)
    assert (answer.status, answer.content) == (304, b"")
    assert (await site.ask(URL, if_none_match='"another"')).status == 200


async def test_to_look_at_it_is_not_to_listen(site: ApiSite) -> None:
    await site.ask(URL)
    assert site.audit.deeds == []


@pytest.mark.parametrize(
    ("shown", "status"), [("listen", 200), ("admin", 200), ("house", 200), ("read", 403), ("stranger", 404)]
)
async def test_who_may_listen_sees_it(site: ApiSite, shown: str, status: int) -> None:
    assert (await site.ask(URL, shown=shown)).status == status


async def test_anothers_and_none_are_the_same(site: ApiSite) -> None:
    anothers = await site.ask(URL, shown="stranger")
    none = await site.ask("/v1/recordings/recording-2/waveform")
    assert anothers.text.replace("recording-1", "recording-2") == none.text


async def test_where_it_was_drawn_elsewhere_it_is_drawn_again_from_the_stored_sound_and_no_different(
    site: ApiSite,
) -> None:
    own = site.yard.state / peaks_path(RECORDING)
    drawn = own.read_bytes()
    own.unlink()
    answer = await site.ask(URL)
    assert (answer.status, answer.content) == (200, drawn)
    # Another time nothing is fetched for it.
    site.yard.archive.objects.clear()
    again = await site.ask(URL)
    assert (again.status, again.headers["etag"]) == (200, answer.headers["etag"])
    assert site.audit.deeds == []


async def test_where_it_was_drawn_elsewhere_and_the_sound_is_away_that_is_said(site: ApiSite) -> None:
    (site.yard.state / peaks_path(RECORDING)).unlink()
    site.yard.archive.objects.clear()
    answer = await site.ask(URL)
    assert (answer.status, json_of(answer)["reason"]) == (404, "no waveform")
    assert "node 'here'" in json_of(answer)["detail"]
    assert str(site.yard.state) not in answer.text


async def test_of_a_recording_that_is_on_its_way_out_nothing_is_shown(site: ApiSite) -> None:
    await site.yard.catalogue.shipping.moved(RECORDING, RecordingEvent.ERASED, reason="by ada")
    answer = await site.ask(URL)
    assert (answer.status, json_of(answer)["reason"]) == (410, "removed")


async def test_of_a_recording_that_is_not_made_yet_that_is_said(site: ApiSite) -> None:
    await site.yard.apply(a_recording(id="recording-3", state=RecordingState.CAPTURED))
    answer = await site.ask("/v1/recordings/recording-3/waveform")
    assert (answer.status, json_of(answer)["reason"]) == (404, "not ready")
