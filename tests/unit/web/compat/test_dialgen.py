"""Dialgen's door: a call by its id, if everything else that is said fits it, and the calls of a batch."""

import json
from dataclasses import replace

import pytest

from connector.domain.recording import ArtefactKind
from connector.settings import OrganisationSettings, OrganisationsSettings
from tests.builders import MORNING
from tests.unit.web.compat.house import House, a_recorded_call, bare

PATH = "/api/v1/call/get-metric"


@pytest.fixture
def house(house: House) -> House:
    house.organisations = OrganisationsSettings(
        known={"default": OrganisationSettings(match=("user_456",)), "another": OrganisationSettings()}
    )
    tags = ("contact:contact_123", "batch_7")
    house.add(a_recorded_call(kinds=(ArtefactKind.STEREO,), audio_format="mp3", agent_id="agent_789", tags=tags))
    house.add(a_recorded_call("another's", organisation="another", tags=("batch_7",)))
    return house


async def test_a_call_comes_as_dialgen_documents_it(house: House) -> None:
    query = "?callId=call_123&userId=user_456&agentId=agent_789&contactId=contact_123"
    status, answer = await house.client("listen").json(PATH + query)
    assert status == 200
    assert answer == {
        "success": True,
        "callData": {
            "id": "call_123",
            "recordingUrl": "https://files.example.com/call_123.stereo.mp3",
            "duration": 180,
        },
        "transcription": [
            {"role": "assistant", "content": "Hello!", "timestamp": "2026-01-05T09:00:06.000Z"},
            {"role": "user", "content": "Hi, what does it cost?", "timestamp": "2026-01-05T09:00:09.000Z"},
        ],
    }
    assert house.auditing.actions == ["recording.linked", "transcript.read"]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "&userId=default",
        "&userId=USER_456",
        "&agentId=agent_789",
        "&agentId=Ada",
        "&contactId=contact_123",
        "&batchId=batch_7",
        "&userId=&agentId=&contactId=",
    ],
)
async def test_what_is_said_besides_its_id_fits(house: House, query: str) -> None:
    assert (await house.client("listen").json(f"{PATH}?callId=call_123{query}"))[0] == 200


@pytest.mark.parametrize(
    "query",
    [
        "?callId=call_9",
        "?callId=another%27s",
        "?callId=",
        "?callId=call_123&userId=another",
        "?callId=call_123&userId=user_4",
        "?callId=call_123&agentId=201",
        "?callId=call_123&contactId=contact_9",
        "?callId=call_123&contactId=batch_7",
        "?callId=call_123&batchId=contact_123",
    ],
)
async def test_what_does_not_fit_is_no_success(house: House, query: str) -> None:
    answer = await house.client("listen").ask(PATH + query)
    said = json.loads(answer.content)
    assert (answer.status, answer.headers["content-type"]) == (404, "application/problem+json")
    assert (said["success"], said["status"]) == (False, 404)
    assert house.auditing.actions == []


async def test_in_a_house_of_one_organisation_every_user_is_it(house: House) -> None:
    house.organisations = OrganisationsSettings()
    assert (await house.client("listen").json(f"{PATH}?callId=call_123&userId=user_1"))[0] == 200


async def test_every_failure_says_that_it_is_none_of_success(house: House) -> None:
    for key, path, status in (
        ("nobody's", f"{PATH}?callId=call_123", 401),
        ("listen", PATH, 422),
        ("listen", "/api/v1/call/get-batch-calls?batchId=a&limit=0", 422),
    ):
        got, said = await house.client(key).json(path)
        assert (got, said["success"]) == (status, False)
    house.auditing.is_away = True
    status, said = await house.client("listen").json(f"{PATH}?callId=call_123")
    assert (status, said["success"]) == (503, False)


async def test_a_refusal_keeps_the_headers_that_belong_to_it(house: House) -> None:
    answer = await house.client("nobody's").ask(f"{PATH}?callId=call_123")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert int(answer.headers["content-length"]) == len(answer.content)


async def test_who_may_not_listen_gets_neither_link_nor_words(house: House) -> None:
    _, answer = await house.client("read").json(f"{PATH}?callId=call_123")
    assert (answer["callData"]["recordingUrl"], answer["transcription"]) == (None, None)


async def test_a_batch_is_the_calls_with_that_tag_the_newest_first(house: House) -> None:
    house.add(a_recorded_call("call_124", tags=("batch_7",), started_at=MORNING + 60))
    house.add(bare(a_recorded_call("call_125", tags=("batch_7",), started_at=MORNING + 30)))
    house.add(a_recorded_call("call_126", tags=("batch_8",)))
    status, answer = await house.client("listen").json("/api/v1/call/get-batch-calls?batchId=batch_7")
    found = [(one["id"], one["recordingUrl"] is not None) for one in answer["calls"]]
    assert (status, found) == (200, [("call_124", True), ("call_125", False), ("call_123", True)])
    (deed,) = house.auditing.deeds
    assert (deed[0], deed[1], deed[2]["count"]) == ("calls.read", "batch_7", 3)


async def test_a_batch_that_nobody_knows_is_empty(house: House) -> None:
    for batch in ("batch_9", "%0A", "x" * 400, ""):
        status, answer = await house.client("listen").json(f"/api/v1/call/get-batch-calls?batchId={batch}")
        assert (status, answer["calls"]) == (200, [])


async def test_words_are_those_of_every_recording_in_their_order(house: House) -> None:
    file = house.calls.files["call_123"]
    house.add(replace(file, transcripts=file.transcripts * 2))
    _, answer = await house.client("listen").json(f"{PATH}?callId=call_123")
    assert [turn["role"] for turn in answer["transcription"]] == ["assistant", "user"] * 2
