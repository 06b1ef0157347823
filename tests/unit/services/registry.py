"""Keeping and erasing with everything real but the destinations and the time, around a yard."""

from connector.domain.access import Access, ApiKey, KeyRole, Limits
from connector.domain.ids import CallId, RecordingId
from connector.domain.keeping import DAY_SECONDS, Keeping
from connector.domain.recording import Delivery
from connector.domain.retention import Terms
from connector.domain.secret import Secret
from connector.domain.states import RecordingState
from connector.errors import CatalogueUnavailable, ConnectorError, NotFound
from connector.ports.call_search import CallFile
from connector.services.audit_head import AuditHead
from connector.services.auditing import Auditing
from connector.services.erasing import Erasing
from connector.services.erasure_book import ErasureBook
from connector.services.keeping import RecordingKeeper
from connector.services.retention import Retention
from connector.storage.memory import MemoryStore
from tests.builders import MORNING, RECORDING
from tests.unit.services.yard import Yard


def an_access(id: str = "k1", organisation: str | None = "default", limits: Limits | None = None) -> Access:
    roles = (KeyRole.ADMIN,)
    key = ApiKey(id=id, name="", organisation=organisation, roles=roles, limits=limits or Limits(), created_at=MORNING)
    return Access(key=key)


ADMIN = an_access()


class Registry:
    def __init__(self, yard: Yard) -> None:
        self.yard = yard
        self.clock, self.catalogue = yard.clock, yard.catalogue
        self.terms = Terms(deletes_expired={"archive": True, "bucket": False})
        self.hour = ("03:30", "UTC")
        self.restart()

    def restart(self) -> None:
        """As another process would begin."""
        catalogue, clock, state = self.catalogue, self.clock, self.yard.state
        self.auditing = Auditing(catalogue.audit, clock, AuditHead(state / "audit.head", Secret("0" * 64), clock))
        self.book = ErasureBook(state)
        self.erasing = Erasing(catalogue.erasures, catalogue.keeping, self, self.book, self.auditing, clock)
        self.keeper = RecordingKeeper(catalogue.keeping, self, self.erasing, lambda: self.terms, self.auditing, clock)
        self.retention = Retention(catalogue.keeping, lambda: self.terms, lambda: self.hour, self.auditing, clock)

    async def call(self, access: Access, call_id: str) -> CallFile:
        found = await self.catalogue.call_search.call(CallId(call_id))
        if found is None or not access.sees(found.call, found.tags):
            raise NotFound(f"there is no call {call_id!r}")
        return found

    async def stored(self, *destinations: str) -> None:
        """The recording of the yard, at each of these; its call has ended."""
        for name in destinations:
            self.yard.destinations.stores.setdefault(name, MemoryStore())
        await self.yard.rendered(*destinations)
        await self.yard.apply(self.yard.caller())
        await self.yard.run()
        assert await self.state() is RecordingState.AVAILABLE

    async def removed(self) -> None:
        """Every removal that has fallen due by now."""
        dues = [due for due in await self.catalogue.dues.fallen("here", self.clock.now(), 100) if due.kind == "remove"]
        await self.catalogue.dues.forwarded(dues)
        for due in dues:
            await self._remove(due.subject, due.attempt)

    async def _remove(self, subject: str, attempt: int) -> None:
        for _, step in self.yard.removing.steps:
            try:
                await step(subject, attempt)
            except CatalogueUnavailable:
                raise
            except ConnectorError:
                return

    async def state(self) -> RecordingState:
        return (await self.yard.recording()).state

    async def keeping(self) -> Keeping:
        return (await self.catalogue.keeping.keepings([RecordingId(RECORDING)]))[RecordingId(RECORDING)]

    async def copy(self, destination: str = "archive") -> Delivery:
        return await self.yard.delivery(destination)

    async def actions(self) -> list[str]:
        """Of the audit log, the oldest first."""
        return [line.deed.action for line in await self.catalogue.audit.lines(0, 100)]

    async def days_pass(self, days: float) -> None:
        await self.clock.advance(days * DAY_SECONDS)
