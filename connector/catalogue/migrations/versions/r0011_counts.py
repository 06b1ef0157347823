"""What became of calls and copies is counted from indexes alone; an agent's calls, work of one kind, and recordings
with files on our disks are found past any number of others."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
#: The first release that works with a catalogue of this revision.
since_version = "0.2.0"


def upgrade() -> None:
    # In place of those that have the first column alone.
    op.create_index("ix_recordings_call_id_state", "recordings", ["call_id", "state"])
    op.drop_index("ix_recordings_call_id", "recordings")
    op.create_index(
        "ix_deliveries_state_destination_organisation", "deliveries", ["state", "destination", "organisation"]
    )
    op.drop_index("ix_deliveries_state", "deliveries")
    op.create_index("ix_due_kind_at", "due", ["kind", "at"])
    has_name = sa.text("agent_name <> ''")
    op.create_index(
        "ix_calls_agent_names",
        "calls",
        ["organisation", "agent_name", "started_at"],
        sqlite_where=has_name,
        postgresql_where=has_name,
    )
    has_files = sa.text("NOT (sources_removed AND artefacts_removed)")
    op.create_index(
        "ix_recordings_with_files",
        "recordings",
        ["node", "requested_at"],
        sqlite_where=has_files,
        postgresql_where=has_files,
    )
