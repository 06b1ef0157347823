"""What waits to be stored and is not on our disk any more: found where it was to go, made again, or refused.

A catalogue that was restored has no work files, and knows of no copy that was made after its backup. What is made again
may be other than it was as long as nobody was given that: Opus is never the same bytes twice, and another version may
place a file elsewhere. Knows that rule; must not know how sound is made, or stored.
"""

import asyncio
import logging
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias
from weakref import WeakValueDictionary

from connector.domain.ids import RecordingId
from connector.domain.products import kinds
from connector.domain.recording import ArtefactKind, Delivery, Rendering
from connector.domain.states import DeliveryEvent, DeliveryState, RecordingState
from connector.errors import (
    CatalogueUnavailable,
    ConnectorError,
    IllegalTransition,
    NoRoom,
    is_passing,
)
from connector.ports.shipping_ledger import RecordingFile, ShippingLedger
from connector.ports.transcription_ledger import TranscriptionLedger
from connector.services.manifesting import with_manifest
from connector.services.rendering import Renderer
from connector.services.storing import CopyKey, Later, Storing, copy_key, give_up
from connector.services.transcript_filing import transcript_paper

log = logging.getLogger(__name__)

_MANIFEST, _TRANSCRIPT = ArtefactKind.MANIFEST, ArtefactKind.TRANSCRIPT
_WANTS_COPIES = frozenset({RecordingState.RENDERED, RecordingState.AVAILABLE})
#: Another version may place a file a little elsewhere; what is so much shorter is not the same sound in other bytes.
_SHORTER_SECONDS = 1.0

#: What has to wait since a destination may have what cannot be made any more, and why.
HeldUp: TypeAlias = Sequence[tuple[Delivery, Later]]


class _MadeAgain:
    """What is made again, and what of it is to take the place of what was known."""

    def __init__(self, file: RecordingFile, before: Rendering) -> None:
        self.file = file
        self.rendering = before
        self.taken: set[ArtefactKind] = set()
        #: Why not.
        self.refused: dict[ArtefactKind, str] = {}
        self._before = before
        self._old = {one.kind: one for one in before.artefacts}

    @property
    def changed(self) -> set[ArtefactKind]:
        """What will be known as other bytes than before."""
        return {one.kind for one in self.rendering.artefacts if one.sha256 != self._old[one.kind].sha256}

    def take(self, made: Rendering) -> None:
        """All that it has, unless that is not what it was and must be."""
        known = {one.kind: one for one in self.rendering.artefacts}
        for one in made.artefacts:
            is_same = one.sha256 == self._old[one.kind].sha256
            if reason := "" if is_same else self._objection(made, one.kind):
                self.refused[one.kind] = reason
            else:
                self.taken.add(one.kind)
                known[one.kind] = one
        now = replace(self.rendering, artefacts=tuple(known.values()))
        self.rendering = replace(made, artefacts=now.artefacts) if now != self.rendering else now

    def _objection(self, made: Rendering, kind: ArtefactKind) -> str:
        known = {_source(trouble) for trouble in self._before.troubles}
        worse = [trouble for trouble in made.troubles if _source(trouble) not in known]
        if self._before.duration_seconds - made.duration_seconds > _SHORTER_SECONDS:
            worse.append(f"{made.duration_seconds:.1f} s instead of {self._before.duration_seconds:.1f}")
        if worse:
            return (
                f"its work file is lost, and the PBX's files do not hold it whole any more ({worse[0]}):"
                " put them back, then retry"
            )
        # A manifest gives the digests of all.
        told_by = {kind, _MANIFEST} if kind.is_sound else {kind}
        holder = next((one for one in self.file.deliveries if one.stored_at is not None and one.kind in told_by), None)
        if holder is None:
            return ""
        return (
            f"its work file is lost, and what is made of it now is other bytes than {holder.destination!r} has:"
            " copy them from there, then retry"
        )


class Remaking:
    def __init__(
        self,
        ledger: ShippingLedger,
        transcripts: TranscriptionLedger,
        renderer: Renderer,
        storing: Storing,
        folder: Path,
    ) -> None:
        self._ledger = ledger
        self._transcripts = transcripts
        self._renderer = renderer
        self._storing = storing
        #: Where artefacts lie; their paths in the catalogue are relative to it.
        self._folder = folder
        #: Two attempts with one recording would each find its files lost.
        self._turns: WeakValueDictionary[RecordingId, asyncio.Lock] = WeakValueDictionary()

    async def bring_back(self, file: RecordingFile) -> tuple[RecordingFile, HeldUp]:
        """Afterwards everything that waits is on our disk, or it is STORED, or REFUSED with the reason, or held up.
        Raises what is passing: no room, a PBX that does not answer."""
        if not (lost := await self._lost(file)):
            return file, ()
        held_up: HeldUp = ()
        async with self._turns.setdefault(file.recording.id, asyncio.Lock()):
            unsure = await self._storing.find_landed(file, lost)
            file = await self._ledger.refreshed(file)
            lost = await self._lost(file)
            if file.rendering is not None and lost:
                held_up = await self._make_again(file, file.rendering, lost, unsure)
        return await self._ledger.refreshed(file), held_up

    async def _lost(self, file: RecordingFile) -> list[Delivery]:
        if file.rendering is None or file.recording.state not in _WANTS_COPIES:
            return []
        paths = {one.kind: self._folder / one.path for one in file.rendering.artefacts}
        waiting = [one for one in file.deliveries if one.state is DeliveryState.WAITING]
        return await asyncio.to_thread(lambda: [one for one in waiting if not paths[one.kind].exists()])

    async def _make_again(
        self, file: RecordingFile, before: Rendering, lost: Sequence[Delivery], unsure: Mapping[CopyKey, Later]
    ) -> HeldUp:
        missing = {delivery.kind for delivery in lost}
        # Nothing takes its place before the catalogue knows of it: a crash in between would leave other bytes there.
        scratch = self._folder / "work" / file.recording.id / "again"
        made = _MadeAgain(file, before)
        try:
            await self._make_sounds(made, missing, scratch)
            await self._write_papers(made, missing, scratch)
            if not unsure:
                await self._settle(made, lost)
            kept = made.taken - (made.changed if unsure else set())
            paths = [one.path for one in made.rendering.artefacts if one.kind in kept]
            await asyncio.to_thread(_put_in_place, scratch, self._folder, paths)
        finally:
            await asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True)
        if kept:
            words = "lost, and made anew" if made.changed & kept else "lost, and made again"
            log.warning(words, extra=_facts(file) | {"hint": ", ".join(sorted(kept))})
        if not unsure:
            return ()
        some = next(iter(unsure.values()))
        waits = (one for one in lost if one.kind not in kept)
        return [(one, unsure.get(copy_key(one)) or replace(some, was_asked=False)) for one in waits]

    async def _settle(self, made: _MadeAgain, lost: Sequence[Delivery]) -> None:
        if made.changed:
            await self._ledger.remade(made.file.recording.id, made.rendering)
        for delivery in lost:
            if reason := made.refused.get(delivery.kind):
                await give_up(self._ledger, delivery, DeliveryEvent.REFUSED, reason)
                facts = _facts(made.file) | {"artefact": delivery.kind, "hint": reason}
                log.error("lost, and not made again", extra=facts)

    async def _make_sounds(self, made: _MadeAgain, missing: Collection[ArtefactKind], scratch: Path) -> None:
        wanted = [kind for kind in _sound_kinds(made.file) if kind in missing]
        try:
            if wanted:
                made.take(await self._renderer.make_again(made.file, wanted, scratch))
        except (CatalogueUnavailable, IllegalTransition):
            raise
        except ConnectorError as error:
            if is_passing(error):
                raise
            reason = f"its work file is lost, and cannot be made again ({error}): put the PBX's files back, then retry"
            made.refused |= dict.fromkeys(wanted, reason)

    async def _write_papers(self, made: _MadeAgain, missing: Collection[ArtefactKind], scratch: Path) -> None:
        known = {one.kind: one for one in made.rendering.artefacts}
        if _MANIFEST in missing or (made.changed and _MANIFEST in known):
            sounds = tuple(known[kind] for kind in _sound_kinds(made.file) if kind in known)
            rendering = replace(made.rendering, artefacts=sounds)
            rendering = await asyncio.to_thread(with_manifest, made.file, rendering, scratch)
            made.take(replace(rendering, artefacts=rendering.artefacts[-1:]))
        if _TRANSCRIPT in missing:
            versions = await self._transcripts.versions(made.file.recording.id)
            said = next((one for one in versions if one.version == known[_TRANSCRIPT].version), None)
            if said is None:
                made.refused[_TRANSCRIPT] = "its work file is lost, and so are its words: have it transcribed again"
            else:
                paper = await asyncio.to_thread(transcript_paper, said, scratch)
                made.take(replace(made.rendering, artefacts=(paper,)))


def _sound_kinds(file: RecordingFile) -> tuple[ArtefactKind, ...]:
    """As they are made."""
    return tuple(kinds(file.recording.options, file.call.kind))


def _source(trouble: str) -> str:
    """The file of the PBX that it is about."""
    return trouble.partition(": ")[0]


def _put_in_place(scratch: Path, folder: Path, paths: Sequence[str]) -> None:
    try:
        for path in paths:
            (folder / path).parent.mkdir(parents=True, exist_ok=True, mode=0o750)
            (scratch / path).replace(folder / path)
    except OSError as error:
        raise NoRoom(f"{error.filename} cannot be made ({error.strerror}): make room, or give us the folder") from error


def _facts(file: RecordingFile) -> dict[str, str]:
    recording = file.recording
    return {"recording_id": recording.id, "call_id": recording.call_id, "organisation": recording.organisation}
