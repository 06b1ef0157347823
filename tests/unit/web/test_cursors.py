"""Cursors: what we wrote comes back, anything else is refused in words."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.errors import BadRequest
from connector.web.cursors import decoded, encoded

_FLOATS = st.floats(allow_nan=False, allow_infinity=False, min_value=-(2.0**60), max_value=2.0**60)
_TEXTS = st.text(st.characters(categories=("L", "N", "P")), max_size=50)


@given(_TEXTS, _FLOATS, st.integers(-(2**63) + 1, 2**63 - 1))
def test_what_was_written_comes_back_and_is_safe_in_an_address(text: str, moment: float, number: int) -> None:
    cursor = encoded("calls", moment, text, number)
    assert cursor.replace("-", "").replace("_", "").isalnum()
    assert cursor.isascii()
    assert decoded(cursor, str, float, str, int) == ("calls", moment, text, number)


def forged(said: object) -> str:
    text = said if isinstance(said, str) else json.dumps(said, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).decode().rstrip("=")


GOOD = encoded("calls", 1.5, "call-1")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "!",
        "ü",
        "\x00",
        GOOD[:-1],
        GOOD + "=",
        GOOD + "A",
        " " + GOOD,
        "A" * 100_000,
        forged(""),
        forged([]),
        forged([["calls"], 1.5, "call-1"]),
        forged("nothing"),
        forged({"calls": 1}),
        forged(["calls", 1.5]),
        forged(["calls", 1.5, "call-1", "more"]),
        forged(["calls", 1, "call-1"]),
        forged(["calls", True, "call-1"]),
        forged(["calls", "1.5", "call-1"]),
        forged(["calls", None, "call-1"]),
        forged(["calls", 1.5, ["call-1"]]),
        forged('["calls",NaN,"call-1"]'),
        forged('["calls",Infinity,"call-1"]'),
        forged('["calls",1e300,"call-1"]'),
        forged('["calls", 1.5, "call-1"]'),
        forged('["calls",1.50,"call-1"]'),
        forged('["calls",1.5,"\\u0000"]'),
        forged('["calls",1.5,"\\ud800"]'),
        forged("[" * 700),
        base64.urlsafe_b64encode(b'["\xff",1.5,"call-1"]').decode(),
    ],
)
def test_what_we_did_not_write_is_refused(cursor: str) -> None:
    with pytest.raises(BadRequest, match="none of ours") as refused:
        decoded(cursor, str, float, str)
    assert refused.value.pointer == "cursor"


@pytest.mark.parametrize("number", [2**63, -(2**63), 10**400])
def test_numbers_that_no_database_holds_are_refused(number: int) -> None:
    with pytest.raises(BadRequest):
        decoded(forged([number]), int)
