"""Talkturo's door: the switch of an assistant, and a download that is named by the call."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from connector.domain.access import KeyRole, Limits
from connector.domain.call import CallState
from connector.domain.recording import ArtefactKind
from connector.domain.states import RecordingState
from tests.unit.web.compat.house import House, a_recorded_call
from tests.unit.web.keys import an_access

ID = "a1b2c3d4-0000-4000-8000-000000000000"


async def test_an_assistant_is_switched_and_says_so(house: House) -> None:
    path = "/v1/assistants/201"
    assert await house.client("read").json(path) == (200, {"id": "201", "recording_enabled": True})
    switched = (200, {"id": "201", "recording_enabled": False})
    assert await house.client().json(path, "PATCH", {"recording_enabled": False}) == switched
    assert await house.client("read").json(path) == switched
    assert await house.client("read").json("/v1/assistants/202") == (200, {"id": "202", "recording_enabled": True})
    assert list(house.rows.rows) == [("default", "agents.201.recording_enabled")]
    assert house.auditing.actions == ["settings.changed"]


async def test_an_assistant_of_another_organisation_is_another_one(house: House) -> None:
    await house.client().json("/v1/assistants/201", "PATCH", {"recording_enabled": False})
    house.visitors.known["stranger"] = an_access(organisation="another")
    _, assistant = await house.client("stranger").json("/v1/assistants/201")
    assert assistant["recording_enabled"] is True


@pytest.mark.parametrize("body", [{}, {"recording_enabled": "no"}, {"recording_enabled": None}, {"record": True}, []])
async def test_what_is_no_switch_changes_nothing(house: House, body: object) -> None:
    status, problem = await house.client().json("/v1/assistants/201", "PATCH", body)
    assert (status, problem["status"]) == (422, 422)
    assert house.rows.rows == {}


@pytest.mark.parametrize("key", ["read", "listen", "control"])
async def test_only_an_administrator_switches(house: House, key: str) -> None:
    assert (await house.client(key).json("/v1/assistants/201", "PATCH", {"recording_enabled": False}))[0] == 403


async def test_a_key_that_is_limited_to_agents_knows_no_other_assistant(house: House) -> None:
    house.visitors.known["limited"] = an_access(KeyRole.ADMIN, limits=Limits(agents=("201",)))
    client = house.client("limited")
    assert (await client.json("/v1/assistants/201"))[0] == 200
    assert (await client.json("/v1/assistants/202"))[0] == 404
    assert (await client.json("/v1/assistants/202", "PATCH", {"recording_enabled": False}))[0] == 404
    assert (await client.json("/v1/assistants/201", "PATCH", {"recording_enabled": False}))[0] == 200


async def test_the_download_is_the_stereo_file_named_by_the_call(house: House) -> None:
    house.add(a_recorded_call(ID, kinds=(ArtefactKind.MONO, ArtefactKind.STEREO), audio_format="mp3"))
    answer = await house.client("listen").ask(f"/v1/calls/{ID}/recording/download")
    assert answer.status == 307
    location = urlsplit(answer.headers["location"])
    assert (location.netloc, location.path) == ("", f"/files/recording%20of%20{ID}/stereo")
    assert parse_qs(location.query)["name"] == [f"{ID}.mp3"]
    assert house.auditing.actions == ["recording.linked"]


async def test_a_file_of_another_format_does_not_call_itself_mp3(house: House) -> None:
    house.add(a_recorded_call(ID, kinds=(ArtefactKind.STEREO,), audio_format="wav"))
    answer = await house.client("listen").ask(f"/v1/calls/{ID}/recording/download")
    assert parse_qs(urlsplit(answer.headers["location"]).query)["name"] == [f"{ID}.wav"]


async def test_what_was_removed_is_gone_and_what_never_was_is_not_found(house: House) -> None:
    file = a_recorded_call(ID, kinds=())
    house.add(file, a_recorded_call("live", kinds=(), state=CallState.LIVE))
    removed = replace(
        file.recordings[0].recording, state=RecordingState.REMOVED, reason="its days were over", ended_at=None
    )
    house.add(replace(file, recordings=(replace(file.recordings[0], recording=removed),)))
    status, problem = await house.client("listen").json(f"/v1/calls/{ID}/recording/download")
    assert status == 410
    assert "its days were over" in problem["detail"]
    for id in ("live", "nobody's"):
        assert (await house.client("listen").ask(f"/v1/calls/{id}/recording/download")).status == 404


@pytest.mark.parametrize(("key", "status"), [("read", 403), ("control", 403), ("stranger", 404), ("admin", 307)])
async def test_only_who_may_listen_downloads(house: House, key: str, status: int) -> None:
    house.add(a_recorded_call(ID))
    assert (await house.client(key).ask(f"/v1/calls/{ID}/recording/download")).status == status
