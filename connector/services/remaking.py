"""What waits to be stored and is not on our disk any more: found where it was to go, made again, or refused.

A catalogue that was restored has no work files, and knows of no copy that was made after its backup. What is made again
may be other than it was as long as nobody was given that: Opus is never the same bytes twice, and another version may
place a file elsewhere.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from connector.domain.products import kinds
from connector.domain.recording import Artefact, ArtefactKind, Delivery, Rendering
from connector.domain.states import DeliveryEvent, DeliveryState
from connector.errors import CatalogueUnavailable, ConnectorError, is_passing
from connector.ports.shipping_ledger import RecordingFile, ShippingLedger
from connector.services.manifesting import with_manifest
from connector.services.rendering import Renderer
from connector.services.storing import Storing, give_up

log = logging.getLogger(__name__)

_MANIFEST = ArtefactKind.MANIFEST
_GIVEN = "its work file is lost, and what is made of it now is other bytes than a destination has: copy it from there"


class Remaking:
    def __init__(self, ledger: ShippingLedger, renderer: Renderer, storing: Storing, folder: Path) -> None:
        self._ledger = ledger
        self._renderer = renderer
        self._storing = storing
        #: Where artefacts lie; their paths in the catalogue are relative to it.
        self._folder = folder

    async def bring_back(self, file: RecordingFile, *, is_last: bool) -> RecordingFile:
        """Afterwards everything that waits is on our disk, or it is STORED, or it is REFUSED with the reason. Raises
        what is passing: no room, a PBX that does not answer; and, unless this try `is_last`, a destination that cannot
        say now what it has."""
        if not (lost := await asyncio.to_thread(self._lost, file)):
            return file
        await self._storing.find_landed(file, lost, is_last=is_last)
        file = await self._ledger.refreshed(file)
        lost = await asyncio.to_thread(self._lost, file)
        if file.rendering is not None and lost:
            await self._make_again(file, file.rendering, lost)
        return await self._ledger.refreshed(file)

    def _lost(self, file: RecordingFile) -> list[Delivery]:
        """Of words only the manifest: the others are written again by who wrote them."""
        made = file.rendering.artefacts if file.rendering else ()
        ours = {one.kind: self._folder / one.path for one in made if one.kind.is_sound or one.kind is _MANIFEST}
        waiting = (one for one in file.deliveries if one.state is DeliveryState.WAITING and one.kind in ours)
        return [one for one in waiting if not ours[one.kind].exists()]

    async def _make_again(self, file: RecordingFile, before: Rendering, lost: Sequence[Delivery]) -> None:
        missing = {delivery.kind for delivery in lost}
        try:
            refused = dict.fromkeys(await self._made_again(file, before, missing), _GIVEN)
        except CatalogueUnavailable:
            raise
        except ConnectorError as error:
            if is_passing(error):
                raise
            refused = dict.fromkeys(missing, str(error))
        for delivery in lost:
            if reason := refused.get(delivery.kind):
                await give_up(self._ledger, delivery, DeliveryEvent.REFUSED, reason)
                log.error("lost, and not made again", extra=_facts(file) | {"artefact": delivery.kind, "hint": reason})

    async def _made_again(
        self, file: RecordingFile, before: Rendering, lost: Collection[ArtefactKind]
    ) -> set[ArtefactKind]:
        """Returns what came out otherwise although somebody was given what it was; nothing of that stays."""
        wished = kinds(file.recording.options, file.call.kind)
        given = {delivery.kind for delivery in file.deliveries if delivery.stored_at is not None}
        old = {one.kind: one for one in before.artefacts}
        sounds = [kind for kind in wished if kind in lost]
        again = await self._renderer.make_again(file, sounds) if sounds else before
        changed = _otherwise(again, old)
        # A manifest gives the digests of all.
        refused = changed if _MANIFEST in given else changed & given
        accepted = changed - refused
        known = old | {one.kind: one for one in again.artefacts if one.kind in accepted}
        now = replace(again if accepted else before, artefacts=tuple(known[kind] for kind in wished if kind in known))
        if _MANIFEST in old and (_MANIFEST in lost or accepted):
            now = await asyncio.to_thread(with_manifest, file, now, self._folder)
            refused |= _otherwise(now, old) & given
        for kind in refused:
            (self._folder / old[kind].path).unlink(missing_ok=True)
        if accepted := _otherwise(now, old) - refused:
            await self._ledger.remade(file.recording.id, now)
        hint = ", ".join(sorted(set(lost) - refused))
        log.warning("lost, and made anew" if accepted else "lost, and made again", extra=_facts(file) | {"hint": hint})
        return refused


def _otherwise(rendering: Rendering, old: Mapping[ArtefactKind, Artefact]) -> set[ArtefactKind]:
    return {one.kind for one in rendering.artefacts if one.sha256 != old[one.kind].sha256}


def _facts(file: RecordingFile) -> dict[str, str]:
    recording = file.recording
    return {"recording_id": recording.id, "call_id": recording.call_id, "organisation": recording.organisation}
