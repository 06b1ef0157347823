"""Health counts by organisation, and finds when each destination took its last copy, without reading every row."""

from alembic import op

revision = "0008"
down_revision = "0007"
#: The first release that works with a catalogue of this revision.
since_version = "0.2.0"


def upgrade() -> None:
    op.create_index("ix_recordings_organisation_state", "recordings", ["organisation", "state"])
    op.create_index("ix_transcripts_organisation_state", "transcripts", ["organisation", "state"])
    op.create_index("ix_deliveries_destination_stored_at", "deliveries", ["destination", "stored_at"])
    # In place of the one that has the organisation alone.
    op.create_index(
        "ix_deliveries_organisation_destination_stored_at", "deliveries", ["organisation", "destination", "stored_at"]
    )
    op.drop_index("ix_deliveries_organisation", "deliveries")
