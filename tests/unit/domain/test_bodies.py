"""The bodies of notifications, as the very text that is sent; Sinch's and Dialgen's as they document them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.domain.bodies import MOST_BYTES, body
from connector.domain.call import Call, CallKind, Role, Side
from connector.domain.news import News, news
from connector.domain.notification import Shape, Told
from connector.domain.options import RecordingOptions
from connector.domain.recording import ArtefactKind, ChannelLabel, Gap, Recording, Rendering
from connector.domain.states import DeliveryState, RecordingState
from tests.builders import MORNING, a_call, a_delivery, a_recording, a_rendering, an_artefact

SINCHS_CALL = "01234567-89ab-cdef-fedc-ba9876543210"
SINCHS_FILE = f"https://www.sinch.com/calling/v1/recording/201801010000_{SINCHS_CALL}_{SINCHS_CALL}"
SINCHS_BUCKET = f"s3://recordings/{SINCHS_CALL}_{SINCHS_CALL}.mp3"
CALLS = a_call(id=SINCHS_CALL)
CONFERENCES = a_call(kind=CallKind.CONFERENCE, conference="myConferenceId")
OF_CALL = f'{{"event":"notify","callid":"{SINCHS_CALL}","version":1,"type":'
OF_CONFERENCE = '{"event":"notify","conferenceId":"myConferenceId","version":1,"type":'
OURS = {"recordingId", "organisation", "timestamp"}
GAP = Gap(side=Side.LEFT, start_seconds=1.25, end_seconds=2.0004, reason="no file")
WITH_STATE = RecordingOptions(client_state="crm/4711")


def a_body(shape: Shape, told: Told, call: Call | None = None, **over: Any) -> str:
    """Of a recording that is stored at s3://archive."""
    known: dict[str, Any] = {"state": STATES[told], "ended_at": MORNING + 44, "reason": "the disk was full"}
    recording: Recording = a_recording(**(known | {name: over[name] for name in over if name != "rendering"}))
    copy = a_delivery(state=DeliveryState.STORED, url="s3://archive/call-1.stereo.mp3", stored_at=MORNING + 60.5)
    (found,) = [one for one in news(recording, call or a_call(), [copy], MORNING + 99) if one.told is told]
    rendering: Rendering = over.get("rendering", a_rendering())
    return body(shape, found, recording, call or a_call(), rendering)


STATES = {
    Told.FINISHED: RecordingState.CAPTURED,
    Told.AVAILABLE: RecordingState.AVAILABLE,
    Told.FAILED: RecordingState.FAILED_RENDER,
    Told.ABSENT: RecordingState.ABSENT,
}

FILES = (
    '"files":[{"kind":"stereo","url":"s3://archive/call-1.stereo.mp3","format":"mp3","sizeBytes":160000,'
    '"sha256":"d7a8fbb307d7809469ca9abcb0082e4f8d5651e46d3cdb762d02d0bf37c9e592","durationSeconds":40.0,'
    '"channels":[{"index":0,"role":"caller","party":"+4930123456"},{"index":1,"role":"agent","party":"201"}]}]'
)


@pytest.mark.parametrize(
    ("told", "call", "url", "documented"),
    [
        (Told.FINISHED, CALLS, "", OF_CALL + '"recording_finished"}'),
        (
            Told.AVAILABLE,
            CALLS,
            f"{SINCHS_FILE}.mp3",
            OF_CALL + f'"recording_available","destination":"{SINCHS_FILE}.mp3"}}',
        ),
        (
            Told.TRANSCRIBED,
            CALLS,
            f"{SINCHS_FILE}-transcript.json",
            OF_CALL + f'"transcription_available","destination":"{SINCHS_FILE}-transcript.json"}}',
        ),
        (Told.FINISHED, CONFERENCES, "", OF_CONFERENCE + '"recording_finished"}'),
        (
            Told.AVAILABLE,
            CONFERENCES,
            SINCHS_BUCKET,
            OF_CONFERENCE + f'"recording_available","destination":"{SINCHS_BUCKET}"}}',
        ),
    ],
)
def test_sinchs_documented_bodies_come_first_field_by_field(told: Told, call: Call, url: str, documented: str) -> None:
    text = body(Shape.SINCH, News(told=told, at=MORNING, url=url), a_recording(), call, None)
    assert text.startswith(documented.removesuffix("}") + ",")
    assert json.loads(text).keys() - json.loads(documented).keys() == OURS


def test_a_finished_recording_in_sinchs_words() -> None:
    assert a_body(Shape.SINCH, Told.FINISHED) == (
        '{"event":"notify","callid":"call-1","version":1,"type":"recording_finished",'
        '"recordingId":"recording-1","organisation":"default","timestamp":"2026-01-05T09:00:44.000Z"}'
    )


def test_an_available_recording_in_sinchs_words_with_its_files_and_gaps() -> None:
    text = a_body(Shape.SINCH, Told.AVAILABLE, options=WITH_STATE, rendering=a_rendering(gaps=(GAP,)))
    assert text == (
        '{"event":"notify","callid":"call-1","version":1,"type":"recording_available",'
        '"destination":"s3://archive/call-1.stereo.mp3","recordingId":"recording-1","organisation":"default",'
        f'"timestamp":"2026-01-05T09:01:00.500Z","clientState":"crm/4711",{FILES},'
        '"gaps":[{"startSeconds":1.25,"endSeconds":2.0,"side":"left","reason":"no file"}]}'
    )
    assert '"gaps"' not in a_body(Shape.SINCH, Told.AVAILABLE)


def test_a_failed_and_an_absent_recording_in_sinchs_words_with_the_reason() -> None:
    assert a_body(Shape.SINCH, Told.FAILED) == (
        '{"event":"notify","callid":"call-1","version":1,"type":"recording_failed",'
        '"recordingId":"recording-1","organisation":"default","timestamp":"2026-01-05T09:01:39.000Z",'
        '"reason":"the disk was full","rule":"the rule for everything"}'
    )
    assert a_body(Shape.SINCH, Told.ABSENT, options=WITH_STATE, reason="nobody answered") == (
        '{"event":"notify","callid":"call-1","version":1,"type":"recording_absent",'
        '"recordingId":"recording-1","organisation":"default","timestamp":"2026-01-05T09:00:44.000Z",'
        '"clientState":"crm/4711","reason":"nobody answered","rule":"the rule for everything"}'
    )


def test_a_conference_without_a_name_is_called_by_its_id() -> None:
    text = a_body(Shape.SINCH, Told.FINISHED, a_call(kind=CallKind.CONFERENCE))
    assert text.startswith('{"event":"notify","conferenceId":"call-1","version":1,')
    assert "callid" not in text


def test_the_standard_envelope_has_type_moment_and_data() -> None:
    assert a_body(Shape.STANDARD, Told.FINISHED, options=WITH_STATE) == (
        '{"type":"recording.finished","timestamp":"2026-01-05T09:00:44.000Z","data":{"recording_id":"recording-1",'
        '"call_id":"call-1","organisation":"default","client_state":"crm/4711"}}'
    )
    assert a_body(Shape.STANDARD, Told.FAILED) == (
        '{"type":"recording.failed","timestamp":"2026-01-05T09:01:39.000Z","data":{"recording_id":"recording-1",'
        '"call_id":"call-1","organisation":"default","reason":"the disk was full","rule":"the rule for everything"}}'
    )
    assert a_body(Shape.STANDARD, Told.ABSENT).startswith('{"type":"recording.absent",')


def test_the_standard_envelope_of_a_conference_names_it_too() -> None:
    text = a_body(Shape.STANDARD, Told.FINISHED, CONFERENCES)
    assert json.loads(text)["data"] == {
        "recording_id": "recording-1",
        "call_id": "call-1",
        "conference_id": "myConferenceId",
        "organisation": "default",
    }


def test_the_standard_envelope_of_an_available_recording_has_every_file_in_snake_case() -> None:
    gap = Gap(side=Side.RIGHT, party="201", start_seconds=1, end_seconds=2, reason="no file")
    text = a_body(Shape.STANDARD, Told.AVAILABLE, rendering=a_rendering(gaps=(gap,)))
    assert text == (
        '{"type":"recording.available","timestamp":"2026-01-05T09:01:00.500Z","data":{"recording_id":"recording-1",'
        '"call_id":"call-1","organisation":"default","destination":"s3://archive/call-1.stereo.mp3",'
        + FILES.replace("sizeBytes", "size_bytes").replace("durationSeconds", "duration_seconds")
        + ',"gaps":[{"start_seconds":1,"end_seconds":2,"side":"right","party":"201","reason":"no file"}]}}'
    )


@pytest.mark.parametrize("told", STATES)
def test_dialgens_body_is_the_same_whatever_became_of_the_recording(told: Told) -> None:
    call = a_call(id="call_123", ended_at=MORNING + 4 + 180.4)
    assert a_body(Shape.DIALGEN, told, call) == (
        '{"callData":{"id":"call_123","recordingUrl":null,"duration":180},"transcription":[]}'
    )


def test_a_call_that_nobody_answered_lasted_for_nothing() -> None:
    text = a_body(Shape.DIALGEN, Told.ABSENT, a_call(answered_at=None, ended_at=MORNING + 30))
    assert json.loads(text)["callData"]["duration"] == 0


def test_names_stay_as_they_are_written_and_half_a_sign_hurts_nobody() -> None:
    assert '"reason":"Zoé"' in a_body(Shape.SINCH, Told.FAILED, reason="Zoé")
    assert '"reason":"Zo?"' in a_body(Shape.SINCH, Told.FAILED, reason="Zo\ud83d")


def crowd(people: int, gaps: int) -> Rendering:
    labels = tuple(ChannelLabel(index=index, role=Role.CALLER, party=f"+49301{index:06}") for index in range(people))
    hole = Gap(side=Side.LEFT, party="+4930123456", start_seconds=1, end_seconds=2, reason="the file did not grow")
    return a_rendering(gaps=(hole,) * gaps, artefacts=(an_artefact(channels=labels),))


@pytest.mark.parametrize(
    ("people", "gaps", "left_out"),
    [
        (2, 10, set()),
        (2, 400, {"gaps"}),
        (500, 1, {"gaps", "channels"}),
    ],
)
def test_many_gaps_and_channels_are_left_out_and_that_is_said(people: int, gaps: int, left_out: set[str]) -> None:
    text = a_body(Shape.SINCH, Told.AVAILABLE, options=WITH_STATE, rendering=crowd(people, gaps))
    facts = json.loads(text)
    assert {"gaps", "channels"} - facts.keys() - facts["files"][0].keys() == left_out
    assert facts.get("isShortened", False) is bool(left_out)
    assert (facts["clientState"], facts["destination"]) == ("crm/4711", "s3://archive/call-1.stereo.mp3")
    assert len(text.encode()) < MOST_BYTES


@given(
    shape=st.sampled_from([Shape.SINCH, Shape.STANDARD]),
    told=st.sampled_from(list(STATES)),
    people=st.sampled_from([2, 40, 400]),
    gaps=st.sampled_from([0, 3, 500]),
    state=st.sampled_from(["", "x" * 4096, "😀" * 4096, "\x01" * 4096]),
    words=st.sampled_from(["", "why", "weil " * 10_000]),
)
def test_no_body_reaches_the_limit_and_what_is_documented_is_always_whole(
    shape: Shape, told: Told, people: int, gaps: int, state: str, words: str
) -> None:
    over: dict[str, Any] = {"reason": words, "rule": words, "options": RecordingOptions(client_state=state)}
    text = a_body(shape, told, rendering=crowd(people, gaps), **over)
    assert len(text.encode()) < MOST_BYTES
    short = json.loads(a_body(shape, told, reason="", rule=""))
    whole = json.loads(text)
    assert [whole[name] for name in ("event", "callid", "version", "type", "destination") if name in short] == [
        short[name] for name in ("event", "callid", "version", "type", "destination") if name in short
    ]
    if shape is Shape.STANDARD:
        kept = ("recording_id", "call_id", "organisation", "destination")
        assert [whole["data"].get(name) for name in kept] == [short["data"].get(name) for name in kept]


def test_many_files_are_left_out_last_of_what_the_catalogue_knows() -> None:
    kinds = tuple(ArtefactKind)
    long = "s3://archive/" + "x" * 5000
    copies = tuple(a_delivery(kind=kind, state=DeliveryState.STORED, url=long) for kind in kinds)
    rendering = a_rendering(artefacts=tuple(an_artefact(kind=kind) for kind in kinds))
    found = News(told=Told.AVAILABLE, at=MORNING, about="archive", copies=copies, url=long)
    facts = json.loads(body(Shape.SINCH, found, a_recording(options=WITH_STATE), a_call(), rendering))
    assert "files" not in facts
    assert (facts["isShortened"], facts["destination"], facts["clientState"]) == (True, long, "crm/4711")
