"""The file of a transcript is made anew: which version it is, and which one lies at each destination."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
#: The first release that works with a catalogue of this revision.
since_version = "0.2.0"


def upgrade() -> None:
    for table in ("artefacts", "deliveries"):
        op.add_column(table, sa.Column("version", sa.Integer, nullable=False, server_default="1"))
