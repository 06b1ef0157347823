"""What YAML does to values that people write, and must not do here."""

from typing import Any

import pytest

from connector.domain.policy import Word
from tests.unit.config.conftest import PBX, Load, Refused


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("yes", Word.YES),
        ("Yes", Word.YES),
        ("on", Word.YES),
        ("true", Word.YES),
        ("no", Word.NO),
        ("off", Word.NO),
        ("FALSE", Word.NO),
        ("force", Word.FORCE),
        ("never", Word.NEVER),
        ("dontcare", Word.DONTCARE),
        ('"no"', Word.NO),
    ],
)
def test_the_five_words_are_words_though_yaml_takes_two_for_booleans(read: Load, written: str, word: Word) -> None:
    assert read(f"{PBX}defaults: {{record: {written}}}").defaults.record is word
    assert read(f"{PBX}rules: [{{record: {written}}}]").rules[0].record is word


@pytest.mark.parametrize(
    "written",
    [
        "+49301234567",
        "0301234",
        "0200",
        "1_000",
        "0x1F",
        "0o17",
        "010",
        "12e03",
        "2001",
        "00",
        "*21",
        "1234567890123456789",
    ],
)
def test_a_number_of_a_phone_stays_as_it_is_written(read: Load, written: str) -> None:
    quoted = f'"{written}"' if written.startswith("*") else written
    if any(letter in written for letter in "xeo_"):
        settings = read(f"{PBX}agents: {{names: {{{quoted}: {quoted}}}}}")
        assert settings.agents.names == {written: written}
    else:
        settings = read(f"{PBX}rules: [{{when: {{from: {quoted}, to: [{quoted}]}}, record: no}}]")
        assert settings.rules[0].when.from_number == (written,)
        assert settings.rules[0].when.to_number == (written,)


@pytest.mark.parametrize(
    "written", ["18:00", "1_000", "2026-11-21", "2026-11-21T10:00:00Z", "1e3", ".inf", "yes", "0200", "=", "0b1"]
)
def test_a_text_stays_as_it_is_written(read: Load, written: str) -> None:
    settings = read(f"{PBX}defaults: {{clientState: {written}}}\nagents: {{names: {{2001: {written}}}}}\n")
    assert settings.defaults.options.client_state == written
    assert settings.agents.names == {"2001": written}


def test_numbers_permissions_and_times_are_read_as_people_mean_them(read: Load) -> None:
    settings = read(
        f"{PBX}encoders: 010\nretention: {{daily_at: 18:00}}\n"
        'destinations: {disk: {url: "file:///srv/x/", mode: 0640, folder_mode: "0750"}}\n'
        "rules: [{when: {time: mon-fri 08:00-18:00}, record: yes, retentionDays: 030}]\n"
    )
    assert settings.encoders == 10
    assert settings.retention.daily_at == "18:00"
    assert settings.destinations["disk"].mode == "0640"
    assert settings.rules[0].options.retention_days == 30
    assert settings.rules[0].when.time[0].start_minute == 480


def test_a_key_that_stands_twice_is_refused_with_both_lines(refused: Refused) -> None:
    problems = refused(f"{PBX}timezone: UTC\nlog: {{level: info}}\ntimezone: Europe/Berlin\n")
    assert problems == ["line 4: timezone: this key stands here twice: it is in line 2 already"]
    nested = refused(f"{PBX}defaults:\n  record: yes\n  format: mp3\n  record: no\n")
    assert nested == ["line 5: defaults.record: this key stands here twice: it is in line 3 already"]


@pytest.mark.parametrize(
    "line",
    [
        "log: {level: *debug}",
        "timezone: *utc",
        "timezone: @home",
        "timezone: %zone",
        "timezone: `date`",
        "timezone: {utc:yyyy}/x",
        "timezone: {utc}",
        "timezone: # nothing",
        "timezone: #nothing",
        "timezone: !zone x",
        "timezone: [UTC]",
        "timezone: &here",
        "pbx2: {office: {asterisk: {ami: callreel:${AMI_PASSWORD}@127.0.0.1}}}",
    ],
)
def test_a_value_with_a_beginning_that_yaml_keeps_for_itself_is_answered_with_quotes(
    refused: Refused, line: str
) -> None:
    problems = refused(f"# one\n{PBX}{line}\n")
    assert any("quotes" in problem for problem in problems), problems
    assert all(problem.startswith(("line 3:", "line 4:")) for problem in problems), problems


def test_a_tab_is_answered_with_spaces(refused: Refused) -> None:
    assert "spaces" in refused(f"{PBX}log:\n\tlevel: info\n")[0]


@pytest.mark.parametrize(
    "text", ["a: \x07", "- just\n- a list", "just text", "? [a]\n: b", "{[a]: b}", "a: &a [*a]", "--- {}\n--- {}"]
)
def test_what_is_no_configuration_is_refused_and_never_a_crash(refused: Refused, text: str) -> None:
    assert refused(text)


def test_sections_whose_lines_are_all_comments_count_as_empty(read: Load) -> None:
    settings = read(
        f"{PBX}rules:\n  # - {{record: no}}\ndefaults:\nagents:\ncredentials: ~\nnotifications:\nplans: {{}}\n"
    )
    assert settings.rules == ()
    assert settings.defaults.record is Word.YES
    assert settings.credentials == {}


def test_one_value_will_do_where_a_list_is_wanted(read: Load) -> None:
    settings = read(f"{PBX}rules: [{{when: {{queue: sales, agent: [1X, 2X]}}, record: no}}]")
    assert settings.rules[0].when.queue == ("sales",)
    assert settings.rules[0].when.agent == ("1X", "2X")


def test_anchors_work_and_a_byte_order_mark_is_no_matter(read: Load) -> None:
    settings = read(
        f"\ufeff{PBX}rules:\n  - {{when: &pay {{queue: pay}}, record: yes}}\n  - {{when: *pay, record: no}}\n"
    )
    assert settings.rules[0].when == settings.rules[1].when


def test_what_yaml_could_run_is_only_text(refused: Refused) -> None:
    problems: Any = refused(f"{PBX}timezone: !!python/object/apply:os.system ['true']\n")
    assert problems
