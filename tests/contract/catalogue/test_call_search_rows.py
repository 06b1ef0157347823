"""The CallSearch on both databases."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import Connection, Engine, event, insert

from connector.catalogue.call_texts import set_call_text
from connector.catalogue.codec import RowCodec
from connector.catalogue.people_tables import CALL_NOTES, HOLDS, TRANSCRIPTS
from connector.catalogue.store import Catalogue
from connector.domain.access import Limits
from connector.domain.call import Call, CallKind, CallState, Direction, Role
from connector.domain.decision import Change
from connector.domain.ids import CallId, RecordingId
from connector.domain.keeping import Hold, Keeping
from connector.domain.options import RecordingOptions
from connector.domain.recording import ArtefactKind
from connector.domain.states import DeliveryEvent, RecordingState, TranscriptionState
from connector.domain.transcript import SpokenLine, Transcript
from connector.ports.call_ledger import JournalPosition
from connector.ports.call_marks import Note
from connector.ports.call_search import CallFile, CallFilter, CallPart, CallPlace
from tests.builders import MORNING, a_call, a_delivery, a_recording, a_rendering, a_segment, an_artefact

_NOTE = RowCodec(Note)
_TRANSCRIPT = RowCodec(Transcript, nested=("lines",))

CALLS = [
    a_call(
        id="c1",
        from_number="+4930100",
        to_number="201",
        direction=Direction.INBOUND,
        queue="sales",
        state=CallState.ENDED,
        ended_at=MORNING + 60,
    ),
    a_call(
        id="c2",
        organisation="acme",
        from_number="50%_off",
        to_number="+4989200",
        agent_id="202",
        agent_name="Bob",
        started_at=MORNING + 10,
        answered_at=None,
        pbx="freeswitch",
        tags=("vip",),
    ),
    a_call(id="c3", started_at=MORNING + 10, from_number="+49301", to_number="201", agent_id="a", agent_name="201"),
    a_call(
        id="c4",
        kind=CallKind.CONFERENCE,
        conference="8000",
        started_at=MORNING + 20,
        from_number="+43110",
        to_number="201",
        agent_id="",
        agent_name="Room",
    ),
    a_call(id="gone", joined="c3", started_at=MORNING + 15),
]
RECORDINGS = [
    a_recording(id="r1", call_id="c1", state=RecordingState.AVAILABLE, rule="the rule for Sales"),
    a_recording(id="r2", call_id="c2", organisation="acme", options=RecordingOptions(tags=("gold", 'a"b', "Zoé"))),
    a_recording(id="r3", call_id="c3", requested_at=MORNING + 30, options=RecordingOptions(client_state="gold")),
    a_recording(id="r3b", call_id="gone", requested_at=MORNING + 12, state=RecordingState.CAPTURED),
    a_recording(id="r3c", call_id="c3", requested_at=MORNING + 13, state=RecordingState.ABSENT, reason="joined r3"),
]


async def filled(catalogue: Catalogue, *more: Change) -> None:
    changes: list[Change] = [*CALLS, *RECORDINGS, a_segment(recording_id="r1"), *more]
    await catalogue.calls.apply("here", changes, JournalPosition(file="j", offset=1))
    await catalogue.call_marks.tag(CallId("c3"), "default", ["late", "vip"], by="key k1", at=MORNING + 90)
    await catalogue.call_marks.tag(CallId("gone"), "default", ["first"], by="key k1", at=MORNING + 80)


async def found(
    catalogue: Catalogue, wanted: CallFilter, limit: int = 99, after: CallFile | None = None
) -> Sequence[CallFile]:
    place = None if after is None else CallPlace(started_at=after.call.started_at, call_id=after.call.id)
    return await catalogue.call_search.calls(wanted, limit=limit, after=place)


async def ids(catalogue: Catalogue, wanted: CallFilter) -> str:
    return " ".join(file.call.id for file in await found(catalogue, wanted))


@pytest.mark.parametrize(
    ("wanted", "calls"),
    [
        (CallFilter(), "c4 c3 c2 c1"),
        (CallFilter(organisation="acme"), "c2"),
        (CallFilter(organisation="nobody"), ""),
        (CallFilter(started_after=MORNING + 10), "c4 c3 c2"),
        (CallFilter(started_before=MORNING + 10), "c1"),
        (CallFilter(number="9301"), "c3 c1"),
        (CallFilter(number="892"), "c2"),
        (CallFilter(number="%"), "c2"),
        (CallFilter(number="0%0"), ""),
        (CallFilter(from_number="+49301"), "c3"),
        (CallFilter(from_number="+49301*"), "c3 c1"),
        (CallFilter(from_number="50_*"), ""),
        (CallFilter(to_number="201", from_number="+4930100"), "c1"),
        (CallFilter(direction=Direction.INBOUND), "c1"),
        (CallFilter(kind=CallKind.CONFERENCE), "c4"),
        (CallFilter(agent="201"), "c3 c1"),
        (CallFilter(agent="Bob"), "c2"),
        (CallFilter(queue="sales"), "c1"),
        (CallFilter(pbx="freeswitch"), "c2"),
        (CallFilter(conference="8000"), "c4"),
        (CallFilter(state=CallState.ENDED), "c1"),
        (CallFilter(is_answered=False), "c2"),
        (CallFilter(is_answered=True, state=CallState.LIVE), "c4 c3"),
        (CallFilter(recording_states=(RecordingState.AVAILABLE, RecordingState.REQUESTED)), "c3 c2 c1"),
        (CallFilter(recording_states=(RecordingState.ABSENT,)), ""),
        (CallFilter(rule="for sales"), "c1"),
        (CallFilter(rule="for%sales"), ""),
        (CallFilter(tag="vip"), "c3 c2"),
        (CallFilter(tag="vip", organisation="default"), "c3"),
        (CallFilter(tag="gold"), "c2"),
        (CallFilter(tag='a"b'), "c2"),
        (CallFilter(tag="Zoé"), "c2"),
        (CallFilter(tag="vi"), ""),
        (CallFilter(limits=Limits(tags=("late", "gold"))), "c3 c2"),
        (CallFilter(limits=Limits(agents=("202", "201"))), "c2 c1"),
        (CallFilter(limits=Limits(numbers=("201", "50*"))), "c4 c3 c2 c1"),
        (CallFilter(limits=Limits(numbers=("50%*",))), "c2"),
        (CallFilter(limits=Limits(numbers=("+4989200", "4930*"))), "c2"),
        (CallFilter(limits=Limits(agents=("202",), tags=("late",))), ""),
    ],
    ids=str,
)
async def test_each_filter_finds_its_calls_newest_first(catalogue: Catalogue, wanted: CallFilter, calls: str) -> None:
    await filled(catalogue)
    assert await ids(catalogue, wanted) == calls


@pytest.mark.parametrize("few", [0, 1, 100])
@pytest.mark.parametrize("walked", [0, 1, 2])
@pytest.mark.parametrize(
    ("wanted", "calls"),
    [
        (CallFilter(agent="201"), ["c3", "c1"]),
        (CallFilter(organisation="default", agent="201"), ["c3", "c1"]),
        (CallFilter(organisation="default", agent="201", queue="sales"), ["c1"]),
        (CallFilter(organisation="acme", agent="Bob", recording_states=(RecordingState.REQUESTED,)), ["c2"]),
        (CallFilter(organisation="acme", agent="201"), []),
        (CallFilter(recording_states=(RecordingState.REQUESTED,)), ["c3", "c2"]),
        (CallFilter(recording_states=(RecordingState.CAPTURED,)), []),
        (CallFilter(queue="nobody's"), []),
    ],
    ids=str,
)
async def test_what_is_not_among_the_newest_is_found_all_the_same(
    catalogue: Catalogue, wanted: CallFilter, calls: list[str], walked: int, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_WALKED_CALLS", "_WALKED_TEXTS", "_WALKED_HITS", "_FREQUENT_HITS"):
        monkeypatch.setattr(f"connector.catalogue.call_ways.{name}", walked)
    monkeypatch.setattr("connector.catalogue.call_ways._FEW", few)
    await filled(catalogue)
    for call in ("c1", "c2", "c3", "c4"):
        await noted(catalogue, call, "hello")
    for limit in (1, 2, 9):
        page = await found(catalogue, wanted, limit)
        assert [file.call.id for file in page] == calls[:limit]
        assert await found(catalogue, replace(wanted, text="hello"), limit) == page
        following = await found(catalogue, replace(wanted, text="hello"), limit, page[0]) if page else []
        assert [file.call.id for file in following] == calls[1 : 1 + limit]


@pytest.mark.parametrize("limits", [Limits(tags=("vip", "first")), Limits(agents=("202",)), Limits(numbers=("+493*",))])
async def test_a_key_s_limits_mean_in_lists_what_they_mean_for_one_call(catalogue: Catalogue, limits: Limits) -> None:
    await filled(catalogue)
    everything = await found(catalogue, CallFilter())
    allowed = [file.call.id for file in everything if limits.allow(file.call, file.tags)]
    assert await ids(catalogue, CallFilter(limits=limits)) == " ".join(allowed)


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("text", [None, "hello"])
async def test_pages_follow_each_other_without_gap_or_repetition(
    catalogue: Catalogue, size: int, text: str | None
) -> None:
    await filled(catalogue, a_call(id="c5", started_at=MORNING + 10), a_call(id="c0", started_at=MORNING - 1e7))
    for call in ("c3", "c1", "c0", "c5", "c2", "c4"):
        await noted(catalogue, call, "Hello again")
    everything: list[str] = []
    last = None
    while page := await found(catalogue, CallFilter(text=text), limit=size, after=last):
        everything += [file.call.id for file in page]
        last = page[-1]
    assert (everything[0], everything[-2:]) == ("c4", ["c1", "c0"])
    assert sorted(everything[1:-2]) == ["c2", "c3", "c5"]


async def test_a_page_goes_on_where_it_ended_though_that_call_is_found_no_more(catalogue: Catalogue) -> None:
    await filled(catalogue)
    for call in ("c1", "c2", "c4"):
        await noted(catalogue, call, "hello")
    first = await found(catalogue, CallFilter(text="hello"), limit=2)
    assert await catalogue.call_marks.remove_note(first[-1].call.id, "hello of c2")
    rest = await found(catalogue, CallFilter(text="hello"), after=first[-1])
    assert [file.call.id for file in rest] == ["c1"]


async def noted(catalogue: Catalogue, call: str, text: str) -> None:
    id = f"{text} of {call}"
    organisation = next((one.organisation for one in CALLS if one.id == call), "default")
    await catalogue.call_marks.note(
        Note(id=id, call_id=CallId(call), organisation=organisation, text=text, by="key k1", at=MORNING + 100)
    )


def a_transcript(recording: str, call: str, *lines: str) -> Transcript:
    return Transcript(
        recording_id=RecordingId(recording),
        call_id=CallId(call),
        organisation="default",
        state=TranscriptionState.DONE,
        language="de",
        lines=tuple(SpokenLine(role=Role.AGENT, start_seconds=0, end_seconds=1, text=text) for text in lines),
        made_at=MORNING + 70,
    )


async def transcribed(catalogue: Catalogue, transcript: Transcript) -> None:
    def work(connection: Connection) -> None:
        connection.execute(insert(TRANSCRIPTS), [_TRANSCRIPT.row(transcript)])
        set_call_text(connection, transcript.call_id)

    await catalogue.database.write(work)


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("straße", "c1"),
        ("STRASSE müller", "c1"),
        ("MULLER", "c3 c1"),
        ("Müller wien", "c3"),
        ("müller berlin hallo", "c1"),
        ("müller hamburg", ""),
        ("mull", ""),
        ("mül* OR ler", ""),
        ('"wien" & \'ist', "c3"),
        ("录音", "c4"),
        ("音", "c4"),
        ("don't", "c2"),
        ("4711", "c2"),
        ("?!", ""),
        ("", ""),
        ("words:wien", ""),
        ("\ue000", ""),
    ],
)
async def test_words_are_found_in_any_order_any_case_and_without_accents(
    catalogue: Catalogue, text: str, calls: str
) -> None:
    await filled(catalogue)
    await transcribed(catalogue, a_transcript("r1", "c1", "Hallo, Müller hier.", "Aus der Straße in Berlin"))
    await noted(catalogue, "c2", "I don't know: 4711_B")
    await noted(catalogue, "c3", "Muller ist in Wien!")
    await noted(catalogue, "c4", "通话录音")
    assert await ids(catalogue, CallFilter(text=text)) == calls


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("030-1234", "c4 c3 c2 c1"),
        ("030 1234", "c4 c3 c2 c1"),
        ("(030) 12/34", "c4 c3 c2 c1"),
        ("0301234", "c4 c3 c2 c1"),
        ("zero three zero one two three four", "c4 c3 c2 c1"),
        ("oh three zero one two double three", ""),
        ("1234", "c4 c3"),
        ("call 030 12 34", "c2"),
        ("030 1234 1234", "c4 c3"),
        ("030 9999", ""),
        ("9999 030", ""),
        ("12 34", "c4 c3 c1"),
    ],
)
async def test_a_number_is_found_however_it_was_said_or_written(catalogue: Catalogue, text: str, calls: str) -> None:
    await filled(catalogue)
    await transcribed(catalogue, a_transcript("r1", "c1", "It is 030 12 34. 5 minutes."))
    await noted(catalogue, "c2", "call 0301234")
    await transcribed(catalogue, a_transcript("r3", "c3", "Zero three zero, one two three four!"))
    await noted(catalogue, "c4", "030/1234")
    assert await ids(catalogue, CallFilter(text=text)) == calls
    assert await ids(catalogue, CallFilter(text=text, organisation="acme")) == ("c2" if "c2" in calls else "")


@pytest.mark.parametrize("text", ["+49 30 123456", "004930123456", "0049 30 12 34 56", "4930123456"])
async def test_a_plus_is_as_good_as_two_zeros(catalogue: Catalogue, text: str) -> None:
    await filled(catalogue)
    for call, written in (("c1", "+49 (30) 123456"), ("c2", "0049 30 123-456"), ("c3", "004930123456")):
        await noted(catalogue, call, written)
    assert await ids(catalogue, CallFilter(text=text)) == "c3 c2 c1"


@pytest.mark.parametrize(
    ("wanted", "calls"),
    [
        (CallFilter(organisation="acme"), "c2"),
        (CallFilter(organisation="default"), "c4 c3 c1"),
        (CallFilter(organisation="nobody"), ""),
        (CallFilter(started_after=MORNING + 10, started_before=MORNING + 20), "c3 c2"),
        (CallFilter(agent="201"), "c3 c1"),
        (CallFilter(tag="vip", organisation="default"), "c3"),
        (CallFilter(limits=Limits(agents=("202",))), "c2"),
    ],
    ids=str,
)
async def test_words_are_found_beside_other_filters(catalogue: Catalogue, wanted: CallFilter, calls: str) -> None:
    await filled(catalogue)
    for call in ("c3", "c2", "c4", "c1"):
        await noted(catalogue, call, "hello")
    by_text = CallFilter(
        text="hello",
        organisation=wanted.organisation,
        limits=wanted.limits,
        started_after=wanted.started_after,
        started_before=wanted.started_before,
        agent=wanted.agent,
        tag=wanted.tag,
    )
    found = await ids(catalogue, by_text)
    assert sorted(found.split()) == sorted(calls.split())


async def test_words_of_transcript_and_note_stand_for_one_call(catalogue: Catalogue) -> None:
    await filled(catalogue)
    await transcribed(catalogue, a_transcript("r1", "c1", "one"))
    await noted(catalogue, "c1", "two")
    assert await ids(catalogue, CallFilter(text="two one")) == "c1"
    assert await catalogue.call_marks.remove_note(CallId("c1"), "two of c1")
    assert await ids(catalogue, CallFilter(text="two")) == ""
    assert await ids(catalogue, CallFilter(text="one")) == "c1"


async def test_words_of_a_call_that_joined_another_are_the_other_s(catalogue: Catalogue) -> None:
    await filled(catalogue)
    await transcribed(catalogue, a_transcript("r3b", "gone", "before the transfer"))
    await noted(catalogue, "c3", "afterwards")
    assert await ids(catalogue, CallFilter(text="transfer afterwards")) == "c3"


async def test_words_of_a_call_that_nobody_knows_are_not_kept(catalogue: Catalogue) -> None:
    await noted(catalogue, "c1", "hello")
    await filled(catalogue)
    assert await ids(catalogue, CallFilter(text="hello")) == ""


async def test_a_text_of_very_many_words_is_kept_as_far_as_it_goes(catalogue: Catalogue) -> None:
    await filled(catalogue)
    many = " ".join(f"w{n}" for n in range(60_000))
    await transcribed(catalogue, a_transcript("r1", "c1", many, "x" * 5000))
    assert await ids(catalogue, CallFilter(text="w1 w20000")) == "c1"
    assert await ids(catalogue, CallFilter(text="w59999")) == ""


async def test_more_calls_of_one_microsecond_than_have_numbers_are_all_found(catalogue: Catalogue) -> None:
    calls = [a_call(id=f"m{n:04}") for n in range(1005)]
    await catalogue.calls.apply("here", calls, JournalPosition(file="j", offset=1))

    def work(connection: Connection) -> None:
        for call in calls:
            note = Note(id=call.id, call_id=call.id, organisation="default", text="hello", by="", at=MORNING)
            connection.execute(insert(CALL_NOTES), [_NOTE.row(note)])
            set_call_text(connection, call.id)

    await catalogue.database.write(work)
    first = await found(catalogue, CallFilter(text="hello"), limit=1000)
    rest = await found(catalogue, CallFilter(text="hello"), after=first[-1])
    assert {file.call.id for file in (*first, *rest)} == {call.id for call in calls}
    assert (len(first), len(rest)) == (1000, 5)


async def test_a_call_comes_with_all_that_belongs_to_it(catalogue: Catalogue) -> None:
    await filled(catalogue)
    await noted(catalogue, "c3", "two")
    await transcribed(catalogue, a_transcript("r3", "c3", "hello"))
    await transcribed(catalogue, a_transcript("r3b", "gone", "before"))
    file = next(file for file in await found(catalogue, CallFilter()) if file.call.id == "c3")
    assert file == await catalogue.call_search.call(CallId("c3"))
    assert file == await catalogue.call_search.call(CallId("gone"))
    assert file.call == CALLS[2]
    assert [one.recording.id for one in file.recordings] == ["r3b", "r3"]
    assert {one.call for one in file.recordings} == {CALLS[2]}
    assert file.tags == ("first", "late", "vip")
    assert [note.text for note in file.notes] == ["two"]
    assert [one.recording_id for one in file.transcripts] == ["r3b", "r3"]
    assert file.transcript(RecordingId("r3")) == a_transcript("r3", "c3", "hello")


async def test_tags_of_call_rule_and_people_stand_together_each_once(catalogue: Catalogue) -> None:
    await filled(catalogue)
    await catalogue.call_marks.tag(CallId("c2"), "acme", ["gold", "new"], by="key k1", at=MORNING)
    (file,) = await found(catalogue, CallFilter(organisation="acme"))
    assert file.tags == ("vip", "gold", 'a"b', "Zoé", "new")


async def test_a_recording_comes_with_its_files_copies_and_end(catalogue: Catalogue) -> None:
    captured = a_recording(id="r9", call_id="c9", state=RecordingState.CAPTURED)
    await filled(catalogue, a_call(id="c9", started_at=MORNING + 99), captured)
    artefact = an_artefact(recording_id="r9")
    rendering = a_rendering(artefacts=(artefact,))
    delivery = a_delivery(recording_id="r9")
    await catalogue.shipping.rendered(RecordingId("r9"), rendering, [delivery])
    await catalogue.shipping.delivery_moved(delivery, DeliveryEvent.STORED, url="s3://b/o")
    hold = Hold(recording_id=RecordingId("r9"), organisation="default", by="key k1", at=MORNING, reason="a case")
    row = RowCodec(Hold).row(hold)
    await catalogue.database.write(lambda connection: connection.execute(insert(HOLDS), [row]))
    (file,) = (await found(catalogue, CallFilter(), limit=1))[0].recordings
    assert (file.rendering, file.segments) == (rendering, ())
    assert [(one.kind, one.url) for one in file.deliveries] == [(ArtefactKind.STEREO, "s3://b/o")]
    assert file.keeping == Keeping(hold=hold)
    whole = await catalogue.shipping.file(RecordingId("r9"))
    assert whole is not None
    assert whole.keeping == file.keeping


async def test_what_a_list_may_be_without_is_not_even_read(catalogue: Catalogue) -> None:
    await filled(catalogue, a_recording(id="r9", call_id="c4", state=RecordingState.CAPTURED))
    rendering = a_rendering(artefacts=(an_artefact(recording_id="r9"),), is_partial=True)
    await catalogue.shipping.rendered(RecordingId("r9"), rendering, [a_delivery(recording_id="r9")])
    await transcribed(catalogue, a_transcript("r9", "c4", "hello"))
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        without = (CallPart.WORDS, CallPart.SOUND)
        (file,) = await catalogue.call_search.calls(CallFilter(), limit=1, without=without)
        light = "\n".join(asked)
        asked.clear()
        (whole,) = await catalogue.call_search.calls(CallFilter(), limit=1)
        heavy = "\n".join(asked)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    for part in ("FROM artefacts", "FROM deliveries", "transcripts.lines", "transcripts.facts"):
        assert part in heavy
        assert part not in light
    (recording,), (transcript,) = file.recordings, file.transcripts
    assert (recording.rendering, recording.deliveries) == (replace(rendering, artefacts=()), ())
    assert transcript == replace(whole.transcripts[0], lines=())
    assert whole.transcripts[0].lines
    assert replace(file, recordings=(), transcripts=()) == replace(whole, recordings=(), transcripts=())


async def test_an_unknown_call_is_none(catalogue: Catalogue) -> None:
    assert await catalogue.call_search.call(CallId("nobody")) is None


async def test_calls_that_joined_each_other_do_not_hang_the_search(catalogue: Catalogue) -> None:
    ring: list[Call] = [a_call(id="x", joined="y"), a_call(id="y", joined="x")]
    await catalogue.calls.apply("here", ring, JournalPosition(file="j", offset=1))
    assert await catalogue.call_search.call(CallId("x")) is not None
