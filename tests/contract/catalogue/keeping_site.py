"""Recordings in every state that keeping asks about, on either database."""

from typing import Any

from sqlalchemy import insert, select

from connector.catalogue.codec import json_text
from connector.catalogue.database import Database
from connector.catalogue.people_tables import TRANSCRIPTS
from connector.catalogue.store import Catalogue
from connector.domain.call import CallState, Role
from connector.domain.decision import Change
from connector.domain.ids import RecordingId
from connector.domain.recording import Delivery
from connector.domain.states import DeliveryEvent, RecordingEvent, RecordingState, TranscriptionState
from connector.domain.transcript import SpokenLine
from connector.ports.call_ledger import JournalPosition
from tests.builders import MORNING, a_call, a_delivery, a_recording, a_rendering, a_segment, an_artefact

R = RecordingId


async def applied(catalogue: Catalogue, *changes: Change) -> None:
    await catalogue.calls.apply("here", changes, JournalPosition(file="journal-00000001.jsonl", offset=1))


async def recorded(
    catalogue: Catalogue, id: str, state: RecordingState = RecordingState.CAPTURED, **over: Any
) -> RecordingId:
    """With an ended call of its own."""
    of_call = {name.removeprefix("call_"): over.pop(name) for name in list(over) if name.startswith("call_")}
    call = a_call(**{"id": f"call-{id}", "state": CallState.ENDED, **of_call})
    known = {"ended_at": MORNING + 44, "organisation": call.organisation, "call_id": call.id, "state": state}
    segment = a_segment(id=f"segment-{id}", recording_id=id, call_id=call.id, path=f"{id}.wav")
    await applied(catalogue, call, a_recording(id=id, **(known | over)), segment)
    return R(id)


async def available(catalogue: Catalogue, id: str, *destinations: str, **over: Any) -> RecordingId:
    """With a stored copy at each destination."""
    await recorded(catalogue, id, **over)
    deliveries = [a_delivery(recording_id=id, destination=name) for name in destinations or ("archive",)]
    rendering = a_rendering(artefacts=(an_artefact(recording_id=id),))
    await catalogue.shipping.rendered(R(id), rendering, deliveries)
    for delivery in deliveries:
        await catalogue.shipping.named(delivery, f"{id}.mp3", f"the place of {delivery.destination}")
        await catalogue.shipping.delivery_moved(delivery, DeliveryEvent.STORED, url=url_of(delivery))
    await catalogue.shipping.moved(R(id), RecordingEvent.STORED)
    return R(id)


async def spoken(catalogue: Catalogue, id: str, text: str = "the parcel is late") -> None:
    """Somebody has written down what was said."""
    line = SpokenLine(role=Role.CALLER, party="+4930123456", start_seconds=0.0, end_seconds=1.0, text=text)
    row = {
        "recording_id": id,
        "call_id": f"call-{id}",
        "organisation": "default",
        "state": TranscriptionState.DONE.value,
        "reason": "",
        "language": "en",
        "lines": json_text([line]),
    }
    await catalogue.database.write(lambda connection: connection.execute(insert(TRANSCRIPTS), [row]))


async def words(database: Database, id: str) -> tuple[str, str]:
    wanted = select(TRANSCRIPTS.c.state, TRANSCRIPTS.c.lines).where(TRANSCRIPTS.c.recording_id == id)
    row = await database.read(lambda connection: connection.execute(wanted).one())
    return row.state, row.lines


def url_of(delivery: Delivery) -> str:
    scheme = "file:///archive" if delivery.destination == "archive" else "s3://bucket"
    return f"{scheme}/{delivery.recording_id}.mp3"
