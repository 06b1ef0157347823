"""Domain values as rows and journal lines, and back."""

from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Table

from connector.catalogue import codec
from connector.catalogue.codec import RowCodec, change_count, decoded, encoded
from connector.catalogue.tables import ARTEFACTS, CALLS, COMMANDS, DELIVERIES, DUE, RECORDINGS, RENDERINGS, SEGMENTS
from connector.domain.call import Call, CallState, Direction, Leg, Span, Verdict
from connector.domain.decision import Change, CommandAnswered
from connector.domain.ids import CallId, ChannelId
from connector.domain.recording import Rendering
from tests.builders import (
    a_call,
    a_delivery,
    a_due,
    a_leg,
    a_recording,
    a_rendering,
    a_segment,
    an_artefact,
)

CODECS: list[tuple[RowCodec[object], Table]] = [
    (codec.CALL, CALLS),  # type: ignore[list-item]  # only their columns are looked at
    (codec.RECORDING, RECORDINGS),  # type: ignore[list-item]
    (codec.SEGMENT, SEGMENTS),  # type: ignore[list-item]
    (codec.RENDERING, RENDERINGS),  # type: ignore[list-item]
    (codec.ARTEFACT, ARTEFACTS),  # type: ignore[list-item]
    (codec.DELIVERY, DELIVERIES),  # type: ignore[list-item]
    (codec.DUE, DUE),  # type: ignore[list-item]
    (codec.COMMAND, COMMANDS),  # type: ignore[list-item]
]


@pytest.mark.parametrize(("rows", "table"), CODECS, ids=[table.name for _, table in CODECS])
def test_every_field_has_its_column(rows: RowCodec[object], table: Table) -> None:
    assert set(rows.columns) <= {column.name for column in table.columns}


def test_only_the_artefacts_of_a_rendering_stand_elsewhere() -> None:
    assert {field.name for field in fields(Rendering)} - set(codec.RENDERING.columns) == {"artefacts"}


def test_a_row_holds_nested_values_as_json_and_nothing_as_null() -> None:
    row = codec.CALL.row(a_call(legs=(), tags=("vip",), verdict=None))
    assert (row["legs"], row["tags"], row["verdict"], row["ended_at"]) == ("[]", '["vip"]', None, None)


@pytest.mark.parametrize(
    "changes",
    [
        [a_call()],
        [a_recording(), a_segment(), a_due(), CommandAnswered(command_id="c", is_done=True, outcome="\n\r\u2028")],
        [],
    ],
)
def test_a_journal_line_gives_back_what_it_was_made_of(changes: list[Change]) -> None:
    line = encoded(changes)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert decoded(line) == tuple(changes)
    assert change_count(line) == len(changes)


_TEXT = st.text(max_size=6)
_MOMENT = st.floats(allow_nan=False, allow_infinity=False)
_SPANS = st.lists(st.builds(Span, start=_MOMENT, end=st.none() | _MOMENT), max_size=2).map(tuple)
_LEG = st.builds(
    Leg,
    channel=_TEXT.map(ChannelId),
    linked=_TEXT,
    number=_TEXT,
    name=_TEXT,
    created_at=_MOMENT,
    answered_at=st.none() | _MOMENT,
    holds=_SPANS,
    variables=st.lists(st.tuples(_TEXT, _TEXT), max_size=2).map(tuple),
)
_CALL = st.builds(
    Call,
    id=_TEXT.map(CallId),
    organisation=_TEXT,
    pbx=_TEXT,
    node=_TEXT,
    state=st.sampled_from(CallState),
    direction=st.sampled_from(Direction),
    legs=st.lists(_LEG, max_size=2).map(tuple),
    started_at=_MOMENT,
    verdict=st.none() | st.builds(Verdict, record=st.booleans(), reason=_TEXT),
    tags=st.lists(_TEXT, max_size=2).map(tuple),
)


@settings(max_examples=50)
@given(_CALL)
def test_any_call_survives_row_and_line_but_for_what_no_catalogue_can_hold(call: Call) -> None:
    assert codec.CALL.thing(codec.CALL.row(call)) == call
    (back,) = decoded(encoded([call]))
    assert repr(back) == repr(call).replace("\\x00", "\ufffd")


def test_what_no_catalogue_can_hold_is_replaced_in_the_line() -> None:
    call = a_call(from_number="1\x002", legs=(a_leg(name="a\ud800b", variables=(("x", "\x00"),)),))
    (back,) = decoded(encoded([call]))
    assert isinstance(back, Call)
    assert (back.from_number, back.legs[0].name, back.legs[0].variables) == ("1\ufffd2", "a\ufffdb", (("x", "\ufffd"),))


def test_a_backslash_in_a_name_is_no_forbidden_character() -> None:
    call = a_call(from_number=r"\u0000")
    assert decoded(encoded([call])) == (call,)


@pytest.mark.parametrize("line", [b"", b"\n", b"{}\n", b'[["call",{}]]\n', b'[["pigeon",{}]]\n', b"\xff\n", b"[1]\n"])
def test_a_damaged_line_is_a_value_error_and_counts_nothing(line: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # of whatever words
        decoded(line)
    assert change_count(line) == 0


def test_rows_of_each_kind_come_back_whole() -> None:
    rendering = a_rendering()
    assert codec.RENDERING.thing(codec.RENDERING.row(rendering), artefacts=rendering.artefacts) == rendering
    assert codec.ARTEFACT.thing(codec.ARTEFACT.row(an_artefact())) == an_artefact()
    assert codec.DELIVERY.thing(codec.DELIVERY.row(a_delivery())) == a_delivery()
