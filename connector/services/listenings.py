"""Who listened to what: one line in the audit log for a listening, in however many parts a player fetches it.

A player asks for the beginning, for the end, and anew wherever somebody seeks: lines that say the same within some
minutes are one listening. Nothing is handed out before its line is written; a restart, or another node of the house,
writes one more, never one less.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from connector.domain.access import Access
from connector.domain.ids import Moment
from connector.domain.recording import ArtefactKind
from connector.ports.clock import Clock
from connector.ports.shipping_ledger import RecordingFile
from connector.services.ordering import Audited

LISTENING_SECONDS: Final = 600.0
#: By, address, recording, kind: what the line says.
_Said = tuple[str, str, str, ArtefactKind]


@dataclass(slots=True)
class _Listening:
    #: None: its line is being written, or could not be.
    written_at: Moment | None = None
    #: Its parts are asked for at once: the others wait for the first one's line.
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def holds(self, now: Moment) -> bool:
        return self.written_at is not None and now < self.written_at + LISTENING_SECONDS


class Listenings:
    def __init__(self, auditing: Audited, clock: Clock) -> None:
        self._auditing = auditing
        self._clock = clock
        #: Those that began first come first.
        self._known: OrderedDict[_Said, _Listening] = OrderedDict()

    async def heard(self, access: Access, file: RecordingFile, kind: ArtefactKind) -> None:
        """Returns when it is in the log; raises CatalogueUnavailable when it is not: then hand nothing out."""
        said = (access.by, access.address, file.recording.id, kind)
        listening = self._known.setdefault(said, _Listening())
        async with listening.turn:
            if listening.holds(self._clock.now()):
                return
            await self._auditing.done(
                access,
                "recording.listened",
                subject=file.recording.id,
                organisation=file.recording.organisation,
                call_id=file.call.id,
                kind=kind.value,
            )
            listening.written_at = self._clock.now()
        self._known[said] = listening
        self._known.move_to_end(said)
        self._forget_old()

    def _forget_old(self) -> None:
        now = self._clock.now()
        while self._known:
            oldest = next(iter(self._known.values()))
            if oldest.holds(now) or oldest.turn.locked():
                return
            self._known.popitem(last=False)
