"""Where a channel is cut that is too long for one request, and which channels are worth one."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from connector.domain.speech import Voice
from connector.transcription.pieces import Piece, heard_channels, pieces, within


def test_what_is_short_enough_stays_whole() -> None:
    assert pieces([Voice(1.0, 2.0)], 10.0, 10.0) == (Piece(0.0, 10.0),)


def test_it_is_cut_in_the_middle_of_the_longest_silence_of_the_second_half() -> None:
    voices = [Voice(0.0, 1.0), Voice(4.0, 6.0), Voice(6.5, 7.0), Voice(8.0, 9.9), Voice(10.0, 14.0)]
    assert pieces(voices, 14.0, 10.0) == (Piece(0.0, 7.5), Piece(7.5, 14.0))


def test_who_never_pauses_is_cut_at_the_limit() -> None:
    assert pieces([Voice(0.0, 25.0)], 25.0, 10.0) == (Piece(0.0, 10.0), Piece(10.0, 20.0), Piece(20.0, 25.0))


def test_silent_pieces_are_left_out() -> None:
    found = pieces([Voice(1.0, 2.0), Voice(98.0, 99.0)], 100.0, 10.0)
    assert len(found) == 2
    assert found[0].start_seconds == 0.0
    assert found[1].end_seconds == 100.0


@given(
    st.lists(st.floats(0.0, 500.0), min_size=2, max_size=40, unique=True),
    st.floats(1.0, 600.0),
    st.floats(10.0, 100.0),
)
def test_no_voice_is_lost_and_no_piece_too_long(edges: list[float], duration: float, longest: float) -> None:
    edges = sorted(edges)[: len(edges) // 2 * 2]
    everywhere = Piece(0.0, duration)
    voices = within([Voice(begin, end) for begin, end in zip(edges[::2], edges[1::2], strict=True)], everywhere)
    found = pieces(voices, duration, longest)
    for piece in found:
        assert 0.0 <= piece.start_seconds < piece.end_seconds <= duration
        assert piece.end_seconds - piece.start_seconds <= longest * 1.000001
    assert all(first.end_seconds <= second.start_seconds for first, second in pairwise(found))
    heard = sum(voice.end_seconds - voice.start_seconds for piece in found for voice in within(voices, piece))
    spoken = sum(voice.end_seconds - voice.start_seconds for voice in voices)
    assert abs(heard - spoken) < 1e-6


def test_channels_are_heard_from_the_most_talkative_on_and_clicks_not_at_all() -> None:
    voices = [[Voice(0.0, 0.25)], [Voice(0.0, 0.2), Voice(1.0, 1.2)], [], [Voice(0.0, 5.0)]]
    assert heard_channels(voices) == [3, 1]
