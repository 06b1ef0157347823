"""The daily job: recordings whose days are over go, in slices, never one that is held or still being copied. Speaks to
ports only; how a copy is deleted is removing's.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from connector.domain.ids import Moment, RecordingId
from connector.domain.keeping import expiry
from connector.domain.retention import RETENTION, Ending, Terms, last_hour, transcript_expiry
from connector.domain.states import RecordingEvent
from connector.errors import CatalogueUnavailable, ConnectorError, IllegalTransition, OnHold
from connector.ports.clock import Clock
from connector.ports.keeping_ledger import Ended, KeepingLedger
from connector.services.auditing import Auditing

log = logging.getLogger(__name__)

EXPIRED: Final = "its days were over"
_WORDS_EXPIRED: Final = "the transcript's days were over"
#: What is written at once: SQLite's lock is others', too.
_SLICE: Final = 200
#: Where each takes longer to write: what a call is found by is made anew.
_SMALL_SLICE: Final = 10
#: Of what was looked for before.
_FOUND_SLICE: Final = 100
#: So many are named by a report, all are counted.
_NAMED: Final = 1000
_ROUND_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionReport:
    at: Moment
    is_dry: bool
    #: Whose end was reckoned now, for the first time.
    reckoned: int
    expired: int
    #: The first of them.
    going: tuple[Ending, ...]
    #: Past their end, and kept by something.
    staying: tuple[Ending, ...]
    transcripts: int
    #: Recordings with copies that could not be deleted, tried again.
    tried_again: int


class Retention:
    def __init__(
        self,
        ledger: KeepingLedger,
        terms: Callable[[], Terms],
        hour: Callable[[], tuple[str, str]],
        auditing: Auditing,
        clock: Clock,
    ) -> None:
        """`terms` are those of the configuration of now; `hour` is the time of the day, and of which zone."""
        self._ledger = ledger
        self._terms = terms
        self._hour = hour
        self._auditing = auditing
        self._clock = clock

    async def run_for_ever(self) -> None:
        """Ends are reckoned soon; the job runs once a day, or as soon as it can when nobody was there at its hour."""
        while True:
            try:
                await self.reckon()
                await self.run_if_due(self._clock.now())
            except ConnectorError as error:
                log.warning("retention waits", extra={"hint": str(error)})
            await self._clock.sleep_until(self._clock.now() + _ROUND_SECONDS)

    async def run_if_due(self, now: Moment) -> RetentionReport | None:
        """None: not now, or another node does it. A house that has never run it begins with the next hour: nobody
        loses recordings by an upgrade before he could read what it does."""
        last = await self._ledger.last_run()
        if last is not None and last >= last_hour(now, *self._hour()):
            return None
        is_ours = await self._ledger.claim_run(last, now)
        return await self.run_once(now) if is_ours and last is not None else None

    async def run_once(self, now: Moment, *, dry_run: bool = False) -> RetentionReport:
        """`dry_run`: what would go; nothing is written."""
        if dry_run:
            return await self._would(now)
        reckoned = await self.reckon()
        going, expired = await self._expire(now)
        report = RetentionReport(
            at=now,
            is_dry=False,
            reckoned=reckoned,
            expired=expired,
            going=tuple(going),
            staying=await self._staying(now),
            transcripts=await self._expire_transcripts(now),
            tried_again=await self._try_again(now),
        )
        facts = {name: getattr(report, name) for name in ("expired", "transcripts", "tried_again")}
        await self._auditing.done_by(RETENTION, "retention.ran", **facts, kept=len(report.staying))
        log.info("retention ran", extra=facts)
        return report

    async def reckon(self) -> int:
        """Recordings that have ended get their end, by what they asked for within their organisation's plan."""
        reckoned, after, terms = 0, "", self._terms()
        while page := await self._ledger.without_expiry(_SLICE, after):
            await self._ledger.reckon({one.recording.id: _end(one, terms) for one in page})
            reckoned, after = reckoned + len(page), page[-1].recording.id
        while words := await self._ledger.transcripts_without_expiry(_SLICE):
            await self._ledger.reckon_transcripts(
                {id: transcript_expiry(ended_at, options) for id, ended_at, options in words}
            )
        return reckoned

    async def reapply(self, organisation: str | None) -> int:
        """What the configuration says now holds for earlier recordings, too, but those that somebody has extended or
        holds. None: everybody's. Returns how many changed."""
        changed, after, terms = 0, "", self._terms()
        while page := await self._ledger.reckoned(organisation, _SLICE, after):
            ends = {one.recording.id: _end_now(one, terms) for one in page}
            different = {
                one.recording.id: ends[one.recording.id]
                for one in page
                if one.keeping.expires_at != ends[one.recording.id]
            }
            await self._ledger.reckon(different)
            changed, after = changed + len(different), page[-1].recording.id
        return changed

    async def _expire(self, now: Moment) -> tuple[list[Ending], int]:
        going: list[Ending] = []
        expired, terms = 0, self._terms()
        stayed: set[RecordingId] = set()
        while page := await self._expired(now, stayed):
            for one in page:
                if await self._is_on_its_way(one, now, terms):
                    expired += 1
                    going += [one] if len(going) < _NAMED else []
                else:
                    stayed.add(one.recording_id)
        return going, expired

    async def _expired(self, now: Moment, stayed: set[RecordingId]) -> list[Ending]:
        page = await self._ledger.expired(now, _SLICE + len(stayed))
        return [one for one in page if one.recording_id not in stayed]

    async def _is_on_its_way(self, one: Ending, now: Moment, terms: Terms) -> bool:
        try:
            await self._ledger.remove(
                one.recording_id, RecordingEvent.EXPIRED, EXPIRED, now, by=RETENTION, is_left=terms.is_left
            )
        except CatalogueUnavailable:
            raise
        except (OnHold, IllegalTransition) as error:
            log.info("not expired", extra={"recording_id": one.recording_id, "hint": str(error)})
            return False
        return True

    async def _staying(self, now: Moment) -> tuple[Ending, ...]:
        return tuple(one for one in await self._ledger.ending(now, _NAMED) if one.stays)

    async def _expire_transcripts(self, now: Moment) -> int:
        expired, terms = 0, self._terms()
        while ids := await self._ledger.expired_transcripts(now, _SMALL_SLICE):
            expired += await self._ledger.remove_transcripts(ids, _WORDS_EXPIRED, terms.is_left)
        return expired

    async def _try_again(self, now: Moment) -> int:
        tried, after = 0, ""
        while ids := await self._ledger.take_up_undeleted(now, _FOUND_SLICE, after):
            tried, after = tried + len(ids), ids[-1]
        return tried

    async def _would(self, now: Moment) -> RetentionReport:
        known = await self._ledger.ending(now, _NAMED)
        new, reckoned = await self._new_endings(now)
        going = [one for one in (*known, *new) if not one.stays]
        return RetentionReport(
            at=now,
            is_dry=True,
            reckoned=reckoned,
            expired=len(going),
            going=tuple(going),
            staying=tuple(one for one in known if one.stays),
            transcripts=len(await self._ledger.expired_transcripts(now, _NAMED)),
            tried_again=len({one.delivery.recording_id for one in await self._ledger.undeleted(_NAMED)}),
        )

    async def _new_endings(self, now: Moment) -> tuple[list[Ending], int]:
        """Those whose end nobody has reckoned yet."""
        found: list[Ending] = []
        reckoned, after, terms = 0, "", self._terms()
        while page := await self._ledger.without_expiry(_SLICE, after):
            for one in page:
                expires_at = _end(one, terms)
                if expires_at is not None and expires_at < now and len(found) < _NAMED:
                    recording = one.recording
                    found.append(
                        Ending(
                            recording_id=recording.id,
                            call_id=recording.call_id,
                            organisation=recording.organisation,
                            expires_at=expires_at,
                        )
                    )
            reckoned, after = reckoned + len(page), page[-1].recording.id
        return found, reckoned


def _end(one: Ended, terms: Terms) -> Moment | None:
    """What it was promised."""
    recording = one.recording
    return expiry(_ended_at(one), terms.days(recording.organisation, recording.options.retention_days))


def _end_now(one: Ended, terms: Terms) -> Moment | None:
    return expiry(_ended_at(one), terms.days_now(one.recording, one.call))


def _ended_at(one: Ended) -> Moment:
    """One that never began ended when it was asked for."""
    return one.recording.requested_at if one.recording.ended_at is None else one.recording.ended_at
