"""Which process is the PBX that we speak to, and where it listens, read from a /proc that a test writes."""

from pathlib import Path

import pytest

from connector.pbx.processes import PbxProcess, listening_addresses, process_at, words_behind
from tests.unit.pbx.proc_folder import EVERYWHERE, LOOPBACK, Proc

PORT = 0x13AE


@pytest.fixture
def proc(tmp_path: Path) -> Proc:
    return Proc(tmp_path / "proc")


def seen_in(proc: Proc) -> PbxProcess | None:
    return process_at(PORT, lambda words: words_behind("pbx", words) is not None, proc.folder)


def test_user_groups_umask_and_limit_are_read(proc: Proc) -> None:
    proc.add(10, "/usr/sbin/pbx", "-g", "-f", "-U", "pbx", umask="0027")
    seen = seen_in(proc)
    assert seen is not None
    assert (seen.account.uid, seen.account.gids, seen.gid) == (110, frozenset((7, 8)), 7)
    assert (seen.umask, seen.open_files) == (0o027, 1024)


def test_no_limit_is_none(proc: Proc) -> None:
    proc.add(10, "pbx", files="unlimited")
    seen = seen_in(proc)
    assert seen is not None
    assert seen.open_files is None


def test_of_several_the_one_that_listens_is_meant(proc: Proc) -> None:
    proc.add(10, "/usr/sbin/pbx", "-f", uid=110, socket=71)
    proc.add(11, "/usr/sbin/pbx", "-f", uid=111, socket=72)
    proc.listen(PORT, 72)
    seen = seen_in(proc)
    assert seen is not None
    assert seen.account.uid == 111


def test_of_several_that_differ_and_cannot_be_told_apart_nothing_is_said(proc: Proc) -> None:
    proc.add(10, "/usr/sbin/pbx", "-f", uid=110)
    proc.add(11, "/usr/sbin/pbx", "-f", uid=111)
    assert seen_in(proc) is None


def test_what_waits_unread_at_its_udp_ports_is_seen_and_nobody_else_s(proc: Proc) -> None:
    row = "{n}: 0100007F:13C4 00000000:0000 07 00000000:{waits} 00:00000000 00000000 110 0 {inode} 2 0 0\n"
    proc.add(10, "pbx", socket=71)
    (proc.folder / "net" / "udp").write_text(
        "header\n" + row.format(n=1, waits="0001F400", inode=71) + row.format(n=2, waits="0009F400", inode=72)
    )
    seen = seen_in(proc)
    assert seen is not None
    assert seen.unread == (0x13C4, 128000)


def test_the_last_sounds_of_a_phone_that_lie_at_a_pair_of_ports_are_no_sign(proc: Proc) -> None:
    row = "{n}: 0100007F:{port} 00000000:0000 07 00000000:{waits} 00:00000000 00000000 110 0 71 2 0 0\n"
    proc.add(10, "pbx", socket=71)
    (proc.folder / "net" / "udp").write_text(
        "header\n"
        + row.format(n=1, port="4E20", waits="0009F400")
        + row.format(n=2, port="4E21", waits="00000000")
        + row.format(n=3, port="13C4", waits="00000400")
    )
    seen = seen_in(proc)
    assert seen is not None
    assert seen.unread == (0x13C4, 1024)


def test_where_it_sees_its_files_is_known_of_one_process_and_not_of_several_alike(proc: Proc) -> None:
    proc.add(10, "pbx")
    seen = seen_in(proc)
    assert seen is not None
    assert seen.root == proc.folder / "10" / "root"
    proc.add(11, "pbx")
    seen = seen_in(proc)
    assert seen is not None
    assert seen.root is None


def test_every_address_at_which_somebody_listens_is_read(proc: Proc) -> None:
    proc.listen(PORT, 71, address=LOOPBACK)
    proc.listen(PORT, 72, address=EVERYWHERE)
    proc.listen(PORT, 73, address="0" * 24 + "01000000", table="tcp6")
    proc.listen(PORT + 1, 74, address="0500000A")
    assert listening_addresses(PORT, proc.folder) == {"127.0.0.1", "0.0.0.0", "::1"}
    assert listening_addresses(PORT + 1, proc.folder) == {"10.0.0.5"}
    assert listening_addresses(1, proc.folder) == frozenset()


def test_who_does_not_listen_there_is_not_meant_when_somebody_else_does(proc: Proc) -> None:
    proc.add(10, "pbx", socket=71)
    proc.add(11, "stunnel4", socket=72)
    assert seen_in(proc) is not None
    proc.listen(PORT, 72)
    assert seen_in(proc) is None


def test_where_we_may_not_see_who_listens_the_only_one_is_meant(proc: Proc) -> None:
    proc.add(10, "pbx")
    proc.listen(PORT, 72)
    assert seen_in(proc) is not None
