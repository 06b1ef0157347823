"""Sealed files: what comes out is what went in, and whatever was done to the file in between is noticed."""

import io
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.secret import Secret
from connector.errors import ConfigError, DestinationRefused
from connector.storage.sealing import (
    CHUNK_BYTES,
    HEADER,
    MAGIC,
    TAG_BYTES,
    TRAILER,
    KeyRing,
    SealedFile,
    SealingKey,
    sealed,
)
from tests.contract.storage.places import digest_of

KEY = Secret("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
OTHER_KEY = Secret("ff" * 32)
FRAME = CHUNK_BYTES + TAG_BYTES
#: Two whole chunks and a bit.
SOUND = bytes(range(256)) * 513
SEALED = b"".join(sealed([SOUND], SealingKey.of(KEY)))
DOCUMENT = Path(__file__).parents[3] / "docs" / "encryption-at-rest.md"


def sealed_bytes(plain: bytes, key: Secret = KEY) -> bytes:
    return b"".join(sealed([plain], SealingKey.of(key)))


def opened(content: bytes, *keys: Secret) -> SealedFile:
    current, *former = keys or (KEY,)
    return SealedFile(io.BytesIO(content), len(content), KeyRing(current, former), "x.mp3")


@given(
    st.sampled_from([0, 1, 2, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, len(SOUND)]),
    st.integers(1, 3 * CHUNK_BYTES),
)
def test_what_went_in_comes_out_whatever_the_pieces(size: int, piece_bytes: int) -> None:
    plain = SOUND[:size]
    pieces = (plain[start : start + piece_bytes] for start in range(0, size, piece_bytes))
    content = b"".join(sealed(pieces, SealingKey.of(KEY)))
    file = opened(content)
    assert b"".join(file.pieces()) == plain
    assert file.facts.is_same_as(digest_of(plain))
    assert len(content) == HEADER.size + size + -(-size // CHUNK_BYTES) * TAG_BYTES + TRAILER.size + TAG_BYTES


@given(st.one_of(st.integers(0, len(SOUND) + 2 * CHUNK_BYTES), st.sampled_from(range(0, len(SOUND), CHUNK_BYTES))))
def test_what_comes_out_begins_wherever_it_is_wanted(begin_at: int) -> None:
    assert b"".join(opened(SEALED).pieces(begin_at)) == SOUND[begin_at:]


def test_a_chunk_is_proven_whole_though_only_its_end_is_wanted() -> None:
    changed = bytearray(SEALED)
    changed[HEADER.size + FRAME] ^= 1
    assert next(opened(bytes(changed)).pieces(10)) == SOUND[10:CHUNK_BYTES]
    with pytest.raises(DestinationRefused, match="chunk 1 does not prove true"):
        next(opened(bytes(changed)).pieces(2 * CHUNK_BYTES - 1))


def test_nothing_of_the_sound_or_its_digest_is_to_be_seen() -> None:
    content = sealed_bytes(b"a" * 100_000)
    digest = digest_of(b"a" * 100_000)
    assert b"aaaa" not in content
    assert bytes.fromhex(digest.sha256) not in content
    assert bytes.fromhex(digest.md5) not in content


def test_the_same_file_is_never_sealed_to_the_same_bytes() -> None:
    first, second = sealed_bytes(SOUND), sealed_bytes(SOUND)
    assert first[: len(MAGIC)] == second[: len(MAGIC)] == MAGIC
    assert first[HEADER.size :][:64] != second[HEADER.size :][:64]


@given(st.one_of(st.integers(0, HEADER.size + 4), st.integers(0, len(SEALED) - 1)), st.integers(0, 7))
def test_one_changed_bit_anywhere_is_noticed(place: int, bit: int) -> None:
    changed = bytearray(SEALED)
    changed[place] ^= 1 << bit
    if place < len(MAGIC):
        return
    with pytest.raises(DestinationRefused):
        list(opened(bytes(changed)).pieces())


@given(st.one_of(st.integers(0, 200), st.integers(0, len(SEALED) - 1)))
def test_a_file_that_is_cut_off_anywhere_gives_not_a_byte(length: int) -> None:
    with pytest.raises(DestinationRefused, match=r"x\.mp3 is damaged"):
        opened(SEALED[:length])


def frames(content: bytes) -> tuple[bytes, list[bytes], bytes]:
    header, body, trailer = content[: HEADER.size], content[HEADER.size : -72], content[-72:]
    return header, [body[start : start + FRAME] for start in range(0, len(body), FRAME)], trailer


@pytest.mark.parametrize(
    "rearranged",
    [
        lambda header, chunks, end: [header, chunks[1], chunks[0], *chunks[2:], end],
        lambda header, chunks, end: [header, *chunks[1:], end],
        lambda header, chunks, end: [header, *chunks[:-1], end],
        lambda header, chunks, end: [header, *chunks, end, end],
        lambda header, chunks, end: [header, *chunks, chunks[0], end],
        lambda header, chunks, end: [frames(sealed_bytes(SOUND))[0], *chunks, end],
        lambda header, chunks, end: [header, frames(sealed_bytes(SOUND))[1][0], *chunks[1:], end],
    ],
    ids=["swapped", "first left out", "last left out", "end twice", "one more", "another's header", "another's chunk"],
)
def test_chunks_that_were_moved_left_out_or_added_are_noticed(
    rearranged: Callable[[bytes, list[bytes], bytes], list[bytes]],
) -> None:
    with pytest.raises(DestinationRefused):
        list(opened(b"".join(rearranged(*frames(SEALED)))).pieces())


def test_a_file_of_another_key_names_both_keys() -> None:
    with pytest.raises(DestinationRefused) as refusal:
        opened(sealed_bytes(SOUND, OTHER_KEY))
    assert SealingKey.of(OTHER_KEY).id.hex() in str(refusal.value)
    assert SealingKey.of(KEY).id.hex() in str(refusal.value)


def test_a_former_key_still_opens() -> None:
    assert b"".join(opened(sealed_bytes(SOUND, OTHER_KEY), KEY, OTHER_KEY).pieces()) == SOUND


@pytest.mark.parametrize(
    "spelling",
    [
        "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        " MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\n",
        b"0123456789abcdef0123456789abcdef".hex(),
        b"0123456789abcdef0123456789abcdef".hex().upper(),
    ],
)
def test_a_key_may_be_spelled_in_base64_or_hex(spelling: str) -> None:
    assert SealingKey.of(Secret(spelling)).material == b"0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize("spelling", ["", "correct horse battery staple", "ff" * 16, "ff" * 33, "A" * 44, "é" * 32])
def test_what_is_no_key_is_refused_with_the_way_to_make_one(spelling: str) -> None:
    with pytest.raises(ConfigError, match="openssl rand -base64 32") as refusal:
        SealingKey.of(Secret(spelling))
    assert not spelling or spelling not in str(refusal.value)


def test_a_key_does_not_print() -> None:
    key = SealingKey.of(KEY)
    assert repr(key) == f"SealingKey({key.id.hex()})"


@pytest.mark.parametrize("size", [0, 5, CHUNK_BYTES, len(SOUND)])
def test_the_decryptor_of_the_documentation_opens_our_files(tmp_path: Path, size: int) -> None:
    (tmp_path / "sealed").write_bytes(sealed_bytes(SOUND[:size]))
    run = _decrypted_by_the_document(tmp_path)
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "plain").read_bytes() == SOUND[:size]


def test_the_decryptor_of_the_documentation_notices_a_cut(tmp_path: Path) -> None:
    (tmp_path / "sealed").write_bytes(SEALED[:-FRAME])
    assert "InvalidTag" in _decrypted_by_the_document(tmp_path).stderr


def _decrypted_by_the_document(folder: Path) -> subprocess.CompletedProcess[str]:
    script = re.search(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert script is not None
    assert len(script[1].splitlines()) <= 25
    command = [sys.executable, "-c", script[1], KEY.reveal(), str(folder / "sealed"), str(folder / "plain")]
    return subprocess.run(command, check=False, capture_output=True, text=True)
