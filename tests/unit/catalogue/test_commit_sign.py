"""Whether anybody has written to an SQLite file, and what is in it at a glance."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Column, MetaData, Table, Text, bindparam, literal, select

from connector.catalogue.commit_sign import CommitSign, Glance


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "with space%20.db"
    a_file(path)
    return path


@pytest.fixture
def sign(file: Path) -> Iterator[CommitSign]:
    sign = CommitSign(file)
    yield sign
    sign.close()


def a_file(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE notes (text)")


def write(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO notes VALUES ('something')")


def test_it_stays_the_same_until_somebody_commits(sign: CommitSign, file: Path) -> None:
    before = sign.now()
    assert before is not None
    assert sign.now() == before
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("INSERT INTO notes VALUES ('not yet')")
        assert sign.now() == before, "nothing is committed"
        connection.commit()
        assert sign.now() != before


def test_a_file_that_is_not_there_says_nothing(sign: CommitSign, file: Path) -> None:
    before = sign.now()
    aside = file.with_suffix(".aside")
    os.rename(file, aside)
    assert sign.now() is None
    os.rename(aside, file)
    assert sign.now() not in {None, before}, "what happened meanwhile is not known"


def test_another_file_in_its_place_is_a_change(sign: CommitSign, file: Path) -> None:
    before = sign.now()
    other = file.with_suffix(".restored")
    a_file(other)
    os.replace(other, file)
    after = sign.now()
    assert after not in {None, before}
    write(file)
    assert sign.now() not in {None, after}


def test_a_file_that_is_no_database_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "text.db"
    path.write_text("no database" * 1000)
    assert CommitSign(path).now() is None


_NOTES = Table("notes", MetaData(), Column("text", Text))
_WANTED = Glance.of(select(_NOTES).where(_NOTES.c.text.in_([literal("this"), literal("that")])).limit(1))
_NAMED = Glance.of(select(_NOTES).where(_NOTES.c.text == bindparam("wanted")))


def test_a_glance_sees_what_is_committed(sign: CommitSign, file: Path) -> None:
    assert sign.glance(_NAMED, {"wanted": "something"}) == []
    write(file)
    assert sign.glance(_NAMED, {"wanted": "something"}) == [{"text": "something"}]
    assert sign.glance(_WANTED, {}) == [], "the values that were written down with the question hold"


def test_a_glance_waits_for_nobody(sign: CommitSign, file: Path) -> None:
    write(file)
    with closing(sqlite3.connect(file, isolation_level=None)) as another:
        another.execute("BEGIN IMMEDIATE")
        another.execute("DELETE FROM notes")
        assert sign.glance(_NAMED, {"wanted": "something"}) == [{"text": "something"}], "nothing is committed"


def test_a_glance_at_what_is_not_there_says_nothing(sign: CommitSign, file: Path) -> None:
    file.unlink()
    assert sign.glance(_WANTED, {}) is None
    a_file(file)
    assert sign.glance(_WANTED, {}) == []
    with closing(sqlite3.connect(file)) as another:
        another.execute("DROP TABLE notes")
    assert sign.glance(_WANTED, {}) is None
