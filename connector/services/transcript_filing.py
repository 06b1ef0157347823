"""The transcript as a file beside the sound, in Sinch's form; and what becomes of sound that only was to be heard.

Speaks to ports only; must not know who has heard it.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from connector.domain.decision import Due
from connector.domain.products import SHIPPING, keeps_sound
from connector.domain.recording import Artefact, ArtefactKind, Delivery, Rendering
from connector.domain.states import DeliveryState, RecordingState
from connector.domain.transcript import TRANSCRIBING, Transcript
from connector.domain.transcript_forms import sinch
from connector.errors import NoRoom
from connector.ports.clock import Clock
from connector.ports.destinations import Destinations
from connector.ports.dues import Dues
from connector.ports.segment_source import SegmentSource
from connector.ports.shipping_ledger import RecordingFile, ShippingLedger
from connector.services.guarding import Postponed
from connector.services.papers import written_paper

log = logging.getLogger(__name__)

_IS_SETTLED = frozenset({RecordingState.AVAILABLE, RecordingState.FAILED_STORE})
_IS_UNDER_WAY = frozenset({RecordingState.CAPTURED, RecordingState.RENDERED})
#: A recording that is still on its way to its first destination is looked at again so soon, and then more seldom.
_SOON_SECONDS = 5.0
_LATER_SECONDS = 60.0
_SOON_TRIES = 12


class TranscriptFiling:
    def __init__(
        self,
        shipping: ShippingLedger,
        dues: Dues,
        sources: Mapping[str, SegmentSource],
        destinations: Destinations,
        clock: Clock,
        folder: Path,
    ) -> None:
        self._shipping = shipping
        self._dues = dues
        self._sources = sources
        self._destinations = destinations
        self._clock = clock
        self._folder = folder

    async def file(self, transcript: Transcript, attempt: int) -> None:
        """It goes where the sound went, as soon as that is settled; of a recording whose sound is not kept it is the
        only thing that goes. A newer version takes the earlier one's place. Raises Postponed."""
        file = await self._shipping.file(transcript.recording_id)
        if file is None:
            return
        try:
            await self._file(file, transcript, attempt)
        except NoRoom as error:
            await self._wait(file, attempt)
            log.warning("transcript not filed yet", extra={"recording_id": file.recording.id, "hint": str(error)})
            raise Postponed(f"recording {file.recording.id}: {error}") from error

    async def _file(self, file: RecordingFile, transcript: Transcript, attempt: int) -> None:
        state = file.recording.state
        if papers := [one for one in file.deliveries if one.kind is ArtefactKind.TRANSCRIPT]:
            if not keeps_sound(file.recording.options):
                # An earlier try may have come to its end before the sound was gone.
                await self._remove_sound(file)
            elif state in _IS_SETTLED and file.artefact(papers[0]).version < transcript.version:
                await self._renew(file, papers, transcript, attempt)
        elif not keeps_sound(file.recording.options) and state is RecordingState.CAPTURED:
            await self._leave_sound(file, transcript)
        elif state in _IS_SETTLED:
            paper, due = await self._paper(transcript), await self._ship(file)
            await self._shipping.added(paper, self._deliveries(file), [due])
        elif state in _IS_UNDER_WAY:
            await self._wait(file, attempt)
            raise Postponed(f"recording {file.recording.id} is {state}: its sound comes first")

    async def _renew(
        self, file: RecordingFile, papers: Sequence[Delivery], transcript: Transcript, attempt: int
    ) -> None:
        """Everywhere at once. What may lie somewhere without anybody knowing it must be known before."""
        if any(map(_is_unproven, papers)):
            await self._wait(file, attempt)
            raise Postponed(f"an earlier file of recording {file.recording.id} is on its way: it comes first")
        await self._shipping.renewed(await self._paper(transcript), [await self._ship(file)])

    async def _wait(self, file: RecordingFile, attempt: int) -> None:
        at = self._clock.now() + (_SOON_SECONDS if attempt <= _SOON_TRIES else _LATER_SECONDS)
        due = Due(kind=TRANSCRIBING, subject=file.recording.id, attempt=attempt + 1, node=file.recording.node, at=at)
        await self._dues.add([due])

    async def _leave_sound(self, file: RecordingFile, transcript: Transcript) -> None:
        """The words are in the catalogue: the sound goes at once, and was nowhere else."""
        paper = await self._paper(transcript)
        facts = transcript.facts
        rendering = Rendering(
            duration_seconds=facts.duration_seconds if facts else 0.0,
            gaps=(),
            channels=(),
            levels=(),
            is_partial=False,
            troubles=(),
            artefacts=(paper,),
            peaks_path="",
        )
        await self._shipping.rendered(file.recording.id, rendering, self._deliveries(file))
        await self._dues.add([await self._ship(file)])
        await self._remove_sound(file)
        log.info("heard and not kept", extra={"recording_id": file.recording.id, "call_id": file.call.id})

    async def _remove_sound(self, file: RecordingFile) -> None:
        source = self._sources.get(file.recording.pbx)
        if source is not None:
            for segment in file.segments:
                await source.remove(segment.path)
            await self._shipping.sources_removed(file.recording.id)

    async def _paper(self, transcript: Transcript) -> Artefact:
        return await asyncio.to_thread(transcript_paper, transcript, self._folder)

    def _deliveries(self, file: RecordingFile) -> list[Delivery]:
        return [
            Delivery(recording_id=file.recording.id, kind=ArtefactKind.TRANSCRIPT, destination=name)
            for name in self._destinations.names_for(file.recording)
        ]

    async def _ship(self, file: RecordingFile) -> Due:
        attempt = await self._shipping.next_attempt(file.recording.id)
        at = self._clock.now()
        return Due(kind=SHIPPING, subject=file.recording.id, attempt=attempt, node=file.recording.node, at=at)


def transcript_paper(transcript: Transcript, folder: Path) -> Artefact:
    said = sinch(transcript.lines)
    return written_paper(transcript.recording_id, ArtefactKind.TRANSCRIPT, said, folder, transcript.version)


def _is_unproven(delivery: Delivery) -> bool:
    """A try was begun, and its end may be hidden by a crash."""
    return delivery.state is DeliveryState.WAITING and delivery.object_name != "" and not delivery.has_earlier
