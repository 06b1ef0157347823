"""What in a dialplan leads to our snippet, what misses it, and who else records there."""

import re
from pathlib import Path

import pytest

from connector.domain.diagnosis import Finding, Level
from connector.pbx.freeswitch.dialplan_check import dialplan, dialplan_findings, others_finding, recording_lines

FILE = Path(__file__).resolve().parents[4] / "dialplan/freeswitch/callreel.xml"
#: FreeSWITCH reads no comments.
SNIPPET = re.sub(r"<!--.*?-->", "", FILE.read_text(), flags=re.DOTALL)


def shown(*actions: tuple[str, str], snippet: str = SNIPPET) -> str:
    """As `xml_locate dialplan` shows it, with those actions in an extension."""
    written = "\n".join(f'<action application="{name}" data="{data}"></action>' for name, data in actions)
    return (
        '<section name="dialplan"><context name="default"><extension name="local">'
        f'<condition field="destination_number" expression="^(2\\d\\d)$">{written}</condition></extension></context>'
        f"{snippet}</section>"
    )


def looked_at(*actions: tuple[str, str], snippet: str = SNIPPET) -> list[Finding]:
    return list(dialplan_findings(dialplan(shown(*actions, snippet=snippet))))


def uses(name: str) -> tuple[str, str]:
    return "execute_extension", f"{name} XML callreel"


@pytest.mark.parametrize(
    "name", ["callreel_start", "callreel_stop", "callreel_pause", "callreel_discard", "callreel_keys"]
)
def test_what_the_snippet_has_is_found(name: str) -> None:
    (found,) = looked_at(uses(name))
    assert (found.level, "used in 1 places" in found.what) == (Level.OK, True)


def test_a_name_that_the_snippet_does_not_have_is_a_warning_with_its_place() -> None:
    loaded, missed = looked_at(uses("callreel_begin"))
    assert (loaded.level, missed.level) == (Level.OK, Level.WARNING)
    assert "default/local: callreel_begin" in missed.what


def test_a_use_without_the_snippet_is_a_warning() -> None:
    (missed,) = looked_at(uses("callreel_start"), snippet="")
    assert (missed.level, "reloadxml" in missed.mend) == (Level.WARNING, True)


def test_keys_that_lead_to_the_snippet_are_uses_too() -> None:
    (missed,) = looked_at(
        ("bind_digit_action", "local,*7,exec[i]:execute_extension,callreel_toggle_record XML callreel,self,self"),
        snippet="",
    )
    assert missed.level is Level.WARNING


def test_a_dialplan_without_any_of_it_is_only_noted() -> None:
    (found,) = looked_at(("bridge", "user/201"), snippet="")
    assert found.level is Level.NOTE


@pytest.mark.parametrize(
    "action",
    [
        ("record_session", "/var/lib/freeswitch/recordings/x.wav"),
        ("record", "/var/lib/freeswitch/recordings/x.wav 60"),
        ("set", "${uuid_record ${uuid} start ${record_path}/${record_name}}"),
        ("bind_digit_action", "local,*2,exec:record_session,/tmp/x.wav,self"),
        ("export", "execute_on_answer=record_session /x.wav"),
        ("bind_meta_app", "2 b s record_session::/x.wav"),
    ],
)
def test_others_that_record_are_named_with_their_place(action: tuple[str, str]) -> None:
    found = others_finding(recording_lines(dialplan(shown(action))), [])
    assert (found.level, "default/local" in found.what) == (Level.NOTE, True)


@pytest.mark.parametrize("action", [("set", "record_session=true"), ("bridge", "user/record"), ("playback", "x.wav")])
def test_what_does_not_record_is_not_named(action: tuple[str, str]) -> None:
    assert others_finding(recording_lines(dialplan(shown(action))), []).level is Level.OK
