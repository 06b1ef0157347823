"""The Uploads on both databases."""

from dataclasses import replace
from typing import Any

from connector.catalogue.store import Catalogue
from connector.ports.uploads import Upload

PLACE = "s3://bucket at https://s3.example.com"


def an_upload(**over: Any) -> Upload:
    known: dict[str, Any] = {
        "place": PLACE,
        "name": "2026/Zoé, one.mp3",
        "sha256": "d7a8fbb3",
        "upload_id": "2~x/y+z=",
        "part_bytes": 8 * 2**20,
    }
    return Upload(**(known | over))


async def test_what_was_kept_is_found_by_the_next_process(catalogue: Catalogue, url: str) -> None:
    upload = an_upload(part_bytes=5 * 2**30, parts=('"e1"', '"e2"'))
    await catalogue.uploads.keep(upload)
    next_process = Catalogue.open(url)
    assert await next_process.uploads.find(PLACE, upload.name) == upload
    await next_process.close()


async def test_nothing_is_under_way_that_nobody_began(catalogue: Catalogue) -> None:
    await catalogue.uploads.keep(an_upload())
    assert await catalogue.uploads.find(PLACE, "another.mp3") is None
    assert await catalogue.uploads.find("s3://another", an_upload().name) is None
    assert await catalogue.uploads.under_way("s3://another") == []


async def test_each_part_that_is_there_takes_the_place_of_what_was_known(catalogue: Catalogue) -> None:
    upload = an_upload()
    for number in range(3):
        await catalogue.uploads.keep(upload)
        upload = upload.with_part(f"e{number}")
    await catalogue.uploads.keep(upload)
    assert await catalogue.uploads.under_way(PLACE) == [an_upload(parts=("e0", "e1", "e2"))]


async def test_an_upload_begun_anew_replaces_the_one_before_whole(catalogue: Catalogue) -> None:
    await catalogue.uploads.keep(an_upload(parts=("e0", "e1")))
    again = an_upload(sha256="other", upload_id="second", part_bytes=16 * 2**20)
    await catalogue.uploads.keep(again)
    assert await catalogue.uploads.find(PLACE, again.name) == again


async def test_one_name_at_two_places_is_two_uploads(catalogue: Catalogue) -> None:
    here, there = an_upload(), an_upload(place="s3://there", upload_id="second")
    await catalogue.uploads.keep(here)
    await catalogue.uploads.keep(there)
    await catalogue.uploads.forget(here.place, here.name)
    assert await catalogue.uploads.find(here.place, here.name) is None
    assert await catalogue.uploads.find(there.place, there.name) == there


async def test_to_forget_what_nobody_knows_is_fine(catalogue: Catalogue) -> None:
    await catalogue.uploads.keep(an_upload())
    await catalogue.uploads.forget(PLACE, "another.mp3")
    await catalogue.uploads.forget("s3://another", an_upload().name)
    assert await catalogue.uploads.under_way(PLACE) == [an_upload()]


async def test_all_that_is_under_way_at_a_place_comes_by_name(catalogue: Catalogue) -> None:
    uploads = [an_upload(name=f"{letter}.mp3") for letter in "cab"]
    for upload in uploads:
        await catalogue.uploads.keep(upload)
    await catalogue.uploads.keep(replace(uploads[0], place="s3://another"))
    found = await catalogue.uploads.under_way(PLACE)
    assert [upload.name for upload in found] == ["a.mp3", "b.mp3", "c.mp3"]
