"""Erasing all of a call or of a number: written down first, carried out call by call, gone on with after a crash or a
restore, until nothing is left. Speaks to ports only; how a copy is deleted is removing's.
"""

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from connector.domain.access import NO_LIMITS, Access
from connector.domain.ids import CallId, Moment, RecordingId
from connector.domain.states import RecordingEvent, RecordingState
from connector.errors import CatalogueUnavailable, IllegalTransition, NotFound, NotPermitted, OnHold
from connector.ports.call_search import CallFile
from connector.ports.clock import Clock
from connector.ports.erasure_ledger import CallRemains, ErasedCall, Erasure, ErasureLedger, ErasureState, Progress
from connector.ports.keeping_ledger import KeepingLedger
from connector.services.auditing import Auditing
from connector.services.erasure_book import ErasureBook
from connector.services.erasure_views import CallErasure, call_erasure

log = logging.getLogger(__name__)

REASON: Final = "erased at request"
_PAGE: Final = 200
#: Calls that the first answer names.
SHOWN: Final = 50
#: So many calls are begun with before who asks is answered; the work role goes on.
_AT_ONCE: Final = 200
_ROUND_SECONDS: Final = 20.0
#: What somebody has to do something about is looked at this often.
_STUCK_SECONDS: Final = 3600.0
#: Calls may come into the catalogue so late: journals wait for it, and a restored one is applied after the start.
_LATE_SECONDS: Final = 900.0
_OUT = frozenset({RecordingState.REMOVING, RecordingState.REMOVED, RecordingState.ABSENT})
_GONE = frozenset({RecordingState.REMOVED, RecordingState.ABSENT})
_OPEN: Final = (ErasureState.UNDER_WAY, ErasureState.CANNOT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureView:
    """How far it is."""

    erasure: Erasure
    state: ErasureState
    erased: int
    under_way: int
    cannot: int
    #: By id; a page of them.
    calls: tuple[CallErasure, ...]
    #: Where the next page begins; empty: there is none.
    after: str = ""


class Calls(Protocol):
    async def call(self, access: Access, call_id: str) -> CallFile:
        """NotFound for one that is not theirs."""
        ...


class Erasing:
    def __init__(
        self,
        ledger: ErasureLedger,
        keeping: KeepingLedger,
        calls: Calls,
        book: ErasureBook,
        auditing: Auditing,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._keeping = keeping
        self._calls = calls
        self._book = book
        self._auditing = auditing
        self._clock = clock
        self._stuck_at: Moment = 0.0

    # --- who asks ------------------------------------------------------------------------------------------------

    async def erase(self, access: Access, *, call_id: str = "", number: str = "") -> ErasureView:
        """One of both. Raises NotFound for a call that is not theirs, NotPermitted for a number and a limited key."""
        if call_id:
            call_id = (await self._calls.call(access, call_id)).call.id
        elif access.key.limits != NO_LIMITS:
            raise NotPermitted("this key is limited to some calls, and a number's may be others: use another one")
        erasure = self._wish(access, call_id=call_id, number=number)
        # The number itself is in no audit log: that only grows.
        what = {"call_id": call_id} if call_id else {"of": "a number"}
        await self._auditing.done(access, "person.erased", subject=erasure.id, **what)
        await self.begin(erasure)
        return await self._view(erasure, limit=SHOWN)

    async def look(self, access: Access, erasure_id: str, *, limit: int = _PAGE, after: str = "") -> ErasureView:
        found = await self._ledger.find(erasure_id)
        is_theirs = found is not None and access.organisation in {None, found[0].organisation}
        if found is None or not is_theirs or (access.key.limits != NO_LIMITS and found[0].by != access.by):
            raise NotFound(f"there is no erasure {erasure_id!r}")
        return await self._view(found[0], limit=limit, after=after)

    async def delete(self, access: Access, call_id: CallId) -> list[CallErasure]:
        """The recordings of that call and their words; whatever else is known of it stays."""
        erasure = self._wish(access, call_id=call_id, is_whole=False)
        await self.begin(erasure)
        return list((await self._view(erasure)).calls)

    async def begin(self, erasure: Erasure) -> None:
        """Written down twice, and begun. Returns early when there is much: the work role goes on."""
        await self._book.write(erasure)
        now = self._clock.now()
        await self._ledger.erase(erasure, now)
        await self._search(erasure)
        await self._carry_out(erasure, _OPEN, most=_AT_ONCE)
        await self._settle(erasure, Progress(noted_at=now, searched_at=now))

    # --- the work role -------------------------------------------------------------------------------------------

    async def run_for_ever(self) -> None:
        """What the book has and the catalogue has not is done again; what is unfinished is gone on with."""
        is_replayed = False
        while True:
            try:
                if not is_replayed:
                    await self.replay()
                    is_replayed = True
                await self.go_on()
            except CatalogueUnavailable as error:
                log.warning("erasures wait", extra={"hint": str(error)})
            await self._clock.sleep_until(self._clock.now() + _ROUND_SECONDS)

    async def replay(self) -> int:
        """Erasures that a restored catalogue does not know are written into it; returns how many. `go_on` does them."""
        replayed = 0
        for erasure in await self._book.read():
            if await self._ledger.erase(erasure, self._clock.now()):
                replayed += 1
                log.warning("erasure done again", extra={"erasure": erasure.id})
        return replayed

    async def go_on(self) -> int:
        """A round over all that are not settled; returns how many there were."""
        now = self._clock.now()
        states: tuple[ErasureState, ...] = (ErasureState.UNDER_WAY,)
        if now >= self._stuck_at + _STUCK_SECONDS:
            self._stuck_at, states = now, _OPEN
        unsettled = await self._ledger.unsettled(_PAGE)
        for erasure, progress in unsettled:
            is_to_search = _is_to_search(progress, now)
            if is_to_search:
                await self._search(erasure)
            await self._carry_out(erasure, states)
            await self._settle(erasure, replace(progress, searched_at=now) if is_to_search else progress)
        return len(unsettled)

    # --- one erasure ---------------------------------------------------------------------------------------------

    def _wish(self, access: Access, *, call_id: str = "", number: str = "", is_whole: bool = True) -> Erasure:
        return Erasure(
            id=uuid.uuid4().hex,
            organisation=access.organisation,
            call_id=call_id,
            number=number,
            by=access.by,
            at=self._clock.now(),
            is_whole=is_whole,
        )

    async def _search(self, erasure: Erasure) -> None:
        """Every call that it is about is noted; one that comes again has something to erase again, perhaps."""
        after = ""
        while ids := await self._found(erasure, after):
            new = [ErasedCall(call_id=id, state=ErasureState.UNDER_WAY) for id in ids]
            await self._ledger.note_calls(erasure.id, new)
            after = ids[-1] if erasure.number else ""
            if not erasure.number:
                break
        await self._ledger.searched(erasure.id, self._clock.now())

    async def _found(self, erasure: Erasure, after: str) -> Sequence[CallId]:
        if not erasure.number:
            return await self._ledger.calls_of_call(erasure.call_id)
        return await self._ledger.calls_of_number(
            erasure.organisation, erasure.number, limit=_PAGE, after=after, before=erasure.at
        )

    async def _carry_out(self, erasure: Erasure, states: Sequence[ErasureState], most: int = 1_000_000) -> None:
        after, begun = "", 0
        while begun < most and (page := await self._ledger.erased_calls(erasure.id, _PAGE, after, states)):
            for one in page:
                done = await self._erase_call(erasure, one.call_id)
                if done != one:
                    await self._ledger.note_calls(erasure.id, [done])
            after, begun = page[-1].call_id, begun + len(page)

    async def _erase_call(self, erasure: Erasure, call_id: CallId) -> ErasedCall:
        remains = await self._remains(erasure, call_id)
        if remains is None:
            return ErasedCall(call_id=call_id, state=ErasureState.ERASED, reason="nothing is known of it any more")
        for file in remains.files:
            await self._remove(erasure, remains, file.recording.id, file.recording.state)
        remains = await self._remains(erasure, call_id) or remains
        spoken = [file.recording.id for file in remains.files if file.recording.id in remains.with_transcript]
        if spoken:
            await self._keeping.remove_transcripts(spoken, REASON)
        if erasure.is_whole and _may_be_forgotten(remains):
            await self._forget(call_id, erasure.number)
        found = call_erasure(await self._remains(erasure, call_id) or remains, is_whole=erasure.is_whole)
        return ErasedCall(call_id=call_id, state=found.state, reason=found.reason)

    async def _remains(self, erasure: Erasure, call_id: CallId) -> CallRemains | None:
        """A call that goes on may be recorded anew after somebody had its recording deleted: that one is not meant."""
        remains = await self._ledger.remains(call_id)
        if remains is None or erasure.is_whole:
            return remains
        return replace(remains, files=tuple(one for one in remains.files if one.recording.requested_at <= erasure.at))

    async def _remove(
        self, erasure: Erasure, remains: CallRemains, recording_id: RecordingId, state: RecordingState
    ) -> None:
        if recording_id in remains.holds or state is RecordingState.ABSENT:
            return
        try:
            await self._keeping.remove(recording_id, RecordingEvent.ERASED, REASON, self._clock.now(), by=erasure.by)
        except (OnHold, IllegalTransition) as error:
            # It runs, or was put on hold this moment: the answer names it.
            log.info("not erased yet", extra={"recording_id": recording_id, "hint": str(error)})

    async def _forget(self, call_id: CallId, number: str) -> None:
        try:
            await self._ledger.forget_person(call_id, number)
        except (OnHold, IllegalTransition) as error:
            log.info("not forgotten yet", extra={"call_id": call_id, "hint": str(error)})

    async def _settle(self, erasure: Erasure, progress: Progress) -> None:
        """Nothing is open, and nothing more can come."""
        if _is_to_search(progress, progress.noted_at + _LATE_SECONDS):
            return
        if not await self._ledger.erased_calls(erasure.id, 1, states=_OPEN):
            await self._ledger.settled(erasure.id, self._clock.now())
            log.info("erasure settled", extra={"erasure": erasure.id})

    async def _view(self, erasure: Erasure, *, limit: int = _PAGE, after: str = "") -> ErasureView:
        page = await self._ledger.erased_calls(erasure.id, limit + 1, after)
        found = [await self._remains(erasure, one.call_id) for one in page[:limit]]
        counts = await self._ledger.counts(erasure.id)
        open_state = ErasureState.UNDER_WAY if counts[ErasureState.UNDER_WAY] else ErasureState.CANNOT
        return ErasureView(
            erasure=erasure,
            state=open_state if any(counts[state] for state in _OPEN) else ErasureState.ERASED,
            erased=counts[ErasureState.ERASED],
            under_way=counts[ErasureState.UNDER_WAY],
            cannot=counts[ErasureState.CANNOT],
            calls=tuple(call_erasure(one, is_whole=erasure.is_whole) for one in found if one is not None),
            after=page[limit - 1].call_id if len(page) > limit else "",
        )


def _is_to_search(progress: Progress, now: Moment) -> bool:
    """At first, and once again when whatever was under way then must have arrived."""
    late = progress.noted_at + _LATE_SECONDS
    return progress.searched_at is None or progress.searched_at < late <= now


def _may_be_forgotten(remains: CallRemains) -> bool:
    return not remains.holds and all(file.recording.state in _GONE for file in remains.files)
