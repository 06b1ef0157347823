"""All that is kept about one telephone number, to be handed to whoever it belongs to. Speaks to ports only."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from connector.domain.access import Access
from connector.domain.audit import AuditLine
from connector.domain.export_rows import (
    Row,
    call_row,
    consent_row,
    day,
    leg_row,
    plain_name,
    transcript_facts,
)
from connector.domain.ids import CallId, Moment
from connector.domain.moments import iso
from connector.domain.states import TranscriptionState
from connector.domain.transcript import Transcript
from connector.errors import NotFound
from connector.ports.audit_log import AuditLog
from connector.ports.call_search import CallFile, CallSearch
from connector.ports.notification_ledger import NotificationLedger
from connector.ports.shipping_ledger import RecordingFile
from connector.services.exporting import Consignment, Packer, WantedCall
from connector.services.ordering import Audited
from connector.services.zipping import MANIFEST, Texts

INDEX: Final = "index.txt"
_PAGE: Final = 200


class KnowsNumbers(Protocol):
    """The catalogue, as far as it is needed here."""

    async def calls_of_number(
        self, organisation: str | None, number: str, *, limit: int, after: str = ""
    ) -> Sequence[CallId]:
        """Of which a leg, the caller or the called one has that number, by id."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFile:
    number: str
    consignment: Consignment
    index: str
    #: In the order of the index.
    calls: tuple[CallId, ...]


class PersonFiles:
    def __init__(
        self,
        search: CallSearch,
        numbers: KnowsNumbers,
        notifications: NotificationLedger,
        audit: AuditLog,
        auditing: Audited,
    ) -> None:
        self._search = search
        self._numbers = numbers
        self._notifications = notifications
        self._audit = audit
        self._auditing = auditing

    async def found(self, access: Access, number: str, now: Moment, organisation: str | None = None) -> PersonFile:
        """Written down before anything is told. With an organisation only what is there. Raises NotFound when nothing
        is kept about that number."""
        within = access.asked_of(organisation)
        consignment, packer = Consignment(), Packer(())
        ids: list[CallId] = []
        lines = []
        async for file in self._calls(access, number, within):
            packed = packer.packed(file)
            consignment.calls.append(packed)
            ids.append(file.call.id)
            lines.append(_index_lines(file, packed))
        if not ids:
            raise NotFound("nothing is kept about this number")
        # The number itself is in no audit log: that only grows.
        await self._auditing.done(access, "person.exported", organisation=within, of="a number", calls=len(ids))
        index = "\n".join((*_head(number, now, len(ids)), *lines))
        return PersonFile(number=number, consignment=consignment, index=index, calls=tuple(ids))

    async def texts(self, access: Access, person: PersonFile) -> Texts:
        """The index, and of each call what is known of it and what was said."""
        yield INDEX, person.index.encode()
        for id in person.calls:
            file = await self._search.call(id)
            if file is None:
                continue
            await self._note_reading(access, file)
            name = _call_name(file)
            yield f"{name}.json", _json(await self._facts(access, file))
            words = "\n\n".join(one.labelled for one in _spoken(file))
            if words:
                yield f"{name}.txt", f"{words}\n".encode()

    async def _calls(self, access: Access, number: str, within: str | None) -> AsyncGenerator[CallFile, None]:
        after = ""
        known: set[CallId] = set()
        while True:
            ids = await self._numbers.calls_of_number(within, number, limit=_PAGE, after=after)
            for id in ids:
                file = await self._search.call(id)
                # One that joined another is that other one, which is here by itself, too.
                if file is not None and file.call.id not in known and access.sees(file.call, file.tags):
                    known.add(file.call.id)
                    yield file
            if len(ids) < _PAGE:
                return
            after = ids[-1]

    async def _note_reading(self, access: Access, file: CallFile) -> None:
        reading = [
            self._auditing.done(
                access, "transcript.read", subject=one.recording_id, organisation=one.organisation, call=file.call.id
            )
            for one in _spoken(file)
        ]
        await asyncio.gather(*reading)

    async def _facts(self, access: Access, file: CallFile) -> Row:
        call = file.call
        subjects = (call.id, *(one.recording.id for one in file.recordings))
        return {
            "call": call_row(call, file.tags),
            "legs": [leg_row(leg) for leg in call.legs],
            "consent": consent_row(call.consent),
            "notes": [{"text": note.text, "by": note.by, "at": iso(note.at)} for note in file.notes],
            "recordings": [_recording_row(one) for one in file.recordings],
            "transcripts": [transcript_facts(one) for one in file.transcripts],
            "notifications": [row for one in file.recordings for row in await self._told(one)],
            "audit": [row for subject in subjects for row in await self._deeds(access, subject)],
        }

    async def _told(self, file: RecordingFile) -> list[Row]:
        """To whom what was told of it, and when."""
        rows: list[Row] = []
        before = ""
        while True:
            page = await self._notifications.listed(recording_id=file.recording.id, limit=_PAGE, before=before)
            for one in page:
                found = await self._notifications.find(one.id)
                attempts = found[1] if found is not None else ()
                rows.append(
                    {
                        "id": one.id,
                        "endpoint": one.endpoint,
                        "told": str(one.told),
                        "state": str(one.state),
                        "body": one.body,
                        "attempts": [{"at": iso(a.at), "status": a.status, "reason": a.reason} for a in attempts],
                    }
                )
            if len(page) < _PAGE:
                return rows
            before = page[-1].id

    async def _deeds(self, access: Access, subject: str) -> list[Row]:
        rows: list[Row] = []
        before: int | None = None
        while True:
            page = await self._audit.page(access.organisation, limit=_PAGE, before=before, subject=subject)
            rows += [_deed_row(line) for line in page]
            if len(page) < _PAGE:
                return rows
            before = page[-1].number


def _head(number: str, now: Moment, count: int) -> tuple[str, ...]:
    return (
        f"All that is kept about the number {number}",
        f"Made at {iso(now)}. Times are UTC. Calls: {count}.",
        "",
        "DAY/CALL.json     what is known of the call: who, when, consent, notes, notifications, who has had it",
        "DAY/CALL.txt      what was said, where there is a transcript",
        "DAY/CALL.KIND.*   the recording itself",
        f"{MANIFEST}     every file with its size and sha256, and what is missing and why",
        "",
    )


def _index_lines(file: CallFile, packed: WantedCall) -> str:
    facts = packed.facts
    head = f"{facts['started_at']}  {facts['direction']}  from {facts['from_number']} to {facts['to_number']}"
    name = _call_name(file)
    lines = [head, f"    {name}.json"]
    if _spoken(file):
        lines.append(f"    {name}.txt")
    lines += [f"    {one.name or f'no {one.kind}: {one.reason}'}" for one in packed.files]
    return "\n".join((*lines, ""))


def _call_name(file: CallFile) -> str:
    return f"{day(file.call.started_at)}/{plain_name(file.call.id)}"


def _spoken(file: CallFile) -> Sequence[Transcript]:
    return [one for one in file.transcripts if one.state is TranscriptionState.DONE]


def _recording_row(file: RecordingFile) -> Row:
    recording = file.recording
    return {
        "id": recording.id,
        "state": str(recording.state),
        "reason": recording.reason,
        "rule": recording.rule,
        "requested_at": iso(recording.requested_at),
        "started_at": None if recording.started_at is None else iso(recording.started_at),
        "ended_at": None if recording.ended_at is None else iso(recording.ended_at),
        "kept_until": None if file.keeping.expires_at is None else iso(file.keeping.expires_at),
        "held": file.keeping.hold is not None,
        "copies": [
            {"kind": str(one.kind), "destination": one.destination, "state": str(one.state)} for one in file.deliveries
        ],
    }


def _deed_row(line: AuditLine) -> Row:
    deed = line.deed
    return {"at": iso(line.at), "action": deed.action, "by": deed.by, "subject": deed.subject}


def _json(row: Row) -> bytes:
    return json.dumps(row, ensure_ascii=False, indent=2).encode() + b"\n"
