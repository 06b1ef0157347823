"""Frames and events from bytes: however they are cut, whatever is in them."""

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.pbx.freeswitch.esl_codec import (
    LONGEST_BODY_BYTES,
    LONGEST_HEAD_BYTES,
    BrokenStream,
    Frame,
    Frames,
    command_bytes,
    event_of,
)
from connector.pbx.freeswitch.esl_event import EslEvent
from tests.unit.pbx.freeswitch import transcripts
from tests.unit.pbx.freeswitch.esl_server import GREETING, event, frame, reply, response


def read(data: bytes) -> EslEvent:
    [whole] = Frames().feed(data)
    found = event_of(whole)
    assert found is not None
    return found


def of_json(text: str | bytes) -> EslEvent:
    return read(frame(text if isinstance(text, bytes) else text.encode()))


def fed(data: bytes, size: int) -> list[Frame]:
    frames = Frames()
    return [whole for start in range(0, len(data), size) for whole in frames.feed(data[start : start + size])]


# Framing


@pytest.mark.parametrize("name", transcripts.NAMES)
@pytest.mark.parametrize("size", [1, 2, 3, 7, 61, 1448, 4096, 65536])
def test_a_real_conversation_gives_the_same_frames_in_pieces_of_any_size(name: str, size: int) -> None:
    assert fed(transcripts.said(name), size) == transcripts.frames(name)


@settings(deadline=None)
@given(name=st.sampled_from(transcripts.NAMES), size=st.integers(1, 5000))
def test_a_real_conversation_gives_the_same_frames_in_pieces_of_every_size(name: str, size: int) -> None:
    assert fed(transcripts.said(name), size) == transcripts.frames(name)


@settings(deadline=None)
@given(name=st.sampled_from(transcripts.NAMES), cuts=st.lists(st.integers(0, 250_000), max_size=40))
def test_a_real_conversation_gives_the_same_frames_wherever_it_is_cut(name: str, cuts: list[int]) -> None:
    data, frames = transcripts.said(name), Frames()
    edges = [0, *sorted(cuts), len(data)]
    pieces = [data[start:end] for start, end in pairwise(edges)]
    assert [whole for piece in pieces for whole in frames.feed(piece)] == transcripts.frames(name)


@pytest.mark.parametrize("name", transcripts.NAMES)
def test_no_byte_of_a_real_conversation_is_left_over(name: str) -> None:
    frames = Frames()
    frames.feed(transcripts.said(name))
    assert frames.feed(GREETING) == [Frame({"Content-Type": "auth/request"})]


@given(st.lists(st.binary(max_size=200), max_size=10), st.integers(1, 300))
def test_a_body_may_hold_any_bytes(bodies: list[bytes], size: int) -> None:
    assert [whole.body for whole in fed(b"".join(map(frame, bodies)), size)] == bodies


def test_a_body_may_look_like_frames() -> None:
    body = b"\n\nContent-Type: command/reply\nReply-Text: +OK forged\n\n"
    [whole, after] = Frames().feed(frame(body) + reply("+OK true"))
    assert (whole.body, after.reply_text) == (body, "+OK true")


def test_an_empty_answer_is_a_frame() -> None:
    [empty, whole] = Frames().feed(response("") + response("x"))
    assert (empty.answer, whole.answer) == ("", "x")


def test_a_body_of_a_megabyte_comes_whole() -> None:
    body = bytes(range(256)) * 4096
    assert [whole.body for whole in fed(frame(body), 1000)] == [body]


def test_a_header_of_200_kb_comes_whole() -> None:
    value = "x" * 200_000
    assert [whole.reply_text for whole in fed(reply(value), 1000)] == [value]


def test_bad_bytes_in_a_header_are_replaced() -> None:
    [whole, after] = Frames().feed(b"Content-Type: command/reply\nReply-Text: +OK \xff\xfe!\n\n" + reply("+OK"))
    assert (whole.reply_text, after.reply_text) == ("+OK ��!", "+OK")


def test_of_a_header_that_stands_twice_the_first_one_counts() -> None:
    [whole] = Frames().feed(reply("+OK", "Content-Type: text/disconnect-notice", "Reply-Text: -ERR"))
    assert (whole.content_type, whole.reply_text) == ("command/reply", "+OK")


def test_an_empty_line_too_many_is_nothing() -> None:
    assert len(fed(b"\n" + frame(b"{}") + b"\n\n\n" + reply("+OK") + b"\n", 1)) == 2


# Framing that nobody can trust


@pytest.mark.parametrize(
    "garbage",
    [
        b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x16\x03\x01\x02\x00\n\n",
        b"Server: something\n\n",
        b"Content-Type: text/event-json\nContent-Length: -1\n\n",
        b"Content-Type: text/event-json\nContent-Length: ten\n\n",
        "Content-Type: text/event-json\nContent-Length: ١٢\n\n".encode(),
        b"Content-Type: text/event-json\nContent-Length: " + b"9" * 5000 + b"\n\n",
        b"Content-Type: text/event-json\nContent-Length: %d\n\n" % (LONGEST_BODY_BYTES + 1),
        b"Content-Type: " + b"x" * (LONGEST_HEAD_BYTES + 1),
    ],
    ids=lambda garbage: repr(garbage[:60]),
)
def test_what_cannot_be_framed_is_refused_at_once(garbage: bytes) -> None:
    with pytest.raises(BrokenStream):
        Frames().feed(garbage)


def test_what_came_whole_before_the_break_is_not_lost() -> None:
    with pytest.raises(BrokenStream) as broken:
        Frames().feed(reply("+OK") + b"nonsense\n\n")
    assert [whole.reply_text for whole in broken.value.frames] == ["+OK"]


@given(st.binary(max_size=400), st.integers(1, 400))
def test_garbage_never_breaks_the_codec_itself(garbage: bytes, size: int) -> None:
    try:
        for whole in fed(garbage, size):
            event_of(whole)
    except BrokenStream:
        pass


# Events


@pytest.mark.parametrize("name", transcripts.JSON_NAMES)
def test_every_event_of_a_real_conversation_is_read_as_any_json_reader_reads_it(name: str) -> None:
    raw = [whole.body for whole in transcripts.frames(name) if whole.content_type == "text/event-json"]
    plain = [json.loads(body) for body in raw]
    for found, told in zip(transcripts.events(name), plain, strict=True):
        assert found.body == told.pop("_body", "")
        lists = {key for key, value in told.items() if isinstance(value, list)}
        assert set(found.headers) == set(told)
        assert all(found.headers[key] == told[key] for key in told if key not in lists)


def test_a_list_is_written_as_the_dialplan_writes_it() -> None:
    heads = [found for found in transcripts.events("call_record_json") if found.variable("DP_MATCH")]
    assert {found.variable("DP_MATCH") for found in heads} == {"ARRAY::dial1|:1"}


def test_what_is_no_event_is_none() -> None:
    assert [event_of(whole) for whole in Frames().feed(GREETING + reply("+OK") + response("{}"))] == [None] * 3


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b'{"a":', b"null", b"[" * 100_000, b'{"a":"\xff'])
def test_a_body_that_is_no_object_is_none(body: bytes) -> None:
    [whole] = Frames().feed(frame(body))
    assert event_of(whole) is None


def test_bad_bytes_in_a_body_are_replaced() -> None:
    found = of_json(b'{"Event-Name":"CUSTOM","Caller-Caller-ID-Name":"Zo\xe9","_body":"\xff"}')
    assert (found.name, found.get("Caller-Caller-ID-Name"), found.body) == ("CUSTOM", "Zo�", "�")


def test_half_of_a_surrogate_pair_can_be_written_again() -> None:
    assert of_json(r'{"Event-Name":"CUSTOM","X":"\ud83d!"}').get("X").encode() == b"?!"


def test_control_signs_in_a_value_are_kept() -> None:
    assert of_json(b'{"X":"a\x01b\\u0000c"}').get("X") == "a\x01b\0c"


def test_a_number_becomes_text_and_null_none() -> None:
    assert of_json('{"X":7,"Y":null}').headers == {"X": "7", "Y": ""}


@pytest.mark.parametrize("value", ["x\nUnique-ID: forged", "x%0AUnique-ID: forged", 'x","Unique-ID":"forged'])
def test_a_value_never_becomes_a_header(value: str) -> None:
    found = read(event("CUSTOM", Unique_ID="true", X=value))
    assert (found.channel, found.get("X")) == ("true", value)


def test_a_line_of_the_body_never_becomes_a_header() -> None:
    found = read(event("BACKGROUND_JOB", Unique_ID="true", _body="+OK\nUnique-ID: forged\n\nEvent-Name: SHUTDOWN"))
    assert (found.channel, found.name, found.body[:3]) == ("true", "BACKGROUND_JOB", "+OK")


def test_what_the_dialplan_writes_never_replaces_what_freeswitch_says() -> None:
    # In the order of a real `event` application: its own headers, what the dialplan gave, the channel's.
    found = of_json(
        '{"Event-Subclass":"callreel::record","Core-UUID":"true","Event-Date-Timestamp":"1","Event-Name":"CUSTOM",'
        '"Core-UUID":"forged","Event-Date-Timestamp":"9","Event-Name":"SHUTDOWN","Event-Subclass":"x::y",'
        '"Unique-ID":"forged","variable_domain_name":"forged","Unique-ID":"true","variable_domain_name":"true"}'
    )
    assert found.name == "callreel::record"
    assert (found.get("Core-UUID"), found.get("Event-Date-Timestamp")) == ("true", "1")
    assert (found.channel, found.variable("domain_name")) == ("true", "true")


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=40)))
def test_any_headers_come_back_as_they_were(headers: dict[str, str]) -> None:
    headers.pop("_body", None)
    assert of_json(json.dumps(headers, separators=(",", ":"))).headers == headers


# Commands


def test_a_command_and_its_headers_are_lines() -> None:
    assert command_bytes("api status") == b"api status\n\n"
    assert command_bytes("bgapi status", {"Job-UUID": "j1"}) == b"bgapi status\nJob-UUID: j1\n\n"


@pytest.mark.parametrize("sign", ["\n", "\r", "\0", "\n\n"])
def test_what_would_be_another_line_is_not_sent(sign: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        command_bytes(f"api uuid_kill a{sign}b")
    with pytest.raises(ValueError, match="line break"):
        command_bytes("bgapi status", {"Job-UUID": f"a{sign}b"})


def test_nothing_is_not_sent_since_it_is_never_answered() -> None:
    with pytest.raises(ValueError, match="empty"):
        command_bytes(" ")
