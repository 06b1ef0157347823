"""What each request to an S3 bucket carries, as the client's parameters. Pure; sends nothing."""

import base64
import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias
from urllib.parse import quote, urlencode

from connector.domain.content_types import content_type
from connector.domain.disposition import disposition
from connector.errors import DestinationRefused
from connector.ports.object_store import Digest
from connector.storage.s3_place import Checksums, Conditions, S3Place

Parameters: TypeAlias = dict[str, object]

#: Our own word on the content, for objects whose ETag is no MD5: sent and kept with the bytes that were proven.
SHA256_METADATA = "callreel-sha256"

_LONGEST_NAME_BYTES = 1024
#: S3 takes 2048; our own note is in it.
_MOST_METADATA_BYTES = 1900
_METADATA_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")


def object_of(place: S3Place, name: str) -> Parameters:
    """DestinationRefused for a name that is none, or that other tools would take for another."""
    is_climbing = any(part in {"", ".", ".."} for part in name.split("/"))
    is_unprintable = any(letter < " " or letter == "\x7f" or "\ud800" <= letter <= "\udfff" for letter in name)
    if is_climbing or is_unprintable:
        raise DestinationRefused(f"{name!r} is no name for an object in {place.id}: change the template")
    if len(name.encode()) > _LONGEST_NAME_BYTES:
        raise DestinationRefused(f"{name!r} is too long a name for an object in {place.id}: shorten the template")
    return {"Bucket": place.bucket, "Key": name}


def put(place: S3Place, name: str, digest: Digest, *, overwrite: bool) -> Parameters:
    return {
        **_new_object(place, name, digest),
        **_condition(place, overwrite=overwrite),
        **_checksum(place, bytes.fromhex(digest.md5)),
    }


def create_upload(place: S3Place, name: str, digest: Digest) -> Parameters:
    return _new_object(place, name, digest)


def upload_part(place: S3Place, name: str, upload_id: str, number: int, md5: bytes) -> Parameters:
    return {**of_upload(place, name, upload_id), "PartNumber": number, **_checksum(place, md5)}


def complete_upload(place: S3Place, name: str, upload_id: str, etags: Sequence[str], *, overwrite: bool) -> Parameters:
    parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]
    return {
        **of_upload(place, name, upload_id),
        **_condition(place, overwrite=overwrite),
        "MultipartUpload": {"Parts": parts},
    }


def of_upload(place: S3Place, name: str, upload_id: str) -> Parameters:
    return {**object_of(place, name), "UploadId": upload_id}


def read(place: S3Place, name: str, begin_at: int) -> Parameters:
    """An empty object has no first byte to ask for: who wants the whole names no range."""
    return {**object_of(place, name), **({"Range": f"bytes={begin_at}-"} if begin_at else {})}


def download(place: S3Place, name: str, filename: str) -> Parameters:
    """For a link: with a filename, browsers save what they would play."""
    parameters = object_of(place, name)
    if filename:
        parameters["ResponseContentDisposition"] = disposition(filename)
    return parameters


def content_md5(md5: bytes) -> str:
    return base64.b64encode(md5).decode()


def _new_object(place: S3Place, name: str, digest: Digest) -> Parameters:
    configured = {
        "StorageClass": place.storage_class,
        "ServerSideEncryption": place.encryption,
        "SSEKMSKeyId": place.kms_key,
        "Tagging": urlencode(place.tags, quote_via=quote),
    }
    return {
        **object_of(place, name),
        **{header: value for header, value in configured.items() if value},
        "ContentType": content_type(name),
        "Metadata": {**_printable(place.metadata), SHA256_METADATA: digest.sha256},
    }


def _condition(place: S3Place, *, overwrite: bool) -> Parameters:
    return {} if overwrite or place.conditions is Conditions.IGNORED else {"IfNoneMatch": "*"}


def _checksum(place: S3Place, md5: bytes) -> Parameters:
    return {} if place.checksums is Checksums.REFUSED else {"ContentMD5": content_md5(md5)}


def _printable(metadata: Mapping[str, str]) -> dict[str, str]:
    """Headers are ASCII; what is not is written as in addresses."""
    for key in metadata:
        if not _METADATA_KEY.fullmatch(key):
            raise DestinationRefused(f"{key!r} is no name for metadata: use letters, digits and hyphens")
    printable = {key: quote(value, safe=" !#$&'()*+,/:;=?@[]\"<>^`{|}\\") for key, value in metadata.items()}
    if sum(len(key) + len(value) for key, value in printable.items()) > _MOST_METADATA_BYTES:
        raise DestinationRefused(f"the metadata is longer than the {_MOST_METADATA_BYTES} bytes there are: shorten it")
    return printable
