"""The shared folder: rights of both sides, the room in days, and what cannot be seen."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from connector.domain.diagnosis import Finding, Level
from connector.pbx.accounts import Account
from connector.pbx.processes import PbxProcess
from connector.pbx.spool_checks import Spool, spool_findings

PBX = PbxProcess(account=Account(54321, frozenset((54321,))), gid=54321, umask=0o022, open_files=65536)
WE = Account(54322, frozenset((54322,)))


@pytest.fixture(params=["Asterisk", "FreeSWITCH"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def spool(tmp_path: Path, kind: str) -> Spool:
    """Everybody may do everything there."""
    for above in (tmp_path, *tmp_path.parents):
        if above.stat().st_uid == os.geteuid() and above != Path("/"):
            above.chmod(above.stat().st_mode | 0o711)
    folder = tmp_path / "recording"
    folder.mkdir()
    folder.chmod(0o777)
    return Spool(folder=folder, us=WE, kind=kind, process=PBX, bytes_per_day=None)


def found(spool: Spool, subject: str) -> list[Finding]:
    return [finding for finding in spool_findings(spool) if finding.subject == subject]


def test_a_folder_that_both_may_use_is_fine(spool: Spool) -> None:
    assert [one.level for one in found(spool, "recording folder")] == [Level.OK, Level.OK]


def test_a_folder_that_is_not_there_is_bad_and_the_room_is_not_looked_at(spool: Spool) -> None:
    spool.folder.rmdir()
    folder, room = spool_findings(spool)
    assert (folder.level, "install -d" in folder.mend) == (Level.BAD, True)
    assert "not looked at" in room.what


def test_the_pbx_must_be_able_to_write(spool: Spool) -> None:
    spool.folder.chmod(0o775)
    us_in_the_group = replace(spool, us=Account(1, frozenset((spool.folder.stat().st_gid,))))
    ours, theirs = found(us_in_the_group, "recording folder")
    assert (ours.level, theirs.level) == (Level.OK, Level.BAD)
    assert "nothing can be recorded" in theirs.what


def test_we_must_be_able_to_delete(spool: Spool) -> None:
    spool.folder.chmod(0o775)
    pbx = replace(PBX, account=Account(54321, frozenset((spool.folder.stat().st_gid,))))
    ours, theirs = found(replace(spool, process=pbx), "recording folder")
    assert (ours.level, theirs.level) == (Level.BAD, Level.OK)
    assert "usermod -aG" in ours.mend


def test_a_umask_that_hides_the_files_from_us_is_bad(spool: Spool) -> None:
    (ours, _) = found(replace(spool, process=replace(PBX, umask=0o077)), "recording folder")
    assert (ours.level, "0600" in ours.what, f"let {spool.kind} run with umask" in ours.mend) == (Level.BAD, True, True)


def test_in_a_folder_that_hands_on_its_group_the_files_are_its_group_s(spool: Spool) -> None:
    group = spool.folder.stat().st_gid
    shared = replace(spool, us=Account(54322, frozenset((group,))), process=replace(PBX, umask=0o027))
    assert found(shared, "recording folder")[0].level is Level.BAD
    spool.folder.chmod(0o2777)
    assert found(shared, "recording folder")[0].level is Level.OK


def test_a_sticky_folder_keeps_us_from_deleting(spool: Spool) -> None:
    spool.folder.chmod(0o1777)
    assert found(spool, "recording folder")[0].level is Level.BAD


def test_without_a_look_at_the_pbx_s_process_the_first_recording_will_tell(spool: Spool) -> None:
    _, theirs = found(replace(spool, process=None), "recording folder")
    assert (theirs.level, "the first recording will tell" in theirs.what) == (Level.NOTE, True)


@pytest.mark.parametrize(("days", "level"), [(0.5, Level.BAD), (2.0, Level.WARNING), (30.0, Level.OK)])
def test_room_is_told_in_days_of_calls_as_in_the_last_week(spool: Spool, days: float, level: Level) -> None:
    free = os.statvfs(spool.folder).f_bavail * os.statvfs(spool.folder).f_frsize
    (room, *_) = found(replace(spool, bytes_per_day=free / days), "room")
    assert (room.level, "days of calls" in room.what) == (level, True)


def test_without_a_last_week_room_is_told_in_hours_of_calls(spool: Spool) -> None:
    (room, *_) = found(spool, "room")
    assert "hours of calls" in room.what


def test_who_shares_the_disk_is_named(spool: Spool, tmp_path: Path) -> None:
    beside = (("the state folder", tmp_path), ("destination archive", Path("/proc")))
    (_, shared) = found(replace(spool, neighbours=beside), "room")
    assert "the state folder" in shared.what
    assert "archive" not in shared.what


def test_where_its_process_cannot_be_seen_the_pbx_s_usual_user_is_proposed(spool: Spool) -> None:
    spool.folder.rmdir()
    (folder, _) = spool_findings(replace(spool, process=None))
    assert f"install -d -o {spool.kind.lower()} -g {spool.kind.lower()} -m 2770" in folder.mend
