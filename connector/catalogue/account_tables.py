"""The catalogue's tables of the API: keys, the audit log, settings, requests. Knows columns and indexes only."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from connector.catalogue.columns import METADATA, moment_column, moment_or_none_column, text_column

KEYS = Table(
    "keys",
    METADATA,
    Column("id", String, primary_key=True),
    text_column("name"),
    Column("organisation", Text),
    *(text_column(name) for name in ("roles", "limits")),
    moment_column("created_at"),
    text_column("created_by"),
    *(moment_or_none_column(name) for name in ("expires_at", "revoked_at", "used_at")),
    #: Of the whole key, which is nowhere.
    text_column("digest"),
    #: The vault's name of its secret, for keys that sign requests.
    text_column("sealed_as"),
)

AUDIT = Table(
    "audit",
    METADATA,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    moment_column("at"),
    *(text_column(name) for name in ("action", "by")),
    Column("organisation", Text),
    *(text_column(name) for name in ("subject", "address", "details", "previous", "digest")),
    Index(None, "organisation", "number"),
    Index(None, "subject"),
)

CHANGED_SETTINGS = Table(
    "changed_settings",
    METADATA,
    Column("organisation", String, primary_key=True),
    Column("name", String, primary_key=True),
    *(text_column(name) for name in ("value", "by")),
    moment_column("at"),
)

REQUESTS = Table(
    "requests",
    METADATA,
    Column("id", String, primary_key=True),
    text_column("digest"),
    Column("status", Integer, nullable=False),
    text_column("body"),
    moment_column("at"),
    Index(None, "at"),
)
