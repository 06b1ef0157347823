"""What each request to an Azure container carries, not signed yet. Pure; sends nothing."""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from connector.domain.content_types import content_type
from connector.errors import DestinationRefused
from connector.ports.object_store import Digest, ObjectFacts
from connector.storage.azure_place import AzurePlace

#: Our own word on the content. Names of metadata are those of a programming language there: no hyphens.
SHA256_METADATA = "callreel_sha256"

_LONGEST_NAME = 1024
_NO_WORD = re.compile(r"[^A-Za-z0-9_]")
_BLOCK = re.compile(r"<Block>\s*<Name>([A-Za-z0-9+/=]+)</Name>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    method: str
    name: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    size_bytes: int = 0

    @property
    def has_body(self) -> bool:
        """Also an empty one, whose length must be said all the same."""
        return self.method == "PUT"


def check_name(place: AzurePlace, name: str) -> None:
    """DestinationRefused for a name that is none, or that other tools would take for another."""
    is_climbing = any(part in {"", ".", ".."} for part in name.split("/"))
    is_unprintable = any(letter < " " or letter == "\x7f" or "\ud800" <= letter <= "\udfff" for letter in name)
    if is_climbing or is_unprintable:
        raise DestinationRefused(f"{name!r} is no name for a blob in {place.id}: change the template")
    if len(name) > _LONGEST_NAME:
        raise DestinationRefused(f"{name!r} is too long a name for a blob in {place.id}: shorten the template")


def put(place: AzurePlace, name: str, digest: Digest, *, overwrite: bool) -> Request:
    headers = {
        **_new_blob(place, name, digest),
        **_condition(overwrite=overwrite),
        "x-ms-blob-type": "BlockBlob",
        "Content-Type": "application/octet-stream",
        "Content-MD5": content_md5(bytes.fromhex(digest.md5)),
    }
    return Request(method="PUT", name=name, headers=headers, size_bytes=digest.size_bytes)


def put_block(place: AzurePlace, name: str, block_id: str, md5: bytes, size_bytes: int) -> Request:
    headers = {**_scope(place), "Content-Type": "application/octet-stream", "Content-MD5": content_md5(md5)}
    query = {"comp": "block", "blockid": block_id}
    return Request(method="PUT", name=name, query=query, headers=headers, size_bytes=size_bytes)


def block_list(block_ids: Sequence[str]) -> bytes:
    blocks = "".join(f"<Latest>{block_id}</Latest>" for block_id in block_ids)
    return f'<?xml version="1.0" encoding="utf-8"?><BlockList>{blocks}</BlockList>'.encode()


def put_block_list(place: AzurePlace, name: str, digest: Digest, blocks: bytes, *, overwrite: bool) -> Request:
    """Makes a blob of the blocks. The whole's MD5 is only kept by Azure: each block's has been proven."""
    headers = {
        **_new_blob(place, name, digest),
        **_condition(overwrite=overwrite),
        "x-ms-blob-content-md5": content_md5(bytes.fromhex(digest.md5)),
        "Content-Type": "application/xml",
        "Content-MD5": content_md5(hashlib.md5(blocks, usedforsecurity=False).digest()),
    }
    return Request(method="PUT", name=name, query={"comp": "blocklist"}, headers=headers, size_bytes=len(blocks))


def unfinished_blocks(name: str) -> Request:
    return Request(method="GET", name=name, query={"comp": "blocklist", "blocklisttype": "uncommitted"})


def look(name: str) -> Request:
    return Request(method="HEAD", name=name)


def read(name: str, start: int, size_bytes: int, etag: str) -> Request:
    """A range of it; with an ETag only of the very blob that the first range came from."""
    headers = {"x-ms-range": f"bytes={start}-{start + size_bytes - 1}"}
    return Request(method="GET", name=name, headers=headers | ({"If-Match": etag} if etag else {}))


def remove(name: str) -> Request:
    """With its snapshots: who erases a call means all of it."""
    return Request(method="DELETE", name=name, headers={"x-ms-delete-snapshots": "include"})


def block_ids(answer: bytes) -> frozenset[str]:
    """All that a list of blocks names."""
    return frozenset(_BLOCK.findall(answer.decode("utf-8", "replace")))


def blob_facts(headers: Mapping[str, str]) -> ObjectFacts:
    """Of an answer's headers, which are found whatever their case."""
    md5 = headers.get("Content-MD5", "")
    return ObjectFacts(
        size_bytes=int(headers.get("Content-Length", "0")),
        md5=_hexadecimal(md5) if md5 else None,
        sha256=headers.get(f"x-ms-meta-{SHA256_METADATA}"),
    )


def total_bytes(content_range: str) -> int:
    """Of `bytes 0-9/10`; 0 when it says nothing of the kind."""
    total = content_range.rpartition("/")[2]
    return int(total) if total.isdecimal() else 0


def content_md5(md5: bytes) -> str:
    return base64.b64encode(md5).decode()


def _new_blob(place: AzurePlace, name: str, digest: Digest) -> dict[str, str]:
    configured = {
        "x-ms-access-tier": place.access_tier,
        "x-ms-tags": urlencode(place.tags, quote_via=quote),
        **{f"x-ms-meta-{_word(key)}": _printable(value) for key, value in place.metadata.items()},
    }
    return {
        **{header: value for header, value in configured.items() if value},
        **_scope(place),
        "x-ms-blob-content-type": content_type(name),
        f"x-ms-meta-{SHA256_METADATA}": digest.sha256,
    }


def _scope(place: AzurePlace) -> dict[str, str]:
    return {"x-ms-encryption-scope": place.encryption_scope} if place.encryption_scope else {}


def _condition(*, overwrite: bool) -> dict[str, str]:
    return {} if overwrite else {"If-None-Match": "*"}


def _word(key: str) -> str:
    word = _NO_WORD.sub("_", key)
    return f"_{word}" if word[:1].isdecimal() else word


def _printable(value: str) -> str:
    """Headers are ASCII; what is not is written as in addresses."""
    return quote(value, safe=" !#$&'()*+,/:;=?@[]\"<>^`{|}\\")


def _hexadecimal(encoded: str) -> str | None:
    try:
        return base64.b64decode(encoded, validate=True).hex()
    except (binascii.Error, ValueError):
        return None
