"""Settings by API in memory, whom calls name, and who writes the audit log there."""

from collections.abc import Mapping, Sequence

from connector.domain.access import Access
from connector.domain.ids import Moment
from connector.errors import CatalogueUnavailable
from connector.ports.changed_settings import ChangedSetting
from connector.ports.seen_agents import SeenAgent


class MemorySettings:
    """The ChangedSettings; `is_away` while its catalogue does not answer."""

    def __init__(self, *rows: ChangedSetting) -> None:
        self.rows = {(row.organisation, row.name): row for row in rows}
        self.revisions = 0
        self.is_away = False
        #: How often everything was read.
        self.reads = 0

    async def all(self) -> Sequence[ChangedSetting]:
        self._answer()
        self.reads += 1
        return [self.rows[key] for key in sorted(self.rows)]

    async def change(self, organisation: str, values: Mapping[str, str | None], *, by: str, at: Moment) -> None:
        self._answer()
        self.revisions += 1
        for name, value in values.items():
            if value is None:
                self.rows.pop((organisation, name), None)
            else:
                self.rows[organisation, name] = ChangedSetting(
                    organisation=organisation, name=name, value=value, by=by, at=at
                )

    async def revision(self) -> int:
        self._answer()
        return self.revisions

    def _answer(self) -> None:
        if self.is_away:
            raise CatalogueUnavailable("the catalogue cannot answer now: it is locked")


class MemorySeenAgents:
    """The SeenAgents; `known` by organisation."""

    def __init__(self) -> None:
        self.known: dict[str, list[SeenAgent]] = {}

    async def of(self, organisation: str, *, most: int) -> Sequence[SeenAgent]:
        return sorted(self.known.get(organisation, []), key=lambda one: one.id)[:most]


class Writing:
    """The Auditing as those see it who have done something."""

    def __init__(self) -> None:
        self.done_so_far: list[tuple[str, str, str | None, Mapping[str, object]]] = []
        self.is_away = False

    async def done(
        self, access: Access, action: str, *, subject: str = "", organisation: str | None = None, **details: object
    ) -> None:
        if self.is_away:
            raise CatalogueUnavailable("the audit log cannot be written now")
        self.done_so_far.append((access.by, action, organisation, details))
