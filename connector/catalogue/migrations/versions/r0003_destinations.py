"""Where each delivery was put, what it stands in for, how far uploads in parts are, what trials found out, and
sealed credentials."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
#: The first release that works with a catalogue of this revision.
since_version = "0.2.0"


def upgrade() -> None:
    for name in ("place", "stands_for"):
        op.add_column("deliveries", sa.Column(name, sa.Text, nullable=False, server_default=""))
    op.create_index("ix_deliveries_object_name", "deliveries", ["object_name"])
    op.create_table(
        "uploads",
        sa.Column("place", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("sha256", "upload_id", "parts")),
        sa.Column("part_bytes", sa.BigInteger, nullable=False),
        sa.Column("kept_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("place", "name", name="pk_uploads"),
    )
    op.create_table(
        "pins",
        sa.Column("place", sa.String, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("region", "addressing", "conditions", "checksums")),
        sa.Column("kept_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("place", name="pk_pins"),
    )
    op.create_table(
        "sealed",
        sa.Column("name", sa.String, nullable=False),
        sa.Column("sealed", sa.Text, nullable=False),
        sa.Column("kept_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_sealed"),
    )
