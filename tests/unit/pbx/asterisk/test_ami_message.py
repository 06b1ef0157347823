"""Bytes to messages and actions to bytes."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.pbx.asterisk.ami_message import LONGEST_MESSAGE_BYTES, AmiMessage, Messages, TooLong, action_bytes

GREETING = b"Asterisk Call Manager/11.0.0\r\n"


@given(cuts=st.lists(st.integers(min_value=0, max_value=200)))
def test_however_the_network_cuts_it_the_messages_are_the_same(cuts: list[int]) -> None:
    raw = GREETING + "Event: Über\r\nName: 日本\r\n\r\n\r\nEvent: B\r\n\r\n".encode() + b"Response: Success\r\n\r\n"
    edges = sorted({0, len(raw), *(cut for cut in cuts if cut < len(raw))})
    messages = Messages()
    found = [one for start, end in itertools.pairwise(edges) for one in messages.feed(raw[start:end])]
    assert messages.greeting == "Asterisk Call Manager/11.0.0"
    assert [AmiMessage.parsed(one).lines[0] for one in found] == [
        ("Event", "Über"),
        ("Event", "B"),
        ("Response", "Success"),
    ]
    assert AmiMessage.parsed(found[0]).get("name") == "日本"


@given(raw=st.binary(max_size=300))
def test_no_bytes_make_a_message_fail(raw: bytes) -> None:
    message = AmiMessage.parsed(raw)
    assert all(message.get(name) == message.all(name)[0] for name, _ in message.lines)


def test_of_a_name_that_stands_twice_the_first_one_counts_in_whatever_case() -> None:
    message = AmiMessage.parsed(b"Uniqueid: 1.1\r\nuniqueid: victim\r\nVariable: A=1\r\nVariable: B=2\r\nno line")
    assert message.get("UNIQUEID") == "1.1"
    assert message.all("variable") == ["A=1", "B=2"]
    assert message.get("absent", "none") == "none"
    assert (message.event, message.response) == ("", "")


def test_a_value_keeps_its_colons_and_an_empty_one_is_empty() -> None:
    message = AmiMessage.parsed(b"Contact: sip:2001@10.0.0.9:5060\r\nAccountCode: \r\nValue:")
    assert [message.get(name) for name in ("Contact", "AccountCode", "Value")] == ["sip:2001@10.0.0.9:5060", "", ""]


def test_a_message_and_a_greeting_without_an_end_are_too_long_at_some_point() -> None:
    endless = Messages()
    assert list(endless.feed(GREETING)) == []
    with pytest.raises(TooLong):
        list(endless.feed(b"x" * (LONGEST_MESSAGE_BYTES + 1)))
    with pytest.raises(TooLong):
        list(Messages().feed(b"x" * 2000))


def test_each_value_of_a_list_is_a_line_of_its_own() -> None:
    written = action_bytes([("Action", "Originate"), ("Variable", ["A=1", "B=ü"])])
    assert written == "Action: Originate\r\nVariable: A=1\r\nVariable: B=ü\r\n\r\n".encode()


@pytest.mark.parametrize(("name", "value"), [("A", "b\r\nC: d"), ("A", "b\n"), ("A\r\nB", "c"), ("A", ["b", "c\0"])])
def test_what_would_be_another_line_is_no_value(name: str, value: object) -> None:
    with pytest.raises(ValueError, match="line break"):
        action_bytes([(name, value)])
