"""All that a house keeps, to be compared: the rows of its catalogue, and the files of its folders."""

import hashlib
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from connector.catalogue.all_tables import METADATA
from tests.api.site import Site

#: Moments that anybody's question moves: when a key was used last, when a secret was asked for.
_PASSING = {("keys", "used_at"), ("sealed", "kept_at")}
Rows = dict[str, list[dict[str, Any]]]


async def rows(site: Site, organisation: str | None = None) -> Rows:
    """Those of one organisation only: of the tables that say whose a row is."""

    def read(connection: Connection) -> Rows:
        found = {}
        for table in METADATA.sorted_tables:
            columns = [one for one in table.c if (table.name, one.name) not in _PASSING]
            wanted = select(*columns).order_by(*table.primary_key.columns)
            if organisation is not None:
                if "organisation" not in table.c:
                    continue
                wanted = wanted.where(table.c.organisation == organisation)
            found[table.name] = [dict(row) for row in connection.execute(wanted).mappings()]
        return found

    return await site.house.ground.catalogue.database.read(read)


def differing(before: Rows, after: Rows) -> dict[str, Any]:
    """By table: what there is more, or other."""
    return {
        name: [row for row in after[name] if row not in before[name]] or "rows are gone"
        for name in before
        if before[name] != after[name]
    }


def files(folder: Path) -> dict[str, str]:
    """Every file's digest, by its name below the folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
