"""Sections read where they lie, seek, and tell when the file is not what was promised."""

import hashlib
import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.ports.object_store import Digest
from connector.storage.sections import BrokenPromise, Extent, SourceFile, extents, part_bytes_for
from connector.storage.source_threads import SourceThreads

CONTENT = bytes(range(256)) * 40


def digest_of(content: bytes) -> Digest:
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return Digest(size_bytes=len(content), md5=md5, sha256=hashlib.sha256(content).hexdigest())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "source.bin"
    path.write_bytes(CONTENT)
    return path


def test_two_sections_of_one_file_are_read_in_turns(path: Path) -> None:
    with SourceFile(path, digest_of(CONTENT)) as source:
        one, other = source.section(Extent(0, 3000)), source.section(Extent(3000, 7240))
        pieces = [(one.read(1000), other.read(2000)) for _ in range(4)]
    assert b"".join(first for first, _ in pieces) == CONTENT[:3000]
    assert b"".join(second for _, second in pieces) == CONTENT[3000:]


def test_a_section_begins_again_as_often_as_it_must(path: Path) -> None:
    with SourceFile(path, digest_of(CONTENT)) as source:
        section = source.section(Extent(100, 50))
        assert (len(section), section.seekable(), section.readable()) == (50, True, True)
        assert section.read() == CONTENT[100:150]
        assert (section.tell(), section.read()) == (50, b"")
        assert section.seek(0) == 0
        assert section.read(7) == CONTENT[100:107]
        assert section.seek(-10, io.SEEK_END) == 40
        assert section.read(100) == CONTENT[140:150]
        assert section.seek(-20, io.SEEK_CUR) == 30
        assert section.readall() == CONTENT[130:150]


def test_a_file_that_becomes_shorter_does_not_end_a_body_early(path: Path) -> None:
    with SourceFile(path, digest_of(CONTENT)) as source:
        section = source.whole()
        section.read(10)
        os.truncate(path, 5000)
        with pytest.raises(OSError, match="became shorter"):
            section.read()


@given(st.binary(max_size=5000), st.integers(min_value=1, max_value=2000))
def test_extents_cover_a_file_once_and_their_sections_prove_it(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, part_bytes: int
) -> None:
    path = tmp_path_factory.mktemp("sections") / "source.bin"
    path.write_bytes(content)
    parts = list(extents(len(content), part_bytes))
    with SourceFile(path, digest_of(content)) as source:
        md5s = [source.next_md5(extent) for extent in parts]
        source.check_content()
        assert b"".join(source.section(extent).read() for extent in parts) == content
    assert md5s == [hashlib.md5(content[at : at + size], usedforsecurity=False).digest() for at, size in parts]
    assert {size for _, size in parts[:-1]} <= {part_bytes}


def test_content_that_was_read_twice_is_proven_by_the_second_reading(path: Path) -> None:
    with SourceFile(path, digest_of(CONTENT)) as source:
        source.next_md5(Extent(0, 5000))
        for extent in extents(len(CONTENT), 5000):
            source.next_md5(extent)
        source.check_content()


def test_another_content_of_the_same_size_is_a_broken_promise(path: Path) -> None:
    with SourceFile(path, digest_of(CONTENT[::-1])) as source:
        source.check_size()
        source.next_md5(Extent(0, len(CONTENT)))
        with pytest.raises(BrokenPromise, match="then retry"):
            source.check_content()


async def test_a_file_of_another_size_or_none_is_not_opened(path: Path, tmp_path: Path) -> None:
    threads = SourceThreads()
    for broken, digest in ((path, digest_of(CONTENT + b"!")), (tmp_path / "gone", digest_of(CONTENT))):
        with pytest.raises(BrokenPromise, match="then retry"):
            async with threads.opened(broken, digest):
                pass
    await threads.close()


async def test_no_file_is_left_open(path: Path) -> None:
    threads = SourceThreads()
    before = set(os.listdir("/proc/self/fd"))
    async with threads.opened(path, digest_of(CONTENT)) as source:
        assert await threads.md5(source, Extent(0, len(CONTENT))) == bytes.fromhex(digest_of(CONTENT).md5)
        assert set(os.listdir("/proc/self/fd")) != before
    assert set(os.listdir("/proc/self/fd")) == before
    await threads.close()


@pytest.mark.parametrize(
    ("size_bytes", "part_mib"), [(0, 8), (8 << 20, 8), (80_000 << 20, 8), ((80_000 << 20) + 1, 16), (5 << 40, 1024)]
)
def test_no_file_has_more_than_ten_thousand_parts(size_bytes: int, part_mib: int) -> None:
    assert part_bytes_for(size_bytes) == part_mib << 20
