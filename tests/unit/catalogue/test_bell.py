"""A bell beside a catalogue, heard by whoever looks."""

import os
from pathlib import Path

import pytest

from connector.catalogue.bell import Bell


def test_every_ring_is_heard_by_everybody(tmp_path: Path) -> None:
    one, other = Bell(tmp_path / "catalogue.db", "commands"), Bell(tmp_path / "catalogue.db", "commands")
    heard = [other.rings()]
    for bell in (one, other, one, one):
        bell.ring()
        heard.append(other.rings())
    assert len(set(heard)) == 5
    assert one.rings() == other.rings()


def test_bells_are_rung_each_for_itself(tmp_path: Path) -> None:
    Bell(tmp_path / "catalogue.db", "commands").ring()
    assert Bell(tmp_path / "catalogue.db", "settings").rings() == 0


def test_it_is_for_everybody_who_may_write_into_the_catalogue(tmp_path: Path) -> None:
    catalogue = tmp_path / "catalogue.db"
    catalogue.touch()
    catalogue.chmod(0o660)
    if os.geteuid() == 0:
        os.chown(catalogue, 12345, 12346)
    Bell(catalogue, "commands").ring()
    of, bell = catalogue.stat(), (tmp_path / "catalogue.db-commands").stat()
    assert (bell.st_mode, bell.st_uid, bell.st_gid) == (of.st_mode, of.st_uid, of.st_gid)


def test_where_nothing_can_be_written_it_is_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> int:
        raise PermissionError("read-only file system")

    monkeypatch.setattr(os, "open", refused)
    bell = Bell(tmp_path / "catalogue.db", "commands")
    bell.ring()
    assert bell.rings() == 0
