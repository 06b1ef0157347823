"""What the doors of other services share: a call and its sound and words, for who may have them. Knows no service's
shape."""

from typing import Final, Literal, Protocol

from pydantic import BaseModel, Field

from connector.domain.access import Access, KeyRole
from connector.domain.call import Call
from connector.domain.recording import ArtefactKind
from connector.domain.states import TranscriptionState
from connector.domain.transcript_forms import turns
from connector.errors import DestinationRefused, NotFound
from connector.ports.call_search import CallFile, CallFilter
from connector.ports.shipping_ledger import RecordingFile
from connector.services.absences import chosen
from connector.services.lookup import LinkedFile, Lookup

_LONGEST_ID: Final = 300


class Auditing(Protocol):
    """Who had what: written down before it is handed out."""

    async def done(
        self, access: Access, action: str, *, subject: str = "", organisation: str | None = None, **details: object
    ) -> None: ...


class Turn(BaseModel):
    """What somebody said, as osmTalk and Dialgen write it."""

    role: Literal["assistant", "user"] = Field(description="assistant: the agent; user: the caller")
    content: str
    timestamp: str = Field(description="when it was said")


class Reception:
    def __init__(self, lookup: Lookup, auditing: Auditing, service: str) -> None:
        """`service`: whose door it is, for the audit log."""
        self.lookup = lookup
        self._auditing = auditing
        self._service = service

    async def call(self, access: Access, call_id: str) -> CallFile:
        """NotFound for what is none, or none of theirs."""
        return await self.lookup.call(access, call_id)

    async def sound(
        self, access: Access, file: CallFile, kind: ArtefactKind, audio_format: str, *, seconds: float | None = None
    ) -> LinkedFile | None:
        """Of the newest recording that can be had, what fits best. None: there is nothing, or not for them."""
        linked = await self._newest(access, file, kind, audio_format, seconds)
        return await self._handed_out(access, file.call, linked) if linked is not None else None

    async def tagged(
        self, access: Access, tag: str, kind: ArtefactKind, audio_format: str, *, limit: int
    ) -> list[tuple[CallFile, LinkedFile | None]]:
        """The newest calls with that tag, each with its `sound`."""
        if not is_name(tag):
            return []
        files = await self.lookup.page(access, CallFilter(tag=tag), limit=limit, after=None)
        found = [(file, await self._newest(access, file, kind, audio_format, None)) for file in files]
        if any(linked is not None for _, linked in found):
            await self._auditing.done(access, "calls.read", subject=tag, door=self._service, count=len(found))
        return found

    async def beside(
        self,
        access: Access,
        file: CallFile,
        sound: LinkedFile,
        kind: ArtefactKind,
        audio_format: str,
        *,
        seconds: float | None = None,
    ) -> LinkedFile | None:
        """Of the same recording that kind and no other."""
        recording = next(one for one in file.recordings if one.recording.id == sound.delivery.recording_id)
        linked = await self._linked(recording, kind, audio_format, seconds)
        if linked is None or linked.artefact.kind is not kind:
            return None
        return await self._handed_out(access, file.call, linked)

    async def turns(self, access: Access, file: CallFile) -> list[Turn] | None:
        """What was said in the call. None: nothing is written, or not for them."""
        written = [one for one in file.transcripts if one.state is TranscriptionState.DONE]
        if not written or not access.key.may(KeyRole.LISTEN):
            return None
        await self._done(access, "transcript.read", file.call.id, file.call)
        began = {one.recording.id: one.recording.started_at or one.recording.requested_at for one in file.recordings}
        return [
            Turn.model_validate(turn)
            for one in written
            for turn in turns(one.lines, began.get(one.recording_id, file.call.started_at))
        ]

    async def _newest(
        self, access: Access, file: CallFile, kind: ArtefactKind, audio_format: str, seconds: float | None
    ) -> LinkedFile | None:
        recording = chosen(file, "")
        if recording is None or not access.key.may(KeyRole.LISTEN):
            return None
        return await self._linked(recording, kind, audio_format, seconds)

    async def _linked(
        self, file: RecordingFile, kind: ArtefactKind, audio_format: str, seconds: float | None
    ) -> LinkedFile | None:
        try:
            return await self.lookup.linked(file, (kind,), seconds=seconds, audio_format=audio_format)
        except (DestinationRefused, NotFound):
            # A key that may only write is enough to store: then there is no link, ever.
            return None

    async def _handed_out(self, access: Access, call: Call, linked: LinkedFile) -> LinkedFile:
        facts = {"call": call.id, "kind": str(linked.artefact.kind)}
        await self._done(access, "recording.linked", linked.delivery.recording_id, call, **facts)
        return linked

    async def _done(self, access: Access, action: str, subject: str, of: Call, **details: object) -> None:
        await self._auditing.done(
            access, action, subject=subject, organisation=of.organisation, door=self._service, **details
        )


def is_name(said: str) -> bool:
    """Whether anything could be called so."""
    return 0 < len(said) <= _LONGEST_ID and said.isprintable()


def talk_seconds(call: Call) -> int:
    """From the answer to the end; 0 while it lasts, as the services have it."""
    if call.answered_at is None or call.ended_at is None:
        return 0
    return max(round(call.ended_at - call.answered_at), 0)
