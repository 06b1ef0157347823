"""The SeenAgents on both databases."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, text

from connector.catalogue.store import Catalogue
from connector.domain.decision import Change
from connector.ports.call_ledger import JournalPosition
from connector.ports.seen_agents import SeenAgent
from tests.builders import MORNING, a_call


async def write(catalogue: Catalogue, *changes: Change) -> None:
    await catalogue.calls.apply("here", changes, JournalPosition(file="j", offset=1))


def served(id: str, agent: str, name: str = "", minute: int = 0, organisation: str = "acme") -> Change:
    at = MORNING + 60 * minute
    return a_call(id=id, agent_id=agent, agent_name=name, started_at=at, organisation=organisation)


async def ids(catalogue: Catalogue, organisation: str = "acme", most: int = 100) -> list[str]:
    return [one.id for one in await catalogue.seen_agents.of(organisation, most=most)]


async def test_where_nobody_has_called_there_is_no_agent(catalogue: Catalogue) -> None:
    assert await ids(catalogue) == []


async def test_each_agent_is_told_once_with_the_name_and_the_moment_of_his_last_call(catalogue: Catalogue) -> None:
    await write(
        catalogue,
        served("b", "202", "Bo", minute=2),
        served("c", "201", "Ada Lovelace", minute=3),
        served("a", "201", "Ada Byron", minute=1),
    )
    assert await catalogue.seen_agents.of("acme", most=100) == [
        SeenAgent(id="201", name="Ada Lovelace", last_call_at=MORNING + 180),
        SeenAgent(id="202", name="Bo", last_call_at=MORNING + 120),
    ]


async def test_calls_that_nobody_served_and_calls_of_others_name_nobody(catalogue: Catalogue) -> None:
    await write(
        catalogue,
        served("a", ""),
        served("b", "301", organisation="rival"),
        served("c", "x'; --"),
        served("d", "Zoë 🎧"),
    )
    assert sorted(await ids(catalogue)) == ["Zoë 🎧", "x'; --"]
    assert await ids(catalogue, "rival") == ["301"]


async def test_of_more_than_are_wanted_the_first_ones_are_told(catalogue: Catalogue) -> None:
    await write(catalogue, *(served(f"c{number}", str(200 + number)) for number in range(9)))
    assert await ids(catalogue, most=3) == ["200", "201", "202"]


async def test_an_agent_whose_calls_are_erased_is_nobody_any_more(catalogue: Catalogue) -> None:
    await write(catalogue, served("a", "201"), served("b", "202"))
    await catalogue.database.write(lambda connection: connection.execute(text("DELETE FROM calls WHERE id = 'a'")))
    assert await ids(catalogue) == ["202"]


@pytest.mark.parametrize("most", [1, 100])
async def test_sqlite_goes_from_agent_to_agent_by_the_index_and_looks_at_no_other_call(
    tmp_path: Path, migrated_file: Path, most: int
) -> None:
    file = tmp_path / "catalogue.db"
    shutil.copy(migrated_file, file)
    catalogue = Catalogue.open(f"sqlite:///{file}")
    await write(catalogue, *(served(f"c{number}", str(number % 7), minute=number) for number in range(50)))
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        asked.append((statement, values))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        assert await ids(catalogue, most=most) == [*"0123456"][:most]
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    await catalogue.close()
    ((statement, values),) = asked
    with closing(sqlite3.connect(file)) as connection:
        plan = [step[3] for step in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
    looks = [step for step in plan if "calls" in step]
    assert len(looks) == 4
    assert all(step.startswith("SEARCH calls USING") and "ix_calls_agents" in step for step in looks), plan
