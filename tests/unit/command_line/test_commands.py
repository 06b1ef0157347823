"""Every other command, its exit codes, and that help and documentation name them all."""

import argparse
import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector import __version__
from connector.command_line import upkeep
from connector.command_line.exits import Exit
from connector.command_line.parser import _parser, run
from connector.domain.states import RecordingState
from connector.errors import (
    BackupRefused,
    CatalogueMismatch,
    CatalogueUnavailable,
    ConfigError,
    ConnectorError,
    DestinationUnreachable,
    NotFound,
    PbxUnreachable,
)
from connector.roles import folder_lock
from tests.unit.command_line.site import Site

ROOT = Path(__file__).parents[3]
#: A file that is good, and names credentials that cannot be any.
NO_CREDENTIALS = (
    "pbx: {{office: {{freeswitch: {{esl: ':secret@127.0.0.1'}}}}}}\n"
    "destinations: {{archive: {{url: 's3://bucket/', credentials: {{file: {state}/key}}}}}}\n"
    "state: {state}\n"
)
ROLES = ("run", "capture", "work", "web")


def commands(parser: argparse.ArgumentParser, above: str = "callreel") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command that can be typed, with its parser."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, one in action.choices.items():
                deeper = list(commands(one, f"{above} {name}"))
                yield from deeper or [(f"{above} {name}", one)]


COMMANDS = dict(commands(_parser()))


def options(parser: argparse.ArgumentParser) -> set[str]:
    return {word for action in parser._actions for word in action.option_strings if word.startswith("--")}


def test_help_names_every_command_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        run(["--help"])
    assert left.value.code == 0
    text = capsys.readouterr().out
    assert {name.split()[1] for name in COMMANDS} <= set(re.findall(r"^    ([\w-]+)", text, re.MULTILINE))
    codes = text[text.index("exit codes:") :]
    assert {int(number) for number in re.findall(r"\b(\d+) \w", codes)} == set(Exit)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_of_its_own(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        run([*name.split()[1:], "--help"])
    assert left.value.code == 0
    text = capsys.readouterr().out
    assert all(option in text for option in options(COMMANDS[name]))
    assert all(action.help for action in COMMANDS[name]._actions if action.dest != "ids")


def test_what_answers_something_answers_in_json_too() -> None:
    silent = {f"callreel {name}" for name in (*ROLES, "migrate", "backup", "restore")}
    assert {name for name, parser in COMMANDS.items() if "--json" not in options(parser)} == silent


def test_the_documentation_names_every_command_option_and_exit_code() -> None:
    text = (ROOT / "docs/command-line.md").read_text()
    for name, parser in COMMANDS.items():
        section = next((part for part in text.split("\n## ") if f"`{name}" in part), "")
        assert section, f"{name} is not documented"
        missing = {option for option in options(parser) - {"--help"} if option not in text}
        assert not missing, f"{name}: {missing}"
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}
    assert documented == set(Exit)
    named = set(
        re.findall(
            r"`callreel ((?:(?:recordings|transcripts|notifications|keys|audit|settings|retention|erasure) )?[a-z-]+)",
            text,
        )
    ) - {
        "recordings",
        "transcripts",
        "notifications",
        "keys",
        "audit",
        "settings",
        "retention",
        "erasure",
    }
    assert {f"callreel {name}" for name in named} <= set(COMMANDS)


def test_the_documentation_names_every_problem_that_health_can_name() -> None:
    text = (ROOT / "docs/operations.md").read_text()
    sources = [ROOT / "connector/services/health.py", *(ROOT / f"connector/roles/{role}.py" for role in ROLES[1:])]
    problems = [
        problem
        for source in sources
        for problem in re.findall(r'problems?(?:\.append\(|\s*=\s*\[)f?"([^"]+)"', source.read_text())
    ]
    assert len(problems) >= 7
    for problem in problems:
        longest = max(re.split(r"\{[^}]*\}", problem), key=len).strip(" :()")
        assert longest in text, f"{problem!r} is not explained"


@pytest.mark.parametrize("words", [[], ["nonsense"], ["recordings"], ["recordings", "nonsense"], ["backup"]])
def test_what_is_no_command_is_wrong_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        run(words)
    assert left.value.code == Exit.USAGE
    assert "usage: callreel" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("no"), 2),
        (NotFound("no"), 3),
        (CatalogueUnavailable("no"), 4),
        (DestinationUnreachable("no"), 4),
        (PbxUnreachable("no"), 4),
        (BackupRefused("no"), 1),
        (CatalogueMismatch("no"), 1),
        (ConnectorError("no"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_every_failure_on_purpose_is_one_line_and_an_exit_code(
    error: BaseException, code: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: argparse.Namespace) -> int:
        raise error

    monkeypatch.setattr(upkeep, "version", broken)
    assert run(["version"]) == code
    assert capsys.readouterr().err == ("" if code == 130 else "callreel: no\n")


def test_a_bug_keeps_its_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: argparse.Namespace) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(upkeep, "version", broken)
    with pytest.raises(ZeroDivisionError):
        run(["version"])


def test_the_version_needs_no_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["version", "--config", "/nowhere"]) == 0
    assert capsys.readouterr().out == f"callreel {__version__}\n"
    assert run(["version", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"version": __version__}


def test_check_says_what_a_good_file_means(site: Site) -> None:
    answer = site.run("check")
    assert answer.code == 0
    assert f"{site.config} is good." in answer.out
    assert "PBX: demo" in answer.out
    facts = site.run("check", "--json").facts
    assert (facts["is_good"], facts["problems"]) == (True, [])


def test_check_names_every_problem_with_its_line(site: Site) -> None:
    site.config.write_text(site.config.read_text() + "encodrs: 2\napi: {listen: nowhere}\n")
    answer = site.run("check")
    assert (answer.code, answer.out) == (2, "")
    assert "encoders" in answer.err
    assert "listen" in answer.err
    in_json = site.run("check", "--json")
    assert (in_json.code, in_json.facts["is_good"], len(in_json.facts["problems"])) == (2, False, 2)


def test_check_takes_the_file_as_its_argument_or_from_the_environment(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert site.run_bare("check", str(site.config)).code == 0
    assert site.run_bare("check", str(tmp_path / "absent.yaml")).code == 2
    monkeypatch.setenv("CALLREEL_CONFIG", str(site.config))
    assert site.run_bare("check").code == 0


def test_check_says_which_destination_can_take_nothing_and_never_its_secret(site: Site) -> None:
    site.config.write_text(NO_CREDENTIALS.format(state=site.state))
    site.secret("s3cret")
    answer = site.run("check")
    assert (answer.code, answer.out) == (2, "")
    assert "destination archive: these credentials are not of the form key:secret:region" in answer.err
    in_json = site.run("check", "--json")
    (reason,) = in_json.facts["problems"]
    assert (in_json.code, in_json.facts["is_good"]) == (2, False)
    assert reason.startswith("destination archive: ")
    assert "s3cret" not in answer.err + reason


def test_check_asks_no_bucket(site: Site) -> None:
    site.config.write_text(NO_CREDENTIALS.format(state=site.state))
    site.secret("KEY:s3cret:eu-west-1")
    assert site.run("check", "--json").facts["is_good"]


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "callreel version"])
def test_without_a_configuration_every_command_is_wrong_usage(name: str, site: Site) -> None:
    words = name.split()[1:]
    words += {
        "test-destination": ["x"],
        "backup": ["x.tar"],
        "restore": ["x.tar"],
        "show": ["x"],
        "link": ["x"],
        "waive": ["x"],
        "test": ["x"],
        "enable": ["x"],
        "add": ["x"],
        "revoke": ["x"],
        "rotate": ["x"],
        "public-key": ["x"],
        "unset": ["x"],
        "export": ["--output", "x"],
        "begin": ["--call", "x"],
    }.get(words[-1], [])
    answer = site.run_bare(*words, "--config", str(site.folder / "absent.yaml"))
    assert answer.code == 2
    assert "absent.yaml is not there" in answer.err


def test_migrate_makes_a_catalogue_and_does_nothing_the_second_time(bare_site: Site) -> None:
    assert bare_site.run("migrate").code == 0
    assert bare_site.run("recordings", "list").code == 0
    again = bare_site.run("migrate")
    assert (again.code, again.out) == (0, "")


def test_a_backup_put_back_brings_back_what_was_known(site: Site) -> None:
    site.recording("kept", RecordingState.RECORDING)
    archive = site.folder / "backup.tar"
    assert site.run("backup", str(archive)).code == 0
    assert tarfile.is_tarfile(archive)
    site.recording("later", RecordingState.RECORDING)
    refused = site.run("restore", str(archive))
    assert refused.code == 1
    assert "--force" in refused.err
    assert site.run("restore", str(archive), "--force").code == 0
    assert [one["id"] for one in site.run("recordings", "list", "--json").facts] == ["kept"]


def test_a_backup_never_writes_over_anything(site: Site) -> None:
    archive = site.folder / "backup.tar"
    archive.write_text("something else")
    answer = site.run("backup", str(archive))
    assert answer.code == 1
    assert archive.read_text() == "something else"


def test_without_a_catalogue_there_is_nothing_to_back_up(bare_site: Site) -> None:
    assert bare_site.run("backup", str(bare_site.folder / "backup.tar")).code == 1


def test_a_restore_while_capture_runs_is_refused(site: Site) -> None:
    archive = site.folder / "backup.tar"
    site.run("backup", str(archive))
    with folder_lock.held(site.state, "capture"):
        answer = site.run("restore", str(archive), "--force")
    assert answer.code == 1
    assert f"process {os.getpid()}" in answer.err


def test_what_is_no_backup_is_refused(site: Site) -> None:
    junk = site.folder / "junk.tar"
    junk.write_bytes(b"junk")
    assert site.run("restore", str(junk), "--force").code == 1
    assert site.run("restore", str(site.folder / "absent.tar"), "--force").code == 1
    assert site.run("recordings", "list").code == 0


def test_the_program_leaves_with_the_commands_exit_code_and_outlives_a_closed_pipe(site: Site) -> None:
    program = [sys.executable, "-m", "connector"]
    config = ["--config", str(site.config)]
    missing = subprocess.run(
        [*program, "recordings", "show", "nothing", *config], capture_output=True, text=True, check=False
    )
    assert (missing.returncode, missing.stdout) == (3, "")
    reader, writer = os.pipe()
    os.close(reader)
    closed = subprocess.run(
        [*program, "recordings", "list", "--json", *config], stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)
    assert (closed.returncode, closed.stderr) == (0, b"")
