"""The pages made from the code are complete and what the code says now."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

import jsonschema
import pytest
import yaml

from connector.config.loading import read_text
from connector.config.problems import Problems
from connector.config.reader import key_of, keys
from connector.config.reference import markdown
from connector.config.schema import json_schema
from connector.domain import states
from connector.domain.name_variables import BY_NAME
from connector.domain.option_values import OPTIONS, plain
from connector.domain.options import RecordingOptions
from connector.domain.time_pattern import LETTERS
from connector.domain.week import WeekTime
from connector.settings import DEFAULT_OPTIONS, DestinationSettings, Endpoint, OrganisationSettings, Settings
from tests.unit.config.conftest import PBX, SITES

ROOT = Path(__file__).resolve().parents[3]
FILES = [*sorted(SITES.glob("*.yaml")), ROOT / "config.yaml"]


def every_field(kind: Any) -> Iterator[tuple[Any, Any]]:
    """Every field of settings that a file may say, and the dataclass it is of."""
    for field in keys(kind):
        yield kind, field
        if not field.metadata.get("flat"):
            for inner in dataclasses_in(get_type_hints(kind)[field.name]):
                yield from every_field(inner)


def dataclasses_in(hint: Any) -> Iterator[Any]:
    if is_dataclass(hint):
        yield from () if hint in {WeekTime, Endpoint} else (hint,)
    for inner in get_args(hint):
        yield from dataclasses_in(inner)


FIELDS = list({(kind.__name__, field.name): (kind, field) for kind, field in every_field(Settings)}.values())


def test_the_committed_pages_are_what_the_code_says_now() -> None:
    script = ROOT / "scripts" / "generate-docs"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("kind", "field"), FIELDS, ids=lambda one: getattr(one, "__name__", getattr(one, "name", "")))
def test_every_setting_explains_itself_and_stands_on_the_page(kind: Any, field: Any) -> None:
    assert field.metadata["doc"]
    page = markdown()
    assert field.metadata.get("rest") or field.metadata.get("flat") or f"| `{key_of(field)}` |" in page


def test_every_variable_of_names_stands_on_the_page() -> None:
    section = markdown().partition("## Names of files")[2]
    assert {f"`{{{name}}}`" for name in BY_NAME} | {f"`{letters}`" for letters in LETTERS} <= set(
        re.findall(r"`[^`]+`", section)
    )


def test_what_the_api_lays_there_is_no_key_of_the_file() -> None:
    hidden = {"is_guarded", "switch", "agent_switches", "default_organisation"}
    kinds = (Settings, OrganisationSettings, DestinationSettings)
    assert hidden <= {one.name for kind in kinds for one in fields(kind) if one not in keys(kind)}
    for place in ("destinations: {a: {url: 's3://calls/', is_guarded: no}}", "default_organisation: {}"):
        problems = Problems()
        read_text(f"{PBX}{place}\n", {}, ROOT, problems)
        assert ["no such setting" in problem.text for problem in problems.found] == [True]
    assert not hidden & set(properties(json_schema()))


def test_every_recording_option_can_be_written_is_documented_and_has_its_default_shown() -> None:
    kept = {field.name for field in fields(RecordingOptions)}
    assert {option.field for option in OPTIONS.values()} == kept
    page = markdown()
    assert all(f"| `{name}` |" in page for name in OPTIONS)
    assert f"| `retentionDays` | `{DEFAULT_OPTIONS.retention_days}` |" in page
    assert len({plain(name) for name in OPTIONS}) == len(OPTIONS)


def properties(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for inner in schema.values():
            yield from properties(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from properties(inner)


def test_the_schema_is_complete_and_a_schema() -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    named = set(properties(schema))
    for _, field in FIELDS:
        assert field.metadata.get("rest") or field.metadata.get("flat") or key_of(field) in named, field.name
    assert set(OPTIONS) <= named
    references = re.findall(r'"#/\$defs/(\w+)"', json.dumps(schema))
    assert set(references) == set(schema["$defs"])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_sites_and_the_example_fit_the_schema(path: Path) -> None:
    jsonschema.validate(yaml.safe_load(path.read_text()), json_schema())


@pytest.mark.parametrize(
    "line",
    [
        "timezon: UTC",
        "encoders: 0",
        "defaults: {format: mp4}",
        "defaults: {retentionDays: 4000}",
        "rules: [{when: {queu: x}, record: no}]",
        "rules: [{record: perhaps}]",
        "organisations: {acme: {recrod: no}}",
        "organisations: {unknown: drop}",
        "destinations: {x: {}}",
        "credentials: {x: {vault: y}}",
        "log: {level: loud}",
        "pbx: {a: {asterisk: {}}}",
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(line: str) -> None:
    text = line if line.startswith("pbx") else PBX + line
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(text), json_schema())


def test_every_state_and_every_move_stands_on_the_page() -> None:
    page = (ROOT / "docs" / "states.md").read_text()
    tables: list[Any] = [states.RECORDING, states.DELIVERY, states.TRANSCRIPTION, states.NOTIFICATION, states.COMMAND]
    for table in tables:
        for state, moves in table.items():
            assert all(f"| {state} | {event} | {after} |" in page for event, after in moves.items())
    assert page.count("stateDiagram-v2") == len(tables)
