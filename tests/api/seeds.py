"""What lies in the catalogue of the house that the tests ask: for each organisation something in every state there is.

Ids are the organisation's name and what it is: `acme-available` is a call, `acme-recording-available` its recording.
"""

import hashlib
import io
import math
import struct
import wave
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from connector.catalogue.call_texts import set_call_text
from connector.catalogue.codec import json_text
from connector.catalogue.people_tables import TRANSCRIPTS
from connector.domain.access import Access, of_the_house
from connector.domain.call import Call, CallKind, CallState, Direction, Role, Side
from connector.domain.decision import Change, CommandAnswered
from connector.domain.ids import CallId, Moment, RecordingId
from connector.domain.instructions import own_command_id
from connector.domain.keeping import DAY_SECONDS, Hold
from connector.domain.notification import Told
from connector.domain.outbound import ORIGINATE, answered
from connector.domain.products import peaks_path
from connector.domain.recording import Artefact, ArtefactKind, Delivery
from connector.domain.speech import Word
from connector.domain.states import (
    DeliveryEvent,
    NotificationState,
    RecordingEvent,
    RecordingState,
    TranscriptionState,
)
from connector.domain.transcript import SpokenLine
from connector.ports.call_ledger import JournalPosition
from connector.ports.call_marks import Note
from connector.ports.commands import Command
from connector.roles.foundation import Foundation
from tests.builders import (
    CHANNELS,
    MORNING,
    TAKEN,
    a_call,
    a_leg,
    a_notification,
    a_recording,
    a_rendering,
    a_segment,
    an_artefact,
    an_attempt,
)

ORGANISATIONS = ("acme", "globex")
NODE = "here"
DESTINATION = "archive"
ENDPOINT = "crm"
#: A second of silence, drawn.
WAVEFORM = struct.pack("<iIiiIi", 2, 1, 8000, 80, 100, 2) + bytes(400)
#: Whose notifications are cancelled.
GONE_ENDPOINT = "gone"
#: Shared by both organisations' callers, so that only the organisation tells them apart.
CALLER_NUMBER = "+4930123456"
#: Nobody but the seeded erasure is about it.
FORGOTTEN_NUMBER = "+4930999999"
CONFERENCE = "4000"
AGENT = "201"
WORDS = "the parcel is late"

R = RecordingState
_KINDS = (ArtefactKind.STEREO, ArtefactKind.MONO)
#: Calls whose recordings are AVAILABLE, beside the one that is called so; and what a limited key tells them by.
_FURTHER: dict[str, dict[str, Any]] = {
    "held": {},
    "releasing": {},
    "expiring": {},
    "tagged": {"tags": ("vip",)},
    "other-agent": {"agent_id": "202", "agent_name": "Bob"},
    "other-number": {"from_number": "+4989200"},
    "spare": {},
}
_ENDED = (
    R.CAPTURED,
    R.RENDERED,
    R.ABSENT,
    R.FAILED_CAPTURE,
    R.FAILED_RENDER,
    R.FAILED_STORE,
    R.REMOVING,
    R.REMOVED,
)
_LIVE = (R.REQUESTED, R.RECORDING, R.PAUSED)
_RENDERED = (R.RENDERED, R.FAILED_STORE, R.REMOVING, R.REMOVED)


def call_id(organisation: str, what: str) -> CallId:
    return CallId(f"{organisation}-{what}")


def recording_id(organisation: str, what: str) -> RecordingId:
    return RecordingId(f"{organisation}-recording-{what}")


def sound(kind: ArtefactKind) -> bytes:
    """A second of a tone, as a WAV file."""
    channels = 2 if kind is ArtefactKind.STEREO else 1
    tone = (int(8000 * math.sin(2 * math.pi * 440 * frame / 8000)) for frame in range(8000))
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(channels)
        written.setsampwidth(2)
        written.setframerate(8000)
        written.writeframes(b"".join(struct.pack("<h", sample) * channels for sample in tone))
    return file.getvalue()


async def sow(ground: Foundation, archive: Path) -> None:
    """Everything but keys."""
    for organisation in ORGANISATIONS:
        await _Sowing(ground, archive, organisation).all()


class _Sowing:
    def __init__(self, ground: Foundation, archive: Path, organisation: str) -> None:
        self._ground = ground
        self._catalogue = ground.catalogue
        self._archive = archive
        self._organisation = organisation
        self._began: Moment = MORNING + 7 * ORGANISATIONS.index(organisation)
        self._now = ground.clock.now()

    async def all(self) -> None:
        await self._calls()
        for what in (R.AVAILABLE.value, *_FURTHER):
            await self._available(what)
        for state in _ENDED:
            await self._ended(state)
        await self._holds()
        await self._transcripts()
        await self._marks()
        await self._notifications()
        await self._commands()
        await self._erasure()

    async def _apply(self, *changes: Change) -> None:
        await self._catalogue.calls.apply(NODE, changes, JournalPosition(file="journal-00000001.jsonl", offset=1))

    async def _calls(self) -> None:
        live: list[Change] = [self._call("live"), self._call("ringing", answered_at=None)]
        for state in _LIVE:
            live += [self._call(state.value), self._recording(state.value, state), self._segment(state.value)]
        live += [self._recording("live", R.RECORDING), self._segment("live")]
        meeting = {"kind": CallKind.CONFERENCE, "conference": CONFERENCE}
        live += [self._call("conference", **meeting), self._recording("conference", R.RECORDING)]
        await self._apply(
            *live,
            self._call("past-conference", **meeting, **self._over),
            self._call("unrecorded", **self._over),
            self._call("unanswered", answered_at=None, **self._over),
            self._call("joined", joined=call_id(self._organisation, "available"), **self._over),
        )

    async def _available(self, what: str) -> None:
        await self._captured(what, **_FURTHER.get(what, {}))
        await self._rendered(what)
        await self._stored(what)
        id = recording_id(self._organisation, what)
        await self._catalogue.shipping.moved(id, RecordingEvent.STORED)
        days = 1 if what == "expiring" else 30
        await self._catalogue.keeping.reckon({id: self._now + days * DAY_SECONDS})

    async def _ended(self, state: RecordingState) -> None:
        """As work would have brought it there, where work has a say."""
        id = recording_id(self._organisation, state.value)
        is_rendered = state in _RENDERED
        await self._captured(state.value, R.CAPTURED if is_rendered else state)
        if not is_rendered:
            return
        await self._rendered(state.value)
        if state is R.FAILED_STORE:
            await self._catalogue.shipping.moved(id, RecordingEvent.GIVEN_UP, reason="every destination said no")
        if state not in (R.REMOVING, R.REMOVED):
            return
        await self._stored(state.value)
        await self._catalogue.shipping.moved(id, RecordingEvent.STORED)
        await self._catalogue.keeping.remove(id, RecordingEvent.ERASED, "somebody wanted it", self._now, by="key first")
        if state is R.REMOVED:
            for delivery in self._deliveries(state.value):
                (self._archive / _object_name(delivery)).unlink()
                for event in (DeliveryEvent.DELETING, DeliveryEvent.DELETED):
                    await self._catalogue.shipping.delivery_moved(delivery, event)
            await self._catalogue.shipping.moved(id, RecordingEvent.GONE, reason="somebody wanted it")

    async def _captured(self, what: str, state: RecordingState = R.CAPTURED, **of_call: Any) -> None:
        reason = "" if state is R.CAPTURED else f"it is {state}"
        recording = self._recording(what, state, ended_at=self._began + 44, reason=reason)
        await self._apply(self._call(what, **(self._over | of_call)), recording, self._segment(what))

    async def _rendered(self, what: str) -> None:
        id = recording_id(self._organisation, what)
        artefacts, drawn = tuple(_artefact(id, kind) for kind in _KINDS), self._ground.state / peaks_path(id)
        rendering = a_rendering(artefacts=artefacts, duration_seconds=1.0, peaks_path=peaks_path(id))
        drawn.parent.mkdir(parents=True, exist_ok=True)
        drawn.write_bytes(WAVEFORM)
        await self._catalogue.shipping.rendered(id, rendering, self._deliveries(what))

    async def _stored(self, what: str) -> None:
        file = await self._catalogue.shipping.file(recording_id(self._organisation, what))
        assert file is not None
        destination = await self._ground.destinations.find(DESTINATION, file.recording)
        assert destination is not None
        for delivery in self._deliveries(what):
            name = _object_name(delivery)
            (self._archive / name).write_bytes(sound(delivery.kind))
            await self._catalogue.shipping.named(delivery, name, destination.place)
            url = destination.store.url(name)
            await self._catalogue.shipping.delivery_moved(delivery, DeliveryEvent.STORED, url=url)

    async def _holds(self) -> None:
        for what in ("held", "releasing"):
            hold = Hold(
                recording_id=recording_id(self._organisation, what),
                organisation=self._organisation,
                by="key first",
                at=self._now,
                reason="a lawsuit",
            )
            await self._catalogue.keeping.hold(hold)
        await self._catalogue.keeping.ask_release(recording_id(self._organisation, "releasing"), "key first", self._now)

    async def _transcripts(self) -> None:
        done, waiting, failed, removed = (
            TranscriptionState.DONE,
            TranscriptionState.WAITING,
            TranscriptionState.FAILED,
            TranscriptionState.REMOVED,
        )
        for what in (R.AVAILABLE.value, *_FURTHER):
            await self._transcript(what, done)
        await self._transcript(R.RENDERED.value, waiting)
        await self._transcript(R.FAILED_STORE.value, failed)
        await self._transcript(R.REMOVED.value, removed)

    async def _transcript(self, what: str, state: TranscriptionState) -> None:
        said = [(Role.CALLER, f"{WORDS} says {self._organisation}"), (Role.AGENT, "I am sorry to hear that")]
        lines = [
            SpokenLine(role=role, party=AGENT, start_seconds=at / 2, end_seconds=(at + 1) / 2, text=text)
            for at, (role, text) in enumerate(said)
        ]
        is_done = state is TranscriptionState.DONE
        of_call = call_id(self._organisation, what)
        row = {
            "recording_id": recording_id(self._organisation, what),
            "call_id": of_call,
            "organisation": self._organisation,
            "state": state.value,
            "reason": "" if is_done else f"it is {state}",
            "language": "en",
            "confidence": 0.94,
            "lines": json_text(lines if is_done else []),
            "words": json_text([[Word(line.text, line.start_seconds, line.end_seconds, 0.9)] for line in lines]),
            "engine": "local" if is_done else "",
            "made_at": self._began + 60,
        }
        await self._catalogue.database.write(lambda connection: connection.execute(insert(TRANSCRIPTS), [row]))
        await self._catalogue.database.write(lambda connection: set_call_text(connection, of_call))

    async def _marks(self) -> None:
        for what in (R.AVAILABLE.value, "live"):
            id = call_id(self._organisation, what)
            await self._catalogue.call_marks.tag(id, self._organisation, ["later"], by="key first", at=self._now)
            note = Note(
                id=f"{self._organisation}-note-{what}",
                call_id=id,
                organisation=self._organisation,
                text=f"{self._organisation} wants an answer",
                by="key first",
                at=self._now,
            )
            await self._catalogue.call_marks.note(note)

    async def _notifications(self) -> None:
        outbox = self._catalogue.notifications
        for state in NotificationState:
            is_cancelled = state is NotificationState.CANCELLED
            notification = a_notification(
                notification_id(self._organisation, state),
                endpoint=GONE_ENDPOINT if is_cancelled else ENDPOINT,
                organisation=self._organisation,
                recording_id=recording_id(self._organisation, R.AVAILABLE.value),
                call_id=call_id(self._organisation, R.AVAILABLE.value),
                told=list(Told)[list(NotificationState).index(state)],
                body=f'{{"callid":"{call_id(self._organisation, R.AVAILABLE.value)}"}}',
            )
            await outbox.add([notification])
        await outbox.delivered(notification_id(self._organisation, NotificationState.DELIVERED), TAKEN)
        await outbox.failed(notification_id(self._organisation, NotificationState.DEAD), an_attempt(), next_at=None)
        await outbox.cancel(GONE_ENDPOINT, "it is not in the configuration any more")

    async def _commands(self) -> None:
        actions = {order_id(self._organisation): "pause", placed_id(self._organisation): ORIGINATE}
        for said, action in actions.items():
            call = call_id(self._organisation, "live")
            of_call = CallId("") if action == ORIGINATE else call
            # The house's own keys have no organisation's name before theirs.
            for whose in (self._organisation, ""):
                command = Command(
                    id=own_command_id(whose, said),
                    node=NODE,
                    call_id=of_call,
                    action=action,
                    by="key first",
                    expires_at=self._now + 30,
                )
                await self._catalogue.commands.post(command)
                outcome = answered(call) if action == ORIGINATE else "paused"
                await self._apply(CommandAnswered(command_id=command.id, is_done=True, outcome=outcome))

    async def _erasure(self) -> None:
        await self._apply(self._call("forgotten", from_number=FORGOTTEN_NUMBER, legs=(), **self._over))
        await self._ground.erasing.erase(_access(self._organisation, self._now), number=FORGOTTEN_NUMBER)

    # --- rows -----------------------------------------------------------------------------------------------------

    @property
    def _over(self) -> dict[str, Any]:
        return {"state": CallState.ENDED, "ended_at": self._began + 44}

    def _call(self, what: str, **over: Any) -> Call:
        known = {
            "id": call_id(self._organisation, what),
            "organisation": self._organisation,
            "pbx": self._organisation,
            "node": NODE,
            "direction": Direction.INBOUND,
            "queue": "sales",
            "started_at": self._began,
            "legs": (a_leg(number=CALLER_NUMBER), a_leg(channel=f"{what}.2", number=AGENT)),
        }
        return a_call(**(known | over))

    def _recording(self, what: str, state: RecordingState, **over: Any) -> Change:
        known = {
            "id": recording_id(self._organisation, what),
            "call_id": call_id(self._organisation, what),
            "organisation": self._organisation,
            "pbx": self._organisation,
            "node": NODE,
            "state": state,
            "started_at": self._began + 4,
            "requested_at": self._began + 4,
            "destinations": (DESTINATION,),
        }
        return a_recording(**(known | over))

    def _segment(self, what: str) -> Change:
        id = recording_id(self._organisation, what)
        call = call_id(self._organisation, what)
        return a_segment(id=f"segment-{id}", recording_id=id, call_id=call, side=Side.LEFT, path=f"{id}.wav")

    def _deliveries(self, what: str) -> Sequence[Delivery]:
        id = recording_id(self._organisation, what)
        return [Delivery(recording_id=id, kind=kind, destination=DESTINATION) for kind in _KINDS]


def notification_id(organisation: str, state: NotificationState) -> str:
    return f"msg_{organisation}_{state.value}"


def order_id(organisation: str) -> str:
    return f"{organisation}-order"


def placed_id(organisation: str) -> str:
    return f"{organisation}-placed"


def _access(organisation: str, now: Moment) -> Access:
    house = of_the_house("the test", now)
    return replace(house, key=replace(house.key, organisation=organisation))


def _artefact(id: RecordingId, kind: ArtefactKind) -> Artefact:
    content = sound(kind)
    return an_artefact(
        recording_id=id,
        kind=kind,
        format="wav",
        path=f"{id}/{kind}.wav",
        size_bytes=len(content),
        md5=hashlib.md5(content, usedforsecurity=False).hexdigest(),
        sha256=hashlib.sha256(content).hexdigest(),
        duration_seconds=1.0,
        channels=CHANNELS if kind is ArtefactKind.STEREO else (),
    )


def _object_name(delivery: Delivery) -> str:
    return f"{delivery.recording_id}.{delivery.kind}.wav"
