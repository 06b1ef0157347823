"""Calls over HTTP: what is shown to whom, filters, pages, and what is written down."""

import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from sqlalchemy import insert

from connector.catalogue import schema
from connector.catalogue.codec import RowCodec
from connector.catalogue.people_tables import HOLDS
from connector.domain.access import KeyRole, Limits
from connector.domain.audit import AuditLine
from connector.domain.call import Asked, CallKind, CallState, Role, Side, Span
from connector.domain.decision import Due
from connector.domain.ids import RecordingId
from connector.domain.keeping import Hold
from connector.domain.moments import iso
from connector.domain.options import RecordingOptions
from connector.domain.products import SHIPPING
from connector.domain.recording import Gap
from connector.domain.retention import RETENTION
from connector.domain.states import RecordingEvent, RecordingState
from connector.errors import CatalogueUnavailable, DestinationUnreachable
from connector.ports.call_marks import Note
from connector.storage.memory import MemoryStore
from connector.web.call_bodies import CallBody, CallPage
from connector.web.cursors import encoded
from tests.builders import CALL, MORNING, RECORDING, a_call, a_delivery, a_leg, a_recording, a_rendering, an_artefact
from tests.unit.services.yard import Yard
from tests.unit.web.call_desk import CallDesk
from tests.unit.web.keys import an_access

KROSAI = ["id", "status", "duration", "from_number", "to_number", "recording_url", "transcript", "created_at"]


@pytest.fixture(scope="module")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("migrated")
    schema.upgrade(f"sqlite:///{folder}/catalogue.db", folder)
    return folder / "catalogue.db"


@pytest.fixture
async def desk(migrated_file: Path, tmp_path: Path) -> AsyncIterator[CallDesk]:
    state = tmp_path / "state"
    state.mkdir()
    shutil.copy(migrated_file, state / "catalogue.db")
    yard = Yard(state, tmp_path / "spool")
    opened = CallDesk(yard, state)
    yield opened
    await opened.auditing.close()
    await yard.close()


async def recorded(desk: CallDesk) -> None:
    """One call, its recording stored, its words written."""
    await desk.yard.rendered()
    assert await desk.yard.run() == ""
    await desk.transcribe((Role.AGENT, "Hello"), (Role.CALLER, "My order, please"))


async def some_calls(desk: CallDesk) -> None:
    await desk.yard.apply(
        a_call(id="c1", state=CallState.ENDED, ended_at=MORNING + 64.4),
        a_call(id="c2", started_at=MORNING + 10, answered_at=None, queue="sales", from_number="+4989200"),
        a_call(id="c3", started_at=MORNING + 20, answered_at=None, state=CallState.ENDED, pbx="other"),
        a_call(id="c4", started_at=MORNING + 86_400, kind=CallKind.CONFERENCE, conference="8000", answered_at=None),
        a_call(id="theirs", organisation="another", started_at=MORNING + 30),
    )


async def test_a_call_has_krosai_s_keys_first_and_nothing_that_is_not_described(desk: CallDesk) -> None:
    await recorded(desk)
    body = await desk.json(f"/v1/calls/{CALL}")
    assert list(body)[: len(KROSAI)] == KROSAI
    assert body["transcript"] == "[Agent]: Hello\n[Caller]: My order, please"
    assert body["recording_url"].startswith("https://calls.example.com/files/recording-1/stereo?")
    assert body["recording_url_expires_at"] == "2026-01-05T10:01:40.000Z"
    assert (body["created_at"], body["status"], body["duration"]) == ("2026-01-05T09:00:00.000Z", "in_progress", 0)
    assert CallBody.model_validate(body).model_dump(mode="json") == body


async def test_a_search_says_where_its_words_stand_the_best_first(desk: CallDesk) -> None:
    await recorded(desk)
    await desk.yard.apply(a_recording(id="later", requested_at=MORNING + 50))
    await desk.transcribe((Role.AGENT, "Order 12 34"), (Role.CALLER, "My order is 1234, please"), recording="later")
    note = Note(id="n1", call_id=CALL, organisation="default", text="Please: 12 34", by="key k1", at=MORNING + 99)
    await desk.yard.catalogue.call_marks.note(note)
    page = await desk.json("/v1/calls?text=PLEASE+12-34")
    assert CallPage.model_validate(page).model_dump(mode="json") == page
    (call,) = page["calls"]
    hit = {"recording_id": "later", "line": 1, "start_seconds": 1.0, "role": "caller"}
    noted = {"recording_id": None, "line": None, "start_seconds": None, "role": None, "text": "Please: 12 34"}
    assert [one["text"] for one in call["hits"]] == [
        "My order is 1234, please",
        "Please: 12 34",
        "Order 12 34",
        "My order, please",
    ]
    assert call["hits"][0] == hit | {"text": "My order is 1234, please"}
    assert call["hits"][1] == noted
    assert [one["recording_id"] for one in call["hits"]] == ["later", None, "later", RECORDING]
    assert (await desk.json(f"/v1/calls/{CALL}"))["hits"] == []
    assert [one["hits"] for one in (await desk.json("/v1/calls"))["calls"]] == [[]]


async def test_of_a_copy_that_waits_the_call_says_how_often_it_was_tried_and_when_it_is_next(desk: CallDesk) -> None:
    """Of several moments the first; work of other kinds, and what is settled, have none."""
    other = desk.yard.destinations.stores["other"] = MemoryStore()
    await desk.yard.rendered("archive", "other")
    other.fail_next(DestinationUnreachable("it is away"))
    await desk.yard.run()
    (due,) = await desk.yard.dues()
    later = Due(kind=SHIPPING, subject=RECORDING, attempt=9, node="here", at=due.at + 999)
    await desk.yard.catalogue.dues.add([later, Due(kind="remove", subject=RECORDING, node="here", at=MORNING)])

    async def tries(url: str) -> dict[str, tuple[int, str | None]]:
        found = await desk.json(url)
        call = found["calls"][0] if "calls" in found else found
        deliveries = call["recordings"][0]["deliveries"]
        return {one["destination"]: (one["attempts"], one["next_try_at"]) for one in deliveries}

    assert await tries(f"/v1/calls/{CALL}") == {"archive": (1, None), "other": (1, iso(due.at))}
    assert await tries("/v1/calls") == {"archive": (1, None), "other": (1, None)}
    await desk.yard.catalogue.dues.forwarded([due, later])
    assert await tries(f"/v1/calls/{CALL}") == {"archive": (1, None), "other": (1, None)}


async def test_a_list_item_is_the_detail(desk: CallDesk) -> None:
    await recorded(desk)
    page = await desk.json("/v1/calls")
    assert page == {"calls": [await desk.json(f"/v1/calls/{CALL}")], "next_cursor": None}
    assert CallPage.model_validate(page).model_dump(mode="json") == page


async def test_a_list_can_do_without_what_is_long(desk: CallDesk) -> None:
    await recorded(desk)
    (whole,) = (await desk.json("/v1/calls"))["calls"]
    (recording,) = whole["recordings"]
    assert recording["transcript_state"] == "done"
    sound: dict[str, object] = {"format": None, "channels": [], "files": [], "deliveries": []}
    no_link = {"recording_url": None, "recording_url_expires_at": None}
    for parts, missing, of_recording in (
        ("words", {"transcript": None}, {"talk": None}),
        ("sound", no_link, sound),
        ("legs", {"legs": []}, {}),
        ("words&without=sound&without=legs", {"transcript": None, "legs": []} | no_link, sound | {"talk": None}),
    ):
        page = await desk.json(f"/v1/calls?without={parts}")
        assert CallPage.model_validate(page).model_dump(mode="json") == page
        assert page["calls"] == [whole | missing | {"recordings": [recording | of_recording]}], parts


async def test_words_that_are_looked_for_are_shown_in_a_list_without_words(desk: CallDesk) -> None:
    await recorded(desk)
    (call,) = (await desk.json("/v1/calls?text=order&without=words&without=sound"))["calls"]
    assert (call["transcript"], [hit["text"] for hit in call["hits"]]) == (None, ["My order, please"])
    assert await desk.deeds() == [("calls.read", "", "default", {"count": 1})]


async def test_a_list_without_words_and_sound_hands_nothing_out_that_is_written_down(desk: CallDesk) -> None:
    await recorded(desk)
    await desk.json("/v1/calls?without=words&without=sound")
    assert await desk.deeds() == []
    await desk.json("/v1/calls?without=words")
    await desk.json("/v1/calls?without=sound")
    assert len(await desk.deeds()) == 2


async def test_when_a_leg_had_the_call_on_hold_stands_with_it(desk: CallDesk) -> None:
    spans = (Span(start=MORNING + 10, end=MORNING + 12), Span(start=MORNING + 30))
    await desk.yard.apply(a_call(legs=(a_leg(holds=spans),)))
    (leg,) = (await desk.json(f"/v1/calls/{CALL}"))["legs"]
    assert leg["holds"] == [
        {"started_at": "2026-01-05T09:00:10.000Z", "ended_at": "2026-01-05T09:00:12.000Z"},
        {"started_at": "2026-01-05T09:00:30.000Z", "ended_at": None},
    ]


async def test_all_that_is_known_of_a_call_is_shown(desk: CallDesk) -> None:
    yard = desk.yard
    call = a_call(
        state=CallState.ENDED,
        ended_at=MORNING + 64.4,
        consent=Asked(since=MORNING + 5, key="1", by="+4930123456", at=MORNING + 7),
        tags=("gold",),
    )
    pauses = (Span(start=MORNING + 20, end=MORNING + 22),)
    await yard.apply(call, a_recording(state=RecordingState.CAPTURED, pauses=pauses, ended_at=MORNING + 44))
    gap = Gap(side=Side.LEFT, party="201", start_seconds=1.5, end_seconds=2.5, reason="the file did not grow")
    rendering = a_rendering(gaps=(gap,), is_partial=True, artefacts=(an_artefact(),))
    await yard.catalogue.shipping.rendered(RECORDING, rendering, [a_delivery()])
    hold = RowCodec(Hold).row(
        Hold(recording_id=RecordingId(RECORDING), organisation="default", by="key k1", at=MORNING + 90, reason="a case")
    )
    await yard.catalogue.database.write(lambda connection: connection.execute(insert(HOLDS), [hold]))
    note = Note(id="n1", call_id=CALL, organisation="default", text="call back", by="key k1", at=MORNING + 99)
    await yard.catalogue.call_marks.note(note)
    body = await desk.json(f"/v1/calls/{CALL}")
    assert CallBody.model_validate(body).model_dump(mode="json") == body
    assert (body["status"], body["duration"]) == ("completed", 60)
    assert body["agent"] == {"id": "201", "name": "Ada"}
    assert body["verdict"] == {"record": True, "reason": "the rule for everything"}
    assert body["consent"]["answered_at"] == "2026-01-05T09:00:07.000Z"
    assert [leg["number"] for leg in body["legs"]] == ["+4930123456", "201"]
    assert body["tags"] == ["gold"]
    assert body["notes"] == [{"id": "n1", "text": "call back", "by": "key k1", "at": "2026-01-05T09:01:39.000Z"}]
    (recording,) = body["recordings"]
    assert (recording["gaps"][0]["kind"], recording["gaps"][0]["reason"]) == ("missing", "the file did not grow")
    assert recording["pauses"] == [{"started_at": "2026-01-05T09:00:20.000Z", "ended_at": "2026-01-05T09:00:22.000Z"}]
    assert [one["party"] for one in recording["channels"]] == ["+4930123456", "201"]
    assert (recording["format"], recording["duration_seconds"], recording["is_partial"]) == ("mp3", 40.0, True)
    assert recording["files"][0]["size_bytes"] == 160_000
    assert recording["deliveries"][0]["state"] == "waiting"
    assert recording["hold"]["reason"] == "a case"
    assert body["recording_url"] is None, "nothing is stored yet"


async def test_of_its_tags_those_are_told_that_nobody_removes_here(desk: CallDesk) -> None:
    options = RecordingOptions(tags=("vip",))
    await desk.yard.apply(a_call(tags=("gold",)), a_recording(state=RecordingState.CAPTURED, options=options))
    await desk.yard.catalogue.call_marks.tag(CALL, "default", ["call back", "vip"], by="key k1", at=MORNING)
    body = await desk.json(f"/v1/calls/{CALL}")
    assert (body["tags"], body["fixed_tags"]) == (["gold", "vip", "call back"], ["gold", "vip"])


@pytest.mark.parametrize(
    ("event", "by", "is_expired"),
    [(RecordingEvent.EXPIRED, RETENTION, True), (RecordingEvent.ERASED, "key k1", False)],
)
async def test_what_was_removed_says_when_by_whom_and_whether_its_days_were_over(
    desk: CallDesk, event: RecordingEvent, by: str, is_expired: bool
) -> None:
    """Whatever was written as the reason."""
    await recorded(desk)
    (before,) = (await desk.json(f"/v1/calls/{CALL}"))["recordings"]
    assert before["removal"] is None
    await desk.yard.catalogue.keeping.remove(RECORDING, event, "its days were over", MORNING + 99, by=by)
    (after,) = (await desk.json(f"/v1/calls/{CALL}", "read"))["recordings"]
    assert after["removal"] == {"at": "2026-01-05T09:01:39.000Z", "by": by, "is_expired": is_expired}


async def test_an_end_that_nobody_has_reckoned_yet_is_not_told_as_none(desk: CallDesk) -> None:
    await recorded(desk)

    async def end() -> tuple[object, object]:
        (recording,) = (await desk.json(f"/v1/calls/{CALL}"))["recordings"]
        return recording["expires_at"], recording["is_expiry_known"]

    assert await end() == (None, False)
    await desk.yard.catalogue.keeping.reckon({RECORDING: None})
    assert await end() == (None, True)


@pytest.mark.parametrize("role", ["read", "control"])
async def test_who_may_not_listen_gets_neither_link_nor_words(desk: CallDesk, role: str) -> None:
    await recorded(desk)
    for body in ((await desk.json("/v1/calls", role))["calls"][0], await desk.json(f"/v1/calls/{CALL}", role)):
        assert (body["recording_url"], body["transcript"], body["recording_url_expires_at"]) == (None, None, None)
        assert body["recordings"][0]["state"] == "available"
    assert await desk.deeds() == []


async def test_what_is_handed_out_is_written_down_and_what_is_not_is_not(desk: CallDesk) -> None:
    await recorded(desk)
    await desk.yard.apply(a_call(id="bare", started_at=MORNING - 5))
    await desk.json("/v1/calls")
    await desk.json(f"/v1/calls/{CALL}", "house")
    await desk.json("/v1/calls/bare")
    await desk.json("/v1/calls?status=no_answer")
    await desk.json("/v1/calls?organisation=default", "house")
    assert await desk.deeds() == [
        ("calls.read", "", "default", {"count": 1}),
        ("calls.read", CALL, "default", {"count": 1}),
        ("calls.read", "", "default", {"count": 1}),
    ]


async def test_what_cannot_be_written_down_is_not_handed_out(desk: CallDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    await recorded(desk)

    async def away(*_: object) -> AuditLine:
        raise CatalogueUnavailable("the catalogue is locked")

    monkeypatch.setattr(desk.yard.catalogue.audit, "add", away)
    for url in ("/v1/calls", f"/v1/calls/{CALL}"):
        answer = await desk.ask(url)
        assert answer.status == 503
        assert "My order" not in answer.text
    assert (await desk.ask("/v1/calls", "read")).status == 200


async def test_a_link_that_nobody_gives_is_null_and_the_rest_is_there(desk: CallDesk) -> None:
    await recorded(desk)
    desk.yard.destinations.stores.clear()
    desk.yard.destinations.places.clear()
    body = await desk.json(f"/v1/calls/{CALL}")
    assert body["recording_url"] is None
    assert body["transcript"].startswith("[Agent]: Hello")


async def test_nothing_that_is_handed_out_is_kept_on_the_way(desk: CallDesk) -> None:
    await recorded(desk)
    for url in ("/v1/calls", f"/v1/calls/{CALL}"):
        headers = (await desk.ask(url)).headers
        assert (headers["cache-control"], headers["content-type"]) == ("private, no-store", "application/json")


@pytest.mark.parametrize(
    ("query", "calls"),
    [
        ("", "c4 c3 c2 c1"),
        ("limit=2", "c4 c3"),
        ("status=completed", "c1"),
        ("status=ringing", "c2"),
        ("status=in_progress", "c4"),
        ("status=no_answer", "c3"),
        ("from_date=2026-01-06", "c4"),
        ("to_date=2026-01-05", "c3 c2 c1"),
        ("from_date=2026-01-05T09:00:10Z&to_date=2026-01-05T09:00:20Z", "c2"),
        ("from_date=2026-01-05T10:00:20%2B01:00", "c4 c3"),
        ("number=8920", "c2"),
        ("from_number=%2B4989*", "c2"),
        ("to_number=201&queue=sales", "c2"),
        ("direction=inbound", ""),
        ("direction=unknown&kind=conference", "c4"),
        ("agent=Ada&pbx=other", "c3"),
        ("conference=8000", "c4"),
        ("organisation=default", "c4 c3 c2 c1"),
        ("tag=vip", ""),
        ("recording_state=available&recording_state=absent", ""),
        ("rule=everything", ""),
        ("text=hello", ""),
    ],
)
async def test_each_filter_of_the_address_counts(desk: CallDesk, query: str, calls: str) -> None:
    await some_calls(desk)
    assert await desk.ids(query) == calls


async def test_the_status_that_finds_a_call_is_the_one_that_it_shows(desk: CallDesk) -> None:
    await some_calls(desk)
    for status in ("completed", "ringing", "in_progress", "no_answer"):
        found = (await desk.json(f"/v1/calls?status={status}"))["calls"]
        assert [call["status"] for call in found] == [status]


async def test_words_recording_state_and_rule_find_a_call(desk: CallDesk) -> None:
    await recorded(desk)
    assert await desk.ids("text=ORDER%20hello") == CALL
    assert await desk.ids("recording_state=available&rule=EVERY") == CALL
    assert (await desk.ask("/v1/calls?text=hello", "read")).status == 403


async def test_another_s_call_is_not_there(desk: CallDesk) -> None:
    await some_calls(desk)
    assert (await desk.ask("/v1/calls/theirs")).status == 404
    assert (await desk.ask("/v1/calls/theirs")).content == (await desk.ask("/v1/calls/theirs", "admin")).content
    assert (await desk.ask("/v1/calls?organisation=another")).status == 404
    assert (await desk.ask("/v1/calls/theirs", "stranger")).status == 200
    assert (await desk.ask("/v1/calls/theirs", "house")).status == 200
    assert await desk.ids("", "stranger") == "theirs"
    assert await desk.ids("organisation=another", "house") == "theirs"


async def test_a_limited_key_sees_its_part(desk: CallDesk) -> None:
    await some_calls(desk)
    desk.keys.known["part"] = an_access(KeyRole.LISTEN, limits=Limits(numbers=("+4989*",)))
    assert await desk.ids("", "part") == "c2"
    assert (await desk.ask("/v1/calls/c1", "part")).status == 404


@pytest.mark.parametrize("filtered", ["", "agent=Ada&", "text=again&"])
async def test_pages_follow_each_other_by_cursor_and_by_link(desk: CallDesk, filtered: str) -> None:
    await some_calls(desk)
    for call in ("c1", "c2", "c3", "c4"):
        note = Note(id=call, call_id=a_call(id=call).id, organisation="default", text="again", by="", at=MORNING)
        await desk.yard.catalogue.call_marks.note(note)
    seen: list[str] = []
    url = f"/v1/calls?{filtered}limit=3"
    while url:
        answer = await desk.ask(url)
        page = json.loads(answer.content)
        seen += [call["id"] for call in page["calls"]]
        link = answer.headers.get("link", "")
        url = link.removesuffix('>; rel="next"').removeprefix("<")
        said = parse_qs(urlsplit(url).query)
        assert said.get("cursor", [None]) == [page["next_cursor"]]
        assert not url or said["limit"] == ["3"]
    assert seen == ["c4", "c3", "c2", "c1"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("limit=0", 422),
        ("limit=201", 422),
        ("limit=x", 422),
        ("from_date=yesterday", 400),
        ("to_date=2026-13-01", 400),
        ("from_date=" + "1" * 500, 422),
        ("status=lost", 422),
        ("kind=party", 422),
        ("direction=up", 422),
        ("recording_state=lost", 422),
        ("without=everything", 422),
        ("number=", 422),
        ("agent=%00", 422),
        ("text=a%00b", 422),
        ("tag=" + "x" * 201, 422),
        ("form_number=1", 422),
        ("cursor=nonsense", 400),
        ("cursor=" + "A" * 1001, 422),
        ("cursor=" + encoded("audit", 1), 400),
        ("cursor=" + encoded("notes", 1.5, "c1"), 400),
    ],
)
async def test_what_cannot_be_understood_is_refused_in_words(desk: CallDesk, query: str, status: int) -> None:
    answer = await desk.ask(f"/v1/calls?{query}")
    body = json.loads(answer.content)
    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json")
    assert body["errors"][0]["pointer"].split(".")[0] == query.partition("=")[0]


@pytest.mark.parametrize(
    "id", ["nobody", "%00", "..%2f..%2fetc%2fpasswd", "'%20OR%201=1--", "é" * 90, "x" * 300, "%ff"]
)
async def test_an_id_that_is_none_is_not_found(desk: CallDesk, id: str) -> None:
    await some_calls(desk)
    assert (await desk.ask(f"/v1/calls/{quote(id, safe='%')}")).status == 404


async def test_an_id_without_end_is_refused(desk: CallDesk) -> None:
    assert (await desk.ask(f"/v1/calls/{'x' * 60_000}")).status == 422


@pytest.mark.parametrize("key", ["", "nonsense"])
async def test_without_a_key_there_is_nothing(desk: CallDesk, key: str) -> None:
    await some_calls(desk)
    for url in ("/v1/calls", "/v1/calls/c1", "/v1/calls/nobody"):
        assert (await desk.ask(url, key)).status == 401


async def test_the_description_has_every_member(desk: CallDesk) -> None:
    document = desk.app.openapi()
    assert document["paths"]["/v1/calls"]["get"]["operationId"] == "list_calls"
    assert document["paths"]["/v1/calls/{call_id}"]["get"]["operationId"] == "get_call"
    assert list(document["components"]["schemas"]["CallBody"]["properties"])[: len(KROSAI)] == KROSAI
