"""What was said in a call, in each form, and why there is nothing to read."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from connector.catalogue import schema
from connector.domain.call import Role
from connector.domain.ids import CallId, RecordingId
from connector.domain.speech import Word
from connector.domain.states import RecordingEvent, RecordingState, TranscriptionState
from connector.domain.talk import TalkFacts, TalkSide
from connector.domain.transcript import SpokenLine, Transcript
from tests.builders import MORNING, a_call, a_recording
from tests.unit.services.yard import Yard
from tests.unit.web.api_site import ApiSite, json_of

WORDS = "/v1/calls/call-1/transcript"
LINES = (
    SpokenLine(role=Role.AGENT, party="201", start_seconds=0.5, end_seconds=2.0, text="Hello, how can I help you?"),
    SpokenLine(role=Role.CALLER, party="+4930123456", start_seconds=2.5, end_seconds=4.0, text="I need help."),
)
FACTS = TalkFacts(
    duration_seconds=40.0,
    silence_seconds=3.5,
    overlap_seconds=0.5,
    sides=(
        TalkSide(
            role=Role.AGENT,
            party="201",
            talk_seconds=12.33333,
            longest_monologue_seconds=6.0,
            interruptions=1,
            response_seconds=None,
        ),
    ),
)
LABELLED = "[Agent]: Hello, how can I help you?\n[Caller]: I need help."


@pytest.fixture(scope="module")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("migrated")
    schema.upgrade(f"sqlite:///{folder}/catalogue.db", folder)
    return folder / "catalogue.db"


@pytest.fixture
async def site(migrated_file: Path, tmp_path: Path) -> AsyncIterator[ApiSite]:
    (tmp_path / "state").mkdir()
    shutil.copy(migrated_file, tmp_path / "state" / "catalogue.db")
    yard = Yard(tmp_path / "state", tmp_path / "spool")
    await yard.apply(a_call(), a_recording(state=RecordingState.CAPTURED, started_at=MORNING + 5))
    yield ApiSite(yard)
    await yard.close()


async def test_the_words_come_with_who_said_them_and_when(site: ApiSite) -> None:
    await site.said(*LINES)
    said = json_of(await site.ask(WORDS))
    assert (said["transcript"], said["word_count"], said["language"], said["confidence"]) == (LABELLED, 9, "en", 0.94)
    assert said["lines"][1] == {
        "role": "caller",
        "party": "+4930123456",
        "start_seconds": 2.5,
        "end_seconds": 4.0,
        "text": "I need help.",
        "confidence": None,
        "overlaps": False,
    }


@pytest.mark.parametrize(
    ("form", "kind", "begins"),
    [
        ("text", "text/plain; charset=utf-8", LABELLED),
        ("vtt", "text/vtt; charset=utf-8", "WEBVTT\n\n00:00:00.500 --> 00:00:02.000\n<v Agent 201>Hello"),
        ("timed", "text/plain; charset=utf-8", "00:00:00 Agent 201: Hello, how can I help you?\n00:00:02 Caller"),
        ("kros", "application/json", '{"transcript":"[Agent]: Hello, how can I help you?\\n[Caller]: I need help.",'),
        ("document", "application/json", '{"version":1,"recordingId":"recording-1","callId":"call-1","transcriptVer'),
        ("vcon", "application/vcon+json", '{"vcon":"0.4.0","uuid":'),
        ("srt", "application/x-subrip", "1\n00:00:00,500 --> 00:00:02,000\n[Agent]: Hello"),
        ("sinch", "application/json", '{"text":"Hello, how can I help you? I need help.","lines":[{"timestamp":0.5,'),
        (
            "dialgen",
            "application/json",
            '[{"role":"assistant","content":"Hello, how can I help you?","timestamp":"2026',
        ),
    ],
)
async def test_other_programs_get_their_own_form(site: ApiSite, form: str, kind: str, begins: str) -> None:
    await site.said(*LINES)
    answer = await site.ask(f"{WORDS}?format={form}")
    assert (answer.status, answer.headers["content-type"]) == (200, kind)
    assert answer.text.startswith(begins)


async def heard(site: ApiSite, said: str, version: int = 1, engine: str = "local") -> None:
    """A version with its words, as work makes it."""
    ledger = site.yard.catalogue.transcriptions
    line = replace(LINES[0], text=said, end_seconds=9.0, overlaps=True)
    words = [Word(text, 0.5 + at, 1.0 + at, 0.9) for at, text in enumerate(said.split())]
    waiting = Transcript(recording_id=RecordingId("recording-1"), call_id=CallId("call-1"), organisation="default")
    await ledger.begun(waiting)
    made = replace(
        waiting,
        state=TranscriptionState.DONE,
        version=version,
        engine=engine,
        model="tiny.en",
        language_confidence=0.98,
        facts=FACTS,
        lines=(line,),
        made_at=MORNING + 60,
    )
    await ledger.done(made, [words])


async def test_it_says_who_heard_it_and_who_spoke_for_how_long(site: ApiSite) -> None:
    await heard(site, "Hello, this is the parcel service.")
    said = json_of(await site.ask(WORDS))
    assert {name: said[name] for name in ("version", "engine", "model", "language_confidence", "made_at")} == {
        "version": 1,
        "engine": "local",
        "model": "tiny.en",
        "language_confidence": 0.98,
        "made_at": "2026-01-05T09:01:00.000Z",
    }
    assert said["lines"][0]["overlaps"] is True
    assert said["facts"] == {
        "duration_seconds": 40.0,
        "silence_seconds": 3.5,
        "overlap_seconds": 0.5,
        "sides": [
            {
                "role": "agent",
                "party": "201",
                "talk_seconds": 12.333,
                "longest_monologue_seconds": 6.0,
                "interruptions": 1,
                "response_seconds": None,
            }
        ],
    }


async def test_the_document_has_every_word_and_a_subtitle_is_cut_by_words(site: ApiSite) -> None:
    await heard(site, "Hello, this is the parcel service, whom may I help.")
    turn = json_of(await site.ask(WORDS + "?format=document"))["turns"][0]
    assert turn["words"][1] == {"w": "this", "s": 1.5, "e": 2.0, "c": 0.9}
    for form in ("vtt", "srt"):
        assert (await site.ask(f"{WORDS}?format={form}")).text.count(" --> ") == 2


async def test_a_vcon_names_the_stored_sound_by_its_hash(site: ApiSite) -> None:
    await site.yard.rendered()
    await site.yard.run()
    await heard(site, "Hello.")
    (dialog,) = json_of(await site.ask(WORDS + "?format=vcon"))["dialog"]
    assert dialog["filename"] == "stereo.wav"
    assert dialog["content_hash"].startswith("sha256-")


async def test_an_earlier_version_can_be_read_in_every_form(site: ApiSite) -> None:
    await heard(site, "Hello, the partial.")
    await heard(site, "Hello, the parcel.", version=2, engine="cloud")
    assert json_of(await site.ask(WORDS))["transcript"] == "[Agent]: Hello, the parcel."
    assert json_of(await site.ask(WORDS + "?version=2"))["engine"] == "cloud"
    assert json_of(await site.ask(WORDS + "?version=1"))["transcript"] == "[Agent]: Hello, the partial."
    words = json_of(await site.ask(WORDS + "?version=1&format=document"))["turns"][0]["words"]
    assert [word["w"] for word in words] == ["Hello,", "the", "partial."]
    missing = await site.ask(WORDS + "?version=3")
    assert (missing.status, "it has 2, 1" in missing.text) == (404, True)
    assert (await site.ask(WORDS + "?version=0")).status == 422


async def test_the_versions_say_who_made_them_the_newest_first(site: ApiSite) -> None:
    assert (await site.ask(WORDS + "/versions")).status == 404
    await heard(site, "Hello, the partial.")
    await heard(site, "Hello parcel.", version=2, engine="cloud")
    said = json_of(await site.ask(WORDS + "/versions"))
    assert said["recording_id"] == "recording-1"
    found = [(one["version"], one["state"], one["engine"], one["word_count"]) for one in said["versions"]]
    assert found == [(2, "done", "cloud", 2), (1, "done", "local", 3)]
    assert "parcel" not in str(said)
    assert (await site.ask(WORDS + "/versions", shown="read")).status == 403


async def test_an_administrator_has_it_heard_again(site: ApiSite) -> None:
    await heard(site, "Hello.")
    answer = await site.post(WORDS, {"engine": "cloud"}, shown="admin")
    asked = {"recording_id": "recording-1", "version": 2, "state": "waiting", "engine": "cloud"}
    assert (answer.status, json_of(answer)) == (202, asked)
    assert json_of(await site.ask(WORDS))["version"] == 1
    assert (await site.post(WORDS, shown="admin")).status == 409
    assert (await site.post(WORDS, shown="listen")).status == 403
    assert (await site.post(WORDS, shown="stranger")).status == 404


async def test_asked_twice_with_one_key_it_is_asked_once(site: ApiSite) -> None:
    first, second = [await site.post(WORDS, {}, shown="admin", idempotency_key="k1") for _ in range(2)]
    assert (first.status, second.status, second.content) == (202, 202, first.content)
    assert site.audit.actions == ["transcript.asked"]


@pytest.mark.parametrize(
    ("wish", "status"),
    [({"engine": "other"}, 400), ({"engine": "a b"}, 422), ({"motor": "cloud"}, 422), ({"recording": "nobody"}, 404)],
)
async def test_a_wish_that_cannot_be_fulfilled_is_refused(site: ApiSite, wish: object, status: int) -> None:
    assert (await site.post(WORDS, wish, shown="admin")).status == status
    assert site.audit.deeds == []


async def test_turns_are_told_by_the_clock_of_the_recording(site: ApiSite) -> None:
    await site.said(*LINES)
    assert json_of(await site.ask(WORDS + "?format=dialgen"))[1]["timestamp"] == "2026-01-05T09:00:07.500Z"


async def test_reading_is_written_down_first(site: ApiSite) -> None:
    await site.said(*LINES)
    await site.ask(WORDS)
    ((deed),) = site.audit.deeds
    assert (deed.action, deed.subject, deed.organisation) == ("transcript.read", "recording-1", "default")
    site.audit.is_away = True
    answer = await site.ask(WORDS)
    assert (answer.status, "help" in answer.text) == (503, False)


@pytest.mark.parametrize(("shown", "status"), [("listen", 200), ("read", 403), ("control", 403), ("stranger", 404)])
async def test_who_may_listen_may_read(site: ApiSite, shown: str, status: int) -> None:
    await site.said(*LINES)
    answer = await site.ask(WORDS, shown=shown)
    assert (answer.status, "I need help" in answer.text) == (status, status == 200)


@pytest.mark.parametrize(
    ("state", "status", "reason"),
    [("waiting", 404, "not ready"), ("failed", 404, "failed"), ("removed", 410, "removed")],
)
async def test_without_words_the_reason_is_said(site: ApiSite, state: str, status: int, reason: str) -> None:
    await site.said(state=state, reason="the words of the engine")
    answer = await site.ask(WORDS)
    assert (answer.status, json_of(answer)["reason"]) == (status, reason)
    assert ("retry-after" in answer.headers) is (state == "waiting")


async def test_a_recording_that_is_being_made_may_have_a_transcript_later(site: ApiSite) -> None:
    assert json_of(await site.ask(WORDS))["reason"] == "not ready"


async def test_nobody_asked_for_one(site: ApiSite) -> None:
    await site.yard.rendered()
    await site.yard.run()
    assert json_of(await site.ask(WORDS))["reason"] == "off"


async def test_words_may_outlive_their_sound(site: ApiSite) -> None:
    await site.said(*LINES)
    await site.yard.catalogue.shipping.moved(a_recording().id, RecordingEvent.ERASED, reason="asked for")
    assert (await site.ask(WORDS)).status == 200


async def test_of_several_the_newest_that_can_be_read_is_meant_or_the_one_that_is_named(site: ApiSite) -> None:
    await site.yard.apply(a_recording(id="recording-2", state=RecordingState.CAPTURED, requested_at=MORNING + 60))
    await site.said(*LINES)
    assert json_of(await site.ask(WORDS))["recording_id"] == "recording-1"
    assert (await site.ask(WORDS + "?recording=recording-2")).status == 404
    await site.said(*LINES[:1], recording="recording-2")
    assert json_of(await site.ask(WORDS))["recording_id"] == "recording-2"


async def test_a_form_that_is_none_is_refused(site: ApiSite) -> None:
    assert (await site.ask(WORDS + "?format=pdf")).status == 422
