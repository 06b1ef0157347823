"""The dialplan snippet as a file: well-formed, complete, and every order in it one that we understand."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from connector.domain.instruction import OPTIONS_VARIABLES, WISH_VARIABLES, options_text
from connector.pbx.freeswitch.esl_event import EslEvent
from connector.pbx.freeswitch.file_names import segment_in
from connector.pbx.freeswitch.orders import SUBCLASS, instruction

FILE = Path(__file__).resolve().parents[4] / "dialplan/freeswitch/callreel.xml"
TEXT = FILE.read_text()
TREE = ElementTree.fromstring(TEXT)
ACTIONS = ("start", "stop", "pause", "resume", "discard")


def actions() -> list[tuple[str, str]]:
    tags = [*TREE.iter("action"), *TREE.iter("anti-action")]
    return [(tag.attrib["application"], tag.attrib["data"]) for tag in tags]


def names() -> list[str]:
    """Of extensions, as calls reach them: the first condition of each."""
    first = [extension.find("condition") for extension in TREE.iter("extension")]
    return [condition.attrib["expression"] for condition in first if condition is not None]


def order(data: str) -> EslEvent:
    """As the event application makes it of its data."""
    return EslEvent(dict(part.split("=", 1) for part in data.split(",")) | {"Channel-State": "", "Unique-ID": "a1"})


def test_it_is_one_context_of_our_own() -> None:
    assert [context.attrib["name"] for context in TREE.iter("context")] == ["callreel"]


def test_no_call_goes_on_from_one_extension_to_the_next() -> None:
    assert not any("continue" in extension.attrib for extension in TREE.iter("extension"))


@pytest.mark.parametrize("name", [*(f"callreel_{action}" for action in ACTIONS), "callreel_keys"])
def test_each_name_is_answered_by_one_extension(name: str) -> None:
    assert len([pattern for pattern in names() if re.search(pattern, name)]) == 1


def test_every_name_that_it_calls_is_one_of_its_own() -> None:
    called = re.findall(r"(callreel_\w+) XML callreel", TEXT)
    assert {"callreel_start", "callreel_keys", "callreel_toggle_record", "callreel_toggle_pause"} <= set(called)
    assert [name for name in called if not any(re.search(pattern, name) for pattern in names())] == []


def test_every_order_is_one_that_we_understand() -> None:
    events = [data for application, data in actions() if application == "event"]
    assert len(events) == 5
    for data in events:
        for action in ACTIONS if "$1" in data else ("",):
            found = instruction(order(data.replace("$1", action)))
            assert found is not None
            assert found.action in ACTIONS
            assert (found.channel, found.options) == ("a1", "")


def test_orders_are_sent_under_the_subclass_that_is_listened_to() -> None:
    assert all(f"Event-Subclass={SUBCLASS}," in data for application, data in actions() if application == "event")


def test_the_variables_in_its_head_are_those_that_are_read() -> None:
    written = dict(re.findall(r'application="set" data="(callreel_record|callreel_options)=([^"]*)"', TEXT))
    assert set(written) == {WISH_VARIABLES[1], OPTIONS_VARIABLES[1]}
    assert options_text(written["callreel_options"]).destination == "archive"


def test_the_key_sees_by_the_names_of_our_files_whether_one_is_written() -> None:
    (seen,) = [
        tag.attrib["expression"] for tag in TREE.iter("condition") if "uuid_buglist" in tag.attrib.get("field", "")
    ]
    ours = "0193aa-bb_42cd-e_rx.wav"
    assert segment_in(ours) == "42cd-e"
    assert re.search(seen, f"<target>/var/lib/freeswitch/callreel/{ours}</target>")
    assert not re.search(seen, "<target>/var/lib/freeswitch/recordings/2026/a1.wav</target>")
    # FreeSWITCH takes an expression that begins so for one of Asterisk's patterns.
    assert not any(tag.attrib.get("expression", "").startswith("_") for tag in TREE.iter("condition"))


def test_a_variable_that_a_caller_could_fill_stands_in_no_action() -> None:
    used = set(re.findall(r"\$\{(\w+)", " ".join(data for _, data in actions())))
    assert used == {"callreel_key_record", "callreel_key_pause", "callreel_key_party", "callreel_key_realm"}
