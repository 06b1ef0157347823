"""Conferences are calls of their own; consent, and what was asked for, are kept with the call."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
#: The first release that works with a catalogue of this revision.
since_version = "0.2.0"


def upgrade() -> None:
    op.add_column("calls", sa.Column("kind", sa.Text, nullable=False, server_default="call"))
    op.add_column("calls", sa.Column("conference", sa.Text, nullable=False, server_default=""))
    op.add_column("calls", sa.Column("wanted", sa.Text))
    op.add_column("calls", sa.Column("consent", sa.Text))
