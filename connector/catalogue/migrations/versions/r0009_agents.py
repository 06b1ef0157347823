"""The agents of an organisation are listed from one to the next, without reading all of its calls."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
#: The first release that works with a catalogue of this revision.
since_version = "0.2.0"


def upgrade() -> None:
    has_agent = sa.text("agent_id <> ''")
    op.create_index(
        "ix_calls_agents",
        "calls",
        ["organisation", "agent_id", "started_at"],
        sqlite_where=has_agent,
        postgresql_where=has_agent,
    )
