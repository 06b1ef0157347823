"""Whether the catalogue is the one that this version works with, asked cheaply: without Alembic, in the role's loop."""

from sqlalchemy import Connection, inspect, text

from connector import __version__
from connector.catalogue.database import Database
from connector.errors import CatalogueMismatch

#: The newest revision in migrations/; a test holds both together.
HEAD = "0011"


async def check_version(database: Database) -> None:
    """Raise CatalogueMismatch with what to do; CatalogueUnavailable when it does not answer."""
    found = await database.read(_revision)
    if found is None:
        raise CatalogueMismatch("the catalogue is empty: run callreel migrate")
    if found > HEAD:
        newer = f"the catalogue is of revision {found}, newer than callreel {__version__} knows ({HEAD})"
        raise CatalogueMismatch(f"{newer}: install the callreel that wrote it, or restore a backup")
    if found != HEAD:
        raise CatalogueMismatch(f"the catalogue is of revision {found}, {HEAD} is needed: run callreel migrate")


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
