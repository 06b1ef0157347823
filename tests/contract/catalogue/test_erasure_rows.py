"""The ErasureLedger on both databases: which calls are meant, how far each is, and what of a person leaves the rows."""

from typing import Any

import pytest
from sqlalchemy import Connection, select

from connector.catalogue.all_tables import METADATA
from connector.catalogue.store import Catalogue
from connector.domain.call import CallState
from connector.domain.ids import CallId
from connector.domain.options import RecordingOptions
from connector.domain.states import DeliveryEvent, RecordingEvent
from connector.errors import IllegalTransition, OnHold
from connector.ports.call_marks import Note
from connector.ports.commands import Command
from connector.ports.erasure_ledger import ErasedCall, Erasure, ErasureState, Progress
from tests.builders import AGENT, MORNING, a_call, a_leg, a_notification, a_recording
from tests.contract.catalogue.conftest import NOW
from tests.contract.catalogue.keeping_site import R, applied, available, recorded, spoken
from tests.contract.catalogue.test_keeping_rows import a_hold

NUMBER = "+4930123456"
C = CallId


def an_erasure(id: str = "e1", **over: Any) -> Erasure:
    known: dict[str, Any] = {"organisation": "default", "number": NUMBER, "by": "key k1", "at": NOW}
    return Erasure(id=id, **(known | over))


async def everything(catalogue: Catalogue) -> str:
    def read(connection: Connection) -> str:
        return "\n".join(
            f"{table.name}: {row}" for table in METADATA.sorted_tables for row in connection.execute(select(table))
        )

    return await catalogue.database.read(read)


async def test_a_wish_is_written_once_and_settled_without_its_number(catalogue: Catalogue) -> None:
    assert await catalogue.erasures.erase(an_erasure(), NOW + 1)
    assert not await catalogue.erasures.erase(an_erasure(by="key k2"), NOW + 2)
    assert await catalogue.erasures.find("e1") == (an_erasure(), Progress(noted_at=NOW + 1))
    assert await catalogue.erasures.find("e2") is None
    await catalogue.erasures.searched("e1", NOW + 3)
    assert await catalogue.erasures.unsettled(9) == [(an_erasure(), Progress(noted_at=NOW + 1, searched_at=NOW + 3))]
    await catalogue.erasures.settled("e1", NOW + 4)
    assert await catalogue.erasures.unsettled(9) == []
    found = await catalogue.erasures.find("e1")
    assert found is not None
    assert (found[0].number, found[1].settled_at) == ("", NOW + 4)


async def test_calls_are_noted_with_what_became_of_them(catalogue: Catalogue) -> None:
    await catalogue.erasures.erase(an_erasure(), NOW)
    under_way = [ErasedCall(call_id=C(id), state=ErasureState.UNDER_WAY) for id in "abc"]
    await catalogue.erasures.note_calls("e1", under_way)
    held = ErasedCall(call_id=C("b"), state=ErasureState.CANNOT, reason="held")
    await catalogue.erasures.note_calls("e1", [held, ErasedCall(call_id=C("c"), state=ErasureState.ERASED)])
    assert await catalogue.erasures.erased_calls("e1", 2, "a") == [
        held,
        ErasedCall(call_id=C("c"), state=ErasureState.ERASED),
    ]
    wanted = [ErasureState.CANNOT]
    assert await catalogue.erasures.erased_calls("e1", 9, states=wanted) == [held]
    assert await catalogue.erasures.counts("e1") == dict.fromkeys(ErasureState, 1)
    assert set((await catalogue.erasures.counts("e2")).values()) == {0}


async def test_all_calls_of_a_number_are_found_by_their_legs_too(catalogue: Catalogue) -> None:
    other = {"from_number": "1", "to_number": "2"}
    plain = a_leg(number="1", dialled="2")
    await applied(
        catalogue,
        a_call(id="a", legs=(plain,), from_number=NUMBER),
        a_call(id="b", legs=(plain,), from_number="1", to_number=NUMBER),
        a_call(id="c", legs=(plain, a_leg(channel=AGENT, number=NUMBER)), **other),
        a_call(id="d", legs=(a_leg(number="1", dialled=NUMBER),), **other),
        a_call(id="e", legs=(a_leg(number=f"{NUMBER}7", name=f'"number":"{NUMBER}"', dialled=""),), **other),
        a_call(id="f", legs=(plain,), from_number=NUMBER, organisation="acme"),
        a_call(id="g", legs=(plain,), from_number=NUMBER, started_at=MORNING + 50, joined="a"),
    )
    find = catalogue.erasures.calls_of_number
    assert await find("default", NUMBER, limit=9) == ["a", "b", "c", "d", "g"]
    assert await find(None, NUMBER, limit=2, after="d") == ["f", "g"]
    assert await find("default", NUMBER, limit=9, before=MORNING) == ["a", "b", "c", "d"]
    assert await find(None, "%", limit=9) == []


async def test_a_call_comes_with_all_that_became_part_of_it(catalogue: Catalogue) -> None:
    await applied(catalogue, a_call(id="a"), a_call(id="b", joined="a"), a_call(id="c", joined="b"), a_call(id="d"))
    assert sorted(await catalogue.erasures.calls_of_call("a")) == ["a", "b", "c"]
    assert await catalogue.erasures.calls_of_call("unknown") == []


async def test_what_remains_of_a_call_is_said(catalogue: Catalogue) -> None:
    await available(catalogue, "a")
    await spoken(catalogue, "a")
    await catalogue.keeping.hold(a_hold("a"))
    found = await catalogue.erasures.remains(C("call-a"))
    assert found is not None
    assert ([file.recording.id for file in found.files], dict(found.holds)) == (["a"], {"a": "case 7"})
    assert [*found.with_sources, *found.with_transcript] == ["a", "a"]
    await catalogue.shipping.sources_removed(R("a"))
    bare = await catalogue.erasures.remains(C("call-a"))
    assert bare is not None
    assert bare.with_sources == frozenset()
    assert await catalogue.erasures.remains(C("unknown")) is None


async def erased(catalogue: Catalogue) -> None:
    """A recording whose names all hold the number, removed with all its copies."""
    await available(
        catalogue,
        "a",
        rule=f"rule 1 (from {NUMBER})",
        options=RecordingOptions(client_state=f"crm {NUMBER}", tags=("vip",)),
        call_tags=(f"from {NUMBER}", "vip"),
    )
    await spoken(catalogue, "a")
    await applied(
        catalogue, a_recording(id="other", call_id="call-a"), a_call(id="untouched", from_number="+49891", legs=())
    )
    file = await catalogue.shipping.file(R("a"))
    assert file is not None
    (copy,) = file.deliveries
    await catalogue.shipping.named(copy, f"{NUMBER}.mp3", "place")
    await catalogue.notifications.add([a_notification("n1", recording_id="a", body=NUMBER)])
    await catalogue.call_marks.tag(C("call-a"), "default", [f"call {NUMBER}", "kept"], by="key k1", at=NOW)
    note = Note(id="n", call_id=C("call-a"), organisation="default", text="rings often", by="key k1", at=NOW)
    await catalogue.call_marks.note(note)
    await catalogue.commands.post(
        Command(id="c1", node="here", call_id=C("call-a"), action="start", options=NUMBER, expires_at=NOW - 1)
    )
    await catalogue.commands.open_for("here", NOW)
    await catalogue.keeping.remove(R("a"), RecordingEvent.ERASED, "", NOW, by="key k1")
    for event in (DeliveryEvent.DELETING, DeliveryEvent.DELETED):
        await catalogue.shipping.delivery_moved(copy, event)
    await catalogue.shipping.sources_removed(R("a"))
    await catalogue.shipping.moved(R("a"), RecordingEvent.GONE)


async def test_nothing_of_a_person_is_left_in_any_table(catalogue: Catalogue) -> None:
    await erased(catalogue)
    assert NUMBER in await everything(catalogue)
    await catalogue.erasures.forget_person(C("call-a"), NUMBER)
    left = await everything(catalogue)
    for word in (NUMBER, "Zoé", "rings often", "parcel", "a.wav"):
        assert word not in left, word
    for word in ("Ada", "201", "+49891", "kept", "vip"):
        assert word in left, word
    await catalogue.erasures.forget_person(C("call-a"), NUMBER)
    assert await everything(catalogue) == left


async def test_who_has_a_hold_or_is_live_is_not_forgotten(catalogue: Catalogue) -> None:
    await recorded(catalogue, "a")
    await catalogue.keeping.hold(a_hold("a"))
    with pytest.raises(OnHold):
        await catalogue.erasures.forget_person(C("call-a"), NUMBER)
    await applied(catalogue, a_call(id="live", state=CallState.LIVE), a_call(id="joined", joined="live"))
    with pytest.raises(IllegalTransition):
        await catalogue.erasures.forget_person(C("live"), NUMBER)
    await catalogue.erasures.forget_person(C("joined"), NUMBER)
    await catalogue.erasures.forget_person(C("unknown"), NUMBER)
    assert await catalogue.erasures.calls_of_number(None, NUMBER, limit=9) == ["call-a", "live"]


async def test_names_that_lead_to_what_is_still_there_stay(catalogue: Catalogue) -> None:
    await available(catalogue, "a")
    file = await catalogue.shipping.file(R("a"))
    assert file is not None
    await catalogue.shipping.named(file.deliveries[0], f"{NUMBER}.mp3", "place")
    await catalogue.erasures.forget_person(C("call-a"), "")
    kept = await catalogue.shipping.file(R("a"))
    assert kept is not None
    assert kept.deliveries[0].object_name == f"{NUMBER}.mp3"
    assert kept.segments[0].path == "a.wav"
    assert (kept.call.from_number, kept.call.agent_name) == ("", "")
