"""The outbox of notifications, the log of their tries, and endpoints that are gone."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
#: The first release that works with a catalogue of this revision.
since_version = "0.2.0"


def upgrade() -> None:
    texts = ("endpoint", "organisation", "recording_id", "call_id", "told", "destination", "body", "state", "reason")
    op.create_table(
        "notifications",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False, autoincrement=True),
        sa.Column("id", sa.String, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in texts),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", sa.Double, nullable=False),
        sa.Column("waiting_since", sa.Double, nullable=False),
        sa.Column("settled_at", sa.Double),
        sa.Column("claimed_by", sa.Text, nullable=False),
        sa.Column("claimed_until", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_notifications"),
        sa.UniqueConstraint("id", name="uq_notifications_id"),
    )
    for columns in (
        ("state", "endpoint", "next_at", "number"),
        ("state", "settled_at"),
        ("claimed_until",),
        ("recording_id", "endpoint"),
    ):
        op.create_index(f"ix_notifications_{'_'.join(columns)}", "notifications", list(columns))
    op.create_table(
        "notification_attempts",
        sa.Column("notification_id", sa.String, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("is_fallback", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("notification_id", "number", name="pk_notification_attempts"),
        sa.ForeignKeyConstraint(
            ["notification_id"],
            ["notifications.id"],
            name="fk_notification_attempts_notification_id",
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "endpoints",
        sa.Column("name", sa.String, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("url", "reason")),
        sa.Column("at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_endpoints"),
    )
