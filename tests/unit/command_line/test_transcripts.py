"""callreel transcripts: what people read, what programs read, and hearing again."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from connector.config.loading import load
from connector.domain.call import Role
from connector.domain.ids import CallId, RecordingId
from connector.domain.speech import Word
from connector.domain.states import RecordingState, TranscriptionState
from connector.domain.talk import TalkFacts, TalkSide
from connector.domain.transcript import SpokenLine, Transcript
from connector.ports.transcription_ledger import TranscriptionLedger
from connector.roles.house import built
from tests.builders import MORNING, a_call, a_recording
from tests.unit.command_line.site import Site

SIDE = TalkSide(
    role=Role.CALLER,
    party="+4930123456",
    talk_seconds=75.0,
    longest_monologue_seconds=20.0,
    interruptions=3,
    response_seconds=0.44,
)
FACTS = TalkFacts(duration_seconds=100.0, silence_seconds=10.0, overlap_seconds=1.0, sides=(SIDE,))


def in_ledger(config: Path, work: Callable[[TranscriptionLedger], Awaitable[None]]) -> None:
    async def inside() -> None:
        async with built(load(config, {})) as house:
            await work(house.catalogue.transcriptions)

    asyncio.run(inside())


def waiting(id: str) -> Transcript:
    return Transcript(recording_id=RecordingId(id), call_id=CallId(f"call-{id}"), organisation="default")


def heard(site: Site, id: str, said: str = "the parcel is late", version: int = 1, engine: str = "local") -> None:
    line = SpokenLine(role=Role.CALLER, party="+4930123456", start_seconds=1.0, end_seconds=5.0, text=said)
    words = [Word(text, 1.0 + at, 1.5 + at, 0.9) for at, text in enumerate(said.split())]

    async def work(ledger: TranscriptionLedger) -> None:
        await ledger.begun(waiting(id))
        done = replace(waiting(id), state=TranscriptionState.DONE, version=version, engine=engine, language="en")
        await ledger.done(replace(done, model="tiny.en", facts=FACTS, lines=(line,), made_at=MORNING), [words])

    in_ledger(site.config, work)


def failed(site: Site, id: str, reason: str = "the model is not there") -> None:
    async def work(ledger: TranscriptionLedger) -> None:
        await ledger.begun(waiting(id))
        await ledger.failed(RecordingId(id), reason)

    in_ledger(site.config, work)


@pytest.fixture
def house(site: Site) -> Site:
    """One that is done, one that failed, one that nobody wished."""
    for at, id in enumerate(("done", "bad", "unasked")):
        site.recording(id, RecordingState.CAPTURED, at=MORNING + at)
    heard(site, "done")
    failed(site, "bad")
    return site


def test_an_empty_list_is_no_error(site: Site) -> None:
    assert site.run("transcripts", "list").code == 0
    assert site.run("transcripts", "list", "--json").facts == []


def test_the_list_says_what_each_is_and_why_there_is_none(house: Site) -> None:
    heading, first, second = house.run("transcripts", "list").out.splitlines()
    assert heading.split()[:4] == ["made", "(UTC)", "recording", "call"]
    assert first.split()[-8:] == ["bad", "call-bad", "failed", "the", "model", "is", "not", "there"]
    assert second.split() == ["2026-01-05", "09:00:00", "done", "call-done", "done", "local", "en", "4"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("--state", "failed"), ["bad"]),
        (("--state", "failed", "--state", "done"), ["bad", "done"]),
        (("--limit", "1"), ["bad"]),
        (("--organisation", "nobody"), []),
    ],
)
def test_the_list_can_be_narrowed(house: Site, words: tuple[str, ...], found: list[str]) -> None:
    answer = house.run("transcripts", "list", *words, "--json")
    assert [one["recording_id"] for one in answer.facts] == found


def test_a_state_that_does_not_exist_is_wrong_usage(site: Site) -> None:
    with pytest.raises(SystemExit) as left:
        site.run("transcripts", "list", "--state", "broken")
    assert left.value.code == 2


def test_show_says_who_made_it_who_spoke_for_how_long_and_what(house: Site) -> None:
    answer = house.run("transcripts", "show", "done")
    assert answer.code == 0
    lines = [" ".join(line.split()) for line in answer.out.splitlines()]
    assert "engine local" in lines
    assert "caller +4930123456 1:15 0:20 3 0.4" in lines
    assert lines[-1] == "00:00:01 Caller +4930123456: the parcel is late"
    assert "versions:" not in answer.out


def test_reading_words_is_written_down_and_looking_for_them_is_not(house: Site) -> None:
    house.run("transcripts", "list")
    house.run("transcripts", "show", "bad")
    house.run("transcripts", "show", "done", "--format", "vtt")
    lines = house.run("audit", "list", "--json").facts
    assert [(one["action"], one["subject"]) for one in lines] == [("transcript.read", "done")]


@pytest.mark.parametrize(
    ("form", "begins"),
    [
        ("text", "[Caller]: the parcel is late\n"),
        ("timed", "00:00:01 Caller +4930123456: the parcel is late\n"),
        ("vtt", "WEBVTT\n\n00:00:01.000 --> 00:00:05.000\n<v Caller +4930123456>the parcel"),
        ("srt", "1\n00:00:01,000 --> 00:00:05,000\n[Caller]: the parcel"),
        ("document", '{\n  "version": 1,\n  "recordingId": "done"'),
        ("vcon", '{\n  "vcon": "0.4.0"'),
    ],
)
def test_only_the_words_come_in_the_form_that_is_asked_for(house: Site, form: str, begins: str) -> None:
    answer = house.run("transcripts", "show", "done", "--format", form)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith(begins)


def test_the_document_has_every_word(house: Site) -> None:
    said = json.loads(house.run("transcripts", "show", "done", "--format", "document").out)
    assert [word["w"] for word in said["turns"][0]["words"]] == ["the", "parcel", "is", "late"]


def test_an_earlier_version_is_shown_when_it_is_named(house: Site) -> None:
    heard(house, "done", "the parcel is here", version=2, engine="cloud")
    assert "the parcel is here" in house.run("transcripts", "show", "done").out
    assert "versions:" in house.run("transcripts", "show", "done").out
    assert "parcel is late" in house.run("transcripts", "show", "done", "--version", "1", "--format", "text").out
    found = house.run("transcripts", "show", "done", "--json").facts
    assert [(one["version"], one["engine"]) for one in found["versions"]] == [(2, "cloud"), (1, "local")]
    missing = house.run("transcripts", "show", "done", "--version", "3")
    assert (missing.code, "it has 2, 1" in missing.err) == (3, True)


def test_where_there_are_no_words_it_is_said_why(house: Site) -> None:
    answer = house.run("transcripts", "show", "bad", "--format", "text")
    assert (answer.code, answer.out) == (3, "")
    assert "the transcript of bad is failed: the model is not there" in answer.err
    unasked = house.run("transcripts", "show", "unasked")
    assert (unasked.code, "callreel transcripts again unasked" in unasked.err) == (3, True)


def test_what_an_engine_heard_is_only_text(house: Site) -> None:
    heard(house, "unasked", "\x1b]0;owned\x07")
    assert "\x1b" not in house.run("transcripts", "show", "unasked").out


def test_one_is_heard_again_and_another_for_the_first_time(house: Site) -> None:
    answer = house.run("transcripts", "again", "done", "unasked", "--json")
    assert answer.code == 0
    asked = [{"recording_id": "done", "version": 2}, {"recording_id": "unasked", "version": 1}]
    assert answer.facts == {"asked": [one | {"engine": "local"} for one in asked], "refused": {}}
    states = {one["recording_id"]: one["state"] for one in house.run("transcripts", "list", "--json").facts}
    assert states == {"done": "done", "bad": "failed", "unasked": "waiting"}


def test_all_that_failed_are_heard_again(house: Site) -> None:
    answer = house.run("transcripts", "again", "--all-failed")
    assert answer.code == 0
    assert answer.out.splitlines()[-1].split() == ["bad", "1", "local"]
    (audited,) = house.run("audit", "list", "--json").facts
    assert (audited["action"], audited["subject"]) == ("transcript.asked", "bad")


def test_what_cannot_be_heard_again_is_named_and_the_others_are(house: Site) -> None:
    house.recording("live", RecordingState.RECORDING)
    answer = house.run("transcripts", "again", "live", "bad")
    assert answer.code == 1
    assert "live: recording live is recording still" in answer.err
    assert answer.out.splitlines()[-1].split()[0] == "bad"


def test_an_engine_that_is_none_is_wrong_usage_and_the_others_are_named(house: Site) -> None:
    answer = house.run("transcripts", "again", "done", "--engine", "cloud")
    assert (answer.code, "local may" in answer.err) == (2, True)


def test_an_engine_that_may_not_hear_some_hears_the_others(house: Site) -> None:
    of_clinic = {"organisation": "clinic", "pbx": "demo"}
    theirs = a_recording(id="theirs", call_id="call-theirs", state=RecordingState.AVAILABLE, **of_clinic)
    house.apply(a_call(id="call-theirs", **of_clinic), theirs)
    with house.config.open("a") as config:
        config.write("transcription: {engines: {own: {openai: {url: 'https://own.example/v1', model: m}}}}\n")
        config.write("organisations: {default: {engines: [local, own]}, clinic: {}}\n")
    answer = house.run("transcripts", "again", "theirs", "bad", "--engine", "own")
    assert answer.code == 1
    assert "theirs: engine 'own' may not hear the sound of 'clinic': local may" in answer.err
    assert answer.out.splitlines()[-1].split() == ["bad", "1", "own"]


def test_whose_must_be_said(site: Site) -> None:
    assert site.run("transcripts", "again").code == 2
    assert site.run("transcripts", "again", "nobody").code == 3
