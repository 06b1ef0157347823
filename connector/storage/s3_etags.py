"""What a server's name for an object says of its bytes: on many it is their MD5, and nobody promises it. Pure."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

from connector.ports.object_store import ObjectFacts
from connector.storage.s3_requests import SHA256_METADATA


class Proof(StrEnum):
    """What a server's ETag says of the bytes that it has."""

    SAME = "same"
    #: It is no MD5 of theirs, or none at all: the Content-MD5 that the server accepted has to do.
    SILENT = "silent"
    #: It looks like an MD5 of other bytes: only reading them back can tell.
    DOUBTFUL = "doubtful"


_MD5 = re.compile(r"[0-9a-f]{32}(-[0-9]+)?")


def proof(etag: str, expected: str, *, has_own_key: bool) -> Proof:
    """`expected` is what it would be of our bytes; where the server encrypts with a key of its own it may be anything
    that looks like it."""
    said = bare_etag(etag)
    if said == expected:
        return Proof.SAME
    has_form = _MD5.fullmatch(said) and said[32:] == expected[32:]
    return Proof.DOUBTFUL if has_form and not has_own_key else Proof.SILENT


def bare_etag(etag: str) -> str:
    return etag.removeprefix("W/").strip('"').lower()


def composite_etag(md5s: Sequence[bytes]) -> str:
    """What most servers call an object that came in parts."""
    return f"{hashlib.md5(b''.join(md5s), usedforsecurity=False).hexdigest()}-{len(md5s)}"


def object_facts(size_bytes: int, etag: str, metadata: Mapping[str, str], *, has_own_key: bool) -> ObjectFacts:
    """Our own note of the content, which came with it, before the server's name for it, which may be no hash."""
    sha256 = next((value for key, value in metadata.items() if key.lower() == SHA256_METADATA), None)
    said = bare_etag(etag)
    is_md5 = len(said) == 32 and _MD5.fullmatch(said) is not None and not has_own_key and sha256 is None
    return ObjectFacts(size_bytes=size_bytes, md5=said if is_md5 else None, sha256=sha256)
