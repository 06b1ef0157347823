"""What Alembic runs for `connector.catalogue.schema`, on the connection that it hands over."""

from alembic import context

from connector.catalogue.all_tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    # SQLite can: our connection begins transactions itself.
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
