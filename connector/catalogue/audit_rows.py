"""The audit log as rows that are only ever inserted. Knows who comes next; does not judge the chain."""

import json
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, func, select

from connector.catalogue.account_tables import AUDIT
from connector.catalogue.database import Database
from connector.catalogue.upsert import execute_many
from connector.domain.audit import BEGINNING, AuditLine, Deed, details_text, digest_of, written
from connector.domain.ids import Moment

#: PostgreSQL's lock for whoever adds; on SQLite who writes is alone.
_LOCK: Final = 0x63616C6C61756469
#: The last moment that has a date.
_LAST_MOMENT: Final = 253_402_300_799.0

_NEWEST = select(AUDIT).order_by(AUDIT.c.number.desc()).limit(1)


class AuditRows:
    """The AuditLog."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, deeds: Sequence[Deed], at: Moment) -> AuditLine:
        return await self._database.write(lambda connection: _added(connection, deeds, at))

    async def page(
        self,
        organisation: str | None,
        *,
        limit: int,
        before: int | None = None,
        subject: str = "",
        action: str = "",
        by: str = "",
    ) -> Sequence[AuditLine]:
        page = select(AUDIT).order_by(AUDIT.c.number.desc()).limit(limit)
        if organisation is not None:
            page = page.where(AUDIT.c.organisation == organisation)
        if before is not None:
            page = page.where(AUDIT.c.number < before)
        if subject:
            page = page.where(AUDIT.c.subject == subject)
        if action:
            # Not LIKE: that means another thing in each of the two.
            page = page.where(func.substr(AUDIT.c.action, 1, len(action)) == action)
        if by:
            page = page.where(AUDIT.c.by == by)
        return await self._lines(page)

    async def lines(self, after: int, limit: int) -> Sequence[AuditLine]:
        return await self._lines(select(AUDIT).where(AUDIT.c.number > after).order_by(AUDIT.c.number).limit(limit))

    async def head(self) -> AuditLine | None:
        return next(iter(await self._lines(_NEWEST)), None)

    async def _lines(self, wanted: Any) -> list[AuditLine]:
        rows = await self._database.read(lambda connection: connection.execute(wanted).mappings().all())
        return [_line(row) for row in rows]


def _added(connection: Connection, deeds: Sequence[Deed], at: Moment) -> AuditLine:
    if connection.dialect.name == "postgresql":
        # A statement of its own: the next one sees what the one before us has committed.
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    row = connection.execute(_NEWEST).mappings().one_or_none()
    last = None if row is None else _line(row)
    lines: list[AuditLine] = []
    for deed in map(written, deeds):
        last = _next(last, float(at), deed)
        lines.append(last)
    if last is None:
        raise ValueError("nothing to write down, and nothing was before")
    execute_many(connection, AUDIT.insert(), [_row(line) for line in lines])
    return last


def _next(last: AuditLine | None, at: Moment, deed: Deed) -> AuditLine:
    number = last.number + 1 if last else 1
    previous = last.digest if last else BEGINNING
    return AuditLine(number=number, at=at, deed=deed, previous=previous, digest=digest_of(number, at, deed, previous))


def _row(line: AuditLine) -> dict[str, object]:
    deed = line.deed
    return {
        "number": line.number,
        "at": line.at,
        "action": deed.action,
        "by": deed.by,
        "organisation": deed.organisation,
        "subject": deed.subject,
        "address": deed.address,
        "details": details_text(deed),
        "previous": line.previous,
        "digest": line.digest,
    }


def _line(row: RowMapping) -> AuditLine:
    """Whatever somebody has made of the row meanwhile: the chain is what finds that out."""
    at = row["at"]
    return AuditLine(
        number=row["number"],
        at=at if isinstance(at, float) and 0 <= at <= _LAST_MOMENT else 0.0,
        deed=Deed(
            action=str(row["action"]),
            by=str(row["by"]),
            organisation=None if row["organisation"] is None else str(row["organisation"]),
            subject=str(row["subject"]),
            address=str(row["address"]),
            details=_details(str(row["details"])),
        ),
        previous=str(row["previous"]),
        digest=str(row["digest"]),
    )


def _details(text: str) -> dict[str, object]:
    unread: dict[str, object] = {"unreadable": text}
    try:
        details = json.loads(text)
    except ValueError:
        return unread
    # Not as we write it: as a text it is another one, though it may mean the same.
    is_ours = isinstance(details, dict) and details_text(Deed(action="", by="", details=details)) == text
    return details if is_ours else unread
