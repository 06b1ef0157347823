"""What work knows and writes of recordings from CAPTURED on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from connector.domain.call import Call
from connector.domain.decision import Due
from connector.domain.ids import RecordingId
from connector.domain.keeping import NOT_RECKONED, Keeping
from connector.domain.recording import Artefact, Delivery, Recording, Rendering, Segment
from connector.domain.states import DeliveryEvent, DeliveryState, RecordingEvent, RecordingState


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingFile:
    """Everything about one recording, in one read."""

    recording: Recording
    call: Call
    segments: tuple[Segment, ...]
    #: None before it is RENDERED.
    rendering: Rendering | None
    deliveries: tuple[Delivery, ...]
    keeping: Keeping = NOT_RECKONED

    def artefact(self, delivery: Delivery) -> Artefact:
        artefacts = self.rendering.artefacts if self.rendering else ()
        return next(artefact for artefact in artefacts if artefact.kind == delivery.kind)

    def as_known(self, delivery: Delivery) -> Delivery:
        """The same copy as it is here."""
        key = (delivery.destination, delivery.kind)
        return next(one for one in self.deliveries if (one.destination, one.kind) == key)


class ShippingLedger(Protocol):
    """Every method raises CatalogueUnavailable when the catalogue cannot answer now."""

    async def file(self, recording_id: RecordingId) -> RecordingFile | None:
        """All about it; None when unknown."""
        ...

    async def refreshed(self, file: RecordingFile) -> RecordingFile:
        """The same with what may change while copies are made of it: the recording, its artefacts, its deliveries.
        Raises IllegalTransition when it is not there any more."""
        ...

    async def moved(
        self, recording_id: RecordingId, event: RecordingEvent, *, reason: str = "", due: Sequence[Due] = ()
    ) -> RecordingState:
        """Move the recording's state and add the due rows in one transaction; raises IllegalTransition and changes
        nothing when the state does not allow it."""
        ...

    async def rendered(self, recording_id: RecordingId, rendering: Rendering, deliveries: Sequence[Delivery]) -> None:
        """CAPTURED to RENDERED with all that rendering found, and the deliveries that are wanted. On a recording that
        is RENDERED already nothing changes."""
        ...

    async def remade(self, recording_id: RecordingId, rendering: Rendering) -> None:
        """Files that were lost before anybody was given them came out otherwise: the rendering and its artefacts take
        the place of what was known; other artefacts stay. Raises IllegalTransition when the recording is neither
        RENDERED nor AVAILABLE (any more)."""
        ...

    async def added(self, artefact: Artefact, deliveries: Sequence[Delivery], due: Sequence[Due] = ()) -> None:
        """One more artefact and the deliveries that are wanted of it, when the recording is AVAILABLE or FAILED at
        store; raises IllegalTransition in any other state. What is there already stays as it is."""
        ...

    async def renewed(self, artefact: Artefact, due: Sequence[Due] = ()) -> None:
        """A newer version of an artefact takes the earlier one's place: what is STORED of it is WAITING again, and is
        still known to lie there. Raises IllegalTransition as `added` does; the same version again changes nothing."""
        ...

    async def named(self, delivery: Delivery, object_name: str, place: str, *, overwrite: bool = False) -> None:
        """Commit the object name, and where it will be, before the first byte leaves. Raises ObjectExists when another
        of our copies has that name there, unless it may `overwrite`."""
        ...

    async def stood_in(self, delivery: Delivery) -> None:
        """One more delivery is wanted, for one that cannot be made now; what is there already stays as it is.
        Raises IllegalTransition when the recording is neither RENDERED nor AVAILABLE (any more)."""
        ...

    async def delivery_moved(
        self,
        delivery: Delivery,
        event: DeliveryEvent,
        *,
        reason: str = "",
        url: str = "",
        version: int | None = None,
        due: Sequence[Due] = (),
    ) -> DeliveryState:
        """Move one delivery's state, count the attempt, add the due rows, in one transaction; returns what it is then.
        `version` is what was stored: when a newer one was made meanwhile it is WAITING, when nobody may have it any
        more it is DELETING."""
        ...

    async def stored(
        self, file: RecordingFile, delivery: Delivery, *, url: str, version: int, due: Sequence[Due]
    ) -> RecordingFile:
        """What `delivery_moved` does for a copy that landed, and then what `refreshed` returns, in one transaction."""
        ...

    async def delivery_postponed(self, delivery: Delivery, reason: str, due: Due) -> None:
        """A passing failure: count the attempt, remember why, fall due again."""
        ...

    async def delivery_untried(self, delivery: Delivery, reason: str, due: Due) -> None:
        """Nobody was asked this time, which is no attempt: fall due again, and remember why unless a try has said it
        before."""
        ...

    async def next_attempt(self, recording_id: RecordingId) -> int:
        """One more than any attempt that ever fell due for it."""
        ...

    async def sources_removed(self, recording_id: RecordingId) -> None:
        """The PBX's files of it are gone on purpose."""
        ...

    async def artefacts_removed(self, recording_id: RecordingId) -> None:
        """Our local work files of it are gone on purpose."""
        ...

    async def files_to_remove(self, node: str, stored_before: float, limit: int) -> list[RecordingId]:
        """Recordings of this node whose local files have done their duty: AVAILABLE, every delivery STORED or WAIVED,
        the last one before that moment, local files still there; or REMOVED and ABSENT with files left."""
        ...

    async def note_fileless(self, node: str, requested_before: float, limit: int) -> int:
        """Of some REMOVED and ABSENT ones that never had a file it is remembered that none is left, so that nobody
        looks for any again; returns of how many."""
        ...

    async def known_paths(self, pbx: str) -> set[str]:
        """Every segment path of that PBX that a recording refers to and whose file was not removed on purpose."""
        ...

    async def stuck(self, node: str, limit: int) -> list[Due]:
        """For each recording of this node that waits for work (CAPTURED, RENDERED, REMOVING, or AVAILABLE with a copy
        missing) and has no due row: a new due row of the next attempt for it. Not written: the caller does so by
        Dues.add."""
        ...
