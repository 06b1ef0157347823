"""Links to what calls sound like, and why there is none."""

import hashlib
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from connector.catalogue import schema
from connector.domain.call import CallState, Verdict
from connector.domain.recording import ArtefactKind
from connector.domain.states import DeliveryEvent, RecordingEvent, RecordingState
from connector.errors import DestinationRefused
from connector.ports.object_store import Link
from connector.storage.memory import MemoryStore
from tests.builders import MORNING, a_call, a_recording
from tests.unit.services.yard import SOUND, Yard
from tests.unit.web.api_site import ApiSite, json_of

LINK = "/v1/calls/call-1/recording"
BOTH = (ArtefactKind.MONO, ArtefactKind.STEREO)


@pytest.fixture(scope="module")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("migrated")
    schema.upgrade(f"sqlite:///{folder}/catalogue.db", folder)
    return folder / "catalogue.db"


@pytest.fixture
async def site(migrated_file: Path, tmp_path: Path) -> AsyncIterator[ApiSite]:
    (tmp_path / "state").mkdir()
    shutil.copy(migrated_file, tmp_path / "state" / "catalogue.db")
    yard = Yard(tmp_path / "state", tmp_path / "spool")
    yield ApiSite(yard)
    await yard.close()


async def stored(site: ApiSite, *kinds: ArtefactKind) -> None:
    await site.yard.rendered(kinds=kinds or BOTH)
    assert await site.yard.run() == ""


async def test_a_link_comes_with_what_it_is_to(site: ApiSite) -> None:
    await stored(site)
    said = json_of(await site.ask(LINK))
    assert {name: said[name] for name in ("duration_seconds", "format", "size_bytes", "kind", "recording_id")} == {
        "duration_seconds": 40.0,
        "format": "wav",
        "size_bytes": len(SOUND),
        "kind": "stereo",
        "recording_id": "recording-1",
    }
    assert said["expires_at"] == "2026-01-05T10:01:40.000Z"
    assert [one["party"] for one in said["channels"]] == ["+4930123456", "201"]


async def test_what_is_said_of_the_file_is_so_of_the_very_bytes_that_the_link_gives(site: ApiSite) -> None:
    await stored(site)
    said = json_of(await site.ask(LINK + "?kind=mono"))
    got = await site.browser.ask(said["recording_url"].removeprefix("http://calls.example.com"))
    assert (got.status, len(got.content)) == (200, said["size_bytes"])
    assert hashlib.sha256(got.content).hexdigest() == said["sha256"]
    assert site.audit.actions == ["recording.linked", "recording.downloaded"]


async def test_the_link_lives_as_long_as_is_asked_and_no_longer_than_a_week(site: ApiSite) -> None:
    await stored(site)
    assert json_of(await site.ask(LINK + "?seconds=60"))["expires_at"] == "2026-01-05T09:02:40.000Z"
    assert json_of(await site.ask(LINK + "?seconds=604800"))["expires_at"] == "2026-01-12T09:01:40.000Z"
    for wrong in ("0", "604801", "-1", "soon"):
        assert (await site.ask(f"{LINK}?seconds={wrong}")).status == 422, wrong


async def test_it_is_not_kept_anywhere_for_whoever_has_it_may_listen(site: ApiSite) -> None:
    await stored(site)
    assert (await site.ask(LINK)).headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize("asked", ["kind=left", "format=mp3", "kind=stereo&format=flac", "kind=participants"])
async def test_a_form_that_is_not_stored_has_no_link_and_those_that_are_are_named(site: ApiSite, asked: str) -> None:
    await stored(site)
    answer = await site.ask(f"{LINK}?{asked}")
    assert answer.status == 406
    assert "stored are: stereo as wav, mono as wav" in answer.text
    assert ("/v1/recordings/recording-1/stream" in answer.text) is (asked != "kind=participants")


@pytest.mark.parametrize("asked", ["kind=manifest", "format=ogg", "recording=%00", "recording="])
async def test_what_there_cannot_be_is_refused(site: ApiSite, asked: str) -> None:
    await stored(site)
    assert (await site.ask(f"{LINK}?{asked}")).status == 422


async def test_a_bucket_that_may_only_be_written_to_leaves_the_next_copy(site: ApiSite) -> None:
    class WriteOnly(MemoryStore):
        async def link(self, name: str, seconds: float, *, filename: str = "") -> Link | None:
            raise DestinationRefused("the key may not read")

    stores = site.yard.destinations.stores
    stores["archive"], stores["second"] = WriteOnly(), MemoryStore()
    await site.yard.rendered("archive", "second", kinds=BOTH)
    assert await site.yard.run() == ""
    assert "destination=second" in json_of(await site.ask(LINK))["recording_url"]
    stores["second"] = WriteOnly()
    answer = await site.ask(LINK)
    assert (answer.status, "may not read" in answer.text) == (502, False)


@pytest.mark.parametrize(
    ("shown", "status"), [("listen", 200), ("admin", 200), ("house", 200), ("read", 403), ("control", 403), ("", 401)]
)
async def test_who_may_listen_gets_links(site: ApiSite, shown: str, status: int) -> None:
    await stored(site)
    assert (await site.ask(LINK, shown=shown)).status == status
    assert len(site.audit.deeds) == (status == 200)


async def test_anothers_call_is_not_there(site: ApiSite) -> None:
    await stored(site)
    strangers, nobodys = await site.ask(LINK, shown="stranger"), await site.ask("/v1/calls/call-2/recording")
    assert (strangers.status, nobodys.status) == (404, 404)
    assert strangers.text.replace("call-1", "call-2") == nobodys.text


async def test_a_link_that_cannot_be_written_down_is_not_given(site: ApiSite) -> None:
    await stored(site)
    site.audit.is_away = True
    answer = await site.ask(LINK)
    assert (answer.status, "signature" in answer.text) == (503, False)


S = RecordingState


@pytest.mark.parametrize(
    ("state", "over", "reason", "is_coming"),
    [
        (S.REQUESTED, {}, "not ready", True),
        (S.RECORDING, {}, "not ready", True),
        (S.PAUSED, {}, "not ready", True),
        (S.CAPTURED, {}, "not ready", True),
        (S.ABSENT, {"answered_at": None}, "no answer", False),
        (S.ABSENT, {}, "too short", False),
        (S.FAILED_CAPTURE, {}, "failed", False),
    ],
)
async def test_without_sound_the_reason_is_said(
    site: ApiSite, state: RecordingState, over: dict[str, Any], reason: str, is_coming: bool
) -> None:
    await site.yard.apply(a_call(**over), a_recording(state=state, reason="the words of capture"))
    for url in (LINK, LINK + "/stream", "/v1/recordings/recording-1/stream"):
        answer = await site.ask(url)
        assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")
        said = json_of(answer)
        assert (said["reason"], said["state"], said["because"]) == (reason, state, "the words of capture")
        assert ("retry-after" in answer.headers) is is_coming


@pytest.mark.parametrize(
    ("over", "reason"),
    [
        ({"verdict": Verdict(record=False, reason="the rule for the canteen")}, "off"),
        ({"verdict": None}, "not ready"),
        ({"state": CallState.ENDED, "ended_at": MORNING + 9, "answered_at": None}, "no answer"),
        ({"state": CallState.ENDED, "ended_at": MORNING + 9}, "too short"),
    ],
)
async def test_a_call_that_has_no_recording_says_why(site: ApiSite, over: dict[str, Any], reason: str) -> None:
    await site.yard.apply(a_call(**over))
    answer = await site.ask(LINK)
    assert (answer.status, json_of(answer)["reason"]) == (404, reason)
    assert json_of(answer).get("because") == ("the rule for the canteen" if reason == "off" else None)


async def test_of_a_removed_recording_what_is_left_is_told(site: ApiSite) -> None:
    await stored(site)
    ledger = site.yard.catalogue.shipping
    await ledger.moved(a_recording().id, RecordingEvent.EXPIRED, reason="its days are over")
    answer = await site.ask(LINK)
    said = json_of(answer)
    assert (answer.status, said["reason"], said["removed_because"]) == (410, "removed", "its days are over")
    assert said["is_complete"] is False
    assert (await site.ask("/v1/recordings/recording-1/stream")).status == 410


@pytest.mark.parametrize(("by", "is_expired"), [("retention job", True), ("key first", False)])
async def test_whether_its_days_were_over_or_somebody_wanted_it_gone_is_told(
    site: ApiSite, by: str, is_expired: bool
) -> None:
    await stored(site)
    keeping, id = site.yard.catalogue.keeping, a_recording().id
    await keeping.reckon({id: MORNING + 50})
    event = RecordingEvent.EXPIRED if is_expired else RecordingEvent.ERASED
    await keeping.remove(id, event, "that is why", MORNING + 60, by=by)
    said = json_of(await site.ask(LINK))
    assert (said["is_expired"], said["removed_by"], said["removed_because"]) == (is_expired, by, "that is why")
    assert (said["removed_at"], said["expires_at"]) == ("2026-01-05T09:01:00.000Z", "2026-01-05T09:00:50.000Z")


async def test_a_recording_without_any_copy_left_says_so(site: ApiSite) -> None:
    await stored(site, ArtefactKind.STEREO)
    await site.yard.catalogue.shipping.delivery_moved(await site.yard.delivery(), DeliveryEvent.DELETING)
    answer = await site.ask(LINK)
    assert (answer.status, json_of(answer)["reason"]) == (404, "no copy")
    assert "stereo is deleting at 'archive'" in answer.text


async def test_of_several_the_newest_that_can_be_had_is_meant_or_the_one_that_is_named(site: ApiSite) -> None:
    await stored(site)
    await site.yard.apply(a_recording(id="recording-2", state=S.RECORDING, requested_at=MORNING + 60))
    assert json_of(await site.ask(LINK))["recording_id"] == "recording-1"
    assert json_of(await site.ask(LINK + "?recording=recording-1"))["recording_id"] == "recording-1"
    for named in ("recording-2", "current"):
        assert json_of(await site.ask(f"{LINK}?recording={named}"))["reason"] == "not ready"
    assert (await site.ask(LINK + "?recording=recording-3")).status == 404


async def test_the_one_that_runs_is_told_to_who_may_read(site: ApiSite) -> None:
    await stored(site)
    assert (await site.ask(LINK + "/current", shown="read")).status == 404
    await site.yard.apply(a_recording(id="recording-2", state=S.PAUSED, requested_at=MORNING + 60))
    said = json_of(await site.ask(LINK + "/current", shown="read"))
    assert (said["recording_id"], said["state"]) == ("recording-2", "paused")
