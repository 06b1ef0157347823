"""Scripts as files: told in steps, or line by line."""

import json
from pathlib import Path

import pytest

from connector.domain.events import ChannelCreated, ChannelEnded
from connector.errors import ConfigError
from connector.pbx.scripted import script_file
from connector.pbx.scripted.conversation import Conversation
from connector.pbx.scripted.script import Fault, Misbehaves, as_data, together
from connector.pbx.scripted.script_file import read_script, script_of


def test_a_script_goes_through_json_unchanged() -> None:
    conversation = Conversation(caller="+49301", agent="201", local="kept").ringing(1).talk(2).hold(1, music=True)
    script = conversation.misbehave(Fault.CUT, seconds=3).voice("caller", "tone:440").hangup().script()
    assert script_of(json.loads(json.dumps(as_data(script)))) == script


def test_the_example_of_the_module_is_a_script(tmp_path: Path) -> None:
    assert script_file.__doc__ is not None
    (tmp_path / "script.yaml").write_text(script_file.__doc__.split("```yaml")[1].split("```")[0])
    script = read_script(tmp_path / "script.yaml")
    callers = [w.channel for line in script.lines if isinstance(w := line.what, ChannelCreated) and w.number[0] == "+"]
    assert callers == ["call1-1-caller", "call1-2-caller", "call1-3-caller"]
    faults = [w.fault for line in script.lines if isinstance(w := line.what, Misbehaves)]
    assert faults == [Fault.CUT]
    assert len([line for line in script.lines if isinstance(line.what, ChannelEnded)]) == 9
    assert script.seconds == pytest.approx(10 + 2 + 10 + 1 + 0.01)


def test_scripts_are_played_together_on_one_time_line() -> None:
    one = Conversation(caller="1", prefix="a").talk(0).wait(4).hangup().script()
    other = Conversation(caller="1", prefix="b").hangup().script().later(2)
    both = together(one, other)
    assert [line.offset_seconds for line in both.lines] == sorted(line.offset_seconds for line in both.lines)
    assert len(both.lines) == len(one.lines) + len(other.lines)


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ([], "conversations"),
        ({"talks": []}, "talks"),
        ({"lines": [{"at": 1, "type": "BridgeBuilt"}]}, "BridgeBuilt"),
        ({"lines": [{"at": 1, "type": "ChannelEnded"}]}, "channel"),
        ({"conversations": [{"caller": "1", "steps": [{"do": "script"}]}]}, "script"),
        ({"conversations": [{"caller": "1", "steps": [{"do": "wait", "minutes": 1}]}]}, "minutes"),
        ({"conversations": [{"caller": "1", "steps": [{"do": "misbehave", "fault": "explode"}]}]}, "explode"),
        ({"conversations": [{"colour": "red"}]}, "colour"),
    ],
)
def test_what_is_wrong_in_a_script_is_named(data: object, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        script_of(data)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.yaml"):
        read_script(tmp_path / "gone.yaml")
    (tmp_path / "broken.yaml").write_text("{")
    with pytest.raises(ConfigError, match=r"broken\.yaml"):
        read_script(tmp_path / "broken.yaml")
