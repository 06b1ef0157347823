"""The house before which the browser stands: made once, and for each test a copy of it behind our own server.

What lies in it is office.py's; how a house is made and served is tests/api/site.py's.
"""

from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeVar

from connector.catalogue import schema
from connector.domain.call import Call, CallState, Span
from connector.domain.decision import Change
from connector.domain.ids import CallId
from connector.domain.recording import Recording
from connector.domain.states import RecordingState
from connector.ports.call_ledger import JournalPosition
from connector.services.reports import write_report
from tests.api.configured import Annexe
from tests.api.seeds import NODE, ORGANISATIONS, call_id
from tests.api.site import Seeded, ServedSite, copied_file, seeded, served_site
from tests.browser import office

_PLAN: Final = {"plan": "standard", "timezone": "Europe/Berlin"}
ANNEXE: Final = Annexe(
    organisations={
        name: _PLAN | {"agents": {person.number: person.name for person in office.AGENTS}}
        for name in office.ORGANISATIONS
    },
    pbxs=office.ORGANISATIONS,
    sow=office.sow,
)

T = TypeVar("T")


@dataclass(kw_only=True)
class PageHouse:
    """The served one, and what happens in it while somebody looks on."""

    seed: Seeded
    #: Of its first life; those of further ones lie in it.
    folder: Path
    #: Of its catalogue, which outlives it.
    database: str
    server: ServedSite
    offset: int = 0
    lives: int = 1

    @property
    def url(self) -> str:
        return self.server.url

    def key(self, who: str) -> str:
        """`harbour admin`, `harbour listen`, `house read` …"""
        return self.server.site.key(who)

    def awaited(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What comes of it in the server's own loop."""
        return self.server.awaited(coroutine)

    def happen(self, *changes: Change) -> None:
        """As capture would tell the catalogue; whoever listens to live events hears of it."""
        self.offset += 1
        position = JournalPosition(file="journal-while-the-page-looks-on", offset=self.offset)
        calls = self.server.site.house.ground.catalogue.calls
        self.awaited(calls.apply(NODE, changes, position))

    def call(self, what: str, organisation: str = office.HARBOUR) -> Call:
        return self.awaited(self._found(call_id(organisation, what)))

    def recording(self, what: str, organisation: str = office.HARBOUR) -> Recording:
        """The call's newest."""
        return self.awaited(self._newest(call_id(organisation, what)))

    def pause(self, what: str) -> None:
        now = self.server.site.house.ground.clock.now()
        recording = self.recording(what)
        self.happen(replace(recording, state=RecordingState.PAUSED, pauses=(*recording.pauses, Span(start=now))))

    def resume(self, what: str) -> None:
        now = self.server.site.house.ground.clock.now()
        recording = self.recording(what)
        over = tuple(span if span.end else replace(span, end=now) for span in recording.pauses)
        self.happen(replace(recording, state=RecordingState.RECORDING, pauses=over))

    def end(self, what: str) -> None:
        """The call is over, and its recording with it; nobody works on that."""
        now = self.server.site.house.ground.clock.now()
        call = replace(self.call(what), state=CallState.ENDED, ended_at=now)
        self.happen(call, replace(self.recording(what), state=RecordingState.CAPTURED, ended_at=now))

    def answer_no_more(self) -> None:
        """Whoever asks meets a server that is not there."""
        self.server.stop()

    def answer_again(self) -> None:
        """At the same address, with the same catalogue."""
        self.lives += 1
        folder = self.folder / f"life-{self.lives}"
        folder.mkdir()
        self.server = ServedSite(self.seed, folder, self.database, self.url.removeprefix("http://"))
        self.server.start()
        self.server.wait()
        _report(folder, self.server.site.house.ground.clock.now())

    async def _found(self, id: CallId) -> Call:
        file = await self.server.site.house.ground.catalogue.call_search.call(id)
        assert file is not None, f"no call is {id!r}"
        return file.call

    async def _newest(self, id: CallId) -> Recording:
        file = await self.server.site.house.ground.catalogue.call_search.call(id)
        assert file is not None, f"no call is {id!r}"
        return max((one.recording for one in file.recordings), key=lambda one: one.requested_at)


def page_seed(folder: Path) -> Seeded:
    url = f"sqlite:///{folder / 'catalogue.db'}"
    schema.upgrade(url, folder)
    return seeded(folder, url, ANNEXE)


@contextmanager
def served_page(seed: Seeded, folder: Path) -> Iterator[PageHouse]:
    """A copy in that folder, which is empty."""
    database = copied_file(seed, folder)
    with served_site(seed, folder, database) as server:
        house = PageHouse(seed=seed, folder=folder, database=database, server=server)
        _report(folder, server.site.house.ground.clock.now())
        try:
            yield house
        finally:
            house.answer_no_more()


def _report(folder: Path, now: float) -> None:
    """What capture and work say of themselves: here nobody does, so it holds for longer than any test."""
    later = now + 3600
    facts = {"at": later, "node": NODE, "problems": []}
    told = {"is_connected": True, "version": "", "live_calls": 5, "recorders": 3, "problems": []}
    of_pbxs = {"pbxs": dict.fromkeys((*ORGANISATIONS, *office.ORGANISATIONS), told)}
    counted = {"live_calls": 5, "live_recordings": 3, "journal_lag": 0}
    write_report(folder / "health", "capture", facts | counted | of_pbxs)
    write_report(folder / "health", "work", facts | {"notifications": {"waiting": 0, "dead": 0}})
