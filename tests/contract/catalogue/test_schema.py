"""Making, checking and migrating a catalogue; every released schema migrates to the present one."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, select, text

from connector import __version__
from connector.catalogue import schema
from connector.catalogue.all_tables import METADATA
from connector.catalogue.database import address, sqlite_file
from connector.catalogue.store import Catalogue
from connector.catalogue.tables import DELIVERIES
from connector.catalogue.version import HEAD
from connector.domain.ids import RecordingId
from connector.domain.states import DeliveryState, RecordingState
from connector.errors import CatalogueMismatch
from connector.ports.call_ledger import JournalPosition
from tests.builders import MORNING, a_call, a_notification

RELEASED = sorted((Path(__file__).parent / "released").glob("*.sql"))
_POSTGRESQL_ONLY = {"ix_call_texts_organisation_number", "ix_call_texts_words"}

_ONE_MORE = """
import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
since_version = "9.8.7"


def upgrade() -> None:
    op.add_column("calls", sa.Column("colour", sa.Text))
    {more}
"""

_OLD_ROWS = """
    INSERT INTO recordings (id, call_id, organisation, pbx, node, state, reason, rule, options, destinations,
    requested_at, pauses) VALUES ('r', 'c', 'o', 'p', 'n', 'rendered', '', '', '{}', '[]', 1.0, '[]');
    INSERT INTO deliveries (recording_id, kind, destination, organisation, state, object_name, url, reason, attempts)
    VALUES ('r', 'stereo', 'archive', 'o', 'waiting', 'one.mp3', '', '', 0)
"""


@pytest.fixture
def later_scripts(tmp_path: Path) -> Path:
    """The migrations of a later version."""
    return scripts_with(tmp_path / "later", "pass")


def scripts_with(folder: Path, more: str) -> Path:
    shutil.copytree(schema.MIGRATIONS, folder)
    (folder / "versions" / "r0012_colour.py").write_text(_ONE_MORE.format(more=more))
    return folder


def columns(url: str, table: str) -> set[str]:
    engine = create_engine(address(url))
    found = {column["name"] for column in inspect(engine).get_columns(table)}
    engine.dispose()
    return found


def is_of(dialect: str) -> Callable[[Any, str | None, str, bool, Any], bool]:
    def is_compared(_thing: Any, name: str | None, kind: str, _is_reflected: bool, _other: Any) -> bool:
        if dialect != "sqlite":
            return True
        # FTS5's tables are its own affair, and PostgreSQL's ways of finding words PostgreSQL's.
        return not (str(name).startswith("call_words") or (kind == "index" and name in _POSTGRESQL_ONLY))

    return is_compared


def differences(url: str) -> list[object]:
    engine = create_engine(address(url))
    with engine.connect() as connection:
        options = {"compare_type": True, "include_object": is_of(connection.dialect.name)}
        found = compare_metadata(MigrationContext.configure(connection, opts=options), METADATA)
    engine.dispose()
    return list(found)


def test_a_new_catalogue_is_what_the_code_says_column_by_column(bare_url: str, tmp_path: Path) -> None:
    assert schema.upgrade(bare_url, tmp_path / "backups") is None
    assert differences(bare_url) == []
    schema.check(bare_url)
    assert schema.revision(bare_url) == HEAD
    assert not (tmp_path / "backups").exists()


def test_a_second_upgrade_does_nothing(bare_url: str, tmp_path: Path) -> None:
    schema.upgrade(bare_url, tmp_path / "backups")
    assert schema.upgrade(bare_url, tmp_path / "backups") is None
    assert not (tmp_path / "backups").exists()


def test_a_place_without_a_catalogue_says_what_to_do_and_stays_as_it_is(bare_url: str) -> None:
    with pytest.raises(CatalogueMismatch, match="run callreel migrate"):
        schema.check(bare_url)
    assert schema.revision(bare_url) is None
    file = sqlite_file(bare_url)
    assert file is None or not file.exists()


def test_an_older_catalogue_says_what_to_do(url: str, later_scripts: Path) -> None:
    with pytest.raises(CatalogueMismatch, match=r"revision 0011.*works with 0012: run callreel migrate"):
        schema.check(url, scripts=later_scripts)


def test_a_newer_catalogue_is_refused_with_the_version_that_it_needs(
    url: str, later_scripts: Path, tmp_path: Path
) -> None:
    schema.upgrade(url, tmp_path / "backups", scripts=later_scripts)
    with pytest.raises(CatalogueMismatch, match=r"newer.*install callreel 9\.8\.7"):
        schema.check(url)
    with pytest.raises(CatalogueMismatch, match=r"newer.*install callreel 9\.8\.7"):
        schema.upgrade(url, tmp_path / "backups")
    assert "colour" in columns(url, "calls")


async def test_an_sqlite_catalogue_is_copied_whole_before_its_migration(
    migrated_file: Path, later_scripts: Path, tmp_path: Path
) -> None:
    file = tmp_path / "catalogue.db"
    shutil.copy(migrated_file, file)
    catalogue = Catalogue.open(f"sqlite:///{file}")
    await catalogue.calls.apply("here", [a_call()], JournalPosition(file="j", offset=1))

    # Beside an open catalogue, whose last words are still in the write-ahead log.
    copy = schema.upgrade(f"sqlite:///{file}", tmp_path / "backups", scripts=later_scripts)

    await catalogue.close()
    assert copy is not None
    assert copy.parent == tmp_path / "backups"
    assert list(copy.parent.iterdir()) == [copy], "one file, nothing beside it"
    old = Catalogue.open(f"sqlite:///{copy}")
    assert (await old.calls.unfinished("here", "asterisk")).calls == (a_call(),)
    await old.close()
    schema.check(f"sqlite:///{copy}")
    schema.check(f"sqlite:///{file}", scripts=later_scripts)


def test_a_migration_that_fails_leaves_the_catalogue_as_it_was(url: str, tmp_path: Path) -> None:
    broken = scripts_with(tmp_path / "broken", 'op.execute("UPDATE nothing SET like = this")')
    with pytest.raises(Exception, match="nothing"):
        schema.upgrade(url, tmp_path / "backups", scripts=broken)
    schema.check(url)
    assert "colour" not in columns(url, "calls")


def test_deliveries_of_a_catalogue_from_before_have_no_place_and_stand_for_nobody(
    bare_url: str, tmp_path: Path
) -> None:
    before = tmp_path / "before"
    shutil.copytree(schema.MIGRATIONS, before)
    for later in (before / "versions").glob("r*.py"):
        if later.name > "r0003":
            later.unlink()
    schema.upgrade(bare_url, tmp_path / "backups", scripts=before)
    engine = create_engine(address(bare_url))
    with engine.begin() as connection:
        for statement in _OLD_ROWS.split(";"):
            connection.execute(text(statement))
    schema.upgrade(bare_url, tmp_path / "backups")
    with engine.connect() as connection:
        rows = connection.execute(select(DELIVERIES)).mappings().all()
    engine.dispose()
    assert [(row["destination"], row["place"], row["stands_for"]) for row in rows] == [("archive", "", "")]
    assert differences(bare_url) == []


def loaded(released: Path, file: Path) -> Path:
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(released.read_text())
    return file


def test_every_release_left_its_schema_as_a_fixture() -> None:
    assert f"{__version__}.sql" in {path.name for path in RELEASED}


@pytest.mark.parametrize("released", RELEASED, ids=lambda path: path.stem)
async def test_a_released_catalogue_migrates_to_the_present_one_with_its_pending_work(
    released: Path, tmp_path: Path
) -> None:
    url = f"sqlite:///{loaded(released, tmp_path / 'catalogue.db')}"
    schema.upgrade(url, tmp_path)
    schema.check(url)
    assert differences(url) == []

    catalogue = Catalogue.open(url)
    found = await catalogue.calls.unfinished("here", "asterisk")
    assert [(call.id, len(call.legs)) for call in found.calls] == [("live-call", 2)]
    assert [recording.state for recording in found.recordings] == [RecordingState.RECORDING]
    assert [segment.recording_id for segment in found.segments] == ["live-recording"]
    due = await catalogue.dues.fallen("here", MORNING + 1e6, 9)
    assert [one.id for one in due] == ["ship/captured-recording/1", "ship/rendered-recording/3"]
    waiting = await catalogue.shipping.file(RecordingId(due[1].subject))
    assert waiting is not None
    assert waiting.rendering is not None
    assert [delivery.state for delivery in waiting.deliveries] == [DeliveryState.STORED, DeliveryState.WAITING]
    assert [command.id for command in await catalogue.commands.open_for("here", MORNING)] == ["open-command"]
    assert await catalogue.calls.position("here") == JournalPosition(file="journal-00000001.jsonl", offset=4711)
    assert await catalogue.notifications.listed(limit=9) == []
    assert await catalogue.notifications.add([a_notification()]) == 1
    await catalogue.close()
