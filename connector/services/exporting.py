"""Recordings and transcripts handed out in bulk: which files of which calls, one after the other, each written down
before its first byte. Speaks to ports only; knows no archive, no folder and no HTTP.
"""

import asyncio
import hashlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from connector.domain.access import Access
from connector.domain.call import Call
from connector.domain.export_rows import BEST_KINDS, Names, Row, call_row, day, transcript_row
from connector.domain.ids import Moment, RecordingId
from connector.domain.recording import ArtefactKind, Delivery
from connector.domain.states import RecordingState, TranscriptionState
from connector.errors import BadRequest, ConnectorError, NotFound
from connector.ports.call_search import CallFile, CallFilter, CallPlace, CallSearch
from connector.ports.shipping_ledger import RecordingFile
from connector.services.fetching import Fetched, Fetching, stored
from connector.services.file_links import Linked
from connector.services.ordering import Audited

log = logging.getLogger(__name__)

MOST_RECORDINGS: Final = 10_000
_PAGE: Final = 100
_NOWHERE: Final = "it is stored nowhere"
_UNREADABLE: Final = "its destination does not give it now"
_UNLOGGED: Final = "the audit log cannot be written now, and nothing is handed out without it"


class FileState(StrEnum):
    #: It has not been its turn yet.
    WAITING = "waiting"
    #: Every byte of it, with the right sha256.
    WHOLE = "whole"
    #: What came is not all of it, or not it.
    BROKEN = "broken"
    MISSING = "missing"


@dataclass(slots=True, kw_only=True)
class WantedFile:
    """One file, and what became of it."""

    recording_id: RecordingId
    kind: str
    #: Empty: there is nothing that could be fetched.
    name: str = ""
    linked: Linked | None = None
    organisation: str = ""
    moment: Moment = 0.0
    size_bytes: int = 0
    sha256: str = ""
    state: FileState = FileState.WAITING
    reason: str = ""

    def came_to(self, state: FileState, reason: str = "") -> None:
        self.state, self.reason = state, reason

    @property
    def row(self) -> Row:
        said: Row = {"recording_id": self.recording_id, "kind": self.kind, "state": str(self.state)}
        if self.reason:
            said["reason"] = self.reason
        if self.name:
            said |= {"name": self.name, "size_bytes": self.size_bytes, "sha256": self.sha256}
        return said


@dataclass(slots=True, kw_only=True)
class WantedCall:
    facts: Row
    files: list[WantedFile] = field(default_factory=list)

    @property
    def row(self) -> Row:
        """As the manifest has it."""
        return self.facts | {"files": [file.row for file in self.files]}


@dataclass(slots=True, kw_only=True)
class Consignment:
    """All that is to be handed out, small enough to be held; the bytes come one file at a time."""

    calls: list[WantedCall] = field(default_factory=list)
    recordings: int = 0

    @property
    def files(self) -> list[WantedFile]:
        return [file for call in self.calls for file in call.files]

    @property
    def fetchable(self) -> list[WantedFile]:
        return [file for file in self.files if file.linked is not None]

    def counts(self) -> dict[str, int]:
        """How many files are in which state."""
        states = [file.state for file in self.files]
        return {str(state): states.count(state) for state in FileState if state in states}


class Exporting:
    def __init__(self, search: CallSearch, fetching: Fetching, auditing: Audited) -> None:
        self._search = search
        self._fetching = fetching
        self._auditing = auditing

    async def consigned(
        self, access: Access, wanted: CallFilter, kinds: Sequence[ArtefactKind] = (), most: int | None = MOST_RECORDINGS
    ) -> Consignment:
        """Of each recording these kinds, or the best one that there is. Raises BadRequest when it would be more than
        `most` recordings or calls."""
        found = await self.gathered(access, wanted, kinds, most)
        # The manifest tells who called whom: that is written down, too.
        await self._auditing.done(
            access,
            "calls.exported",
            organisation=wanted.organisation,
            calls=len(found.calls),
            recordings=found.recordings,
        )
        return found

    async def gathered(
        self, access: Access, wanted: CallFilter, kinds: Sequence[ArtefactKind] = (), most: int | None = MOST_RECORDINGS
    ) -> Consignment:
        """What `consigned` hands out, and raises, and nothing is written down: to be counted, not to be shown."""
        found, packer = Consignment(), Packer(kinds)
        async for file in self.calls(access, wanted):
            found.recordings += len(file.recordings)
            found.calls.append(packer.packed(file))
            if most is not None and max(found.recordings, len(found.calls)) > most:
                what = "recordings" if found.recordings > most else "calls"
                raise BadRequest(f"these are more than {most} {what}: narrow the filter, as by from_date and to_date")
        return found

    async def opened(self, access: Access, file: WantedFile) -> Fetched | None:
        """Its bytes, to be closed; None when there are none, and `file` says why. It stands in the audit log by then:
        what cannot be written there is not handed out."""
        if file.linked is None:
            return None
        try:
            fetched = await self._fetching.fetched(file.linked)
        except (ConnectorError, TimeoutError) as error:
            file.came_to(FileState.MISSING, str(error) if isinstance(error, NotFound) else _UNREADABLE)
            _log_trouble(file, error)
            return None
        try:
            details = {"kind": file.kind, "destination": file.linked.destination, "in": "bulk"}
            await self._auditing.done(
                access, "recording.downloaded", subject=file.recording_id, organisation=file.organisation, **details
            )
        except BaseException as error:
            await fetched.pieces.close()
            if not isinstance(error, ConnectorError):
                raise
            file.came_to(FileState.MISSING, _UNLOGGED)
            _log_trouble(file, error)
            return None
        return fetched

    async def transcripts(self, access: Access, wanted: CallFilter) -> AsyncIterator[list[Row]]:
        """In pages; each one is in the audit log before it is given."""
        async for page in self._pages(access, wanted):
            done = [
                (file.call, transcript)
                for file in page
                for transcript in file.transcripts
                if transcript.state is TranscriptionState.DONE
            ]
            await asyncio.gather(*(self._note_reading(access, call, one.recording_id) for call, one in done))
            yield [transcript_row(call, one) for call, one in done]

    async def calls(self, access: Access, wanted: CallFilter) -> AsyncIterator[CallFile]:
        """What the key sees of them, the newest first."""
        async for page in self._pages(access, wanted):
            for file in page:
                yield file

    async def _note_reading(self, access: Access, call: Call, recording_id: RecordingId) -> None:
        await self._auditing.done(
            access,
            "transcript.read",
            subject=recording_id,
            organisation=call.organisation,
            call=call.id,
            **{"in": "bulk"},
        )

    async def _pages(self, access: Access, wanted: CallFilter) -> AsyncIterator[list[CallFile]]:
        after: CallPlace | None = None
        while True:
            page = await self._search.calls(wanted, limit=_PAGE, after=after)
            yield [file for file in page if access.sees(file.call, file.tags)]
            if len(page) < _PAGE:
                return
            last = page[-1].call
            after = CallPlace(started_at=last.started_at, call_id=last.id)


class Packer:
    """Chooses files and names, so that no two files of one consignment have the same."""

    def __init__(self, kinds: Sequence[ArtefactKind]) -> None:
        self._kinds = kinds
        self._names = Names()

    def packed(self, file: CallFile) -> WantedCall:
        call = WantedCall(facts=call_row(file.call, file.tags))
        for recording in file.recordings:
            call.files += self._of_recording(recording)
        return call

    def _of_recording(self, file: RecordingFile) -> list[WantedFile]:
        held = stored(file)
        if file.recording.state is RecordingState.REMOVED or not held:
            kinds = ", ".join(self._kinds) or "sound"
            return [WantedFile(recording_id=file.recording.id, kind=kinds, state=FileState.MISSING, reason=_why(file))]
        if not self._kinds:
            return [self._wanted(file, _best(held))]
        return [self._of_kind(file, kind, held) for kind in self._kinds]

    def _of_kind(self, file: RecordingFile, kind: ArtefactKind, held: Sequence[Delivery]) -> WantedFile:
        found = next((delivery for delivery in held if delivery.kind is kind), None)
        if found is not None:
            return self._wanted(file, found)
        reason = next((one.reason for one in file.deliveries if one.kind is kind and one.reason), "")
        return WantedFile(
            recording_id=file.recording.id,
            kind=kind,
            state=FileState.MISSING,
            reason=reason or f"there is no {kind} of it",
        )

    def _wanted(self, file: RecordingFile, delivery: Delivery) -> WantedFile:
        artefact, call = file.artefact(delivery), file.call
        ending = artefact.format if delivery.kind.is_sound else "json"
        return WantedFile(
            recording_id=file.recording.id,
            kind=delivery.kind,
            name=self._names.chosen(day(call.started_at), call.id, f"{delivery.kind}.{ending}"),
            linked=Linked(recording_id=file.recording.id, kind=delivery.kind, destination=delivery.destination),
            organisation=file.recording.organisation,
            moment=call.started_at,
            size_bytes=artefact.size_bytes,
            sha256=artefact.sha256,
        )


async def checked(file: WantedFile, fetched: Fetched) -> AsyncGenerator[bytes, None]:
    """Its pieces as they come; afterwards `file` says whether they were it. However it ends, it is let go of."""
    digest, size_bytes = hashlib.sha256(), 0
    try:
        async for piece in fetched.pieces:
            digest.update(piece)
            size_bytes += len(piece)
            if size_bytes > file.size_bytes:
                break
            yield piece
    except (ConnectorError, TimeoutError) as error:
        file.came_to(FileState.BROKEN, f"it broke off after {size_bytes} of {file.size_bytes} bytes")
        _log_trouble(file, error)
        return
    finally:
        await fetched.pieces.close()
    if digest.hexdigest() == file.sha256:
        file.came_to(FileState.WHOLE)
    else:
        file.came_to(
            FileState.BROKEN, f"{size_bytes} bytes came, and they are not the {file.size_bytes} that were stored"
        )


def _best(held: Sequence[Delivery]) -> Delivery:
    found = (delivery for kind in BEST_KINDS for delivery in held if delivery.kind is kind)
    return next(found, held[0])


def _why(file: RecordingFile) -> str:
    """Why nothing of it can be had."""
    recording = file.recording
    if recording.state is RecordingState.AVAILABLE:
        return _NOWHERE
    return f"{recording.state}: {recording.reason}" if recording.reason else str(recording.state)


def _log_trouble(file: WantedFile, error: BaseException) -> None:
    log.warning("file not handed out", extra={"recording_id": file.recording_id, "kind": file.kind, "hint": str(error)})
