"""What is asked again and again stays quick with a million recordings: how SQLite goes about it, by its own account."""

import re
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from unittest import mock

import pytest
from sqlalchemy import Engine, event

from connector.catalogue.onlooker import Glance, Onlooker
from connector.catalogue.store import Catalogue
from connector.ports.call_search import CallFilter
from tests.contract.catalogue.conftest import NOW

Ask = Callable[[Catalogue], Awaitable[object]]

#: By name: asked by a role for ever, or by people at any time.
ASKED: dict[str, Ask] = {
    "files to remove": lambda catalogue: catalogue.shipping.files_to_remove("here", NOW, 9),
    "recordings without files": lambda catalogue: catalogue.shipping.note_fileless("here", NOW, 9),
    "known paths": lambda catalogue: catalogue.shipping.known_paths("asterisk"),
    "stuck recordings": lambda catalogue: catalogue.shipping.stuck("here", 9),
    "stuck transcripts": lambda catalogue: catalogue.transcriptions.stuck("here", 9),
    "what has expired": lambda catalogue: catalogue.keeping.expired(NOW, 9),
    "what could not be deleted": lambda catalogue: catalogue.keeping.take_up_undeleted(NOW, 9),
    "work of one kind": lambda catalogue: catalogue.dues.fallen("here", NOW, 9, of=("tell",)),
    "whether work has fallen due": lambda catalogue: catalogue.dues.any_fallen("here", NOW, but=("transcribe",)),
    "whether work of one kind has": lambda catalogue: catalogue.dues.any_fallen("here", NOW, of=("tell",)),
    "health": lambda catalogue: catalogue.health.standing(None, ["archive"]),
    "health of an organisation": lambda catalogue: catalogue.health.standing("acme", ["archive"]),
    "statistics": lambda catalogue: catalogue.statistics.hours("acme", 1, 9),
    "a page of calls": lambda catalogue: catalogue.call_search.calls(CallFilter(organisation="acme"), limit=9),
}


@pytest.fixture
def file(migrated_file: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "catalogue.db"
    copy.write_bytes(migrated_file.read_bytes())
    return copy


async def plan(file: Path, ask: Ask) -> list[str]:
    """Each step in SQLite's words, with those that it is a part of before it."""
    asked: list[tuple[str, Sequence[object] | Mapping[str, object]]] = []
    rows = Onlooker.rows

    def note(_connection: object, _cursor: object, statement: str, values: Sequence[object], *_: object) -> None:
        if statement.startswith(("SELECT", "UPDATE", "WITH")):
            asked.append((statement, values))

    def glance(onlooker: Onlooker, at: Glance, values: Mapping[str, object]) -> list[dict[str, object]] | None:
        asked.append((at.text, {**at.values, **values}))
        return rows(onlooker, at, values)

    catalogue = Catalogue.open(f"sqlite:///{file}", now=lambda: NOW)
    event.listen(Engine, "before_cursor_execute", note)
    try:
        with mock.patch.object(Onlooker, "rows", glance):
            await ask(catalogue)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
        await catalogue.close()
    assert asked
    with closing(sqlite3.connect(file)) as connection:
        return [step for statement, values in asked for step in _steps(connection, statement, values)]


def _steps(
    connection: sqlite3.Connection, statement: str, values: Sequence[object] | Mapping[str, object]
) -> list[str]:
    path = {0: ""}
    for id, parent, _, words in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values):
        path[id] = f"{path[parent]} > {words}"
    return list(path.values())[1:]


@pytest.mark.parametrize("name", ASKED)
async def test_no_question_reads_a_whole_table_and_none_within_another_more_than_its_own_rows(
    file: Path, name: str
) -> None:
    for step in await plan(file, ASKED[name]):
        _, _, within = step.partition("CORRELATED SCALAR SUBQUERY")
        assert not re.search(r"SCAN (calls|recordings|deliveries|segments|transcripts|due|commands)$", step), step
        assert not re.search(r"\((state|kind)=", within), step


async def test_an_agent_s_calls_are_found_by_id_and_by_name_without_the_others(file: Path) -> None:
    wanted = CallFilter(organisation="acme", agent="Ada")
    steps = "\n".join(await plan(file, lambda catalogue: catalogue.call_search.calls(wanted, limit=9)))
    for index in (
        "ix_calls_agents (organisation=? AND agent_id=?)",
        "ix_calls_agent_names (organisation=? AND agent_name=?)",
    ):
        assert f"SEARCH calls USING INDEX {index}" in steps


async def test_what_lies_on_disks_is_found_by_its_own_small_index(file: Path) -> None:
    for name in ("files to remove", "recordings without files", "known paths"):
        assert "ix_recordings_with_files" in "\n".join(await plan(file, ASKED[name])), name


async def test_what_became_of_calls_and_copies_is_counted_from_indexes_alone(file: Path) -> None:
    of_calls = "\n".join(await plan(file, ASKED["statistics"]))
    assert "recordings USING COVERING INDEX ix_recordings_call_id_state (call_id=?)" in of_calls
    for name in ("health", "health of an organisation"):
        steps = "\n".join(await plan(file, ASKED[name]))
        assert "deliveries USING COVERING INDEX ix_deliveries_state_destination_organisation (state=?)" in steps
