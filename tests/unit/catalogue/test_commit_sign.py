"""Whether anybody has written to an SQLite file."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from connector.catalogue.commit_sign import CommitSign


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
