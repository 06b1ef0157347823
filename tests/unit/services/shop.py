"""Calls with recordings whose bytes lie in memory, and everything that hands them out."""

import hashlib
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import replace
from typing import Any

from connector.domain.access import Access, ApiKey, KeyRole, Limits
from connector.domain.call import CallState, Role
from connector.domain.ids import CallId, RecordingId
from connector.domain.recording import ArtefactKind
from connector.domain.secret import Secret
from connector.domain.states import DeliveryState, RecordingState, TranscriptionState
from connector.domain.transcript import SpokenLine, Transcript
from connector.errors import CatalogueUnavailable, DestinationUnreachable
from connector.ports.call_search import CallFile, CallFilter, CallPart, CallPlace
from connector.ports.destinations import Destinations
from connector.ports.shipping_ledger import RecordingFile
from connector.services.exporting import Exporting
from connector.services.fetching import Fetching
from connector.services.file_links import FileLinks
from connector.storage.memory import MemoryStore
from tests.builders import MORNING, a_call, a_delivery, a_recording, a_rendering, an_artefact
from tests.clocks import SimulatedClock
from tests.unit.services.yard import MemoryDestinations


def an_access(organisation: str | None = "default", *, limits: Limits = Limits(), **over: Any) -> Access:  # noqa: B008
    key = ApiKey(id="k1", name="a test", organisation=organisation, roles=(KeyRole.ADMIN,), limits=limits, created_at=0)
    return Access(key=replace(key, **over), address="192.0.2.1")


class Slow(MemoryStore):
    """Gives away a few bytes at a time, breaks off where a test says, and tells whether anybody still reads."""

    def __init__(self) -> None:
        super().__init__()
        self.readers = 0
        self.most_readers = 0
        #: Of an object: after so many bytes.
        self.breaks: dict[str, int] = {}
        self.read_names: list[str] = []

    async def read(self, name: str, begin_at: int = 0) -> AsyncIterator[bytes]:
        self.readers += 1
        self.most_readers = max(self.readers, self.most_readers)
        self.read_names.append(name)
        at = 0
        try:
            async for content in super().read(name, begin_at):
                for at in range(0, len(content), 1000):
                    if at >= self.breaks.get(name, 1 << 60):
                        raise DestinationUnreachable(f"the share went away in {name}")
                    yield content[at : at + 1000]
        finally:
            self.readers -= 1


class Deeds:
    """The audit log, as far as it is written to."""

    def __init__(self) -> None:
        self.done_so_far: list[tuple[str, str]] = []
        self.is_away = False

    async def done(
        self, access: Access, action: str, *, subject: str = "", organisation: str | None = None, **details: object
    ) -> None:
        if self.is_away:
            raise CatalogueUnavailable("the catalogue is locked")
        self.done_so_far.append((action, subject))

    def subjects(self, action: str) -> list[str]:
        return [subject for done, subject in self.done_so_far if done == action]


class Shelf:
    """CallSearch and, of the ledger, what fetching asks of it."""

    def __init__(self) -> None:
        self.files: list[CallFile] = []
        self.pages = 0

    async def calls(
        self,
        wanted: CallFilter,
        *,
        limit: int,
        after: CallPlace | None = None,
        without: Collection[CallPart] = (),
    ) -> Sequence[CallFile]:
        self.pages += 1
        mine = [one for one in self.files if wanted.organisation in {None, one.call.organisation}]
        mine = [one for one in mine if wanted.number is None or wanted.number in one.call.from_number]
        mine = [one for one in mine if wanted.started_after is None or one.call.started_at >= wanted.started_after]
        mine = [one for one in mine if wanted.started_before is None or one.call.started_at < wanted.started_before]
        found = sorted(mine, key=_place, reverse=True)
        if after is not None:
            found = [one for one in found if _place(one) < (after.started_at, after.call_id)]
        return found[:limit]

    async def call(self, call_id: CallId) -> CallFile | None:
        return next((one for one in self.files if one.call.id == call_id), None)

    async def calls_of_number(
        self, organisation: str | None, number: str, *, limit: int, after: str = ""
    ) -> Sequence[CallId]:
        ids = sorted(
            one.call.id
            for one in self.files
            if organisation in {None, one.call.organisation} and number in {one.call.from_number, one.call.to_number}
        )
        return [id for id in ids if id > after][:limit]

    async def file(self, recording_id: RecordingId) -> RecordingFile | None:
        found = (one for file in self.files for one in file.recordings)
        return next((one for one in found if one.recording.id == recording_id), None)


class Shop:
    def __init__(self) -> None:
        self.clock = SimulatedClock(MORNING + 1000)
        self.shelf = Shelf()
        self.deeds = Deeds()
        self.store = Slow()
        self.destinations = MemoryDestinations()
        self.destinations.stores = {"archive": self.store}
        links = FileLinks("http://calls.example.com", Secret("key"), self.clock)
        configured: Destinations = self.destinations
        self.fetching = Fetching(self.shelf, configured, links)  # type: ignore[arg-type]  # `file` is all that it asks
        self.exporting = Exporting(self.shelf, self.fetching, self.deeds)

    def call(
        self,
        id: str,
        *sounds: bytes,
        kinds: Sequence[ArtefactKind] = (ArtefactKind.STEREO,),
        words: str = "",
        state: RecordingState = RecordingState.AVAILABLE,
        reason: str = "",
        **over: Any,
    ) -> CallFile:
        """A call with a recording for each sound."""
        known = {"id": id, "state": CallState.ENDED, "ended_at": MORNING + 44.0, **over}
        call = a_call(**known)
        recordings = []
        for number, sound in enumerate(sounds, start=1):
            recording_id = f"{id}-r{number}"
            recording = a_recording(
                id=recording_id, call_id=id, organisation=call.organisation, state=state, reason=reason
            )
            artefacts, deliveries = [], []
            for kind in kinds:
                name = f"{recording_id}.{kind}.wav"
                self.store.objects[name] = sound
                facts = {"size_bytes": len(sound), "sha256": hashlib.sha256(sound).hexdigest()}
                artefacts.append(an_artefact(recording_id=recording_id, kind=kind, format="wav", **facts))
                left = DeliveryState.STORED if state is RecordingState.AVAILABLE else DeliveryState.DELETED
                deliveries.append(a_delivery(recording_id=recording_id, kind=kind, state=left, object_name=name))
            rendering = a_rendering(artefacts=tuple(artefacts))
            recordings.append(
                RecordingFile(
                    recording=recording, call=call, segments=(), rendering=rendering, deliveries=tuple(deliveries)
                )
            )
        transcripts = (a_transcript(call.id, f"{id}-r1", words),) if words else ()
        file = CallFile(call=call, recordings=tuple(recordings), tags=call.tags, transcripts=transcripts)
        self.shelf.files.append(file)
        return file


def a_transcript(call: str, recording: str, *words: str, organisation: str = "default") -> Transcript:
    return Transcript(
        recording_id=RecordingId(recording),
        call_id=CallId(call),
        organisation=organisation,
        state=TranscriptionState.DONE,
        language="en",
        lines=tuple(
            SpokenLine(role=Role.AGENT, start_seconds=number, end_seconds=number + 1, text=text)
            for number, text in enumerate(words)
        ),
        made_at=MORNING + 60,
    )


def _place(file: CallFile) -> tuple[float, str]:
    return (file.call.started_at, file.call.id)
