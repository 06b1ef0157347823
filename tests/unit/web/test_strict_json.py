"""JSON that would mean different things to different readers, or cannot be kept, is refused before anybody reads it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import BadRequest
from connector.web.strict_json import MOST_DEPTH, MOST_MEMBERS, check_json

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES, st.booleans())
def test_whatever_json_writes_is_taken(value: object, is_ascii: bool) -> None:
    check_json(json.dumps(value, ensure_ascii=is_ascii).encode())


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"a": 1, "a": 2}', "'a' stands twice"),
        (b'{"x": [{"b": 1, "b": 1}]}', "'b' stands twice"),
        (b'{"\\u0061": 1, "a": 2}', "'a' stands twice"),
        (b"[" * (MOST_DEPTH + 1) + b"]" * (MOST_DEPTH + 1), "nested more than 32"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "nested more than 32"),
        (b"[" * 200_000, "more than 20000 parts"),
        (b"[" + b"[]," * 20_000 + b"[]]", "more than 20000 parts"),
        (json.dumps([dict.fromkeys(map(str, range(MOST_MEMBERS + 1)))]).encode(), "more than 1000 members"),
        (b"1E+0400", "larger"),
        (b"1" * 400 + b".5", "larger"),
        (b"-9223372036854775808", "larger"),
        (b'"\\ud800"', "surrogate"),
        (b'{"\\udfff": 1}', "surrogate"),
        (b'{"a": ["\\u0000"]}', "NUL"),
        (b'"\xed\xa0\x80"', "UTF-8"),
        (b'"\xff"', "UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "UTF-8"),
        (b"NaN", "no number"),
        (b"[-Infinity]", "no number"),
        (b"1e999", "larger"),
        (b"9223372036854775808", "larger"),
        (b"1" * 10_000, "no JSON"),
        (b"{", "no JSON"),
        (b'{"a": 1} x', "no JSON"),
        (b"{'a': 1}", "no JSON"),
        (b'"\x01"', "no JSON"),
        (b"", "no JSON"),
    ],
)
def test_what_is_ambiguous_or_cannot_be_kept_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        check_json(body)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * MOST_DEPTH + b"]" * MOST_DEPTH,
        b'"' + b"[" * 100 + b'"',
        b'"\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\\"',
        b"[" + b"[]," * 100 + b"[]]",
        json.dumps(dict.fromkeys(map(str, range(MOST_MEMBERS)))).encode(),
        b'"\\ud83d\\ude00"',
        b'\xef\xbb\xbf{"a": 1}',
        b" null ",
    ],
)
def test_what_only_looks_so_is_taken(body: bytes) -> None:
    check_json(body)


@pytest.mark.parametrize("body", [b'"' * 500_001, b'\\"' * 500_000, b'"' + b"\\" * 999_999, b'{"a' * 300_000])
def test_no_body_is_gone_through_again_and_again(body: bytes) -> None:
    # One that was would take hours.
    with pytest.raises(BadRequest):
        check_json(body)
