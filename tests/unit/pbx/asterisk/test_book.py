"""What follows from the signs of a recorder, in whatever order they come."""

from collections.abc import Callable
from functools import partial

import pytest

from connector.domain.events import (
    CallEvent,
    RecorderClosed,
    RecorderFlushed,
    RecorderFound,
    RecorderStalled,
    RecorderStarted,
)
from connector.domain.ids import ChannelId, Moment, SegmentId
from connector.pbx.asterisk.book import UNEXPLAINED_SECONDS, Book, Recorder

CALLER, AGENT = ChannelId("caller"), ChannelId("agent")
STARTED = RecorderStarted(segment=SegmentId("s1"), path="s1.wav", sample_rate=8000)
CLOSED = RecorderClosed(segment=SegmentId("s1"))


class Told(list[tuple[Moment, CallEvent]]):
    def say(self, at: Moment, event: CallEvent) -> None:
        self.append((at, event))


def a_recorder(segment: str = "s1", channel: ChannelId = CALLER) -> Recorder:
    return Recorder(segment=SegmentId(segment), channel=channel, path=f"{segment}.wav", sample_rate=8000, asked_at=10.0)


def a_book(*recorders: Recorder, on_disk: bool = True) -> tuple[Book, Told]:
    told = Told()
    book = Book(told.say, on_disk=on_disk)
    book.is_connected = True
    for recorder in recorders:
        book.add(recorder)
    return book, told


def running(segment: str = "s1", channel: ChannelId = CALLER) -> tuple[Book, Told, Recorder]:
    recorder = a_recorder(segment, channel)
    book, told = a_book(recorder)
    book.monitor_started(channel, 11.0)
    book.file_appeared(recorder)
    told.clear()
    return book, told, recorder


def test_a_recorder_has_started_when_asterisk_said_so_and_the_file_is_there() -> None:
    recorder = a_recorder()
    book, told = a_book(recorder)
    book.monitor_started(CALLER, 11.0)
    assert told == []
    book.file_appeared(recorder)
    assert told == [(11.0, STARTED)]


def test_the_file_may_be_seen_first() -> None:
    recorder = a_recorder()
    book, told = a_book(recorder)
    book.file_appeared(recorder)
    assert told == []
    book.monitor_started(CALLER, 11.0)
    assert told == [(11.0, STARTED)]


def test_two_recorders_of_a_channel_get_each_its_own_start() -> None:
    rx, tx = a_recorder("s1"), a_recorder("s2")
    book, _ = a_book(rx, tx)
    book.id_told(CALLER, tx.segment, "0x2")
    book.monitor_started(CALLER, 12.0)
    book.monitor_started(CALLER, 13.0)
    assert (tx.started_at, rx.started_at, tx.monitor_id) == (12.0, 13.0, "0x2")


def test_a_start_on_another_channel_is_none_of_ours() -> None:
    recorder = a_recorder()
    book, _ = a_book(recorder)
    book.monitor_started(AGENT, 11.0)
    assert recorder.started_at is None


def test_each_growth_is_a_point_of_the_files_clock_and_a_sign_twice_is_one() -> None:
    book, told, recorder = running()
    book.file_grew(recorder, 32768, 13.0)
    book.file_grew(recorder, 32768, 13.5)
    assert told == [(13.0, RecorderFlushed(segment=recorder.segment, frames=(32768 - 44) // 2))]


def test_it_is_closed_when_the_file_is_and_stamped_with_the_stop() -> None:
    book, told, recorder = running()
    recorder.is_stop_asked = True
    book.monitor_stopped(CALLER, 20.0)
    assert told == []
    book.file_closed(recorder, 20.4)
    assert told == [(20.0, CLOSED)]
    assert book.of(recorder.segment) is None
    assert book.has_ended(recorder.segment)


def test_a_file_that_closes_just_before_its_hangup_is_told_is_stamped_with_the_hangup() -> None:
    book, told, recorder = running()
    book.file_closed(recorder, 20.0)
    book.channel_ended(CALLER, 20.03)
    assert told == [(20.03, CLOSED)]


def test_a_file_that_closes_without_a_reason_is_a_stalled_recorder() -> None:
    book, told, recorder = running()
    book.file_closed(recorder, 20.0)
    book.looked_over(20.0 + UNEXPLAINED_SECONDS / 2)
    assert told == []
    book.looked_over(20.0 + UNEXPLAINED_SECONDS)
    assert [event for _, event in told] == [RecorderStalled(segment=recorder.segment)]


def test_without_a_connection_a_closed_file_is_closed_at_its_own_moment() -> None:
    book, told, recorder = running()
    book.connection_lost()
    book.file_closed(recorder, 20.0)
    assert told == [(20.0, CLOSED)]


def test_a_file_that_closed_just_before_the_connection_broke_is_closed_too() -> None:
    book, told, recorder = running()
    book.file_closed(recorder, 20.0)
    book.connection_lost()
    assert told == [(20.0, CLOSED)]


def test_a_stop_that_only_the_reply_told_is_taken_after_a_while() -> None:
    book, told, recorder = running()
    recorder.is_stop_asked, recorder.stop_said_at = True, 20.0
    book.file_closed(recorder, 20.01)
    book.looked_over(20.1)
    assert told == []
    book.looked_over(20.4)
    assert told == [(20.0, CLOSED)]


def test_a_stopped_recorder_whose_file_nobody_saw_close_is_to_be_looked_at() -> None:
    book, _, recorder = running()
    book.channel_ended(CALLER, 20.0)
    assert book.looked_over(20.1) == [recorder]


def test_a_recorder_that_ended_at_once_is_told_as_started_before_it_is_told_as_closed() -> None:
    recorder = a_recorder()
    book, told = a_book(recorder)
    book.file_closed(recorder, 10.2)
    book.channel_ended(CALLER, 10.3)
    assert told == [(10.0, STARTED), (10.3, CLOSED)]


def test_where_nobody_sees_the_files_asterisks_word_is_taken() -> None:
    recorder = a_recorder()
    book, told = a_book(recorder, on_disk=False)
    book.monitor_started(CALLER, 11.0)
    book.channel_ended(CALLER, 20.0)
    assert told == [(11.0, STARTED), (20.0, CLOSED)]


def test_a_recorder_of_the_dialplan_is_found_once_its_file_is_there() -> None:
    recorder = a_recorder()
    recorder.started_at = 9.0
    recorder.found = RecorderFound(channel=CALLER, linked="1", path="s1.wav")
    book, told = a_book(recorder)
    book.file_appeared(recorder)
    assert told == [(9.0, recorder.found)]


def test_what_was_removed_is_found_by_nothing_any_more() -> None:
    book, _, recorder = running()
    book.remove(recorder)
    book.remove(recorder)
    assert (book.of(recorder.segment), book.at("s1.wav"), book.on(CALLER), list(book)) == (None, None, [], [])


def test_a_file_that_grew_to_the_border_of_a_block_only_is_told_as_torn() -> None:
    book, told, recorder = running()
    book.file_grew(recorder, 32768, 13.0)
    book.file_grew(recorder, 36864, 15.0)
    flushes = [event for _, event in told if isinstance(event, RecorderFlushed)]
    assert [flush.is_torn for flush in flushes] == [False, True]


@pytest.mark.parametrize("is_file_first", [True, False])
def test_a_recorder_that_somebody_else_stopped_is_known_at_once_whichever_sign_comes_first(
    *, is_file_first: bool
) -> None:
    book, told, recorder = running()
    signs: list[Callable[[], None]] = [
        partial(book.file_closed, recorder, 20.0),
        partial(book.monitor_stopped, CALLER, 20.001),
    ]
    for sign in signs if is_file_first else reversed(signs):
        sign()
    assert [event for _, event in told] == [RecorderStalled(segment=SegmentId("s1"))]


def test_that_another_recorder_of_the_channel_was_stopped_is_nothing_to_ours() -> None:
    book, told, recorder = running()
    book.monitor_stopped(CALLER, 20.0)
    assert told == []
    book.channel_ended(CALLER, 30.0)
    book.file_closed(recorder, 30.0)
    assert told == [(30.0, CLOSED)]


def test_a_hangup_long_after_another_ones_stop_is_a_hangup_though_the_file_is_seen_closed_first() -> None:
    book, told, recorder = running()
    book.monitor_stopped(CALLER, 20.0)
    book.file_closed(recorder, 30.0)
    book.channel_ended(CALLER, 30.01)
    assert told == [(30.01, CLOSED)]
