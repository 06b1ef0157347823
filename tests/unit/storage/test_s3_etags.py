"""An ETag proves something only where it is an MD5."""

import hashlib

import pytest

from connector.ports.object_store import ObjectFacts
from connector.storage.s3_etags import Proof, composite_etag, object_facts, proof

MD5 = hashlib.md5(b"the sound", usedforsecurity=False).hexdigest()
OTHER = hashlib.md5(b"another", usedforsecurity=False).hexdigest()


@pytest.mark.parametrize(
    ("etag", "expected", "said"),
    [
        (f'"{MD5}"', MD5, Proof.SAME),
        (MD5.upper(), MD5, Proof.SAME),
        (f'W/"{MD5}"', MD5, Proof.SAME),
        (f'"{OTHER}"', MD5, Proof.DOUBTFUL),
        ("", MD5, Proof.SILENT),
        ('"0x8DB1"', MD5, Proof.SILENT),
        (f'"{MD5}-3"', f"{MD5}-3", Proof.SAME),
        (f'"{OTHER}-3"', f"{MD5}-3", Proof.DOUBTFUL),
        (f'"{OTHER}-2"', f"{MD5}-3", Proof.SILENT),
        (f'"{OTHER}"', f"{MD5}-3", Proof.SILENT),
    ],
)
def test_what_an_etag_says(etag: str, expected: str, said: Proof) -> None:
    assert proof(etag, expected, has_own_key=False) is said


def test_encrypted_with_a_key_of_somebodys_own_it_says_nothing() -> None:
    assert proof(f'"{OTHER}"', MD5, has_own_key=True) is Proof.SILENT


def test_the_etag_of_parts_is_the_md5_of_their_md5s() -> None:
    parts = [hashlib.md5(part, usedforsecurity=False).digest() for part in (b"one", b"two")]
    assert composite_etag(parts) == hashlib.md5(b"".join(parts), usedforsecurity=False).hexdigest() + "-2"


def test_facts_are_our_own_note_before_the_servers_name_for_it() -> None:
    noted = object_facts(9, f'"{MD5}"', {"Callreel-Sha256": "ab"}, has_own_key=False)
    assert noted == ObjectFacts(size_bytes=9, sha256="ab")
    assert object_facts(9, f'"{MD5}"', {}, has_own_key=False) == ObjectFacts(size_bytes=9, md5=MD5)
    assert object_facts(9, f'"{MD5}"', {}, has_own_key=True) == ObjectFacts(size_bytes=9)
    assert object_facts(9, f'"{MD5}-2"', {}, has_own_key=False) == ObjectFacts(size_bytes=9)
