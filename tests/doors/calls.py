"""The calls that the services' own examples name, put into a house as capture and work would have: rows, files, words.

osmTalk's, Dialgen's, Sinch's and Talkturo's are of one organisation, KrosAI's of another.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import insert

from connector.catalogue.call_texts import set_call_text
from connector.catalogue.codec import json_text
from connector.catalogue.people_tables import TRANSCRIPTS
from connector.domain.call import Call, CallState, Role
from connector.domain.decision import Change
from connector.domain.ids import CallId, ChannelId, RecordingId
from connector.domain.keeping import DAY_SECONDS
from connector.domain.recording import Artefact, ArtefactKind, Delivery
from connector.domain.states import DeliveryEvent, RecordingEvent, RecordingState, TranscriptionState
from connector.domain.transcript import SpokenLine
from connector.ports.call_ledger import JournalPosition
from connector.roles.foundation import Foundation
from tests.api.seeds import DESTINATION, NODE, ORGANISATIONS
from tests.builders import MORNING, a_call, a_leg, a_recording, a_rendering, a_segment, an_artefact

SHOP, KROS = "shop", "kros"
LIVE: Final = CallId("live-1")
KROS_CALL: Final = CallId("call_abc123")
#: How long each recording is kept unless somebody says otherwise.
DAYS: Final = 30
TALK_SECONDS: Final = 180
_PBX = ORGANISATIONS[0]
_STEREO, _MONO = (ArtefactKind.STEREO,), (ArtefactKind.MONO,)
_LINES = (
    SpokenLine(role=Role.AGENT, start_seconds=2, end_seconds=4, text="Hello!"),
    SpokenLine(role=Role.CALLER, start_seconds=5, end_seconds=7, text="Hi, what does it cost?"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A call that is over, and what was made of it."""

    id: CallId
    organisation: str = SHOP
    kinds: tuple[ArtefactKind, ...] = _STEREO
    audio_format: str = "mp3"
    sample_rate: int = 8000
    agent_id: str = "201"
    tags: tuple[str, ...] = ()

    @property
    def recording_id(self) -> RecordingId:
        return recording_of(self.id)

    def object_name(self, kind: ArtefactKind) -> str:
        return f"{self.id}.{kind}.{self.audio_format}"

    @property
    def artefacts(self) -> tuple[Artefact, ...]:
        return tuple(self._artefact(kind) for kind in self.kinds)

    def _artefact(self, kind: ArtefactKind) -> Artefact:
        content = sound_of(self.object_name(kind))
        return an_artefact(
            recording_id=self.recording_id,
            kind=kind,
            format=self.audio_format,
            path=f"{self.recording_id}/{kind}.{self.audio_format}",
            size_bytes=len(content),
            md5=hashlib.md5(content, usedforsecurity=False).hexdigest(),
            sha256=hashlib.sha256(content).hexdigest(),
            duration_seconds=float(TALK_SECONDS),
            sample_rate=self.sample_rate,
        )


RECORDED: Final = (
    Recorded(id=CallId("osm-1"), kinds=(*_MONO, *_STEREO), audio_format="wav"),
    Recorded(id=CallId("call_123"), agent_id="agent_789", tags=("contact:contact_123", "batch_7")),
    Recorded(id=CallId("a1b2c3d4")),
    Recorded(id=KROS_CALL, organisation=KROS, kinds=_MONO, sample_rate=48_000),
)


def recording_of(call_id: str) -> RecordingId:
    return RecordingId(f"recording-of-{call_id}")


def sound_of(name: str) -> bytes:
    """What lies in the archive under that name."""
    return f"the sound of {name}".encode()


def stock(archive: Path) -> None:
    """Every file lies there, whatever an earlier client has had deleted."""
    for call in RECORDED:
        for kind in call.kinds:
            name = call.object_name(kind)
            (archive / name).write_bytes(sound_of(name))


async def sow(ground: Foundation, archive: Path) -> None:
    stock(archive)
    leg = a_leg(channel=ChannelId(f"channel of {LIVE}"))
    missed = {"answered_at": None, "state": CallState.ENDED, "ended_at": MORNING + 184}
    await _apply(ground, _call(LIVE, SHOP, legs=(leg,)), _call("missed", KROS, **missed))
    for call in RECORDED:
        await _recorded(ground, call)


async def _recorded(ground: Foundation, call: Recorded) -> None:
    of_recording = {
        "id": call.recording_id,
        "call_id": call.id,
        "organisation": call.organisation,
        "pbx": _PBX,
        "node": NODE,
        "state": RecordingState.CAPTURED,
        "started_at": MORNING + 4,
        "ended_at": MORNING + 184,
        "destinations": (DESTINATION,),
    }
    over = {"state": CallState.ENDED, "ended_at": MORNING + 184, "agent_id": call.agent_id}
    id = f"segment-{call.id}"
    segment = a_segment(id=id, recording_id=call.recording_id, call_id=call.id, path=f"{id}.wav")
    await _apply(ground, _call(call.id, call.organisation, **over), a_recording(**of_recording), segment)
    await _stored(ground, call)
    await _written(ground, call)
    catalogue, now = ground.catalogue, ground.clock.now()
    await catalogue.keeping.reckon({call.recording_id: now + DAYS * DAY_SECONDS})
    if call.tags:
        await catalogue.call_marks.tag(call.id, call.organisation, call.tags, by="key first", at=now)


async def _stored(ground: Foundation, call: Recorded) -> None:
    shipping = ground.catalogue.shipping
    deliveries = [Delivery(recording_id=call.recording_id, kind=kind, destination=DESTINATION) for kind in call.kinds]
    rendering = a_rendering(artefacts=call.artefacts, duration_seconds=float(TALK_SECONDS))
    await shipping.rendered(call.recording_id, rendering, deliveries)
    file = await shipping.file(call.recording_id)
    assert file is not None
    destination = await ground.destinations.find(DESTINATION, file.recording)
    assert destination is not None
    for delivery in deliveries:
        name = call.object_name(delivery.kind)
        await shipping.named(delivery, name, destination.place)
        await shipping.delivery_moved(delivery, DeliveryEvent.STORED, url=destination.store.url(name))
    await shipping.moved(call.recording_id, RecordingEvent.STORED)


async def _written(ground: Foundation, call: Recorded) -> None:
    row = {
        "recording_id": call.recording_id,
        "call_id": call.id,
        "organisation": call.organisation,
        "state": TranscriptionState.DONE.value,
        "reason": "",
        "language": "en",
        "confidence": 0.94,
        "lines": json_text(list(_LINES)),
        "made_at": MORNING + 200,
    }
    database = ground.catalogue.database
    await database.write(lambda connection: connection.execute(insert(TRANSCRIPTS), [row]))
    await database.write(lambda connection: set_call_text(connection, call.id))


async def _apply(ground: Foundation, *changes: Change) -> None:
    await ground.catalogue.calls.apply(NODE, changes, JournalPosition(file="journal-00000001.jsonl", offset=1))


def _call(id: str, organisation: str, **over: Any) -> Call:
    known: dict[str, Any] = {"id": CallId(id), "organisation": organisation, "pbx": _PBX, "node": NODE}
    return a_call(**(known | over))
