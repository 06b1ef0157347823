"""Where the words of a search stand in what was said."""

from connector.domain.call import Role
from connector.domain.hits import Hit, best, hits, note_hit
from connector.domain.ids import CallId, RecordingId
from connector.domain.transcript import SpokenLine, Transcript


def said(*texts: str) -> Transcript:
    return Transcript(
        recording_id=RecordingId("r"),
        call_id=CallId("c"),
        organisation="default",
        lines=tuple(
            SpokenLine(role=Role.CALLER, start_seconds=at, end_seconds=at + 1.0, text=text)
            for at, text in enumerate(texts)
        ),
    )


def lines(transcript: Transcript, text: str, most: int = 5) -> list[int | None]:
    return [hit.line for hit in hits(transcript, text, most)]


def test_a_hit_is_a_line_with_its_moment_and_who_speaks() -> None:
    (hit,) = hits(said("Hello", "The parcel is late."), "parcel")
    assert hit == Hit(
        recording_id=RecordingId("r"),
        line=1,
        start_seconds=1,
        role=Role.CALLER,
        text="The parcel is late.",
        word_count=1,
    )


def test_more_of_the_words_come_first_then_what_was_said_earlier() -> None:
    spoken = said("late", "a parcel", "Parcel, late!", "nothing of it", "late late late")
    assert lines(spoken, "LATE parcel") == [2, 0, 1, 4]
    assert lines(spoken, "late parcel", most=2) == [2, 0]


def test_lines_that_overlap_are_in_the_order_of_their_moments() -> None:
    spoken = said("late one", "late two")
    first, second = spoken.lines
    turned = Transcript(recording_id=RecordingId("r"), call_id=CallId("c"), organisation="", lines=(second, first))
    assert lines(turned, "late") == [1, 0]


def test_part_of_a_word_is_no_hit() -> None:
    assert lines(said("parcels", "the par cel"), "parcel") == []


def test_accents_and_case_make_no_difference() -> None:
    assert lines(said("Zoé aus der Straße"), "ZOE strasse") == [0]


def test_a_number_in_one_piece_counts_as_all_its_groups() -> None:
    spoken = said("it is 1234", "it is 030 99", "0301234", "zero three zero one two three four", "030 12 34")
    assert lines(spoken, "030-1234") == [2, 3, 4, 0, 1]


def test_a_question_without_words_hits_nothing() -> None:
    assert lines(said("?!"), "?!") == []


def test_a_note_is_a_hit_without_a_moment() -> None:
    assert note_hit("call back about the parcel", "parcel back") == Hit(text="call back about the parcel", word_count=2)
    assert note_hit("call back", "parcel") is None


def test_among_equals_the_order_stays() -> None:
    found = tuple(Hit(text=text, word_count=count) for text, count in (("a", 1), ("b", 2), ("c", 1), ("d", 2)))
    assert [hit.text for hit in best(found, 3)] == ["b", "d", "a"]
