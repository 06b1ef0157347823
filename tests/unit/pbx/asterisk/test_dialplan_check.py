"""What in a dialplan ends calls when callreel's snippet is gone, and what records beside us."""

import pytest

from connector.domain.diagnosis import Finding, Level
from connector.pbx.asterisk.dialplan_check import Line, dialplan_findings

SNIPPET = Line("callreel-start", "s", "1", "AGI", "agi://127.0.0.1:4573/start")


def looked_at(*lines: tuple[str, str], snippet: bool = True) -> list[Finding]:
    """One extension with those applications."""
    own = [Line("inbound", "_X.", str(number), name, data) for number, (name, data) in enumerate(lines, start=1)]
    return list(dialplan_findings([*own, *([SNIPPET] if snippet else [])], fastagi_ports=frozenset({4573})))


def worst(findings: list[Finding]) -> Level:
    return max((found.level for found in findings), key=list(Level).index)


GUARD = "$[${DIALPLAN_EXISTS(callreel-start,s,1)}]"
GUARDED = [
    [("GosubIf", f"{GUARD}?callreel-start,s,1(destination=archive,tags=vip)")],
    [("ExecIf", f"{GUARD}?Gosub(callreel-start,s,1)")],
    [("Dial", f"PJSIP/1,30,${{IF({GUARD}?U(callreel-start^s^1))}}")],
    [("Dial", "PJSIP/1,30,tU(callreel-start^s^1)")],
    [("Dial", "PJSIP/1,30,b(callreel-start^s^1)")],
    [
        ("GotoIf", '$["${IFMODULE(app_stack.so)}${DIALPLAN_EXISTS(callreel-start,s,1)}" != "11"]?on'),
        ("Gosub", "callreel-start,s,1"),
    ],
    [("GotoIf", f"{GUARD}?:skip"), ("Gosub", "callreel-start,s,1"), ("NoOp", "skip")],
]
LOOSE = [
    [("Gosub", "callreel-start,s,1(destination=archive)")],
    [("Gosub", "Callreel-Start,s,1")],
    [("GosubIf", "$[${CALLERID(num)}=100]?callreel-start,s,1")],
    [("Goto", "callreel-start,s,1")],
    [("GosubIf", "$[${DIALPLAN_EXISTS(callreel-stop,s,1)}]?callreel-start,s,1")],
]
UNCONCERNED = [[("NoOp", "callreel-start,s,1")], [("Dial", "PJSIP/callreel,30")], [("Set", "CALLREEL=yes")], []]


@pytest.mark.parametrize("lines", GUARDED)
def test_a_guarded_use_is_fine(lines: list[tuple[str, str]]) -> None:
    found = looked_at(*lines)
    assert worst(found) is Level.OK
    assert any("uses of the snippet are guarded" in one.what for one in found)


@pytest.mark.parametrize("lines", LOOSE)
def test_an_unguarded_use_is_a_warning_with_its_place_and_the_guard_to_write(lines: list[tuple[str, str]]) -> None:
    (found,) = [one for one in looked_at(*lines) if one.level is Level.WARNING]
    assert "inbound,_X.,1" in found.what
    assert "DIALPLAN_EXISTS(" in found.mend


@pytest.mark.parametrize("lines", LOOSE)
def test_an_unguarded_use_of_what_is_not_loaded_is_bad(lines: list[tuple[str, str]]) -> None:
    found = looked_at(*lines, snippet=False)
    assert worst(found) is Level.BAD


@pytest.mark.parametrize("lines", GUARDED)
def test_a_guarded_use_of_what_is_not_loaded_only_misses_it(lines: list[tuple[str, str]]) -> None:
    assert worst(looked_at(*lines, snippet=False)) is Level.WARNING


@pytest.mark.parametrize("lines", UNCONCERNED)
def test_lines_that_jump_nowhere_are_no_uses(lines: list[tuple[str, str]]) -> None:
    assert worst(looked_at(*lines)) is Level.OK
    assert worst(looked_at(*lines, snippet=False)) is Level.NOTE


def test_a_guard_of_another_extension_guards_nothing() -> None:
    lines = [
        Line("inbound", "100", "1", "GotoIf", f"{GUARD}?:skip"),
        Line("inbound", "101", "1", "Gosub", "callreel-start,s,1"),
        SNIPPET,
    ]
    assert worst(list(dialplan_findings(lines, fastagi_ports=frozenset()))) is Level.WARNING


def test_the_snippet_may_use_itself() -> None:
    inner = Line("callreel-start", "s", "2", "Gosub", "callreel-answer,s,1")
    assert worst(list(dialplan_findings([SNIPPET, inner], fastagi_ports=frozenset({4573})))) is Level.OK


@pytest.mark.parametrize(
    ("line", "level"),
    [
        (("AGI", "agi://127.0.0.1:4573/start"), Level.WARNING),
        (("AGI", "agi://127.0.0.1/start"), Level.WARNING),
        (("ExecIf", "$[${X}]?AGI(agi://127.0.0.1:4573/start)"), Level.WARNING),
        (("ExecIf", "$[${IFMODULE(res_agi.so)}]?AGI(agi://127.0.0.1:4573/start)"), Level.OK),
        (("AGI", "agi://127.0.0.1:9999/start"), Level.OK),
        (("TryExec", "AGI(agi://127.0.0.1:4573/start)"), Level.OK),
        (("AGI", "mine.agi"), Level.OK),
    ],
)
def test_calling_our_fastagi_port_past_the_snippet_is_a_warning(line: tuple[str, str], level: Level) -> None:
    assert worst(looked_at(line)) is level


def test_other_recorders_are_named_with_their_places() -> None:
    (found,) = [one for one in looked_at(("MixMonitor", "a.wav,b")) if one.subject == "other recorders"]
    assert (found.level, "inbound,_X.,1" in found.what) == (Level.NOTE, True)


def test_freepbx_s_own_recording_is_named() -> None:
    lines = [Line("sub-record-check", "s", "1", "MixMonitor", "x"), Line("from-internal", "_X.", "1", "NoOp", "")]
    (found,) = [one for one in dialplan_findings(lines, fastagi_ports=frozenset()) if one.subject == "other recorders"]
    assert "FreePBX" in found.what
