"""Keys, the audit log, settings by API, requests that act once; transcripts, tags and notes; what ends a recording and
what keeps it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
#: The first release that works with a catalogue of this revision.
since_version = "0.2.0"


def upgrade() -> None:
    _recordings()
    _words()
    _keeping()
    _accounts()


def _recordings() -> None:
    op.add_column("recordings", sa.Column("expires_at", sa.Double))
    for name in ("is_expiry_known", "is_extended"):
        op.add_column("recordings", sa.Column(name, sa.Boolean, nullable=False, server_default="0"))
    op.add_column("recordings", sa.Column("removed_at", sa.Double))
    op.add_column("recordings", sa.Column("removed_by", sa.Text, nullable=False, server_default=""))
    op.create_index("ix_recordings_state_expires_at", "recordings", ["state", "expires_at"])
    op.create_index("ix_recordings_is_expiry_known_state", "recordings", ["is_expiry_known", "state"])


def _words() -> None:
    op.create_table(
        "transcripts",
        sa.Column("recording_id", sa.String, nullable=False),
        *_texts("call_id", "organisation", "state", "reason", "language"),
        sa.Column("confidence", sa.Double),
        *_texts("lines"),
        *_moments_or_none("made_at", "expires_at"),
        sa.Column("is_expiry_known", sa.Boolean, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("recording_id", name="pk_transcripts"),
        _of_recording("transcripts"),
    )
    op.create_index("ix_transcripts_call_id", "transcripts", ["call_id"])
    op.create_index("ix_transcripts_state_expires_at", "transcripts", ["state", "expires_at"])
    op.create_index("ix_transcripts_is_expiry_known_state", "transcripts", ["is_expiry_known", "state"])
    op.create_table(
        "call_tags",
        sa.Column("call_id", sa.String, nullable=False),
        sa.Column("tag", sa.String, nullable=False),
        *_texts("organisation", "by"),
        _moment("at"),
        sa.PrimaryKeyConstraint("call_id", "tag", name="pk_call_tags"),
    )
    op.create_index("ix_call_tags_organisation_tag", "call_tags", ["organisation", "tag"])
    op.create_table(
        "call_notes",
        sa.Column("id", sa.String, nullable=False),
        *_texts("call_id", "organisation", "text", "by"),
        _moment("at"),
        sa.PrimaryKeyConstraint("id", name="pk_call_notes"),
    )
    op.create_index("ix_call_notes_call_id", "call_notes", ["call_id"])


def _keeping() -> None:
    op.create_table(
        "holds",
        sa.Column("recording_id", sa.String, nullable=False),
        *_texts("organisation", "by"),
        _moment("at"),
        *_texts("reason", "release_by"),
        *_moments_or_none("release_at"),
        sa.PrimaryKeyConstraint("recording_id", name="pk_holds"),
        _of_recording("holds"),
    )
    op.create_index("ix_holds_organisation", "holds", ["organisation"])
    op.create_table(
        "erasures",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("organisation", sa.Text),
        *_texts("call_id", "number", "by"),
        _moment("at"),
        sa.Column("is_whole", sa.Boolean, nullable=False),
        _moment("noted_at"),
        *_moments_or_none("searched_at", "settled_at"),
        sa.PrimaryKeyConstraint("id", name="pk_erasures"),
    )
    op.create_index("ix_erasures_at", "erasures", ["at"])
    op.create_index("ix_erasures_settled_at", "erasures", ["settled_at"])
    op.create_table(
        "erased_calls",
        sa.Column("erasure_id", sa.String, nullable=False),
        sa.Column("call_id", sa.String, nullable=False),
        *_texts("state", "reason"),
        sa.PrimaryKeyConstraint("erasure_id", "call_id", name="pk_erased_calls"),
        sa.ForeignKeyConstraint(["erasure_id"], ["erasures.id"], name="fk_erased_calls_erasure_id", ondelete="CASCADE"),
    )
    op.create_index("ix_erased_calls_erasure_id_state", "erased_calls", ["erasure_id", "state"])


def _accounts() -> None:
    op.create_table(
        "keys",
        sa.Column("id", sa.String, nullable=False),
        *_texts("name"),
        sa.Column("organisation", sa.Text),
        *_texts("roles", "limits"),
        _moment("created_at"),
        *_texts("created_by"),
        *_moments_or_none("expires_at", "revoked_at", "used_at"),
        *_texts("digest", "sealed_as"),
        sa.PrimaryKeyConstraint("id", name="pk_keys"),
    )
    op.create_table(
        "audit",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False, autoincrement=False),
        _moment("at"),
        *_texts("action", "by"),
        sa.Column("organisation", sa.Text),
        *_texts("subject", "address", "details", "previous", "digest"),
        sa.PrimaryKeyConstraint("number", name="pk_audit"),
    )
    op.create_index("ix_audit_organisation_number", "audit", ["organisation", "number"])
    op.create_index("ix_audit_subject", "audit", ["subject"])
    op.create_table(
        "changed_settings",
        sa.Column("organisation", sa.String, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        *_texts("value", "by"),
        _moment("at"),
        sa.PrimaryKeyConstraint("organisation", "name", name="pk_changed_settings"),
    )
    op.create_table(
        "requests",
        sa.Column("id", sa.String, nullable=False),
        *_texts("digest"),
        sa.Column("status", sa.Integer, nullable=False),
        *_texts("body"),
        _moment("at"),
        sa.PrimaryKeyConstraint("id", name="pk_requests"),
    )
    op.create_index("ix_requests_at", "requests", ["at"])
    op.create_index("ix_notifications_organisation_number", "notifications", ["organisation", "number"])
    op.create_index("ix_notifications_call_id", "notifications", ["call_id"])


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _moment(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Double, nullable=False)


def _moments_or_none(*names: str) -> list[sa.Column[float]]:
    return [sa.Column(name, sa.Double) for name in names]


def _of_recording(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_recording_id"
    return sa.ForeignKeyConstraint(["recording_id"], ["recordings.id"], name=name, ondelete="CASCADE")
