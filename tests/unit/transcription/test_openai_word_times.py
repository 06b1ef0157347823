"""Times of words set right, whatever an engine makes of them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.speech import Voice, Word
from connector.transcription.pieces import Piece
from connector.transcription.word_times import mended, share, spread

SECONDS = st.floats(-1e6, 1e6)


@pytest.mark.parametrize("seconds", [math.nan, math.inf, -math.inf])
def test_what_is_no_time_is_refused(seconds: float) -> None:
    for word in (Word("a", seconds, 1.0), Word("a", 1.0, seconds)):
        with pytest.raises(ValueError, match="no time"):
            mended([word], Piece(0.0, 10.0))


@given(st.lists(st.tuples(SECONDS, SECONDS), max_size=20), st.floats(0.0, 1000.0), st.floats(0.1, 1000.0))
def test_whatever_times_come_they_are_in_order_and_within(
    times: list[tuple[float, float]], start: float, length: float
) -> None:
    piece = Piece(start, start + length)
    found = mended([Word("a", *pair) for pair in times], piece)
    assert len(found) == len(times)
    assert [word.start_seconds for word in found] == sorted(word.start_seconds for word in found)
    assert all(start <= word.start_seconds <= word.end_seconds <= piece.end_seconds for word in found)


@given(
    st.integers(0, 60),
    st.lists(st.floats(0.0, 100.0), min_size=0, max_size=12, unique=True),
    st.floats(0.0, 50.0),
    st.floats(51.0, 120.0),
)
def test_a_text_that_is_spread_keeps_its_words_in_order_and_within_voices(
    count: int, edges: list[float], start: float, end: float
) -> None:
    edges = sorted(edges)[: len(edges) // 2 * 2]
    voices = [Voice(*pair) for pair in zip(edges[::2], edges[1::2], strict=True)]
    found = mended(
        spread(" ".join(f"w{index}" for index in range(count)), Piece(start, end), voices), Piece(start, end)
    )
    assert [word.text for word in found] == [f"w{index}" for index in range(count)]
    spoken = [voice for voice in voices if voice.end_seconds > start and voice.start_seconds < end] or [
        Voice(start, end)
    ]
    for word in found:
        assert any(
            voice.start_seconds - 1e-6 <= word.start_seconds <= word.end_seconds <= voice.end_seconds + 1e-6
            for voice in spoken
        )


@pytest.mark.parametrize(
    ("said", "kept"), [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0), (-0.1, None), (1.1, None), (math.nan, None), (None, None)]
)
def test_a_confidence_is_a_share_or_it_is_none(said: float | None, kept: float | None) -> None:
    assert share(said) == kept
