"""The revisions, found by Alembic."""
