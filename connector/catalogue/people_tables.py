"""The catalogue's tables of what people say of calls and of what is said in them, of what keeps a recording and of what
is to be forgotten. Knows columns and indexes only."""

from sqlalchemy import BigInteger, Boolean, Column, Double, ForeignKey, Index, Integer, String, Table, Text
from sqlalchemy.dialects.postgresql import TSVECTOR

from connector.catalogue.columns import METADATA, moment_column, moment_or_none_column, text_column

HOLDS = Table(
    "holds",
    METADATA,
    Column("recording_id", ForeignKey("recordings.id", ondelete="CASCADE"), primary_key=True),
    *(text_column(name) for name in ("organisation", "by")),
    moment_column("at"),
    *(text_column(name) for name in ("reason", "release_by")),
    moment_or_none_column("release_at"),
    Index(None, "organisation"),
)

ERASURES = Table(
    "erasures",
    METADATA,
    Column("id", String, primary_key=True),
    Column("organisation", Text),
    *(text_column(name) for name in ("call_id", "number", "by")),
    moment_column("at"),
    #: No: only the recordings and their words; the call's own facts stay.
    Column("is_whole", Boolean, nullable=False),
    #: When it came into this catalogue: after a restore later than `at`.
    moment_column("noted_at"),
    #: When its calls were looked for last.
    moment_or_none_column("searched_at"),
    #: When nothing was left to do.
    moment_or_none_column("settled_at"),
    Index(None, "at"),
    Index(None, "settled_at"),
)

ERASED_CALLS = Table(
    "erased_calls",
    METADATA,
    Column("erasure_id", ForeignKey("erasures.id", ondelete="CASCADE"), primary_key=True),
    Column("call_id", String, primary_key=True),
    *(text_column(name) for name in ("state", "reason")),
    Index(None, "erasure_id", "state"),
)

TRANSCRIPTS = Table(
    "transcripts",
    METADATA,
    Column("recording_id", ForeignKey("recordings.id", ondelete="CASCADE"), primary_key=True),
    *(text_column(name) for name in ("call_id", "organisation", "state", "reason", "language")),
    Column("confidence", Double),
    text_column("lines"),
    moment_or_none_column("made_at"),
    moment_or_none_column("expires_at"),
    #: Whether `expires_at` is reckoned: without end is NULL, too.
    Column("is_expiry_known", Boolean, nullable=False, server_default="0"),
    Column("version", Integer, nullable=False, server_default="1"),
    #: The wished one is for whatever is made next.
    *(Column(name, Text, nullable=False, server_default="") for name in ("engine", "model", "wished_engine")),
    #: How often the one that is made now was put off.
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("language_confidence", Double),
    Column("facts", Text),
    #: Of each line, as JSON: what lists of calls never read.
    Column("words", Text, nullable=False, server_default="[]"),
    Index(None, "call_id"),
    Index(None, "state", "expires_at"),
    Index(None, "is_expiry_known", "state"),
    Index(None, "organisation", "state"),
)

#: What another engine had heard before; whose it is and how long it stays is said by the row in `transcripts`.
EARLIER_TRANSCRIPTS = Table(
    "earlier_transcripts",
    METADATA,
    Column("recording_id", ForeignKey("recordings.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    *(text_column(name) for name in ("engine", "model", "language")),
    Column("language_confidence", Double),
    Column("confidence", Double),
    moment_or_none_column("made_at"),
    Column("facts", Text),
    *(text_column(name) for name in ("lines", "words")),
)

CALL_TAGS = Table(
    "call_tags",
    METADATA,
    Column("call_id", String, primary_key=True),
    Column("tag", String, primary_key=True),
    *(text_column(name) for name in ("organisation", "by")),
    moment_column("at"),
    Index(None, "organisation", "tag"),
)

CALL_NOTES = Table(
    "call_notes",
    METADATA,
    Column("id", String, primary_key=True),
    *(text_column(name) for name in ("call_id", "organisation", "text", "by")),
    moment_column("at"),
    Index(None, "call_id"),
)

CALL_TEXTS = Table(
    "call_texts",
    METADATA,
    #: The higher, the later the call began.
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("call_id", String, nullable=False, unique=True),
    text_column("organisation"),
    #: Those of its transcripts and notes. SQLite finds them by `call_words`, an index beside the tables.
    Column("words", Text().with_variant(TSVECTOR(), "postgresql"), nullable=False),
    Index(None, "organisation", "number").ddl_if(dialect="postgresql"),
    Index(None, "words", postgresql_using="gin", postgresql_with={"fastupdate": "off"}).ddl_if(dialect="postgresql"),
)
