"""What a gs:// destination sends, from its settings to the wire. No server here speaks Google's own dialect."""

from pathlib import Path

import pytest

from connector.domain.secret import Secret
from connector.roles.stores import s3_access
from connector.settings import DestinationSettings
from tests.contract.storage.places import digest_of
from tests.contract.storage.s3.places import SMALL_PART_BYTES, SOUND, Bucket, content_of_parts
from tests.storage_servers.proxy import FaultProxy

LONG = content_of_parts(2)


@pytest.mark.parametrize("is_configured", [True, False], ids=["configured", "nothing configured"])
async def test_storage_class_and_metadata_go_in_the_words_of_the_signature_and_nothing_else_does(
    bucket: Bucket, proxy: FaultProxy, tmp_path: Path, sound: Path, is_configured: bool
) -> None:
    """Signed as S3 signs, Google wants S3's own headers; with one of its own among them it refuses."""
    long = tmp_path / "long.bin"
    long.write_bytes(LONG)
    settings = DestinationSettings(
        url=f"gs://{bucket.place.bucket}/calls/",
        credentials=Secret(f"{bucket.keys.key_id}:{bucket.keys.secret.reveal()}"),
        endpoint=proxy.endpoint,
        storage_class="STANDARD" if is_configured else "",
        metadata={"customer": "Zo\u00e9"} if is_configured else {},
    )
    place, keys = s3_access(settings)
    store = bucket.open(place=place, keys=keys, single_bytes=SMALL_PART_BYTES)
    await store.put("sound.mp3", sound, digest_of(SOUND))
    await store.put("long.mp3", long, digest_of(LONG))
    await store.close()
    for head in proxy.heads:
        assert not [name for name in head.names if name.startswith("x-goog-") or name == "x-amz-tagging"]
        assert (head.header("authorization") or "").startswith("AWS4-HMAC-SHA256 ")
    beginnings = [
        head
        for head in proxy.heads
        if (head.method == "PUT" and not head.query) or (head.method == "POST" and "uploads" in head.query)
    ]
    assert [head.method for head in beginnings] == ["PUT", "POST"]
    for head in beginnings:
        assert head.header("x-amz-storage-class") == ("STANDARD" if is_configured else None)
        assert head.header("x-amz-meta-customer") == ("Zo%C3%A9" if is_configured else None)
        assert head.header("x-amz-meta-callreel-sha256")
        signed = (head.header("authorization") or "").partition("SignedHeaders=")[2].partition(",")[0].split(";")
        assert {name for name in head.names if name.startswith("x-amz-")} <= set(signed)
    # Parts are the object's: they bring nothing of their own.
    for head in proxy.heads:
        if "partNumber" in head.query:
            assert not [name for name in head.names if name.startswith(("x-amz-meta", "x-amz-storage"))]
