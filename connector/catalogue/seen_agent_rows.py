"""The agents of an organisation's calls, without walking through its calls. Knows the one index that is for this."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, ScalarSelect, bindparam, func, select

from connector.catalogue.database import Database
from connector.catalogue.tables import CALLS, HAS_AGENT
from connector.ports.seen_agents import SeenAgent

_THEIRS: Final = (CALLS.c.organisation == bindparam("whose"), HAS_AGENT)


def _first_agent(*behind: ColumnElement[bool]) -> ScalarSelect[Any]:
    return select(func.min(CALLS.c.agent_id)).where(*_THEIRS, *behind).scalar_subquery()


def _of_last_call(column: ColumnElement[Any], agent: ColumnElement[str]) -> ScalarSelect[Any]:
    last = select(column).where(*_THEIRS, CALLS.c.agent_id == agent).order_by(CALLS.c.started_at.desc())
    return last.limit(1).scalar_subquery()


# From one agent to the next one: a step for each agent, where DISTINCT reads all calls.
_SEEN: Final = select(_first_agent().label("id")).cte("seen", recursive=True)
_STEPS: Final = _SEEN.union_all(
    select(_first_agent(CALLS.c.agent_id > _SEEN.c.id).label("id")).where(_SEEN.c.id.is_not(None))
)
_AGENTS: Final = (
    select(
        _STEPS.c.id,
        _of_last_call(CALLS.c.agent_name, _STEPS.c.id).label("name"),
        _of_last_call(CALLS.c.started_at, _STEPS.c.id).label("last_call_at"),
    )
    .where(_STEPS.c.id.is_not(None))
    .limit(bindparam("most"))
)


class SeenAgentRows:
    """The SeenAgents."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, organisation: str, *, most: int) -> Sequence[SeenAgent]:
        asked = {"whose": organisation, "most": most}
        rows = await self._database.read(lambda connection: connection.execute(_AGENTS, asked).mappings().all())
        return [SeenAgent(**row) for row in rows]
