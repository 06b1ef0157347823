"""A secret shows itself to nobody by accident."""

import copy
import dataclasses
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.secret import Secret


@dataclasses.dataclass(frozen=True)
class Holder:
    key: Secret


@given(st.text(min_size=4).filter(lambda text: "*" not in text))
def test_no_way_of_printing_shows_it(text: str) -> None:
    secret = Secret(text)
    ways = [str(secret), repr(secret), f"{secret}", f"{secret:>9}", f"{secret!r}", "%s" % secret, repr([secret])]  # noqa: UP031
    assert not any(text in way for way in ways)
    assert secret.reveal() == text


def test_two_of_one_text_are_equal_and_a_text_never_is() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("é\ud800")}) == 2


def test_an_empty_one_is_false() -> None:
    assert not Secret("")
    assert Secret("x")


def test_it_is_copied_with_what_holds_it_but_neither_pickled_nor_written_as_json() -> None:
    holder = Holder(Secret("abcd"))
    assert dataclasses.asdict(holder)["key"] == Secret("abcd")
    assert copy.deepcopy(holder) == copy.copy(holder) == holder
    with pytest.raises(TypeError, match="not to be pickled"):
        pickle.dumps(holder)
    with pytest.raises(TypeError):
        json.dumps(dataclasses.asdict(holder))
