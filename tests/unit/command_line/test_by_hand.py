"""What an administrator types, often as root: it knows the service's passwords, and leaves nothing of root's behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from connector.command_line.ownership import give_to_owner
from connector.domain.states import RecordingState
from tests.unit.command_line.site import Site

NOBODY = 65534


@pytest.fixture
def as_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")


def owners(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.lstat().st_uid for path in folder.rglob("*")}


def test_every_command_takes_the_variables_that_the_service_has(
    bare_site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What the command sets is taken back with the test.
    monkeypatch.setattr(os, "environ", dict(os.environ))
    bare_site.config.write_text(bare_site.config.read_text().replace("node: here", 'node: "${NODE_OF_THE_TEST}"'))
    refused = bare_site.run("check")
    assert refused.code == 2
    assert "NODE_OF_THE_TEST is not set" in refused.err
    (bare_site.folder / "environment").write_text("NODE_OF_THE_TEST=here\n")
    assert bare_site.run("check").code == 0
    assert bare_site.run_bare("check", str(bare_site.config)).code == 0
    assert bare_site.run("migrate").code == 0
    assert bare_site.run("recordings", "list").code == 0


@pytest.mark.usefixtures("as_root")
def test_what_root_puts_back_belongs_to_whom_callreel_runs_as(site: Site) -> None:
    site.recording("kept", RecordingState.RECORDING)
    (site.state / "journal").mkdir(exist_ok=True)
    (site.state / "journal/journal-00000001.jsonl").write_text("")
    archive = site.folder / "backup.tar"
    assert site.run("backup", str(archive)).code == 0
    os.chown(site.state, NOBODY, NOBODY)
    assert site.run("restore", str(archive), "--force").code == 0
    assert set(owners(site.state).values()) == {NOBODY}


@pytest.mark.usefixtures("as_root")
def test_a_catalogue_that_root_makes_belongs_to_whom_callreel_runs_as(bare_site: Site) -> None:
    os.chown(bare_site.state, NOBODY, NOBODY)
    assert bare_site.run("migrate").code == 0
    assert "catalogue.db" in owners(bare_site.state)
    assert set(owners(bare_site.state).values()) == {NOBODY}


@pytest.mark.usefixtures("as_root")
def test_the_book_of_erasures_that_root_begins_is_for_callreel_to_go_on_with(site: Site) -> None:
    os.chown(site.state, NOBODY, NOBODY)
    assert site.run("erasure", "begin", "--number", "+4930123456").code == 0
    assert owners(site.state)["erasures.jsonl"] == NOBODY


@pytest.mark.usefixtures("as_root")
def test_files_of_others_and_second_names_of_files_elsewhere_are_not_given_away(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    elsewhere = tmp_path / "shadow"
    elsewhere.write_text("root's")
    (state / "second-name").hardlink_to(elsewhere)
    (state / "link").symlink_to(elsewhere)
    (state / "of-another").write_text("")
    os.chown(state / "of-another", NOBODY - 1, NOBODY - 1)
    os.chown(state, NOBODY, NOBODY)
    give_to_owner(state)
    assert elsewhere.stat().st_uid == 0
    assert (state / "of-another").stat().st_uid == NOBODY - 1


#: What is imported before is all that a user needs who may not read where this Python lies.
AS_OWNER = """
import os, sys
from pathlib import Path
from connector.command_line.ownership import become_owner
state = Path(sys.argv[1])
become_owner(state)
(state / "made").write_text("")
print(os.getuid(), os.getgid(), os.getgroups())
Path(sys.argv[2]).write_text("")
"""


@pytest.mark.usefixtures("as_root")
def test_what_root_tries_is_what_callreel_may(tmp_path: Path) -> None:
    state, of_root = tmp_path / "state", tmp_path / "of-root"
    for folder in (state, of_root):
        folder.mkdir()
    for folder in (tmp_path, *tmp_path.parents):
        if not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)
    os.chown(state, NOBODY, NOBODY)
    done = subprocess.run(
        [sys.executable, "-c", AS_OWNER, state, of_root / "made"], capture_output=True, text=True, check=False
    )
    assert done.stdout.split()[:2] == [str(NOBODY), str(NOBODY)]
    assert "0" not in done.stdout.split("[")[1].strip("]\n").split(", ")
    assert "PermissionError" in done.stderr
    assert owners(state) == {"made": NOBODY}
    assert owners(of_root) == {}


def test_a_destination_is_tried_as_whom_callreel_runs_as(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    become: list[Path] = []
    monkeypatch.setattr("connector.command_line.probing.become_owner", become.append)
    assert site.run("test-destination", "archive").code == 0
    assert become == [site.state]
