"""Dialplan patterns and names with a star."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.patterns import device_matches, number_expression, number_matches
from connector.errors import ConfigError


@pytest.mark.parametrize(
    ("number", "pattern", "fits"),
    [
        ("2001", "2XXX", True),
        ("200", "2XXX", False),
        ("20011", "2XXX", False),
        ("2001", "_2XXX", True),
        ("2001", "_2xxx", True),
        ("2001", "2001", True),
        ("0", "Z", False),
        ("1", "Z", True),
        ("1", "N", False),
        ("2", "N", True),
        ("15", "1[3-5]", True),
        ("16", "1[3-5]", False),
        ("19", "1[139]", True),
        ("030", "030.", False),
        ("0301", "030.", True),
        ("030", "030!", True),
        ("+49301234567", "+4930X.", True),
        ("49301234567", "+4930X.", False),
        ("+49301234567", "+49301234567", True),
        ("*21", "*2X", True),
        ("5551234", "_555-1234", True),
        ("Nina", "Nina", True),
        ("2ina", "Nina", False),
        ("acme-x", "acme-x", True),
        ("", "X", False),
        ("\n12", "XX", False),
        ("12\n", "XX", False),
        ("٣٤", "XX", False),
    ],
)
def test_a_number_fits_a_pattern_as_in_the_dialplan(number: str, pattern: str, fits: bool) -> None:
    assert number_matches(number, pattern) is fits


@pytest.mark.parametrize("pattern", ["", "_", "1.2", "!1", "[1-", "12]", "[a-z]", "[^1]", "[]"])
def test_what_is_no_pattern_is_refused_and_named(pattern: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(repr(pattern)) if pattern.strip("_") else "empty"):
        number_expression(pattern)


@given(st.text(alphabet="0123456789XZN[]-+*#.!_ax", max_size=8), st.text(alphabet="0123456789+*#", max_size=8))
def test_every_pattern_is_either_refused_or_usable(pattern: str, number: str) -> None:
    try:
        number_expression(pattern)
    except ConfigError:
        return
    assert number_matches(number, pattern) in {True, False}
    assert number_matches(pattern, pattern)


def test_a_star_stands_for_anything_in_a_device_in_any_case() -> None:
    assert device_matches("PJSIP/carrier-a", "pjsip/Carrier-*")
    assert not device_matches("PJSIP/2001", "PJSIP/carrier-*")
    assert not device_matches("xPJSIP/carrier-a", "PJSIP/carrier-*")
    assert device_matches("SIP/a.b", "SIP/a.b")
    assert not device_matches("SIP/aXb", "SIP/a.b")
