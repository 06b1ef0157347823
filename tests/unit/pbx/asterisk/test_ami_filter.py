"""Which events we let Asterisk send. Read here by Python's engine, by Asterisk's own in tests/pbx."""

import re

from connector.pbx.asterisk.ami_filter import expressions
from tests.unit.pbx.asterisk.streams import stream

#: Asterisk's lines end with it, its own name for "a control character".
_CONTROL = {"[[:cntrl:]]": r"[\x00-\x1f]", "[^[:cntrl:]]": r"[^\x00-\x1f]"}


def _passes(event: str, *variables: str) -> bool:
    """Whether one of them fits, as regexec() would say: the dot takes line breaks, too."""
    for expression in expressions(variables):
        for posix, python in _CONTROL.items():
            expression = expression.replace(posix, python)  # noqa: PLW2901  # step by step
        if re.search(expression, event, re.DOTALL):
            return True
    return False


def _event(name: str, *lines: str) -> str:
    return "\r\n".join((f"Event: {name}", "Privilege: call,all", *lines, ""))


def test_the_events_that_we_use_pass_and_others_do_not() -> None:
    assert _passes(_event("Newchannel", "Uniqueid: 1.1"))
    assert _passes(_event("MixMonitorStop"))
    for unused in ("Newexten", "RTCPSent", "NewchannelLike", "HangupRequestLike", "NewConnectedLine"):
        assert not _passes(_event(unused, "Uniqueid: 1.1"))


def test_of_the_variables_only_ours_and_those_of_the_configuration_pass() -> None:
    def set_(variable: str, *watched: str) -> bool:
        return _passes(_event("VarSet", "Uniqueid: 1.1", f"Variable: {variable}", "Value: x"), *watched)

    assert all(map(set_, ("CALLREEL", "__CALLREEL", "_CALLREEL_OPTIONS", "callreel_record", "CALLREEL_REC_1_a.wav")))
    assert not any(map(set_, ("BRIDGEPEER", "___CALLREEL", "MY_CALLREEL", "ACCOUNT")))
    assert set_("ACCOUNT", "ACCOUNT")
    assert set_("__ACCOUNT", "ACCOUNT")
    assert not set_("ACCOUNTS", "ACCOUNT")
    assert set_("a.b(c)[d]", "a.b(c)[d]")


def test_of_the_dialplans_own_events_only_those_for_us_pass() -> None:
    assert _passes(_event("UserEvent", "Uniqueid: 1.1", "UserEvent: Callreel", "Action: start"))
    assert _passes(_event("UserEvent", "UserEvent: CALLREEL"))
    assert not _passes(_event("UserEvent", "UserEvent: Other", "Action: start"))


def test_however_many_variables_there_are_no_line_is_too_long_for_asterisk() -> None:
    many = [f"TENANT_{number:04}" for number in range(500)]
    assert all(len(expression) < 1000 for expression in expressions(many))
    assert all(_passes(_event("VarSet", f"Variable: {name}", "Value: x"), *many) for name in many)


def test_everything_that_came_through_on_a_real_asterisk_passes_here_too() -> None:
    for name in ("inbound", "wish", "queue", "attended"):
        for message in stream(name):
            event = "\r\n".join(f"{key}: {value}" for key, value in message.lines) + "\r\n"
            assert _passes(event, "ACCOUNT")
