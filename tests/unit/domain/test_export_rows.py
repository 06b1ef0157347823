"""Names of files, CSV that no spreadsheet calculates, days as bounds."""

import contextlib
import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.export_rows import (
    TRANSCRIPT_COLUMNS,
    Names,
    csv_line,
    csv_row,
    duration_seconds,
    first_moment,
    harmless,
    last_moment,
    plain_name,
    transcript_row,
)
from connector.errors import BadRequest
from tests.builders import MORNING, a_call
from tests.unit.services.shop import a_transcript

#: What spreadsheets run, each in another dress.
FORMULAS = (
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "  =1+1",
    "＝1+1",
    "＋1",
    "－1",
    "＠A1",
    "\0=1",
    "+49=HYPERLINK(1)",
)


@pytest.mark.parametrize("text", FORMULAS)
def test_what_a_spreadsheet_would_calculate_gets_an_apostrophe(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["+4930123456", "201", "", "anonymous", "a=b", "[Agent]: =1"])
def test_telephone_numbers_and_plain_words_stay_as_they_are(text: str) -> None:
    assert harmless(text) == text


def test_a_row_of_transcripts_has_the_names_that_krosai_has() -> None:
    call = a_call(ended_at=MORNING + 44.4)
    row = transcript_row(call, a_transcript("call-1", "r", "Good morning.", "=cmd|' /C calc'!A0"))
    assert row == {
        "call_id": "call-1",
        "from": "+4930123456",
        "to": "201",
        "duration": 40,
        "transcript": "[Agent]: Good morning.\n[Agent]: =cmd|' /C calc'!A0",
        "timestamp": "2026-01-05T09:00:00.000Z",
    }
    assert next(csv.reader(io.StringIO(csv_row(row)))) == [str(value) for value in row.values()]


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=6, max_size=6)))
def test_whatever_is_in_it_every_field_comes_back_from_csv(rows: list[list[str]]) -> None:
    text = "".join(map(csv_line, (TRANSCRIPT_COLUMNS, *rows)))
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert read[1:] == [[harmless(value) for value in row] for row in rows]
    assert not any(value[:1] in set("=@-\t\r\n") for row in read for value in row)


def test_a_call_that_lives_has_no_duration_and_one_that_nobody_answered_lasted_as_long_as_it_rang() -> None:
    assert duration_seconds(a_call()) is None
    assert duration_seconds(a_call(answered_at=None, ended_at=MORNING + 12)) == 12


@pytest.mark.parametrize(
    ("text", "plain"),
    [("../../etc/passwd", "_.._etc_passwd"), ("..", "_"), ("", "_"), ("a b/ü", "a_b_"), (".hidden", "hidden")],
)
def test_a_name_is_plain_whatever_it_was(text: str, plain: str) -> None:
    assert plain_name(text) == plain


@given(st.lists(st.tuples(st.text(), st.text())))
def test_no_two_files_have_one_name_and_none_leaves_the_folder(wanted: list[tuple[str, str]]) -> None:
    names = Names()
    chosen = [names.chosen(folder, stem, "mp3") for folder, stem in wanted]
    assert len({name.casefold() for name in chosen}) == len(chosen)
    for name in chosen:
        assert name.count("/") == 1
        assert not any(part in {"", ".", ".."} for part in name.split("/"))
        assert name.isascii()


def test_the_second_file_of_a_name_has_a_number() -> None:
    names = Names()
    chosen = [names.chosen("2026-01-05", stem, "stereo.mp3") for stem in ("call", "Call", "call-2")]
    assert chosen == ["2026-01-05/call.stereo.mp3", "2026-01-05/Call-2.stereo.mp3", "2026-01-05/call-2-2.stereo.mp3"]


def test_a_day_is_meant_whole_and_a_moment_exactly() -> None:
    assert first_moment("2026-01-05", "from_date") == MORNING - 9 * 3600
    assert last_moment("2026-01-05", "to_date") == MORNING + 15 * 3600
    assert last_moment("2026-01-05T10:00:00+01:00", "to_date") == MORNING
    assert first_moment("2026-01-05T09:00:00", "from_date") == MORNING


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "9" * 5000, "2026-01-05T25:00"])
def test_what_is_no_day_is_named_with_its_parameter(text: str) -> None:
    with pytest.raises(BadRequest) as refused:
        first_moment(text, "from_date")
    assert refused.value.pointer == "from_date"


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_the_ends_of_time_are_moments_or_refused_and_nothing_else(text: str) -> None:
    with contextlib.suppress(BadRequest):
        assert isinstance(last_moment(text, "to_date"), float)
