"""The first catalogue: calls, recordings, what is made of them, and what is due."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
#: The first release that works with a catalogue of this revision.
since_version = "0.1.0"


def upgrade() -> None:
    _calls()
    _recordings()
    _segments()
    _renderings()
    _artefacts()
    _deliveries()
    _hand_over()
    _house()


def _texts(names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names.split()]


def _moments(names: str, *, nullable: bool) -> list[sa.Column[float]]:
    return [sa.Column(name, sa.Double, nullable=nullable) for name in names.split()]


def _id(name: str = "id") -> sa.Column[str]:
    return sa.Column(name, sa.String, nullable=False)


def _primary_key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def _of_recording(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_recording_id"
    return sa.ForeignKeyConstraint(["recording_id"], ["recordings.id"], name=name, ondelete="CASCADE")


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def _calls() -> None:
    op.create_table(
        "calls",
        _id(),
        *_texts("organisation pbx node state direction legs from_number to_number queue agent_id agent_name"),
        *_moments("started_at", nullable=False),
        *_moments("answered_at ended_at", nullable=True),
        sa.Column("verdict", sa.Text),
        sa.Column("joined", sa.Text),
        *_texts("tags"),
        _primary_key("calls", "id"),
    )
    _index("calls", "started_at")
    _index("calls", "organisation", "started_at")
    _index("calls", "node", "pbx", "state")


def _recordings() -> None:
    op.create_table(
        "recordings",
        _id(),
        *_texts("call_id organisation pbx node state reason rule options destinations"),
        *_moments("requested_at", nullable=False),
        *_moments("started_at ended_at", nullable=True),
        *_texts("pauses"),
        sa.Column("sources_removed", sa.Boolean, nullable=False, server_default="0"),
        sa.Column("artefacts_removed", sa.Boolean, nullable=False, server_default="0"),
        sa.Column("last_attempt", sa.Integer, nullable=False, server_default="0"),
        _primary_key("recordings", "id"),
    )
    _index("recordings", "state", "node")
    _index("recordings", "call_id")
    _index("recordings", "requested_at")
    _index("recordings", "organisation", "requested_at")


def _segments() -> None:
    op.create_table(
        "segments",
        _id(),
        *_texts("organisation recording_id call_id channel role side heard path"),
        sa.Column("sample_rate", sa.Integer, nullable=False),
        *_texts("state reason"),
        *_moments("requested_at", nullable=False),
        *_moments("started_at stopped_at", nullable=True),
        *_texts("flushes holds"),
        _primary_key("segments", "id"),
    )
    _index("segments", "recording_id")
    _index("segments", "organisation")


def _renderings() -> None:
    op.create_table(
        "renderings",
        _id("recording_id"),
        sa.Column("duration_seconds", sa.Double, nullable=False),
        *_texts("gaps channels levels"),
        sa.Column("is_partial", sa.Boolean, nullable=False),
        *_texts("troubles peaks_path"),
        _primary_key("renderings", "recording_id"),
        _of_recording("renderings"),
    )


def _artefacts() -> None:
    op.create_table(
        "artefacts",
        _id("recording_id"),
        _id("kind"),
        *_texts("organisation format path"),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        *_texts("md5 sha256"),
        sa.Column("duration_seconds", sa.Double, nullable=False),
        sa.Column("sample_rate", sa.Integer, nullable=False),
        *_texts("channels"),
        _primary_key("artefacts", "recording_id", "kind"),
        _of_recording("artefacts"),
    )
    _index("artefacts", "organisation")


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        _id("recording_id"),
        _id("kind"),
        _id("destination"),
        *_texts("organisation state object_name url reason"),
        sa.Column("attempts", sa.Integer, nullable=False),
        *_moments("stored_at", nullable=True),
        _primary_key("deliveries", "recording_id", "kind", "destination"),
        _of_recording("deliveries"),
    )
    _index("deliveries", "organisation")
    _index("deliveries", "state")


def _hand_over() -> None:
    op.create_table(
        "due",
        _id(),
        *_texts("kind subject recording_id"),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("node", sa.Text),
        *_moments("at", nullable=False),
        _primary_key("due", "id"),
    )
    _index("due", "at")
    _index("due", "recording_id")
    op.create_table(
        "commands",
        sa.Column("number", sa.Integer, nullable=False),
        _id(),
        *_texts("node call_id action options by"),
        *_moments("expires_at", nullable=False),
        *_texts("state outcome"),
        _primary_key("commands", "number"),
        sa.UniqueConstraint("id", name="uq_commands_id"),
    )
    _index("commands", "node", "state")


def _house() -> None:
    op.create_table(
        "journal_positions",
        _id("node"),
        *_texts("file"),
        sa.Column("offset_bytes", sa.BigInteger, nullable=False),
        _primary_key("journal_positions", "node"),
    )
    op.create_table("nodes", _id("node"), *_moments("seen_at", nullable=False), _primary_key("nodes", "node"))
    op.create_table("about", _id("name"), *_texts("value"), _primary_key("about", "name"))
