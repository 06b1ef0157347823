"""The catalogue's tables of calls, recordings and the work on them. Knows columns and indexes; knows nothing of rows'
meaning or of how they are written.

Moments are seconds since the epoch, UTC. Nested values are JSON text: nobody searches in them.
"""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Double, ForeignKey, Index, Integer, String, Table, Text, text

from connector.catalogue.columns import METADATA, moment_column, moment_or_none_column, text_column


def _index_of_some(name: str, *columns: "Column[Any]", where: str) -> None:
    """Of the rows alone for which that holds."""
    Index(name, *columns, sqlite_where=text(where), postgresql_where=text(where))


CALLS = Table(
    "calls",
    METADATA,
    Column("id", String, primary_key=True),
    text_column("organisation"),
    text_column("pbx"),
    text_column("node"),
    Column("kind", Text, nullable=False, server_default="call"),
    Column("conference", Text, nullable=False, server_default=""),
    text_column("state"),
    text_column("direction"),
    text_column("legs"),
    text_column("from_number"),
    text_column("to_number"),
    text_column("queue"),
    text_column("agent_id"),
    text_column("agent_name"),
    moment_column("started_at"),
    moment_or_none_column("answered_at"),
    moment_or_none_column("ended_at"),
    Column("verdict", Text),
    Column("wanted", Text),
    Column("consent", Text),
    Column("joined", Text),
    text_column("tags"),
    Index(None, "started_at"),
    Index(None, "organisation", "started_at"),
    Index(None, "node", "pbx", "state"),
)
# Hardly any call joins another: the index costs capture nothing.
Index(None, CALLS.c.joined, sqlite_where=CALLS.c.joined.is_not(None), postgresql_where=CALLS.c.joined.is_not(None))

#: Not a parameter: SQLite has to see that it is the index's own condition.
HAS_AGENT = text("calls.agent_id <> ''")
_index_of_some("ix_calls_agents", CALLS.c.organisation, CALLS.c.agent_id, CALLS.c.started_at, where="agent_id <> ''")
HAS_AGENT_NAME = text("calls.agent_name <> ''")
_index_of_some(
    "ix_calls_agent_names", CALLS.c.organisation, CALLS.c.agent_name, CALLS.c.started_at, where="agent_name <> ''"
)

# No foreign keys between what capture writes: a journal line that was damaged must never stop the lines after it.
RECORDINGS = Table(
    "recordings",
    METADATA,
    Column("id", String, primary_key=True),
    text_column("call_id"),
    text_column("organisation"),
    text_column("pbx"),
    text_column("node"),
    text_column("state"),
    text_column("reason"),
    text_column("rule"),
    text_column("options"),
    text_column("destinations"),
    moment_column("requested_at"),
    moment_or_none_column("started_at"),
    moment_or_none_column("ended_at"),
    text_column("pauses"),
    #: Work's own columns: capture never writes them.
    Column("sources_removed", Boolean, nullable=False, server_default="0"),
    Column("artefacts_removed", Boolean, nullable=False, server_default="0"),
    #: The highest attempt of any due row about it, for the number of the next one.
    Column("last_attempt", Integer, nullable=False, server_default="0"),
    moment_or_none_column("expires_at"),
    #: Whether `expires_at` is reckoned: without end is NULL, too.
    Column("is_expiry_known", Boolean, nullable=False, server_default="0"),
    Column("is_extended", Boolean, nullable=False, server_default="0"),
    #: Since when it is on its way out, and by whom.
    moment_or_none_column("removed_at"),
    Column("removed_by", Text, nullable=False, server_default=""),
    Index(None, "state", "expires_at"),
    Index(None, "is_expiry_known", "state"),
    Index(None, "state", "node"),
    # What became of each call is counted from the index alone.
    Index(None, "call_id", "state"),
    Index(None, "requested_at"),
    Index(None, "organisation", "requested_at"),
    Index(None, "organisation", "state"),
)

#: As JSON is written here. Not a parameter: SQLite has to see that it is the index's own condition.
IS_TAGGED = text("""recordings.options LIKE '%"tags":["%'""")
_index_of_some(
    "ix_recordings_tagged",
    RECORDINGS.c.organisation,
    RECORDINGS.c.call_id,
    where="""options LIKE '%"tags":["%'""",
)

#: Of theirs something may lie on a disk of ours, or of the PBX: hardly any. Again the index's own condition.
MAY_HAVE_FILES = text("NOT (recordings.sources_removed AND recordings.artefacts_removed)")
_index_of_some(
    "ix_recordings_with_files",
    RECORDINGS.c.node,
    RECORDINGS.c.requested_at,
    where="NOT (sources_removed AND artefacts_removed)",
)

SEGMENTS = Table(
    "segments",
    METADATA,
    Column("id", String, primary_key=True),
    text_column("organisation"),
    text_column("recording_id"),
    text_column("call_id"),
    text_column("channel"),
    text_column("role"),
    text_column("side"),
    text_column("heard"),
    text_column("path"),
    Column("sample_rate", Integer, nullable=False),
    text_column("state"),
    text_column("reason"),
    moment_column("requested_at"),
    moment_or_none_column("started_at"),
    moment_or_none_column("stopped_at"),
    text_column("flushes"),
    text_column("holds"),
    Index(None, "recording_id"),
    Index(None, "organisation"),
)

RENDERINGS = Table(
    "renderings",
    METADATA,
    Column("recording_id", ForeignKey("recordings.id", ondelete="CASCADE"), primary_key=True),
    Column("duration_seconds", Double, nullable=False),
    text_column("gaps"),
    text_column("channels"),
    text_column("levels"),
    Column("is_partial", Boolean, nullable=False),
    text_column("troubles"),
    text_column("peaks_path"),
)

ARTEFACTS = Table(
    "artefacts",
    METADATA,
    Column("recording_id", ForeignKey("recordings.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", String, primary_key=True),
    text_column("organisation"),
    text_column("format"),
    text_column("path"),
    Column("size_bytes", BigInteger, nullable=False),
    text_column("md5"),
    text_column("sha256"),
    Column("duration_seconds", Double, nullable=False),
    Column("sample_rate", Integer, nullable=False),
    text_column("channels"),
    Column("version", Integer, nullable=False, server_default="1"),
    Index(None, "organisation"),
)

DELIVERIES = Table(
    "deliveries",
    METADATA,
    Column("recording_id", ForeignKey("recordings.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", String, primary_key=True),
    Column("destination", String, primary_key=True),
    text_column("organisation"),
    text_column("state"),
    text_column("object_name"),
    text_column("url"),
    text_column("reason"),
    Column("attempts", Integer, nullable=False),
    moment_or_none_column("stored_at"),
    #: The name of a sealed row; empty until the object has its name.
    Column("place", Text, nullable=False, server_default=""),
    Column("stands_for", Text, nullable=False, server_default=""),
    Column("version", Integer, nullable=False, server_default="1"),
    Index(None, "organisation", "destination", "stored_at"),
    Index(None, "destination", "stored_at"),
    # What waits or was refused where, and whose it is, is counted from the index alone.
    Index(None, "state", "destination", "organisation"),
    Index(None, "object_name"),
)

UPLOADS = Table(
    "uploads",
    METADATA,
    #: The store's address, which is no secret; not what `deliveries` calls a place.
    Column("place", String, primary_key=True),
    Column("name", String, primary_key=True),
    text_column("sha256"),
    text_column("upload_id"),
    text_column("parts"),
    Column("part_bytes", BigInteger, nullable=False),
    moment_column("kept_at"),
)

PINS = Table(
    "pins",
    METADATA,
    #: The address with all settings that bear on it: neither what `deliveries` nor what `uploads` call a place.
    Column("place", String, primary_key=True),
    text_column("region"),
    text_column("addressing"),
    text_column("conditions"),
    text_column("checksums"),
    moment_column("kept_at"),
)

SEALED = Table(
    "sealed",
    METADATA,
    Column("name", String, primary_key=True),
    text_column("sealed"),
    moment_column("kept_at"),
)

NOTIFICATIONS = Table(
    "notifications",
    METADATA,
    #: As they came: those of one recording to one endpoint are sent in this order.
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    *(text_column(name) for name in ("endpoint", "organisation", "recording_id", "call_id", "told", "destination")),
    *(text_column(name) for name in ("body", "state", "reason")),
    moment_column("created_at"),
    Column("attempts", Integer, nullable=False),
    moment_column("next_at"),
    #: When it was created, or replayed last.
    moment_column("waiting_since"),
    #: When it was delivered, died or was cancelled.
    moment_or_none_column("settled_at"),
    text_column("claimed_by"),
    moment_column("claimed_until"),
    # What is due for one endpoint, in order, past any number of others.
    Index(None, "state", "endpoint", "next_at", "number"),
    Index(None, "state", "settled_at"),
    Index(None, "claimed_until"),
    Index(None, "recording_id", "endpoint"),
    Index(None, "organisation", "number"),
    Index(None, "call_id"),
)

NOTIFICATION_ATTEMPTS = Table(
    "notification_attempts",
    METADATA,
    Column("notification_id", ForeignKey("notifications.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    moment_column("at"),
    Column("seconds", Double, nullable=False),
    Column("status", Integer),
    text_column("reason"),
    Column("is_fallback", Boolean, nullable=False),
)

ENDPOINTS = Table(
    "endpoints",
    METADATA,
    #: Those that said that they are gone; the others have no row.
    Column("name", String, primary_key=True),
    text_column("url"),
    moment_column("at"),
    text_column("reason"),
)

DUE = Table(
    "due",
    METADATA,
    Column("id", String, primary_key=True),
    text_column("kind"),
    text_column("subject"),
    #: The recording that the subject is, or is a part of.
    text_column("recording_id"),
    Column("attempt", Integer, nullable=False),
    Column("node", Text),
    moment_column("at"),
    Index(None, "at"),
    # What is done beside the engine is found past any number of others.
    Index(None, "kind", "at"),
    Index(None, "recording_id"),
)

COMMANDS = Table(
    "commands",
    METADATA,
    #: In the order of arrival.
    Column("number", Integer, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    text_column("node"),
    text_column("call_id"),
    text_column("action"),
    text_column("options"),
    text_column("by"),
    moment_column("expires_at"),
    text_column("state"),
    text_column("outcome"),
    Index(None, "node", "state"),
    Index(None, "call_id"),
)

JOURNAL_POSITIONS = Table(
    "journal_positions",
    METADATA,
    Column("node", String, primary_key=True),
    text_column("file"),
    Column("offset_bytes", BigInteger, nullable=False),
)

NODES = Table(
    "nodes",
    METADATA,
    Column("node", String, primary_key=True),
    moment_column("seen_at"),
)

#: One row for each fact about the catalogue itself.
ABOUT = Table(
    "about",
    METADATA,
    Column("name", String, primary_key=True),
    text_column("value"),
)
