"""What a request to Azure carries: proof of its bytes, and nothing that nobody configured."""

import base64
import hashlib

import pytest

from connector.errors import DestinationRefused
from connector.ports.object_store import Digest
from connector.storage import azure_requests
from connector.storage.azure_blocks import block_id, block_order
from connector.storage.azure_place import AzurePlace

PLACE = AzurePlace(account="calls2026", container="recordings")
CONTENT = b"the sound of a call"
DIGEST = Digest(
    size_bytes=len(CONTENT), md5=hashlib.md5(CONTENT).hexdigest(), sha256=hashlib.sha256(CONTENT).hexdigest()
)
MD5 = base64.b64encode(hashlib.md5(CONTENT).digest()).decode()


def test_a_whole_file_carries_its_md5_its_type_and_our_own_word_on_it() -> None:
    request = azure_requests.put(PLACE, "a/b.mp3", DIGEST, overwrite=False)
    assert request.headers == {
        "x-ms-blob-type": "BlockBlob",
        "x-ms-blob-content-type": "audio/mpeg",
        "x-ms-meta-callreel_sha256": DIGEST.sha256,
        "Content-Type": "application/octet-stream",
        "Content-MD5": MD5,
        "If-None-Match": "*",
    }
    assert request.size_bytes == len(CONTENT)


@pytest.mark.parametrize("is_whole", [True, False])
def test_only_who_may_overwrite_leaves_the_condition_out(*, is_whole: bool) -> None:
    def headers(*, overwrite: bool) -> list[str]:
        if is_whole:
            return list(azure_requests.put(PLACE, "a.mp3", DIGEST, overwrite=overwrite).headers)
        return list(azure_requests.put_block_list(PLACE, "a.mp3", DIGEST, b"<x/>", overwrite=overwrite).headers)

    assert "If-None-Match" in headers(overwrite=False)
    assert "If-None-Match" not in headers(overwrite=True)


def test_a_list_of_blocks_carries_its_own_md5_and_the_wholes() -> None:
    blocks = azure_requests.block_list(["AAAA", "BBBB"])
    request = azure_requests.put_block_list(PLACE, "a.wav", DIGEST, blocks, overwrite=False)
    assert b"<BlockList><Latest>AAAA</Latest><Latest>BBBB</Latest></BlockList>" in blocks
    assert request.headers["x-ms-blob-content-md5"] == MD5
    assert request.headers["Content-MD5"] == base64.b64encode(hashlib.md5(blocks).digest()).decode()
    assert request.headers["x-ms-blob-content-type"] == "audio/wav"
    assert request.size_bytes == len(blocks)


def test_an_encryption_scope_goes_with_every_block_and_the_rest_with_the_blob() -> None:
    place = AzurePlace(
        account="calls2026",
        container="recordings",
        access_tier="Cold",
        encryption_scope="calls",
        tags={"team": "sales & more"},
        metadata={"call-id": "Zoé\n7", "1st": "x"},
    )
    block = azure_requests.put_block(place, "a.wav", "AAAA", bytes(16), 7)
    whole = azure_requests.put(place, "a.wav", DIGEST, overwrite=True)
    made = azure_requests.put_block_list(place, "a.wav", DIGEST, b"", overwrite=True)
    assert set(block.headers) == {"x-ms-encryption-scope", "Content-Type", "Content-MD5"}
    for request in (whole, made):
        assert request.headers["x-ms-encryption-scope"] == "calls"
        assert request.headers["x-ms-access-tier"] == "Cold"
        assert request.headers["x-ms-tags"] == "team=sales%20%26%20more"
        assert request.headers["x-ms-meta-call_id"] == "Zo%C3%A9%0A7"
        assert request.headers["x-ms-meta-_1st"] == "x"


def test_ids_of_blocks_are_of_one_length_stand_in_order_and_tell_the_content() -> None:
    ids = [block_id(number, hashlib.md5(bytes([number % 256])).digest()) for number in (0, 9, 10, 255, 49_999)]
    assert len({len(name) for name in ids}) == 1
    assert sorted(ids, key=block_order) == ids
    assert block_id(7, bytes(16)) == block_id(7, bytes(16))
    assert len({block_id(7, bytes(16)), block_id(8, bytes(16)), block_id(7, b"1" * 16)}) == 3
    assert len(base64.b64decode(ids[-1])) <= 64


def test_of_azures_list_of_blocks_the_ids_are_found() -> None:
    answer = (
        "\ufeff<?xml version='1.0' encoding='utf-8'?><BlockList><UncommittedBlocks><Block><Name>AAAA</Name>"
        "<Size>7</Size></Block>\n<Block>\n<Name>BB+/</Name><Size>7</Size></Block></UncommittedBlocks></BlockList>"
    )
    assert azure_requests.block_ids(answer.encode()) == {"AAAA", "BB+/"}
    assert azure_requests.block_ids(b"<BlockList><UncommittedBlocks /></BlockList>") == frozenset()


def test_facts_are_what_the_headers_say() -> None:
    headers = {"Content-Length": "19", "Content-MD5": MD5, "x-ms-meta-callreel_sha256": DIGEST.sha256}
    assert azure_requests.blob_facts(headers).is_same_as(DIGEST)
    bare = azure_requests.blob_facts({"Content-Length": "19"})
    assert (bare.md5, bare.sha256) == (None, None)
    assert not bare.is_same_as(DIGEST)
    assert azure_requests.blob_facts({"Content-Length": "19", "Content-MD5": "no base64"}).md5 is None


def test_a_range_after_the_first_is_asked_of_the_same_blob() -> None:
    assert dict(azure_requests.read("a.mp3", 0, 100, "").headers) == {"x-ms-range": "bytes=0-99"}
    later = azure_requests.read("a.mp3", 100, 100, '"0x8D"')
    assert dict(later.headers) == {"x-ms-range": "bytes=100-199", "If-Match": '"0x8D"'}


@pytest.mark.parametrize(("said", "total"), [("bytes 0-9/10", 10), ("bytes 0-9/*", 0), ("", 0)])
def test_how_long_a_blob_is_stands_behind_the_range(said: str, total: int) -> None:
    assert azure_requests.total_bytes(said) == total


@pytest.mark.parametrize("name", ["", "/a", "a//b", "../a", "a/..", "a/./b", "a/", "a\nb", "nul\0", "\ud800.mp3"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(DestinationRefused, match="change the template"):
        azure_requests.check_name(PLACE, name)


def test_a_name_that_is_too_long_is_refused_before_azure_does() -> None:
    azure_requests.check_name(PLACE, "é" * 1024)
    with pytest.raises(DestinationRefused, match="shorten the template"):
        azure_requests.check_name(PLACE, "a" * 1025)
