"""Writing down who did what, before anything is handed out. Speaks to ports only; judges nothing.

What many requests write at the same time goes into the log in one transaction.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from connector.domain.access import NO_LIMITS, Access
from connector.domain.audit import AuditLine, Deed
from connector.domain.storable import storable
from connector.errors import NotPermitted
from connector.ports.audit_log import AuditLog
from connector.ports.clock import Clock
from connector.services.audit_head import AuditHead

#: In one transaction.
_MOST_AT_ONCE: Final = 200

_Waiting = tuple[Deed, "asyncio.Future[None]"]


class Auditing:
    def __init__(self, log: AuditLog, clock: Clock, head: AuditHead) -> None:
        self._log = log
        self._clock = clock
        self._head = head
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None

    async def done(
        self, access: Access, action: str, *, subject: str = "", organisation: str | None = None, **details: object
    ) -> None:
        """Returns when it is in the log; raises CatalogueUnavailable when it is not: then hand nothing out."""
        await self._write(
            Deed(
                action=action,
                by=access.by,
                organisation=access.organisation if organisation is None else organisation,
                subject=subject,
                address=access.address,
                details=details,
            )
        )

    async def done_by(
        self, by: str, action: str, *, subject: str = "", organisation: str | None = None, **details: object
    ) -> None:
        """The same of jobs and of the command line, `by` naming which."""
        await self._write(Deed(action=action, by=by, organisation=organisation, subject=subject, details=details))

    async def page(
        self,
        access: Access,
        *,
        limit: int,
        before: int | None = None,
        subject: str = "",
        action: str = "",
        by: str = "",
    ) -> Sequence[AuditLine]:
        """What was done in the organisation of who asks, the newest first; filters as the log has them."""
        if access.key.limits != NO_LIMITS:
            raise NotPermitted("this key is limited to some calls, and the audit log is about all: use another one")
        return await self._log.page(
            access.organisation,
            limit=limit,
            before=before,
            subject=storable(subject),
            action=storable(action),
            by=storable(by),
        )

    def troubles(self) -> list[str]:
        """For people: what keeps the log from being trusted."""
        return [self._head.trouble] if self._head.trouble else []

    async def close(self) -> None:
        """Everything is in the log, and its head is signed."""
        if self._writer is not None:
            await self._writer
        await self._head.close()

    async def _write(self, deed: Deed) -> None:
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((deed, written))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_all())
        await written

    async def _write_all(self) -> None:
        """A task of its own: who asked may leave before his line is written, and takes no other's with him."""
        try:
            while self._waiting:
                some, self._waiting = self._waiting[:_MOST_AT_ONCE], self._waiting[_MOST_AT_ONCE:]
                _tell(some, await self._added([deed for deed, _ in some]))
        finally:
            self._writer = None

    async def _added(self, deeds: Sequence[Deed]) -> Exception | None:
        try:
            line: AuditLine = await self._log.add(deeds, self._clock.now())
        except Exception as error:  # whatever it is, those who wait must not wait for ever
            return error
        self._head.follow(line)
        return None


def _tell(some: Sequence[_Waiting], error: Exception | None) -> None:
    for _, written in some:
        if written.done():
            continue
        if error is None:
            written.set_result(None)
        else:
            written.set_exception(error)
