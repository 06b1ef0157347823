"""What an Asterisk's process tells of its limits and of what it no longer reads."""

from dataclasses import replace

import pytest

from connector.domain.diagnosis import Level
from connector.pbx.accounts import Account
from connector.pbx.asterisk.process_checks import open_files_finding, sockets_finding
from connector.pbx.processes import PbxProcess

PBX = PbxProcess(account=Account(54321, frozenset((54321,))), gid=54321, umask=0o022, open_files=65536)


@pytest.mark.parametrize(("limit", "level"), [(1024, Level.WARNING), (65536, Level.OK), (None, Level.OK)])
def test_too_few_open_files_are_a_warning(limit: int | None, level: Level) -> None:
    assert open_files_finding(replace(PBX, open_files=limit)).level is level


def test_open_files_of_an_asterisk_elsewhere_cannot_be_seen() -> None:
    assert open_files_finding(None).level is Level.NOTE


@pytest.mark.parametrize(("unread", "level"), [((5060, 213_000), Level.WARNING), ((5060, 2000), Level.OK)])
def test_what_phones_send_and_nobody_reads_is_a_warning(unread: tuple[int, int], level: Level) -> None:
    assert sockets_finding(replace(PBX, unread=unread)).level is level
    assert sockets_finding(None).level is Level.NOTE
