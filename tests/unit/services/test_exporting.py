"""Many recordings in one ZIP: whole, named, audited, and nothing missing without a word."""

import asyncio
import hashlib
import io
import json
import shutil
import subprocess
import zipfile
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from connector.domain.access import Limits
from connector.domain.recording import ArtefactKind
from connector.domain.states import RecordingState
from connector.errors import BadRequest, CatalogueUnavailable
from connector.ports.call_search import CallFilter
from connector.services.exporting import FileState
from connector.services.transcript_files import as_csv, as_json
from connector.services.zipping import Texts, zipped
from tests.builders import MORNING
from tests.unit.services.shop import Shop, an_access

EVERYTHING = CallFilter()
SOUND = b"what was said " * 400


@pytest.fixture
def shop() -> Shop:
    return Shop()


async def parcel(shop: Shop, *kinds: ArtefactKind, texts: Texts | None = None, **over: Any) -> bytes:
    access = an_access(**over)
    wanted = await shop.exporting.consigned(access, EVERYTHING, kinds)
    content = zipped(shop.exporting, access, wanted, shop.clock.now(), texts)
    return b"".join([piece async for piece in content])


def contents(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


def manifest(archive: bytes) -> Any:
    return json.loads(contents(archive)["manifest.json"])


async def test_every_recording_is_in_the_zip_as_it_was_stored_and_the_manifest_is_last(shop: Shop) -> None:
    shop.call("call-1", SOUND, started_at=MORNING)
    shop.call("call-2", SOUND[::-1], b"", started_at=MORNING - 86_400)
    archive = await parcel(shop)
    found = contents(archive)
    assert list(found) == [
        "2026-01-05/call-1.stereo.wav",
        "2026-01-04/call-2.stereo.wav",
        "2026-01-04/call-2-2.stereo.wav",
        "manifest.json",
    ]
    assert found["2026-01-05/call-1.stereo.wav"] == SOUND
    said = manifest(archive)
    assert said["files"] == {"whole": 3}
    for call in said["calls"]:
        for file in call["files"]:
            assert file["sha256"] == hashlib.sha256(found[file["name"]]).hexdigest()
            assert file["size_bytes"] == len(found[file["name"]])


def _unzipped(archive: Path) -> str:
    done = subprocess.run(["unzip", "-t", str(archive)], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("unzip") is None, reason="Info-ZIP is not installed (apt-get install unzip)")
async def test_info_zip_finds_no_fault(shop: Shop, tmp_path: Path) -> None:
    shop.call("call-1", SOUND, b"x")

    async def texts() -> Texts:
        async def parts() -> Any:
            yield b"of unknown "
            yield b"length"

        yield "index.txt", b"whole"
        yield "long.txt", parts()

    (tmp_path / "batch.zip").write_bytes(await parcel(shop, texts=texts()))
    said = await asyncio.to_thread(_unzipped, tmp_path / "batch.zip")
    assert "No errors detected" in said, said
    assert contents((tmp_path / "batch.zip").read_bytes())["long.txt"] == b"of unknown length"


async def test_one_file_at_a_time_is_open_and_each_is_written_down_before_it_is_read_on(shop: Shop) -> None:
    for number in range(5):
        shop.call(f"call-{number}", SOUND, started_at=MORNING + number)
    access = an_access()
    wanted = await shop.exporting.consigned(access, EVERYTHING)
    seen = 0
    async for piece in zipped(shop.exporting, access, wanted, shop.clock.now()):
        assert len(piece) < len(SOUND)
        assert shop.store.readers <= 1
        seen = max(seen, len(shop.store.read_names))
        # The first bytes of a file come after its line in the log.
        assert len(shop.deeds.subjects("recording.downloaded")) == len(shop.store.read_names)
    assert seen == 5
    assert shop.store.most_readers == 1
    assert shop.store.readers == 0


async def test_a_file_that_breaks_off_is_named_and_the_others_come_whole(shop: Shop) -> None:
    shop.call("call-1", SOUND, started_at=MORNING)
    shop.call("call-2", SOUND, started_at=MORNING - 10)
    shop.store.breaks["call-1-r1.stereo.wav"] = 2000
    archive = await parcel(shop)
    assert contents(archive)["2026-01-05/call-2.stereo.wav"] == SOUND
    broken, whole = (call["files"][0] for call in manifest(archive)["calls"])
    assert (broken["state"], broken["reason"]) == ("broken", f"it broke off after 2000 of {len(SOUND)} bytes")
    assert whole["state"] == "whole"
    assert shop.store.readers == 0


@pytest.mark.parametrize("other", [SOUND[:-1], SOUND + b"more", SOUND[:-1] + b"?"])
async def test_what_was_changed_in_its_place_is_broken(shop: Shop, other: bytes) -> None:
    shop.call("call-1", SOUND)
    shop.store.objects["call-1-r1.stereo.wav"] = other
    archive = await parcel(shop)
    assert manifest(archive)["files"] == {"broken": 1}
    assert len(contents(archive)["2026-01-05/call-1.stereo.wav"]) <= len(SOUND)


async def test_what_cannot_be_had_is_missing_with_its_reason(shop: Shop) -> None:
    shop.call("gone", SOUND, started_at=MORNING)
    del shop.store.objects["gone-r1.stereo.wav"]
    shop.call("erased", SOUND, state=RecordingState.REMOVED, reason="erased by ada", started_at=MORNING - 1)
    shop.call("silent", started_at=MORNING - 2)
    archive = await parcel(shop)
    assert list(contents(archive)) == ["manifest.json"]
    calls = {call["id"]: call["files"] for call in manifest(archive)["calls"]}
    assert [(one["state"], one["reason"]) for one in calls["gone"]] == [
        ("missing", "its destination does not give it now")
    ]
    assert calls["erased"][0]["reason"] == "removed: erased by ada"
    assert calls["silent"] == []
    assert shop.deeds.subjects("recording.downloaded") == []


async def test_without_an_audit_log_nothing_is_handed_out(shop: Shop) -> None:
    shop.call("call-1", SOUND)
    access = an_access()
    wanted = await shop.exporting.consigned(access, EVERYTHING)
    assert shop.deeds.done_so_far == [("calls.exported", "")]
    shop.deeds.is_away = True
    archive = b"".join([piece async for piece in zipped(shop.exporting, access, wanted, 0.0)])
    with pytest.raises(CatalogueUnavailable):
        await shop.exporting.consigned(access, EVERYTHING)
    assert list(contents(archive)) == ["manifest.json"]
    assert "audit log" in manifest(archive)["calls"][0]["files"][0]["reason"]
    assert SOUND[:100] not in archive
    assert shop.store.readers == 0


async def test_the_best_kind_is_taken_or_those_that_were_asked_for(shop: Shop) -> None:
    shop.call("call-1", SOUND, kinds=(ArtefactKind.MONO, ArtefactKind.STEREO, ArtefactKind.MANIFEST))
    assert list(contents(await parcel(shop)))[:-1] == ["2026-01-05/call-1.stereo.wav"]
    asked = await parcel(shop, ArtefactKind.MONO, ArtefactKind.MANIFEST, ArtefactKind.LEFT)
    assert list(contents(asked))[:-1] == ["2026-01-05/call-1.mono.wav", "2026-01-05/call-1.manifest.json"]
    assert manifest(asked)["calls"][0]["files"][-1]["reason"] == "there is no left of it"


async def test_a_key_gets_what_it_sees_and_nothing_else(shop: Shop) -> None:
    shop.call("ours", SOUND, organisation="acme")
    shop.call("theirs", SOUND, organisation="globex")
    shop.call("other", SOUND, organisation="acme", agent_id="999")
    everybody = await parcel(shop, organisation=None)
    assert len(contents(everybody)) == 4
    limited = await parcel(shop, organisation="acme", limits=Limits(agents=("201",)))
    assert list(contents(limited)) == ["2026-01-05/ours.stereo.wav", "manifest.json"]


async def test_more_than_what_is_allowed_is_refused_before_anything_is_read(shop: Shop) -> None:
    for number in range(4):
        shop.call(f"call-{number}", b"a", b"b", started_at=MORNING + number)
    with pytest.raises(BadRequest, match="more than 7 recordings: narrow the filter"):
        await shop.exporting.consigned(an_access(), EVERYTHING, most=7)
    assert len((await shop.exporting.consigned(an_access(), EVERYTHING, most=8)).files) == 8
    assert shop.store.read_names == []


async def test_several_pages_are_one_consignment(shop: Shop) -> None:
    for number in range(230):
        shop.call(f"call-{number:03}", b"a", started_at=MORNING + number // 10)
    wanted = await shop.exporting.consigned(an_access(), EVERYTHING)
    assert len({file.name for file in wanted.files}) == 230
    assert shop.shelf.pages == 3


async def test_who_leaves_early_leaves_nothing_open(shop: Shop) -> None:
    shop.call("call-1", SOUND)
    access = an_access()
    wanted = await shop.exporting.consigned(access, EVERYTHING)
    async with aclosing(zipped(shop.exporting, access, wanted, 0.0)) as content:
        await anext(content)
        assert shop.store.readers == 1
    assert shop.store.readers == 0
    assert wanted.files[0].state is FileState.WAITING


async def test_transcripts_come_as_an_array_and_each_is_in_the_log_before(shop: Shop) -> None:
    for number in range(150):
        shop.call(f"call-{number:03}", b"a", words=f"word {number}" if number % 2 else "", started_at=MORNING + number)
    pages = shop.exporting.transcripts(an_access(), EVERYTHING)
    rows = json.loads(b"".join([piece async for piece in as_json(pages)]))
    assert len(rows) == 75
    assert rows[0]["call_id"] == "call-149"
    assert rows[0]["transcript"] == "[Agent]: word 149"
    assert sorted(shop.deeds.subjects("transcript.read")) == sorted(f"{row['call_id']}-r1" for row in rows)


async def test_no_transcripts_are_an_empty_file_of_their_form(shop: Shop) -> None:
    none = [piece async for piece in as_json(shop.exporting.transcripts(an_access(), EVERYTHING))]
    assert json.loads(b"".join(none)) == []
    [head, *rest] = [piece async for piece in as_csv(shop.exporting.transcripts(an_access(), EVERYTHING))]
    assert head == b'"call_id","from","to","duration","transcript","timestamp"\r\n'
    assert rest == [b""]


async def test_a_transcript_that_cannot_be_written_down_is_not_given(shop: Shop) -> None:
    shop.call("call-1", b"a", words="secret")
    shop.deeds.is_away = True
    with pytest.raises(CatalogueUnavailable):
        await anext(shop.exporting.transcripts(an_access(), EVERYTHING))
