"""Where what holds comes from: built in, a line of the file, somebody by API, a rule."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from connector.config.origins import Origins
from connector.config.overlay import laid
from connector.config.reloading import changes
from connector.domain.setting_origins import KnownAgent, Origin, Source
from connector.ports.changed_settings import ChangedSetting
from connector.settings import Settings
from tests.builders import MORNING
from tests.unit.config.conftest import Load

#: Its lines are counted from 1; the PBX is the first one.
SITE = """pbx: {office: {asterisk: {ami: "callreel:pw@127.0.0.1"}}}
defaults:
  record: yes
  format: wav
  transcriptionOptions:
    isEnabled: yes
    locale: de-DE
rules:
  - {when: {queue: pay}, record: never}
  - {when: {organisation: globex, queue: vip}, record: force}
  - when: {organisation: [acme, globex], agent: "299"}
    record: never
plans:
  standard:
    retentionDays: 30
    maxRetentionDays: 365
  plain: {}
destinations:
  archive: {url: "file:///srv/archive/", links: 2h}
  other: {url: "file:///srv/other/"}
organisations:
  acme:
    plan: standard
    channels: mono
    agents: {"PJSIP/201": Ada Lovelace}
    rules:
      - {when: {queue: claims}, record: yes, format: flac, destination: other}
  globex:
    plan: plain
    record: force
    retentionDays: 7
    destination: other
"""


def origins(settings: Settings, organisation: str = "acme", **changed: Any) -> Mapping[str, Origin]:
    return _origins(settings, organisation, changed).all()


def agents(settings: Settings, organisation: str = "acme", **changed: Any) -> Mapping[str, KnownAgent]:
    return {one.id: one for one in _origins(settings, organisation, changed).agents()}


def _origins(settings: Settings, organisation: str, changed: Mapping[str, object]) -> Origins:
    rows = [
        ChangedSetting(organisation=organisation, name=name, value=json.dumps(value), by="key k1", at=MORNING)
        for name, value in changed.items()
    ]
    return Origins(settings, rows, laid(settings, rows, {}).refused, organisation)


def place(origin: Origin) -> tuple[Source, int]:
    return origin.source, origin.line


def with_rules(*rules: str) -> str:
    return SITE.replace("rules:\n", "rules:\n" + "".join(f"  - {rule}\n" for rule in rules), 1)


@pytest.fixture
def site(read: Load) -> Settings:
    return read(SITE)


@pytest.mark.parametrize(
    ("organisation", "name", "found"),
    [
        ("acme", "recording_enabled", (Source.FILE, 3)),
        ("globex", "recording_enabled", (Source.FILE, 30)),
        ("acme", "recording_format", (Source.FILE, 4)),
        ("acme", "transcription_enabled", (Source.FILE, 6)),
        ("acme", "transcription_locale", (Source.FILE, 7)),
        ("acme", "multi_channel", (Source.FILE, 24)),
        ("globex", "multi_channel", (Source.DEFAULT, 0)),
        ("acme", "retention_days", (Source.FILE, 15)),
        ("globex", "retention_days", (Source.FILE, 31)),
        ("acme", "transcript_retention_days", (Source.DEFAULT, 0)),
        ("acme", "link_seconds", (Source.FILE, 19)),
        ("globex", "link_seconds", (Source.DEFAULT, 0)),
        ("acme", "storage", (Source.FILE, 19)),
        ("globex", "storage", (Source.FILE, 32)),
    ],
)
def test_a_value_of_the_file_is_found_in_its_line(
    site: Settings, organisation: str, name: str, found: tuple[Source, int]
) -> None:
    origin = origins(site, organisation)[name]
    assert place(origin) == found
    assert origin.file == ("config.yaml" if origin.line else "")


def test_the_files_folder_is_told_to_nobody(site: Settings) -> None:
    assert not any("/" in one.file for one in origins(site).values())


def test_a_plan_that_says_no_days_itself_is_named_by_its_own_line(read: Load) -> None:
    settings = read(SITE.replace("    retentionDays: 7\n", ""))
    assert place(origins(settings, "globex")["retention_days"]) == (Source.FILE, 17)


def test_a_house_without_a_word_has_everything_built_in(read: Load) -> None:
    found = origins(read(SITE.splitlines()[0] + "\n"), "default")
    assert {one.source for one in found.values()} == {Source.DEFAULT}


def test_what_the_api_says_is_said_with_who_and_when(site: Settings) -> None:
    found = origins(site, recording_format="opus", retention_days=20)
    assert place(found["recording_format"]) == (Source.API, 0)
    assert (found["recording_format"].by, found["recording_format"].at) == ("key k1", MORNING)
    assert found["retention_days"].detail == "plan standard: at most 365 days"


def test_what_the_api_says_and_does_not_hold_leaves_the_files_line_and_says_why(site: Settings) -> None:
    origin = origins(site, retention_days=400)["retention_days"]
    assert place(origin) == (Source.FILE, 15)
    assert "what the API says does not hold: is beyond plan 'standard'" in origin.detail


def test_a_word_that_no_switch_changes_says_so(site: Settings) -> None:
    assert "`record: force`: no switch changes it" in origins(site, "globex")["recording_enabled"].detail


def test_rules_for_some_calls_are_named_with_what_they_say(site: Settings) -> None:
    found = origins(site)
    assert found["recording_enabled"].detail == (
        "rule 1 of acme (queue claims, line 27): yes; rule 1 (queue pay, line 9): never; "
        "rule 3 (agent 299, line 11): never"
    )
    assert found["recording_format"].detail == "rule 1 of acme (queue claims, line 27): flac"
    assert found["storage"].detail == "goes to archive; rule 1 of acme (queue claims, line 27): other"


def test_rules_of_others_and_their_names_are_not_told(site: Settings) -> None:
    assert "vip" not in str(origins(site))
    assert "globex" not in str(origins(site))


def test_of_many_rules_the_first_ones_are_told(read: Load) -> None:
    settings = read(with_rules(*(f"{{when: {{queue: q{number}}}, record: no}}" for number in range(10))))
    assert origins(settings)["recording_enabled"].detail.endswith("; and 8 more rules")


@pytest.mark.parametrize("rule", ["{record: yes}", "{when: {organisation: acme}, record: never}", "{record: force}"])
def test_a_rule_that_speaks_of_every_call_is_where_it_comes_from(read: Load, rule: str) -> None:
    found = origins(read(with_rules(rule)), recording_enabled=False)["recording_enabled"]
    assert place(found) == (Source.RULE, 9)
    assert "rule 1 (every call, line 9)" in found.detail
    assert "set by API (key k1) as well" in found.detail
    assert "by API" not in origins(read(with_rules(rule)))["recording_enabled"].detail


@pytest.mark.parametrize(
    ("rules", "line"),
    [
        (["{record: yes, format: mp3}"], 9),
        (["{record: dontcare, format: mp3}"], 9),
        # The one that decides says nothing of it, and nobody else is asked.
        (["{record: yes}", "{record: yes, format: mp3}"], 4),
        (["{record: yes, format: mp3}", "{record: force, format: opus}"], 10),
    ],
)
def test_options_of_a_rule_for_every_call_come_from_it_if_it_is_asked(read: Load, rules: list[str], line: int) -> None:
    found = origins(read(with_rules(*rules)))["recording_format"]
    assert place(found) == (Source.FILE if line == 4 else Source.RULE, line)


def test_agents_are_known_by_the_file_by_rules_and_by_their_switches(site: Settings) -> None:
    switches: dict[str, Any] = {"agents.2001.recording_enabled": False, "agents.2001.transcription_enabled": True}
    found = agents(site, **switches)
    assert {agent: one.name for agent, one in found.items()} == {"201": "Ada Lovelace", "299": "", "2001": ""}
    assert (found["2001"].switch.record, found["2001"].switch.transcription) == (False, True)
    assert {agent: one.origin.source for agent, one in found.items()} == {
        "201": Source.DEFAULT,
        "299": Source.RULE,
        "2001": Source.API,
    }
    assert [*agents(site, "globex")] == ["299"]


def test_a_rule_that_says_never_of_an_agent_stands_above_his_switch_and_one_that_says_no_below(read: Load) -> None:
    switch: dict[str, Any] = {"agents.299.recording_enabled": True}
    never = agents(read(SITE), **switch)["299"].origin
    assert (place(never), never.detail) == (
        (Source.RULE, 11),
        "set by API (key k1) as well: the rule comes before; rule 3 (every call, line 11): never",
    )
    says_no = SITE.replace('agent: "299"}\n    record: never', 'agent: "299"}\n    record: no')
    assert agents(read(says_no), **switch)["299"].origin.source is Source.API
    assert agents(read(says_no))["299"].origin.source is Source.RULE


def test_a_pattern_of_agents_is_no_agent(read: Load) -> None:
    assert "2XX" not in agents(read(with_rules("{when: {agent: 2XX}, record: no}")))


def test_switches_of_agents_are_among_the_settings(site: Settings) -> None:
    switch: dict[str, Any] = {"agents.2001.transcription_enabled": True}
    assert place(origins(site, **switch)["agents.2001.transcription_enabled"]) == (Source.API, 0)


def test_where_a_value_stands_is_no_part_of_what_the_file_says(read: Load) -> None:
    """Lines that moved are no reason to tell every role that something has changed."""
    here, moved = read(SITE), read("# a word\n" + SITE)
    assert here == moved
    assert changes(here, moved).live == changes(here, moved).needs_restart == ()
    assert place(origins(moved)["recording_format"]) == (Source.FILE, 5)
