"""Transcripts as other programs read them."""

from connector.domain.call import Role
from connector.domain.speech import Word
from connector.domain.transcript import SpokenLine, Transcript
from connector.domain.transcript_forms import kros, sinch, srt, timed, turns, vtt
from tests.builders import CALL, MORNING, RECORDING


def a_line(text: str, start: float, role: Role = Role.CALLER, party: str = "+4930123456") -> SpokenLine:
    return SpokenLine(role=role, party=party, start_seconds=start, end_seconds=start + 1.5, text=text)


#: As two engines would give them: each side by itself.
LINES = (
    a_line("I need help.", 4.97),
    a_line("It is <ORD> & 5.", 3723.0004),
    a_line("Hello?", 0.25, Role.AGENT, "201"),
)


def test_sinchs_file_has_seconds_and_numbers_who_speaks_as_they_come() -> None:
    assert sinch(LINES) == {
        "text": "Hello? I need help. It is <ORD> & 5.",
        "lines": [
            {"timestamp": 0.25, "speakerLabel": "Speaker 1", "text": "Hello?"},
            {"timestamp": 4.97, "speakerLabel": "Speaker 2", "text": "I need help."},
            {"timestamp": 3723.0, "speakerLabel": "Speaker 2", "text": "It is <ORD> & 5."},
        ],
    }


def test_turns_are_of_an_assistant_and_a_user_at_moments_of_the_day() -> None:
    assert turns(LINES, MORNING)[:2] == [
        {"role": "assistant", "content": "Hello?", "timestamp": "2026-01-05T09:00:00.250Z"},
        {"role": "user", "content": "I need help.", "timestamp": "2026-01-05T09:00:04.970Z"},
    ]


def test_webvtt_names_the_voice_and_lets_no_word_be_taken_for_a_sign() -> None:
    assert vtt(LINES) == (
        "WEBVTT\n\n"
        "00:00:00.250 --> 00:00:01.750\n<v Agent 201>Hello?\n\n"
        "00:00:04.970 --> 00:00:06.470\n<v Caller +4930123456>I need help.\n\n"
        "01:02:03.000 --> 01:02:04.500\n<v Caller +4930123456>It is &lt;ORD&gt; &amp; 5.\n"
    )


def test_subrip_numbers_its_lines_and_says_who_speaks() -> None:
    assert srt(LINES).startswith(
        "1\n00:00:00,250 --> 00:00:01,750\n[Agent]: Hello?\n\n"
        "2\n00:00:04,970 --> 00:00:06,470\n[Caller]: I need help.\n"
    )


def test_a_line_over_several_lines_ends_no_cue() -> None:
    said = a_line("one\n\n00:00:09.000 --> 00:00:10.000\r\ntwo", 1.0)
    assert vtt([said]).count("\n\n") == 1
    assert srt([said]).count("\n") == 3


def test_a_line_without_length_is_shown_for_a_moment() -> None:
    said = SpokenLine(role=Role.CALLER, start_seconds=2.0, end_seconds=2.0, text="ah")
    assert "00:00:02.000 --> 00:00:02.001\n<v Caller>ah" in vtt([said])


def test_of_nothing_said_every_form_is_whole() -> None:
    assert dict(sinch(())) == {"text": "", "lines": []}
    assert turns((), MORNING) == []
    assert (vtt(()), srt(())) == ("WEBVTT\n", "")
    assert timed(()) == ""


def test_kros_answer_is_text_and_how_sure_the_engine_is() -> None:
    transcript = Transcript(
        recording_id=RECORDING, call_id=CALL, organisation="default", language="en", confidence=0.93, lines=LINES
    )
    assert kros(transcript) == {
        "transcript": "[Agent]: Hello?\n[Caller]: I need help.\n[Caller]: It is <ORD> & 5.",
        "word_count": 9,
        "language": "en",
        "confidence": 0.93,
    }
    assert kros(Transcript(recording_id=RECORDING, call_id=CALL, organisation="default"))["language"] is None


def test_text_for_people_says_when_and_who() -> None:
    assert timed(LINES) == (
        "00:00:00 Agent 201: Hello?\n"
        "00:00:04 Caller +4930123456: I need help.\n"
        "01:02:03 Caller +4930123456: It is <ORD> & 5.\n"
    )


def test_an_arrow_in_what_is_said_is_none_in_a_subtitle() -> None:
    said = a_line("a --> b", 1.0, party="x\n<b>")
    assert vtt([said]).splitlines()[3] == "<v Caller x &lt;b&gt;>a --&gt; b"
    assert vtt([said]).count("-->") == srt([said]).count("-->") == 1


def test_subrip_has_no_tag_that_was_said() -> None:
    said = a_line("<i>no</i> {\\an8}", 1.0)
    assert srt([said]).splitlines()[2] == "[Caller]: ‹i›no‹/i› (\\an8)"


def test_a_long_line_is_several_subtitles_at_the_times_of_its_words() -> None:
    words = [Word(f"word{place}", float(place), place + 0.5) for place in range(10)]
    line = SpokenLine(role=Role.AGENT, start_seconds=0.0, end_seconds=9.5, text=" ".join(word.text for word in words))
    assert vtt([line], [words]) == (
        "WEBVTT\n\n"
        "00:00:00.000 --> 00:00:04.500\n<v Agent>word0 word1 word2 word3 word4\n\n"
        "00:00:05.000 --> 00:00:09.500\n<v Agent>word5 word6 word7 word8 word9\n"
    )
    assert "2\n00:00:05,000 --> 00:00:09,500\n[Agent]: word5" in srt([line], [words])


def test_each_line_keeps_its_own_words_whatever_the_order() -> None:
    later, earlier = a_line("x " * 50, 20.0), a_line("y " * 50, 1.0)
    words = [
        [Word(name, start + place, start + place + 1.0) for place in range(9)]
        for name, start in (("x", 20.0), ("y", 1.0))
    ]
    assert vtt([later, earlier], words).index("y y") < vtt([later, earlier], words).index("x x")
    assert "00:00:20.000 --> " in vtt([later, earlier], words)
