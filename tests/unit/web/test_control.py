"""Orders over HTTP reach a real Director, and its answer comes back."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connector.catalogue import schema
from connector.domain.call import CallState
from connector.domain.option_values import OPTIONS
from connector.domain.options import AudioFormat
from connector.web import option_bodies
from connector.web.option_bodies import StartBody
from tests.builders import MORNING, a_call
from tests.unit.services.office import Office, opened_office
from tests.unit.services.yard import Yard
from tests.unit.web.api_site import ApiSite, json_of
from tests.unit.web.browser import Answer

#: The database answers from a thread, in real time: a clock of ours that ran far ahead would end what waits for it.
STEP_SECONDS, REAL_SECONDS = 0.05, 0.03


class Counter:
    """An office that obeys while somebody orders."""

    def __init__(self, office: Office) -> None:
        self.office, self.site = office, ApiSite(office.yard)
        self.is_open = True

    @property
    def recording(self) -> str:
        return f"/v1/calls/{self.office.call}/recording"

    async def post(self, url: str, body: object = None, shown: str = "control", **headers: str) -> Answer:
        asking = asyncio.ensure_future(self.site.post(url, body, shown, **headers))
        while not asking.done():
            if self.is_open:
                await self.office.instructing.hand_over()
            await self.office.yard.clock.advance(STEP_SECONDS)
            await asyncio.wait({asking}, timeout=REAL_SECONDS)
        return await asking

    async def until_known(self) -> None:
        """The journal has brought the call into the catalogue."""
        while (await self.site.ask(self.recording + "/current", shown="read")).status != 200:
            await self.office.yard.clock.advance(STEP_SECONDS)
            await asyncio.sleep(REAL_SECONDS)


@pytest.fixture(scope="module")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("migrated")
    schema.upgrade(f"sqlite:///{folder}/catalogue.db", folder)
    return folder / "catalogue.db"


@pytest.fixture
async def counter(migrated_file: Path, tmp_path: Path) -> AsyncIterator[Counter]:
    (tmp_path / "state").mkdir()
    shutil.copy(migrated_file, tmp_path / "state" / "catalogue.db")
    yard = Yard(tmp_path / "state", tmp_path / "spool")
    async with opened_office(yard, tmp_path / "journal") as office:
        opened = Counter(office)
        await opened.until_known()
        yield opened
    await yard.close()


async def test_what_is_recorded_is_stopped_and_the_outcome_comes_back(counter: Counter) -> None:
    answer = await counter.post(counter.recording + "/stop", {"command_id": "mine-1"})
    said = json_of(answer)
    assert (answer.status, said["command_id"], said["action"], said["state"]) == (200, "mine-1", "stop", "done")
    assert len(counter.office.stops) == 2
    assert json_of(await counter.site.ask("/v1/commands/mine-1", shown="control")) == said


@pytest.mark.parametrize("path", ["", "/current"])
async def test_it_pauses_and_resumes_under_both_names(counter: Counter, path: str) -> None:
    for action in ("pause", "resume"):
        assert json_of(await counter.post(f"{counter.recording}{path}/{action}"))["state"] == "done"


async def test_it_starts_again_with_the_options_that_were_sent(counter: Counter) -> None:
    await counter.post(counter.recording + "/stop")
    options = {"format": "flac", "destinationUrl": "s3://theirs/calls", "credentials": "KEY:SECRET", "tags": ["vip"]}
    answer = await counter.post(counter.recording + "/start", options)
    assert answer.status == 200
    await counter.until_known()
    said = json_of(await counter.site.ask(counter.recording + "/current", shown="read"))
    file = await counter.office.yard.catalogue.shipping.file(said["recording_id"])
    assert file is not None
    assert (file.recording.options.format, file.recording.options.tags) == (AudioFormat.FLAC, ("vip",))
    assert [secret.reveal() for secret in counter.site.vault.secrets.values()] == ["KEY:SECRET"]
    assert file.recording.options.credentials in counter.site.vault.secrets


async def test_a_refusal_is_said_in_the_directors_words(counter: Counter) -> None:
    await counter.post(counter.recording + "/stop")
    answer = await counter.post(counter.recording + "/pause")
    assert (answer.status, json_of(answer)["detail"]) == (409, "nothing is being recorded on this call")


async def test_while_nobody_answers_it_is_open_and_can_be_asked_about(counter: Counter) -> None:
    counter.is_open = False
    answer = await counter.post(counter.recording + "/stop", {"command_id": "mine-1"})
    assert (answer.status, json_of(answer)["state"], json_of(answer)["outcome"]) == (202, "open", "")
    assert answer.headers["location"] == "/v1/commands/mine-1"
    for shown, status in (("control", 200), ("stranger", 404), ("house", 404), ("read", 403)):
        assert (await counter.site.ask("/v1/commands/mine-1", shown=shown)).status == status


@pytest.mark.parametrize(
    ("shown", "status"), [("control", 200), ("admin", 200), ("house", 200), ("listen", 403), ("stranger", 404)]
)
async def test_who_may_control_does(counter: Counter, shown: str, status: int) -> None:
    assert (await counter.post(counter.recording + "/stop", shown=shown)).status == status
    assert (counter.office.stops != []) is (status == 200)


async def test_a_call_that_is_over_or_unknown_is_told_nothing(counter: Counter) -> None:
    await counter.office.yard.apply(a_call(state=CallState.ENDED, ended_at=MORNING + 60))
    assert (await counter.post("/v1/calls/call-1/recording/stop")).status == 409
    assert (await counter.post("/v1/calls/call-2/recording/stop")).status == 404


async def test_an_idempotency_key_acts_once(counter: Counter) -> None:
    answers = [await counter.post(counter.recording + "/stop", idempotency_key="once") for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    assert answers[1].headers["idempotency-replayed"] == "true"
    assert counter.site.audit.actions == ["instruction.given"]


async def test_an_idempotency_key_acts_once_even_when_its_answer_is_lost(counter: Counter) -> None:
    first = await counter.post(counter.recording + "/stop", idempotency_key="once")
    await counter.office.yard.catalogue.requests.forget(MORNING + 1e9)
    second = await counter.post(counter.recording + "/stop", idempotency_key="once")
    assert (second.content, "idempotency-replayed" in second.headers) == (first.content, False)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"fromat": "mp3"}, "did you mean format"),
        ({"format": "ogg"}, "format"),
        ({"format": "mp3", "FORMAT": "wav"}, "said twice"),
        ({"retention_days": 3651}, "retention_days"),
        ({"swap": "perhaps"}, "swap"),
        ({"command_id": "a/b"}, "command_id"),
        ([], ""),
    ],
)
async def test_options_that_are_none_are_refused_and_named(counter: Counter, body: Any, words: str) -> None:
    answer = await counter.post(counter.recording + "/start", body)
    assert (answer.status, answer.headers["content-type"]) == (422, "application/problem+json")
    assert words in answer.text
    assert counter.site.audit.deeds == []


def test_every_recording_option_can_be_said() -> None:
    assert option_bodies._OWN_NAMES.keys() == OPTIONS.keys()


EVERYTHING = {
    "destination_url": "s3://theirs/calls/{callId}.mp3",
    "credentials": "KEY:SECRET",
    "format": "opus",
    "notification_events": False,
    "transcription_options": {
        "enabled": True,
        "locale": "en-GB",
        "engine": "cloud",
        "mask_digits": True,
        "keep_sound": False,
    },
    "destination": "archive",
    "channels": "both",
    "swap": True,
    "separate": True,
    "prompts": True,
    "record_from": "answer",
    "max_length": 3600,
    "beep": True,
    "announce": "custom/recorded",
    "consent": {"key": "1", "otherwise": True},
    "pause_behavior": "skip",
    "pause_max": "2m",
    "sample_rate": 16000,
    "bitrate": 48,
    "client_state": "order 17",
    "retention_days": "unlimited",
    "transcript_retention_days": 30,
    "tags": ["vip", "sales"],
    "overwrite": False,
}


def test_what_is_to_become_of_the_transcript_is_understood_in_sinchs_spelling_too() -> None:
    wished = {"isEnabled": True, "Locale": "en-GB", "engine": "cloud", "maskDigits": True, "keepSound": False}
    theirs = StartBody.model_validate({"transcriptionOptions": wished}).instruction()
    ours = StartBody.model_validate({"transcription_options": EVERYTHING["transcription_options"]}).instruction()
    assert ours.options == theirs.options
    for wrong in ({"keepSounds": True}, {"enabled": True, "isEnabled": False}, {"locale": "english"}):
        with pytest.raises(ValidationError):
            StartBody.model_validate({"transcription_options": wrong})


def test_every_option_is_understood_in_our_spelling_and_in_sinchs() -> None:
    assert EVERYTHING.keys() == set(option_bodies._OWN_NAMES.values())
    ours = StartBody.model_validate(EVERYTHING).instruction()
    camel = {name: EVERYTHING[own] for name, own in option_bodies._OWN_NAMES.items()}
    theirs = StartBody.model_validate(camel | {"commandId": "mine-1"}).instruction()
    assert ours.options == theirs.options
    assert (ours.command_id, theirs.command_id) == ("", "mine-1")
    assert ours.credentials is not None
    assert "credentials" not in json.loads(ours.options)


def test_nothing_said_is_nothing_wanted() -> None:
    assert StartBody().instruction().options == ""
