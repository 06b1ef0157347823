"""Which part of a file was asked for, and cutting it out of pieces of any size."""

from collections.abc import AsyncIterator

from hypothesis import given
from hypothesis import strategies as st

from connector.web.ranges import Extent, Unsatisfiable, asked, cut


async def pieces(content: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(content), size):
        yield content[at : at + size]


@given(st.binary(max_size=60), st.integers(1, 20), st.integers(0, 70), st.integers(0, 70))
async def test_whatever_the_pieces_are_the_part_is_the_same(content: bytes, size: int, start: int, end: int) -> None:
    found = b"".join([piece async for piece in cut(pieces(content, size), Extent(start, end))])
    assert found == content[start:end]


@given(st.text(max_size=30) | st.from_regex(r"bytes=\d*-\d*", fullmatch=True), st.integers(0, 100))
def test_whatever_is_asked_lies_within_the_file(header: str, size_bytes: int) -> None:
    try:
        extent = asked(header, size_bytes)
    except Unsatisfiable:
        return
    assert extent is None or 0 <= extent.start < extent.end <= size_bytes


def test_who_asks_for_no_part_wants_the_whole() -> None:
    assert asked(None, 10) is None
    assert asked("", 10) is None
