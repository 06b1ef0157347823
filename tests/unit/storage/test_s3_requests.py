"""A request carries what was configured, the proof of its body, and nothing else."""

from dataclasses import replace

import pytest

from connector.errors import DestinationRefused
from connector.ports.object_store import Digest
from connector.storage import s3_requests
from connector.storage.s3_place import Checksums, Conditions, S3Place
from connector.storage.time_limits import LIMITS, seconds_for

PLACE = S3Place(bucket="recordings")
DIGEST = Digest(size_bytes=3, md5="900150983cd24fb0d6963f7d28e17f72", sha256="ba78")


def test_a_plain_place_sends_what_every_server_takes() -> None:
    assert s3_requests.put(PLACE, "a/b.mp3", DIGEST, overwrite=True) == {
        "Bucket": "recordings",
        "Key": "a/b.mp3",
        "ContentMD5": "kAFQmDzST7DWlj99KOF/cg==",
        "ContentType": "audio/mpeg",
        "Metadata": {"callreel-sha256": "ba78"},
    }


def test_what_was_configured_is_sent_with_a_new_object_whole_or_in_parts() -> None:
    place = replace(
        PLACE,
        storage_class="GLACIER_IR",
        encryption="aws:kms",
        kms_key="alias/k",
        tags={"team": "a&b c"},
        metadata={"who": "Zoé\n100%"},
    )
    for sent in (s3_requests.put(place, "x", DIGEST, overwrite=True), s3_requests.create_upload(place, "x", DIGEST)):
        assert sent["StorageClass"] == "GLACIER_IR"
        assert (sent["ServerSideEncryption"], sent["SSEKMSKeyId"]) == ("aws:kms", "alias/k")
        assert sent["Tagging"] == "team=a%26b%20c"
        assert sent["Metadata"] == {"who": "Zo%C3%A9%0A100%25", "callreel-sha256": "ba78"}
    part = s3_requests.upload_part(place, "x", "id", 2, b"\0" * 16)
    assert part.keys() == {"Bucket", "Key", "UploadId", "PartNumber", "ContentMD5"}


@pytest.mark.parametrize(
    ("conditions", "overwrite", "is_sent"),
    [
        (Conditions.UNKNOWN, False, True),
        (Conditions.HONOURED, False, True),
        (Conditions.IGNORED, False, False),
        (Conditions.UNKNOWN, True, False),
        (Conditions.HONOURED, True, False),
    ],
)
def test_no_clobber_is_said_where_it_is_understood(conditions: Conditions, overwrite: bool, is_sent: bool) -> None:
    place = replace(PLACE, conditions=conditions)
    put = s3_requests.put(place, "x", DIGEST, overwrite=overwrite)
    completed = s3_requests.complete_upload(place, "x", "id", ['"e1"', '"e2"'], overwrite=overwrite)
    assert [sent.get("IfNoneMatch") for sent in (put, completed)] == ["*" if is_sent else None] * 2
    assert completed["MultipartUpload"] == {
        "Parts": [{"PartNumber": 1, "ETag": '"e1"'}, {"PartNumber": 2, "ETag": '"e2"'}]
    }


@pytest.mark.parametrize("checksums", Checksums)
def test_the_md5_is_left_out_only_where_it_is_refused(checksums: Checksums) -> None:
    place = replace(PLACE, checksums=checksums)
    sent = [
        s3_requests.put(place, "x", DIGEST, overwrite=True),
        s3_requests.upload_part(place, "x", "id", 1, b"\0" * 16),
    ]
    assert ["ContentMD5" in one for one in sent] == [checksums is not Checksums.REFUSED] * 2


@pytest.mark.parametrize("name", ["", "/a", "a/", "a//b", "a/../b", ".", "a\0b", "a\nb", "a\ud800", "é" * 513])
def test_names_that_other_tools_take_for_others_are_refused(name: str) -> None:
    with pytest.raises(DestinationRefused, match="the template"):
        s3_requests.object_of(PLACE, name)


def test_the_longest_name_is_taken() -> None:
    assert s3_requests.object_of(PLACE, "é" * 512)["Key"] == "é" * 512


def test_metadata_that_no_header_holds_is_refused() -> None:
    for metadata in ({"customer name": "x"}, {"": "x"}, {"a:b": "x"}, {"note": "x" * 2000}, {"note": "é" * 400}):
        with pytest.raises(DestinationRefused):
            s3_requests.put(replace(PLACE, metadata=metadata), "x", DIGEST, overwrite=True)


def test_a_file_name_cannot_add_a_header() -> None:
    sent = s3_requests.download(PLACE, "x", 'a"\r\nX: é.mp3')
    assert sent["ResponseContentDisposition"] == (
        "attachment; filename=\"a___X: _.mp3\"; filename*=UTF-8''a%22%0D%0AX%3A%20%C3%A9.mp3"
    )
    assert "ResponseContentDisposition" not in s3_requests.download(PLACE, "x", "")


def test_only_who_begins_later_names_a_range() -> None:
    assert "Range" not in s3_requests.read(PLACE, "x", 0)
    assert s3_requests.read(PLACE, "x", 7)["Range"] == "bytes=7-"


def test_a_place_is_told_from_another_by_its_endpoint() -> None:
    at_home = replace(PLACE, endpoint="https://minio.local")
    assert (PLACE.id, at_home.id) == ("s3://recordings", "s3://recordings at https://minio.local")
    assert at_home.url("a b/é.mp3") == "s3://recordings/a%20b/%C3%A9.mp3"


def test_a_part_on_a_slow_line_has_its_time() -> None:
    assert seconds_for(0) == 30
    assert seconds_for(8 << 20) == 30 + 128
    assert LIMITS.complete_seconds == 300
