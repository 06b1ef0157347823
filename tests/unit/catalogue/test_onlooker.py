"""Whether anybody has written to an SQLite file, and what is in it at a glance."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Column, MetaData, Table, Text, bindparam, func, literal, select

from connector.catalogue.onlooker import Glance, Onlooker


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "with space%20.db"
    a_file(path)
    return path


@pytest.fixture
def onlooker(file: Path) -> Iterator[Onlooker]:
    onlooker = Onlooker(file)
    yield onlooker
    onlooker.close()


def a_file(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE notes (text)")


def write(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO notes VALUES ('something')")


def test_it_stays_the_same_until_somebody_commits(onlooker: Onlooker, file: Path) -> None:
    before = onlooker.sign()
    assert before is not None
    assert onlooker.sign() == before
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("INSERT INTO notes VALUES ('not yet')")
        assert onlooker.sign() == before, "nothing is committed"
        connection.commit()
        assert onlooker.sign() != before


def test_a_file_that_is_not_there_says_nothing(onlooker: Onlooker, file: Path) -> None:
    before = onlooker.sign()
    aside = file.with_suffix(".aside")
    os.rename(file, aside)
    assert onlooker.sign() is None
    os.rename(aside, file)
    assert onlooker.sign() not in {None, before}, "what happened meanwhile is not known"


def test_another_file_in_its_place_is_a_change(onlooker: Onlooker, file: Path) -> None:
    before = onlooker.sign()
    other = file.with_suffix(".restored")
    a_file(other)
    os.replace(other, file)
    after = onlooker.sign()
    assert after not in {None, before}
    write(file)
    assert onlooker.sign() not in {None, after}


def test_a_file_that_is_no_database_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "text.db"
    path.write_text("no database" * 1000)
    assert Onlooker(path).sign() is None


_NOTES = Table("notes", MetaData(), Column("text", Text))
_ANY = Glance(select(_NOTES).where(_NOTES.c.text.in_([literal("something"), literal("else")])).limit(1))
_NAMED = Glance(select(_NOTES).where(_NOTES.c.text == bindparam("wanted")))
_ALL = Glance(select(func.count().label("count")).select_from(_NOTES, _NOTES.alias(), _NOTES.alias()))


def test_a_glance_sees_what_is_committed(onlooker: Onlooker, file: Path) -> None:
    assert onlooker.rows(_NAMED, {"wanted": "something"}) == []
    write(file)
    assert onlooker.rows(_NAMED, {"wanted": "something"}) == [{"text": "something"}]
    assert onlooker.rows(_NAMED, {"wanted": "else"}) == []
    assert onlooker.rows(_ANY, {}) == [{"text": "something"}], "the values that were written down hold"


def test_a_glance_waits_for_nobody_and_holds_up_nobody(onlooker: Onlooker, file: Path) -> None:
    write(file)
    with closing(sqlite3.connect(file, isolation_level=None, timeout=0.0)) as another:
        another.execute("BEGIN IMMEDIATE")
        another.execute("DELETE FROM notes")
        assert onlooker.rows(_NAMED, {"wanted": "something"}) == [{"text": "something"}], "nothing is committed"
        another.execute("COMMIT")
        assert onlooker.rows(_NAMED, {"wanted": "something"}) == []
        busy, *_ = another.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        assert not busy, "no reading goes on"


def test_what_is_somebodys_alone_cannot_be_told_now(onlooker: Onlooker, file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as another:
        another.execute("PRAGMA journal_mode=DELETE")
        before = onlooker.sign()
        another.execute("BEGIN EXCLUSIVE")
        assert onlooker.rows(_ANY, {}) is None
        another.execute("ROLLBACK")
    assert onlooker.rows(_ANY, {}) == []
    assert onlooker.sign() == before, "it was not opened anew"


def test_a_long_question_is_no_glance(onlooker: Onlooker, file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executemany("INSERT INTO notes VALUES (?)", [("something",)] * 1000)
    before = onlooker.sign()
    began = time.monotonic()
    assert onlooker.rows(_ALL, {}) is None
    assert time.monotonic() - began < 1.0, "a thousand million rows"
    assert onlooker.sign() == before
    answers = [onlooker.rows(_NAMED, {"wanted": "else"}) for _ in range(2000)]
    assert answers.count([]) > len(answers) / 2, "each has a time of its own"
    assert onlooker.sign() == before


def test_a_forgotten_value_is_loud(onlooker: Onlooker) -> None:
    with pytest.raises(sqlite3.ProgrammingError, match="wanted"):
        onlooker.rows(_NAMED, {})


def test_a_glance_at_what_is_not_there_says_nothing(onlooker: Onlooker, file: Path) -> None:
    file.unlink()
    assert onlooker.rows(_ANY, {}) is None
    a_file(file)
    assert onlooker.rows(_ANY, {}) == []
    with closing(sqlite3.connect(file)) as another:
        another.execute("DROP TABLE notes")
    assert onlooker.rows(_ANY, {}) is None
