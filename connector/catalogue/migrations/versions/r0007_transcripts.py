"""Transcripts have versions, an engine, plain facts and every word with its time; commands are found by their call."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
#: The first release that works with a catalogue of this revision.
since_version = "0.2.0"


def upgrade() -> None:
    op.add_column("transcripts", sa.Column("version", sa.Integer, nullable=False, server_default="1"))
    for name in ("engine", "model", "wished_engine"):
        op.add_column("transcripts", sa.Column(name, sa.Text, nullable=False, server_default=""))
    op.add_column("transcripts", sa.Column("attempts", sa.Integer, nullable=False, server_default="0"))
    op.add_column("transcripts", sa.Column("language_confidence", sa.Double))
    op.add_column("transcripts", sa.Column("facts", sa.Text))
    # The last one: SQLite reads a row from its beginning, as far as it has to.
    op.add_column("transcripts", sa.Column("words", sa.Text, nullable=False, server_default="[]"))
    op.create_table(
        "earlier_transcripts",
        sa.Column("recording_id", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("engine", "model", "language")),
        *(sa.Column(name, sa.Double) for name in ("language_confidence", "confidence", "made_at")),
        sa.Column("facts", sa.Text),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("lines", "words")),
        sa.PrimaryKeyConstraint("recording_id", "version", name="pk_earlier_transcripts"),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recordings.id"], name="fk_earlier_transcripts_recording_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_commands_call_id", "commands", ["call_id"])
