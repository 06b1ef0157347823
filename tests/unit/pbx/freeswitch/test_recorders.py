"""What follows from RECORD_START and RECORD_STOP."""

import pytest

from connector.domain.events import CallEvent, RecorderClosed, RecorderFlushed, RecorderStarted
from connector.domain.ids import ChannelId, Moment, SegmentId
from connector.pbx.freeswitch.recorders import Recorder, Recorders

S1 = SegmentId("s1")
STARTED = RecorderStarted(segment=S1, path="a_s1_rx.wav", sample_rate=8000)
CLOSED = RecorderClosed(segment=S1)


class Book:
    def __init__(self) -> None:
        self.told: list[tuple[Moment, CallEvent]] = []
        self.recorders = Recorders(lambda at, event: self.told.append((at, event)))

    def expected(self, segment: str = "s1") -> Recorder:
        recorder = Recorder(
            segment=SegmentId(segment),
            channel=ChannelId("leg"),
            path=f"a_{segment}_rx.wav",
            sample_rate=8000,
            asked_at=1.0,
        )
        self.recorders.add(recorder)
        return recorder


@pytest.fixture
def book() -> Book:
    return Book()


def test_a_start_that_was_told_waits_for_its_proof(book: Book) -> None:
    recorder = book.expected()
    assert book.recorders.record_start(S1, 2.0)
    assert book.told == []
    assert recorder.heard_of.is_set()
    book.recorders.proved(recorder)
    assert book.told == [(2.0, STARTED)]
    assert recorder.is_running


def test_a_file_without_a_start_proves_nothing(book: Book) -> None:
    recorder = book.expected()
    book.recorders.proved(recorder)
    assert book.told == []
    assert not recorder.is_running


def test_a_start_is_told_once(book: Book) -> None:
    recorder = book.expected()
    for at in (2.0, 3.0):
        book.recorders.record_start(S1, at)
        book.recorders.proved(recorder)
    assert book.told == [(2.0, STARTED)]


def test_a_stop_closes_it_at_its_own_moment(book: Book) -> None:
    recorder = book.expected()
    book.recorders.record_start(S1, 2.0)
    book.recorders.proved(recorder)
    assert book.recorders.record_stop(S1, 5.0)
    assert book.told == [(2.0, STARTED), (5.0, CLOSED)]
    assert recorder.ended.is_set()
    assert book.recorders.has_ended(S1)
    assert not book.recorders.record_stop(S1, 6.0)


def test_a_stop_before_the_proof_is_proof_enough(book: Book) -> None:
    book.expected()
    book.recorders.record_start(S1, 2.0)
    book.recorders.record_stop(S1, 2.1)
    assert book.told == [(2.0, STARTED), (2.1, CLOSED)]


def test_a_stop_without_any_start_leaves_nobody_waiting(book: Book) -> None:
    book.expected()
    book.recorders.record_stop(S1, 2.1)
    assert book.told == [(1.0, STARTED), (2.1, CLOSED)]


def test_events_of_other_peoples_recorders_are_nothing(book: Book) -> None:
    assert not book.recorders.record_start(SegmentId("theirs"), 2.0)
    assert not book.recorders.record_stop(SegmentId("theirs"), 3.0)
    assert book.told == []
    assert not book.recorders.is_nobodys(SegmentId("theirs"))


def test_growth_is_told_once_and_only_of_what_runs(book: Book) -> None:
    recorder = book.expected()
    book.recorders.file_grew(recorder, 100, 1.5)
    book.recorders.record_start(S1, 2.0)
    book.recorders.proved(recorder)
    book.recorders.file_grew(recorder, 800, 2.1)
    book.recorders.file_grew(recorder, 800, 3.1)
    book.recorders.record_stop(S1, 4.0)
    book.recorders.file_grew(recorder, 900, 5.0)
    flushed = (2.1, RecorderFlushed(segment=S1, frames=800))
    assert book.told == [(2.0, STARTED), flushed, (4.0, CLOSED)]
    assert recorder.alive_at == 2.1


def test_a_file_that_ends_a_block_of_the_disk_within_a_frame_is_told_as_torn_once(book: Book) -> None:
    recorder = book.expected()
    recorder.adopted(1.0)
    torn = 2026
    for at, frames in ((2.0, 1600), (2.5, torn), (5.0, torn + 8 * 160)):
        book.recorders.file_grew(recorder, frames, at, ends_block=frames != 1600)
    flushes = [event for _, event in book.told if isinstance(event, RecorderFlushed)]
    assert [(flush.frames, flush.is_torn) for flush in flushes] == [(1600, False), (torn, True), (torn + 1280, False)]


def test_what_is_not_seen_after_a_reconnect_has_ended_and_may_not_begin_later(book: Book) -> None:
    kept, gone, late = (book.expected(name) for name in ("s1", "s2", "s3"))
    for recorder in (kept, gone):
        recorder.adopted(2.0)
    book.recorders.replace([kept])
    assert list(book.recorders) == [kept]
    assert gone.ended.is_set()
    assert late.ended.is_set()
    assert book.recorders.is_nobodys(late.segment)
    assert not book.recorders.is_nobodys(gone.segment)
    assert kept.is_running


def test_asked_for_again_it_is_ours_again(book: Book) -> None:
    recorder = book.expected()
    book.recorders.remove(recorder)
    book.recorders.give_up(S1)
    book.expected()
    assert not book.recorders.is_nobodys(S1)
    assert not book.recorders.has_ended(S1)


def test_recorders_are_found_by_their_leg(book: Book) -> None:
    recorder = book.expected()
    assert book.recorders.on(ChannelId("leg")) == [recorder]
    assert book.recorders.on(ChannelId("other")) == []
    book.recorders.remove(recorder)
    assert book.recorders.on(ChannelId("leg")) == []


def test_one_that_moved_to_another_leg_is_found_there(book: Book) -> None:
    recorder, other = book.expected(), book.expected("s2")
    recorder.channel = ChannelId("other")
    book.recorders.replace([recorder, other])
    assert book.recorders.on(ChannelId("other")) == [recorder]
    assert book.recorders.on(ChannelId("leg")) == [other]
