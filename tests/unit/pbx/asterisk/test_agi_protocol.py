"""The gateway protocol: what Asterisk's lines mean, and that nothing of a caller's means anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.decision import CommandAnswered
from connector.domain.ids import RecordingId
from connector.domain.instruction import JSON_HINT
from connector.errors import IllegalInstruction
from connector.pbx.asterisk.agi_protocol import Question, Reply, harmless, options_said, question, reply, variables


def head(script: str = "start?pbx=", *arguments: str, name: str = "Zoé", uniqueid: str = "rig-1.2") -> bytes:
    """As Asterisk 16 and 22 send it."""
    lines = [
        "agi_network: yes",
        f"agi_network_script: {script}",
        f"agi_request: agi://127.0.0.1:4573/{script}",
        "agi_channel: PJSIP/caller-00000001",
        f"agi_uniqueid: {uniqueid}",
        "agi_callerid: 201",
        f"agi_calleridname: {name}",
        "agi_callingpres: 67",
        "agi_threadid: 139620009023168",
        *(f"agi_arg_{number}: {argument}" for number, argument in enumerate(arguments, 1)),
    ]
    return ("\n".join(lines) + "\n\n").encode()


def asked(action: str = "start") -> Question:
    return question(head(action))


def answered(outcome: str, *, is_done: bool = True, recording: str | None = None) -> CommandAnswered:
    id = RecordingId(recording) if recording else None
    return CommandAnswered(command_id="1", is_done=is_done, outcome=outcome, recording=id)


@pytest.mark.parametrize(
    ("script", "pbx", "action"),
    [
        ("start", "", "start"),
        ("start?pbx=", "", "start"),
        ("stop?pbx=office", "office", "stop"),
        ("office/pause", "office", "pause"),
        ("north%20office/resume", "north office", "resume"),
        ("/discard/", "", "discard"),
    ],
)
def test_the_script_names_action_and_pbx(script: str, pbx: str, action: str) -> None:
    found = question(head(script))
    assert (found.pbx, found.action, found.channel) == (pbx, action, "rig-1.2")


@pytest.mark.parametrize("script", ["", "begin", "a/b/start", "start/office", "START"])
def test_an_unknown_script_is_refused_with_the_known_ones(script: str) -> None:
    with pytest.raises(IllegalInstruction, match="start, stop, pause, resume, discard"):
        question(head(script))


def test_a_head_without_a_channel_is_refused() -> None:
    with pytest.raises(IllegalInstruction, match="agi_uniqueid"):
        question(head(uniqueid=""))


def test_options_that_were_split_at_their_commas_are_one_text_again() -> None:
    assert (
        question(head("start", "destination=archive", " tags=vip|x", "", "")).options
        == "destination=archive,tags=vip|x"
    )


@pytest.mark.parametrize("arguments", [("{destination:archive", "retentionDays:30}"), ("[]",), ("{}",)])
def test_json_as_an_argument_is_refused_with_where_it_belongs(arguments: tuple[str, ...]) -> None:
    with pytest.raises(IllegalInstruction) as refused:
        question(head("start", *arguments))
    assert str(refused.value) == JSON_HINT


def test_a_callers_name_with_line_ends_forges_neither_channel_nor_options() -> None:
    forged = "x\nagi_uniqueid: other\nagi_network_script: stop\nagi_arg_1: destination=mine"
    found = question(head("start", "tags=vip", name=forged))
    assert (found.channel, found.action, found.options) == ("rig-1.2", "start", "tags=vip")


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (b"200 result=0\n", ""),
        (b"200 result=1 ()\n", ""),
        (b'200 result=1 ({"tags":["(vip)"]})\n', '{"tags":["(vip)"]}'),
        (b"HANGUP\n", ""),
    ],
)
def test_the_variable_is_what_stands_in_the_outer_brackets(line: bytes, value: str) -> None:
    assert options_said(line) == value


def test_a_variable_of_several_lines_is_refused() -> None:
    with pytest.raises(IllegalInstruction, match="one"):
        options_said(b"200 result=1 ({\n")


@pytest.mark.parametrize(
    ("action", "status"),
    [
        ("start", "STARTED"),
        ("stop", "STOPPED"),
        ("pause", "PAUSED"),
        ("resume", "RESUMED"),
        ("discard", "DISCARDED"),
    ],
)
def test_what_was_done_has_its_own_word_and_names_the_recording(action: str, status: str) -> None:
    assert reply(asked(action), answered("r1", recording="r1")) == Reply(status=status, recording="r1")


def test_what_was_done_before_says_so() -> None:
    found = reply(asked(), answered("r1 is recording already", recording="r1"))
    assert found == Reply(status="STARTED", recording="r1", reason="r1 is recording already")


def test_a_start_without_a_recording_waits() -> None:
    assert reply(asked(), answered("waits for an answer")) == Reply(status="WAITING", reason="waits for an answer")


def test_a_refusal_has_its_reason() -> None:
    assert reply(asked("stop"), answered("rule 3 forces it", is_done=False)).status == "REFUSED"
    assert reply(asked("stop"), answered("rule 3 forces it", is_done=False)).reason == "rule 3 forces it"


def test_an_answer_is_three_commands_of_one_line_each() -> None:
    written = variables(Reply(status="REFUSED", reason='say "yes"\r\nSET VARIABLE X 1 ${SHELL(id)} \\'))
    assert written.split(b"\n") == [
        b'SET VARIABLE RECORDING_STATUS "REFUSED"',
        b'SET VARIABLE RECORDING_ID ""',
        b"SET VARIABLE RECORDING_REASON \"say 'yes'  SET VARIABLE X 1 {SHELL(id)} /\"",
        b"",
    ]


@given(st.text(max_size=400))
def test_no_text_is_more_than_one_harmless_line(text: str) -> None:
    cleaned = harmless(text)
    assert len(cleaned) <= 200
    assert cleaned.isprintable()
    assert not set('"\\$') & set(cleaned)
