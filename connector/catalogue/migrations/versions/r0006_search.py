"""The words of transcripts and notes, so that calls are found by them; and which calls joined which."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "0006"
down_revision = "0005"
#: The first release that works with a catalogue of this revision.
since_version = "0.2.0"

# No positions are kept: all words of a question may stand anywhere. `number` orders by time, so does the index.
_FTS5 = (
    """
    CREATE VIRTUAL TABLE call_words USING fts5
        (words, content='call_texts', content_rowid='number', detail='none', columnsize=0, tokenize='ascii')
    """,
    """
    CREATE TRIGGER call_texts_added AFTER INSERT ON call_texts BEGIN
        INSERT INTO call_words (rowid, words) VALUES (new.number, new.words);
    END
    """,
    """
    CREATE TRIGGER call_texts_removed AFTER DELETE ON call_texts BEGIN
        INSERT INTO call_words (call_words, rowid, words) VALUES ('delete', old.number, old.words);
    END
    """,
    """
    CREATE TRIGGER call_texts_changed AFTER UPDATE ON call_texts BEGIN
        INSERT INTO call_words (call_words, rowid, words) VALUES ('delete', old.number, old.words);
        INSERT INTO call_words (rowid, words) VALUES (new.number, new.words);
    END
    """,
)


def upgrade() -> None:
    is_joined = sa.text("joined IS NOT NULL")
    op.create_index("ix_calls_joined", "calls", ["joined"], sqlite_where=is_joined, postgresql_where=is_joined)
    is_tagged = sa.text("""options LIKE '%"tags":["%'""")
    op.create_index(
        "ix_recordings_tagged",
        "recordings",
        ["organisation", "call_id"],
        sqlite_where=is_tagged,
        postgresql_where=is_tagged,
    )
    op.create_table(
        "call_texts",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False, autoincrement=False),
        sa.Column("call_id", sa.String, nullable=False),
        sa.Column("organisation", sa.Text, nullable=False),
        sa.Column("words", sa.Text().with_variant(TSVECTOR(), "postgresql"), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_call_texts"),
        sa.UniqueConstraint("call_id", name="uq_call_texts_call_id"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.create_index("ix_call_texts_organisation_number", "call_texts", ["organisation", "number"])
        # Without a list of what is not indexed yet, which every question would read.
        at_once = {"fastupdate": "off"}
        op.create_index("ix_call_texts_words", "call_texts", ["words"], postgresql_using="gin", postgresql_with=at_once)
        return
    for statement in _FTS5:
        op.execute(statement)
