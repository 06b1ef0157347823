"""The whole application with every door open, over a catalogue and files on disk; and what it has done, seen from
behind."""

from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from connector.catalogue import schema
from connector.catalogue.store import Catalogue
from connector.config.overlay import effective
from connector.domain.audit import Deed
from connector.domain.ids import CallId
from connector.domain.keeping import Keeping
from connector.domain.setting_changes import EffectiveSettings
from connector.ports.commands import Command
from connector.ports.shipping_ledger import RecordingFile
from connector.roles.foundation import Foundation
from connector.services.removing import Removing
from tests.api.configured import Annexe
from tests.api.seeds import NODE, ORGANISATIONS
from tests.api.site import Seeded, ServedSite, copied_file, seeded, served_site
from tests.doors.calls import KROS, SHOP, recording_of, sow, stock

T = TypeVar("T")

#: As the services' own examples want it; no client of theirs is asked to say anything else.
ANNEXE: Final = Annexe(
    organisations={SHOP: {"match": ["user_456"]}, KROS: {}},
    api={
        "outbound": {
            "pbx": ORGANISATIONS[0],
            "node": NODE,
            "context": "from-callreel",
            "numbers": ["+1X."],
            "endpoints": {"ep_abc123": "PJSIP/2001", "ep_2": "PJSIP/2002"},
            "caller_ids": ["+234X."],
        },
        # Where Amazon's address leads to in these tests.
        "storage_allow_private": ["127.0.0.0/8"],
    },
    sow=sow,
)
_MOST: Final = 200


@dataclass(frozen=True)
class Site:
    """`organisation`: whose keys its clients have."""

    server: ServedSite
    organisation: str
    #: What stood in the audit log before the first client came.
    audited: int

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def archive(self) -> Path:
        return self._seeded.archive

    @property
    def folder(self) -> Path:
        return self.server.site.folder

    def key(self, role: str) -> str:
        return self._seeded.keys[f"{self.organisation} {role}"]

    @property
    def application_key(self) -> str:
        """By its id, as it is shown when it is made."""
        return self._seeded.key_ids[f"{self.organisation} signing"]

    @property
    def application_secret(self) -> str:
        return self._seeded.secrets[self.organisation].reveal()

    # --- behind it ------------------------------------------------------------------------------------------------

    def behind(self, ask: Callable[[Foundation], Coroutine[Any, Any, T]]) -> T:
        return self.server.awaited(ask(self.ground))

    def looked_up(self, ask: Callable[[Catalogue], Coroutine[Any, Any, T]]) -> T:
        return self.server.awaited(ask(self.ground.catalogue))

    def commands(self) -> list[Command]:
        """What was ordered here, the oldest first, by the names that the audit log has."""
        ordered = [deed for deed in self.deeds() if deed.action in {"instruction.given", "call.placed"}]
        return [self._command(str(deed.details.get("command", deed.subject))) for deed in reversed(ordered)]

    def deeds(self, action: str = "") -> Sequence[Deed]:
        """What its clients have done, the newest first; `action` may be the beginning of one."""
        lines = self.looked_up(lambda catalogue: catalogue.audit.page(self.organisation, limit=_MOST, action=action))
        return [line.deed for line in lines if line.number > self.audited]

    def secret(self, name: str) -> str:
        """What the vault keeps under that name."""
        return self.behind(lambda ground: ground.vault.reveal(name)).reveal()

    def is_written_anywhere(self, words: str) -> bool:
        """In plain, in whatever the house has written."""
        return any(words.encode() in path.read_bytes() for path in self.folder.rglob("*") if path.is_file())

    def changed(self) -> dict[str, str]:
        """What lies over config.yaml, as the catalogue has it."""
        rows = self.looked_up(lambda catalogue: catalogue.changed_settings.all())
        return {row.name: row.value for row in rows if row.organisation == self.organisation}

    def effective(self) -> EffectiveSettings:
        """What holds in the house that runs."""
        return effective(self.ground.overlay.settings, self.organisation)

    def recording(self, call_id: CallId) -> RecordingFile:
        found = self.looked_up(lambda catalogue: catalogue.shipping.file(recording_of(call_id)))
        assert found is not None
        return found

    def keeping(self, call_id: CallId) -> Keeping:
        id = recording_of(call_id)
        return self.looked_up(lambda catalogue: catalogue.keeping.keepings([id]))[id]

    def removed(self, call_id: CallId) -> None:
        """What the work role does with a recording on its way out."""
        self.behind(lambda ground: _removed(ground, recording_of(call_id)))

    def _command(self, id: str) -> Command:
        found = self.looked_up(lambda catalogue: catalogue.commands.find(id))
        assert found is not None, id
        return found

    @property
    def ground(self) -> Foundation:
        return self.server.site.house.ground

    @property
    def _seeded(self) -> Seeded:
        return self.server.site.seeded


def seeded_house(folder: Path) -> Seeded:
    url = f"sqlite:///{folder / 'catalogue.db'}"
    schema.upgrade(url, folder)
    return seeded(folder, url, ANNEXE)


@contextmanager
def opened_site(seed: Seeded, folder: Path, organisation: str) -> Iterator[Site]:
    """With nothing left of an earlier client."""
    stock(seed.archive)
    with served_site(seed, folder, copied_file(seed, folder)) as server:
        head = server.awaited(server.site.house.ground.catalogue.audit.head())
        assert head is not None
        yield Site(server, organisation, head.number)


async def _removed(ground: Foundation, recording_id: str) -> None:
    catalogue = ground.catalogue
    removing = Removing(catalogue.shipping, catalogue.dues, {}, ground.destinations, ground.clock, ground.state)
    for _, step in removing.steps:
        await step(recording_id, 0)
