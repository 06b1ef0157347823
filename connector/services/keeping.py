"""What people decide about recordings that are there: to keep one longer, to hold it, to delete it. Speaks to ports
only; whoever asks sees only what is theirs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from connector.domain.access import NO_LIMITS, Access
from connector.domain.ids import CallId, Moment, RecordingId
from connector.domain.keeping import Hold, Keeping, expiry, extended
from connector.domain.recording import Recording
from connector.domain.retention import Terms
from connector.domain.states import IN_CAPTURE, DeliveryState, RecordingState
from connector.errors import Conflict, NoLongerThere, NotFound, OnHold
from connector.ports.call_search import CallFile
from connector.ports.clock import Clock
from connector.ports.erasure_ledger import CallRemains
from connector.ports.keeping_ledger import KeepingLedger
from connector.ports.shipping_ledger import RecordingFile
from connector.services.auditing import Auditing
from connector.services.erasing import Calls, Erasing
from connector.services.erasure_views import CallErasure, call_erasure

_OUT = frozenset({RecordingState.REMOVING, RecordingState.REMOVED})
#: Copies that a deletion still reaches although the recording is removed.
_LEFT = frozenset({DeliveryState.LEFT})
_PAGE: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How long one recording is kept now."""

    recording_id: RecordingId
    expires_at: Moment | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    recording_id: RecordingId
    call_id: CallId
    hold: Hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What asking for a release came to: those that wait for a second key; none: all are released."""

    waiting: tuple[Held, ...]


class RecordingKeeper:
    """What is said of a call holds for all its recordings."""

    def __init__(
        self,
        ledger: KeepingLedger,
        calls: Calls,
        erasing: Erasing,
        terms: Callable[[], Terms],
        auditing: Auditing,
        clock: Clock,
    ) -> None:
        """`terms` are those of the configuration of now."""
        self._ledger = ledger
        self._calls = calls
        self._erasing = erasing
        self._terms = terms
        self._auditing = auditing
        self._clock = clock

    async def extend(self, access: Access, call_id: str, days: int) -> list[Kept]:
        """Counted from today; never shortens. BadRequest beyond the organisation's plan."""
        found = await self._calls.call(access, call_id)
        files = _there(found)
        terms, now = self._terms(), self._clock.now()
        terms.check_extension(found.call.organisation, days)
        keepings = await self._ledger.keepings([file.recording.id for file in files])
        await self._auditing.done(
            access,
            "recording.extended",
            subject=found.call.id,
            organisation=found.call.organisation,
            days=days or "unlimited",
        )
        kept = []
        for file in files:
            known = _reckoned(file.recording, keepings.get(file.recording.id, file.keeping), terms, now)
            expires_at = extended(known, now, days)
            await self._ledger.extend(file.recording.id, expires_at)
            kept.append(Kept(recording_id=file.recording.id, expires_at=expires_at))
        return kept

    async def delete(self, access: Access, call_id: str) -> CallErasure:
        """From every destination, with its words. OnHold when one of its recordings is held, Conflict while one runs:
        then nothing is deleted. Once more is what it was."""
        found = await self._calls.call(access, call_id)
        if not found.recordings:
            raise NotFound(f"call {call_id} has no recording")
        keepings = await self._ledger.keepings([file.recording.id for file in found.recordings])
        held = next((id for id, keeping in keepings.items() if keeping.hold is not None), None)
        if held is not None:
            raise OnHold(f"recording {held} of call {call_id} is on legal hold: release it first")
        if any(file.recording.state in IN_CAPTURE for file in found.recordings):
            raise Conflict(f"call {call_id} is being recorded: stop its recording first")
        if not _has_anything(found):
            return call_erasure(_remains(found), is_whole=False)
        await self._auditing.done(
            access, "recording.deleted", subject=found.call.id, organisation=found.call.organisation
        )
        erased = await self._erasing.delete(access, found.call.id)
        return next((one for one in erased if one.call_id == found.call.id), call_erasure(_remains(found)))

    async def hold(self, access: Access, call_id: str, reason: str) -> list[Held]:
        """No user and no job deletes them; placed again, whoever has asked for the release has done so in vain."""
        found = await self._calls.call(access, call_id)
        files = _there(found)
        organisation, now = found.call.organisation, self._clock.now()
        await self._auditing.done(
            access, "recording.held", subject=found.call.id, organisation=organisation, reason=reason
        )
        for file in files:
            id = file.recording.id
            await self._ledger.hold(
                Hold(recording_id=id, organisation=organisation, by=access.by, at=now, reason=reason)
            )
        return await self._held(found)

    async def release(self, access: Access, call_id: str) -> Release:
        """Two keys must ask; NotFound when nothing of it is held."""
        found = await self._calls.call(access, call_id)
        held = await self._held(found)
        if not held:
            raise NotFound(f"nothing holds a recording of call {call_id}")
        is_second = any(one.hold.release_by not in {"", access.by} for one in held)
        action = "recording.released" if is_second else "recording.release_asked"
        await self._auditing.done(access, action, subject=found.call.id, organisation=found.call.organisation)
        waiting = []
        for one in held:
            hold = await self._ledger.ask_release(one.recording_id, access.by, self._clock.now())
            if hold is not None:
                waiting.append(replace(one, hold=hold))
        return Release(waiting=tuple(waiting))

    async def holds(self, access: Access, *, limit: int, after: str = "") -> list[Held]:
        """By the recordings' ids; a key that is limited sees those of its calls."""
        found: list[Held] = []
        while len(found) < limit and (page := await self._ledger.holds(access.organisation, _PAGE, after)):
            for hold, call_id in page:
                if await self._sees(access, call_id):
                    found.append(Held(recording_id=hold.recording_id, call_id=call_id, hold=hold))
            after = page[-1][0].recording_id
        return found[:limit]

    async def _sees(self, access: Access, call_id: CallId) -> bool:
        if access.key.limits == NO_LIMITS:
            return True
        try:
            await self._calls.call(access, call_id)
        except NotFound:
            return False
        return True

    async def _held(self, found: CallFile) -> list[Held]:
        keepings = await self._ledger.keepings([file.recording.id for file in found.recordings])
        holds = [keepings[id].hold for id in (file.recording.id for file in found.recordings) if id in keepings]
        return [
            Held(recording_id=hold.recording_id, call_id=found.call.id, hold=hold) for hold in holds if hold is not None
        ]


def _there(found: CallFile) -> Sequence[RecordingFile]:
    """Recordings of which there is, or will be, something to keep."""
    files = [file for file in found.recordings if file.recording.state is not RecordingState.ABSENT]
    if not files:
        raise NotFound(f"call {found.call.id} has no recording")
    there = [file for file in files if file.recording.state not in _OUT]
    if not there:
        raise NoLongerThere(f"the recording of call {found.call.id} is {files[-1].recording.state}")
    return there


def _reckoned(recording: Recording, keeping: Keeping, terms: Terms, now: Moment) -> Keeping:
    """With its end as it would be without anybody's doing: one that runs ends now, at the earliest."""
    if keeping.is_reckoned:
        return keeping
    ended_at = now if recording.state in IN_CAPTURE else recording.ended_at or recording.requested_at
    days = terms.days(recording.organisation, recording.options.retention_days)
    return replace(keeping, expires_at=expiry(ended_at, days), is_reckoned=True)


def _has_anything(found: CallFile) -> bool:
    """That a deletion would still reach."""
    states = {file.recording.state for file in found.recordings}
    has_words = any(transcript.lines for transcript in found.transcripts)
    is_left = any(copy.state in _LEFT for file in found.recordings for copy in file.deliveries)
    return bool(states - {*_OUT, RecordingState.ABSENT}) or has_words or is_left


def _remains(found: CallFile) -> CallRemains:
    return CallRemains(
        call=found.call,
        files=found.recordings,
        holds={},
        with_sources=frozenset(),
        with_transcript=frozenset(one.recording_id for one in found.transcripts if one.lines),
    )
